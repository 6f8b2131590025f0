//! `kontor serve`: runs what the configuration enables.

use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;

use clap::Args;
use kontor_openapi::scalar::InstanceId;

use super::SettingsArgs;
use super::application::{block_on, open, parse_id, parse_password, plain_instance};
use super::failure::Failure;
use super::output;
use super::password::{ADMIN_PASSWORD, admin_from_environment};
use super::signals::{Signals, serve_until_stopped};
use super::supervisor;
use crate::app::{App, Migration, database_settings};
use crate::audit::Origin;
use crate::clock::Clock;
use crate::config::{Loaded, LogFormat, Mistake, Origins, Settings};
use crate::db::{self, ServeLock};
use crate::doctor::delivery;
use crate::error::Error;
use crate::logging;
use crate::merchant::{By, create_instance};
use crate::mfa::configured_channels;
use crate::server::{Listeners, ServeError};
use crate::tan::Channel;

/// Arguments of `kontor serve`. All that can be chosen is a setting.
#[derive(Debug, Args)]
#[command(after_help = "\
Creates the key file and the embedded database at the first start, brings the tables up to date unless
database.migrate is false, and listens until SIGTERM or SIGINT; then it finishes open requests.

Without an instance \"admin\" nobody can create instances over HTTP. Set KONTOR_ADMIN_PASSWORD, or
KONTOR_ADMIN_PASSWORD_FILE to a file that holds it, and it is created at the start; or run
\"kontor instance create admin\".

Examples:
  kontor serve --config /etc/kontor/kontor.toml
  KONTOR_ADMIN_PASSWORD_FILE=/run/secrets/admin kontor serve
  kontor serve --set merchant.listen=0.0.0.0:9966 --set merchant.public_url=https://shop.example/")]
pub struct ServeArgs {}

/// What became of the instance `admin` at the start.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Admin {
    /// It is there.
    Exists,
    /// It was made, with the password of the environment.
    Created,
    /// There is none, and nothing to make it of.
    Missing,
}

/// Serves until a signal says stop.
///
/// # Errors
/// Exit code 1 where an address cannot be had, 3 for the configuration and the key file, 4 for the database, 5 for its schema.
pub fn run(settings: &SettingsArgs, _args: &ServeArgs) -> Result<(), Failure> {
    let loaded = settings.load()?;
    block_on(async {
        let logging = logging::start(&loaded.settings, &Clock::system());
        let logging = logging.map_err(|error| Failure::failed(error.to_string()))?;
        let served = serve(loaded, settings.config.as_deref()).await;
        logging.end().await;
        served
    })
}

async fn serve(loaded: Loaded, config: Option<&Path>) -> Result<(), Failure> {
    let Loaded {
        mut settings,
        origins,
        ..
    } = loaded;
    let _lock = ServeLock::acquire(&database_settings(&settings))?;
    let listeners = listen(&mut settings, &origins).await?;
    let signals = Signals::catch()?;
    let migration = match settings.database.migrate {
        true => Migration::Allowed,
        false => Migration::Refused,
    };
    let has_key_file = settings.secrets.key_file.exists();
    let app = open(settings, migration).await?;
    let admin = bootstrap(&app).await?;
    let started = Started {
        app: &app,
        management: listeners.management_address(),
        admin,
        is_new_key_file: !has_key_file,
        config,
    };
    match app.settings.log.format {
        LogFormat::Text => output::line(&started.text())?,
        LogFormat::Json => started.log(),
    }
    warn_of_unreachable(&app).await?;
    warn_of_losses(&app).await?;
    let notice = app.settings.limits.shutdown_notice;
    // Connections are taken from here on: they wait for the moment that is left.
    supervisor::is_ready();
    serve_until_stopped(Arc::new(app), listeners, signals, notice).await
}

