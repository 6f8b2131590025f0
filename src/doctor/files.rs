//! The key file, and who may read and write what.

use std::path::{Path, PathBuf};

use super::machine::FileFacts;
use super::report::{Check, Severity};
use crate::random::Random;
use crate::secrets::{KeyFile, KeyFileError, Keyring};

/// The key file can be used.
pub const KEY_FILE: Check = Check {
    name: "key-file",
    severity: Severity::Problem,
    right: "The key file can be read, and by its owner alone.",
    advice: "Put the key file in its place, from its backup where it is lost, with mode 0600 and the owner that the server runs as; beside a new database, the first \"kontor serve\" makes it.",
};

/// The key file is that of the database.
pub const KEY_FILE_FITS: Check = Check {
    name: "key-file-fits",
    severity: Severity::Problem,
    right: "The key file is the one that the database was written with.",
    advice: "Put back the key file that was there when the database was last written: nothing that it sealed can be opened with another one.",
};

/// Nobody else reads what is secret.
pub const PRIVATE_FILES: Check = Check {
    name: "private-files",
    severity: Severity::Problem,
    right: "Files with secrets are open to nobody but their owner.",
    advice: "Take the right away with \"chmod\": database and spools 0600, configuration and secrets 0600 or 0640 with a group of the server's own; then change what others may have read.",
};

/// Nobody else puts other files in their place.
pub const PRIVATE_FOLDERS: Check = Check {
    name: "private-folders",
    severity: Severity::Problem,
    right: "Nobody but its owner can exchange the key file, the database or the configuration.",
    advice: "Take the right to write to the folder away with \"chmod o-w\", or move the files to a folder of the server's own.",
};

/// Nobody else says what the server does.
pub const CONFIGURATION: Check = Check {
    name: "configuration-file",
    severity: Severity::Problem,
    right: "Nobody but its owner can change the configuration.",
    advice: "Take the right away with \"chmod go-w\": whoever may write to it chooses which programs the server runs, and which key file and database it uses.",
};

/// One user has all.
pub const ONE_OWNER: Check = Check {
    name: "one-owner",
    severity: Severity::Warning,
    right: "Key file and database belong to the same user.",
    advice: "Give both to the user that the server runs as, with \"chown\"; verbs of the command line that were run as another user may have made one of them.",
};

/// What other users may do with the files that hold something.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Held {
    /// Only the owner has anything to do with it.
    ByOwner,
    /// A group may read it, as where an administrator owns it and the server reads it.
    ByGroupToo,
}

/// A file that holds something secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SecretFile {
    /// The file.
    pub facts: FileFacts,
    /// What it is, in words that follow an article.
    pub kind: &'static str,
    /// Who may have it.
    pub held: Held,
}

impl SecretFile {
    /// Looks at a file; nothing where there is none.
    #[must_use]
    pub fn of(path: &Path, kind: &'static str, held: Held) -> Option<Self> {
        let facts = FileFacts::of(path)?;
        Some(Self { facts, kind, held })
    }
}

/// Reads the key file as the server does.
///
/// # Errors
/// What is wrong with it, and what to do then.
pub fn read_key_file(path: &Path, random: &Random) -> Result<Keyring, (String, &'static str)> {
    let file = KeyFile::load(path);
    file.map(|file| file.into_keyring(random.clone()))
        .map_err(|wrong| {
            let advice = match wrong {
                KeyFileError::OpenToOthers { .. } => {
                    "Take the right away, and find out who had it: whoever has key file and database, or a backup, has everything."
                }
                _ => KEY_FILE.advice,
            };
            (sentence(&wrong.to_string()), advice)
        })
}

/// Which of the files are open to others.
pub fn open_to_others(files: &[SecretFile]) -> impl Iterator<Item = String> {
    let is_open = |file: &&SecretFile| {
        let forbidden = match file.held {
            Held::ByOwner => 0o077,
            Held::ByGroupToo => 0o027,
        };
        file.facts.mode & forbidden != 0
    };
    files.iter().filter(is_open).map(|file| {
        format!(
            "The {} {} is open to other users (mode {:04o}).",
            file.kind,
            file.facts.path.display(),
            file.facts.mode
        )
    })
}

/// Whether others can change the configuration, with secrets in it or not.
#[must_use]
pub fn changeable_configuration(file: &FileFacts) -> Option<String> {
    (file.mode & 0o022 != 0).then(|| {
        format!(
            "Others may write to the configuration {} (mode {:04o}).",
            file.path.display(),
            file.mode
        )
    })
}

