//! What others reach of this server, and how.

use std::net::SocketAddr;

use ipnet::IpNet;
use url::{Host, Url};

use super::report::{Check, Severity};
use crate::config::{PublicUrl, Settings};

/// Credentials travel encrypted.
pub const PUBLIC_URL_PLAIN: Check = Check {
    name: "public-url-plain",
    severity: Severity::Problem,
    right: "Clients reach this server by https, or on this machine alone.",
    advice: "Put a reverse proxy with a certificate in front, and set \"public_url\" to its https URL: passwords and tokens can be read on the way.",
};

/// The public URL is one that clients can use for years.
pub const PUBLIC_URL_ODD: Check = Check {
    name: "public-url-odd",
    severity: Severity::Warning,
    right: "The public URLs look like URLs that clients can use.",
    advice: "Set \"public_url\" to the URL that clients really use: it is part of what they are told and of what they keep.",
};

/// Clients are told apart.
pub const PROXIES_MISSING: Check = Check {
    name: "proxies-missing",
    severity: Severity::Warning,
    right: "Clients are told apart by their own addresses.",
    advice: "Name the network of the reverse proxy in \"limits.trusted_proxies\"; until then all its clients share the limits of one, and the record shows its address for theirs.",
};

/// Not everybody is a proxy.
pub const PROXIES_WIDE: Check = Check {
    name: "proxies-wide",
    severity: Severity::Problem,
    right: "Trusted proxies are few.",
    advice: "Name no more than the addresses of the proxies in \"limits.trusted_proxies\": whoever is in there chooses the address that limits and record see.",
};

/// The operator's listener is the operator's.
pub const MANAGEMENT_OPEN: Check = Check {
    name: "management-open",
    severity: Severity::Warning,
    right: "The management listener is reached from this machine alone.",
    advice: "Set \"management.listen\" to a loopback address, or see to it that a firewall lets none but the monitoring pass.",
};

/// Strangers' URLs lead to public addresses.
pub const OUTBOUND_WIDE: Check = Check {
    name: "outbound-wide",
    severity: Severity::Problem,
    right: "URLs of shops lead to public addresses, and to few others.",
    advice: "Name no more than the servers that are meant in \"outbound.allowed_networks\": every shop can have requests sent there.",
};

/// A network of more addresses than this is nobody's own: the longest prefixes that are too short.
const WIDEST_V4: u8 = 7;
const WIDEST_V6: u8 = 6;

/// A service that is enabled.
#[derive(Clone, Debug)]
struct Service {
    section: &'static str,
    listen: SocketAddr,
    is_url_set: bool,
    public_url: PublicUrl,
}

fn services(settings: &Settings) -> Vec<Service> {
    let (merchant, challenger) = (&settings.merchant, &settings.challenger);
    let of_merchant = merchant.public_url().map(|public_url| Service {
        section: "merchant",
        listen: merchant.listen,
        is_url_set: merchant.public_url.is_some(),
        public_url,
    });
    let of_challenger = challenger.public_url().map(|public_url| Service {
        section: "challenger",
        listen: challenger.listen,
        is_url_set: challenger.public_url.is_some(),
        public_url,
    });
    let both = [
        (merchant.enabled, of_merchant),
        (challenger.enabled, of_challenger),
    ];
    let enabled = both.into_iter().filter(|(is_enabled, _)| *is_enabled);
    enabled.filter_map(|(_, service)| service.ok()).collect()
}

/// Whether a service is meant for others than this machine.
#[must_use]
pub fn is_public(settings: &Settings) -> bool {
    let is_public = |service: &Service| {
        !service.listen.ip().is_loopback() || !is_this_machine(service.public_url.as_url())
    };
    services(settings).iter().any(is_public)
}

