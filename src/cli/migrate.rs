//! `kontor migrate`: brings the tables up to date.

use clap::{Args, Subcommand};

use super::output::OutputArgs;

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
