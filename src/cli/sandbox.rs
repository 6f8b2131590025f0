//! `kontor sandbox`: a server to play with.

mod client;
mod client_page;
mod confined;
mod examples;
mod instances;

use std::net::{SocketAddr, TcpListener};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use clap::Args;
use serde::Serialize;

use super::SettingsArgs;
use super::application::block_on;
use super::failure::Failure;
use super::output::{self, OutputArgs};
use super::serve::listen;
use super::signals::{Signals, serve_until_stopped};
use crate::app::{App, Migration, StartError};
use crate::clock::Clock;
use crate::config::{DatabaseUrl, Loaded, Origin, Origins, Settings};
use crate::logging;
use crate::random::Random;
use crate::tan::{Delivery, Sent, Show};
use client::Client;
use client_page::ClientPage;
use examples::ExampleClient;
use instances::{SandboxInstance, admin, furnish, sample_shop};

/// Arguments of `kontor sandbox`.
#[derive(Debug, Args)]
#[command(after_help = "\
Makes an instance \"admin\", a sample shop and a client of the Challenger, prints their addresses, passwords, secrets
and tokens with a link by which an address can be proven, and runs until it is interrupted. Nothing is kept. What the
examples of the pages /docs/ name is there, so that they work as they stand. No configuration, no network and no
database server are needed. Only this machine reaches it, and confirmation codes are printed: addresses to listen on and
ways to send codes count when --set names them, not when the configuration does.

Examples:
  kontor sandbox
  kontor sandbox --set merchant.listen=127.0.0.1:8080
  kontor sandbox --set challenger.address_type=phone --set challenger.phone_country=CH
  kontor sandbox --json")]
pub struct SandboxArgs {
    /// Where the client of the Challenger listens [default: 127.0.0.1:9969, if it is free]
    #[arg(long, value_name = "ADDRESS:PORT")]
    pub client_listen: Option<SocketAddr>,
    /// How to print the addresses, passwords and tokens.
    #[command(flatten)]
    pub output: OutputArgs,
}

/// What follows the commands.
const CODES: &str = "\
Anybody can sign up here by POST /instances. Confirmation codes are printed below, as they are \"sent\".

";

/// How much longer a validation is open here than the codes for it live, which can be three weeks.
const TIME_FOR_ADDRESS: Duration = Duration::from_secs(3_600);

/// What somebody who plays needs to know.
#[derive(Serialize)]
struct Sandbox {
    documentation: String,
    challenger_documentation: String,
    merchant: String,
    challenger: String,
    management: Option<String>,
    instances: Vec<SandboxInstance>,
    example_client: ExampleClient,
    client: Client,
}

/// Makes a database that nobody keeps, fills it, says how to use it, and serves it until a signal says stop.
///
/// # Errors
/// Exit code 1 where an address cannot be had, 3 for the configuration.
pub fn run(settings: &SettingsArgs, args: &SandboxArgs) -> Result<(), Failure> {
    let loaded = settings.load()?;
    // Dropped last, and then it is gone.
    let folder = tempfile::Builder::new()
        .prefix("kontor-sandbox-")
        .tempdir()
        .map_err(|reason| Failure::failed(format!("cannot make a temporary folder: {reason}")))?;
    let outcome = block_on(play(loaded, args, folder.path()));
    folder.close().map_err(|reason| {
        Failure::failed(format!("cannot remove the temporary folder: {reason}"))
    })?;
    outcome
}

