//! Where failures end: whatever the framework, an operation or a bug produces becomes the error body of the interface.

use std::{
    any::Any,
    error::Error as StdError,
    fmt::{self, Write as _},
    panic::{self, AssertUnwindSafe},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

use futures_util::FutureExt;
use kontor_openapi::{ApiError, ErrorCode, Operation};
use poem::{
    Endpoint, Error, IntoResponse, Middleware, Request, Response, Result,
    error::{MethodNotAllowedError, NotFoundError, ReadBodyError},
    http::{HeaderMap, HeaderValue, StatusCode, header},
};
use poem_openapi::{
    OperationId,
    error::{
        AuthorizationError, ContentTypeError, ParseMultipartError, ParseParamError, ParsePathError,
        ParseRequestPayloadError,
    },
};
use tracing::Instrument;

use super::{RequestId, Routes, reached::Reached};

/// Whether [`log_panics`] reports panics, so that they are not reported twice.
static PANICS_ARE_LOGGED: AtomicBool = AtomicBool::new(false);

/// How many headers the layers outside of this one may add.
const HEADERS_TO_COME: usize = 10;

/// How poem-openapi ends its complaint about an absent parameter.
const ABSENT: &str = "expects an input value.";

/// Answer data: why an answer is a server fault. Logged once, with the request id, and never sent.
#[derive(Clone)]
pub struct InternalCause(Arc<dyn StdError + Send + Sync>);

impl InternalCause {
    /// Goes with the answer by `set_data`.
    pub fn new(cause: impl Into<Box<dyn StdError + Send + Sync>>) -> Self {
        Self(Arc::from(cause.into()))
    }
}

impl fmt::Debug for InternalCause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&chain(self.0.as_ref()))
    }
}

/// Logs a server fault with all its causes, for the operator; call it once, where the fault becomes an answer.
///
/// The event has the target `kontor::error`, the level `ERROR`, and stands in the span of the request with its id.
pub fn log_cause(cause: &(dyn StdError + 'static)) {
    tracing::error!(target: "kontor::error", { error.cause = %chain(cause) }, "a request failed by a fault of the server");
}

/// Reports every panic of the process as an event (target `kontor::error`) instead of on standard error.
pub fn log_panics() {
    panic::set_hook(Box::new(|panic| {
        let message = panic_message(panic.payload());
        let location = panic.location().map(tracing::field::display);
        tracing::error!(target: "kontor::error", { panic.message = message, panic.location = location }, "panic");
    }));
    PANICS_ARE_LOGGED.store(true, Ordering::Relaxed);
}

/// How a service shapes its failures, where they are more than the error object of the interface.
pub trait FailureShape: Send + Sync + 'static {
    /// Gives a failure the shape that its request asks for.
    fn shape(&self, request: &FailedRequest, error: ApiError) -> ApiError;
}

/// What is still known of a request that failed.
pub struct FailedRequest {
    /// Its path, without the query.
    pub path: String,
    /// Its headers.
    pub headers: HeaderMap,
    /// Its id.
    pub id: Option<RequestId>,
}

impl FailedRequest {
    fn of(request: &Request) -> Self {
        Self {
            path: request.uri().path().to_owned(),
            headers: request.headers().clone(),
            id: request.data::<RequestId>().cloned(),
        }
    }
}

/// Middleware that turns every failure and every panic into an answer, and error answers without a body of their own
/// into the error body. It opens the span `request` with the field `request.id` around all that happens inside.
pub struct ConvertErrors(Arc<Converter>);

struct Converter {
    routes: Arc<dyn Routes>,
    unauthorized: ErrorCode,
    shape: Option<Arc<dyn FailureShape>>,
}

impl ConvertErrors {
    /// Takes `Allow` from these routes, and reports a failed authorisation of the framework by this code.
    #[must_use]
    pub fn new(routes: Arc<dyn Routes>, unauthorized: ErrorCode) -> Self {
        Self::shaped_by(routes, unauthorized, None)
    }

    /// The same, with failures in the shape of the service.
    #[must_use]
    pub fn shaped_by(
        routes: Arc<dyn Routes>,
        unauthorized: ErrorCode,
        shape: Option<Arc<dyn FailureShape>>,
    ) -> Self {
        Self(Arc::new(Converter {
            routes,
            unauthorized,
            shape,
        }))
    }
}

impl<E: Endpoint> Middleware<E> for ConvertErrors {
    type Output = ConvertErrorsEndpoint<E>;

    fn transform(&self, inner: E) -> Self::Output {
        ConvertErrorsEndpoint {
            inner,
            converter: Arc::clone(&self.0),
        }
    }
}

