//! Why it does not go on.

use std::time::Duration;

use askama::Template;
use kontor_openapi::ErrorCode;
use poem::http::StatusCode;

use super::{
    Frame, Language, Page, Pages,
    problem::retry,
    texts::{DeadEndTexts, DeadEnds},
};

/// What the page shows in place of a step.
#[derive(Clone, Copy, Debug)]
pub struct DeadEnd<'a> {
    /// Why.
    pub reason: Reason,
    /// When it is worth to try again, where that is known.
    pub retry_after: Option<Duration>,
    /// Which validation it is, if there is one: where the reason is one that passes, there is a link back to it.
    pub nonce: Option<&'a str>,
    /// What the operator finds the request by.
    pub request_id: Option<&'a str>,
}

/// A reason why it does not go on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reason {
    /// The validation is unknown, or has expired.
    UnknownValidation,
    /// Client or redirect URI are not those of the validation. Nothing is sent there.
    WrongLink,
    /// All changes, transmissions and guesses are used up.
    Failed,
    /// A cap is reached, or the address is blocked for a while.
    TooManyAttempts,
    /// The request is not what it should be.
    Malformed,
    /// The validation is at another step.
    NotPossible,
    /// The address cannot be reached at the moment.
    Unreachable,
    /// What sends messages failed.
    SendingFailed,
    /// The service is at fault.
    ServerFault,
    /// It took too long, or too many want something at once.
    Busy,
    /// What was sent is too large.
    TooLarge,
    /// There is no such page.
    UnknownPage,
    /// The page is not to be asked for like this.
    WrongMethod,
}

#[derive(Template)]
#[template(path = "dead_end.html")]
struct DeadEndPage<'a> {
    frame: Frame<'a>,
    texts: DeadEndTexts,
    retry: Option<String>,
    back_url: Option<String>,
}

impl Reason {
    /// Every reason.
    pub const ALL: [Self; 13] = [
        Self::UnknownValidation,
        Self::WrongLink,
        Self::Failed,
        Self::TooManyAttempts,
        Self::Malformed,
        Self::NotPossible,
        Self::Unreachable,
        Self::SendingFailed,
        Self::ServerFault,
        Self::Busy,
        Self::TooLarge,
        Self::UnknownPage,
        Self::WrongMethod,
    ];

    /// The reason that an error of the interface is to a person.
    #[must_use]
    pub fn of(code: ErrorCode, status: StatusCode) -> Self {
        match code {
            ErrorCode::ChallengerGenericValidationUnknown => Self::UnknownValidation,
            ErrorCode::ChallengerGenericClientUnknown
            | ErrorCode::ChallengerGenericClientForbiddenBadRedirectUri => Self::WrongLink,
            ErrorCode::ChallengerValidationFailed => Self::Failed,
            ErrorCode::ChallengerTooManyAttempts => Self::TooManyAttempts,
            ErrorCode::ChallengerAddressUnreachable => Self::Unreachable,
            ErrorCode::ChallengerHelperExecFailed => Self::SendingFailed,
            ErrorCode::ChallengerClientForbiddenReadOnly
            | ErrorCode::ChallengerInvalidPin
            | ErrorCode::ChallengerNoChallengeTransmitted
            | ErrorCode::ChallengerTooManyAddressChanges
            | ErrorCode::ChallengerTooManyPinTransmissions
            | ErrorCode::ChallengerNoPinAttemptsLeft => Self::NotPossible,
            _ => Self::of_status(status),
        }
    }

    fn of_status(status: StatusCode) -> Self {
        match status {
            StatusCode::NOT_FOUND => Self::UnknownPage,
            StatusCode::METHOD_NOT_ALLOWED => Self::WrongMethod,
            StatusCode::PAYLOAD_TOO_LARGE | StatusCode::URI_TOO_LONG => Self::TooLarge,
            StatusCode::TOO_MANY_REQUESTS | StatusCode::REQUEST_TIMEOUT => Self::Busy,
            StatusCode::SERVICE_UNAVAILABLE | StatusCode::GATEWAY_TIMEOUT => Self::Busy,
            status if status.is_client_error() => Self::Malformed,
            _ => Self::ServerFault,
        }
    }

    const fn texts(self, dead_ends: &DeadEnds) -> DeadEndTexts {
        match self {
            Self::UnknownValidation => dead_ends.unknown_validation,
            Self::WrongLink => dead_ends.wrong_link,
            Self::Failed => dead_ends.failed,
            Self::TooManyAttempts => dead_ends.too_many_attempts,
            Self::Malformed => dead_ends.malformed,
            Self::NotPossible => dead_ends.not_possible,
            Self::Unreachable => dead_ends.unreachable,
            Self::SendingFailed => dead_ends.sending_failed,
            Self::ServerFault => dead_ends.server_fault,
            Self::Busy => dead_ends.busy,
            Self::TooLarge => dead_ends.too_large,
            Self::UnknownPage => dead_ends.unknown_page,
            Self::WrongMethod => dead_ends.wrong_method,
        }
    }

    /// Whether the same request may go through later.
    const fn passes(self) -> bool {
        matches!(
            self,
            Self::TooManyAttempts
                | Self::Unreachable
                | Self::SendingFailed
                | Self::ServerFault
                | Self::Busy
        )
    }

    /// Whether the validation itself may still go on.
    const fn leaves_validation(self) -> bool {
        !matches!(
            self,
            Self::UnknownValidation | Self::WrongLink | Self::Failed | Self::UnknownPage
        )
    }
}

impl Pages {
    /// The page that says why it does not go on, and what can be done.
    #[must_use]
    pub fn dead_end(&self, language: Language, end: &DeadEnd<'_>) -> Page {
        let texts = language.texts();
        let reason = end.reason.texts(&texts.dead_ends);
        let nonce = end.nonce.filter(|_| end.reason.leaves_validation());
        let page = DeadEndPage {
            frame: Frame {
                request_id: end.request_id,
                ..self.frame(language, reason.heading, nonce)
            },
            texts: reason,
            retry: end.reason.passes().then(|| retry(texts, end.retry_after)),
            back_url: nonce.map(|nonce| self.url("ui", nonce)),
        };
        self.page(language, &page)
    }
}
