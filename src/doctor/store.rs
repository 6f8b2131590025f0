//! Whether the database is whole, and set up so that it stays so.

use std::time::Duration;

use super::Unreadable;
use super::report::{Check, Severity};
use crate::config::{Settings, duration};
use crate::db::examination::{LockedTable, PostgresFacts};
use crate::db::{SchemaStatus, said_by_database};

/// The tables are those of this program.
pub const SCHEMA: Check = Check {
    name: "schema",
    severity: Severity::Problem,
    right: "The tables are those of this program.",
    advice: "Back the database up, on PostgreSQL with the release that wrote it, and run \"kontor migrate\"; where it is newer, run the newer program; where it is empty, \"kontor migrate\" or \"kontor restore\".",
};

/// The file is whole.
pub const SQLITE_DAMAGED: Check = Check {
    name: "sqlite-damaged",
    severity: Severity::Problem,
    right: "The database file is whole.",
    advice: "Stop the server, keep the damaged files, restore the last backup, and look for the cause: the disk, or a copy that was made while the server ran.",
};

/// There is one, and it answers.
pub const DATABASE: Check = Check {
    name: "database",
    severity: Severity::Problem,
    right: "The database can be read.",
    advice: "Start PostgreSQL, or look at \"database.url\" and at whom this is run as; \"kontor migrate\" or the first \"kontor serve\" makes an SQLite database that is not there yet.",
};

/// Nobody keeps it from others.
pub const POSTGRES_LOCKED: Check = Check {
    name: "postgres-locked",
    severity: Severity::Problem,
    right: "Nobody keeps the tables of PostgreSQL locked.",
    advice: "End the session that holds the lock, such as a forgotten \"psql\" (\"SELECT pg_terminate_backend(PROCESS)\"), or wait where it is changing the table; requests wait until then.",
};

/// Rows refer to rows that exist.
pub const SQLITE_DANGLING: Check = Check {
    name: "sqlite-dangling",
    severity: Severity::Problem,
    right: "Every row refers to rows that are there.",
    advice: "Restore a backup from before somebody changed the tables by hand.",
};

/// Readers and the writer do not wait for each other.
pub const SQLITE_JOURNAL: Check = Check {
    name: "sqlite-journal",
    severity: Severity::Warning,
    right: "The database writes ahead (WAL).",
    advice: "Start the server, which switches it back; if that does not last, something else opens the file, or its file system cannot do it (a network drive).",
};

/// The server is of a version that is tested.
pub const POSTGRES_VERSION: Check = Check {
    name: "postgres-version",
    severity: Severity::Warning,
    right: "PostgreSQL is of a version that this program is tested with.",
    advice: "Upgrade PostgreSQL to version 15 or a later one.",
};

/// All names can be stored.
pub const POSTGRES_ENCODING: Check = Check {
    name: "postgres-encoding",
    severity: Severity::Problem,
    right: "The database is encoded in UTF-8.",
    advice: "Make a new database with \"ENCODING 'UTF8' TEMPLATE template0\" and move the data: not every name can be stored in this one.",
};

/// The pool gets its connections.
pub const POSTGRES_CONNECTIONS: Check = Check {
    name: "postgres-connections",
    severity: Severity::Problem,
    right: "PostgreSQL allows the connections that this server may open.",
    advice: "Raise \"max_connections\" of PostgreSQL, or lower \"database.max_connections\"; each server on this database needs as many.",
};

/// What was acknowledged survives a power failure.
pub const POSTGRES_FORGETFUL: Check = Check {
    name: "postgres-forgetful",
    severity: Severity::Problem,
    right: "PostgreSQL keeps what it has acknowledged.",
    advice: "Set it to \"on\" for this database: without it, a power failure takes away what clients were told is stored.",
};

/// Machine and database agree on the time.
pub const CLOCKS_DIFFER: Check = Check {
    name: "clocks-differ",
    severity: Severity::Warning,
    right: "This machine and the database agree on the time.",
    advice: "Run a time service (NTP) on both machines: tokens and codes end by their clocks.",
};

/// The clock goes forward.
pub const CLOCK_BEHIND: Check = Check {
    name: "clock-behind",
    severity: Severity::Problem,
    right: "The clock of this machine is after everything that was stored.",
    advice: "Set the clock, and run a time service (NTP): tokens and codes that have ended work again while it is behind.",
};

/// What has ended is removed.
pub const OVERDUE: Check = Check {
    name: "overdue-rows",
    severity: Severity::Warning,
    right: "What has ended is removed soon after.",
    advice: "Start the server, which removes it within minutes; if it runs, look for \"what has ended could not be removed\" in its log.",
};

