//! The one shape of every failure: `{code, hint, detail?}` with the registry's number.

use std::fmt;

use poem::{
    IntoResponse, Response,
    error::ResponseError,
    http::{HeaderName, HeaderValue, StatusCode, header},
};
use serde::Serialize;

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
}

#[derive(Serialize)]
struct Body<'a> {
    code: u16,
    hint: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    detail: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    parameter: Option<&'a str>,
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

/// Marks an answer with the code that it carries, for the access log and the metrics.
#[derive(Debug, Clone, Copy)]
pub struct AnsweredCode(pub ErrorCode);

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        let Inner {
            code,
            status,
            detail,
            parameter,
            headers,
        } = *self.0;
        let body = Body {
            code: code.number(),
            hint: code.hint(),
            detail: detail.as_deref(),
            parameter: parameter.as_deref(),
        };
        let bytes = serde_json::to_vec(&body).unwrap_or_default();
        let mut response = Response::builder()
            .status(status)
            .content_type("application/json")
            .body(bytes);
        response.headers_mut().extend(headers);
        response.set_data(AnsweredCode(code));
        response
    }
}
