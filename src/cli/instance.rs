//! `kontor instance`: instances, straight on the database.

use clap::{Args, Subcommand};

use super::output::OutputArgs;
use super::password::PasswordArgs;

/// Arguments of `kontor instance`.
#[derive(Debug, Args)]
#[command(
    arg_required_else_help = true,
    after_help = "These verbs work on the database itself, also while the server runs; what they change holds at once."
)]
pub struct InstanceArgs {
    /// What to do.
    #[command(subcommand)]
    pub action: InstanceAction,
}

/// What to do with instances.
#[derive(Debug, Subcommand)]
pub enum InstanceAction {
    /// Create an instance; the first one should be "admin", which manages the others
    Create(CreateArgs),
    /// List the instances
    List(ListArgs),
    /// Show one instance
    Show(ShowArgs),
    /// Set a new password and end every access token of the instance
    Passwd(PasswdArgs),
    /// Disable an instance: it answers no more and its private key is deleted, but its records are kept
    Disable(DisableArgs),
    /// Delete an instance with all its records, for ever
    Delete(DeleteArgs),
}

/// Arguments of `kontor instance create`.
#[derive(Debug, Args)]
#[command(after_help = "\
The password is asked for, unless a flag says where to read it. For \"admin\" it can also stand in
KONTOR_ADMIN_PASSWORD, or in the file that KONTOR_ADMIN_PASSWORD_FILE names.

Examples:
  kontor instance create admin
  kontor instance create shop --name 'My shop' --password-file shop.password")]
pub struct CreateArgs {
    /// Identifier: at least 2 of A-Z a-z 0-9 _ . @ - and a letter or digit first
    #[arg(value_name = "ID")]
    pub id: String,
    /// Name that customers see [default: the identifier]
    #[arg(long, value_name = "NAME")]
    pub name: Option<String>,
    /// E-mail address of its owner
    #[arg(long, value_name = "ADDRESS")]
    pub email: Option<String>,
    /// Phone number of its owner; it must match merchant.phone_regex where that is set
    #[arg(long, value_name = "NUMBER")]
    pub phone_number: Option<String>,
    /// Web site of the shop
    #[arg(long, value_name = "URL")]
    pub website: Option<String>,
    /// Where to read the password.
    #[command(flatten)]
    pub password: PasswordArgs,
    /// How to print the new instance.
    #[command(flatten)]
    pub output: OutputArgs,
}

/// Arguments of `kontor instance list`.
#[derive(Debug, Args)]
pub struct ListArgs {
    /// How to print the list.
    #[command(flatten)]
    pub output: OutputArgs,
}

/// Arguments of `kontor instance show`.
#[derive(Debug, Args)]
pub struct ShowArgs {
    /// Identifier of the instance
    #[arg(value_name = "ID")]
    pub id: String,
    /// How to print the instance.
    #[command(flatten)]
    pub output: OutputArgs,
}

/// Arguments of `kontor instance passwd`.
#[derive(Debug, Args)]
#[command(after_help = "\
The password is asked for, unless a flag says where to read it. For \"admin\" it can also stand in
KONTOR_ADMIN_PASSWORD, or in the file that KONTOR_ADMIN_PASSWORD_FILE names.

Examples:
  kontor instance passwd admin
  pwgen 20 1 | tee shop.password | kontor instance passwd shop --password-stdin")]
pub struct PasswdArgs {
    /// Identifier of the instance
    #[arg(value_name = "ID")]
    pub id: String,
    /// Where to read the password.
    #[command(flatten)]
    pub password: PasswordArgs,
}

/// Arguments of `kontor instance disable`.
#[derive(Debug, Args)]
pub struct DisableArgs {
    /// Identifier of the instance
    #[arg(value_name = "ID")]
    pub id: String,
}

/// Arguments of `kontor instance delete`.
#[derive(Debug, Args)]
#[command(after_help = "Example: kontor instance delete shop --yes")]
pub struct DeleteArgs {
    /// Identifier of the instance
    #[arg(value_name = "ID")]
    pub id: String,
    /// Do not ask whether it is meant
    #[arg(long)]
    pub yes: bool,
}
