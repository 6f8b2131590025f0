//! The file that holds the master keys, apart from the database.
//!
//! Plain text, one key a line: the word `key`, its id (8 characters) and its secret (52), both in
//! Crockford's base32, separated by spaces. The last line is the newest key. Empty lines and lines
//! that begin with `#` are skipped.

use std::fs::{File, OpenOptions};
use std::io::{self, Read, Write};
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

use zeroize::Zeroizing;

use super::key::MasterKey;
use super::keyring::Keyring;
use crate::random::Random;
use kontor_openapi::scalar::base32;

const INTRODUCTION: &str = "\
# The keys of Kontor: they open what its database keeps sealed.
# Keep a copy of this file apart from the copies of the database. Without it the sealed parts of the
# database are lost; whoever has both can read them.
# One key a line: the word key, an id, a secret. The last one seals, each one opens.
";

/// More than any real key file has; a longer file is a mistake in the configuration.
const SIZE_LIMIT: u64 = 64 * 1024;

/// Why a key file cannot be read or made. The messages name the file and never its content.
#[derive(Debug, thiserror::Error)]
pub enum KeyFileError {
    /// There is no such file.
    #[error("there is no key file {}", .0.display())]
    Missing(PathBuf),
    /// There is a file already, which is never overwritten.
    #[error("the key file {} exists already and is not overwritten", .0.display())]
    Exists(PathBuf),
    /// The operating system refused to read it.
    #[error("the key file {} cannot be read: {source}", path.display())]
    Read {
        /// The key file.
        path: PathBuf,
        /// What the operating system said.
        source: io::Error,
    },
    /// The operating system refused to write it.
    #[error("the key file {} cannot be written: {source}", path.display())]
    Write {
        /// The key file.
        path: PathBuf,
        /// What the operating system said.
        source: io::Error,
    },
    /// Somebody else than its owner may read or write it.
    #[error(
        "the key file {path} is open to other users (mode {mode:04o}): \
         make it private with chmod 600 {path}",
        path = path.display()
    )]
    OpenToOthers {
        /// The key file.
        path: PathBuf,
        /// Its permission bits.
        mode: u32,
    },
    /// A line is no key.
    #[error("line {line} of the key file {} {problem}", path.display())]
    Line {
        /// The key file.
        path: PathBuf,
        /// The line, counted from 1.
        line: usize,
        /// What is wrong with it, in words that follow "line N of the key file F".
        problem: &'static str,
    },
    /// It is a folder or a device, too long, not text, or has no key in it.
    #[error("{} is no key file: it {problem}", path.display())]
    NotAKeyFile {
        /// The file.
        path: PathBuf,
        /// What is wrong with it, in words that follow "it".
        problem: &'static str,
    },
}

/// The content of a key file.
#[derive(Debug)]
pub struct KeyFile {
    newest: MasterKey,
    older: Vec<MasterKey>,
}

impl KeyFile {
    /// Reads a key file.
    ///
    /// # Errors
    /// [`KeyFileError::Missing`] where there is none, [`KeyFileError::OpenToOthers`] where its
    /// group or others may do anything with it, and what else stands in [`KeyFileError`].
    pub fn load(path: &Path) -> Result<Self, KeyFileError> {
        let text = read_private_text(path)?;
        let mut keys = Vec::new();
        for (index, line) in text.lines().enumerate() {
            let line = line.trim();
            if line.is_empty() || line.starts_with('#') {
                continue;
            }
            let key = parse_key(line, &keys).map_err(|problem| KeyFileError::Line {
                path: path.to_owned(),
                line: index + 1,
                problem,
            })?;
            keys.push(key);
        }
        match keys.pop() {
            Some(newest) => Ok(Self {
                newest,
                older: keys,
            }),
            None => Err(not_a_key_file(path, "has no key in it")),
        }
    }

    /// Makes a key file with one new key, readable by its owner alone, and returns when it is
    /// safely on the disk.
    ///
    /// # Errors
    /// [`KeyFileError::Exists`] where there is a file already, and [`KeyFileError::Write`].
    pub fn create(path: &Path, random: &Random) -> Result<Self, KeyFileError> {
        let mut file = OpenOptions::new()
            .write(true)
            .create_new(true)
            .mode(0o600)
            .open(path)
            .map_err(|source| match source.kind() {
                io::ErrorKind::AlreadyExists => KeyFileError::Exists(path.to_owned()),
                _ => write_error(path, source),
            })?;
        let key = MasterKey::generate(random);
        if let Err(source) = write_durably(&mut file, path, &key) {
            // Half a key file would only stop the next start. If even this fails, so be it: the
            // first error is the one to tell.
            std::fs::remove_file(path).ok();
            return Err(write_error(path, source));
        }
        Ok(Self {
            newest: key,
            older: Vec::new(),
        })
    }

