//! Swagger UI at `/docs/`, and the document in its editions. Nothing of it is loaded from anywhere else.

mod page;

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

/// The documentation of a service's interface.
pub struct Documentation {
    editions: [Edition; 3],
    page: Page,
    docs: String,
}

struct Edition {
    path: &'static str,
    media_type: &'static str,
    text: String,
    etag: String,
}

impl Edition {
    fn new(path: &'static str, media_type: &'static str, text: String) -> Self {
        let hash = Sha256::digest(text.as_bytes());
        let etag = format!(
            "\"{}\"",
            kontor_openapi::scalar::base32::encode(&hash[..16])
        );
        Self {
            path,
            media_type,
            text,
            etag,
        }
    }
}

impl Documentation {
    /// Of a document that is seen below a public URL, with the page of the other document, where there is one.
    #[must_use]
    pub fn new(editions: Editions, public_url: &str, sibling: Option<Sibling>) -> Self {
        let page = Page::new(&editions.json, sibling);
        Self {
            editions: [
                Edition::new("/openapi.yaml", "application/yaml", editions.yaml),
                Edition::new("/openapi.json", "application/json", editions.json),
                Edition::new("/openapi-3.0.json", "application/json", editions.json_3_0),
            ],
            page,
            docs: format!("{public_url}docs/"),
        }
    }

    /// The value of `Allow` for a path of the documentation; none for any other.
    #[must_use]
    pub fn allow(&self, path: &str) -> Option<HeaderValue> {
        let is_edition = self.editions.iter().any(|edition| edition.path == path);
        (is_edition || path == "/docs" || path.starts_with("/docs/")).then_some(ALLOW)
    }

    /// The answer to a request that is about the documentation; none for any other.
    pub fn answer(&self, request: &Request) -> Option<Result<Response, ApiError>> {
        let path = request.uri().path();
        let allow = self.allow(path)?;
        let edition = self.editions.iter().find(|edition| edition.path == path);
        if !matches!(*request.method(), Method::GET | Method::HEAD) {
            return Some(Err(
                ApiError::new(ErrorCode::GenericMethodInvalid).with_header(header::ALLOW, allow)
            ));
        }
        Some(match (edition, path.strip_prefix("/docs/")) {
            (Some(edition), _) => Ok(self.edition(edition, request)),
            (None, Some(file)) => self.page.file(file),
            (None, None) => Ok(moved(&self.docs)),
        })
    }

    fn edition(&self, edition: &Edition, request: &Request) -> Response {
        let response =
            match crate::http::negotiation::not_modified(request.headers(), &edition.etag) {
                true => reply::empty(StatusCode::NOT_MODIFIED.as_u16()),
                false => reply::bytes(200, edition.media_type, edition.text.clone().into_bytes()),
            };
        response
            .with_header(header::ETAG, edition.etag.clone())
            .into_response()
    }
}

fn moved(location: &str) -> Response {
    Response::builder()
        .status(StatusCode::PERMANENT_REDIRECT)
        .header(header::LOCATION, location)
        .finish()
}
