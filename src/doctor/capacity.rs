//! Whether the machine has what the settings ask for.

use tracing_subscriber::filter::LevelFilter;

use super::machine::Space;
use super::report::{Check, Severity};
use crate::config::Settings;

/// There is room to write.
pub const DISK_FULL: Check = Check {
    name: "disk-full",
    severity: Severity::Problem,
    right: "There is room where the files are.",
    advice: "Make room now: without it nothing can be stored, and every request that writes fails.",
};

/// There is room to grow.
pub const DISK_RESERVE: Check = Check {
    name: "disk-reserve",
    severity: Severity::Warning,
    right: "There is room for the database to grow, and for a copy of it.",
    advice: "Make room before it is needed: an upgrade or a backup beside the database takes as much again as it has.",
};

/// The process may open what it needs.
pub const OPEN_FILES: Check = Check {
    name: "open-files",
    severity: Severity::Warning,
    right: "As many files may be open as there may be connections.",
    advice: "Raise the limit where the server is started (\"LimitNOFILE=\" of systemd, \"ulimit -n\" of a shell), or lower \"limits.connections\"; this looks at the limit of the shell that it is run in.",
};

/// Password hashes fit into memory.
pub const PASSWORD_MEMORY: Check = Check {
    name: "password-memory",
    severity: Severity::Warning,
    right: "Password hashes take a small part of the memory.",
    advice: "Lower \"passwords.workers\", or give the server more memory: each hash that is computed takes \"passwords.memory_kib\".",
};

/// Password hashes cost whoever stole them enough.
pub const PASSWORD_COST: Check = Check {
    name: "password-cost",
    severity: Severity::Warning,
    right: "Password hashes cost as much as OWASP asks for.",
    advice: "Raise \"passwords.memory_kib\" to 19456 or \"passwords.iterations\" accordingly; hashes change with the next new password.",
};

/// The log is one for every day.
pub const LOG_LEVEL: Check = Check {
    name: "log-level",
    severity: Severity::Warning,
    right: "The log has a level for every day.",
    advice: "Set \"log.level\" back to \"info\" when you have seen what you wanted to see: it fills the disk, and costs time in every request.",
};

const MEBIBYTE: u64 = 1 << 20;

/// With less than this, nothing is stored soon.
const LEAST_BYTES: u64 = 256 * MEBIBYTE;
/// With fewer files than this, nothing can be made soon.
const LEAST_FILES: u64 = 1_000;
/// With less than this, it is time to look.
const RESERVE_BYTES: u64 = 1024 * MEBIBYTE;

/// Whether there is hardly any room.
#[must_use]
pub fn full(place: &str, space: Space) -> Option<String> {
    if space.bytes < LEAST_BYTES {
        let left = space.bytes / MEBIBYTE;
        return Some(format!("Only {left} MiB are left where the {place} is."));
    }
    let files = space.files.filter(|files| *files < LEAST_FILES)?;
    Some(format!(
        "Only {files} more files can be made where the {place} is."
    ))
}

/// Whether there is less room than a database of so many bytes may need.
#[must_use]
pub fn without_reserve(place: &str, database_bytes: u64, space: Space) -> Option<String> {
    let wanted = database_bytes.max(RESERVE_BYTES);
    let is_full = full(place, space).is_some();
    (!is_full && space.bytes < wanted).then(|| {
        format!(
            "{} MiB are left where the {place} is, and {} MiB should be.",
            space.bytes / MEBIBYTE,
            wanted / MEBIBYTE
        )
    })
}

/// Files that are open beside connections: libraries, log, listeners, the runtime's own.
const OTHER_FILES: u64 = 50;
/// A connection to SQLite has its file, its log and its shared memory open.
const FILES_OF_CONNECTION: u64 = 3;

/// Whether fewer files may be open than the limits of connections allow.
#[must_use]
pub fn too_few_files(settings: &Settings, limit: u64) -> Option<String> {
    let services = u64::from(settings.merchant.enabled) + u64::from(settings.challenger.enabled);
    let connections = u64::try_from(settings.limits.connections).unwrap_or(u64::MAX);
    let of_database = u64::from(settings.database.max_connections) + 1;
    let needed = connections
        .saturating_mul(services)
        .saturating_add(of_database.saturating_mul(FILES_OF_CONNECTION))
        .saturating_add(OTHER_FILES);
    (limit < needed).then(|| {
        format!(
            "{limit} files may be open, and \"limits.connections\" of each service and the database may need {needed}."
        )
    })
}

/// Hashes should leave three quarters of the memory to everything else.
const SHARE_OF_MEMORY: u64 = 4;

