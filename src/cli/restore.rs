//! `kontor restore`: a backup becomes a database again, or is looked at.

use std::path::PathBuf;

use bytesize::ByteSize;
use clap::Args;
use kontor_openapi::scalar::Timestamp;
use serde::Serialize;

use super::SettingsArgs;
use super::application::{block_on, with_url};
use super::failure::Failure;
use super::inventory::{Inventory, made_at};
use super::output::{self, OutputArgs};
use super::signals::unless_stopped;
use super::target::fill;
use crate::app::{database_settings, fitting_keyring};
use crate::config::Settings;
use crate::db::backup::{Backup, Contents};
use crate::random::Random;

/// Arguments of `kontor restore`.
#[derive(Debug, Args)]
#[command(after_help = "\
The database that is restored into (database.url) must have no rows, and the key file must be the one that was in use
when the backup was made. A backup of an older release is brought up to date on the way. Exit code 1: the file is no
whole backup, or the database has rows; 3: the key file does not fit; 5: a newer release made the backup.

Examples:
  kontor restore --check /var/backups/kontor/2026-11-22.db
  kontor restore /var/backups/kontor/2026-11-22.db")]
pub struct RestoreArgs {
    /// File that "kontor backup" wrote
    #[arg(value_name = "FILE")]
    pub file: PathBuf,
    /// Say whether the file can be restored and what it holds, and change nothing
    #[arg(long)]
    pub check: bool,
    /// How to print what the backup holds.
    #[command(flatten)]
    pub output: OutputArgs,
}

/// A backup as it is told.
#[derive(Serialize)]
struct Told {
    file: String,
    bytes: u64,
    /// The steps that are taken on the way, where it was made of older tables.
    pending_steps: Vec<String>,
    /// Whether the key file of the configuration opens what is sealed in it.
    key_file_fits: bool,
    /// When it was made; `null` where it does not say what was written into it.
    made_at: Option<Timestamp>,
    /// Where it was restored to.
    #[serde(skip_serializing_if = "Option::is_none")]
    restored_to: Option<String>,
    #[serde(flatten)]
    inventory: Inventory,
    #[serde(skip)]
    key_file: String,
}

/// Restores a backup or looks at it, and says what it holds.
///
/// # Errors
/// Exit code 1 if the file is no whole backup or the database has rows, 3 if the key file does not fit, 4 if the database cannot be had, 5 for a backup of
/// a newer release.
pub fn run(settings: &SettingsArgs, args: &RestoreArgs) -> Result<(), Failure> {
    let settings = settings.load()?.settings;
    block_on(unless_stopped(async {
        let backup = Backup::open(&args.file).await?;
        if backup.contents.made_at_us.is_none() {
            output::warning(&format!(
                "{} does not say what was written into it, as what \"kontor backup\" writes does: rows that were altered go unnoticed",
                args.file.display()
            ));
        }
        let outcome = match args.check {
            true => check(&settings, args, &backup.contents),
            false => restore(&settings, args, &backup).await,
        };
        backup.close().await;
        outcome
    }))
}

fn check(settings: &Settings, args: &RestoreArgs, contents: &Contents) -> Result<(), Failure> {
    let fits = fits(settings, contents);
    let told = tell(settings, args, contents);
    let told = Told {
        key_file_fits: fits.is_ok(),
        ..told
    };
    args.output.print(&told, Told::checked)?;
    fits
}

async fn restore(settings: &Settings, args: &RestoreArgs, backup: &Backup) -> Result<(), Failure> {
    fits(settings, &backup.contents)?;
    let url = &settings.database.url;
    let filled = fill(&backup.snapshot, &database_settings(settings)).await;
    filled.map_err(|error| with_url(url, error))?;
    let told = Told {
        restored_to: Some(url.to_string()),
        ..tell(settings, args, &backup.contents)
    };
    args.output.print(&told, Told::restored)
}

/// Whether the server would start with its key file on what is restored.
fn fits(settings: &Settings, contents: &Contents) -> Result<(), Failure> {
    let keyring = fitting_keyring(
        &settings.secrets.key_file,
        &contents.keys,
        &Random::system(),
    );
    Ok(keyring.map(drop)?)
}

fn tell(settings: &Settings, args: &RestoreArgs, contents: &Contents) -> Told {
    Told {
        file: args.file.display().to_string(),
        bytes: contents.size,
        pending_steps: contents.schema.pending().to_vec(),
        key_file_fits: true,
        made_at: made_at(contents),
        restored_to: None,
        inventory: Inventory::of(&contents.tables),
        key_file: settings.secrets.key_file.display().to_string(),
    }
}

impl Told {
    fn checked(&self) -> String {
        let newest = self.inventory.newest.map(output::time);
        let newest = newest.map_or_else(String::new, |time| format!(", the newest of {time}"));
        let made = self.made_at.map(output::time);
        let made = made.map_or_else(String::new, |time| {
            format!("\nIt was made at {time}, and holds what was written then.")
        });
        let key_file = match self.key_file_fits {
            true => format!("\nThe key file {} fits.", self.key_file),
            false => String::new(),
        };
        format!(
            "{} is whole: {}, {}{newest}.{made}{}{key_file}\n\n{}",
            self.file,
            ByteSize(self.bytes),
            self.inventory.size(),
            self.steps("would be taken"),
            self.inventory.table()
        )
    }

    fn restored(&self) -> String {
        let to = self.restored_to.as_deref().unwrap_or_default();
        format!(
            "Restored {} into {to}: {}; every table arrived as it is in the backup.{}",
            self.file,
            self.inventory.size(),
            self.steps("were taken")
        )
    }

    fn steps(&self, what: &str) -> String {
        match &self.pending_steps[..] {
            [] => String::new(),
            steps => format!(
                "\nIt was made by an older release: the steps {} {what} on the way.",
                steps.join(", ")
            ),
        }
    }
}
