//! The tables of Kontor as sea-orm entities, one table one file.
//!
//! Instants are microseconds since 1970 (UTC) in columns that end in `_at_us`, spans are microseconds in columns that end in `_us`. `serial` numbers a
//! row and is never given out twice. What must not be seen in a log is a [`SecretBytes`] or a [`SecretText`].

pub mod access_token;
pub mod address_grant;
pub mod audit_event;
pub mod bank_account;
pub mod challenge;
pub mod challenge_group;
pub mod client;
pub mod code_counter;
pub mod code_transmission;
pub mod credential;
pub mod exchange;
pub mod instance;
pub mod key;
pub mod kyc_check;
pub mod login_attempt;
pub mod login_limit;
pub mod otp_device;
mod secret;
pub mod sweep;
pub mod validation;

pub use secret::{SecretBytes, SecretText};
