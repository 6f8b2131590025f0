//! Backups: what is in them, who can read them, and which are refused.

mod manifest;

use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use kontor::clock::UnixMicros;
use kontor::db::backup::{self, Backup};
use kontor::db::transfer::{TransferError, copy};
use kontor::db::{DatabaseError, DatabaseSettings, SchemaStatus};
use migration::{Migrator, MigratorTrait as _};

use super::access_token::{insert, new_token};
use super::support::{NOW, on_database, on_empty_database};
use super::transfer::{ROWS, copy_all, execute, nowhere, on_full_database, summaries};
use crate::cli::program::names_in;

const MADE_AT: UnixMicros = UnixMicros::new(NOW);

/// The table by which a backup knows what was written into it.
const FORGET: &str = "DROP TABLE kontor_backup";

fn mode(file: &Path) -> u32 {
    let metadata = std::fs::metadata(file).expect("a file");
    metadata.permissions().mode() & 0o7777
}

#[tokio::test]
async fn a_backup_is_one_private_file_with_everything() {
    on_full_database(async |source| {
        on_empty_database(async |target| {
            let folder = tempfile::tempdir().expect("a folder");
            let file = folder.path().join("backup.db");
            let written = backup::write(&source.settings, &file, MADE_AT).await;
            let written = written.expect("a backup");
            assert_eq!(written.schema, SchemaStatus::Current);
            assert_eq!(written.tables, summaries(&source.settings).await);
            assert_eq!(written.size, file.metadata().expect("a file").len());
            assert_eq!(written.made_at_us, Some(NOW));
            assert_eq!(mode(&file), 0o600);
            assert_eq!(names_in(folder.path()), ["backup.db"]);

            // Reading leaves nothing beside it, and needs no right to write.
            let read_only = std::fs::Permissions::from_mode(0o400);
            std::fs::set_permissions(&file, read_only).expect("a mode");
            let opened = Backup::open(&file).await.expect("a backup");
            assert_eq!(opened.contents.tables, written.tables);
            assert_eq!(names_in(folder.path()), ["backup.db"]);
            let restored = copy(&opened.snapshot, &target.settings).await;
            assert_eq!(restored.expect("a copy"), written.tables);
            opened.close().await;
        })
        .await;
    })
    .await;
}

#[tokio::test]
async fn what_was_stored_before_is_in_a_backup_made_while_others_write() {
    on_database(async |test| {
        let shop = test.add_instance("shop").await;
        for mark in 0..100 {
            insert(test, new_token(shop, mark, None))
                .await
                .expect("one");
        }
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("backup.db");
        let writing = async {
            for mark in 100..200 {
                insert(test, new_token(shop, mark, None))
                    .await
                    .expect("one");
            }
        };
        let (written, ()) = tokio::join!(backup::write(&test.settings, &file, MADE_AT), writing);
        let tables = written.expect("a backup").tables;
        let tokens = tables.iter().find(|table| table.table == "access_token");
        let tokens = tokens.expect("a table").rows;
        assert!((100..=200).contains(&tokens), "{tokens}");
    })
    .await;
}

#[tokio::test]
async fn no_file_is_overwritten() {
    on_database(async |test| {
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("backup.db");
        std::fs::write(&file, "dear").expect("a file");
        let dangling = folder.path().join("link.db");
        std::os::unix::fs::symlink("nowhere", &dangling).expect("a link");
        for file in [&file, &dangling] {
            let refused = backup::write(&test.settings, file, MADE_AT).await;
            assert!(
                matches!(refused, Err(TransferError::Exists(_))),
                "{refused:?}"
            );
        }
        assert_eq!(std::fs::read_to_string(&file).expect("a file"), "dear");
        let nowhere = folder.path().join("no/such/backup.db");
        let refused = backup::write(&test.settings, &nowhere, MADE_AT).await;
        assert!(
            matches!(refused, Err(TransferError::File { .. })),
            "{refused:?}"
        );
        assert_eq!(names_in(folder.path()), ["backup.db", "link.db"]);
    })
    .await;
}