/// Whether the hashes that are computed at once take a good part of the memory, which is in bytes.
#[must_use]
pub fn hungry_hashes(settings: &Settings, processors: u64, memory: u64) -> Option<String> {
    let passwords = &settings.passwords;
    let workers = passwords
        .workers
        .map_or(processors, |workers| workers.get().into());
    let taken = workers.saturating_mul(u64::from(passwords.memory_kib) * 1024);
    (taken > memory / SHARE_OF_MEMORY).then(|| {
        format!(
            "{workers} password hashes at once take {} MiB of {} MiB.",
            taken / MEBIBYTE,
            memory / MEBIBYTE
        )
    })
}

/// What OWASP recommends for argon2id, each as good as the others: memory in KiB, and passes over it.
const RECOMMENDED: [(u32, u32); 5] = [
    (47_104, 1),
    (19_456, 2),
    (12_288, 3),
    (9_216, 4),
    (7_168, 5),
];

/// Whether hashes cost less than recommended.
#[must_use]
pub fn cheap_hashes(settings: &Settings) -> Option<String> {
    let passwords = &settings.passwords;
    let is_enough = RECOMMENDED.iter().any(|(memory_kib, iterations)| {
        passwords.memory_kib >= *memory_kib && passwords.iterations >= *iterations
    });
    (!is_enough).then(|| {
        format!(
            "A password hash takes {} KiB and {} iterations, less than is recommended.",
            passwords.memory_kib, passwords.iterations
        )
    })
}

/// Whether more is logged than is meant for every day.
#[must_use]
pub fn loud_log(settings: &Settings) -> Option<String> {
    let level = &settings.log.level;
    let is_loud = |part: &str| {
        let level = part.rsplit('=').next().unwrap_or(part).trim();
        level
            .parse()
            .is_ok_and(|level: LevelFilter| level >= LevelFilter::DEBUG)
    };
    let is_loud = level.split(',').any(is_loud);
    is_loud.then(|| format!("\"log.level\" is {level:?}."))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn space(mebibytes: u64, files: Option<u64>) -> Space {
        Space {
            bytes: mebibytes * MEBIBYTE,
            files,
        }
    }

    #[test]
    fn little_room_is_told_before_there_is_none() {
        let found = full("database", space(255, None)).unwrap();
        assert_eq!(found, "Only 255 MiB are left where the database is.");
        assert!(full("database", space(9_000, Some(999))).is_some());
        assert_eq!(full("database", space(256, Some(1_000))), None);

        let found = without_reserve("database", 0, space(1_023, None)).unwrap();
        assert_eq!(
            found,
            "1023 MiB are left where the database is, and 1024 MiB should be."
        );
        assert!(without_reserve("database", 4_097 * MEBIBYTE, space(4_096, None)).is_some());
        assert_eq!(without_reserve("database", 0, space(1_024, None)), None);
        // Once is enough.
        assert_eq!(without_reserve("database", 0, space(1, None)), None);
    }

    #[test]
    fn the_usual_limit_is_enough_for_one_service() {
        let mut settings = Settings::default();
        assert_eq!(too_few_files(&settings, 1_024), None);
        settings.challenger.enabled = true;
        let found = too_few_files(&settings, 1_024).unwrap();
        assert!(found.ends_with("may need 1677."), "{found}");
        assert_eq!(too_few_files(&settings, 1_677), None);
    }

    #[test]
    fn hashes_are_measured_by_the_memory() {
        let mut settings = Settings::default();
        assert_eq!(hungry_hashes(&settings, 2, 1024 * MEBIBYTE), None);
        let found = hungry_hashes(&settings, 16, 1024 * MEBIBYTE).unwrap();
        assert_eq!(
            found,
            "16 password hashes at once take 304 MiB of 1024 MiB."
        );
        settings.passwords.workers = std::num::NonZeroU32::new(2);
        assert_eq!(hungry_hashes(&settings, 16, 1024 * MEBIBYTE), None);
    }

    #[test]
    fn cheap_hashes_are_told() {
        let mut settings = Settings::default();
        assert_eq!(cheap_hashes(&settings), None);
        for (memory_kib, iterations, is_cheap) in [
            (47_104, 1, false),
            (19_455, 2, true),
            (7_168, 5, false),
            (64, 50, true),
        ] {
            settings.passwords.memory_kib = memory_kib;
            settings.passwords.iterations = iterations;
            assert_eq!(cheap_hashes(&settings).is_some(), is_cheap, "{memory_kib}");
        }
    }

    #[test]
    fn a_loud_log_is_told() {
        for (level, is_loud) in [
            ("info", false),
            ("warn,kontor=info", false),
            ("info,kontor::auth=debug", true),
            ("trace", true),
        ] {
            let mut settings = Settings::default();
            settings.log.level = level.to_owned();
            assert_eq!(loud_log(&settings).is_some(), is_loud, "{level}");
        }
    }
}
