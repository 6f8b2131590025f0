//! `kontor client`: the clients of the Challenger, straight on the database.

use std::io::{self, IsTerminal as _, Write as _};

use clap::{Args, Subcommand};
use entity::client::Model;
use kontor_openapi::scalar::Timestamp;
use serde::Serialize;

use super::SettingsArgs;
use super::application::with_app;
use super::client_secret::SecretArgs;
use super::failure::Failure;
use super::output::{self, OutputArgs};
use crate::app::{App, Migration};
use crate::audit::Origin;
use crate::challenger::client_secret::ClientSecret;
use crate::challenger::clients::{Registration, register, remove, replace_secret};
use crate::challenger::redirect_uri::RedirectUri;
use crate::db;
use crate::merchant::timestamp;

/// Arguments of `kontor client`.
#[derive(Debug, Args)]
#[command(
    arg_required_else_help = true,
    after_help = "These verbs work on the database itself, also while the server runs; what they change holds at once."
)]
pub struct ClientArgs {
    /// What to do.
    #[command(subcommand)]
    pub action: ClientAction,
}

/// What to do with clients.
#[derive(Debug, Subcommand)]
pub enum ClientAction {
    /// Register a client and print its id and secret, once: only a hash of the secret is kept
    Add(AddArgs),
    /// List the clients with what they did, without their secrets
    List(ListArgs),
    /// Give a client another secret and print it, once; the former one ends at once
    Rotate(RotateArgs),
    /// Delete a client with everything that it set up, for ever
    Delete(DeleteArgs),
}

/// Arguments of `kontor client add`.
#[derive(Debug, Args)]
#[command(after_help = "\
A client has one redirect URI, which each of its requests must name character by character: https, http, or the
scheme of an application with a dot in it. For a second one, register a second client.

A secret of your own begins with \"secret-token:\" and goes on with at least 128 random bits.

Examples:
  kontor client add --redirect-uri https://exchange.example/kyc-proof/email
  kontor client add --redirect-uri com.example.app:/done --require-pkce --json
  openssl rand -hex 32 | sed 's/^/secret-token:/' | tee client.secret | \\
    kontor client add --redirect-uri https://app.example/done --secret-stdin")]
pub struct AddArgs {
    /// Where people are sent back to, with the code
    #[arg(long, value_name = "URI")]
    pub redirect_uri: RedirectUri,
    /// Refuse its requests without a code challenge (PKCE, RFC 7636)
    #[arg(long)]
    pub require_pkce: bool,
    /// Where to read the secret.
    #[command(flatten)]
    pub secret: SecretArgs,
    /// How to print the new client.
    #[command(flatten)]
    pub output: OutputArgs,
}

/// Arguments of `kontor client list`.
#[derive(Debug, Args)]
#[command(after_help = "\
SETUPS counts the validations that a client set up, CODES the codes that were sent for it, VALIDATIONS the addresses
that were proven to it, each since it was registered.")]
pub struct ListArgs {
    /// How to print the list.
    #[command(flatten)]
    pub output: OutputArgs,
}

/// Arguments of `kontor client rotate`.
#[derive(Debug, Args)]
#[command(after_help = "\
Tokens that the client has, and validations under way, stay as they are.

Example: kontor client rotate 17 --json")]
pub struct RotateArgs {
    /// Id of the client, as "kontor client list" prints it
    #[arg(value_name = "ID")]
    pub id: i64,
    /// Where to read the secret.
    #[command(flatten)]
    pub secret: SecretArgs,
    /// How to print the new secret.
    #[command(flatten)]
    pub output: OutputArgs,
}

/// Arguments of `kontor client delete`.
#[derive(Debug, Args)]
#[command(after_help = "Example: kontor client delete 17 --yes")]
pub struct DeleteArgs {
    /// Id of the client, as "kontor client list" prints it
    #[arg(value_name = "ID")]
    pub id: i64,
    /// Do not ask whether it is meant
    #[arg(long)]
    pub yes: bool,
}

/// What a client presents, which can be read this once.
#[derive(Serialize)]
struct Credentials {
    client_id: String,
    client_secret: String,
}

/// What `kontor client list` prints as JSON.
#[derive(Serialize)]
struct Listed {
    clients: Vec<Shown>,
}

/// A client and what is counted of it.
#[derive(Serialize)]
struct Shown {
    client_id: String,
    redirect_uri: String,
    requires_pkce: bool,
    creation_time: Timestamp,
    setups: i64,
    codes_sent: i64,
    validations: i64,
}

