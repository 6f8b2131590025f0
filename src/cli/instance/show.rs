//! `kontor instance show`.

use entity::credential::Method;
use entity::instance::Model;
use kontor_openapi::merchant::{QueryInstancesResponse, TanChannel};
use serde::Serialize;

use super::ShowArgs;
use crate::app::App;
use crate::cli::application::{find_instance, parse_id};
use crate::cli::failure::Failure;
use crate::cli::output;
use crate::db::{self, instance::SecondFactors};
use crate::merchant::{base_url, show_instance};
use crate::mfa::{configured_channels, wire_channel};

/// An instance as the API shows it, with what the API says elsewhere.
#[derive(Serialize)]
struct Shown {
    id: String,
    base_url: String,
    deleted: bool,
    /// Whether it signed up by itself, so that it must prove a contact on each mandatory channel.
    self_provisioned: bool,
    #[serde(flatten)]
    settings: QueryInstancesResponse,
    channels: Vec<ShownChannel>,
}

/// A way to send codes to an instance.
#[derive(Serialize)]
struct ShownChannel {
    channel: TanChannel,
    /// Where the owner says to be reached.
    contact: Option<String>,
    /// Where codes are sent to: it was proven.
    factor: Option<String>,
    /// Whether these two are the same.
    validated: bool,
    /// Whether this server can send codes so.
    configured: bool,
    /// Whether instances that signed up by themselves need a factor here.
    mandatory: bool,
}

/// Shows an instance.
///
/// # Errors
/// Exit code 1 where there is none.
pub(super) async fn show(app: &App, args: &ShowArgs) -> Result<(), Failure> {
    let stored = find_instance(app, &args.id).await?;
    let credential = db::credential::find(app.database.read(), stored.serial).await?;
    let method = credential.map_or(Method::Token, |credential| credential.method);
    let deleted = stored.deleted_at_us.is_some();
    let (self_provisioned, channels) = (stored.is_bound, channels(app, &stored));
    let settings =
        show_instance(stored, method).map_err(|error| Failure::of_operation(error, &args.id))?;
    let shown = Shown {
        base_url: base_url(app, &parse_id(&args.id)?),
        id: args.id.clone(),
        deleted,
        self_provisioned,
        settings,
        channels,
    };
    args.output.print(&shown, as_text)
}

fn channels(app: &App, stored: &Model) -> Vec<ShownChannel> {
    let factors = SecondFactors::from(stored);
    let configured = configured_channels(app);
    let channels = SecondFactors::CHANNELS.into_iter();
    channels
        .map(|channel| ShownChannel {
            channel: wire_channel(channel),
            contact: factors.contact(channel).map(str::to_owned),
            factor: factors.factor(channel).map(str::to_owned),
            validated: factors.is_validated(channel),
            configured: configured.contains(&channel),
            mandatory: app.mandatory_channels.contains(&channel),
        })
        .collect()
}

fn as_text(shown: &Shown) -> String {
    format!(
        "{}\n{}",
        members_as_text(shown),
        channels_as_text(&shown.channels)
    )
}

fn channels_as_text(channels: &[ShownChannel]) -> String {
    let word = |address: &Option<String>| address.clone().unwrap_or_else(|| "-".to_owned());
    let yes_no = |is_so: bool| if is_so { "yes" } else { "no" }.to_owned();
    let row = |channel: &ShownChannel| {
        vec![
            channel.channel.to_string(),
            word(&channel.contact),
            word(&channel.factor),
            yes_no(channel.validated),
            yes_no(channel.configured),
            yes_no(channel.mandatory),
        ]
    };
    let rows: Vec<_> = channels.iter().map(row).collect();
    let head = [
        "CHANNEL",
        "CONTACT",
        "FACTOR",
        "VALIDATED",
        "CONFIGURED",
        "MANDATORY",
    ];
    output::table(&head, &rows)
}

/// The members of the API as lines, so that none is forgotten; the channels have a table of their own.
fn members_as_text(shown: &Shown) -> String {
    let members = serde_json::to_value(shown).unwrap_or_default();
    let rows: Vec<Vec<String>> = members
        .as_object()
        .into_iter()
        .flatten()
        .filter(|(name, _)| *name != "channels")
        .map(|(name, value)| {
            let text = value
                .as_str()
                .map_or_else(|| value.to_string(), str::to_owned);
            vec![name.clone(), text]
        })
        .collect();
    output::table(&["MEMBER", "VALUE"], &rows)
}