    /// The keyring with the keys of this file, which draws nonces from `random`.
    pub fn into_keyring(self, random: Random) -> Keyring {
        Keyring::new(self.newest, self.older, random)
    }
}

fn read_private_text(path: &Path) -> Result<Zeroizing<String>, KeyFileError> {
    let read_error = |source: io::Error| match source.kind() {
        io::ErrorKind::NotFound => KeyFileError::Missing(path.to_owned()),
        io::ErrorKind::InvalidData => not_a_key_file(path, "is not text"),
        _ => KeyFileError::Read {
            path: path.to_owned(),
            source,
        },
    };
    // Asked of the path first, because opening a pipe would wait; asked again of the open file,
    // because only that is what is read.
    if !std::fs::metadata(path).map_err(read_error)?.is_file() {
        return Err(not_a_key_file(path, "is not a regular file"));
    }
    let file = File::open(path).map_err(read_error)?;
    let metadata = file.metadata().map_err(read_error)?;
    let mode = metadata.permissions().mode() & 0o7777;
    let forbidden = match is_credential(path) {
        true => 0o037,
        false => 0o077,
    };
    if mode & forbidden != 0 {
        let path = path.to_owned();
        return Err(KeyFileError::OpenToOthers { path, mode });
    }
    if metadata.len() > SIZE_LIMIT {
        return Err(not_a_key_file(path, "is longer than 64 KiB"));
    }
    // Reserved beforehand, so that growing leaves no copies of the secrets behind.
    let mut text = Zeroizing::new(String::with_capacity(SIZE_LIMIT as usize));
    file.take(SIZE_LIMIT)
        .read_to_string(&mut text)
        .map_err(read_error)?;
    Ok(text)
}

/// Whether the service manager put the file there for this process alone (`LoadCredential=` of systemd). It lets the process in by an
/// access control list, whose mask stands where the rights of the group are otherwise shown.
fn is_credential(path: &Path) -> bool {
    std::env::var_os("CREDENTIALS_DIRECTORY")
        .filter(|folder| !folder.is_empty())
        .is_some_and(|folder| path.parent() == Some(Path::new(&folder)))
}

fn parse_key(line: &str, earlier: &[MasterKey]) -> Result<MasterKey, &'static str> {
    let mut words = line.split_ascii_whitespace();
    let (Some("key"), Some(id), Some(secret), None) =
        (words.next(), words.next(), words.next(), words.next())
    else {
        return Err("is not of the form: key ID SECRET");
    };
    let id = id
        .parse()
        .map_err(|_| "has an id that is not 8 characters of Crockford's base32")?;
    if earlier.iter().any(|key| key.id() == id) {
        return Err("repeats the id of an earlier line");
    }
    let secret = base32::decode_exact(secret)
        .map(Zeroizing::new)
        .ok_or("has a secret that is not 52 characters of Crockford's base32")?;
    Ok(MasterKey::from_parts(id, secret))
}

fn write_durably(file: &mut File, path: &Path, key: &MasterKey) -> io::Result<()> {
    let secret = Zeroizing::new(base32::encode(key.expose()));
    file.write_all(INTRODUCTION.as_bytes())?;
    for part in ["key ", &key.id().to_string(), " ", &secret, "\n"] {
        file.write_all(part.as_bytes())?;
    }
    file.sync_all()?;
    // The entry in the folder is durable only when the folder is.
    let folder = path
        .parent()
        .filter(|folder| !folder.as_os_str().is_empty());
    File::open(folder.unwrap_or(Path::new(".")))?.sync_all()
}

fn write_error(path: &Path, source: io::Error) -> KeyFileError {
    KeyFileError::Write {
        path: path.to_owned(),
        source,
    }
}

fn not_a_key_file(path: &Path, problem: &'static str) -> KeyFileError {
    KeyFileError::NotAKeyFile {
        path: path.to_owned(),
        problem,
    }
}

#[cfg(test)]
mod tests;
