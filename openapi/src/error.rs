//! The one shape of every failure: `{code, hint, detail?}` with the registry's number; for OAuth 2.0 with two members more, and
//! for people as a page.

use std::fmt;

use poem::{
    IntoResponse, Response,
    error::ResponseError,
    http::{HeaderName, HeaderValue, StatusCode, header},
};
use serde::Serialize;

use crate::{reply, scalar::Page};

include!(concat!(env!("OUT_DIR"), "/error_code.rs"));

/// A failure as the client sees it.
///
/// Made from the registry; what it carries beyond the code may be read by anybody, so inner error texts and values
/// that a client sent do not belong in it.
#[derive(Debug, Clone)]
pub struct ApiError(Box<Inner>);

#[derive(Debug, Clone)]
struct Inner {
    code: ErrorCode,
    status: StatusCode,
    detail: Option<String>,
    parameter: Option<String>,
    headers: Vec<(HeaderName, HeaderValue)>,
    oauth: Option<&'static str>,
    page: Option<Page>,
}

#[derive(Serialize)]
struct Body<'a> {
    #[serde(flatten)]
    oauth: Option<OAuth>,
    code: u16,
    hint: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    detail: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    parameter: Option<&'a str>,
}

/// What RFC 6749 section 5.2 wants in a failure.
#[derive(Serialize)]
struct OAuth {
    error: &'static str,
    error_description: String,
}

impl OAuth {
    fn new(error: &'static str, description: &str) -> Self {
        // The RFC allows neither quotes, backslashes nor anything outside of ASCII.
        let is_allowed = |character: char| matches!(character, ' ' | '!' | '#'..='[' | ']'..='~');
        let error_description = description
            .chars()
            .map(|character| {
                if is_allowed(character) {
                    character
                } else {
                    '\''
                }
            })
            .collect();
        Self {
            error,
            error_description,
        }
    }
}

impl ApiError {
    /// A failure with the registry's status and hint.
    #[must_use]
    pub fn new(code: ErrorCode) -> Self {
        let status =
            StatusCode::from_u16(code.status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        Self(Box::new(Inner {
            code,
            status,
            detail: None,
            parameter: None,
            headers: Vec::new(),
            oauth: None,
            page: None,
        }))
    }

    /// A status other than the registry's, where an operation documents one.
    #[must_use]
    pub fn with_status(mut self, status: StatusCode) -> Self {
        self.0.status = status;
        self
    }

    /// What was wrong with this input, in words that repeat no secret.
    #[must_use]
    pub fn with_detail(mut self, detail: impl Into<String>) -> Self {
        self.0.detail = Some(detail.into());
        self
    }

    /// The parameter or body member that was wrong.
    #[must_use]
    pub fn with_parameter(mut self, parameter: impl Into<String>) -> Self {
        self.0.parameter = Some(parameter.into()).filter(|parameter| !parameter.is_empty());
        self
    }

    /// A header that goes with the answer, such as `Allow`.
    #[must_use]
    pub fn with_header(mut self, name: HeaderName, value: HeaderValue) -> Self {
        self.0.headers.push((name, value));
        self
    }

    /// `Retry-After` in whole seconds, rounded up to at least one.
    #[must_use]
    pub fn with_retry_after(self, delay: std::time::Duration) -> Self {
        let seconds = u64::try_from(delay.as_millis().div_ceil(1000))
            .unwrap_or(u64::MAX)
            .max(1);
        self.with_header(header::RETRY_AFTER, HeaderValue::from(seconds))
    }

    /// The error code of OAuth 2.0 (RFC 6749 section 5.2, RFC 6750 section 3.1), for the endpoints that it rules.
    #[must_use]
    pub fn with_oauth_error(mut self, error: &'static str) -> Self {
        self.0.oauth = Some(error);
        self
    }

    /// A page instead of the error object, for people.
    #[must_use]
    pub fn with_page(mut self, page: Page) -> Self {
        self.0.page = Some(page);
        self
    }

    /// The error code of OAuth 2.0, where it has one.
    #[must_use]
    pub fn oauth_error(&self) -> Option<&'static str> {
        self.0.oauth
    }

    /// Whether it is a page.
    #[must_use]
    pub fn is_page(&self) -> bool {
        self.0.page.is_some()
    }

    /// What was wrong with this input, where that is known.
    #[must_use]
    pub fn detail(&self) -> Option<&str> {
        self.0.detail.as_deref()
    }

    /// The parameter or body member that was wrong, where that is known.
    #[must_use]
    pub fn parameter(&self) -> Option<&str> {
        self.0.parameter.as_deref()
    }

    /// The value of a header that goes with it.
    #[must_use]
    pub fn header(&self, name: &HeaderName) -> Option<&HeaderValue> {
        let mut headers = self.0.headers.iter();
        headers
            .find(|(header, _)| header == name)
            .map(|(_, value)| value)
    }

    /// The registry's code.
    #[must_use]
    pub fn code(&self) -> ErrorCode {
        self.0.code
    }

    /// The status of the answer.
    #[must_use]
    pub fn status(&self) -> StatusCode {
        self.0.status
    }
}

impl From<ErrorCode> for ApiError {
    fn from(code: ErrorCode) -> Self {
        Self::new(code)
    }
}

impl fmt::Display for ApiError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({})", self.0.code.name(), self.0.code.number())?;
        self.0
            .detail
            .as_ref()
            .map_or(Ok(()), |detail| write!(f, ": {detail}"))
    }
}

impl std::error::Error for ApiError {}

impl ResponseError for ApiError {
    fn status(&self) -> StatusCode {
        self.0.status
    }

    fn as_response(&self) -> Response {
        self.clone().into_response()
    }
}

impl IntoResponse for ApiError {
    /// The answer, which carries the failure itself as its data, for whoever logs or counts it, or gives it another shape.
    fn into_response(mut self) -> Response {
        let status = self.0.status.as_u16();
        let mut response = match self.0.page.take() {
            Some(page) => reply::page(status, page),
            None => reply::bytes(status, "application/json", self.0.to_json()),
        };
        response.headers_mut().extend(self.0.headers.clone());
        response.set_data(self);
        response
    }
}

impl Inner {
    fn to_json(&self) -> Vec<u8> {
        let (hint, detail) = (self.code.hint(), self.detail.as_deref());
        let body = Body {
            oauth: self
                .oauth
                .map(|error| OAuth::new(error, detail.unwrap_or(hint))),
            code: self.code.number(),
            hint,
            detail,
            parameter: self.parameter.as_deref(),
        };
        serde_json::to_vec(&body).unwrap_or_default()
    }
}
