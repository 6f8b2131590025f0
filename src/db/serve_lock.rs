//! One server per SQLite file.

use std::fs::{File, OpenOptions, TryLockError};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use super::{DatabaseError, DatabaseSettings};

/// The right to serve a database, held until it is dropped or the process ends. It does not keep other programs from opening the database: the
/// command line works beside a server.
#[derive(Debug)]
pub struct ServeLock {
    /// Locked as long as it is open. `None` on PostgreSQL, which any number of servers may share.
    _file: Option<File>,
}

impl ServeLock {
    /// Takes the lock file beside the database, named after it with `-serve.lock` at the end; to be called before the database is opened.
    ///
    /// # Errors
    /// [`DatabaseError::AlreadyServed`] when another server holds it, [`DatabaseError::File`] when the file cannot be made.
    pub fn acquire(settings: &DatabaseSettings) -> Result<Self, DatabaseError> {
        let Some(database) = settings.sqlite_path()? else {
            return Ok(Self { _file: None });
        };
        let path = lock_path(&database);
        let unusable = |error: std::io::Error| DatabaseError::File {
            path: path.clone(),
            reason: error.to_string(),
        };
        // The file stays when the server ends: removing it would let two servers lock two files of one name.
        let file = OpenOptions::new()
            .write(true)
            .create(true)
            .truncate(false)
            .mode(0o600)
            .open(&path)
            .map_err(unusable)?;
        match file.try_lock() {
            Ok(()) => Ok(Self { _file: Some(file) }),
            Err(TryLockError::WouldBlock) => Err(DatabaseError::AlreadyServed { path }),
            Err(TryLockError::Error(error)) => Err(unusable(error)),
        }
    }
}

/// One lock for one file, by whatever links it is reached.
fn lock_path(database: &Path) -> PathBuf {
    let database = database
        .canonicalize()
        .unwrap_or_else(|_| database.to_owned());
    let mut name = database.into_os_string();
    name.push("-serve.lock");
    PathBuf::from(name)
}
