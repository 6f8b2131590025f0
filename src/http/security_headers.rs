//! Headers that make browsers and caches careful.

use std::sync::Arc;

use poem::{
    Endpoint, IntoResponse, Middleware, Request, Response, Result,
    http::{
        HeaderMap, HeaderName, HeaderValue, Uri,
        header::{self, InvalidHeaderValue},
    },
};

/// An answer of the interface is data: it loads nothing and nobody frames it.
const STRICT_POLICY: HeaderValue =
    HeaderValue::from_static("default-src 'none'; frame-ancestors 'none'");

/// A year. Sub-domains are not ours to decide about.
const TRANSPORT_SECURITY: HeaderValue = HeaderValue::from_static("max-age=31536000");

const NO_STORE: HeaderValue = HeaderValue::from_static("no-store");

/// Middleware that sets the headers, each where the handler set none.
///
/// `Cache-Control: no-store` goes on every answer below `private` and `management`, to every request with
/// `Authorization`, and to every request that changes something.
pub struct SecurityHeaders(Arc<Policy>);

struct Policy {
    documentation: HeaderValue,
    over_tls: bool,
}

impl SecurityHeaders {
    /// For a service that clients reach under this URL.
    ///
    /// # Errors
    /// When its authority cannot stand in a header.
    pub fn new(public_url: &str) -> Result<Self, InvalidHeaderValue> {
        let url = public_url.parse::<Uri>().unwrap_or_default();
        let policy = Policy {
            documentation: HeaderValue::from_str(&documentation_policy(&url))?,
            over_tls: url.scheme_str() == Some("https"),
        };
        Ok(Self(Arc::new(policy)))
    }
}

