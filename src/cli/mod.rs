//! The command line: one file per verb. What users see is one plain sentence: what is wrong, where, and what to do.

pub mod application;
pub mod audit;
pub mod backup;
pub mod client;
pub mod client_secret;
pub mod completions;
pub mod config;
pub mod copy;
pub mod doctor;
pub mod failure;
pub mod first_line;
pub mod health;
pub mod instance;
pub mod inventory;
pub mod man;
pub mod migrate;
pub mod openapi;
pub mod output;
pub mod password;
pub mod restore;
pub mod sandbox;
pub mod serve;
pub mod signals;
pub mod supervisor;
pub mod target;
pub mod token;

use std::ffi::OsString;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, Parser, Subcommand};

use crate::config::{Loaded, Settings, Sources};
use failure::Failure;

/// What the program ends with, whatever the verb.
const EXIT_CODES: &str =
    "0 done, 1 failed, 2 wrong usage, 3 wrong configuration, 4 no database, 5 other schema";

const FIRST_STEPS: &str = "\
Try it: kontor sandbox
Run it: kontor config example > kontor.toml; kontor instance create admin; kontor serve";

/// A self-hosted GNU Taler merchant backend and Challenger
#[derive(Parser)]
#[command(name = "kontor", version, after_help = format!("Exit codes: {EXIT_CODES}\n\n{FIRST_STEPS}"), arg_required_else_help = true)]
pub struct Cli {
    /// Where the settings come from.
    #[command(flatten)]
    pub settings: SettingsArgs,
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// Where the settings come from, the same for every verb. It cannot be printed: `--set` may hold a password.
#[derive(Clone, Default, Args)]
#[command(next_help_heading = "Settings")]
pub struct SettingsArgs {
    /// Configuration file [default: kontor.toml, if it is here]
    #[arg(
        long,
        global = true,
        value_name = "FILE",
        env = "KONTOR_CONFIG",
        hide_env_values = true
    )]
    pub config: Option<PathBuf>,
    /// Set a key over file and environment, such as log.level=debug; repeatable
    #[arg(long, global = true, value_name = "KEY=VALUE", value_parser = assignment)]
    pub set: Vec<(String, String)>,
}

impl SettingsArgs {
    /// Where this process takes its settings from.
    #[must_use]
    pub fn sources(&self) -> Sources {
        Sources::of_process(self.config.clone(), self.set.clone())
    }

    /// The settings of this process.
    ///
    /// # Errors
    /// Exit code 3 with every mistake.
    pub fn load(&self) -> Result<Loaded, Failure> {
        Ok(Settings::load(&self.sources())?)
    }
}

fn assignment(text: &str) -> Result<(String, String), String> {
    let (key, value) = text
        .split_once('=')
        .ok_or("write KEY=VALUE, such as log.level=debug")?;
    Ok((key.trim().to_owned(), value.to_owned()))
}

/// The verbs.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Run the server
    Serve(serve::ServeArgs),
    /// Run a server to play with, on a database that is thrown away at the end
    Sandbox(sandbox::SandboxArgs),
    /// Bring the tables of the database up to date, or say how they stand
    Migrate(migrate::MigrateArgs),
    /// Write everything into one file, while the server runs
    Backup(backup::BackupArgs),
    /// Make a database of a backup again, or say whether that would do
    Restore(restore::RestoreArgs),
    /// Take everything from one database into another one, such as from SQLite to PostgreSQL
    Copy(copy::CopyArgs),
    /// Create and manage instances, straight on the database
    Instance(instance::InstanceArgs),
    /// Create, list and revoke access tokens, straight on the database
    Token(token::TokenArgs),
    /// Register and manage the clients of the Challenger, straight on the database
    Client(client::ClientArgs),
    /// Read the record of logins and of changes to credentials, contacts and instances
    Audit(audit::AuditArgs),
    /// Check, show and document the configuration
    Config(config::ConfigArgs),
    /// Print the OpenAPI document
    Openapi(openapi::OpenapiArgs),
    /// Ask a running server whether it is ready
    Health(health::HealthArgs),
    /// Look at what tends to go wrong when nobody watches, and say what to do about it
    Doctor(doctor::DoctorArgs),
    /// Print what a shell needs to complete the words of this program
    Completions(completions::CompletionsArgs),
    /// Print the manual page, or write one for each verb
    Man(man::ManArgs),
}

/// Reads the arguments and does what they say.
#[must_use]
pub fn main(arguments: impl IntoIterator<Item = OsString>) -> ExitCode {
    let result = match Cli::try_parse_from(arguments) {
        Ok(cli) => run(cli),
        Err(error) => {
            // Help and version come this way too, with code 0. A closed pipe is nobody's mistake.
            let code = u8::try_from(error.exit_code()).unwrap_or(2);
            drop(error.print());
            return ExitCode::from(code);
        }
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            output::error(&failure);
            failure.exit.into()
        }
    }
}

fn run(cli: Cli) -> Result<(), Failure> {
    let settings = &cli.settings;
    match cli.command {
        Command::Serve(args) => serve::run(settings, &args),
        Command::Sandbox(args) => sandbox::run(settings, &args),
        Command::Migrate(args) => migrate::run(settings, &args),
        Command::Backup(args) => backup::run(settings, &args),
        Command::Restore(args) => restore::run(settings, &args),
        Command::Copy(args) => copy::run(settings, &args),
        Command::Instance(args) => instance::run(settings, &args),
        Command::Token(args) => token::run(settings, &args),
        Command::Client(args) => client::run(settings, &args),
        Command::Audit(args) => audit::run(settings, &args),
        Command::Config(args) => config::run(settings, &args),
        Command::Openapi(args) => openapi::run(&args),
        Command::Health(args) => health::run(settings, &args),
        Command::Doctor(args) => doctor::run(settings, &args),
        Command::Completions(args) => completions::run(&args),
        Command::Man(args) => man::run(&args),
    }
}
