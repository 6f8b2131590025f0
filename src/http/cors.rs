//! Pages of any origin may call: there are no cookies, so that a page can do nothing that its visitor's token does not allow.

use std::sync::Arc;

use kontor_openapi::{ApiError, ErrorCode};
use poem::{
    Endpoint, IntoResponse, Middleware, Request, Response, Result,
    http::{HeaderValue, Method, StatusCode, header},
};

use super::Routes;

/// The wildcard would do for current browsers; the names are for older ones.
const EXPOSED: HeaderValue = HeaderValue::from_static(
    "*, Content-Encoding, ETag, Location, Retry-After, Taler, WWW-Authenticate, X-Request-Id, \
     Avail-Languages, Taler-Terms-Version",
);

const METHODS: HeaderValue =
    HeaderValue::from_static("GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS");

/// The wildcard never covers `Authorization`, and older browsers do not know it.
const REQUEST_HEADERS: HeaderValue = HeaderValue::from_static(
    "*, Authorization, Accept, Accept-Language, Content-Encoding, Content-Type, Idempotency-Key, If-Match, \
     If-None-Match, Taler-Challenge-Ids, Taler-Correlation-Id, X-Challenge-Id, X-Request-Id",
);

/// How long a browser may remember a preflight, in seconds: a day, of which browsers use two hours at most.
const MAX_AGE: HeaderValue = HeaderValue::from_static("86400");

const ANY: HeaderValue = HeaderValue::from_static("*");

/// Middleware that opens every answer to all origins and answers `OPTIONS`: a preflight of any path, and a plain
/// request for a known path, whose methods it lists. Everything inside must answer, not fail.
pub struct Cors(Arc<dyn Routes>);

impl Cors {
    /// Answers `OPTIONS` for these routes.
    #[must_use]
    pub fn new(routes: Arc<dyn Routes>) -> Self {
        Self(routes)
    }
}

impl<E: Endpoint> Middleware<E> for Cors {
    type Output = CorsEndpoint<E>;

    fn transform(&self, inner: E) -> Self::Output {
        CorsEndpoint {
            inner,
            routes: Arc::clone(&self.0),
        }
    }
}

/// Endpoint of [`Cors`].
pub struct CorsEndpoint<E> {
    inner: E,
    routes: Arc<dyn Routes>,
}

impl<E: Endpoint> Endpoint for CorsEndpoint<E> {
    type Output = Response;

    async fn call(&self, request: Request) -> Result<Response> {
        let mut response = if request.method() == Method::OPTIONS {
            self.options(&request)
        } else {
            self.inner.get_response(request).await
        };
        let headers = response.headers_mut();
        headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, ANY);
        headers.insert(header::ACCESS_CONTROL_EXPOSE_HEADERS, EXPOSED);
        Ok(response)
    }
}

impl<E> CorsEndpoint<E> {
    fn options(&self, request: &Request) -> Response {
        let allow = self.routes.allow(request.uri().path());
        let preflight = request
            .headers()
            .contains_key(header::ACCESS_CONTROL_REQUEST_METHOD);
        if allow.is_none() && !preflight {
            return ApiError::new(ErrorCode::GenericEndpointUnknown).into_response();
        }
        let mut response = StatusCode::NO_CONTENT.into_response();
        let headers = response.headers_mut();
        if let Some(allow) = allow {
            headers.insert(header::ALLOW, allow);
        }
        headers.insert(header::ACCESS_CONTROL_ALLOW_METHODS, METHODS);
        headers.insert(header::ACCESS_CONTROL_ALLOW_HEADERS, REQUEST_HEADERS);
        headers.insert(header::ACCESS_CONTROL_MAX_AGE, MAX_AGE);
        response
    }
}

#[cfg(test)]
mod tests {
    use poem::{EndpointExt, endpoint::make_sync};

    use super::*;
    use crate::http::testing::{SomeRoutes, json_of, request_from};

    async fn answer(method: Method, path: &str, headers: &[(&str, &str)]) -> Response {
        let endpoint = make_sync(|_| "inner").with(Cors::new(Arc::new(SomeRoutes)));
        let mut request = request_from("192.0.2.1:80", headers);
        request.set_method(method);
        *request.uri_mut() = path.parse().unwrap();
        endpoint.call(request).await.unwrap()
    }

    #[tokio::test]
    async fn every_answer_is_open() {
        let response = answer(Method::GET, "/known", &[]).await;
        assert_eq!(response.header("access-control-allow-origin"), Some("*"));
        assert!(
            response
                .header("access-control-expose-headers")
                .unwrap()
                .starts_with("*, ")
        );
    }

    #[tokio::test]
    async fn a_preflight_names_what_clients_send() {
        let preflight = [
            ("origin", "https://shop.example"),
            ("access-control-request-method", "PATCH"),
        ];
        for path in ["/known", "/unknown"] {
            let response = answer(Method::OPTIONS, path, &preflight).await;
            assert_eq!(response.status(), StatusCode::NO_CONTENT);
            assert_eq!(response.header("access-control-allow-origin"), Some("*"));
            assert_eq!(response.header("access-control-max-age"), Some("86400"));
            assert!(
                response
                    .header("access-control-allow-methods")
                    .unwrap()
                    .contains("PATCH")
            );
            let allowed = response
                .header("access-control-allow-headers")
                .unwrap()
                .to_ascii_lowercase();
            for name in [
                "authorization",
                "content-type",
                "content-encoding",
                "taler-challenge-ids",
                "x-challenge-id",
                "if-none-match",
            ] {
                assert!(allowed.split(", ").any(|allowed| allowed == name), "{name}");
            }
        }
    }

    #[tokio::test]
    async fn a_plain_options_lists_the_methods() {
        let response = answer(Method::OPTIONS, "/known", &[]).await;
        assert_eq!(response.status(), StatusCode::NO_CONTENT);
        assert_eq!(response.header("allow"), Some("GET, HEAD, POST"));
        let response = answer(Method::OPTIONS, "/unknown", &[]).await;
        assert_eq!(response.status(), StatusCode::NOT_FOUND);
        assert_eq!(response.header("access-control-allow-origin"), Some("*"));
        assert_eq!(json_of(response).await["code"], 21);
    }
}
