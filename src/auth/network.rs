//! Where a caller comes from, as coarse as limits on guessing need it.

use std::fmt;
use std::net::{IpAddr, Ipv6Addr};

use ipnet::Ipv6Net;

/// The part of a caller's address that one subscriber holds: an IPv4 address, or the /64 of an
/// IPv6 address. An IPv4 address mapped into IPv6 counts as IPv4.
///
/// The text form (`203.0.113.7`, `2001:db8:1:2::/64`) is what the database stores.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ClientNetwork(IpAddr);

impl From<IpAddr> for ClientNetwork {
    fn from(address: IpAddr) -> Self {
        Self(match address.to_canonical() {
            IpAddr::V4(address) => address.into(),
            IpAddr::V6(address) => first_of_64(address).into(),
        })
    }
}

fn first_of_64(address: Ipv6Addr) -> Ipv6Addr {
    Ipv6Net::new_assert(address, 64).network()
}

impl fmt::Display for ClientNetwork {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            IpAddr::V4(address) => write!(formatter, "{address}"),
            IpAddr::V6(address) => write!(formatter, "{address}/64"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reduces_addresses() {
        for (address, network) in [
            ("203.0.113.7", "203.0.113.7"),
            ("::ffff:203.0.113.7", "203.0.113.7"),
            ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
            ("2001:db8:1:2::", "2001:db8:1:2::/64"),
            ("::1", "::/64"),
        ] {
            let address: IpAddr = address.parse().unwrap();
            assert_eq!(ClientNetwork::from(address).to_string(), network);
        }
    }

    #[test]
    fn neighbours_in_a_64_are_one_caller() {
        let network = |text: &str| ClientNetwork::from(text.parse::<IpAddr>().unwrap());
        assert_eq!(network("2001:db8::1"), network("2001:db8::2"));
        assert_ne!(network("2001:db8::1"), network("2001:db8:0:1::1"));
        assert_ne!(network("203.0.113.7"), network("203.0.113.8"));
    }
}