/// Public URLs by which credentials go through a network in the clear.
#[must_use]
pub fn plain_urls(settings: &Settings) -> Vec<String> {
    let services = services(settings);
    let is_plain = |service: &&Service| {
        let url = service.public_url.as_url();
        url.scheme() == "http" && !(is_this_machine(url) && service.listen.ip().is_loopback())
    };
    let plain = services.iter().filter(is_plain);
    plain
        .map(|service| match service.is_url_set {
            true => format!(
                "\"{}.public_url\" is {}, without encryption.",
                service.section, service.public_url
            ),
            false => format!(
                "\"{0}.listen\" is {1}, which other machines reach without encryption, and \"{0}.public_url\" is not set.",
                service.section, service.listen
            ),
        })
        .collect()
}

/// Public URLs that are probably not what clients use.
#[must_use]
pub fn odd_urls(settings: &Settings) -> Vec<String> {
    let services = services(settings);
    let odd = services
        .iter()
        .filter_map(|service| Some((service, oddity(service)?)));
    odd.map(|(service, oddity)| {
        format!(
            "\"{}.public_url\" is {}: {oddity}.",
            service.section, service.public_url
        )
    })
    .collect()
}

fn oddity(service: &Service) -> Option<&'static str> {
    let url = service.public_url.as_url();
    if is_this_machine(url) {
        let is_elsewhere = service.is_url_set && !service.listen.ip().is_loopback();
        return is_elsewhere.then_some("that is this machine, but it listens for others");
    }
    let is_https = url.scheme() == "https";
    match url.host()? {
        _ if is_https && url.port() == Some(service.listen.port()) => {
            Some("that is the port at which this server listens, which speaks no TLS")
        }
        _ if is_https && url.port() == Some(80) || !is_https && url.port() == Some(443) => {
            Some("scheme and port belong to different protocols")
        }
        Host::Ipv4(_) | Host::Ipv6(_) if is_https => {
            Some("certificates are for names rather than addresses")
        }
        Host::Domain(name) if !name.trim_end_matches('.').contains('.') => {
            Some("a name without a dot is known in one network only")
        }
        _ => None,
    }
}

/// Services behind a proxy that is not trusted.
#[must_use]
pub fn missing_proxies(settings: &Settings) -> Vec<String> {
    if !settings.limits.trusted_proxies.is_empty() {
        return Vec::new();
    }
    let services = services(settings);
    let found = services.iter().filter_map(|service| {
        let reason = match service.public_url.as_url().scheme() {
            "https" => "is https, so that something stands in front of this server",
            _ if !service.listen.ip().is_loopback() => "is reached by other machines",
            _ => return None,
        };
        Some(format!(
            "The {} at {} {reason}, and \"limits.trusted_proxies\" is empty.",
            service.section, service.public_url
        ))
    });
    found.collect()
}

/// Networks of proxies that are too wide.
#[must_use]
pub fn wide_proxies(settings: &Settings) -> Vec<String> {
    wide(&settings.limits.trusted_proxies, "limits.trusted_proxies")
}

/// Networks for strangers' URLs that are too wide.
#[must_use]
pub fn wide_outbound(settings: &Settings) -> Vec<String> {
    wide(
        &settings.outbound.allowed_networks,
        "outbound.allowed_networks",
    )
}

fn wide(networks: &[IpNet], key: &str) -> Vec<String> {
    let is_wide = |network: &&IpNet| match network {
        IpNet::V4(network) => network.prefix_len() <= WIDEST_V4,
        IpNet::V6(network) => network.prefix_len() <= WIDEST_V6,
    };
    let wide = networks.iter().filter(is_wide);
    wide.map(|network| format!("{key:?} names {network}, a good part of the Internet."))
        .collect()
}

/// Whether the operator's listener is open to other machines.
#[must_use]
pub fn open_management(settings: &Settings) -> Option<String> {
    let management = &settings.management;
    let is_open = management.enabled && !management.listen.ip().is_loopback();
    is_open.then(|| {
        format!(
            "\"management.listen\" is {}, where other machines may read metrics.",
            management.listen
        )
    })
}

fn is_this_machine(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(name)) => name == "localhost" || name.ends_with(".localhost"),
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    }
}

#[cfg(test)]
mod tests;
