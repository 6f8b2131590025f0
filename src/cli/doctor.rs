//! `kontor doctor`: what an operator would otherwise find out at night.

use std::path::PathBuf;

use clap::Args;
use serde::Serialize;

use super::SettingsArgs;
use super::application::block_on;
use super::failure::{Exit, Failure};
use super::output::OutputArgs;
use super::password::ADMIN_PASSWORD_FILE;
use crate::clock::Clock;
use crate::doctor::{Finding, Patient, Report, Severity, Unreadable, examine};
use crate::random::Random;
use crate::tan::plain;

/// Arguments of `kontor doctor`.
#[derive(Debug, Args)]
#[command(after_help = "\
Looks at files, settings, machine and database, also while the server runs, and changes nothing. Run it as the user that
the server runs as. Exit code 1 where there is a problem; warnings alone are 0. docs/doctor.md lists the findings.

Examples:
  kontor doctor --quiet
  kontor doctor --online --json")]
pub struct DoctorArgs {
    /// Ask other servers too: payment providers for their keys, the SMTP server for a greeting; nothing is sent
    #[arg(long)]
    pub online: bool,
    /// Leave out what is right
    #[arg(long)]
    pub quiet: bool,
    /// How to print the findings.
    #[command(flatten)]
    pub output: OutputArgs,
}

/// What is printed.
#[derive(Serialize)]
struct Printed<'a> {
    problems: usize,
    warnings: usize,
    findings: Vec<&'a Finding>,
}

/// Looks at everything, prints what was found, and fails where there is a problem.
///
/// # Errors
/// Exit code 1 where there is a problem, 3 for the configuration, 4 for a database that cannot be read, 5 for one with other tables; what was
/// found before is printed all the same.
pub fn run(settings: &SettingsArgs, args: &DoctorArgs) -> Result<(), Failure> {
    let loaded = settings.load()?;
    let patient = Patient {
        loaded: &loaded,
        configuration: settings.sources().file,
        secret_files: std::env::var_os(ADMIN_PASSWORD_FILE)
            .map(PathBuf::from)
            .into_iter()
            .collect(),
        is_online: args.online,
    };
    let (report, unreadable) =
        block_on(async { Ok(examine(&patient, &Clock::system(), &Random::system()).await) })?;
    print(&report, args)?;
    match unreadable {
        Some(unreadable) => Err(Failure::told(unreadable.into())),
        None if report.count(Severity::Problem) > 0 => Err(Failure::told(Exit::Failed)),
        None => Ok(()),
    }
}

fn print(report: &Report, args: &DoctorArgs) -> Result<(), Failure> {
    let shown = |finding: &&Finding| !(args.quiet && finding.severity == Severity::Ok);
    let printed = Printed {
        problems: report.count(Severity::Problem),
        warnings: report.count(Severity::Warning),
        findings: report.findings().iter().filter(shown).collect(),
    };
    args.output.print(&printed, Printed::text)
}

impl Printed<'_> {
    fn text(&self) -> String {
        let lines = self.findings.iter().map(|finding| {
            let Finding {
                severity,
                name,
                what,
                advice,
            } = finding;
            let advice = advice.map_or_else(String::new, |advice| format!("{:9}{advice}\n", ""));
            // Strangers chose some of these words.
            format!("{:9}{name}: {}\n{advice}", severity.as_str(), plain(what))
        });
        format!(
            "{}Problems: {}, warnings: {}.",
            lines.collect::<String>(),
            self.problems,
            self.warnings
        )
    }
}

impl From<Unreadable> for Exit {
    fn from(unreadable: Unreadable) -> Self {
        match unreadable {
            Unreadable::Missing(_) => Self::Database,
            Unreadable::Database(error) => Failure::from(error).exit,
            Unreadable::Schema(_) => Self::Schema,
        }
    }
}
