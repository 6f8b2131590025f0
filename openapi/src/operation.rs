//! What is known of an operation, and the gate in front of it.

use std::{future::Future, marker::PhantomData, sync::Arc};

use poem::{FromRequest, Request, RequestBody};
use poem_openapi::{
    ApiExtractor, ApiExtractorType, ExtractParamOptions,
    registry::{MetaSecurityScheme, Registry},
};

use crate::{ApiError, ErrorCode};

/// One operation of a document.
#[derive(Debug, PartialEq, Eq)]
pub struct Operation {
    /// `operationId`: verb and noun, stable for ever.
    pub id: &'static str,
    /// The HTTP method, in capitals.
    pub method: &'static str,
    /// The path template, without the instance's prefix.
    pub path: &'static str,
    /// The tag: which trait the operation belongs to.
    pub tag: &'static str,
    /// Whether the operation exists at the root only, not below an instance.
    pub root_only: bool,
    /// Whether a self-provisioned instance may call it while it lacks a mandatory factor.
    pub usable_before_validation: bool,
    /// The alternatives of which a caller must satisfy one; none for an operation that knows no credentials.
    pub security: &'static [Requirement],
    /// Whether a request without a credential is let in.
    pub public: bool,
    /// The statuses of the reply enum.
    pub successes: &'static [u16],
    /// The documented failures.
    pub failures: &'static [Failure],
    /// Where in the body something malformed has a code of its own, by JSON pointer.
    pub malformed: &'static [(&'static str, ErrorCode)],
}

impl Operation {
    /// The permission that an access token must grant, where the operation asks for one.
    #[must_use]
    pub fn permission(&self) -> Option<&'static str> {
        self.security
            .iter()
            .find_map(|requirement| requirement.permission)
    }

    /// Whether an answer with this status and code is documented.
    #[must_use]
    pub fn documents(&self, status: u16, code: ErrorCode) -> bool {
        self.failures
            .iter()
            .any(|failure| failure.status == status && failure.codes.contains(&code))
    }

    /// The name of the path parameter at a position, counted from 0.
    #[must_use]
    pub fn path_parameter(&self, position: usize) -> Option<&'static str> {
        self.path
            .split('/')
            .filter_map(|segment| segment.strip_prefix('{')?.strip_suffix('}'))
            .nth(position)
    }
}

/// A security scheme that an operation accepts.
#[derive(Debug, PartialEq, Eq)]
pub struct Requirement {
    /// The scheme's name in the document.
    pub scheme: &'static str,
    /// The permission that goes with it.
    pub permission: Option<&'static str>,
}

/// A documented failure of an operation.
#[derive(Debug, PartialEq, Eq)]
pub struct Failure {
    /// The HTTP status.
    pub status: u16,
    /// What it means.
    pub description: &'static str,
    /// The codes that go with it.
    pub codes: &'static [ErrorCode],
    /// The headers that go with it.
    pub headers: &'static [&'static str],
    /// The media types that it is written in.
    pub media_types: &'static [&'static str],
}

/// A type that stands for an operation.
pub trait Described: Send + Sync + 'static {
    /// The operation.
    fn operation() -> &'static Operation;
}

/// Decides who may call an operation.
///
/// Generated routes ask it before they read the body; a method of a generated trait can only be reached with what it
/// returned.
pub trait Gate: Send + Sync + 'static {
    /// Proof that a public operation may be called: what it addresses exists.
    type Visitor: Send;
    /// Proof that a credential with the operation's permission was presented.
    type Caller: Send;
    /// What can go wrong in a handler.
    type Error: Into<ApiError>;

    /// Lets a request to a public operation in.
    fn admit(
        &self,
        request: &Request,
        operation: &'static Operation,
    ) -> impl Future<Output = Result<Self::Visitor, Self::Error>> + Send;

    /// Lets a request to a protected operation in.
    fn authorize(
        &self,
        request: &Request,
        operation: &'static Operation,
    ) -> impl Future<Output = Result<Self::Caller, Self::Error>> + Send;
}

/// An admitted visitor of a public operation.
pub struct Admitted<T: Gate, O>(pub T::Visitor, PhantomData<O>);

impl<'a, T: Gate, O: Described> FromRequest<'a> for Admitted<T, O> {
    async fn from_request(request: &'a Request, _body: &mut RequestBody) -> poem::Result<Self> {
        let visitor = gate::<T>(request)?
            .admit(request, O::operation())
            .await
            .map_err(Into::into)?;
        Ok(Self(visitor, PhantomData))
    }
}

/// An authorised caller of a protected operation.
pub struct Authorized<T: Gate, O>(pub T::Caller, PhantomData<O>);

impl<'a, T: Gate, O: Described> FromRequest<'a> for Authorized<T, O> {
    async fn from_request(request: &'a Request, _body: &mut RequestBody) -> poem::Result<Self> {
        let caller = gate::<T>(request)?
            .authorize(request, O::operation())
            .await
            .map_err(Into::into)?;
        Ok(Self(caller, PhantomData))
    }
}

/// The gate travels with the request, because poem-openapi hands extractors nothing else.
fn gate<T: Gate>(request: &Request) -> Result<&Arc<T>, ApiError> {
    request
        .data::<Arc<T>>()
        .ok_or_else(|| ApiError::new(ErrorCode::GenericInternalInvariantFailure))
}

/// A security scheme of a document.
pub trait Scheme: Send {
    /// Its name among the components.
    const NAME: &'static str;
    /// Its HTTP authentication scheme.
    const HTTP: &'static str;
}

/// Declares a security scheme in the document that poem-openapi derives. It checks nothing: [`Authorized`] does.
pub struct Declared<S>(PhantomData<S>);

impl<'a, S: Scheme> ApiExtractor<'a> for Declared<S> {
    const TYPES: &'static [ApiExtractorType] = &[ApiExtractorType::SecurityScheme];

    type ParamType = ();
    type ParamRawType = ();

    fn register(registry: &mut Registry) {
        registry.create_security_scheme(
            S::NAME,
            MetaSecurityScheme {
                ty: "http",
                description: None,
                name: None,
                key_in: None,
                scheme: Some(S::HTTP),
                bearer_format: None,
                flows: None,
                openid_connect_url: None,
            },
        );
    }

    fn security_schemes() -> Vec<&'static str> {
        vec![S::NAME]
    }

    async fn from_request(
        _request: &'a Request,
        _body: &mut RequestBody,
        _options: ExtractParamOptions<()>,
    ) -> poem::Result<Self> {
        Ok(Self(PhantomData))
    }
}
