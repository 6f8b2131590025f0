//! Why a message did not arrive, as far as whoever asked for it is told.

use serde::Serialize;

/// Why a message did not arrive. The whole cause is in the log.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, thiserror::Error)]
#[serde(rename_all = "kebab-case")]
pub enum DeliveryError {
    /// The address will never work.
    #[error("the address cannot be used")]
    AddressUnusable,
    /// The address is right, but its owner cannot be reached now.
    #[error("the address cannot be reached at present")]
    AddressUnreachable,
    /// The operator has to mend something.
    #[error("the delivery of codes is not set up correctly")]
    Misconfigured,
    /// The message was not sent; another attempt may succeed.
    #[error("the code could not be sent")]
    Failed,
    /// It is not known whether the message was sent.
    #[error("it is not known whether the code was sent")]
    OutcomeUnknown,
}

impl DeliveryError {
    /// Whether the message certainly did not go out, so that it need not be counted.
    #[must_use]
    pub const fn is_surely_unsent(self) -> bool {
        match self {
            Self::AddressUnusable
            | Self::AddressUnreachable
            | Self::Misconfigured
            | Self::Failed => true,
            Self::OutcomeUnknown => false,
        }
    }
}

/// A delivery that did not succeed, with its cause for the log.
#[derive(Debug)]
pub(super) struct Failure {
    pub error: DeliveryError,
    /// It may hold what a program or server said, and with it code and address: to be cleaned before it is logged.
    pub cause: String,
}

impl Failure {
    pub fn new(error: DeliveryError, cause: impl Into<String>) -> Self {
        Self {
            error,
            cause: cause.into(),
        }
    }
}
