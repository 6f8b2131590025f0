//! Settings: `kontor.toml`, then the environment (`KONTOR_SECTION__KEY`), then flags (`--set section.key=value`).
//!
//! The structs of this module are the one list of keys: their doc comments, types and defaults are what
//! `kontor config example` and `kontor config schema` print, and what unknown keys are compared with. An unknown key is
//! an error. A secret `KEY` can be given as `KEY_file`. Relative paths in the file, and default ones, start at the folder of
//! the file; those of variables and flags at the current folder.
//!
//! Adding a key: one field with its doc comment and its default; a rule for it in `check.rs` if its type cannot say it.

mod challenger;
mod check;
mod currency;
mod database;
mod error;
mod exchanges;
mod layer;
mod load;
mod merchant;
mod print;
mod schema;
mod sections;
mod smtp_url;
mod tan;
mod values;

#[cfg(test)]
mod tests;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub use challenger::{Challenger, RestrictionSettings};
pub use currency::{Currency, CurrencyOverride};
pub use database::{Database, DatabaseUrl};
pub use error::{ConfigError, Mistake, Origin};
pub use exchanges::Exchange;
pub use load::{DEFAULT_FILE, Loaded, Origins, Sources};
pub use merchant::{Merchant, Persona, RoundingInterval, TanChannel};
pub use print::{Shown, example, schema, show};
pub use sections::{
    Audit, Limits, Log, LogFormat, Management, Outbound, Passwords, Secrets, Tracing,
};
pub use smtp_url::{SmtpEncryption, SmtpUrl};
pub use tan::{EmailDelivery, LetterFormat, PostDelivery, SmsDelivery, Tan, Window};
pub use values::{Lifetime, Pattern, PublicUrl, duration};

/// Everything that can be configured.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, Serialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Settings {
    /// Where everything is kept.
    pub database: Database,
    /// Keys that protect what is secret in the database.
    pub secrets: Secrets,
    /// The merchant backend.
    pub merchant: Merchant,
    /// The Challenger: it proves that people receive messages at an address, and tells that address to OAuth 2.0 clients.
    /// Codes live and are sent as `tan` says.
    pub challenger: Challenger,
    /// Confirmation codes for the second factor: how long they live, how many there may be, and how they reach people.
    pub tan: Tan,
    /// The listener for the operator: /livez, /readyz and /metrics. Keep it away from the public.
    pub management: Management,
    /// Cost of password hashes (argon2id) and how many are computed at once.
    pub passwords: Passwords,
    /// Limits that keep one client from taking everything.
    pub limits: Limits,
    /// Calls to other servers: exchanges, the bank facades of merchants.
    pub outbound: Outbound,
    /// The record of logins and of changes to credentials, contacts and instances.
    pub audit: Audit,
    /// What is logged, and how.
    pub log: Log,
    /// Traces of requests, for a collector that speaks OpenTelemetry's protocol. They take a build with the feature `otel`.
    pub tracing: Tracing,
}

impl Settings {
    /// Reads, merges and checks the sources.
    ///
    /// # Errors
    /// Every mistake that was found, each with its file and line, variable or flag. Values that do not fit each other
    /// are only looked for where all else is right.
    pub fn load(sources: &Sources) -> Result<Loaded, ConfigError> {
        load::load(sources)
    }
}
