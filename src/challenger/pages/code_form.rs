//! The second step: the code.

use std::time::Duration;

use askama::Template;

use super::{
    FieldKind, Frame, Language, Page, Pages, Problem, field,
    problem::{Alert, Left},
};
use crate::tan::Channel;

/// What the page with the code shows.
#[derive(Clone, Copy, Debug)]
pub struct CodePage<'a> {
    /// Which validation it is.
    pub nonce: &'a str,
    /// Where the code went.
    pub address: &'a [(FieldKind, &'a str)],
    /// How often a code may still be tried. Zero: there is no field for it.
    pub attempts_left: u32,
    /// How often a code can still be sent there. Zero: there is no button for it.
    pub transmissions_left: u32,
    /// How often the address can still be changed. Zero: there is no link for it.
    pub changes_left: u32,
    /// When the next code can be sent. Zero: now.
    pub next_transmission_in: Duration,
    /// When the code ends. Zero: it has ended, and there is no field for it.
    pub expires_in: Duration,
    /// Whether the code is in order as it was asked for. If not, none was sent this time, because one was a moment ago.
    pub transmitted: bool,
    /// What went wrong.
    pub problem: Option<Problem>,
}

#[derive(Template)]
#[template(path = "code_form.html")]
struct CodeForm<'a> {
    frame: Frame<'a>,
    heading: &'static str,
    alert: Option<Alert>,
    lead: &'static str,
    address: &'a [(FieldKind, &'a str)],
    /// Absent where no code can be entered.
    entry: Option<Entry>,
    nothing_arrived_hint: &'static str,
    /// The address of the page, where the message takes days.
    come_back_url: Option<String>,
    /// Absent where no code can be sent.
    again: Option<Again>,
    change: Option<Change>,
}

struct Entry {
    action: String,
    /// What is left, and how long.
    limits: String,
    is_wrong: bool,
}

struct Again {
    action: String,
    label: &'static str,
    limits: String,
}

struct Change {
    url: String,
    label: &'static str,
    /// Whether it is all that can be done.
    is_last: bool,
}

impl Pages {
    /// The page that asks for the code.
    #[must_use]
    pub fn code_form(&self, language: Language, page: &CodePage<'_>) -> Page {
        let texts = language.texts();
        let channel = field::channel(page.address.iter().map(|(kind, _)| *kind));
        let heading = match page.left().code {
            true => texts.code_heading,
            false => texts.code_ended_heading,
        };
        let alert = page.alert(language);
        let form = CodeForm {
            frame: self
                .frame(language, heading, Some(page.nonce))
                .with_problem(alert.is_some()),
            heading,
            alert,
            lead: page.lead(language, channel),
            address: page.address,
            entry: page
                .left()
                .code
                .then(|| page.entry(language, self.url("solve", page.nonce))),
            nothing_arrived_hint: texts.nothing_arrived_hint.of(channel),
            come_back_url: (channel == Channel::Post).then(|| self.url("ui", page.nonce)),
            again: page.left().transmission.then(|| Again {
                action: self.url("challenge", page.nonce),
                label: texts.send_again.of(channel),
                limits: page.transmissions(language),
            }),
            change: page.left().change.then(|| Change {
                url: format!("{}?step=address", self.url("ui", page.nonce)),
                label: texts.use_other_address.of(channel),
                is_last: !page.left().code && !page.left().transmission,
            }),
        };
        self.leaving_page(language, &form)
    }
}

impl CodePage<'_> {
    fn left(&self) -> Left {
        Left {
            code: self.attempts_left > 0 && !self.expires_in.is_zero(),
            transmission: self.transmissions_left > 0,
            change: self.changes_left > 0,
        }
    }

    fn alert(&self, language: Language) -> Option<Alert> {
        let texts = language.texts();
        let mut alert = match self.problem? {
            Problem::WrongCode if self.attempts_left == 0 => Problem::NoAttemptsLeft,
            problem => problem,
        }
        .alert(texts, self.left());
        if self.counts_in_alert() {
            let attempts = texts.attempts_left.of(self.attempts_left);
            alert.advice = format!("{attempts} {}", alert.advice);
        }
        alert.is_first = !self.left().code;
        Some(alert)
    }

    /// Whether the attempts that are left are said where it says that one was lost.
    fn counts_in_alert(&self) -> bool {
        self.problem == Some(Problem::WrongCode) && self.attempts_left > 0
    }

    fn lead(&self, language: Language, channel: Channel) -> &'static str {
        let texts = language.texts();
        let is_former = self.problem.is_some_and(Problem::left_code);
        if !self.transmitted {
            texts.code_sent_before.of(channel)
        } else if self.left().code && !is_former {
            texts.code_sent.of(channel)
        } else {
            texts.code_was_sent
        }
    }

    fn entry(&self, language: Language, action: String) -> Entry {
        let texts = language.texts();
        let expiry = texts.expires_in.fill(texts.time.at_most(self.expires_in));
        let limits = match self.counts_in_alert() {
            true => expiry,
            false => format!("{} {expiry}", texts.attempts_left.of(self.attempts_left)),
        };
        Entry {
            action,
            limits,
            is_wrong: matches!(self.problem, Some(Problem::WrongCode | Problem::NotACode)),
        }
    }

    fn transmissions(&self, language: Language) -> String {
        let texts = language.texts();
        let left = texts.transmissions_left.of(self.transmissions_left);
        if self.next_transmission_in.is_zero() {
            return left;
        }
        let wait = texts.time.at_least(self.next_transmission_in);
        format!("{left} {}", texts.next_transmission_in.fill(wait))
    }
}
