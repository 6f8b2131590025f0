//! `kontor sandbox`: a server to play with.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use clap::Args;
use kontor_openapi::merchant::{DOCUMENT, InstanceConfigurationMessage};
use kontor_openapi::scalar::{InstanceId, base32};
use serde::Serialize;
use serde_json::Value;

use super::SettingsArgs;
use super::application::{
    block_on, grant, parse_id, parse_password, password_auth, plain_instance,
};
use super::failure::Failure;
use super::output::{self, OutputArgs};
use super::serve::listen;
use super::signals::{Signals, serve_until_stopped};
use crate::app::{App, Migration, StartError};
use crate::audit::Origin;
use crate::auth::{Scope, TokenScope};
use crate::clock::Clock;
use crate::config::{DatabaseUrl, Lifetime, Loaded, Settings};
use crate::logging;
use crate::merchant::{By, base_url, create_instance};
use crate::random::Random;
use crate::tan::{Delivery, Sent, Show};

/// Arguments of `kontor sandbox`.
#[derive(Debug, Args)]
#[command(after_help = "\
Makes an instance \"admin\" and a sample shop, prints their addresses, passwords and tokens, and runs until it
is interrupted. Nothing is kept. It needs no configuration, no network and no database server. Confirmation codes
are printed as they are sent, unless the configuration says how to send them.

Examples:
  kontor sandbox
  kontor sandbox --set merchant.listen=127.0.0.1:8080
  kontor sandbox --json")]
pub struct SandboxArgs {
    /// How to print the addresses, passwords and tokens.
    #[command(flatten)]
    pub output: OutputArgs,
}

/// The shop that the examples of the document speak of, and where its settings stand there.
const SAMPLE_SHOP: &str = "coffee-shop";
const SAMPLE_SETTINGS: &str = "/components/examples/ShopMoved/value";

/// What follows the commands.
const CODES: &str = "\
Anybody can sign up here by POST /instances. Confirmation codes are printed below, as they are \"sent\".

";

/// What somebody who plays needs to know.
#[derive(Serialize)]
struct Sandbox {
    documentation: String,
    merchant: String,
    management: Option<String>,
    instances: Vec<SandboxInstance>,
}

/// An instance with its keys to the door. Printing them is what the sandbox is for.
#[derive(Serialize)]
struct SandboxInstance {
    id: String,
    base_url: String,
    password: String,
    token: String,
}

/// Makes a database that nobody keeps, fills it, says how to use it, and serves it until a signal says stop.
///
/// # Errors
/// Exit code 3 for the configuration and an address in use.
pub fn run(settings: &SettingsArgs, args: &SandboxArgs) -> Result<(), Failure> {
    let loaded = settings.load()?;
    // Dropped last, and then it is gone.
    let folder = tempfile::Builder::new()
        .prefix("kontor-sandbox-")
        .tempdir()
        .map_err(|reason| Failure::failed(format!("cannot make a temporary folder: {reason}")))?;
    let outcome = block_on(play(loaded, args.output, folder.path()));
    folder.close().map_err(|reason| {
        Failure::failed(format!("cannot remove the temporary folder: {reason}"))
    })?;
    outcome
}

async fn play(loaded: Loaded, output: OutputArgs, folder: &Path) -> Result<(), Failure> {
    let Loaded {
        mut settings,
        origins,
    } = loaded;
    prepare(&mut settings, folder);
    let signals = Signals::catch()?;
    let listeners = listen(&mut settings, &origins).await?;
    let log = settings.log.clone();
    let app = open_showing(settings, output).await?;
    let sandbox = Sandbox {
        documentation: format!("{}docs/", app.public_url),
        merchant: app.public_url.to_string(),
        management: listeners
            .management_address()
            .map(|address| format!("http://{address}/")),
        instances: vec![
            furnish(&app, admin(&app)?).await?,
            furnish(&app, sample_shop(&app)?).await?,
        ],
    };
    match output.json {
        // One line, so that a program that starts the sandbox knows where the object ends.
        true => output::line(&serde_json::json!(sandbox).to_string())?,
        false => output::line(&sandbox.text())?,
    }
    logging::start(&log).map_err(|error| Failure::failed(error.to_string()))?;
    serve_until_stopped(Arc::new(app), listeners, signals, Duration::ZERO).await
}

/// What is other than in a server that somebody keeps.
fn prepare(settings: &mut Settings, folder: &Path) {
    settings.database.url = DatabaseUrl::sqlite_file(&folder.join("kontor.db"));
    settings.secrets.key_file = folder.join("kontor.key");
    settings.merchant.self_provisioning = true;
}

