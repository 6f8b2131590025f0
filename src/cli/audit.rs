//! `kontor audit`: the record of logins and changes, straight from the database.

use std::time::UNIX_EPOCH;

use clap::builder::PossibleValuesParser;
use clap::{Args, Subcommand};
use entity::audit_event::Model;
use sea_orm::ActiveEnum as _;
use serde::Serialize;
use serde_json::{Map, Value};

use super::SettingsArgs;
use super::application::{parse_id, with_app};
use super::failure::Failure;
use super::output::{self, OutputArgs};
use crate::app::{App, Migration};
use crate::audit::Event;
use crate::clock::UnixMicros;
use crate::config::duration;
use crate::db::audit::{AuditFilter, latest};

/// Arguments of `kontor audit`.
#[derive(Debug, Args)]
#[command(arg_required_else_help = true)]
pub struct AuditArgs {
    /// What to do.
    #[command(subcommand)]
    pub action: AuditAction,
}

/// What to do with the record.
#[derive(Debug, Subcommand)]
pub enum AuditAction {
    /// List what happened: who, what, when, from where; the newest last
    List(ListArgs),
}

/// Arguments of `kontor audit list`.
#[derive(Debug, Args)]
#[command(after_help = "\
Times are UTC. How long events are kept, audit.retention says.

Examples:
  kontor audit list --since '1 day'
  kontor audit list --instance shop --event login.granted --event login.refused
  kontor audit list --since 2026-10-03T08:00:00Z --limit 10000 --json")]
pub struct ListArgs {
    /// Only what is about this instance, which need not be there any more
    #[arg(long, value_name = "ID")]
    pub instance: Option<String>,
    /// Only events of this name; repeatable
    #[arg(long, value_name = "NAME", value_parser = PossibleValuesParser::new(Event::NAMES))]
    pub event: Vec<String>,
    /// Only since this time, such as 2026-10-03 or 2026-10-03T08:00:00Z, or for this long, such as "2 h"
    #[arg(long, value_name = "TIME|DURATION")]
    pub since: Option<String>,
    /// At most so many, the latest ones
    #[arg(long, value_name = "N", default_value_t = 100, value_parser = clap::value_parser!(u64).range(1..=1_000_000_000))]
    pub limit: u64,
    /// How to print the list.
    #[command(flatten)]
    pub output: OutputArgs,
}

/// What `kontor audit list` prints as JSON.
#[derive(Serialize)]
struct Listed {
    events: Vec<Shown>,
}

#[derive(Serialize)]
struct Shown {
    serial: i64,
    at: String,
    event: String,
    outcome: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    instance: Option<String>,
    actor: ShownActor,
    #[serde(skip_serializing_if = "Option::is_none")]
    address: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    request_id: Option<String>,
    detail: Map<String, Value>,
}

#[derive(Serialize)]
struct ShownActor {
    kind: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    instance: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    token_serial: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    user: Option<String>,
}

/// Does what the arguments say.
///
/// # Errors
/// Exit code 2 for an impossible instance or time, 3 to 5 for configuration, database and schema.
pub fn run(settings: &SettingsArgs, args: &AuditArgs) -> Result<(), Failure> {
    with_app(settings, Migration::Refused, async |app| {
        match &args.action {
            AuditAction::List(args) => list(app, args).await,
        }
    })
}

async fn list(app: &App, args: &ListArgs) -> Result<(), Failure> {
    let instance_id = args.instance.as_deref().map(parse_id).transpose()?;
    let since = args.since.as_deref();
    let since = since
        .map(|text| parse_since(text, app.clock.now()))
        .transpose()?;
    let filter = AuditFilter {
        instance_id: instance_id.map(|id| id.to_string()),
        events: args.event.clone(),
        since_us: since.map(UnixMicros::get),
    };
    let stored = latest(app.database.read(), &filter, args.limit).await?;
    let events = stored.into_iter().map(shown).collect();
    args.output.print(&Listed { events }, as_text)
}