/// Which of the folders let others exchange the files in them. Where the sticky bit is set, only owners can.
pub fn writable_folders(folders: &[FileFacts]) -> impl Iterator<Item = String> {
    let is_writable = |folder: &&FileFacts| folder.mode & 0o002 != 0 && folder.mode & 0o1000 == 0;
    folders.iter().filter(is_writable).map(|folder| {
        format!(
            "Every user may write to the folder {} (mode {:04o}).",
            folder.path.display(),
            folder.mode
        )
    })
}

/// Whether files that belong together have different owners.
#[must_use]
pub fn different_owners(one: &FileFacts, other: &FileFacts) -> Option<String> {
    (one.owner != other.owner).then(|| {
        format!(
            "{} belongs to the user {}, and {} to the user {}.",
            one.path.display(),
            one.owner,
            other.path.display(),
            other.owner
        )
    })
}

/// The files of an SQLite database: itself, and those beside it that hold what was written last.
#[must_use]
pub fn of_database(database: &Path) -> Vec<PathBuf> {
    let beside = ["", "-wal", "-shm"].into_iter();
    beside
        .map(|ending| {
            let mut name = database.as_os_str().to_owned();
            name.push(ending);
            PathBuf::from(name)
        })
        .collect()
}

/// A sentence of its own, of words that stood after a colon.
pub(super) fn sentence(text: &str) -> String {
    let mut letters = text.chars();
    let first = letters.next().map(|first| first.to_uppercase().to_string());
    let end = match text.ends_with('.') {
        true => "",
        false => ".",
    };
    format!("{}{}{end}", first.unwrap_or_default(), letters.as_str())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn facts(mode: u32, owner: u32) -> FileFacts {
        FileFacts {
            path: PathBuf::from("/srv/file"),
            mode,
            owner,
            bytes: 0,
        }
    }

    #[test]
    fn modes_are_judged_by_what_a_file_holds() {
        let is_open = |mode, held| {
            let file = SecretFile {
                facts: facts(mode, 1),
                kind: "database",
                held,
            };
            open_to_others(&[file]).next().is_some()
        };
        for mode in [0o600, 0o400, 0o700] {
            assert!(!is_open(mode, Held::ByOwner), "{mode:o}");
        }
        for mode in [0o640, 0o604, 0o660, 0o644] {
            assert!(is_open(mode, Held::ByOwner), "{mode:o}");
        }
        assert!(!is_open(0o640, Held::ByGroupToo));
        for mode in [0o644, 0o660, 0o602] {
            assert!(is_open(mode, Held::ByGroupToo), "{mode:o}");
        }
    }

    #[test]
    fn a_finding_names_file_and_mode() {
        let file = SecretFile {
            facts: facts(0o644, 1),
            kind: "database",
            held: Held::ByOwner,
        };
        assert_eq!(
            open_to_others(&[file]).collect::<Vec<_>>(),
            ["The database /srv/file is open to other users (mode 0644)."]
        );
    }

    #[test]
    fn a_configuration_is_for_its_owner_to_write() {
        for mode in [0o600, 0o640, 0o644, 0o400] {
            assert_eq!(changeable_configuration(&facts(mode, 1)), None, "{mode:o}");
        }
        for mode in [0o666, 0o646, 0o660] {
            assert!(
                changeable_configuration(&facts(mode, 1)).is_some(),
                "{mode:o}"
            );
        }
    }

    #[test]
    fn a_folder_for_everybody_is_safe_only_with_the_sticky_bit() {
        let found = |mode| writable_folders(&[facts(mode, 0)]).count();
        assert_eq!(found(0o755) + found(0o1777) + found(0o775), 0);
        assert_eq!(found(0o777), 1);
    }

    #[test]
    fn owners_are_compared() {
        assert_eq!(different_owners(&facts(0, 7), &facts(0, 7)), None);
        let found = different_owners(&facts(0, 7), &facts(0, 8)).unwrap();
        assert_eq!(
            found,
            "/srv/file belongs to the user 7, and /srv/file to the user 8."
        );
    }

    #[test]
    fn sentences_begin_and_end_as_such() {
        assert_eq!(
            sentence("there is no key file a"),
            "There is no key file a."
        );
        assert_eq!(sentence("Done."), "Done.");
    }
}
