//! `kontor openapi`: prints the document that the server is built from.

use clap::{Args, ValueEnum};

/// Arguments of `kontor openapi`.
#[derive(Debug, Args)]
#[command(after_help = "Example: kontor openapi merchant --format json > merchant.json")]
pub struct OpenapiArgs {
    /// Which API
    #[arg(value_enum)]
    pub api: Api,
    /// Form of the document
    #[arg(long, value_enum, default_value_t = Format::Yaml)]
    pub format: Format,
}

/// APIs with a document.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Api {
    /// The merchant backend
    Merchant,
}

/// Forms of the document.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// As it was written
    Yaml,
    /// The same as JSON
    Json,
}
