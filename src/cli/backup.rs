//! `kontor backup`: everything in one file, while the server runs.

use std::path::PathBuf;

use bytesize::ByteSize;
use clap::Args;
use kontor_openapi::scalar::Timestamp;
use serde::Serialize;

use super::SettingsArgs;
use super::application::{block_on, must_exist, with_url};
use super::failure::Failure;
use super::inventory::{Inventory, made_at};
use super::output::{self, OutputArgs};
use super::signals::unless_stopped;
use crate::app::{database_settings, fitting_keyring};
use crate::clock::Clock;
use crate::config::Settings;
use crate::db::backup::{self, Contents};
use crate::random::Random;

/// Arguments of `kontor backup`.
#[derive(Debug, Args)]
#[command(after_help = "\
A server may run meanwhile. The backup is an SQLite database, whatever the database is, readable by its owner alone,
written under its name only when it was opened again and found whole. The key file is not in it: keep a copy of that
apart.

Example: kontor backup /var/backups/kontor/$(date +%F).db")]
pub struct BackupArgs {
    /// File to write, which must not exist
    #[arg(value_name = "FILE")]
    pub file: PathBuf,
    /// How to print what the backup holds.
    #[command(flatten)]
    pub output: OutputArgs,
}

/// A backup that was written.
#[derive(Serialize)]
struct Written {
    file: String,
    bytes: u64,
    made_at: Option<Timestamp>,
    /// Names of steps, where it was made of older tables.
    pending_steps: Vec<String>,
    #[serde(flatten)]
    inventory: Inventory,
    key_file: String,
}

/// Writes a backup and says what it holds.
///
/// # Errors
/// Exit code 1 if the file exists, cannot be written, or is not whole; 4 if the database cannot be had, 5 for a PostgreSQL database with tables of another
/// release, or an SQLite database of a newer one.
pub fn run(settings: &SettingsArgs, args: &BackupArgs) -> Result<(), Failure> {
    let settings = settings.load()?.settings;
    let contents = block_on(unless_stopped(write(&settings, args)))?;
    let key_file = &settings.secrets.key_file;
    if let Err(unfit) = fitting_keyring(key_file, &contents.keys, &Random::system()) {
        output::warning(&unfit.to_string());
    }
    let written = Written {
        file: args.file.display().to_string(),
        bytes: contents.size,
        made_at: made_at(&contents),
        pending_steps: contents.schema.pending().to_vec(),
        inventory: Inventory::of(&contents.tables),
        key_file: key_file.display().to_string(),
    };
    args.output.print(&written, Written::text)
}

async fn write(settings: &Settings, args: &BackupArgs) -> Result<Contents, Failure> {
    let source = database_settings(settings);
    must_exist(&source)?;
    let written = backup::write(&source, &args.file, Clock::system().now()).await;
    written.map_err(|error| with_url(&settings.database.url, error))
}

impl Written {
    fn text(&self) -> String {
        format!(
            "Wrote {}: {}, {}. It was opened again and is whole.\n\
             The key file {} is not in it: keep a copy of that apart, once.",
            self.file,
            ByteSize(self.bytes),
            self.inventory.size(),
            self.key_file
        )
    }
}
