//! `kontor openapi`: prints the document that the server is built from.

use clap::{Args, ValueEnum};
use kontor_openapi::document::Editions;
use kontor_openapi::{challenger, merchant};

use super::failure::Failure;
use super::output;

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
    /// The Challenger
    Challenger,
}

/// Forms of the document.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// As YAML
    Yaml,
    /// The same as JSON
    Json,
    /// As OpenAPI 3.0.3 in JSON, for tools that stop there
    #[value(name = "json-3.0")]
    Json30,
}

/// Prints the document in one piece, its servers relative to wherever it is served.
///
/// # Errors
/// Standard output cannot be written to.
pub fn run(args: &OpenapiArgs) -> Result<(), Failure> {
    let document = match args.api {
        Api::Merchant => merchant::DOCUMENT,
        Api::Challenger => challenger::DOCUMENT,
    };
    let editions = Editions::new(document, "");
    let text = match args.format {
        Format::Yaml => editions.yaml,
        Format::Json => editions.json,
        Format::Json30 => editions.json_3_0,
    };
    output::line(text.trim_end())
}
