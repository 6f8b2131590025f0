//! The id of a request: in the log, in the answer, and in every event on the way.

use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering},
};

use poem::{
    Endpoint, IntoResponse, Middleware, Request, Response, Result,
    http::{HeaderMap, HeaderName, HeaderValue},
};
use ulid::Ulid;

use super::{TrustedProxies, client_address::peer_address};
use crate::{clock::Clock, random::Random};

/// The header in which the id comes and goes.
pub const X_REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// The header in which Taler clients name the task that a request belongs to.
pub const TALER_CORRELATION_ID: HeaderName = HeaderName::from_static("taler-correlation-id");

/// The bits of an id that count on from a random start. The other 48 of its random part are the process's own: an id
/// must be unique, not secret, and the generator of the operating system costs more than all else here.
const COUNTED: u64 = 0xffff_ffff;

/// Longest foreign id that is taken, in bytes.
const LONGEST_FOREIGN_ID: usize = 64;

/// Request data: the id of this request, a ULID unless a trusted proxy gave one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RequestId(HeaderValue);

impl RequestId {
    /// The id as text, visible ASCII.
    #[must_use]
    pub fn as_str(&self) -> &str {
        self.0.to_str().unwrap_or_default()
    }

    #[cfg(test)]
    pub(crate) fn for_test(id: &'static str) -> Self {
        Self(HeaderValue::from_static(id))
    }
}

/// Middleware that gives each request a [`RequestId`] and answers it.
pub struct AssignRequestId(Arc<Source>);

struct Source {
    trusted_proxies: TrustedProxies,
    clock: Clock,
    next: AtomicU64,
    process: u64,
}

impl AssignRequestId {
    /// Makes ids of this clock and random bytes drawn once; takes over those of trusted proxies.
    #[must_use]
    pub fn new(trusted_proxies: TrustedProxies, clock: Clock, random: &Random) -> Self {
        let [process, next] = [(); 2].map(|()| u64::from_le_bytes(random.bytes()));
        Self(Arc::new(Source {
            trusted_proxies,
            clock,
            next: AtomicU64::new(next),
            process,
        }))
    }
}

impl<E: Endpoint> Middleware<E> for AssignRequestId {
    type Output = AssignRequestIdEndpoint<E>;

    fn transform(&self, inner: E) -> Self::Output {
        AssignRequestIdEndpoint {
            inner,
            source: Arc::clone(&self.0),
        }
    }
}

/// Endpoint of [`AssignRequestId`].
pub struct AssignRequestIdEndpoint<E> {
    inner: E,
    source: Arc<Source>,
}

impl<E: Endpoint> Endpoint for AssignRequestIdEndpoint<E> {
    type Output = Response;

    async fn call(&self, mut request: Request) -> Result<Response> {
        let id = self
            .source
            .adopt(&request)
            .unwrap_or_else(|| self.source.generate());
        request.set_data(RequestId(id.clone()));
        let mut response = self.inner.call(request).await?.into_response();
        response.headers_mut().insert(X_REQUEST_ID, id);
        Ok(response)
    }
}

impl Source {
    fn adopt(&self, request: &Request) -> Option<HeaderValue> {
        let offered = well_formed(request.headers(), &X_REQUEST_ID)
            .or_else(|| well_formed(request.headers(), &TALER_CORRELATION_ID))?;
        self.trusted_proxies
            .contains(peer_address(request))
            .then(|| offered.clone())
    }

    fn generate(&self) -> HeaderValue {
        let mut text = [0; ulid::ULID_LEN];
        let now_ms = u64::try_from(self.clock.now().get() / 1000).unwrap_or_default();
        let count = self.next.fetch_add(1, Ordering::Relaxed) & COUNTED;
        let id = Ulid::from_parts(
            now_ms,
            u128::from(self.process) << COUNTED.count_ones() | u128::from(count),
        );
        HeaderValue::from_str(id.array_to_str(&mut text))
            .unwrap_or_else(|_| HeaderValue::from_static(""))
    }
}

/// A header that holds a short id of letters, digits and `-_.:` and so can stand in a log as it is.
pub(super) fn well_formed<'a>(
    headers: &'a HeaderMap,
    name: &HeaderName,
) -> Option<&'a HeaderValue> {
    let value = headers.get(name)?;
    let plain = |byte: &u8| byte.is_ascii_alphanumeric() || b"-_.:".contains(byte);
    let bytes = value.as_bytes();
    (!bytes.is_empty() && bytes.len() <= LONGEST_FOREIGN_ID && bytes.iter().all(plain))
        .then_some(value)
}

#[cfg(test)]
mod tests {
    use poem::{EndpointExt, endpoint::make_sync};

    use super::*;
    use crate::{
        clock::UnixMicros,
        http::testing::{proxies, request_from, text_of},
    };

    const TIME_MS: u64 = 1_469_918_176_385;

    /// What an id of this time begins with.
    const OURS: &str = "01ARYZ6S41";

    fn clock() -> Clock {
        Clock::mock(UnixMicros::new(TIME_MS as i64 * 1000 + 999)).0
    }

    /// The id in the answer; the endpoint must have seen the same.
    async fn answered(peer: &str, headers: &[(&str, &str)]) -> String {
        let endpoint =
            make_sync(|request: Request| request.data::<RequestId>().unwrap().as_str().to_owned())
                .with(AssignRequestId::new(
                    proxies(&["10.0.0.0/8"]),
                    clock(),
                    &Random::seeded(7),
                ));
        let response = endpoint.call(request_from(peer, headers)).await.unwrap();
        let id = response.header(X_REQUEST_ID).unwrap().to_owned();
        assert_eq!(text_of(response).await, id);
        id
    }

    #[tokio::test]
    async fn an_id_is_made_of_the_given_time_and_randomness() {
        let id = answered("192.0.2.1:80", &[]).await;
        assert!(id.starts_with(OURS), "{id}");
        assert_eq!(Ulid::from_string(&id).unwrap().timestamp_ms(), TIME_MS);
        let endpoint = make_sync(|_| "").with(AssignRequestId::new(
            TrustedProxies::default(),
            clock(),
            &Random::seeded(7),
        ));
        let mut ids = Vec::new();
        for _ in 0..3 {
            let response = endpoint
                .call(request_from("192.0.2.1:80", &[]))
                .await
                .unwrap();
            ids.push(response.header(X_REQUEST_ID).unwrap().to_owned());
        }
        assert_eq!(ids[0], id);
        assert!(ids[0] != ids[1] && ids[1] != ids[2] && ids[0] != ids[2]);
    }

    #[tokio::test]
    async fn only_a_trusted_proxy_names_a_request() {
        assert!(
            answered("192.0.2.1:80", &[("x-request-id", "abc")])
                .await
                .starts_with(OURS)
        );
        assert_eq!(
            answered("10.0.0.1:80", &[("x-request-id", "abc-1.2_3:4")]).await,
            "abc-1.2_3:4"
        );
        assert_eq!(
            answered("10.0.0.1:80", &[("taler-correlation-id", "task7")]).await,
            "task7"
        );
        let both = [("taler-correlation-id", "task7"), ("x-request-id", "abc")];
        assert_eq!(answered("10.0.0.1:80", &both).await, "abc");
    }

    #[tokio::test]
    async fn a_malformed_id_is_replaced_without_an_error() {
        for value in ["", "a b", "a\tb", "<script>", "é", &"x".repeat(65)] {
            assert!(
                answered("10.0.0.1:80", &[("x-request-id", value)])
                    .await
                    .starts_with(OURS),
                "{value:?}"
            );
        }
    }
}
