//! What went wrong with what a person sent, above the form for the next try.

use std::time::Duration;

use super::texts::{self, Texts};

/// What went wrong with what was sent last.
///
/// What is left to do depends on the page: it says so in the same words.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Problem {
    /// The code was a wrong one.
    WrongCode,
    /// What was entered does not have the form of a code.
    NotACode,
    /// The code expired.
    CodeExpired,
    /// The code was guessed at too often; it is of no use any more.
    NoAttemptsLeft,
    /// No code was sent that could be entered.
    NothingSent,
    /// No more codes can be sent to this address.
    NoTransmissionsLeft,
    /// The address was changed too often.
    NoChangesLeft,
    /// The address was given by the client, and another one was sent.
    AddressIsFixed,
    /// The code could not be sent, by a fault of the service.
    DeliveryFailed,
    /// The address is a good one, but nothing gets there at the moment.
    Unreachable,
    /// The address has been used too often, or is blocked for a while.
    TooManyAttempts {
        /// How long that lasts, where it is known.
        retry_after: Option<Duration>,
    },
}

/// What a person can still do.
#[derive(Clone, Copy, Debug)]
pub(super) struct Left {
    /// A code can be entered.
    pub code: bool,
    /// A code can be sent.
    pub transmission: bool,
    /// The address can be changed.
    pub change: bool,
}

/// The box at the top of a page.
#[derive(Debug)]
pub(super) struct Alert {
    pub heading: &'static str,
    pub advice: String,
    /// Whether the page opens here, because it has no field to mend.
    pub is_first: bool,
}

impl From<texts::Alert> for Alert {
    fn from(texts::Alert { heading, advice }: texts::Alert) -> Self {
        Self {
            heading,
            advice: advice.to_owned(),
            is_first: false,
        }
    }
}

impl Problem {
    /// Whether it kept another code from being sent: the one before can still be entered.
    pub(super) const fn left_code(self) -> bool {
        matches!(
            self,
            Self::NoTransmissionsLeft
                | Self::DeliveryFailed
                | Self::Unreachable
                | Self::TooManyAttempts { .. }
        )
    }

    pub(super) fn alert(self, texts: &'static Texts, left: Left) -> Alert {
        let ways = |heading| Alert {
            heading,
            advice: left.ways(texts).to_owned(),
            is_first: false,
        };
        match self {
            Self::WrongCode => texts.wrong_code.into(),
            Self::NotACode => texts.not_a_code.into(),
            Self::CodeExpired => ways(texts.code_expired),
            Self::NoAttemptsLeft => ways(texts.no_attempts_left),
            Self::NothingSent => texts.nothing_sent.into(),
            Self::NoTransmissionsLeft => ways(texts.no_more_codes),
            Self::NoChangesLeft => texts.no_more_changes.into(),
            Self::AddressIsFixed => texts.address_was_fixed.into(),
            Self::DeliveryFailed => texts.delivery_failed.into(),
            Self::Unreachable if left.change => texts.unreachable.into(),
            Self::Unreachable => Alert {
                advice: texts.retry_later.to_owned(),
                ..texts.unreachable.into()
            },
            Self::TooManyAttempts { retry_after } => Alert {
                heading: texts.too_many_attempts,
                advice: retry(texts, retry_after),
                is_first: false,
            },
        }
    }
}

impl Left {
    fn ways(self, texts: &Texts) -> &'static str {
        let ways = &texts.ways;
        match (self.code, self.transmission, self.change) {
            (true, _, true) => ways.newest_code_or_other_address,
            (true, _, false) => ways.newest_code,
            (false, true, true) => ways.new_code_or_other_address,
            (false, true, false) => ways.new_code,
            (false, false, true) => ways.other_address,
            (false, false, false) => ways.start_again,
        }
    }
}

/// When to try again.
pub(super) fn retry(texts: &Texts, after: Option<Duration>) -> String {
    match after {
        Some(delay) => texts.retry_in.fill(texts.time.at_least(delay)),
        None => texts.retry_later.to_owned(),
    }
}