/// Opens the listeners, before anything is made. A port that the configuration left open is known from then on.
///
/// # Errors
/// Exit code 3 if there is nothing to serve; 1 if an address cannot be had, since it may be free the next moment.
pub async fn listen(settings: &mut Settings, origins: &Origins) -> Result<Listeners, Failure> {
    if !settings.merchant.enabled && !settings.challenger.enabled {
        let problem =
            "there is nothing to serve: \"merchant.enabled\" and \"challenger.enabled\" are false";
        let nothing = mistake(origins, &["merchant", "enabled"], problem.to_owned());
        return Err(Failure::configuration(nothing));
    }
    let listeners = Listeners::open(settings).await.map_err(|error| match error {
        ServeError::Listen { section, address, source } => Failure::failed(mistake(
            origins,
            &[section, "listen"],
            format!("cannot listen on {address}: {source}; set \"{section}.listen\" to another address, or end the program that has it"),
        )),
        other => Failure::failed(other.to_string()),
    })?;
    if let Some(address) = listeners.merchant_address() {
        settings.merchant.listen = address;
    }
    if let Some(address) = listeners.challenger_address() {
        settings.challenger.listen = address;
    }
    Ok(listeners)
}

fn mistake(origins: &Origins, key: &[&str], problem: String) -> String {
    let origin = origins.of(key);
    Mistake { origin, problem }.to_string()
}

/// Makes the instance `admin` of the password in the environment, where there is none.
async fn bootstrap(app: &App) -> Result<Admin, Failure> {
    if db::instance::find(app.database.read(), InstanceId::ADMIN)
        .await?
        .is_some()
    {
        return Ok(Admin::Exists);
    }
    let Some(password) = admin_from_environment()? else {
        return Ok(Admin::Missing);
    };
    let id = parse_id(InstanceId::ADMIN)?;
    let message = plain_instance(id, InstanceId::ADMIN.to_owned(), parse_password(&password)?);
    match create_instance(app, message, &Origin::of_command_line(), By::CommandLine).await {
        Ok(_) => {
            tracing::info!(
                instance.id = InstanceId::ADMIN,
                "created with the password of the environment"
            );
            Ok(Admin::Created)
        }
        // Another process was faster, with a password of its own.
        Err(Error::InstanceExists) => Ok(Admin::Exists),
        Err(error) => Err(Failure::of_operation(error, InstanceId::ADMIN)),
    }
}

/// Tells of instances whose owners cannot confirm anything, which is refused rather than let through.
async fn warn_of_unreachable(app: &App) -> Result<(), Failure> {
    let (configured, mandatory) = (configured_channels(app), &app.mandatory_channels);
    let found = delivery::unreached(app.database.read(), &configured, mandatory).await?;
    if let Some(instances) = found.without_channel {
        tracing::warn!(
            instances,
            "{}: {}",
            delivery::WITHOUT_CHANNEL,
            delivery::UNREACHABLE.advice
        );
    }
    if let Some(instances) = found.without_mandatory_factor {
        tracing::warn!(instances, "{}", delivery::WITHOUT_MANDATORY_FACTOR);
    }
    Ok(())
}

/// Tells of a PostgreSQL server that can lose what clients were told is stored. Whoever set it up so may want it; shops do not.
async fn warn_of_losses(app: &App) -> Result<(), Failure> {
    let lossy = app.database.lossy_settings().await?;
    if !lossy.is_empty() {
        tracing::warn!(
            settings = lossy.join(", "),
            "settings of the PostgreSQL server are off, so that it can lose what it has stored when its machine fails"
        );
    }
    Ok(())
}

/// What an operator should know when the server has started.
struct Started<'a> {
    app: &'a App,
    management: Option<SocketAddr>,
    admin: Admin,
    is_new_key_file: bool,
    config: Option<&'a Path>,
}

