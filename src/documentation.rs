//! Swagger UI at `/docs/`, and the document in its editions. Nothing of it is loaded from anywhere else.

use std::sync::Arc;

use kontor_openapi::{ApiError, ErrorCode, document::Editions, reply};
use poem::{
    IntoResponse, Request, Response,
    http::{HeaderValue, Method, StatusCode, header},
};
use sha2::{Digest, Sha256};
use utoipa_swagger_ui::{Config, SwaggerFile};

/// The methods of every path of the documentation.
const ALLOW: HeaderValue = HeaderValue::from_static("GET, HEAD, OPTIONS");

/// The documentation of the merchant's interface.
pub struct Documentation {
    editions: [Edition; 3],
    swagger: Arc<Config<'static>>,
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
    /// Of a document that is seen below a public URL.
    #[must_use]
    pub fn new(editions: Editions, public_url: &str) -> Self {
        let config = Config::new(["../openapi.json"]);
        let config = config
            .validator_url("none")
            .try_it_out_enabled(true)
            .persist_authorization(false)
            .display_request_duration(true);
        Self {
            editions: [
                Edition::new("/openapi.yaml", "application/yaml", editions.yaml),
                Edition::new("/openapi.json", "application/json", editions.json),
                Edition::new("/openapi-3.0.json", "application/json", editions.json_3_0),
            ],
            swagger: Arc::new(config),
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
            (None, Some(file)) => self.file(file),
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

    fn file(&self, file: &str) -> Result<Response, ApiError> {
        let served = utoipa_swagger_ui::serve(file, Arc::clone(&self.swagger));
        match served {
            Ok(Some(SwaggerFile {
                bytes,
                content_type,
                gzpipped,
                ..
            })) => {
                let response = Response::builder().content_type(content_type);
                let response = if gzpipped {
                    response.header(header::CONTENT_ENCODING, "gzip")
                } else {
                    response
                };
                Ok(response.body(bytes.into_owned()))
            }
            Ok(None) => Err(ErrorCode::GenericEndpointUnknown.into()),
            Err(_) => Err(ErrorCode::GenericInternalInvariantFailure.into()),
        }
    }
}

fn moved(location: &str) -> Response {
    Response::builder()
        .status(StatusCode::PERMANENT_REDIRECT)
        .header(header::LOCATION, location)
        .finish()
}
