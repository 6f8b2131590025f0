//! The folder in which a backup is written before it gets its name.

use std::fs::{File, Permissions};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use tempfile::{TempDir, TempPath};

use crate::clock::UnixMicros;
use crate::db::connect;
use crate::db::transfer::TransferError;

const PREFIX: &str = ".kontor-backup-";

/// A folder that nobody wrote to for so long was left behind.
const ABANDONED: Duration = Duration::from_secs(24 * 3_600);

/// A private folder with a private file, beside the place where the file is to be. It is gone when this is.
pub(super) struct Draft {
    folder: TempDir,
    target: PathBuf,
}

impl Draft {
    /// Makes it, and removes those that were left behind there.
    pub fn begin(target: &Path, now: UnixMicros) -> Result<Self, TransferError> {
        if target.symlink_metadata().is_ok() {
            return Err(TransferError::Exists(target.to_owned()));
        }
        let beside = folder_of(target);
        remove_abandoned(beside, now);
        let folder = tempfile::Builder::new()
            .prefix(PREFIX)
            .permissions(Permissions::from_mode(0o700))
            .tempdir_in(beside)
            .map_err(TransferError::file(beside))?;
        let draft = Self {
            folder,
            target: target.to_owned(),
        };
        connect::create_private_file(&draft.file())?;
        Ok(draft)
    }

    /// The file, empty at first.
    pub fn file(&self) -> PathBuf {
        self.folder.path().join("backup.db")
    }

    /// Gives the complete file its name, with all of it on the disk.
    pub fn keep(self) -> Result<(), TransferError> {
        let Self { folder, target } = &self;
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

/// Removes the folders of backups that were cut off. What cannot be removed stays, and harms none but the space.
fn remove_abandoned(beside: &Path, now: UnixMicros) {
    let entries = std::fs::read_dir(beside).into_iter().flatten().flatten();
    for entry in entries {
        let is_draft = entry.file_name().to_string_lossy().starts_with(PREFIX)
            && entry.file_type().is_ok_and(|kind| kind.is_dir());
        if !is_draft || last_written(&entry.path()).is_none_or(|last| now.since(last) < ABANDONED) {
            continue;
        }
        if let Err(error) = std::fs::remove_dir_all(entry.path()) {
            tracing::debug!(%error, "what is left of a backup could not be removed");
        }
    }
}

/// When a folder or a file in it was last written.
fn last_written(folder: &Path) -> Option<UnixMicros> {
    let of_folder = folder.metadata().ok()?.modified().ok()?;
    let entries = std::fs::read_dir(folder).ok()?.flatten();
    let of_files = entries.filter_map(|entry| entry.metadata().ok()?.modified().ok());
    let last = of_files.fold(of_folder, SystemTime::max);
    let since = last.duration_since(SystemTime::UNIX_EPOCH).ok()?;
    Some(UnixMicros::new(0).after(since))
}
