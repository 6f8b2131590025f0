//! Kontor.

pub mod auth;
pub mod cli;
pub mod clock;
pub mod config;
pub mod http;
pub mod management;
pub mod metrics;
pub mod random;
pub mod secrets;