/// Endpoint of [`ConvertErrors`].
pub struct ConvertErrorsEndpoint<E> {
    inner: E,
    converter: Arc<Converter>,
}

impl<E: Endpoint> Endpoint for ConvertErrorsEndpoint<E> {
    type Output = Response;

    async fn call(&self, request: Request) -> Result<Response> {
        let uri = request.uri().clone();
        let reached = request.data::<Reached>().cloned();
        let shape = self.converter.shape.as_ref();
        let shape = shape.map(|shape| (shape, FailedRequest::of(&request)));
        let id = request.data::<RequestId>().map(RequestId::as_str);
        let span = tracing::error_span!(target: "kontor::request", "request", request.id = id);
        let inner = AssertUnwindSafe(self.inner.call(request))
            .catch_unwind()
            .instrument(span.clone());
        let outcome = inner.await;
        let _in_span = span.enter();
        let mut response = match outcome {
            Ok(Ok(answer)) => self.converter.answer(answer.into_response(), uri.path()),
            Ok(Err(error)) => {
                let operation = reached.and_then(|reached| reached.operation());
                self.converter.failure(error, uri.path(), operation)
            }
            Err(payload) => after_panic(payload.as_ref()),
        };
        if let Some((shape, request)) = shape {
            response = shaped(response, shape.as_ref(), &request);
        }
        // At once, instead of growing step by step on the way out.
        response.headers_mut().reserve(HEADERS_TO_COME);
        Ok(response)
    }
}

impl Converter {
    fn answer(&self, response: Response, path: &str) -> Response {
        if let Some(cause) = response.data::<InternalCause>() {
            log_cause(cause.0.as_ref());
        }
        let status = response.status();
        if !(status.is_client_error() || status.is_server_error()) || has_own_body(&response) {
            return response;
        }
        let mut converted = self.of_status(status, path).into_response();
        carry_over(response.data::<OperationId>(), &mut converted);
        for name in [header::ALLOW, header::WWW_AUTHENTICATE, header::RETRY_AFTER] {
            if let Some(value) = response.headers().get(&name) {
                converted.headers_mut().insert(name, value.clone());
            }
        }
        converted
    }

    fn failure(&self, error: Error, path: &str, reached: Option<&'static Operation>) -> Response {
        let operation = error.data::<OperationId>().copied();
        let mut response = if error.is_from_response() {
            self.answer(error.into_response(), path)
        } else {
            if let Some(cause) = error.data::<InternalCause>() {
                log_cause(cause.0.as_ref());
            }
            self.api_error(&error, path, reached).into_response()
        };
        carry_over(operation.as_ref(), &mut response);
        response
    }

    /// The messages of the framework repeat what the client sent, secrets included: none of them is passed on.
    fn api_error(
        &self,
        error: &Error,
        path: &str,
        reached: Option<&'static Operation>,
    ) -> ApiError {
        if let Some(error) = error.downcast_ref::<ApiError>() {
            error.clone()
        } else if error.is::<NotFoundError>() {
            ErrorCode::GenericEndpointUnknown.into()
        } else if error.is::<MethodNotAllowedError>() {
            self.wrong_method(path)
        } else if let Some(ParseParamError { name, reason }) = error.downcast_ref() {
            malformed(Some(name), reason)
        } else if let Some(ParsePathError { name, reason }) = error.downcast_ref() {
            malformed(path_parameter(name, reached), reason)
        } else if error.is::<ContentTypeError>() {
            wrong_content_type()
        } else if error.is::<ParseRequestPayloadError>() || error.is::<ParseMultipartError>() {
            ErrorCode::GenericJsonInvalid.into()
        } else if error.is::<AuthorizationError>() {
            self.unauthorized()
        } else if let Some(error) = error.downcast_ref::<ReadBodyError>() {
            unreadable(error)
        } else {
            self.unexpected(error, path)
        }
    }

    /// A client error of a kind that is not known here keeps its status; everything else is a fault of ours.
    fn unexpected(&self, error: &Error, path: &str) -> ApiError {
        if !error.status().is_client_error() {
            log_cause(error);
        }
        self.of_status(error.status(), path)
    }

