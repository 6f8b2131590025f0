//! `kontor doctor`: what an operator would otherwise find out at night.
//!
//! A [`Check`] is a name with what it means; [`ALL`] lists them, as `docs/doctor.md` does. Each is judged by a function that is given
//! the facts and returns what is wrong, in sentences: those that read only settings take [`Settings`], those about the machine what
//! [`machine`] says, those about the database what [`crate::db::examination`] says. [`examine`] gathers the facts, and changes nothing.

pub mod capacity;
mod contents;
pub mod credentials;
pub mod delivery;
pub mod exposure;
pub mod files;
pub mod machine;
mod online;
pub mod providers;
mod report;
pub mod store;
mod surroundings;

use std::path::PathBuf;

pub use report::{Check, Finding, Report, Severity};

use crate::app::database_settings;
use crate::clock::Clock;
use crate::config::{Loaded, Settings};
use crate::db::{DatabaseError, SchemaStatus};
use crate::random::Random;
use contents::look_at_database;
use surroundings::{look_at_files, look_at_machine, look_at_settings};

/// Everything that is looked at, in the order of the report.
pub const ALL: &[Check] = &[
    files::KEY_FILE,
    files::PRIVATE_FILES,
    files::PRIVATE_FOLDERS,
    files::CONFIGURATION,
    files::ONE_OWNER,
    exposure::PUBLIC_URL_PLAIN,
    exposure::PUBLIC_URL_ODD,
    exposure::PROXIES_MISSING,
    exposure::PROXIES_WIDE,
    exposure::MANAGEMENT_OPEN,
    exposure::OUTBOUND_WIDE,
    delivery::SPOOL,
    delivery::HELPERS,
    delivery::SIGN_UP,
    credentials::EXTERNAL,
    capacity::PASSWORD_COST,
    capacity::PASSWORD_MEMORY,
    capacity::OPEN_FILES,
    capacity::LOG_LEVEL,
    capacity::DISK_FULL,
    capacity::DISK_RESERVE,
    store::SCHEMA,
    store::SQLITE_DAMAGED,
    store::SQLITE_DANGLING,
    store::SQLITE_JOURNAL,
    store::POSTGRES_VERSION,
    store::POSTGRES_ENCODING,
    store::POSTGRES_CONNECTIONS,
    store::POSTGRES_FORGETFUL,
    store::POSTGRES_LOCKED,
    store::CLOCKS_DIFFER,
    files::KEY_FILE_FITS,
    store::CLOCK_BEHIND,
    store::OVERDUE,
    credentials::ADMIN,
    credentials::OLDER_FORM,
    delivery::UNREACHABLE,
    delivery::UNPROVEN,
    delivery::MANDATORY,
    credentials::CLIENT_REDIRECTS,
    credentials::CLIENT_PKCE,
    providers::NEVER_REACHED,
    providers::EXPIRED,
    providers::FAILING,
    store::DATABASE,
    online::EXCHANGES,
    online::SMTP,
];

/// Who is looked at, and how closely.
pub struct Patient<'a> {
    /// The settings with their origins.
    pub loaded: &'a Loaded,
    /// The configuration file, where there is one.
    pub configuration: Option<PathBuf>,
    /// Files with secrets beside those that the settings name, such as one with the password of `admin`.
    pub secret_files: Vec<PathBuf>,
    /// Whether other servers are asked.
    pub is_online: bool,
}

/// Why the look ended before its end.
#[derive(Debug)]
pub enum Unreadable {
    /// The file of an SQLite database is not there.
    Missing(PathBuf),
    /// The database cannot be read.
    Database(DatabaseError),
    /// Its tables are not those of this program.
    Schema(SchemaStatus),
}

impl From<DatabaseError> for Unreadable {
    fn from(error: DatabaseError) -> Self {
        Self::Database(error)
    }
}

/// Looks at everything. Where the database cannot be read, the report says so and holds what was found before, and the reason comes with it.
pub async fn examine(
    patient: &Patient<'_>,
    clock: &Clock,
    random: &Random,
) -> (Report, Option<Unreadable>) {
    let mut report = Report::default();
    let settings = &patient.loaded.settings;
    let keyring = look_at_files(patient, random, &mut report);
    look_at_settings(settings, &mut report);
    look_at_machine(settings, &mut report);
    let database = look_at_database(settings, keyring.as_ref(), clock, &mut report).await;
    let unread = database.as_ref().err();
    let unread = unread.and_then(|unreadable| store::unread(settings, unreadable));
    // Whoever keeps a table locked is the whole reason, and so is damage.
    let reasons = [&store::POSTGRES_LOCKED, &store::SQLITE_DAMAGED];
    if !reasons.iter().any(|reason| report.has_found(reason)) {
        report.judge_each(&store::DATABASE, unread);
    }
    if patient.is_online {
        online::ask(settings, clock, random, &mut report).await;
    }
    (report, database.err())
}

fn sqlite_file(settings: &Settings) -> Option<PathBuf> {
    database_settings(settings).sqlite_path().ok().flatten()
}

/// The table of `docs/doctor.md`: every check, what is so where it finds nothing, and what to do where it does.
#[must_use]
pub fn table() -> String {
    let heading = "| finding | severity | where all is well | what to do otherwise |\n| --- | --- | --- | --- |\n";
    ALL.iter().fold(heading.to_owned(), |table, check| {
        let severity = check.severity.as_str();
        format!(
            "{table}| `{}` | {severity} | {} | {} |\n",
            check.name, check.right, check.advice
        )
    })
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn every_check_has_a_name_of_its_own_and_whole_sentences() {
        let mut names = HashSet::new();
        for check in ALL {
            assert!(
                names.insert(check.name),
                "{} stands there twice",
                check.name
            );
            let is_kebab = |letter: char| letter.is_ascii_lowercase() || letter == '-';
            assert!(check.name.chars().all(is_kebab), "{}", check.name);
            assert_ne!(check.severity, Severity::Ok, "{}", check.name);
            for sentence in [check.right, check.advice] {
                assert!(sentence.ends_with('.'), "{}: {sentence}", check.name);
                assert!(!sentence.contains('|'), "{}: {sentence}", check.name);
            }
        }
    }

    #[test]
    fn what_is_right_is_a_finding_too() {
        let mut report = Report::default();
        report.judge(&store::SCHEMA, None);
        report.judge(&store::OVERDUE, ["One.".to_owned(), "Two.".to_owned()]);
        let told: Vec<_> = report
            .findings()
            .iter()
            .map(|finding| (finding.severity, finding.name, finding.advice.is_some()))
            .collect();
        assert_eq!(
            told,
            [
                (Severity::Ok, "schema", false),
                (Severity::Warning, "overdue-rows", true),
                (Severity::Warning, "overdue-rows", true),
            ]
        );
        assert_eq!(report.count(Severity::Warning), 2);
    }
}
