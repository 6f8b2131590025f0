//! Whose request this is.
//!
//! The peer of the connection, or behind trusted proxies the right-most address that is not one of them.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use poem::{
    Addr, Endpoint, IntoResponse, Middleware, Request, Response, Result,
    http::{HeaderMap, header},
};

use super::TrustedProxies;

/// Request data: the address of the client; an IPv4 address mapped into IPv6 is IPv4.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ClientAddress(pub IpAddr);

const X_FORWARDED_FOR: &str = "x-forwarded-for";

/// Middleware that notes the [`ClientAddress`].
pub struct ResolveClientAddress {
    trusted_proxies: TrustedProxies,
}

impl ResolveClientAddress {
    /// Believes these proxies.
    #[must_use]
    pub fn new(trusted_proxies: TrustedProxies) -> Self {
        Self { trusted_proxies }
    }
}

impl<E: Endpoint> Middleware<E> for ResolveClientAddress {
    type Output = ResolveClientAddressEndpoint<E>;

    fn transform(&self, inner: E) -> Self::Output {
        ResolveClientAddressEndpoint {
            inner,
            trusted_proxies: self.trusted_proxies.clone(),
        }
    }
}

/// Endpoint of [`ResolveClientAddress`].
pub struct ResolveClientAddressEndpoint<E> {
    inner: E,
    trusted_proxies: TrustedProxies,
}

impl<E: Endpoint> Endpoint for ResolveClientAddressEndpoint<E> {
    type Output = Response;

    async fn call(&self, mut request: Request) -> Result<Response> {
        let peer = peer_address(&request);
        let client = client_of(peer, request.headers(), &self.trusted_proxies);
        request.set_data(ClientAddress(client));
        self.inner
            .call(request)
            .await
            .map(IntoResponse::into_response)
    }
}

/// The other end of the connection.
///
/// A Unix socket has no address; only local processes reach it, so it counts as the loopback address (and is
/// believed where that is a trusted proxy).
pub(super) fn peer_address(request: &Request) -> IpAddr {
    match &request.remote_addr().0 {
        Addr::SocketAddr(address) => address.ip().to_canonical(),
        _ => IpAddr::V4(Ipv4Addr::LOCALHOST),
    }
}

/// A proxy writes one of the two headers and may pass the other through as the client sent it. So where both are
/// there and disagree neither is believed, and the answer is the proxy itself.
fn client_of(peer: IpAddr, headers: &HeaderMap, trusted: &TrustedProxies) -> IpAddr {
    if !trusted.contains(peer) {
        return peer;
    }
    let by_list = headers
        .contains_key(X_FORWARDED_FOR)
        .then(|| right_most(peer, listed(headers), trusted));
    let by_standard = headers
        .contains_key(header::FORWARDED)
        .then(|| right_most(peer, forwarded(headers), trusted));
    match (by_list, by_standard) {
        (Some(one), Some(other)) if one != other => peer,
        (Some(client), _) | (None, Some(client)) => client,
        (None, None) => peer,
    }
}

/// Walks from the nearest hop outwards up to the first that is not a trusted proxy; what is beyond, or beyond an
/// entry that is no address, may be invented.
fn right_most(
    peer: IpAddr,
    hops: impl Iterator<Item = Option<IpAddr>>,
    trusted: &TrustedProxies,
) -> IpAddr {
    let mut client = peer;
    for hop in hops {
        let Some(address) = hop else { return client };
        client = address;
        if !trusted.contains(address) {
            return client;
        }
    }
    client
}

/// `X-Forwarded-For`, nearest hop first.
fn listed(headers: &HeaderMap) -> impl Iterator<Item = Option<IpAddr>> {
    headers
        .get_all(X_FORWARDED_FOR)
        .iter()
        .rev()
        .flat_map(|value| value.to_str().unwrap_or_default().rsplit(','))
        .map(|entry| parse_address(entry.trim()))
}

/// The `for` parameters of `Forwarded` (RFC 7239), nearest hop first.
fn forwarded(headers: &HeaderMap) -> impl Iterator<Item = Option<IpAddr>> {
    headers
        .get_all(header::FORWARDED)
        .iter()
        .rev()
        .flat_map(|value| value.to_str().unwrap_or_default().rsplit(','))
        .map(|element| {
            element
                .split(';')
                .find_map(for_parameter)
                .and_then(parse_address)
        })
}

