//! Which addresses are public, and which are never called for a stranger.

use std::{
    fmt,
    net::{IpAddr, Ipv4Addr, Ipv6Addr},
    sync::Arc,
};

use ipnet::{IpNet, Ipv4Net, Ipv6Net};

/// Networks that are not public: IANA's registries of special-purpose IPv4 and IPv6 addresses, multicast, and whatever
/// carries an IPv4 address within an IPv6 one. The first match counts.
///
/// IANA lists a few anycast addresses within 192.0.0.0/24 and 2001::/23 as reachable; no web server is there.
const NOT_PUBLIC: [NotPublic; 32] = [
    v4([0, 0, 0, 0], 8, "this network"),
    v4([10, 0, 0, 0], 8, "private"),
    v4([100, 64, 0, 0], 10, "shared by carriers"),
    v4([127, 0, 0, 0], 8, "loopback"),
    v4([169, 254, 0, 0], 16, "link-local"),
    v4([172, 16, 0, 0], 12, "private"),
    v4([192, 0, 0, 0], 24, "protocol assignments"),
    v4([192, 0, 2, 0], 24, "documentation"),
    v4([192, 88, 99, 0], 24, "6to4 relay"),
    v4([192, 168, 0, 0], 16, "private"),
    v4([198, 18, 0, 0], 15, "benchmarking"),
    v4([198, 51, 100, 0], 24, "documentation"),
    v4([203, 0, 113, 0], 24, "documentation"),
    v4([224, 0, 0, 0], 4, "multicast"),
    v4([255, 255, 255, 255], 32, "broadcast"),
    v4([240, 0, 0, 0], 4, "reserved"),
    v6([0, 0, 0, 0, 0, 0, 0, 0], 128, "unspecified"),
    v6([0, 0, 0, 0, 0, 0, 0, 1], 128, "loopback"),
    v6([0, 0, 0, 0, 0, 0xffff, 0, 0], 96, "IPv4-mapped"),
    v6([0, 0, 0, 0, 0, 0, 0, 0], 96, "IPv4-compatible"),
    v6([0x64, 0xff9b, 0, 0, 0, 0, 0, 0], 96, "IPv4 translation"),
    v6([0x64, 0xff9b, 1, 0, 0, 0, 0, 0], 48, "IPv4 translation"),
    v6([0x100, 0, 0, 0, 0, 0, 0, 0], 64, "discard only"),
    v6([0x2001, 0, 0, 0, 0, 0, 0, 0], 32, "Teredo"),
    v6([0x2001, 0, 0, 0, 0, 0, 0, 0], 23, "protocol assignments"),
    v6([0x2001, 0xdb8, 0, 0, 0, 0, 0, 0], 32, "documentation"),
    v6([0x2002, 0, 0, 0, 0, 0, 0, 0], 16, "6to4"),
    v6([0x3fff, 0, 0, 0, 0, 0, 0, 0], 20, "documentation"),
    v6([0xfc00, 0, 0, 0, 0, 0, 0, 0], 7, "unique local"),
    v6([0xfe80, 0, 0, 0, 0, 0, 0, 0], 10, "link-local"),
    v6([0xfec0, 0, 0, 0, 0, 0, 0, 0], 10, "site-local"),
    v6([0xff00, 0, 0, 0, 0, 0, 0, 0], 8, "multicast"),
];

/// The one part of IPv6 that IANA hands out for the public Internet.
const GLOBAL_UNICAST: IpNet = IpNet::V6(Ipv6Net::new_assert(
    Ipv6Addr::new(0x2000, 0, 0, 0, 0, 0, 0, 0),
    3,
));

/// What all other IPv6 addresses are, now and until IANA decides otherwise.
const UNASSIGNED: NotPublic = v6([0, 0, 0, 0, 0, 0, 0, 0], 0, "reserved");

/// A network whose addresses are never called for a stranger.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NotPublic {
    /// The network.
    pub network: IpNet,
    /// What it is for, in a word or two.
    pub purpose: &'static str,
}

impl fmt::Display for NotPublic {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{} ({})", self.purpose, self.network)
    }
}

const fn v4(octets: [u8; 4], length: u8, purpose: &'static str) -> NotPublic {
    let [a, b, c, d] = octets;
    let network = Ipv4Net::new_assert(Ipv4Addr::new(a, b, c, d), length);
    NotPublic {
        network: IpNet::V4(network),
        purpose,
    }
}

const fn v6(segments: [u16; 8], length: u8, purpose: &'static str) -> NotPublic {
    let [a, b, c, d, e, f, g, h] = segments;
    let network = Ipv6Net::new_assert(Ipv6Addr::new(a, b, c, d, e, f, g, h), length);
    NotPublic {
        network: IpNet::V6(network),
        purpose,
    }
}