async fn play(loaded: Loaded, args: &SandboxArgs, folder: &Path) -> Result<(), Failure> {
    let Loaded {
        mut settings,
        origins,
        ..
    } = loaded;
    let left_out = confined::confine(&mut settings, &origins);
    if !left_out.is_empty() {
        output::warning(&format!(
            "only this machine reaches the sandbox, and it sends no codes: of the configuration it leaves out {}; what is meant for it, say with --set",
            left_out.join(", ")
        ));
    }
    prepare(&mut settings, &origins, folder)?;
    let signals = Signals::catch()?;
    let listeners = listen(&mut settings, &origins).await?;
    let client_page = ClientPage::listen(args.client_listen).await?;
    let app = Arc::new(open_showing(settings, args.output).await?);
    let sandbox = Sandbox {
        documentation: format!("{}docs/", app.public_url),
        challenger_documentation: format!("{}docs/", client::challenger_url(&app)?),
        merchant: app.public_url.to_string(),
        challenger: client::challenger_url(&app)?.to_string(),
        management: listeners
            .management_address()
            .map(|address| format!("http://{address}/")),
        instances: vec![
            furnish(&app, admin(&app)?).await?,
            furnish(&app, sample_shop(&app)?).await?,
        ],
        // The first one, as in the examples.
        example_client: ExampleClient::register(&app).await?,
        client: Client::register(&app, client_page.redirect_uri()).await?,
    };
    match args.output.json {
        // One line, so that a program that starts the sandbox knows where the object ends.
        true => output::line(&serde_json::json!(sandbox).to_string())?,
        false => output::line(&sandbox.text())?,
    }
    let logging = logging::start(&app.settings, &app.clock);
    let logging = logging.map_err(|error| Failure::failed(error.to_string()))?;
    // Ends when it is dropped.
    let _page = client_page.serve(sandbox.client);
    let played = serve_until_stopped(app, listeners, signals, Duration::ZERO).await;
    logging.end().await;
    played
}

/// What is other than in a server that somebody keeps.
fn prepare(settings: &mut Settings, origins: &Origins, folder: &Path) -> Result<(), Failure> {
    settings.database.url = DatabaseUrl::sqlite_file(&folder.join("kontor.db"));
    settings.secrets.key_file = folder.join("kontor.key");
    settings.merchant.self_provisioning = true;
    let challenger = &mut settings.challenger;
    challenger.enabled = true;
    let life_of_codes = settings.tan.lifetime(challenger.address_type.channel());
    challenger.validation_duration =
        (challenger.validation_duration).max(life_of_codes + TIME_FOR_ADDRESS);
    // Where nobody asked for a Challenger, its port keeps nobody from playing.
    let is_chosen = origins.of(&["challenger", "listen"]) != Origin::Default;
    if !is_chosen && TcpListener::bind(challenger.listen).is_err() {
        challenger.listen.set_port(0);
    }
    let [terms, privacy] = examples::write_legal_documents(folder)?;
    for (setting, sample) in [
        (&mut settings.merchant.terms, &terms),
        (&mut settings.merchant.privacy, &privacy),
        (&mut challenger.terms, &terms),
        (&mut challenger.privacy, &privacy),
    ] {
        setting.get_or_insert_with(|| sample.clone());
    }
    Ok(())
}

/// Opens the application so that codes are printed which the settings have no way for.
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
        reference,
        ..
    } = sent;
    let about = instance.or(*reference).unwrap_or_default();
    format!("Code {tan} for {about} ({purpose}), by {channel} to {address}")
}

impl Sandbox {
    fn text(&self) -> String {
        let management = self.management.as_deref().unwrap_or("off");
        let instances: String = self.instances.iter().map(SandboxInstance::text).collect();
        format!(
            "Kontor's sandbox is running. Stop it with Ctrl-C; nothing of it is kept.\n\n\
             Try it in a browser:  {documentation}\n\
             \x20                     {challenger_documentation}\n\
             Merchant backend:     {merchant}\n\
             Challenger:           {challenger}\n\
             Management:           {management}\n\n\
             {instances}{example}{client}{commands}{more}{codes}",
            documentation = self.documentation,
            challenger_documentation = self.challenger_documentation,
            merchant = self.merchant,
            challenger = self.challenger,
            example = self.example_client.text(),
            client = self.client.text(),
            commands = self.commands(),
            more = self.client.commands(),
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_is_one_readable_line() {
        let login = Sent {
            channel: "email",
            address: "alice@shop.example",
            tan: "1234-5678",
            purpose: "log-in",
            instance: Some("coffee-shop"),
            reference: None,
            message: "1234-5678 is the code",
        };
        assert_eq!(
            code_line(&login),
            "Code 1234-5678 for coffee-shop (log-in), by email to alice@shop.example"
        );
        let proof = Sent {
            purpose: "validate-address",
            instance: None,
            reference: Some("ABCD-EFGH"),
            ..login
        };
        assert_eq!(
            code_line(&proof),
            "Code 1234-5678 for ABCD-EFGH (validate-address), by email to alice@shop.example"
        );
    }
}