impl Started<'_> {
    fn text(&self) -> String {
        let settings = &self.app.settings;
        let management = self.management.map_or_else(
            || "off".to_owned(),
            |address| format!("http://{address}/ (livez, readyz, metrics)"),
        );
        let key_file = settings.secrets.key_file.display();
        let keep = match self.is_new_key_file {
            true => " (new; keep a copy apart from the backups of the database)",
            false => "",
        };
        format!(
            "Kontor {version} is running.\n\
             \x20 merchant       {merchant}\n\
             \x20 challenger     {challenger}\n\
             \x20 management     {management}\n\
             \x20 database       {database}\n\
             \x20 key file       {key_file}{keep}\n\
             \x20 codes          {codes}\n\
             \x20 sign-up        {sign_up}\n\
             {next}",
            version = env!("CARGO_PKG_VERSION"),
            merchant = self.merchant(),
            challenger = self.challenger(),
            database = settings.database.url,
            codes = self.codes(),
            sign_up = self.sign_up(),
            next = self.next_step(),
        )
    }

    fn merchant(&self) -> String {
        let merchant = &self.app.settings.merchant;
        match merchant.enabled {
            true => listening(self.app.public_url.as_str(), merchant.listen),
            false => "off".to_owned(),
        }
    }

    fn challenger(&self) -> String {
        let challenger = &self.app.settings.challenger;
        match challenger.public_url() {
            Ok(url) if challenger.enabled => listening(url.as_str(), challenger.listen),
            _ => "off".to_owned(),
        }
    }

    /// Over which channels codes can be sent.
    fn codes(&self) -> String {
        let channels = Channel::ALL.into_iter();
        let names: Vec<_> = channels
            .filter(|channel| self.app.tan.is_configured(*channel))
            .map(|channel| channel.to_string())
            .collect();
        match names.is_empty() {
            true => "none can be sent".to_owned(),
            false => format!("by {}", names.join(" and ")),
        }
    }

    /// Who can sign up for an instance.
    fn sign_up(&self) -> &'static str {
        let merchant = &self.app.settings.merchant;
        match (
            merchant.self_provisioning,
            merchant.mandatory_tan_channels.is_empty(),
        ) {
            (false, _) => "off",
            (true, false) => "open to anybody who proves an address",
            (true, true) => "open to anybody, without any proof",
        }
    }

    fn next_step(&self) -> String {
        match self.admin {
            Admin::Missing if !self.app.settings.merchant.enabled => {
                "Stop it with Ctrl-C or SIGTERM.".to_owned()
            }
            Admin::Exists => "Stop it with Ctrl-C or SIGTERM.".to_owned(),
            Admin::Created => {
                format!("The instance \"admin\" was created with the password of {ADMIN_PASSWORD}.")
            }
            Admin::Missing => {
                let config = self
                    .config
                    .map_or_else(String::new, |file| format!(" --config {}", file.display()));
                format!(
                    "There is no instance \"admin\" yet, so that nobody can manage instances over HTTP. Create it with:\n  \
                     kontor instance create admin{config}"
                )
            }
        }
    }

    fn log(&self) {
        let settings = &self.app.settings;
        let (merchant, challenger) = (&settings.merchant, &settings.challenger);
        tracing::info!(
            version = env!("CARGO_PKG_VERSION"),
            merchant.url = merchant.enabled.then(|| tracing::field::display(&self.app.public_url)),
            merchant.listen = merchant.enabled.then(|| tracing::field::display(&merchant.listen)),
            challenger.url = challenger.enabled.then(|| challenger.public_url().ok().map(tracing::field::display)).flatten(),
            challenger.listen = challenger.enabled.then(|| tracing::field::display(&challenger.listen)),
            management.listen = self.management.map(tracing::field::display),
            database.url = %settings.database.url,
            tan.channels = self.codes(),
            sign_up = self.sign_up(),
            key_file = %settings.secrets.key_file.display(),
            "serving"
        );
        if self.admin == Admin::Missing {
            tracing::warn!("{}", self.next_step());
        }
    }
}

/// Where a service is seen, and where it listens.
fn listening(url: &str, listen: SocketAddr) -> String {
    format!("{url}, listening on {listen}; documentation at {url}docs/")
}