/// The networks beside the public ones that strangers may name.
#[derive(Debug, Clone, Default)]
pub(super) struct AllowedNetworks(Arc<[IpNet]>);

impl AllowedNetworks {
    pub(super) fn new(networks: &[IpNet]) -> Self {
        Self(networks.into())
    }

    /// Whether a stranger may have this address called.
    ///
    /// An IPv4 address is never looked for within an IPv6 one: such addresses pass only where they are allowed as such.
    ///
    /// # Errors
    /// The network that forbids it.
    pub(super) fn check(&self, address: IpAddr) -> Result<(), NotPublic> {
        match not_public(address) {
            Some(rule) if !self.0.iter().any(|network| network.contains(&address)) => Err(rule),
            _ => Ok(()),
        }
    }
}

/// The network that makes this address other than public.
fn not_public(address: IpAddr) -> Option<NotPublic> {
    NOT_PUBLIC
        .into_iter()
        .find(|rule| rule.network.contains(&address))
        .or_else(|| (address.is_ipv6() && !GLOBAL_UNICAST.contains(&address)).then_some(UNASSIGNED))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn purpose(address: &str) -> Option<&'static str> {
        not_public(address.parse().unwrap()).map(|rule| rule.purpose)
    }

    #[test]
    fn public_addresses_are_public() {
        for address in [
            "1.1.1.1",
            "8.8.8.8",
            "9.255.255.255",
            "11.0.0.0",
            "100.63.255.255",
            "100.128.0.0",
            "126.255.255.255",
            "128.0.0.0",
            "169.253.255.255",
            "169.255.0.0",
            "172.15.255.255",
            "172.32.0.0",
            "192.0.1.0",
            "192.0.3.0",
            "192.167.255.255",
            "192.169.0.0",
            "198.17.255.255",
            "198.20.0.0",
            "223.255.255.255",
            "2001:200::",
            "2001:db7:ffff:ffff:ffff:ffff:ffff:ffff",
            "2001:db9::",
            "2003::1",
            "2606:4700:4700::1111",
            "2a00:1450:4001::1",
            "3fff:1000::",
        ] {
            assert_eq!(purpose(address), None, "{address}");
        }
    }

    #[test]
    fn networks_end_where_the_registry_says() {
        for (address, expected) in [
            ("0.255.255.255", "this network"),
            ("10.255.255.255", "private"),
            ("100.64.0.0", "shared by carriers"),
            ("100.127.255.255", "shared by carriers"),
            ("127.255.255.255", "loopback"),
            ("169.254.169.254", "link-local"),
            ("172.31.255.255", "private"),
            ("192.0.0.170", "protocol assignments"),
            ("192.0.2.255", "documentation"),
            ("192.88.99.1", "6to4 relay"),
            ("192.168.255.255", "private"),
            ("198.19.255.255", "benchmarking"),
            ("198.51.100.255", "documentation"),
            ("203.0.113.255", "documentation"),
            ("239.255.255.255", "multicast"),
            ("255.255.255.254", "reserved"),
            ("255.255.255.255", "broadcast"),
            ("::", "unspecified"),
            ("::1", "loopback"),
            ("::2", "IPv4-compatible"),
            ("::ffff:8.8.8.8", "IPv4-mapped"),
            ("::ffff:0:8.8.8.8", "reserved"),
            ("64:ff9b::808:808", "IPv4 translation"),
            ("64:ff9b:1:ffff:ffff:ffff:ffff:ffff", "IPv4 translation"),
            ("100::1", "discard only"),
            ("2001::1", "Teredo"),
            ("2001:1ff:ffff::", "protocol assignments"),
            ("2001:db8:ffff::", "documentation"),
            ("2002:7f00:1::", "6to4"),
            ("3fff:fff::", "documentation"),
            ("4000::", "reserved"),
            ("5f00::1", "reserved"),
            ("fdff::1", "unique local"),
            ("febf::1", "link-local"),
            ("feff::1", "site-local"),
            ("ff02::1", "multicast"),
        ] {
            assert_eq!(purpose(address), Some(expected), "{address}");
        }
    }

    #[test]
    fn what_the_operator_allows_passes_and_nothing_beside_it() {
        let allowed = AllowedNetworks::new(&["10.1.0.0/16".parse().unwrap()]);
        let passes = |address: &str| allowed.check(address.parse().unwrap()).is_ok();
        assert!(passes("10.1.2.3"));
        assert!(passes("8.8.8.8"));
        assert!(!passes("10.2.0.0"));
        assert!(!passes("::ffff:10.1.2.3"));
    }
}
