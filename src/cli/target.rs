//! The database that is filled from another one.

use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use super::output;
use crate::db::transfer::{Snapshot, TableSummary, TransferError, copy};
use crate::db::{DatabaseSettings, ServeLock};

/// Fills it, and says so where an SQLite file was open to other users before.
///
/// # Errors
/// Those of the lock and of [`copy`].
pub async fn fill(
    source: &Snapshot,
    target: &DatabaseSettings,
) -> Result<Vec<TableSummary>, TransferError> {
    let file = target.sqlite_path()?;
    let mode = file.as_deref().and_then(mode);
    // No server may start on the target meanwhile; on PostgreSQL its tables are locked.
    let _lock = ServeLock::acquire(target)?;
    let copied = copy(source, target).await?;
    if let (Some(file), Some(mode)) = (file, mode)
        && mode & 0o077 != 0
    {
        output::warning(&format!(
            "{} was open to other users (mode {mode:04o}), and is now open to its owner alone",
            file.display()
        ));
    }
    Ok(copied)
}

fn mode(file: &Path) -> Option<u32> {
    Some(file.metadata().ok()?.permissions().mode() & 0o7777)
}
