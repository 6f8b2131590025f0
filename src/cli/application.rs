//! What the verbs that work on the database have in common.

use std::future::Future;

use entity::instance::Model;
use kontor_openapi::merchant::{
    InstanceAuthConfigToken, InstanceAuthConfigTokenMethod, InstanceAuthConfigurationMessage,
    InstanceConfigurationMessage, Location,
};
use kontor_openapi::scalar::{InstanceId, Password};
use tokio::runtime::Runtime;

use super::SettingsArgs;
use super::failure::Failure;
use crate::app::{App, Migration, StartError, database_settings};
use crate::audit::Origin;
use crate::auth::TokenScope;
use crate::clock::Clock;
use crate::config::{DatabaseUrl, Lifetime, Settings};
use crate::db::transfer::TransferError;
use crate::db::{self, DatabaseError, DatabaseSettings};
use crate::error::Error;
use crate::merchant::{Grant, Granted, GrantedBy, grant_token, token_lifetime};
use crate::random::Random;

/// Runs asynchronous work to its end.
///
/// # Errors
/// That of the work, or no threads to run it on.
pub fn block_on<T>(work: impl Future<Output = Result<T, Failure>>) -> Result<T, Failure> {
    let runtime = Runtime::new().map_err(|reason| {
        Failure::failed(format!("cannot start the asynchronous runtime: {reason}"))
    })?;
    runtime.block_on(work)
}

/// Opens the application on this machine's clock and random source.
///
/// # Errors
/// Exit code 3 for the configuration and the key file, 4 for the database, 5 for its schema.
pub async fn open(settings: Settings, migration: Migration) -> Result<App, Failure> {
    if migration == Migration::Refused {
        must_exist(&database_settings(&settings))?;
    }
    let url = settings.database.url.clone();
    let opened = App::open(settings, migration, Clock::system(), Random::system()).await;
    opened.map_err(|error| match error {
        StartError::Database(error @ DatabaseError::Start(_)) => {
            let failure = Failure::from(error);
            Failure::new(failure.exit, format!("{url}: {}", failure.message))
        }
        error => error.into(),
    })
}

/// What went wrong with a database, named by its address without the password where that helps.
#[must_use]
pub fn with_url(url: &DatabaseUrl, error: TransferError) -> Failure {
    // The others name a file.
    let is_of_database = matches!(
        error,
        TransferError::Database(_)
            | TransferError::SourceSchema(_)
            | TransferError::TargetSchema(_)
            | TransferError::NotEmpty { .. }
    );
    let failure = Failure::from(error);
    match is_of_database {
        true => Failure::new(failure.exit, format!("{url}: {}", failure.message)),
        false => failure,
    }
}

/// Opening an SQLite database makes its file; a verb that only looks should not.
///
/// # Errors
/// Exit code 4: there is none.
pub fn must_exist(settings: &DatabaseSettings) -> Result<(), Failure> {
    match settings.sqlite_path()? {
        Some(path) if !path.exists() => Err(Failure::database(format!(
            "there is no database {} yet; \"kontor migrate\" or the first \"kontor serve\" makes it",
            path.display()
        ))),
        _ => Ok(()),
    }
}

/// Does work on the application and closes its database.
///
/// # Errors
/// Those of the settings, of [`open`] and of the work.
pub fn with_app<T>(
    settings: &SettingsArgs,
    migration: Migration,
    work: impl AsyncFnOnce(&App) -> Result<T, Failure>,
) -> Result<T, Failure> {
    let settings = settings.load()?.settings;
    block_on(async {
        let app = open(settings, migration).await?;
        let outcome = work(&app).await;
        app.database.close().await;
        outcome
    })
}

/// The instance of that name, disabled or not.
///
/// # Errors
/// There is none.
pub async fn find_instance(app: &App, id: &str) -> Result<Model, Failure> {
    let stored = db::instance::find(app.database.read(), id).await?;
    stored.ok_or_else(|| Failure::of_operation(Error::InstanceUnknown, id))
}

/// A new instance that says nothing about itself but its name.
#[must_use]
pub fn plain_instance(
    id: InstanceId,
    name: String,
    password: Password,
) -> InstanceConfigurationMessage {
    let nowhere = Location {
        country: None,
        country_subdivision: None,
        district: None,
        town: None,
        town_location: None,
        post_code: None,
        street: None,
        building_name: None,
        building_number: None,
        address_lines: None,
    };
    InstanceConfigurationMessage {
        id,
        name,
        email: None,
        phone_number: None,
        website: None,
        logo: None,
        auth: password_auth(password),
        address: nowhere.clone(),
        jurisdiction: nowhere,
        use_stefan: true,
        default_pay_delay: None,
        default_refund_delay: None,
        default_wire_transfer_delay: None,
        default_wire_transfer_rounding_interval: None,
    }
}

/// A login by password.
#[must_use]
pub fn password_auth(password: Password) -> InstanceAuthConfigurationMessage {
    InstanceAuthConfigurationMessage::InstanceAuthConfigToken(InstanceAuthConfigToken {
        method: InstanceAuthConfigTokenMethod::Token,
        password,
    })
}

/// The password as the API takes it.
///
/// # Errors
/// It is empty or too long, once a leading `secret-token:` is taken off.
pub fn parse_password(text: &str) -> Result<Password, Failure> {
    Password::parse(text).ok_or_else(|| {
        Failure::usage("a password has 1 to 1024 bytes, not counting \"secret-token:\" in front")
    })
}

/// The name of an instance as the API takes it.
///
/// # Errors
/// It is none.
pub fn parse_id(text: &str) -> Result<InstanceId, Failure> {
    text.parse()
        .map_err(|reason| Failure::usage(format!("{text:?} {reason}")))
}

/// Grants a token to an instance, without its password.
///
/// # Errors
/// There is no such instance, or it is disabled.
pub async fn grant(
    app: &App,
    id: &str,
    scope: TokenScope,
    duration: Option<Lifetime>,
    description: Option<String>,
) -> Result<Granted, Failure> {
    let stored = find_instance(app, id).await?;
    if stored.deleted_at_us.is_some() {
        return Err(Failure::of_operation(Error::InstanceDeleted, id));
    }
    let credential = db::credential::find(app.database.read(), stored.serial).await?;
    let credential = credential.ok_or_else(|| Failure::of_operation(Error::Unauthorized, id))?;
    let grant = Grant {
        instance_serial: stored.serial,
        instance_id: stored.instance_id,
        credential_version: credential.version,
        scope,
        lifetime: token_lifetime(app, duration),
        description,
        by: GrantedBy::CommandLine,
    };
    grant_token(app, &Origin::of_command_line(), grant)
        .await
        .map_err(|error| Failure::of_operation(error, id))
}