/// Oldest version of PostgreSQL that the tests run on.
const TESTED_VERSION: i64 = 15;

/// What is stored may have a time that is this much later than now: several machines write.
const LATER: Duration = Duration::from_secs(60);

/// Clocks may differ by this much.
const DIFFERENCE: Duration = Duration::from_secs(2);

/// How long what has ended may stay.
pub const GRACE: Duration = Duration::from_secs(3_600);

/// Whether the tables are other ones, and what to do then.
#[must_use]
pub fn other_schema(status: &SchemaStatus) -> Option<(String, &'static str)> {
    match status {
        SchemaStatus::Current => None,
        SchemaStatus::Empty => Some((
            "The database has no tables yet.".to_owned(),
            "Restore a backup with \"kontor restore\", or begin with \"kontor migrate\" or the first \"kontor serve\", which make them.",
        )),
        SchemaStatus::Behind { pending } => Some((
            format!("The tables lack the steps {}.", pending.join(", ")),
            "Back the database up, on PostgreSQL with the release that wrote it, and run \"kontor migrate\".",
        )),
        SchemaStatus::TooNew { unknown } => Some((
            format!("The tables have the unknown steps {}.", unknown.join(", ")),
            "Run the newer program that made them, or restore a backup that this one made.",
        )),
    }
}

/// What to say of a database that is not there, or does not let itself be read, and what to do then.
#[must_use]
pub fn unread(settings: &Settings, unreadable: &Unreadable) -> Option<(String, &'static str)> {
    match unreadable {
        Unreadable::Missing(file) => {
            let what = format!("There is no database {} yet.", file.display());
            Some((what, DATABASE.advice))
        }
        Unreadable::Database(error) => {
            let what = format!(
                "The database {} cannot be read: {}.",
                settings.database.url,
                said_by_database(error).trim_end_matches('.')
            );
            let advice = match error.is_lock_timeout() {
                true => "Look again: whoever kept a table locked has let it go meanwhile.",
                false => DATABASE.advice,
            };
            Some((what, advice))
        }
        Unreadable::Schema(_) => None,
    }
}

/// Tables that somebody keeps locked.
pub fn locked(tables: Vec<LockedTable>) -> impl Iterator<Item = String> {
    tables.into_iter().map(|LockedTable { table, process }| {
        format!("The process {process} of PostgreSQL keeps the table {table:?} locked.")
    })
}

/// What the database says of damage to itself.
pub fn damaged(said: Vec<String>) -> impl Iterator<Item = String> {
    said.into_iter()
        .map(|damage| format!("The database file is damaged: {}.", damage.trim()))
}

/// Tables with rows that refer to nothing.
pub fn dangling(tables: Vec<String>) -> impl Iterator<Item = String> {
    tables
        .into_iter()
        .map(|table| format!("Rows of the table {table:?} refer to rows that are not there."))
}

/// Whether the journal is another one.
#[must_use]
pub fn other_journal(mode: &str) -> Option<String> {
    let is_wal = mode.eq_ignore_ascii_case("wal");
    (!is_wal).then(|| format!("The journal mode is {mode:?}, not \"wal\"."))
}

/// Whether the version is older than those that are tested.
#[must_use]
pub fn old_version(facts: &PostgresFacts) -> Option<String> {
    (facts.version < TESTED_VERSION * 10_000)
        .then(|| format!("PostgreSQL has the version {}.", facts.version_text))
}

/// Whether the encoding is another one.
#[must_use]
pub fn other_encoding(facts: &PostgresFacts) -> Option<String> {
    (facts.encoding != "UTF8")
        .then(|| format!("The encoding of the database is {}.", facts.encoding))
}

/// Whether a server that may open so many connections, and one to listen on, gets too few.
#[must_use]
pub fn few_connections(facts: &PostgresFacts, max_connections: u32) -> Option<String> {
    let needed = i64::from(max_connections.max(2)) + 1;
    (facts.connections < needed).then(|| {
        format!(
            "PostgreSQL allows {} connections, and this server may open {needed}.",
            facts.connections
        )
    })
}

/// Settings by which it forgets.
pub fn forgetful(facts: &PostgresFacts) -> impl Iterator<Item = String> {
    let settings = facts.forgetful.iter();
    settings.map(|setting| format!("PostgreSQL runs with {setting}."))
}

/// Whether the clocks differ; `now_us` is this machine's.
#[must_use]
pub fn different_clocks(now_us: i64, database_us: i64) -> Option<String> {
    let difference = Duration::from_micros(now_us.abs_diff(database_us));
    (difference > DIFFERENCE).then(|| {
        let seconds = Duration::from_secs(difference.as_secs());
        let word = match now_us < database_us {
            true => "behind",
            false => "ahead of",
        };
        format!(
            "The clock of this machine is {} {word} that of the database.",
            duration::print(seconds)
        )
    })
}

