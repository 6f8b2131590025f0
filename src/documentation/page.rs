//! The page: the files of Swagger UI, and around them a beginning of our own.

use askama::Template;
use kontor_openapi::{ApiError, ErrorCode};
use poem::{Response, http::header};
use serde_json::Value;
use utoipa_swagger_ui::SwaggerFile;

const STYLE: &str = include_str!("page.css");
const SCRIPT: &str = include_str!("page.js");

/// Another document that this server shows.
#[derive(Debug, Clone)]
pub struct Sibling {
    /// What it is called.
    pub name: &'static str,
    /// Where its page is.
    pub url: String,
}

/// What a browser opens first.
#[derive(Debug, Template)]
#[template(path = "page.html")]
pub(super) struct Page {
    title: String,
    /// The version of the protocol that clients compare.
    protocol: Option<String>,
    sibling: Option<Sibling>,
}

impl Page {
    /// Of a document in JSON.
    pub(super) fn new(document: &str, sibling: Option<Sibling>) -> Self {
        let document: Value = serde_json::from_str(document).unwrap_or_default();
        let info = |name: &str| document["info"][name].as_str().map(str::to_owned);
        Self {
            title: info("title").unwrap_or_else(|| "Kontor".to_owned()),
            protocol: info("x-protocol-version"),
            sibling,
        }
    }

    /// One of the files that the page consists of, by its name below `/docs/`.
    pub(super) fn file(&self, name: &str) -> Result<Response, ApiError> {
        match name {
            "" | "index.html" => {
                let page = self.render();
                let page = page.map_err(|_| ErrorCode::GenericInternalInvariantFailure)?;
                Ok(file("text/html; charset=utf-8", page))
            }
            "index.css" => Ok(file("text/css; charset=utf-8", STYLE)),
            "swagger-initializer.js" => Ok(file("text/javascript; charset=utf-8", SCRIPT)),
            other => vendored(other),
        }
    }
}

fn file(media_type: &str, text: impl Into<String>) -> Response {
    Response::builder()
        .content_type(media_type)
        .body(text.into())
}

/// What Swagger UI brings along.
fn vendored(name: &str) -> Result<Response, ApiError> {
    let found = utoipa_swagger_ui::serve(name, std::sync::Arc::default());
    let found = found.map_err(|_| ErrorCode::GenericInternalInvariantFailure)?;
    let SwaggerFile {
        bytes,
        content_type,
        gzpipped,
        ..
    } = found.ok_or(ErrorCode::GenericEndpointUnknown)?;
    let mut response = Response::builder().content_type(content_type);
    if gzpipped {
        response = response.header(header::CONTENT_ENCODING, "gzip");
    }
    Ok(response.body(bytes.into_owned()))
}
