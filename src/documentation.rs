//! Swagger UI at `/docs/`, and the document in its editions. Nothing of it is loaded from anywhere else.

mod page;

use std::sync::LazyLock;

use kontor_openapi::{ApiError, ErrorCode, document::Editions, reply};
use poem::{
    IntoResponse, Request, Response,
    http::{HeaderValue, Method, StatusCode, header},
};
use sha2::{Digest, Sha256};

use page::Page;
pub use page::Sibling;

/// The methods of every path of the documentation.
const ALLOW: HeaderValue = HeaderValue::from_static("GET, HEAD, OPTIONS");

/// Where the document is, in each of its editions: YAML, JSON and OpenAPI 3.0.3.
const PATHS: [&str; 3] = ["/openapi.yaml", "/openapi.json", "/openapi-3.0.json"];

/// The documentation of a service's interface.
pub struct Documentation {
    /// Written when somebody asks: most servers are never asked, and all of them should start quickly.
    written: LazyLock<Written, Box<dyn FnOnce() -> Written + Send>>,
    docs: String,
}

struct Written {
    editions: [Edition; 3],
    page: Page,
}

struct Edition {
    media_type: &'static str,
    text: String,
    etag: String,
}

impl Edition {
    fn new(media_type: &'static str, text: String) -> Self {
        let hash = Sha256::digest(text.as_bytes());
        let etag = format!(
            "\"{}\"",
            kontor_openapi::scalar::base32::encode(&hash[..16])
        );
        Self {
            media_type,
            text,
            etag,
        }
    }

    fn answer(&self, request: &Request) -> Response {
        let response = match crate::http::negotiation::not_modified(request.headers(), &self.etag) {
            true => reply::empty(StatusCode::NOT_MODIFIED.as_u16()),
            false => reply::bytes(200, self.media_type, self.text.clone().into_bytes()),
        };
        response
            .with_header(header::ETAG, self.etag.clone())
            .into_response()
    }
}

impl Written {
    fn new(document: &str, public_url: &str, sibling: Option<Sibling>) -> Self {
        let editions = Editions::new(document, public_url);
        let page = Page::new(&editions.json, sibling);
        Self {
            editions: [
                Edition::new("application/yaml", editions.yaml),
                Edition::new("application/json", editions.json),
                Edition::new("application/json", editions.json_3_0),
            ],
            page,
        }
    }
}

impl Documentation {
    /// Of a document in JSON that is seen below a public URL, with the page of the other document, where there is one.
    #[must_use]
    pub fn new(document: &'static str, public_url: &str, sibling: Option<Sibling>) -> Self {
        let docs = format!("{public_url}docs/");
        let public_url = public_url.to_owned();
        let write = move || Written::new(document, &public_url, sibling);
        Self {
            written: LazyLock::new(Box::new(write)),
            docs,
        }
    }

    /// The value of `Allow` for a path of the documentation; none for any other.
    #[must_use]
    pub fn allow(&self, path: &str) -> Option<HeaderValue> {
        (PATHS.contains(&path) || path == "/docs" || path.starts_with("/docs/")).then_some(ALLOW)
    }

    /// The answer to a request that is about the documentation; none for any other.
    pub fn answer(&self, request: &Request) -> Option<Result<Response, ApiError>> {
        let path = request.uri().path();
        let allow = self.allow(path)?;
        let edition = PATHS.iter().position(|edition| *edition == path);
        if !matches!(*request.method(), Method::GET | Method::HEAD) {
            return Some(Err(
                ApiError::new(ErrorCode::GenericMethodInvalid).with_header(header::ALLOW, allow)
            ));
        }
        Some(match (edition, path.strip_prefix("/docs/")) {
            (Some(edition), _) => Ok(self.written.editions[edition].answer(request)),
            (None, Some(file)) => self.written.page.file(file),
            (None, None) => Ok(moved(&self.docs)),
        })
    }
}

fn moved(location: &str) -> Response {
    Response::builder()
        .status(StatusCode::PERMANENT_REDIRECT)
        .header(header::LOCATION, location)
        .finish()
}
