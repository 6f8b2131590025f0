//! `kontor token`: access tokens, straight on the database.

use clap::builder::PossibleValuesParser;
use clap::{Args, Subcommand};

use kontor_openapi::merchant::{TokenInfo, TokenInfos};
use kontor_openapi::scalar::Timestamp;
use serde::Serialize;

use super::SettingsArgs;
use super::application::{find_instance, grant, with_app};
use super::failure::Failure;
use super::output::{self, OutputArgs};
use crate::app::{App, Migration};
use crate::audit::Origin;
use crate::auth::TokenScope;
use crate::config::Lifetime;
use crate::db::{self, Page};
use crate::error::Error;
use crate::merchant::{Revocation, revoke_token, timestamp, token_info};

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

/// A new token, which can be read this once.
#[derive(Serialize)]
struct NewToken {
    serial: i64,
    access_token: String,
    scope: String,
    refreshable: bool,
    expiration: Timestamp,
}

/// Does what the arguments say.
///
/// # Errors
/// Exit code 1 for an unknown instance or token, 3 to 5 for configuration, database and schema.
pub fn run(settings: &SettingsArgs, args: &TokenArgs) -> Result<(), Failure> {
    with_app(settings, Migration::Refused, async |app| {
        match &args.action {
            TokenAction::Create(args) => create(app, args).await,
            TokenAction::List(args) => list(app, args).await,
            TokenAction::Revoke(args) => revoke(app, args).await,
        }
    })
}

async fn create(app: &App, args: &CreateArgs) -> Result<(), Failure> {
    let mut scope: TokenScope = args
        .scope
        .parse()
        .map_err(|_| Failure::usage(format!("{:?} is not a scope", args.scope)))?;
    scope.refreshable = args.refreshable;
    let description = args.description.clone();
    let granted = grant(app, &args.instance, scope, args.duration, description).await?;
    let token = NewToken {
        serial: granted.serial,
        access_token: granted.token.expose().to_owned(),
        scope: scope.to_string(),
        refreshable: scope.refreshable,
        expiration: timestamp(granted.expires_at_us),
    };
    args.output
        .print(&token, |token| token.access_token.clone())
}

async fn list(app: &App, args: &ListArgs) -> Result<(), Failure> {
    let instance = find_instance(app, &args.instance).await?;
    let (reader, all) = (app.database.read(), Page::EVERYTHING);
    let stored = db::access_token::list(reader, instance.serial, all, app.now_us()).await?;
    let tokens: Result<Vec<TokenInfo>, Error> = stored.into_iter().map(token_info).collect();
    let tokens = tokens.map_err(|error| Failure::of_operation(error, &args.instance))?;
    args.output.print(&TokenInfos { tokens }, as_text)
}

fn as_text(list: &TokenInfos) -> String {
    let rows: Vec<Vec<String>> = list
        .tokens
        .iter()
        .map(|token| {
            vec![
                token.serial.to_string(),
                token.scope.to_string(),
                output::time(token.creation_time),
                output::time(token.expiration),
                token.description.clone().unwrap_or_default(),
            ]
        })
        .collect();
    output::table(
        &["SERIAL", "SCOPE", "CREATED", "EXPIRES", "DESCRIPTION"],
        &rows,
    )
}

async fn revoke(app: &App, args: &RevokeArgs) -> Result<(), Failure> {
    let (id, serial) = (&args.instance, args.serial);
    let instance_serial = find_instance(app, id).await?.serial;
    let (origin, revocation) = (Origin::of_command_line(), Revocation::WithRefreshed(serial));
    let revoked = revoke_token(app, &origin, instance_serial, id, revocation).await;
    match revoked.map_err(|error| Failure::of_operation(error, id))? {
        true => Ok(()),
        false => Err(Failure::failed(format!(
            "the instance {:?} has no access token with the serial number {serial}",
            args.instance
        ))),
    }
}
