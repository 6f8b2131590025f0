//! Kontor.

pub mod auth;
pub mod cli;
pub mod clock;
pub mod config;
pub mod random;
pub mod secrets;
