//! Answers.

use std::marker::PhantomData;

use poem::{
    IntoResponse, Response,
    http::{HeaderName, HeaderValue, StatusCode},
};
use poem_openapi::{
    ApiResponse,
    registry::{
        MetaHeader, MetaMediaType, MetaResponse, MetaResponses, MetaSchema, MetaSchemaRef, Registry,
    },
};
use serde::Serialize;

use crate::{ApiError, Described, ErrorCode, scalar::Page};

/// What an operation answers: one of its documented replies, or a failure.
pub struct Answer<R, O> {
    result: Result<R, ApiError>,
    operation: PhantomData<O>,
}

impl<R, O> Answer<R, O> {
    /// From what the handler returned.
    pub fn new<E: Into<ApiError>>(result: Result<R, E>) -> Self {
        Self {
            result: result.map_err(Into::into),
            operation: PhantomData,
        }
    }
}

impl<R: IntoResponse, O: Described> IntoResponse for Answer<R, O> {
    fn into_response(self) -> Response {
        match self.result {
            Ok(reply) => reply.into_response(),
            Err(error) => error.into_response(),
        }
    }
}

impl<R: ApiResponse, O: Described> ApiResponse for Answer<R, O> {
    fn meta() -> MetaResponses {
        let mut meta = R::meta();
        let failures = O::operation().failures.iter();
        meta.responses.extend(failures.map(|failure| {
            self::meta(
                failure.status,
                failure.description,
                failure.media_types,
                failure.headers,
            )
        }));
        meta
    }

    fn register(registry: &mut Registry) {
        R::register(registry);
    }
}

/// An answer without a body.
#[must_use]
pub fn empty(status: u16) -> Response {
    Response::builder().status(code(status)).finish()
}

/// An answer in JSON.
pub fn json<T: Serialize>(status: u16, body: &T) -> Response {
    match serde_json::to_vec(body) {
        Ok(bytes) => self::bytes(status, "application/json", bytes),
        Err(_) => ApiError::new(ErrorCode::GenericInternalInvariantFailure).into_response(),
    }
}

/// An answer in any other media type.
#[must_use]
pub fn bytes(status: u16, media_type: &'static str, body: Vec<u8>) -> Response {
    Response::builder()
        .status(code(status))
        .content_type(media_type)
        .body(body)
}

/// An answer that is a page, with its headers.
#[must_use]
pub fn page(status: u16, page: Page) -> Response {
    let mut response = bytes(status, "text/html; charset=utf-8", page.html.into_bytes());
    response.headers_mut().extend(page.headers);
    response
}

/// Adds the headers that have a value. One that cannot stand in a header is left out.
#[must_use]
pub fn with_headers<const N: usize>(
    mut response: Response,
    headers: [(&'static str, Option<String>); N],
) -> Response {
    for (name, value) in headers {
        let value = value.and_then(|value| HeaderValue::from_str(&value).ok());
        if let (Ok(name), Some(value)) = (HeaderName::from_bytes(name.as_bytes()), value) {
            response.headers_mut().insert(name, value);
        }
    }
    response
}

fn code(status: u16) -> StatusCode {
    StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
}

/// A response in the document that poem-openapi derives. Of its schema it says nothing: examples prove the types.
#[must_use]
pub fn meta(
    status: u16,
    description: &'static str,
    media_types: &[&'static str],
    headers: &[&'static str],
) -> MetaResponse {
    let schema = || MetaSchemaRef::Inline(Box::new(MetaSchema::new("object")));
    MetaResponse {
        description,
        status: Some(status),
        status_range: None,
        content: media_types
            .iter()
            .map(|content_type| MetaMediaType {
                content_type,
                schema: schema(),
            })
            .collect(),
        headers: headers.iter().map(|name| header(name)).collect(),
    }
}

fn header(name: &str) -> MetaHeader {
    MetaHeader {
        name: name.to_owned(),
        description: None,
        required: false,
        deprecated: false,
        schema: MetaSchemaRef::Inline(Box::new(MetaSchema::new("string"))),
    }
}