/// Does what the arguments say.
///
/// # Errors
/// Exit code 1 for an unknown client, 2 for an impossible redirect URI or secret, 3 to 5 for configuration, database and
/// schema.
pub fn run(settings: &SettingsArgs, args: &ClientArgs) -> Result<(), Failure> {
    let existing = Migration::Refused;
    match &args.action {
        ClientAction::Add(args) => {
            // A secret that cannot be used is told before anything is made.
            let secret = args.secret.read()?;
            // The first client may come before the first start of the server.
            with_app(settings, Migration::OfEmpty, async |app| {
                add(app, args, secret).await
            })
        }
        ClientAction::List(args) => with_app(settings, existing, async |app| list(app, args).await),
        ClientAction::Rotate(args) => {
            let secret = args.secret.read()?;
            with_app(settings, existing, async |app| {
                rotate(app, args, secret).await
            })
        }
        ClientAction::Delete(args) => {
            with_app(settings, existing, async |app| delete(app, args).await)
        }
    }
}

async fn add(app: &App, args: &AddArgs, secret: Option<ClientSecret>) -> Result<(), Failure> {
    let registration = Registration {
        redirect_uri: args.redirect_uri.clone(),
        secret: secret.unwrap_or_else(|| ClientSecret::generate(&app.random)),
        requires_pkce: args.require_pkce,
    };
    let id = register(app, &Origin::of_command_line(), &registration).await?;
    if args.redirect_uri.is_unencrypted() {
        output::warning(
            "the redirect URI is not encrypted: whoever is on the way to it reads the codes; use https",
        );
    }
    args.output.print(
        &Credentials::new(id, &registration.secret),
        Credentials::text,
    )
}

async fn list(app: &App, args: &ListArgs) -> Result<(), Failure> {
    let stored = db::client::list(app.database.read()).await?;
    let clients = stored.into_iter().map(Shown::from).collect();
    args.output.print(&Listed { clients }, as_text)
}

async fn rotate(app: &App, args: &RotateArgs, secret: Option<ClientSecret>) -> Result<(), Failure> {
    let secret = secret.unwrap_or_else(|| ClientSecret::generate(&app.random));
    match replace_secret(app, &Origin::of_command_line(), args.id, &secret).await? {
        true => args
            .output
            .print(&Credentials::new(args.id, &secret), Credentials::text),
        false => Err(unknown(args.id)),
    }
}

async fn delete(app: &App, args: &DeleteArgs) -> Result<(), Failure> {
    let stored = db::client::find(app.database.read(), args.id).await?;
    let stored = stored.ok_or_else(|| unknown(args.id))?;
    if !args.yes {
        ask(&stored)?;
    }
    match remove(app, &Origin::of_command_line(), args.id).await? {
        true => output::line(&format!(
            "Deleted the client {} with everything that it set up.",
            args.id
        )),
        false => Err(unknown(args.id)),
    }
}

fn unknown(id: i64) -> Failure {
    Failure::failed(format!(
        "there is no client {id}; \"kontor client list\" shows them"
    ))
}

/// Asks whether it is meant.
fn ask(client: &Model) -> Result<(), Failure> {
    if !io::stdin().is_terminal() {
        return Err(Failure::usage(
            "there is no terminal to ask at whether it is meant; use --yes",
        ));
    }
    let unreadable = |reason| Failure::failed(format!("cannot ask: {reason}"));
    let Model {
        serial,
        redirect_uri,
        ..
    } = client;
    let mut terminal = io::stderr();
    write!(
        terminal,
        "The client {serial} ({redirect_uri}) and everything that it set up will be gone for ever. Type its id to go on: "
    )
    .map_err(unreadable)?;
    let mut answer = String::new();
    io::stdin().read_line(&mut answer).map_err(unreadable)?;
    match answer.trim() == serial.to_string() {
        true => Ok(()),
        false => Err(Failure::failed("not confirmed; nothing was changed")),
    }
}

fn as_text(list: &Listed) -> String {
    let row = |client: &Shown| {
        let pkce = if client.requires_pkce {
            "required"
        } else {
            "optional"
        };
        vec![
            client.client_id.clone(),
            client.redirect_uri.clone(),
            pkce.to_owned(),
            output::time(client.creation_time),
            client.setups.to_string(),
            client.codes_sent.to_string(),
            client.validations.to_string(),
        ]
    };
    let rows: Vec<Vec<String>> = list.clients.iter().map(row).collect();
    let head = [
        "ID",
        "REDIRECT URI",
        "PKCE",
        "CREATED",
        "SETUPS",
        "CODES",
        "VALIDATIONS",
    ];
    output::table(&head, &rows)
}

impl Credentials {
    fn new(id: i64, secret: &ClientSecret) -> Self {
        Self {
            client_id: id.to_string(),
            client_secret: secret.expose().to_owned(),
        }
    }

    fn text(&self) -> String {
        let Self {
            client_id,
            client_secret,
        } = self;
        format!("client_id      {client_id}\nclient_secret  {client_secret}")
    }
}

impl From<Model> for Shown {
    fn from(client: Model) -> Self {
        Self {
            client_id: client.serial.to_string(),
            redirect_uri: client.redirect_uri,
            requires_pkce: client.requires_pkce,
            creation_time: timestamp(Some(client.created_at_us)),
            setups: client.setups,
            codes_sent: client.codes_sent,
            validations: client.validations,
        }
    }
}