/// A point in time, or one that is a span before now.
fn parse_since(text: &str, now: UnixMicros) -> Result<UnixMicros, Failure> {
    if let Ok(span) = duration::parse(text) {
        return Ok(now.before(span));
    }
    let time = humantime::parse_rfc3339_weak(text)
        .or_else(|_| humantime::parse_rfc3339_weak(&format!("{text}T00:00:00Z")));
    let since_1970 = time
        .ok()
        .and_then(|time| time.duration_since(UNIX_EPOCH).ok());
    since_1970
        .map(|span| UnixMicros::new(0).after(span))
        .ok_or_else(|| {
            Failure::usage(format!(
                "{text:?} is neither a time nor a duration; write for example \"2026-10-03\", \"2026-10-03T08:00:00Z\" or \"2 h\""
            ))
        })
}

fn shown(event: Model) -> Shown {
    let detail = match event.detail {
        Value::Object(detail) => detail,
        _ => Map::new(),
    };
    Shown {
        serial: event.serial,
        at: time(event.at_us),
        event: event.event,
        outcome: event.outcome.to_value(),
        instance: Some(event.instance_id).filter(|id| !id.is_empty()),
        actor: ShownActor {
            kind: event.actor_kind.to_value(),
            instance: event.actor_instance,
            token_serial: event.actor_token_serial,
            user: event.actor_user,
        },
        address: event.address,
        request_id: event.request_id,
        detail,
    }
}

/// UTC, to the microsecond, as RFC 3339 has it.
fn time(at_us: i64) -> String {
    let since_1970 = std::time::Duration::from_micros(at_us.max(0).unsigned_abs());
    UNIX_EPOCH.checked_add(since_1970).map_or_else(
        || at_us.to_string(),
        |at| humantime::format_rfc3339_micros(at).to_string(),
    )
}

fn as_text(list: &Listed) -> String {
    let rows: Vec<Vec<String>> = list.events.iter().map(row).collect();
    output::table(
        &[
            "TIME", "EVENT", "OUTCOME", "INSTANCE", "ACTOR", "ADDRESS", "REQUEST", "DETAIL",
        ],
        &rows,
    )
}

fn row(event: &Shown) -> Vec<String> {
    let or_dash = |cell: &Option<String>| cell.clone().unwrap_or_else(|| "-".to_owned());
    vec![
        event.at.clone(),
        event.event.clone(),
        event.outcome.clone(),
        or_dash(&event.instance),
        actor(&event.actor),
        or_dash(&event.address),
        or_dash(&event.request_id),
        detail(&event.detail),
    ]
}

/// Such as `token:shop:17`, `command-line:alice` or `anonymous`.
fn actor(actor: &ShownActor) -> String {
    let serial = actor.token_serial.map(|serial| serial.to_string());
    let parts = [
        &Some(actor.kind.clone()),
        &actor.instance,
        &serial,
        &actor.user,
    ];
    let parts: Vec<&str> = parts.into_iter().filter_map(Option::as_deref).collect();
    parts.join(":")
}

/// Such as `scope=all token_serial=17`.
fn detail(fields: &Map<String, Value>) -> String {
    let field = |(name, value): (&String, &Value)| match value {
        Value::String(text) if !text.contains([' ', '"']) => format!("{name}={text}"),
        value => format!("{name}={value}"),
    };
    fields.iter().map(field).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_and_spans_are_read() {
        let now = UnixMicros::from_seconds(1_700_000_000);
        for (text, seconds) in [
            ("2023-11-14T22:13:20Z", 1_700_000_000),
            ("2023-11-14 22:13:20", 1_700_000_000),
            ("2023-11-14", 1_699_920_000),
            ("1 h", 1_699_996_400),
            ("0 s", 1_700_000_000),
        ] {
            let since = parse_since(text, now).expect(text);
            assert_eq!(since, UnixMicros::from_seconds(seconds), "{text}");
        }
        for text in [
            "",
            "yesterday",
            "2023",
            "2023-13-01",
            "2023-11-14T22:13:20+01:00",
            "-1 h",
        ] {
            let failure = parse_since(text, now).expect_err(text);
            assert!(failure.message.starts_with(&format!("{text:?} is neither")));
        }
    }
}
