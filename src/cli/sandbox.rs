//! `kontor sandbox`: a server to play with.

use clap::Args;

use super::output::OutputArgs;

/// Arguments of `kontor sandbox`.
#[derive(Debug, Args)]
#[command(after_help = "\
Makes an instance \"admin\" and a sample shop, prints their addresses, passwords and tokens, and runs until it
is interrupted. Nothing is kept. It needs no configuration, no network and no database server.

Examples:
  kontor sandbox
  kontor sandbox --set merchant.listen=127.0.0.1:8080
  kontor sandbox --json")]
pub struct SandboxArgs {
    /// How to print the addresses, passwords and tokens.
    #[command(flatten)]
    pub output: OutputArgs,
}
