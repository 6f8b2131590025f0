//! Kontor.

pub mod http;
pub mod management;
pub mod metrics;
