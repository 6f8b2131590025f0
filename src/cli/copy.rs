//! `kontor copy`: takes everything from one database into another one.

use std::fmt;
use std::path::PathBuf;

use clap::Args;
use secrecy::{ExposeSecret as _, SecretString};
use serde::Serialize;

use super::SettingsArgs;
use super::application::{block_on, must_exist, with_url};
use super::failure::Failure;
use super::first_line;
use super::inventory::Inventory;
use super::output::OutputArgs;
use super::signals::unless_stopped;
use super::target::fill;
use crate::app::database_settings;
use crate::config::{DatabaseUrl, Settings};
use crate::db::DatabaseSettings;
use crate::db::transfer::{Snapshot, TableSummary};

/// Arguments of `kontor copy`.
#[derive(Args)]
#[command(after_help = "\
The copy is of one moment. A server may run on the source, but what it writes later is not in the copy: stop it before
you move. Exit code 1: the target is not empty; 5: the source has other tables than this program.

Examples:
  kontor copy --from sqlite://kontor.db --to-file /run/secrets/postgres-url
  kontor copy --to sqlite://copy.db --json")]
pub struct CopyArgs {
    #[command(flatten)]
    from: FromArgs,
    #[command(flatten)]
    to: ToArgs,
    /// How to print what was copied.
    #[command(flatten)]
    output: OutputArgs,
}

/// Where everything is taken from.
#[derive(Args)]
#[group(id = "source", multiple = false)]
struct FromArgs {
    /// Database to copy [default: database.url]; every user of the machine sees it while the command runs
    #[arg(long, value_name = "URL")]
    from: Option<SecretString>,
    /// Read the URL of the database to copy from the first line of this file
    #[arg(long, value_name = "FILE")]
    from_file: Option<PathBuf>,
}

/// Where everything is brought.
#[derive(Args)]
#[group(id = "target", multiple = false, required = true)]
struct ToArgs {
    /// Database without rows to copy into; every user of the machine sees it while the command runs
    #[arg(long, value_name = "URL")]
    to: Option<SecretString>,
    /// Read the URL of the database to copy into from the first line of this file
    #[arg(long, value_name = "FILE")]
    to_file: Option<PathBuf>,
}

impl fmt::Debug for CopyArgs {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("CopyArgs").finish_non_exhaustive()
    }
}

/// What was copied.
#[derive(Serialize)]
struct Copied {
    from: String,
    to: String,
    #[serde(flatten)]
    inventory: Inventory,
    #[serde(skip)]
    key_file: String,
}

/// Copies, and says what.
///
/// # Errors
/// Exit code 1 if the target has rows, 2 if both are the same, 4 if one of them cannot be had, 5 for tables of another release.
pub fn run(settings: &SettingsArgs, args: &CopyArgs) -> Result<(), Failure> {
    let settings = settings.load()?.settings;
    let from = read(args.from.from.as_ref(), args.from.from_file.as_ref())?;
    let from = from.unwrap_or_else(|| settings.database.url.clone());
    let to = read(args.to.to.as_ref(), args.to.to_file.as_ref())?;
    let to = to.ok_or_else(|| Failure::usage("where to? use --to URL or --to-file FILE"))?;
    let tables = block_on(unless_stopped(copy_all(&settings, &from, &to)))?;
    let copied = Copied {
        from: from.to_string(),
        to: to.to_string(),
        inventory: Inventory::of(&tables),
        key_file: settings.secrets.key_file.display().to_string(),
    };
    args.output.print(&copied, Copied::text)
}

/// The URL that the flags name, if they do. It may hold a password, so that no message repeats it.
fn read(
    url: Option<&SecretString>,
    file: Option<&PathBuf>,
) -> Result<Option<DatabaseUrl>, Failure> {
    let parsed = match (url, file) {
        (Some(url), _) => DatabaseUrl::parse(url.expose_secret()),
        (None, Some(file)) => DatabaseUrl::parse(&first_line::of_file("database URL", file)?),
        (None, None) => return Ok(None),
    };
    parsed.map(Some).map_err(Failure::usage)
}

async fn copy_all(
    settings: &Settings,
    from: &DatabaseUrl,
    to: &DatabaseUrl,
) -> Result<Vec<TableSummary>, Failure> {
    let at = |url: &DatabaseUrl| DatabaseSettings {
        url: url.expose().to_owned(),
        ..database_settings(settings)
    };
    let (source, target) = (at(from), at(to));
    must_exist(&source)?;
    let source = Snapshot::of_database(&source).await;
    let source = source.map_err(|error| with_url(from, error))?;
    let copied = fill(&source, &target).await;
    source.close().await;
    copied.map_err(|error| with_url(to, error))
}

impl Copied {
    fn text(&self) -> String {
        format!(
            "Copied {} from {} to {}; every table arrived as it was sent.\n\
             What is written to {} from now on is not in the copy.\n\
             The copy needs the same key file: {}.",
            self.inventory.size(),
            self.from,
            self.to,
            self.from,
            self.key_file
        )
    }
}
