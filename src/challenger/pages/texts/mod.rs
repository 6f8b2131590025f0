//! Every word of the pages, one table for each language. What one of them lacks does not compile.
//!
//! `\u{2011}` is a hyphen where no line ends, and `\u{a0}` a blank where none does.

pub mod de;
pub mod en;
pub mod fr;

use std::{fmt::Display, time::Duration};

use crate::tan::Channel;

/// The place in a text where a number or a word goes.
const PLACE: &str = "{}";

/// What the pages say in one language.
#[derive(Debug)]
pub struct Texts {
    /// BCP 47 tag.
    pub language: &'static str,
    /// What the service is.
    pub service: &'static str,
    /// Before the title of a page that reports a problem.
    pub problem_title: Template,
    /// Which of the two steps this is.
    pub step: Template,
    /// What the beginning of the nonce is called.
    pub reference: &'static str,
    /// What one has of it.
    pub reference_note: &'static str,
    /// What the id of the request is called.
    pub request: &'static str,
    pub terms: &'static str,
    pub privacy: &'static str,
    pub documentation: &'static str,
    /// Lengths of time, as they stand after "in".
    pub time: Units,

    /// What the page with the address is headed.
    pub address_heading: ByChannel<&'static str>,
    /// What is going to happen.
    pub address_lead: ByChannel<&'static str>,
    /// That one cannot edit what is shown.
    pub address_is_fixed: &'static str,
    pub email: FieldTexts,
    pub phone: FieldTexts,
    pub name: FieldTexts,
    pub lines: FieldTexts,
    pub country: FieldTexts,
    /// Before an example of an address.
    pub example: Template,
    /// The field holds what the operator does not accept and says nothing about.
    pub restricted: &'static str,
    /// There is no such address.
    pub unusable: &'static str,
    /// The fields that are marked are to be mended.
    pub check_fields: Alert,
    /// There is no such address, and one cannot edit it.
    pub fixed_is_unusable: &'static str,
    /// The button that has the code sent.
    pub send: ByChannel<&'static str>,
    /// The way back to the code that was sent before.
    pub have_code: &'static str,
    /// How often the address can be changed.
    pub changes_left: Counted,

    pub code_heading: &'static str,
    /// In its place, where no code can be entered.
    pub code_ended_heading: &'static str,
    /// A code is on its way; the address follows.
    pub code_sent: ByChannel<&'static str>,
    /// It was sent before this request; the address follows.
    pub code_sent_before: ByChannel<&'static str>,
    /// The code cannot be used any more; the address follows.
    pub code_was_sent: &'static str,
    pub code_label: &'static str,
    pub code_hint: &'static str,
    /// What the browser says about what is not a code.
    pub code_pattern: &'static str,
    pub confirm: &'static str,
    pub attempts_left: Counted,
    pub expires_in: Template,
    /// The heading of what to do when no message comes.
    pub nothing_arrived: &'static str,
    pub nothing_arrived_hint: ByChannel<&'static str>,
    /// The address of the page, for who comes back to it.
    pub come_back: &'static str,
    pub send_again: ByChannel<&'static str>,
    pub transmissions_left: Counted,
    pub next_transmission_in: Template,
    pub no_transmissions_left: &'static str,
    pub use_other_address: ByChannel<&'static str>,

    pub wrong_code: Alert,
    pub not_a_code: Alert,
    pub code_expired: &'static str,
    pub no_attempts_left: &'static str,
    pub no_more_codes: &'static str,
    pub no_more_changes: Alert,
    pub address_was_fixed: Alert,
    pub nothing_sent: Alert,
    pub delivery_failed: Alert,
    pub unreachable: Alert,
    pub too_many_attempts: &'static str,
    pub ways: Ways,
    pub retry_in: Template,
    pub retry_later: &'static str,

    pub done_heading: &'static str,
    pub done_lead: ByChannel<&'static str>,
    pub done_step: &'static str,
    pub go_on_to: Template,
    pub go_on_to_app: &'static str,
    pub close: &'static str,

    pub dead_ends: DeadEnds,
    /// The way back from a failure to where one was.
    pub go_back: &'static str,

    pub landing_what: &'static str,
    pub landing_how: &'static str,
    pub landing_links: &'static str,
}