/// Why a file is refused.
async fn refusal(file: &Path) -> String {
    match Backup::open(file).await.err() {
        Some(TransferError::Damaged { reason, .. }) => reason,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn what_is_not_whole_is_no_backup() {
    on_full_database(async |source| {
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("backup.db");
        let written = backup::write(&source.settings, &file, MADE_AT).await;
        written.expect("a backup");
        let whole = std::fs::read(&file).expect("a file");

        let cut = folder.path().join("cut.db");
        std::fs::write(&cut, &whole[..whole.len() / 2]).expect("a file");
        let reason = refusal(&cut).await;
        assert!(reason.contains("malformed"), "{reason}");

        // One letter of an address inside a row.
        let spoilt = folder.path().join("spoilt.db");
        let mut bytes = whole.clone();
        let place = bytes.windows(7).position(|part| part == b"payto:/");
        bytes[place.expect("an account")] = 0xff;
        std::fs::write(&spoilt, &bytes).expect("a file");
        let reason = refusal(&spoilt).await;
        assert!(reason.starts_with("it is damaged"), "{reason}");

        let orphaned = folder.path().join("orphaned.db");
        std::fs::write(&orphaned, &whole).expect("a file");
        let orphan = format!("PRAGMA foreign_keys = OFF; DELETE FROM client; {FORGET}");
        execute(&DatabaseSettings::of_file(&orphaned), &orphan).await;
        let reason = refusal(&orphaned).await;
        assert!(reason.contains("table validation"), "{reason}");

        let text = folder.path().join("text.db");
        std::fs::write(&text, "not a database at all").expect("a file");
        let reason = refusal(&text).await;
        assert_eq!(reason, "it is no SQLite database");
        let empty = folder.path().join("empty.db");
        std::fs::write(&empty, "").expect("a file");
        assert_eq!(refusal(&empty).await, "it has no tables of Kontor");

        let in_use = folder.path().join("in-use.db");
        std::fs::write(&in_use, &whole).expect("a file");
        std::fs::write(folder.path().join("in-use.db-wal"), "changes").expect("a file");
        let reason = refusal(&in_use).await;
        assert!(reason.contains("in use"), "{reason}");

        let missing = Backup::open(&folder.path().join("missing.db")).await.err();
        assert!(
            matches!(missing, Some(TransferError::File { .. })),
            "{missing:?}"
        );
    })
    .await;
}

#[tokio::test]
async fn older_tables_on_postgresql_are_for_the_older_program() {
    on_database(async |test| {
        let older = "DELETE FROM seaql_migrations WHERE version > 'm0008'";
        execute(&test.settings, older).await;
        let folder = tempfile::tempdir().expect("a folder");
        let written =
            backup::write(&test.settings, &folder.path().join("backup.db"), MADE_AT).await;
        if test.is_sqlite() {
            // The copy would have the step taken twice here.
            assert!(written.is_err());
        } else {
            assert!(
                matches!(written, Err(TransferError::SourceSchema(_))),
                "{written:?}"
            );
        }
        assert!(names_in(folder.path()).is_empty());
    })
    .await;
}

#[tokio::test]
async fn a_backup_of_an_older_release_is_brought_up_to_date_on_the_way() {
    on_empty_database(async |target| {
        let (folder, older) = nowhere();
        drop(kontor::db::Database::connect(&older).await.expect("a file"));
        let connection = sea_orm::Database::connect(older.url.clone()).await;
        let connection = connection.expect("a connection");
        Migrator::up(&connection, Some(7)).await.expect("steps");
        connection.close().await.expect("the end");
        for rows in &ROWS[..3] {
            execute(&older, rows).await;
        }
        let file = folder.path().join("backup.db");
        let written = backup::write(&older, &file, MADE_AT)
            .await
            .expect("a backup");
        assert_eq!(written.schema.pending(), &Migrator::step_names()[7..]);
        let before = std::fs::read(&file).expect("a file");

        let opened = Backup::open(&file).await.expect("a backup");
        let restored = copy(&opened.snapshot, &target.settings).await;
        assert_eq!(restored.expect("a copy"), written.tables);
        opened.close().await;
        assert_eq!(std::fs::read(&file).expect("a file"), before);
        let status = target.database.schema_status().await.expect("a status");
        assert_eq!(status, SchemaStatus::Current);

        // What was written is looked at as it was written, before the steps are taken.
        let altered = folder.path().join("altered.db");
        std::fs::write(&altered, &before).expect("a file");
        let alter = "UPDATE instance SET name = 'Ship'";
        execute(&DatabaseSettings::of_file(&altered), alter).await;
        let reason = refusal(&altered).await;
        assert_eq!(reason, "its table instance is not as it was written");

        let newer = format!(
            "INSERT INTO seaql_migrations (version, applied_at) VALUES ('m9999', 1); {FORGET}"
        );
        execute(&DatabaseSettings::of_file(&file), &newer).await;
        let refused = Backup::open(&file).await.err();
        assert!(
            matches!(
                refused,
                Some(TransferError::Database(DatabaseError::TooNew { .. }))
            ),
            "{refused:?}"
        );
    })
    .await;
}

#[tokio::test]
async fn what_was_cut_off_is_removed_by_the_next() {
    on_database(async |test| {
        let folder = tempfile::tempdir().expect("a folder");
        let make = |name: &str| {
            let draft = folder.path().join(name);
            std::fs::create_dir(&draft).expect("a folder");
            std::fs::write(draft.join("backup.db"), "half").expect("a file");
            std::fs::File::open(&draft).expect("a folder")
        };
        let day = std::time::Duration::from_secs(24 * 3_600);
        let now = std::time::UNIX_EPOCH + std::time::Duration::from_micros(NOW.unsigned_abs());
        let at = |name: &str, time| {
            let made = make(name);
            let file = std::fs::File::options()
                .write(true)
                .open(folder.path().join(name).join("backup.db"));
            file.expect("a file").set_modified(time).expect("a time");
            made.set_modified(now - 2 * day).expect("a time");
        };
        at(".kontor-backup-old", now - day);
        at(".kontor-backup-new", now - day / 2);
        at("of-somebody-else", now - day);
        let written = backup::write(&test.settings, &folder.path().join("b.db"), MADE_AT).await;
        written.expect("a backup");
        let left = names_in(folder.path());
        assert_eq!(left, [".kontor-backup-new", "b.db", "of-somebody-else"]);
    })
    .await;
}

/// Whatever somebody calls it, and however long ago it was written.
#[tokio::test]
async fn what_is_no_draft_or_another_process_writes_to_is_left_alone() {
    on_database(async |test| {
        let folder = tempfile::tempdir().expect("a folder");
        let at = |name: &str| folder.path().join(name);
        let old = std::time::UNIX_EPOCH;
        let make = |name: &str, holds: &[&str]| {
            std::fs::create_dir(at(name)).expect("a folder");
            for file in holds {
                let file = std::fs::File::create(at(name).join(file)).expect("a file");
                file.set_modified(old).expect("a time");
            }
            std::fs::File::open(at(name)).expect("a folder")
        };
        let age = |made: &std::fs::File| made.set_modified(old).expect("a time");
        let files = [
            "backup.db",
            "backup.db-wal",
            "backup.db-shm",
            "backup.db-journal",
        ];
        age(&make(".kontor-backup-cut-off", &files));
        age(&make(".kontor-backup-empty", &[]));
        age(&make(
            ".kontor-backup-with-more",
            &["backup.db", "precious"],
        ));
        let with_folder = make(".kontor-backup-with-folder", &[]);
        std::fs::create_dir(at(".kontor-backup-with-folder/backup.db")).expect("a folder");
        age(&with_folder);
        let held = make(".kontor-backup-held", &["backup.db"]);
        held.lock().expect("a lock");
        age(&held);
        age(&make("elsewhere", &["backup.db"]));
        std::os::unix::fs::symlink("elsewhere", at(".kontor-backup-link")).expect("a link");
        let mut left = vec![
            ".kontor-backup-held",
            ".kontor-backup-link",
            ".kontor-backup-with-folder",
            ".kontor-backup-with-more",
            "b.db",
            "elsewhere",
        ];
        // Only root can give folders away.
        let foreign = make(".kontor-backup-foreign", &["backup.db"]);
        if std::os::unix::fs::fchown(&foreign, Some(12_345), None).is_ok() {
            left.insert(0, ".kontor-backup-foreign");
        }
        age(&foreign);
        let written = backup::write(&test.settings, &at("b.db"), MADE_AT).await;
        written.expect("a backup");
        assert_eq!(names_in(folder.path()), left);
        for kept in [
            "with-more/precious",
            "with-more/backup.db",
            "held/backup.db",
            "link/backup.db",
        ] {
            assert!(at(&format!(".kontor-backup-{kept}")).exists(), "{kept}");
        }
        drop(held);
        let again = backup::write(&test.settings, &at("c.db"), MADE_AT).await;
        again.expect("a backup");
        assert!(!at(".kontor-backup-held").exists());
    })
    .await;
}

#[tokio::test]
async fn a_pipe_is_not_waited_for() {
    on_database(async |test| {
        let folder = tempfile::tempdir().expect("a folder");
        let pipe = folder.path().join("pipe");
        let made = std::process::Command::new("mkfifo").arg(&pipe).status();
        assert!(made.expect("mkfifo").success());
        assert_eq!(refusal(&pipe).await, "it is no regular file");
        let settings = DatabaseSettings::of_file(&pipe);
        let opened = kontor::db::Database::connect(&settings).await.err();
        assert!(
            matches!(opened, Some(DatabaseError::File { .. })),
            "{opened:?}"
        );
        let examined = kontor::db::examination::Examination::begin(&settings).await;
        assert!(matches!(examined.err(), Some(DatabaseError::File { .. })));
        let refused = copy_all(&test.settings, &settings).await;
        assert!(refused.is_err(), "{refused:?}");
    })
    .await;
}