/// Whether something was stored after now.
#[must_use]
pub fn clock_behind(now_us: i64, last_stored_us: Option<i64>) -> Option<String> {
    let last_us = last_stored_us?;
    let ahead = Duration::from_micros(u64::try_from(last_us.saturating_sub(now_us)).unwrap_or(0));
    (ahead > LATER).then(|| {
        let seconds = Duration::from_secs(ahead.as_secs());
        format!(
            "Something was stored {} after the time that this machine shows.",
            duration::print(seconds)
        )
    })
}

/// Whether there are rows that should be gone.
#[must_use]
pub fn overdue(rows: u64) -> Option<String> {
    (rows > 0).then(|| {
        format!("Requests, validations and counters that ended an hour ago and longer are still there: {rows}.")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn facts() -> PostgresFacts {
        PostgresFacts {
            version: 150_004,
            version_text: "15.4".to_owned(),
            encoding: "UTF8".to_owned(),
            connections: 97,
            forgetful: Vec::new(),
            now_us: 0,
        }
    }

    #[test]
    fn a_usual_server_is_fine() {
        let facts = facts();
        assert_eq!(old_version(&facts), None);
        assert_eq!(other_encoding(&facts), None);
        assert_eq!(few_connections(&facts, 8), None);
        assert_eq!(forgetful(&facts).count(), 0);
    }

    #[test]
    fn an_unusual_server_is_told() {
        let facts = PostgresFacts {
            version: 140_011,
            version_text: "14.11 (Debian)".to_owned(),
            encoding: "SQL_ASCII".to_owned(),
            connections: 8,
            forgetful: vec!["fsync = off".to_owned()],
            now_us: 0,
        };
        assert_eq!(
            old_version(&facts).unwrap(),
            "PostgreSQL has the version 14.11 (Debian)."
        );
        assert_eq!(
            other_encoding(&facts).unwrap(),
            "The encoding of the database is SQL_ASCII."
        );
        assert_eq!(
            few_connections(&facts, 8).unwrap(),
            "PostgreSQL allows 8 connections, and this server may open 9."
        );
        assert_eq!(
            forgetful(&facts).collect::<Vec<_>>(),
            ["PostgreSQL runs with fsync = off."]
        );
    }

    #[test]
    fn damage_is_told_line_by_line() {
        let said = vec!["row 3 missing from index a".to_owned()];
        assert_eq!(
            damaged(said).collect::<Vec<_>>(),
            ["The database file is damaged: row 3 missing from index a."]
        );
        assert_eq!(dangling(Vec::new()).count(), 0);
        assert_eq!(
            dangling(vec!["challenge".to_owned()]).collect::<Vec<_>>(),
            ["Rows of the table \"challenge\" refer to rows that are not there."]
        );
        assert_eq!(other_journal("wal"), None);
        assert!(other_journal("delete").is_some());
    }

    #[test]
    fn schemas_are_compared() {
        assert_eq!(other_schema(&SchemaStatus::Current), None);
        let behind = SchemaStatus::Behind {
            pending: vec!["m2".to_owned(), "m3".to_owned()],
        };
        let (what, advice) = other_schema(&behind).unwrap();
        assert_eq!(what, "The tables lack the steps m2, m3.");
        assert!(advice.starts_with("Back the database up"), "{advice}");
        let unknown = vec!["m9".to_owned()];
        for status in [SchemaStatus::Empty, SchemaStatus::TooNew { unknown }] {
            let (_, advice) = other_schema(&status).unwrap();
            assert!(!advice.contains("Back the database up"), "{advice}");
            assert!(advice.contains("estore a backup"), "{advice}");
        }
    }

    #[test]
    fn clocks_are_compared() {
        const HOUR_US: i64 = 3_600_000_000;
        assert_eq!(different_clocks(0, 1_900_000), None);
        assert_eq!(
            different_clocks(0, HOUR_US).unwrap(),
            "The clock of this machine is 1 h behind that of the database."
        );
        assert!(different_clocks(HOUR_US, 0).unwrap().contains("ahead of"));

        assert_eq!(clock_behind(0, None), None);
        assert_eq!(clock_behind(0, Some(60_000_000)), None);
        assert_eq!(clock_behind(HOUR_US, Some(0)), None);
        assert_eq!(
            clock_behind(0, Some(HOUR_US)).unwrap(),
            "Something was stored 1 h after the time that this machine shows."
        );
    }

    #[test]
    fn overdue_rows_are_counted() {
        assert_eq!(overdue(0), None);
        assert!(overdue(7).unwrap().ends_with(": 7."));
    }
}
