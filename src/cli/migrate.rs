//! `kontor migrate`: brings the tables up to date.

use clap::{Args, Subcommand};
use migration::Migrator;
use serde::Serialize;

use super::SettingsArgs;
use super::application::block_on;
use super::failure::Failure;
use super::output::{self, OutputArgs};
use crate::app::database_settings;
use crate::config::Settings;
use crate::db::{Database, DatabaseError, SchemaStatus};

/// Arguments of `kontor migrate`.
#[derive(Debug, Args)]
#[command(
    args_conflicts_with_subcommands = true,
    after_help = "\
Exit code 5: the database was made by a newer version of this program.

Examples:
  kontor migrate
  kontor migrate status --json"
)]
pub struct MigrateArgs {
    /// What to do instead of bringing the tables up to date.
    #[command(subcommand)]
    pub action: Option<MigrateAction>,
    /// How to print the steps that were taken.
    #[command(flatten)]
    pub output: OutputArgs,
}

/// What `kontor migrate` does instead of bringing the tables up to date.
#[derive(Debug, Subcommand)]
pub enum MigrateAction {
    /// List the steps and which of them are pending, and change nothing
    Status(OutputArgs),
}

/// How the schema of a database stands.
#[derive(Serialize)]
struct Standing {
    state: &'static str,
    steps: Vec<Step>,
    /// Steps that the database had from a newer program.
    unknown: Vec<String>,
}

#[derive(Serialize)]
struct Step {
    name: String,
    applied: bool,
}

/// The steps that were taken.
#[derive(Serialize)]
struct Taken {
    applied: Vec<String>,
}

/// Brings the tables up to date, or says how they stand.
///
/// # Errors
/// Exit code 4 if the database cannot be had, 5 if a newer program made it.
pub fn run(settings: &SettingsArgs, args: &MigrateArgs) -> Result<(), Failure> {
    let settings = settings.load()?.settings;
    match &args.action {
        None => block_on(migrate(&settings, args.output)),
        Some(MigrateAction::Status(output)) => block_on(status(&settings, *output)),
    }
}

async fn migrate(settings: &Settings, output: OutputArgs) -> Result<(), Failure> {
    let database = Database::connect(&database_settings(settings)).await?;
    let pending = pending(&database.schema_status().await?);
    let migrated = database.migrate().await;
    database.close().await;
    migrated?;
    output.print(&Taken { applied: pending }, |taken| {
        match &taken.applied[..] {
            [] => "The tables are up to date.".to_owned(),
            steps => format!(
                "The tables are up to date now; steps taken: {}.",
                steps.join(", ")
            ),
        }
    })
}

async fn status(settings: &Settings, output: OutputArgs) -> Result<(), Failure> {
    let database = database_settings(settings);
    let status = match database.sqlite_path()? {
        // Connecting would make the file.
        Some(path) if !path.exists() => SchemaStatus::Empty,
        _ => {
            let database = Database::connect(&database).await?;
            let status = database.schema_status().await;
            database.close().await;
            status?
        }
    };
    output.print(&Standing::of(&status), Standing::text)?;
    match status {
        SchemaStatus::TooNew { unknown } => Err(DatabaseError::TooNew { unknown }.into()),
        _ => Ok(()),
    }
}

fn pending(status: &SchemaStatus) -> Vec<String> {
    match status {
        SchemaStatus::Empty => Migrator::step_names(),
        SchemaStatus::Behind { pending } => pending.clone(),
        SchemaStatus::Current | SchemaStatus::TooNew { .. } => Vec::new(),
    }
}

impl Standing {
    fn of(status: &SchemaStatus) -> Self {
        let pending = pending(status);
        let step = |name: String| Step {
            applied: !pending.contains(&name),
            name,
        };
        Self {
            state: match status {
                SchemaStatus::Empty => "empty",
                SchemaStatus::Current => "current",
                SchemaStatus::Behind { .. } => "behind",
                SchemaStatus::TooNew { .. } => "too_new",
            },
            steps: Migrator::step_names().into_iter().map(step).collect(),
            unknown: match status {
                SchemaStatus::TooNew { unknown } => unknown.clone(),
                _ => Vec::new(),
            },
        }
    }

    fn text(&self) -> String {
        let known = self.steps.iter().map(|step| {
            let state = if step.applied { "applied" } else { "pending" };
            vec![step.name.clone(), state.to_owned()]
        });
        let unknown = self
            .unknown
            .iter()
            .map(|name| vec![name.clone(), "unknown".to_owned()]);
        let rows: Vec<Vec<String>> = known.chain(unknown).collect();
        output::table(&["STEP", "STATE"], &rows)
    }
}