/// Swagger UI has styles in its elements and pictures in its style sheet, and calls the service under its public URL.
fn documentation_policy(url: &Uri) -> String {
    let origin = match (url.scheme_str(), url.authority()) {
        (Some(scheme), Some(authority)) => format!(" {scheme}://{authority}"),
        _ => String::new(),
    };
    format!(
        "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; font-src 'self'; \
         connect-src 'self'{origin}; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    )
}

impl<E: Endpoint> Middleware<E> for SecurityHeaders {
    type Output = SecurityHeadersEndpoint<E>;

    fn transform(&self, inner: E) -> Self::Output {
        SecurityHeadersEndpoint {
            inner,
            policy: Arc::clone(&self.0),
        }
    }
}

/// Endpoint of [`SecurityHeaders`].
pub struct SecurityHeadersEndpoint<E> {
    inner: E,
    policy: Arc<Policy>,
}

impl<E: Endpoint> Endpoint for SecurityHeadersEndpoint<E> {
    type Output = Response;

    async fn call(&self, request: Request) -> Result<Response> {
        let private = is_private(&request);
        let documentation = is_documentation(request.uri().path());
        let mut response = self.inner.call(request).await?.into_response();
        let headers = response.headers_mut();
        set_default(
            headers,
            header::X_CONTENT_TYPE_OPTIONS,
            HeaderValue::from_static("nosniff"),
        );
        set_default(
            headers,
            header::REFERRER_POLICY,
            HeaderValue::from_static("no-referrer"),
        );
        set_default(
            headers,
            header::X_FRAME_OPTIONS,
            HeaderValue::from_static("DENY"),
        );
        let policy = if documentation {
            self.policy.documentation.clone()
        } else {
            STRICT_POLICY
        };
        set_default(headers, header::CONTENT_SECURITY_POLICY, policy);
        if self.policy.over_tls {
            set_default(
                headers,
                header::STRICT_TRANSPORT_SECURITY,
                TRANSPORT_SECURITY,
            );
        }
        if private {
            set_default(headers, header::CACHE_CONTROL, NO_STORE);
        }
        Ok(response)
    }
}

fn set_default(headers: &mut HeaderMap, name: HeaderName, value: HeaderValue) {
    headers.entry(name).or_insert(value);
}

fn is_documentation(path: &str) -> bool {
    path == "/docs" || path.starts_with("/docs/")
}

fn is_private(request: &Request) -> bool {
    !request.method().is_safe()
        || request.headers().contains_key(header::AUTHORIZATION)
        || request
            .uri()
            .path()
            .split('/')
            .any(|segment| segment == "private" || segment == "management")
}

#[cfg(test)]
mod tests {
    use poem::{EndpointExt, endpoint::make_sync, http::Method};

    use super::*;
    use crate::http::testing::request_from;

    async fn answer(
        public_url: &str,
        method: Method,
        path: &str,
        headers: &[(&str, &str)],
    ) -> Response {
        let endpoint = make_sync(|request: Request| match request.uri().path() {
            "/page" => "page"
                .with_header("content-security-policy", "default-src 'self'")
                .into_response(),
            "/private/kept" => "kept"
                .with_header("cache-control", "max-age=5")
                .into_response(),
            _ => "plain".into_response(),
        })
        .with(SecurityHeaders::new(public_url).unwrap());
        let mut request = request_from("192.0.2.1:80", headers);
        request.set_method(method);
        *request.uri_mut() = path.parse().unwrap();
        endpoint.call(request).await.unwrap()
    }

    async fn cache_control(method: Method, path: &str, headers: &[(&str, &str)]) -> Option<String> {
        answer("http://localhost/", method, path, headers)
            .await
            .header("cache-control")
            .map(str::to_owned)
    }

    #[tokio::test]
    async fn every_answer_is_careful() {
        let response = answer("http://localhost/", Method::GET, "/config", &[]).await;
        assert_eq!(response.header("x-content-type-options"), Some("nosniff"));
        assert_eq!(response.header("referrer-policy"), Some("no-referrer"));
        assert_eq!(response.header("x-frame-options"), Some("DENY"));
        assert_eq!(
            response.header("content-security-policy"),
            Some("default-src 'none'; frame-ancestors 'none'")
        );
        assert_eq!(response.header("strict-transport-security"), None);
        assert_eq!(response.header("cache-control"), None);
    }

    #[tokio::test]
    async fn the_documentation_page_loads_its_own_parts_and_calls_the_service() {
        let response = answer(
            "https://shop.example:8443/base/",
            Method::GET,
            "/docs/",
            &[],
        )
        .await;
        let policy = response.header("content-security-policy").unwrap();
        assert!(policy.contains("script-src 'self';"));
        assert!(policy.contains("connect-src 'self' https://shop.example:8443;"));
        assert_eq!(
            response.header("strict-transport-security"),
            Some("max-age=31536000")
        );
    }

    #[tokio::test]
    async fn private_answers_are_not_stored() {
        let authorization = [("authorization", "Bearer x")];
        let no_store = Some("no-store".to_owned());
        for path in [
            "/private",
            "/instances/shop/private/orders",
            "/management/instances",
        ] {
            assert_eq!(
                cache_control(Method::GET, path, &[]).await,
                no_store,
                "{path}"
            );
        }
        assert_eq!(
            cache_control(Method::GET, "/config", &authorization).await,
            no_store
        );
        assert_eq!(
            cache_control(Method::POST, "/instances", &[]).await,
            no_store
        );
        assert_eq!(cache_control(Method::GET, "/terms", &[]).await, None);
        assert_eq!(cache_control(Method::GET, "/privateer", &[]).await, None);
    }

    #[tokio::test]
    async fn the_handler_has_the_last_word() {
        assert_eq!(
            cache_control(Method::GET, "/private/kept", &[])
                .await
                .as_deref(),
            Some("max-age=5")
        );
        let page = answer("http://localhost/", Method::GET, "/page", &[]).await;
        assert_eq!(
            page.header("content-security-policy"),
            Some("default-src 'self'")
        );
    }
}
