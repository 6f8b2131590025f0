//! Kontor.

pub mod cli;
pub mod config;