fn for_parameter(pair: &str) -> Option<&str> {
    let (name, value) = pair.split_once('=')?;
    name.trim()
        .eq_ignore_ascii_case("for")
        .then(|| value.trim().trim_matches('"'))
}

/// An address with or without a port and brackets.
fn parse_address(text: &str) -> Option<IpAddr> {
    let bare = text
        .strip_prefix('[')
        .and_then(|rest| rest.strip_suffix(']'))
        .unwrap_or(text);
    bare.parse::<IpAddr>()
        .ok()
        .or_else(|| text.parse::<SocketAddr>().ok().map(|address| address.ip()))
        .map(|address| address.to_canonical())
}

#[cfg(test)]
mod tests {
    use poem::{EndpointExt, endpoint::make_sync};

    use super::*;
    use crate::http::testing::{proxies, request_from, text_of};

    async fn seen(peer: &str, headers: &[(&str, &str)]) -> String {
        let endpoint =
            make_sync(|request: Request| request.data::<ClientAddress>().unwrap().0.to_string())
                .with(ResolveClientAddress::new(proxies(&[
                    "10.0.0.0/8",
                    "fd00::/8",
                ])));
        text_of(endpoint.call(request_from(peer, headers)).await.unwrap()).await
    }

    #[tokio::test]
    async fn without_a_trusted_proxy_the_peer_counts() {
        assert_eq!(
            seen("192.0.2.1:80", &[("x-forwarded-for", "198.51.100.7")]).await,
            "192.0.2.1"
        );
        assert_eq!(seen("[::ffff:192.0.2.1]:80", &[]).await, "192.0.2.1");
        assert_eq!(seen("10.0.0.1:80", &[]).await, "10.0.0.1");
    }

    #[tokio::test]
    async fn the_right_most_foreign_hop_is_the_client() {
        let seen_by_list = |value: &'static str| {
            seen(
                "10.0.0.1:80",
                Box::leak(Box::new([("x-forwarded-for", value)])),
            )
        };
        assert_eq!(
            seen_by_list("203.0.113.9, 198.51.100.7, 10.1.1.1").await,
            "198.51.100.7"
        );
        assert_eq!(seen_by_list("198.51.100.7:4711").await, "198.51.100.7");
        assert_eq!(seen_by_list("[2001:db8::1]:4711").await, "2001:db8::1");
        assert_eq!(seen_by_list("::ffff:198.51.100.7").await, "198.51.100.7");
        assert_eq!(seen_by_list("10.2.2.2, 10.1.1.1").await, "10.2.2.2");
    }

    #[tokio::test]
    async fn an_entry_that_is_no_address_ends_the_walk() {
        assert_eq!(
            seen(
                "10.0.0.1:80",
                &[("x-forwarded-for", "198.51.100.7, unknown, 10.1.1.1")]
            )
            .await,
            "10.1.1.1"
        );
        assert_eq!(
            seen("10.0.0.1:80", &[("forwarded", "for=_hidden")]).await,
            "10.0.0.1"
        );
    }

    #[tokio::test]
    async fn several_headers_are_one_list() {
        let headers = [
            ("x-forwarded-for", "203.0.113.9"),
            ("x-forwarded-for", "198.51.100.7"),
        ];
        assert_eq!(seen("10.0.0.1:80", &headers).await, "198.51.100.7");
    }

    #[tokio::test]
    async fn the_standard_header_is_understood() {
        let value =
            "for=203.0.113.9, For=\"[2001:db8::1]:4711\";proto=https, for=10.1.1.1;by=10.0.0.1";
        assert_eq!(
            seen("10.0.0.1:80", &[("forwarded", value)]).await,
            "2001:db8::1"
        );
    }

    #[tokio::test]
    async fn headers_that_disagree_are_not_believed() {
        let headers = [
            ("x-forwarded-for", "198.51.100.7"),
            ("forwarded", "for=203.0.113.9"),
        ];
        assert_eq!(seen("10.0.0.1:80", &headers).await, "10.0.0.1");
        let headers = [
            ("x-forwarded-for", "198.51.100.7"),
            ("forwarded", "for=198.51.100.7"),
        ];
        assert_eq!(seen("10.0.0.1:80", &headers).await, "198.51.100.7");
    }
}
