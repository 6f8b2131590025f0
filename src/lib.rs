//! Kontor.

pub mod auth;
pub mod clock;
pub mod http;
pub mod management;
pub mod metrics;
pub mod random;
pub mod secrets;
