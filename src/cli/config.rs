//! `kontor config`: check, show and document the configuration.

use clap::{Args, Subcommand};
use serde_json::{Map, Value, json};

use super::SettingsArgs;
use super::failure::{Exit, Failure};
use super::output::{self, OutputArgs};
use crate::config::{ConfigError, Origin, Settings, Shown, example, schema, show};

/// Arguments of `kontor config`.
#[derive(Debug, Args)]
#[command(arg_required_else_help = true)]
pub struct ConfigArgs {
    /// What to do with the configuration.
    #[command(subcommand)]
    pub action: ConfigAction,
}

/// What to do with the configuration.
#[derive(Debug, Subcommand)]
pub enum ConfigAction {
    /// Say whether the configuration can be used; exit code 3 and every mistake if not
    #[command(after_help = "Example: kontor config check --config /etc/kontor/kontor.toml")]
    Check(OutputArgs),
    /// Print every key with the value that holds and where it comes from; secrets are not shown
    #[command(after_help = "Example: KONTOR_LOG__LEVEL=debug kontor config show")]
    Show(OutputArgs),
    /// Print a configuration file with every key, its meaning and its default
    #[command(after_help = "Example: kontor config example > kontor.toml")]
    Example,
    /// Print the JSON schema of the configuration file, for editors
    Schema,
}

/// Does what the arguments say.
///
/// # Errors
/// Exit code 3 for a configuration that cannot be used, 1 if nothing can be printed.
pub fn run(settings: &SettingsArgs, args: &ConfigArgs) -> Result<(), Failure> {
    match &args.action {
        ConfigAction::Check(output) => check(settings, *output),
        ConfigAction::Show(output) => {
            let shown = show(&settings.load()?);
            if output.json {
                output::json(&as_json(&shown))
            } else {
                output::line(&as_text(&shown))
            }
        }
        ConfigAction::Example => output::line(example().trim_end()),
        ConfigAction::Schema => output::json(schema()),
    }
}

fn check(settings: &SettingsArgs, output: OutputArgs) -> Result<(), Failure> {
    let sources = settings.sources();
    let result = Settings::load(&sources);
    if output.json {
        let mistakes = result
            .as_ref()
            .err()
            .map_or_else(Vec::new, mistakes_as_json);
        output::json(&json!({"valid": result.is_ok(), "mistakes": mistakes}))?;
        // The mistakes were told on standard output; the exit code and one sentence say the rest.
        return result
            .map(drop)
            .map_err(|_| Failure::new(Exit::Configuration, "the configuration cannot be used"));
    }
    let loaded = result?;
    let set = show(&loaded)
        .iter()
        .filter(|key| key.origin != Origin::Default)
        .count();
    let from = sources.file.map_or_else(
        || "no configuration file".to_owned(),
        |file| file.display().to_string(),
    );
    output::line(&format!(
        "The configuration is right ({from}; keys set: {set})."
    ))
}

fn mistakes_as_json(error: &ConfigError) -> Vec<Value> {
    let one = |mistake: &crate::config::Mistake| json!({"origin": mistake.origin.to_string(), "problem": mistake.problem});
    error.mistakes.iter().map(one).collect()
}

fn as_json(shown: &[Shown]) -> Map<String, Value> {
    let one = |key: &Shown| {
        (
            key.key.clone(),
            json!({"value": key.value, "origin": key.origin.to_string()}),
        )
    };
    shown.iter().map(one).collect()
}

fn as_text(shown: &[Shown]) -> String {
    let rows: Vec<Vec<String>> = shown
        .iter()
        .map(|key| vec![key.key.clone(), key.value_text(), key.origin.to_string()])
        .collect();
    output::table(&["KEY", "VALUE", "ORIGIN"], &rows)
        .trim_end()
        .to_owned()
}
