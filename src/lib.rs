//! Kontor.

pub mod auth;
pub mod clock;
pub mod random;
pub mod secrets;