/// Opens the application so that codes are printed which the configuration has no way for.
async fn open_showing(settings: Settings, output: OutputArgs) -> Result<App, Failure> {
    let (clock, random) = (Clock::system(), Random::system());
    let show: Show = Arc::new(move |sent| {
        let line = match output.json {
            true => serde_json::json!(sent).to_string(),
            false => code_line(sent),
        };
        // Whoever closed standard output does not want to see codes.
        drop(output::line(&line));
    });
    let tan = Delivery::start(&settings.tan, &clock, &random)
        .map_err(StartError::from)?
        .or_show(&show);
    let opened = App::open_with(settings, Migration::Allowed, clock, random, tan);
    opened.await.map_err(Failure::from)
}

fn code_line(sent: &Sent<'_>) -> String {
    let Sent {
        channel,
        address,
        tan,
        purpose,
        instance,
        ..
    } = sent;
    format!("Code {tan} for {instance} ({purpose}), by {channel} to {address}")
}

fn admin(app: &App) -> Result<InstanceConfigurationMessage, Failure> {
    let id = parse_id(InstanceId::ADMIN)?;
    Ok(plain_instance(
        id,
        "Operator".to_owned(),
        parse_password(&password(app))?,
    ))
}

/// The shop of the document's example.
fn sample_shop(app: &App) -> Result<InstanceConfigurationMessage, Failure> {
    let defect = |reason: &dyn std::fmt::Display| {
        Failure::failed(format!(
            "the example of the document cannot be used: {reason}"
        ))
    };
    let document: Value = serde_json::from_str(DOCUMENT).map_err(|reason| defect(&reason))?;
    let mut example = document
        .pointer(SAMPLE_SETTINGS)
        .cloned()
        .unwrap_or_default();
    example["id"] = SAMPLE_SHOP.into();
    example["auth"] = serde_json::json!({"method": "token", "password": password(app)});
    let mut shop: InstanceConfigurationMessage =
        serde_json::from_value(example).map_err(|reason| defect(&reason))?;
    if let Some(regex) = &app.settings.merchant.phone_regex {
        shop.phone_number = shop.phone_number.filter(|number| regex.is_match(number));
    }
    Ok(shop)
}

/// 80 random bits, to be read and typed.
fn password(app: &App) -> String {
    base32::encode(&app.random.bytes::<10>())
}

/// Creates an instance with a password of its own and a token for everything.
async fn furnish(
    app: &App,
    mut message: InstanceConfigurationMessage,
) -> Result<SandboxInstance, Failure> {
    let password = password(app);
    let id = message.id.clone();
    message.auth = password_auth(parse_password(&password)?);
    create_instance(app, message, &Origin::of_command_line(), By::CommandLine)
        .await
        .map_err(|error| Failure::of_operation(error, id.as_str()))?;
    let scope = TokenScope {
        scope: Scope::All,
        refreshable: false,
    };
    let description = Some("made by kontor sandbox".to_owned());
    let granted = grant(
        app,
        id.as_str(),
        scope,
        Some(Lifetime::Forever),
        description,
    )
    .await?;
    Ok(SandboxInstance {
        base_url: base_url(app, &id),
        id: id.to_string(),
        password,
        token: granted.token.expose().to_owned(),
    })
}

impl Sandbox {
    fn text(&self) -> String {
        let management = self.management.as_deref().unwrap_or("off");
        let instances: String = self.instances.iter().map(SandboxInstance::text).collect();
        format!(
            "Kontor's sandbox is running. Stop it with Ctrl-C; nothing of it is kept.\n\n\
             Try it in a browser:  {documentation}\n\
             Merchant backend:     {merchant}\n\
             Management:           {management}\n\n\
             {instances}{commands}{codes}",
            documentation = self.documentation,
            merchant = self.merchant,
            commands = self.commands(),
            codes = CODES,
        )
    }

    fn commands(&self) -> String {
        let [admin, shop] = &self.instances[..] else {
            return String::new();
        };
        format!(
            "Try it in a shell:\n\
             \x20 curl -H 'Authorization: Bearer {admin_token}' {merchant}management/instances\n\
             \x20 curl -H 'Authorization: Bearer {shop_token}' {shop_url}private\n\
             \x20 curl -u '{shop}:{password}' -H 'Content-Type: application/json' -d '{{\"scope\":\"readonly\"}}' {shop_url}private/token\n",
            admin_token = admin.token,
            merchant = self.merchant,
            shop_token = shop.token,
            shop_url = shop.base_url,
            shop = shop.id,
            password = shop.password,
        )
    }
}

impl SandboxInstance {
    fn text(&self) -> String {
        format!(
            "Instance {}\n  base URL  {}\n  password  {}\n  token     {}\n\n",
            self.id, self.base_url, self.password, self.token
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_is_one_readable_line() {
        let sent = Sent {
            channel: "email",
            address: "alice@shop.example",
            tan: "1234-5678",
            purpose: "log-in",
            instance: "coffee-shop",
            message: "1234-5678 is the code",
        };
        assert_eq!(
            code_line(&sent),
            "Code 1234-5678 for coffee-shop (log-in), by email to alice@shop.example"
        );
    }
}
