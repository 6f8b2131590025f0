//! `kontor instance`: instances, straight on the database.

mod show;

use std::io::{self, IsTerminal as _, Write as _};

use clap::{Args, Subcommand};
use entity::instance::Model;
use kontor_openapi::merchant::{InstanceConfigurationMessage, InstancesResponse};
use serde::Serialize;

use super::SettingsArgs;
use super::application::{find_instance, parse_id, parse_password, plain_instance, with_app};
use super::failure::Failure;
use super::output::{self, OutputArgs};
use super::password::PasswordArgs;
use crate::app::{App, Migration};
use crate::audit::Origin;
use crate::error::Error;
use crate::merchant::{
    By, ChangedBy, CreateOutcome, NewAuth, Removal, base_url, change_auth, create_instance,
    list_instances, remove_instance,
};

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
  kontor instance passwd admin --clear-second-factor
  pwgen 20 1 | tee shop.password | kontor instance passwd shop --password-stdin")]
pub struct PasswdArgs {
    /// Identifier of the instance
    #[arg(value_name = "ID")]
    pub id: String,
    /// Also take away the second factors, for an owner who can receive no codes any more
    #[arg(long)]
    pub clear_second_factor: bool,
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

/// An instance that exists now.
#[derive(Serialize)]
struct Created {
    id: String,
    base_url: String,
    /// Whether it was made now, not before.
    created: bool,
}

/// Does what the arguments say.
///
/// # Errors
/// Exit code 1 for what cannot be done, 2 for an impossible id or password, 3 to 5 for configuration, database and
/// schema.
pub fn run(settings: &SettingsArgs, args: &InstanceArgs) -> Result<(), Failure> {
    let existing = Migration::Refused;
    match &args.action {
        InstanceAction::Create(args) => {
            // A wrong configuration is told before the password is asked for, and that before anything is made.
            settings.load()?;
            let message = new_instance(args)?;
            // The first instance may come before the first start of the server.
            with_app(settings, Migration::OfEmpty, async |app| {
                create(app, args, message).await
            })
        }
        InstanceAction::List(args) => {
            with_app(settings, existing, async |app| list(app, args).await)
        }
        InstanceAction::Show(args) => {
            with_app(settings, existing, async |app| show::show(app, args).await)
        }
        InstanceAction::Passwd(args) => {
            with_app(settings, existing, async |app| passwd(app, args).await)
        }
        InstanceAction::Disable(args) => with_app(settings, existing, async |app| {
            remove(app, &args.id, Removal::Disable, true).await
        }),
        InstanceAction::Delete(args) => with_app(settings, existing, async |app| {
            remove(app, &args.id, Removal::Purge, args.yes).await
        }),
    }
}

fn new_instance(args: &CreateArgs) -> Result<InstanceConfigurationMessage, Failure> {
    let id = parse_id(&args.id)?;
    let password = parse_password(&args.password.read(&args.id)?)?;
    let name = args.name.clone().unwrap_or_else(|| args.id.clone());
    Ok(InstanceConfigurationMessage {
        email: args.email.clone(),
        phone_number: args.phone_number.clone(),
        website: args.website.clone(),
        ..plain_instance(id, name, password)
    })
}

async fn create(
    app: &App,
    args: &CreateArgs,
    message: InstanceConfigurationMessage,
) -> Result<(), Failure> {
    let id = message.id.clone();
    let outcome = create_instance(app, message, &Origin::of_command_line(), By::CommandLine)
        .await
        .map_err(|error| Failure::of_operation(error, &args.id))?;
    let created = Created {
        id: args.id.clone(),
        base_url: base_url(app, &id),
        created: outcome == CreateOutcome::Created,
    };
    args.output
        .print(&created, |created| match created.created {
            true => format!(
                "Created the instance {:?}: {}",
                created.id, created.base_url
            ),
            false => format!(
                "The instance {:?} is there already, just so: {}",
                created.id, created.base_url
            ),
        })
}

async fn list(app: &App, args: &ListArgs) -> Result<(), Failure> {
    let listed = list_instances(app).await;
    let listed = listed.map_err(|error| Failure::of_operation(error, ""))?;
    args.output.print(&listed, |list: &InstancesResponse| {
        let row = |instance: &kontor_openapi::merchant::Instance| {
            let state = if instance.deleted {
                "disabled"
            } else {
                "active"
            };
            vec![
                instance.id.to_string(),
                state.to_owned(),
                instance.name.clone(),
            ]
        };
        let rows: Vec<Vec<String>> = list.instances.iter().map(row).collect();
        output::table(&["ID", "STATE", "NAME"], &rows)
    })
}

async fn passwd(app: &App, args: &PasswdArgs) -> Result<(), Failure> {
    let stored = find_active(app, &args.id).await?;
    let password = parse_password(&args.password.read(&args.id)?)?;
    let by = ChangedBy::CommandLine {
        clear_second_factor: args.clear_second_factor,
    };
    let auth = NewAuth::Password(password);
    change_auth(app, &stored, &auth, &Origin::of_command_line(), by)
        .await
        .map_err(|error| Failure::of_operation(error, &args.id))?;
    let cleared = match args.clear_second_factor {
        true => " Its second factors are gone: its owner should prove its contacts anew.",
        false => "",
    };
    output::line(&format!(
        "Set the password of the instance {:?} and ended its access tokens.{cleared}",
        args.id
    ))
}

async fn find_active(app: &App, id: &str) -> Result<Model, Failure> {
    let stored = find_instance(app, id).await?;
    match stored.deleted_at_us {
        None => Ok(stored),
        Some(_) => Err(Failure::of_operation(Error::InstanceDeleted, id)),
    }
}

async fn remove(app: &App, id: &str, removal: Removal, is_meant: bool) -> Result<(), Failure> {
    let stored = find_instance(app, id).await?;
    if !is_meant {
        ask(id)?;
    }
    remove_instance(app, &Origin::of_command_line(), &stored, removal, None)
        .await
        .map_err(|error| Failure::of_operation(error, id))?;
    output::line(&match removal {
        Removal::Disable => format!("Disabled the instance {id:?}."),
        Removal::Purge => format!("Deleted the instance {id:?} with all its records."),
    })
}

/// Asks whether it is meant.
fn ask(id: &str) -> Result<(), Failure> {
    if !io::stdin().is_terminal() {
        return Err(Failure::usage(
            "there is no terminal to ask at whether it is meant; use --yes",
        ));
    }
    let unreadable = |reason| Failure::failed(format!("cannot ask: {reason}"));
    let mut terminal = io::stderr();
    write!(
        terminal,
        "The instance {id:?} and all its records will be gone for ever. Type its id to go on: "
    )
    .map_err(unreadable)?;
    let mut answer = String::new();
    io::stdin().read_line(&mut answer).map_err(unreadable)?;
    match answer.trim() == id {
        true => Ok(()),
        false => Err(Failure::failed("not confirmed; nothing was changed")),
    }
}