    fn of_status(&self, status: StatusCode, path: &str) -> ApiError {
        let code = match status {
            StatusCode::UNAUTHORIZED => return self.unauthorized(),
            StatusCode::METHOD_NOT_ALLOWED => return self.wrong_method(path),
            StatusCode::UNSUPPORTED_MEDIA_TYPE => return wrong_content_type(),
            StatusCode::FORBIDDEN => ErrorCode::GenericForbidden,
            StatusCode::NOT_FOUND => ErrorCode::GenericEndpointUnknown,
            StatusCode::NOT_ACCEPTABLE => ErrorCode::GenericRequestedFormatUnsupported,
            StatusCode::PAYLOAD_TOO_LARGE => ErrorCode::GenericUploadExceedsLimit,
            StatusCode::URI_TOO_LONG => ErrorCode::GenericUriTooLong,
            StatusCode::NOT_IMPLEMENTED => ErrorCode::GenericFeatureNotImplemented,
            status if status.is_client_error() => {
                return ApiError::new(ErrorCode::GenericHttpHeadersMalformed).with_status(status);
            }
            _ => ErrorCode::GenericInternalInvariantFailure,
        };
        code.into()
    }

    fn wrong_method(&self, path: &str) -> ApiError {
        let error = ApiError::new(ErrorCode::GenericMethodInvalid);
        match self.routes.allow(path) {
            Some(allow) => error.with_header(header::ALLOW, allow),
            None => error,
        }
    }

    fn unauthorized(&self) -> ApiError {
        ApiError::new(self.unauthorized)
            .with_status(StatusCode::UNAUTHORIZED)
            .with_header(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"))
    }
}

fn shaped(response: Response, shape: &dyn FailureShape, request: &FailedRequest) -> Response {
    // A page has its shape.
    let is_error_object = response.content_type() == Some("application/json");
    let Some(error) = response.data::<ApiError>().filter(|_| is_error_object) else {
        return response;
    };
    let mut shaped = shape.shape(request, error.clone()).into_response();
    carry_over(response.data::<OperationId>(), &mut shaped);
    shaped
}

/// An error answer with a type other than plain text was made on purpose: the error body itself, or a page.
fn has_own_body(response: &Response) -> bool {
    response
        .content_type()
        .is_some_and(|content_type| !content_type.starts_with("text/plain"))
}

fn carry_over(operation: Option<&OperationId>, response: &mut Response) {
    if let Some(operation) = operation {
        response.set_data(*operation);
    }
}

fn malformed(name: Option<&str>, reason: &str) -> ApiError {
    let (code, what) = if reason.ends_with(ABSENT) {
        (ErrorCode::GenericParameterMissing, "is missing")
    } else {
        (ErrorCode::GenericParameterMalformed, "is malformed")
    };
    let error = ApiError::new(code);
    match name {
        Some(name) => error
            .with_detail(format!("the parameter `{name}` {what}"))
            .with_parameter(name),
        None => error,
    }
}

/// The name of a path parameter in the document: poem-openapi numbers those of a path and loses their names.
fn path_parameter<'n>(name: &'n str, reached: Option<&'static Operation>) -> Option<&'n str> {
    let Some(number) = name.strip_prefix("param") else {
        return Some(name);
    };
    let Ok(number) = number.parse() else {
        return Some(name);
    };
    let mut names = reached?.path.split('{').skip(1);
    names.nth(number)?.split('}').next()
}

fn wrong_content_type() -> ApiError {
    ApiError::new(ErrorCode::GenericHttpHeadersMalformed)
        .with_status(StatusCode::UNSUPPORTED_MEDIA_TYPE)
        .with_parameter("Content-Type")
}

fn unreadable(error: &ReadBodyError) -> ApiError {
    match error {
        ReadBodyError::PayloadTooLarge => ErrorCode::GenericUploadExceedsLimit.into(),
        ReadBodyError::Utf8(_) | ReadBodyError::Io(_) => ErrorCode::GenericJsonInvalid.into(),
        ReadBodyError::BodyHasBeenTaken => {
            log_cause(error);
            ErrorCode::GenericInternalInvariantFailure.into()
        }
    }
}

fn after_panic(payload: &(dyn Any + Send)) -> Response {
    if !PANICS_ARE_LOGGED.load(Ordering::Relaxed) {
        tracing::error!(target: "kontor::error", { panic.message = panic_message(payload) }, "panic");
    }
    ApiError::new(ErrorCode::GenericInternalInvariantFailure).into_response()
}

fn panic_message(payload: &dyn Any) -> &str {
    payload
        .downcast_ref::<&str>()
        .copied()
        .or_else(|| payload.downcast_ref::<String>().map(String::as_str))
        .unwrap_or("a panic without a message")
}

/// An error and what caused it, in one line; a cause that only repeats the text before it is left out.
fn chain(error: &(dyn StdError + 'static)) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        let message = error.to_string();
        if !text.ends_with(&message) {
            // Writing to a string cannot fail.
            let _ = write!(text, ": {message}");
        }
        cause = error.source();
    }
    text
}

#[cfg(test)]
mod tests;
