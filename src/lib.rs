//! Kontor.

pub mod config;
