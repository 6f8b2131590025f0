//! One server per SQLite file.

use std::fs::{File, OpenOptions, TryLockError};
use std::os::unix::fs::{MetadataExt as _, OpenOptionsExt as _};
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
    /// [`DatabaseError::AlreadyServed`] when another server holds it, [`DatabaseError::ManyNames`] when the file of the database has hard links,
    /// [`DatabaseError::File`] when the lock file cannot be made.
    pub fn acquire(settings: &DatabaseSettings) -> Result<Self, DatabaseError> {
        let Some(database) = settings.sqlite_path()? else {
            return Ok(Self { _file: None });
        };
        refuse_hard_links(&database)?;
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

/// The lock is one for each name, and so is the log that SQLite writes ahead: two servers on two names would lose each other's writes.
fn refuse_hard_links(database: &Path) -> Result<(), DatabaseError> {
    match database.metadata() {
        Ok(found) if found.is_file() && found.nlink() > 1 => Err(DatabaseError::ManyNames {
            path: database.to_owned(),
            names: found.nlink(),
        }),
        // Whether it can be opened is found out when it is.
        _ => Ok(()),
    }
}

/// One lock for one file, by whatever symbolic links it is reached, also before the file is there.
fn lock_path(database: &Path) -> PathBuf {
    let mut name = file_behind(database).into_os_string();
    name.push("-serve.lock");
    PathBuf::from(name)
}

/// The file that opening the path would open, or make.
fn file_behind(path: &Path) -> PathBuf {
    /// Linux follows no more links either.
    const LINKS: usize = 40;
    let mut path = path.to_owned();
    for _ in 0..LINKS {
        if let Ok(found) = path.canonicalize() {
            return found;
        }
        // Where it is no link, it is the file that is missing.
        let Ok(target) = path.read_link() else { break };
        path = path.with_file_name("").join(target);
    }
    path
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;

    use super::*;

    #[test]
    fn a_link_has_the_lock_of_its_file_before_and_after_that_is_made() {
        let folder = tempfile::tempdir().unwrap();
        let place = folder.path().canonicalize().unwrap();
        let file = place.join("real.db");
        symlink("real.db", place.join("link.db")).unwrap();
        symlink(place.join("link.db"), place.join("second.db")).unwrap();
        let expected = place.join("real.db-serve.lock");
        for is_made in [false, true] {
            if is_made {
                std::fs::write(&file, "").unwrap();
            }
            for name in ["real.db", "link.db", "second.db"] {
                assert_eq!(lock_path(&place.join(name)), expected, "{name}, {is_made}");
            }
        }
        symlink("loop.db", place.join("loop.db")).unwrap();
        assert_eq!(
            lock_path(&place.join("loop.db")),
            place.join("loop.db-serve.lock")
        );
    }

    #[test]
    fn one_file_is_served_once_by_whatever_link() {
        let folder = tempfile::tempdir().unwrap();
        let link = folder.path().join("link.db");
        symlink("real.db", &link).unwrap();
        let settings = DatabaseSettings::of_file(&link);
        let first = ServeLock::acquire(&settings).unwrap();
        std::fs::write(folder.path().join("real.db"), "").unwrap();
        let second = ServeLock::acquire(&settings);
        assert!(matches!(second, Err(DatabaseError::AlreadyServed { .. })));
        drop(first);
        ServeLock::acquire(&settings).unwrap();
    }

    #[test]
    fn a_file_with_hard_links_is_not_served_by_any_of_its_names() {
        let folder = tempfile::tempdir().unwrap();
        let [real, hard] = ["real.db", "hard.db"].map(|name| folder.path().join(name));
        std::fs::write(&real, "").unwrap();
        std::fs::hard_link(&real, &hard).unwrap();
        symlink("hard.db", folder.path().join("link.db")).unwrap();
        for name in ["real.db", "hard.db", "link.db"] {
            let settings = DatabaseSettings::of_file(&folder.path().join(name));
            let refused = ServeLock::acquire(&settings);
            assert!(
                matches!(refused, Err(DatabaseError::ManyNames { names: 2, .. })),
                "{name}: {refused:?}"
            );
        }
        std::fs::remove_file(&hard).unwrap();
        ServeLock::acquire(&DatabaseSettings::of_file(&real)).unwrap();
    }
}
