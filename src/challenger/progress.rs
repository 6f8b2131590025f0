//! How far a validation is, and what it has left.

use std::time::Duration;

use entity::validation::Model;

use super::error::Error;
use crate::{app::App, db, merchant::micros, tan::Channel};

/// A validation at a moment.
pub(super) struct Progress<'a> {
    validation: &'a Model,
    now_us: i64,
    /// Between two codes to one address.
    pause_us: i64,
    /// How long a message may be on its way out.
    sending_us: i64,
}

/// How long it takes until another code can be sent to an address.
fn pause(app: &App) -> Duration {
    let (tan, challenger) = (&app.settings.tan, &app.settings.challenger);
    match challenger.address_type.channel() {
        Channel::Post => tan.retransmission.max(tan.post.retransmission),
        Channel::Email | Channel::Sms => tan.retransmission,
    }
}

impl<'a> Progress<'a> {
    pub(super) fn new(app: &App, validation: &'a Model, now_us: i64) -> Self {
        Self {
            validation,
            now_us,
            pause_us: micros(pause(app)),
            // It may first wait half as long for its turn.
            sending_us: micros(app.settings.tan.command_timeout.mul_f32(1.5)),
        }
    }

    /// Whether there is something for people here: not before the client sent them, and not after it has the address.
    pub(super) fn is_open(&self) -> bool {
        self.validation.authorized_at_us.is_some() && self.validation.redeemed_at_us.is_none()
    }

    /// Whether nothing is left to be done: no other address, no other code, and no attempt at the last one. As long as that
    /// may still be on its way, there is.
    pub(super) fn has_failed(&self) -> bool {
        let Model {
            changes_left,
            transmissions_left,
            solved_at_us,
            ..
        } = self.validation;
        *changes_left == 0
            && *transmissions_left == 0
            && solved_at_us.is_none()
            && !self.has_live_code()
            && !self.is_code_to_come()
    }

    /// Whether a code is being sent to this address, and none was sent there before.
    pub(super) fn is_code_to_come(&self) -> bool {
        let wait_us = self.pause_us.max(self.sending_us);
        let sent_at_us = self.validation.sent_at_us;
        self.validation.code_hash.is_none()
            && sent_at_us.is_some_and(|sent_at_us| sent_at_us.saturating_add(wait_us) > self.now_us)
    }

    /// Whether there is a code that can be tried.
    pub(super) fn has_live_code(&self) -> bool {
        db::validation::live_code(self.validation, self.now_us).is_some()
    }

    /// From when on another code can be sent to this address.
    pub(super) fn next_transmission_us(&self) -> i64 {
        let sent_at_us = self.validation.sent_at_us;
        sent_at_us.map_or(self.validation.created_at_us, |sent_at_us| {
            sent_at_us.saturating_add(self.pause_us)
        })
    }

    /// How long it is until another code can be sent to this address.
    pub(super) fn next_transmission_in(&self) -> Duration {
        self.until(self.next_transmission_us())
    }

    /// How long the last code can be tried.
    pub(super) fn code_expires_in(&self) -> Duration {
        self.until(self.validation.code_expires_at_us.unwrap_or(i64::MIN))
    }

    /// How long the validation lives.
    pub(super) fn ends_in(&self) -> Duration {
        self.until(self.validation.expires_at_us)
    }

    fn until(&self, at_us: i64) -> Duration {
        let left_us = at_us.saturating_sub(self.now_us).max(0);
        Duration::from_micros(left_us.unsigned_abs())
    }

    /// # Errors
    /// [`Error::ValidationUnknown`] where it is not open, [`Error::ValidationFailed`] where nothing is left.
    pub(super) fn check(&self) -> Result<(), Error> {
        if !self.is_open() {
            Err(Error::ValidationUnknown)
        } else if self.has_failed() {
            Err(Error::ValidationFailed)
        } else {
            Ok(())
        }
    }
}

/// A count as the document has it.
pub(super) fn count(of: i64) -> u64 {
    of.max(0).unsigned_abs()
}
