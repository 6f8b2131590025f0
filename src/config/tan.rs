//! `[tan]`: confirmation codes, how long they live and how they reach people.

use std::path::PathBuf;
use std::time::Duration;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::smtp_url::SmtpUrl;
use super::values::duration;
use crate::tan::Channel;

const DAY: Duration = Duration::from_secs(86_400);

/// Confirmation codes for the second factor: how long they live, how many there may be, and how they reach people.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Tan {
    /// How long a code can be used, for channels that do not say otherwise.
    #[serde(with = "duration")]
    #[schemars(with = "String")]
    pub lifetime: Duration,
    /// Time after the code of a challenge was sent before another one is sent for that challenge. Other challenges do not wait.
    #[serde(with = "duration")]
    #[schemars(with = "String")]
    pub retransmission: Duration,
    /// Guesses that one code allows.
    pub guesses: u32,
    /// Codes that are sent in 24 hours for an instance and kind: logins, calls with a token, resets of passwords, sign-ups.
    /// An address that is not proven has the same number for itself. Together with `guesses` this bounds how often somebody
    /// can guess.
    pub daily_limit: u32,
    /// Codes that are sent in 24 hours for resetting passwords, over the whole server.
    pub daily_resets: u32,
    /// Codes that are sent in 24 hours for opening accounts, over the whole server.
    pub daily_sign_ups: u32,
    /// Time that sending one message may take: a helper program that runs longer is killed, an SMTP server that takes
    /// longer is given up. As a message may first wait half as long for its turn, one and a half of it must be shorter
    /// than `limits.request_timeout`.
    #[serde(with = "duration")]
    #[schemars(with = "String")]
    pub command_timeout: Duration,
    /// Messages of one channel that are sent at the same time; others wait for their turn.
    pub concurrency: u32,
    /// Folder with texts of yours, one file per channel and language: `email.de.txt`, `sms.it.txt` and so on. Each takes
    /// the place of the built-in one or adds a language.
    #[schemars(extend("format" = "path"), example = &"templates")]
    pub templates: Option<PathBuf>,
    /// Codes by e-mail: exactly one of `command`, `smtp_url` and `spool`, or none to leave e-mail out.
    pub email: EmailDelivery,
    /// Codes by SMS: `command` or `spool`, or none to leave SMS out.
    pub sms: SmsDelivery,
    /// Codes by letter: `command` or `spool`, or none to leave letters out.
    pub post: PostDelivery,
}

impl Default for Tan {
    fn default() -> Self {
        Self {
            lifetime: Duration::from_secs(5 * 60),
            retransmission: Duration::from_secs(30),
            guesses: 3,
            daily_limit: 24,
            daily_resets: 500,
            daily_sign_ups: 1000,
            command_timeout: Duration::from_secs(15),
            concurrency: 16,
            templates: None,
            email: EmailDelivery::default(),
            sms: SmsDelivery::default(),
            post: PostDelivery::default(),
        }
    }
}

impl Tan {
    /// Whether a way is set up to send codes on this channel.
    #[must_use]
    pub fn sends(&self, channel: Channel) -> bool {
        let Self {
            email, sms, post, ..
        } = self;
        match channel {
            Channel::Email => {
                email.command.is_some() || email.smtp_url.is_some() || email.spool.is_some()
            }
            Channel::Sms => sms.command.is_some() || sms.spool.is_some(),
            Channel::Post => post.command.is_some() || post.spool.is_some(),
        }
    }

    /// How long a code can be used that was sent on this channel.
    #[must_use]
    pub fn lifetime(&self, channel: Channel) -> Duration {
        match channel {
            Channel::Email => self.email.lifetime.unwrap_or(self.lifetime),
            Channel::Sms => self.sms.lifetime.unwrap_or(self.lifetime),
            Channel::Post => self.post.lifetime,
        }
    }
}

