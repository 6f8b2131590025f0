//! What can go wrong in an operation, and the one table from there to status, code and hint.

use std::time::Duration;

use kontor_openapi::{ApiError, ErrorCode};
use poem::http::{HeaderValue, StatusCode, header};

use crate::{
    auth::{HashError, HasherBusy, PasswordHashError},
    db::DatabaseError,
    http::{errors::log_cause, outbound::WrongUrl},
    secrets::UnknownKey,
    tan::DeliveryError,
};

/// When to try an address again that could not be reached.
const UNREACHABLE_RETRY: Duration = Duration::from_secs(60);

/// A failure of an operation.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// No instance of that name.
    #[error("there is no such instance")]
    InstanceUnknown,
    /// The instance was deleted; its data are still there.
    #[error("the instance was deleted")]
    InstanceDeleted,
    /// No credential, or a bad, unknown or expired one.
    #[error("no valid credential")]
    Unauthorized,
    /// A live credential without the permission.
    #[error("the credential lacks a permission: {0}")]
    PermissionInsufficient(String),
    /// Too many logins failed.
    #[error("too many failed logins")]
    LoginLimited {
        /// When the next attempt is allowed.
        retry_after: Duration,
    },
    /// Too many passwords are being hashed.
    #[error("too many passwords are being hashed")]
    HashingBusy {
        /// When to try again.
        retry_after: Duration,
    },
    /// A value that its schema allows and its operation does not.
    #[error("`{parameter}` {reason}")]
    Malformed {
        /// The parameter or member.
        parameter: &'static str,
        /// What is wrong with it.
        reason: &'static str,
    },
    /// A URL that this server does not call.
    #[error("`{parameter}` is no URL that is called: {reason}")]
    WrongUrl {
        /// The parameter or member.
        parameter: &'static str,
        /// What is wrong with it.
        reason: WrongUrl,
    },
    /// Credentials that an instance cannot have, in a body that creates it.
    #[error("the new instance cannot have these credentials")]
    BadAuthAtCreation(&'static str),
    /// Credentials that an instance cannot have.
    #[error("the instance cannot have these credentials")]
    BadAuth(&'static str),
    /// The id belongs to another instance.
    #[error("an instance of that id exists with other settings")]
    InstanceExists,
    /// The id belongs to a deleted instance, or the instance cannot be deleted so.
    #[error("the instance conflicts: {0}")]
    PurgeRequired(&'static str),
    /// A deleted instance cannot be changed.
    #[error("a deleted instance cannot be changed")]
    DeletedUnchangeable,
    /// Nobody can sign up by himself, or not for this id.
    #[error("{0}")]
    SignUpRefused(&'static str),
    /// A member that the schema allows to leave out and the operation does not.
    #[error("`{0}` is missing")]
    Missing(&'static str),
    /// No such path, for a value of a path parameter.
    #[error("there is no such path")]
    PathUnknown,
    /// Too many requests of this kind from one network.
    #[error("too many requests from one network")]
    Limited {
        /// When the next one is looked at.
        retry_after: Duration,
    },
    /// A code is needed, and the instance has no address that one can be sent to.
    #[error("no address that a code can be sent to")]
    MfaMissing,
    /// A code is needed, and no more can be sent for now.
    #[error("too many codes were sent")]
    MfaForbidden {
        /// When the next one can be sent.
        retry_after: Duration,
    },
    /// What a request was confirmed for changed, or somebody else used the confirmation; it has to be tried anew.
    #[error("the confirmation does not hold any more")]
    ConfirmationStale,
    /// No challenge with that id.
    #[error("there is no such challenge")]
    ChallengeUnknown,
    /// The challenge was solved before.
    #[error("the challenge is solved")]
    ChallengeSolved,
    /// A code was sent a moment ago, or too many of late.
    #[error("too early for another code")]
    CodeTooEarly {
        /// When one can be sent.
        retry_after: Duration,
    },
    /// There is no code to be tried.
    #[error("no attempts are left")]
    NoAttemptsLeft {
        /// When a code can be sent.
        retry_after: Duration,
    },
    /// A code that was not delivered, as far as is known.
    #[error(transparent)]
    CodeUndelivered(DeliveryError),
    /// No token with that serial.
    #[error("there is no such token")]
    TokenUnknown,
    /// No OTP device of that name in the instance.
    #[error("there is no such OTP device")]
    OtpDeviceUnknown,
    /// The name belongs to an OTP device with other values.
    #[error("an OTP device of that id exists with other values")]
    OtpDeviceExists,
    /// None of the representations that the client takes.
    #[error("no representation that the client takes")]
    NotAcceptable,
    /// The operator configured nothing for this.
    #[error("not configured")]
    NotConfigured(&'static str),
    /// A payto URI that cannot be the account of an instance.
    #[error("no payto URI of an account: {0}")]
    Payto(String),
    /// Text that is no wire hash.
    #[error("no wire hash")]
    WireHashMalformed,
    /// The instance has no account with that wire hash.
    #[error("there is no such bank account")]
    AccountUnknown,
    /// The account is active with other settings.
    #[error("the bank account is active with other settings")]
    AccountExists,
    /// An instance has as many accounts as it may have.
    #[error("too many bank accounts")]
    TooManyAccounts,
    /// An instance has as many OTP devices as it may have.
    #[error("too many OTP devices")]
    TooManyOtpDevices,
    /// A payment provider that is not configured.
    #[error("the payment provider is not trusted")]
    ExchangeUntrusted,
    /// The keys of a payment provider are not known.
    #[error("the payment provider's keys are not known: {0}")]
    ExchangeUnreachable(String),
    /// A payment provider that does not know what it is needed for.
    #[error("the payment provider is too old")]
    ExchangeTooOld,
    /// The payment provider has no account that the instance's account can send to.
    #[error("the payment provider cannot be sent to")]
    AccountNotEligible,
    /// The database.
    #[error(transparent)]
    Database(#[from] DatabaseError),
    /// A defect, or a stored value that cannot be.
    #[error("{0}")]
    Internal(String),
}

impl Error {
    /// Too many requests from one network, for so many microseconds more.
    #[must_use]
    pub fn limited(retry_after_us: i64) -> Self {
        let retry_after = Duration::from_micros(retry_after_us.unsigned_abs());
        Self::Limited { retry_after }
    }

    /// Too many codes, for so many microseconds more.
    #[must_use]
    pub fn mfa_forbidden(retry_after_us: i64) -> Self {
        let retry_after = Duration::from_micros(retry_after_us.unsigned_abs());
        Self::MfaForbidden { retry_after }
    }
}

impl From<HashError> for Error {
    fn from(error: HashError) -> Self {
        match error {
            HashError::Busy(HasherBusy { retry_after }) => Self::HashingBusy { retry_after },
            other => Self::Internal(other.to_string()),
        }
    }
}

impl From<PasswordHashError> for Error {
    fn from(error: PasswordHashError) -> Self {
        Self::Internal(error.to_string())
    }
}

impl From<UnknownKey> for Error {
    fn from(error: UnknownKey) -> Self {
        Self::Internal(error.to_string())
    }
}

/// The table. What is the server's fault is logged here, once, with all its causes; the client learns the code alone.
impl From<Error> for ApiError {
    fn from(error: Error) -> Self {
        use ErrorCode::*;
        match error {
            Error::InstanceUnknown => MerchantGenericInstanceUnknown.into(),
            Error::InstanceDeleted => MerchantGenericInstanceDeleted.into(),
            Error::Unauthorized => unauthorized(),
            Error::PermissionInsufficient(detail) => {
                Self::new(GenericTokenPermissionInsufficient).with_detail(detail)
            }
            Error::LoginLimited { retry_after } | Error::Limited { retry_after } => {
                Self::new(MerchantMfaForbidden)
                    .with_status(StatusCode::TOO_MANY_REQUESTS)
                    .with_retry_after(retry_after)
            }
            Error::HashingBusy { retry_after } => Self::new(GenericOsResourceAllocationFailure)
                .with_status(StatusCode::SERVICE_UNAVAILABLE)
                .with_retry_after(retry_after),
            Error::Malformed { parameter, reason } => Self::new(GenericParameterMalformed)
                .with_detail(format!("`{parameter}` {reason}"))
                .with_parameter(parameter),
            Error::WrongUrl { parameter, reason } => Self::new(GenericParameterMalformed)
                .with_detail(format!("`{parameter}`: {reason}"))
                .with_parameter(parameter),
            Error::BadAuthAtCreation(reason) => Self::new(MerchantPrivatePostInstancesBadAuth)
                .with_detail(reason)
                .with_parameter("auth"),
            Error::BadAuth(reason) => {
                Self::new(MerchantPrivatePostInstanceAuthBadAuth).with_detail(reason)
            }
            Error::InstanceExists => MerchantPrivatePostInstancesAlreadyExists.into(),
            Error::PurgeRequired(reason) => {
                Self::new(MerchantPrivatePostInstancesPurgeRequired).with_detail(reason)
            }
            Error::DeletedUnchangeable => MerchantPrivatePatchInstancesPurgeRequired.into(),
            Error::SignUpRefused(reason) => Self::new(MerchantGenericUnauthorized)
                .with_status(StatusCode::FORBIDDEN)
                .with_detail(reason),
            Error::Missing(parameter) => Self::new(GenericParameterMissing)
                .with_detail(format!("`{parameter}` is missing"))
                .with_parameter(parameter),
            Error::PathUnknown => GenericEndpointUnknown.into(),
            Error::MfaMissing => MerchantGenericMfaMissing.into(),
            Error::MfaForbidden { retry_after } => mfa_forbidden(retry_after),
            Error::ChallengeUnknown => MerchantTanChallengeUnknown.into(),
            Error::ChallengeSolved => MerchantTanChallengeSolved.into(),
            Error::CodeTooEarly { retry_after } => {
                Self::new(MerchantTanTooEarly).with_retry_after(retry_after)
            }
            Error::NoAttemptsLeft { retry_after } => {
                Self::new(MerchantTanTooManyAttempts).with_retry_after(retry_after)
            }
            Error::CodeUndelivered(error) => undelivered(error),
            Error::TokenUnknown => MerchantGenericAccessTokenUnknown.into(),
            Error::OtpDeviceUnknown => MerchantGenericOtpDeviceUnknown.into(),
            Error::OtpDeviceExists => MerchantPrivatePostOtpDevicesConflictOtpDeviceExists.into(),
            Error::NotAcceptable => GenericRequestedFormatUnsupported.into(),
            Error::NotConfigured(what) => Self::new(GenericFeatureNotImplemented).with_detail(what),
            Error::Payto(reason) => Self::new(GenericPaytoUriMalformed)
                .with_detail(reason)
                .with_parameter("payto_uri"),
            Error::WireHashMalformed => {
                Self::new(MerchantGenericHWireMalformed).with_parameter("h_wire")
            }
            Error::AccountUnknown => MerchantGenericAccountUnknown.into(),
            Error::AccountExists => MerchantPrivateAccountExists.into(),
            Error::TooManyAccounts => Self::new(MerchantPrivateAccountExists)
                .with_detail("an instance cannot have more than 100 bank accounts"),
            Error::TooManyOtpDevices => {
                Self::new(MerchantPrivatePostOtpDevicesConflictOtpDeviceExists)
                    .with_detail("an instance cannot have more than 1000 OTP devices")
            }
            Error::ExchangeUntrusted => {
                Self::new(MerchantGenericExchangeUntrusted).with_parameter("exchange_url")
            }
            Error::ExchangeUnreachable(reason) => {
                Self::new(MerchantPostAccountsKycauthExchangeUnreachable).with_detail(reason)
            }
            Error::ExchangeTooOld => MerchantPostAccountsExchangeTooOld.into(),
            Error::AccountNotEligible => MerchantPrivateAccountNotEligibleForExchange.into(),
            Error::Database(error) => {
                log_cause(&error);
                database_code(&error).into()
            }
            Error::Internal(_) | Error::ConfirmationStale => {
                log_cause(&error);
                GenericInternalInvariantFailure.into()
            }
        }
    }
}

/// The time stands in the text: not every 403 of these operations has it.
fn mfa_forbidden(retry_after: Duration) -> ApiError {
    let seconds = retry_after.as_secs().max(1);
    ApiError::new(ErrorCode::MerchantMfaForbidden)
        .with_detail(format!(
            "too many codes were sent; try again in {seconds} s"
        ))
        .with_retry_after(retry_after)
}

fn undelivered(error: DeliveryError) -> ApiError {
    use ErrorCode::*;
    match error {
        DeliveryError::AddressUnusable => MerchantTanAddressUnusable.into(),
        DeliveryError::AddressUnreachable => {
            ApiError::new(MerchantTanAddressUnreachable).with_retry_after(UNREACHABLE_RETRY)
        }
        DeliveryError::Misconfigured => MerchantTanHelperMisconfigured.into(),
        DeliveryError::Failed | DeliveryError::OutcomeUnknown => {
            MerchantTanMfaHelperExecFailed.into()
        }
    }
}

fn unauthorized() -> ApiError {
    let challenge = HeaderValue::from_static("Bearer realm=\"kontor\", Basic realm=\"kontor\"");
    ApiError::new(ErrorCode::MerchantGenericUnauthorized)
        .with_header(header::WWW_AUTHENTICATE, challenge)
}

/// The code of what went wrong in the database.
#[must_use]
pub fn database_code(error: &DatabaseError) -> ErrorCode {
    use ErrorCode::*;
    match error {
        DatabaseError::Url(_)
        | DatabaseError::File { .. }
        | DatabaseError::AlreadyServed { .. }
        | DatabaseError::ManyNames { .. } => GenericDbSetupFailed,
        DatabaseError::TooNew { .. } | DatabaseError::Migrate(_) => GenericDbSetupFailed,
        DatabaseError::Start(_) | DatabaseError::Closed => GenericDbStartFailed,
        DatabaseError::Store(_) => GenericDbStoreFailed,
        DatabaseError::Fetch(_) => GenericDbFetchFailed,
        DatabaseError::Commit(_) => GenericDbCommitFailed,
        DatabaseError::Soft(_) | DatabaseError::Deadline => GenericDbSoftFailure,
        DatabaseError::Invariant(_) | DatabaseError::Panic | DatabaseError::Nested => {
            GenericDbInvariantFailure
        }
    }
}
