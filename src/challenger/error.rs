//! What can go wrong in an operation of the Challenger, and the one table from there to status, code and hint.

use std::time::Duration;

use kontor_openapi::{ApiError, ErrorCode};
use poem::http::{HeaderValue, StatusCode, header};

use super::address::{AddressError, Field};
use crate::{
    db::DatabaseError, error::database_code, http::errors::log_cause, metrics::Refusal,
    secrets::UnknownKey, tan::DeliveryError,
};

/// When to try an address again that could not be reached.
const UNREACHABLE_RETRY: Duration = Duration::from_secs(60);

/// A failure of an operation.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A parameter that is needed here.
    #[error("`{0}` is missing")]
    Missing(&'static str),
    /// A value that its schema allows and its operation does not.
    #[error("`{parameter}` {reason}")]
    Malformed {
        /// The parameter or member.
        parameter: &'static str,
        /// What is wrong with it.
        reason: &'static str,
    },
    /// A field that does not fit the operator's restriction.
    #[error("{0} does not fit its restriction")]
    Restricted(Field),
    /// No such client, or not its secret.
    #[error("there is no such client")]
    ClientUnknown,
    /// The client or the redirect URI of a browser's request is not that of the validation.
    #[error("the client or its redirect URI is another one")]
    ClientMismatch,
    /// No live validation with that nonce, or the person was not sent there yet.
    #[error("there is no such validation")]
    ValidationUnknown,
    /// Everything is used up.
    #[error("the validation has failed")]
    ValidationFailed,
    /// The client fixed the address.
    #[error("the address is fixed")]
    AddressFixed,
    /// No other address can be given.
    #[error("no other address can be given")]
    NoChangesLeft {
        /// When the validation ends.
        retry_after: Duration,
    },
    /// No more codes to this address.
    #[error("no more codes can be sent to this address")]
    NoTransmissionsLeft {
        /// When the validation ends.
        retry_after: Duration,
    },
    /// Too many codes to this address of late, or too many that could not be sent.
    #[error("too many codes were sent to this address")]
    Blocked {
        /// When the next one can be sent.
        retry_after: Duration,
    },
    /// A code that was not delivered, as far as is known.
    #[error(transparent)]
    CodeUndelivered(DeliveryError),
    /// Nothing was sent that could be tried.
    #[error("no code was sent yet")]
    NothingSent,
    /// The last code can be tried no more.
    #[error("no attempts are left")]
    NoAttemptsLeft {
        /// When another code can be sent.
        retry_after: Duration,
    },
    /// The client has as many validations open as it may.
    #[error("the client has too many open validations")]
    TooManyOpen {
        /// When the first of them ends.
        retry_after: Duration,
    },
    /// A grant that there is not.
    #[error("the grant type is not supported")]
    GrantTypeUnsupported,
    /// Not the secret of the client.
    #[error("the client is not authenticated")]
    ClientUnauthenticated,
    /// No authorization code, or one without its verifier.
    #[error("the authorization code is not good for this request")]
    CodeMalformed(&'static str),
    /// An authorization code that is unknown, used or expired.
    #[error("the authorization code is unknown, used or expired")]
    GrantUnknown,
    /// The redirect URI of a token request is not that of the code.
    #[error("the redirect URI is not that of the code")]
    RedirectMismatch,
    /// No live access token.
    #[error("there is no such token")]
    TokenUnknown {
        /// Whether there was one at all.
        presented: bool,
    },
    /// None of the representations that the client takes.
    #[error("no representation that the client takes")]
    NotAcceptable,
    /// The operator configured nothing for this.
    #[error("not configured")]
    NotConfigured(&'static str),
    /// The database.
    #[error(transparent)]
    Database(#[from] DatabaseError),
    /// A defect, or a stored value that cannot be.
    #[error("{0}")]
    Internal(String),
}

impl Error {
    /// As what it is counted, where it is.
    #[must_use]
    pub const fn refusal(&self) -> Option<Refusal> {
        Some(match self {
            Self::ClientUnknown | Self::ClientUnauthenticated => Refusal::Client,
            Self::GrantUnknown | Self::CodeMalformed(_) | Self::RedirectMismatch => Refusal::Code,
            Self::NoChangesLeft { .. } => Refusal::NoChanges,
            Self::NoTransmissionsLeft { .. } => Refusal::NoTransmissions,
            Self::NoAttemptsLeft { .. } => Refusal::NoAttempts,
            Self::ValidationFailed => Refusal::Failed,
            Self::TooManyOpen { .. } => Refusal::TooManyOpen,
            _ => return None,
        })
    }
}

impl From<UnknownKey> for Error {
    fn from(error: UnknownKey) -> Self {
        Self::Internal(error.to_string())
    }
}

impl From<AddressError> for Error {
    fn from(error: AddressError) -> Self {
        match error {
            AddressError::Missing(field) => Self::Missing(field.as_str()),
            AddressError::Malformed(field, reason) => Self::Malformed {
                parameter: field.as_str(),
                reason,
            },
            AddressError::Restricted(field) => Self::Restricted(field),
        }
    }
}

/// The table. What is the server's fault is logged here, once, with all its causes; the client learns the code alone.
impl From<Error> for ApiError {
    fn from(error: Error) -> Self {
        use ErrorCode::*;
        match error {
            Error::Missing(parameter) => Self::new(GenericParameterMissing)
                .with_detail(format!("`{parameter}` is missing"))
                .with_parameter(parameter),
            Error::Malformed { parameter, reason } => Self::new(GenericParameterMalformed)
                .with_detail(format!("`{parameter}` {reason}"))
                .with_parameter(parameter),
            Error::Restricted(field) => Self::new(ChallengerAddressRestrictionViolated)
                .with_detail(field.as_str())
                .with_parameter(field.as_str()),
            Error::ClientUnknown => ChallengerGenericClientUnknown.into(),
            Error::ClientMismatch => Self::new(ChallengerGenericClientForbiddenBadRedirectUri)
                .with_header(header::WWW_AUTHENTICATE, BEARER),
            Error::ValidationUnknown => ChallengerGenericValidationUnknown.into(),
            Error::ValidationFailed => ChallengerValidationFailed.into(),
            Error::AddressFixed => ChallengerClientForbiddenReadOnly.into(),
            Error::NoChangesLeft { retry_after } => {
                Self::new(ChallengerTooManyAddressChanges).with_retry_after(retry_after)
            }
            Error::NoTransmissionsLeft { retry_after } => {
                Self::new(ChallengerTooManyPinTransmissions).with_retry_after(retry_after)
            }
            Error::Blocked { retry_after } => {
                Self::new(ChallengerTooManyAttempts).with_retry_after(retry_after)
            }
            Error::TooManyOpen { retry_after } => Self::new(ChallengerTooManyAttempts)
                .with_detail("this client has too many open validations")
                .with_retry_after(retry_after),
            Error::CodeUndelivered(error) => undelivered(error),
            Error::NothingSent => ChallengerNoChallengeTransmitted.into(),
            Error::NoAttemptsLeft { retry_after } => {
                Self::new(ChallengerNoPinAttemptsLeft).with_retry_after(retry_after)
            }
            Error::GrantTypeUnsupported => Self::new(GenericParameterMalformed)
                .with_detail("`grant_type` has to be authorization_code")
                .with_parameter("grant_type")
                .with_oauth_error("unsupported_grant_type"),
            Error::ClientUnauthenticated => Self::new(ChallengerClientAuthenticationFailed)
                .with_header(header::WWW_AUTHENTICATE, BASIC)
                .with_oauth_error("invalid_client"),
            Error::CodeMalformed(reason) => Self::new(ChallengerClientForbiddenBadCode)
                .with_detail(reason)
                .with_oauth_error("invalid_grant"),
            Error::GrantUnknown => {
                Self::new(ChallengerGrantUnknown).with_oauth_error("invalid_grant")
            }
            Error::RedirectMismatch => Self::new(ChallengerGenericClientForbiddenBadRedirectUri)
                .with_status(StatusCode::BAD_REQUEST)
                .with_parameter("redirect_uri")
                .with_oauth_error("invalid_grant"),
            Error::TokenUnknown { presented } => Self::new(ChallengerTokenUnknown)
                .with_header(
                    header::WWW_AUTHENTICATE,
                    if presented { INVALID_TOKEN } else { BEARER },
                )
                .with_oauth_error("invalid_token"),
            Error::NotAcceptable => GenericRequestedFormatUnsupported.into(),
            Error::NotConfigured(what) => Self::new(GenericFeatureNotImplemented).with_detail(what),
            Error::Database(error) => {
                log_cause(&error);
                database_code(&error).into()
            }
            Error::Internal(_) => {
                log_cause(&error);
                GenericInternalInvariantFailure.into()
            }
        }
    }
}

const BEARER: HeaderValue = HeaderValue::from_static("Bearer realm=\"challenger\"");
const BASIC: HeaderValue = HeaderValue::from_static("Basic realm=\"challenger\"");
/// As RFC 6750 §3 has it for a token that is not good.
const INVALID_TOKEN: HeaderValue =
    HeaderValue::from_static("Bearer realm=\"challenger\", error=\"invalid_token\"");

fn undelivered(error: DeliveryError) -> ApiError {
    use ErrorCode::*;
    match error {
        DeliveryError::AddressUnusable => ChallengerAddressUnusable.into(),
        DeliveryError::AddressUnreachable => {
            ApiError::new(ChallengerAddressUnreachable).with_retry_after(UNREACHABLE_RETRY)
        }
        DeliveryError::Misconfigured => ChallengerHelperMisconfigured.into(),
        DeliveryError::Failed | DeliveryError::OutcomeUnknown => ChallengerHelperExecFailed.into(),
    }
}