/// Codes by e-mail: exactly one of `command`, `smtp_url` and `spool`, or none to leave e-mail out.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, Serialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct EmailDelivery {
    /// Program that sends the message, and its arguments. The address comes as the last argument, the text on standard
    /// input, the subject in KONTOR_TAN_SUBJECT. No shell is involved.
    #[schemars(extend("examples" = [["/usr/local/lib/kontor/send-mail"]]))]
    pub command: Option<Vec<String>>,
    /// SMTP server that takes the messages. `smtp://HOST` begins in plain text and must go on with STARTTLS,
    /// `smtps://HOST` is TLS from the start; `smtp://HOST?tls=none` stays plain text, for a server on the same machine.
    /// User and password, percent-encoded, stand in front of the host: `smtps://USER:PASSWORD@HOST:PORT`.
    #[schemars(extend("examples" = ["smtp://kontor:a%20password@mail.example:587"]))]
    pub smtp_url: Option<SmtpUrl>,
    /// File with the certificates (PEM) that the SMTP server's must be signed by, instead of those of the web's authorities.
    #[schemars(extend("format" = "path"), example = &"mail-authority.pem")]
    pub smtp_authority: Option<PathBuf>,
    /// Sender of the messages. `smtp_url` needs it.
    #[schemars(example = &"Our Shops <noreply@shop.example>")]
    pub from: Option<String>,
    /// File that each message is appended to, as a line of JSON, instead of being sent. For tests and trials.
    #[schemars(extend("format" = "path"), example = &"sent.jsonl")]
    pub spool: Option<PathBuf>,
    /// How long a code can be used that was sent this way. Not set: `tan.lifetime`.
    #[serde(with = "duration::optional")]
    #[schemars(with = "Option<String>", example = &"15 min")]
    pub lifetime: Option<Duration>,
}

/// Codes by SMS: `command` or `spool`, or none to leave SMS out.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, Serialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct SmsDelivery {
    /// Program that sends the message, and its arguments. The phone number comes as the last argument, as `+` and digits
    /// or digits alone, the text on standard input. No shell is involved.
    #[schemars(extend("examples" = [["/usr/local/lib/kontor/send-sms"]]))]
    pub command: Option<Vec<String>>,
    /// File that each message is appended to, as a line of JSON, instead of being sent. For tests and trials.
    #[schemars(extend("format" = "path"), example = &"sent.jsonl")]
    pub spool: Option<PathBuf>,
    /// How long a code can be used that was sent this way. Not set: `tan.lifetime`.
    #[serde(with = "duration::optional")]
    #[schemars(with = "Option<String>", example = &"10 min")]
    pub lifetime: Option<Duration>,
}

/// Codes by letter: `command` or `spool`, or none to leave letters out.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct PostDelivery {
    /// Program that sends the letter, and its arguments. The address, of several lines, comes as the last argument, the
    /// text, or the letter as a PDF, on standard input. No shell is involved.
    #[schemars(extend("examples" = [["/usr/local/lib/kontor/send-letter"]]))]
    pub command: Option<Vec<String>>,
    /// What the program gets: `text`, or `pdf`, a letter of A4 pages to be printed, with the address where envelopes have their
    /// window. As a PDF, letters can be written in the Latin, Greek, Cyrillic, Armenian and Georgian scripts.
    pub format: LetterFormat,
    /// Where the window of the envelopes is, for `format = "pdf"`: `left`, as in DIN 5008 (form B), or `right`, as often in
    /// Switzerland.
    pub window: Window,
    /// File that each message is appended to, as a line of JSON, instead of being sent. For tests and trials.
    #[schemars(extend("format" = "path"), example = &"sent.jsonl")]
    pub spool: Option<PathBuf>,
    /// How long a code can be used that was sent this way.
    #[serde(with = "duration")]
    #[schemars(with = "String")]
    pub lifetime: Duration,
    /// Time between two letters to one address; `tan.retransmission` where that is longer. A letter takes days, and costs.
    #[serde(with = "duration")]
    #[schemars(with = "String")]
    pub retransmission: Duration,
}

impl Default for PostDelivery {
    fn default() -> Self {
        Self {
            command: None,
            format: LetterFormat::Text,
            window: Window::Left,
            spool: None,
            lifetime: 21 * DAY,
            retransmission: 3 * DAY,
        }
    }
}

/// What a program that sends letters gets.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum LetterFormat {
    /// The text alone.
    Text,
    /// A letter of A4 pages.
    Pdf,
}

/// Where the window of an envelope is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Window {
    /// At the left.
    Left,
    /// At the right.
    Right,
}
