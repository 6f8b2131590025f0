//! The folder in which a backup is written before it gets its name.

use std::fs::{DirEntry, File, Permissions};
use std::io;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use rustix::fs::{AtFlags, Mode, OFlags};
use rustix::io::Errno;
use tempfile::{TempDir, TempPath};

use crate::clock::UnixMicros;
use crate::db::connect;
use crate::db::transfer::TransferError;

const PREFIX: &str = ".kontor-backup-";

/// What SQLite makes in the folder, the backup itself first.
const FILES: [&str; 4] = [
    "backup.db",
    "backup.db-wal",
    "backup.db-shm",
    "backup.db-journal",
];

/// A folder that nobody wrote to for so long was left behind, unless its writer still holds it.
const ABANDONED: Duration = Duration::from_secs(24 * 3_600);

/// A private folder with a private file, beside the place where the file is to be. It is gone when this is.
pub(super) struct Draft {
    folder: TempDir,
    target: PathBuf,
    /// The folder once more, locked as long as it is open: whoever finds it knows that it is written to.
    _held: File,
}

impl Draft {
    /// Makes it, and removes those that were left behind there.
    pub fn begin(target: &Path, now: UnixMicros) -> Result<Self, TransferError> {
        if target.symlink_metadata().is_ok() {
            return Err(TransferError::Exists(target.to_owned()));
        }
        let beside = folder_of(target);
        let folder = tempfile::Builder::new()
            .prefix(PREFIX)
            .permissions(Permissions::from_mode(0o700))
            .tempdir_in(beside)
            .map_err(TransferError::file(beside))?;
        let held = hold(folder.path()).map_err(TransferError::file(folder.path()))?;
        remove_abandoned(beside, &held, now);
        let draft = Self {
            folder,
            target: target.to_owned(),
            _held: held,
        };
        connect::create_private_file(&draft.file())?;
        Ok(draft)
    }

    /// The file, empty at first.
    pub fn file(&self) -> PathBuf {
        self.folder.path().join(FILES[0])
    }

    /// Gives the complete file its name, with all of it on the disk.
    pub fn keep(self) -> Result<(), TransferError> {
        let Self { folder, target, .. } = &self;
        let unusable = || TransferError::file(target.clone());
        let synced = File::open(self.file()).and_then(|file| file.sync_all());
        synced.map_err(unusable())?;
        let file = TempPath::try_from_path(self.file()).map_err(unusable())?;
        match file.persist_noclobber(target) {
            Ok(()) => {}
            Err(failed) if failed.error.kind() == std::io::ErrorKind::AlreadyExists => {
                return Err(TransferError::Exists(target.clone()));
            }
            Err(failed) => return Err(unusable()(failed.error)),
        }
        let beside = folder.path().parent().unwrap_or_else(|| folder_of(target));
        let synced = File::open(beside).and_then(|folder| folder.sync_all());
        synced.map_err(TransferError::file(beside))
    }
}

fn folder_of(file: &Path) -> &Path {
    match file.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    }
}

/// Opens the folder of a draft and locks it.
fn hold(folder: &Path) -> io::Result<File> {
    let file = File::open(folder)?;
    // Some file systems have no locks for folders. There the drafts of others are never removed.
    if let Err(error) = file.try_lock() {
        tracing::debug!(%error, "the folder of a backup could not be locked");
    }
    Ok(file)
}

/// Removes the folders of backups that were cut off, where they are the same user's. What cannot be removed stays, and harms none but the space.
fn remove_abandoned(beside: &Path, own: &File, now: UnixMicros) {
    let Ok(own) = own.metadata() else { return };
    let entries = std::fs::read_dir(beside).into_iter().flatten().flatten();
    for entry in entries.filter(|entry| {
        entry
            .file_name()
            .as_encoded_bytes()
            .starts_with(PREFIX.as_bytes())
    }) {
        if let Err(error) = remove_if_abandoned(&entry.path(), own.uid(), now) {
            tracing::debug!(%error, "what is left of a backup could not be removed");
        }
    }
}

fn remove_if_abandoned(folder: &Path, owner: u32, now: UnixMicros) -> io::Result<()> {
    // Neither a link nor a pipe is a draft.
    let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    let opened = File::from(rustix::fs::open(folder, flags, Mode::empty())?);
    let is_own = opened.metadata()?.uid() == owner;
    let is_old = || last_written(folder).is_some_and(|last| now.since(last) >= ABANDONED);
    if !is_own || !is_old() || opened.try_lock().is_err() {
        return Ok(());
    }
    // In the folder that was looked at, whatever has its name by now.
    for name in FILES {
        match rustix::fs::unlinkat(&opened, name, AtFlags::empty()) {
            Ok(()) | Err(Errno::NOENT) => {}
            Err(error) => return Err(error.into()),
        }
    }
    std::fs::remove_dir(folder)
}

/// When a folder or a file in it was last written; nothing where anything is in it that is no part of a draft.
fn last_written(folder: &Path) -> Option<UnixMicros> {
    let mut last = folder.metadata().ok()?.modified().ok()?;
    for entry in std::fs::read_dir(folder).ok()? {
        last = last.max(written_as_part(&entry.ok()?)?);
    }
    let since = last.duration_since(SystemTime::UNIX_EPOCH).ok()?;
    Some(UnixMicros::new(0).after(since))
}

/// When a part of a draft was last written; nothing where it is no such part.
fn written_as_part(entry: &DirEntry) -> Option<SystemTime> {
    let is_known = FILES.iter().any(|name| entry.file_name() == *name);
    let metadata = entry
        .metadata()
        .ok()
        .filter(|found| is_known && found.is_file())?;
    metadata.modified().ok()
}