/// What is said about one field.
#[derive(Debug)]
pub struct FieldTexts {
    pub label: &'static str,
    /// Empty where the label says it all.
    pub hint: &'static str,
    pub missing: &'static str,
    pub malformed: &'static str,
}

/// What went wrong, and what to do.
#[derive(Clone, Copy, Debug)]
pub struct Alert {
    pub heading: &'static str,
    pub advice: &'static str,
}

/// What is left to somebody whose code is of no use.
#[derive(Debug)]
pub struct Ways {
    pub new_code_or_other_address: &'static str,
    pub new_code: &'static str,
    pub other_address: &'static str,
    /// A code that was sent can still be entered.
    pub newest_code: &'static str,
    pub newest_code_or_other_address: &'static str,
    pub start_again: &'static str,
}

/// Why it does not go on.
#[derive(Debug)]
pub struct DeadEnds {
    pub unknown_validation: DeadEndTexts,
    pub wrong_link: DeadEndTexts,
    pub failed: DeadEndTexts,
    pub too_many_attempts: DeadEndTexts,
    pub malformed: DeadEndTexts,
    pub not_possible: DeadEndTexts,
    pub unreachable: DeadEndTexts,
    pub sending_failed: DeadEndTexts,
    pub server_fault: DeadEndTexts,
    pub busy: DeadEndTexts,
    pub too_large: DeadEndTexts,
    pub unknown_page: DeadEndTexts,
    pub wrong_method: DeadEndTexts,
}

/// One reason: in short, what happened, and what to do now.
#[derive(Clone, Copy, Debug)]
pub struct DeadEndTexts {
    pub heading: &'static str,
    pub what: &'static str,
    pub now: &'static str,
}

/// A text that depends on how messages travel.
#[derive(Debug)]
pub struct ByChannel<T> {
    pub email: T,
    pub sms: T,
    pub post: T,
}

impl<T: Copy> ByChannel<T> {
    pub const fn of(&self, channel: Channel) -> T {
        match channel {
            Channel::Email => self.email,
            Channel::Sms => self.sms,
            Channel::Post => self.post,
        }
    }
}

/// A text with a place, `{}`, for a number or a word.
#[derive(Clone, Copy, Debug)]
pub struct Template(pub &'static str);

impl Template {
    pub fn fill(self, word: impl Display) -> String {
        self.0.replacen(PLACE, &word.to_string(), 1)
    }
}

/// A text that depends on a number other than zero; nothing at all has a text of its own. The numbers of the languages here
/// differ only between one and more.
#[derive(Clone, Copy, Debug)]
pub struct Counted {
    pub one: &'static str,
    /// With a place, `{}`, for the number.
    pub more: &'static str,
}

impl Counted {
    pub fn of(&self, number: impl Into<u64>) -> String {
        match number.into() {
            1 => self.one.to_owned(),
            number => Template(self.more).fill(number),
        }
    }
}

/// Lengths of time.
#[derive(Debug)]
pub struct Units {
    pub seconds: Counted,
    pub minutes: Counted,
    pub hours: Counted,
    pub days: Counted,
}

impl Units {
    /// How long somebody waits: whoever comes back then is not too early.
    pub fn at_least(&self, duration: Duration) -> String {
        let seconds = u64::try_from(duration.as_millis().div_ceil(1000)).unwrap_or(u64::MAX);
        let (unit, length) = self.unit(seconds);
        unit.of(seconds.div_ceil(length).max(1))
    }

    /// How long something lasts: whoever comes back before is not too late, or by a twentieth of the unit, so that what has
    /// just begun to last five minutes is not said to last four.
    pub fn at_most(&self, duration: Duration) -> String {
        let seconds = duration.as_secs();
        let (unit, length) = self.unit(seconds);
        unit.of(((seconds + length / 20) / length).max(1))
    }

    /// The longest unit of which there are at least two, or exactly one.
    fn unit(&self, seconds: u64) -> (&Counted, u64) {
        [
            (&self.days, 86_400),
            (&self.hours, 3_600),
            (&self.minutes, 60),
        ]
        .into_iter()
        .find(|(_, length)| seconds == *length || seconds >= 2 * length)
        .unwrap_or((&self.seconds, 1))
    }
}

#[cfg(test)]
mod tests;
