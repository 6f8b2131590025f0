//! `kontor token`: access tokens, straight on the database.

use clap::builder::PossibleValuesParser;
use clap::{Args, Subcommand};

use super::output::OutputArgs;
use crate::config::Lifetime;

/// Scopes that can be asked for, without `:refreshable`.
pub const SCOPES: [&str; 6] = [
    "readonly",
    "all",
    "order-simple",
    "order-pos",
    "order-mgmt",
    "order-full",
];

/// Arguments of `kontor token`.
#[derive(Debug, Args)]
#[command(
    arg_required_else_help = true,
    after_help = "These verbs work on the database itself, also while the server runs; what they change holds at once."
)]
pub struct TokenArgs {
    /// What to do.
    #[command(subcommand)]
    pub action: TokenAction,
}

/// What to do with access tokens.
#[derive(Debug, Subcommand)]
pub enum TokenAction {
    /// Create an access token and print it, once: only its hash is kept
    Create(CreateArgs),
    /// List the access tokens of an instance, without the tokens themselves
    List(ListArgs),
    /// End one access token, and those that were refreshed from it
    Revoke(RevokeArgs),
}

/// Arguments of `kontor token create`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  kontor token create shop --scope order-pos --duration '90 days' --description 'till at the door'
  TOKEN=$(kontor token create shop --scope readonly)
  curl -H \"Authorization: Bearer $TOKEN\" http://127.0.0.1:9966/instances/shop/private")]
pub struct CreateArgs {
    /// Identifier of the instance
    #[arg(value_name = "INSTANCE")]
    pub instance: String,
    /// What the token may do
    #[arg(long, value_name = "SCOPE", value_parser = PossibleValuesParser::new(SCOPES))]
    pub scope: String,
    /// Whether the token may be exchanged for a new one
    #[arg(long)]
    pub refreshable: bool,
    /// Life of the token, a duration or "forever" [default: merchant.token_lifetime_default]
    #[arg(long, value_name = "DURATION")]
    pub duration: Option<Lifetime>,
    /// What the token is for
    #[arg(long, value_name = "TEXT")]
    pub description: Option<String>,
    /// How to print the new token.
    #[command(flatten)]
    pub output: OutputArgs,
}

/// Arguments of `kontor token list`.
#[derive(Debug, Args)]
pub struct ListArgs {
    /// Identifier of the instance
    #[arg(value_name = "INSTANCE")]
    pub instance: String,
    /// How to print the list.
    #[command(flatten)]
    pub output: OutputArgs,
}

/// Arguments of `kontor token revoke`.
#[derive(Debug, Args)]
#[command(after_help = "Example: kontor token list shop; kontor token revoke shop 17")]
pub struct RevokeArgs {
    /// Identifier of the instance
    #[arg(value_name = "INSTANCE")]
    pub instance: String,
    /// Serial number of the token, as "kontor token list" prints it
    #[arg(value_name = "SERIAL")]
    pub serial: i64,
}
