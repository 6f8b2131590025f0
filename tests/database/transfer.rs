//! Everything is taken from one database into another one, whole or not at all.

use std::collections::BTreeSet;

use kontor::db::transfer::{Snapshot, TableSummary, TransferError, copy, table_names};
use kontor::db::{DatabaseError, DatabaseSettings, SchemaStatus, client};
use sea_orm::{ConnectionTrait as _, Statement};
use tempfile::TempDir;

use super::access_token::{insert, new_token};
use super::support::{TestDatabase, TestError, insert_key, on_database, on_empty_database};

/// A row in every table.
pub const ROWS: [&str; 5] = [
    include_str!("upgrade/m0001_instances.sql"),
    include_str!("upgrade/m0003_audit.sql"),
    include_str!("upgrade/m0007_shops.sql"),
    include_str!("upgrade/m0008_challenger.sql"),
    include_str!("upgrade/m0011_sweep.sql"),
];

/// Changes a database behind its back.
pub async fn execute(settings: &DatabaseSettings, sql: &str) {
    let connection = sea_orm::Database::connect(settings.url.clone()).await;
    let connection = connection.expect("a connection");
    connection.execute_unprepared(sql).await.expect("rows");
    connection.close().await.expect("the end of a connection");
}

/// A database with a row in every table.
pub async fn on_full_database(test: impl AsyncFnOnce(&TestDatabase)) {
    on_database(async |full| {
        for rows in ROWS {
            execute(&full.settings, rows).await;
        }
        test(full).await;
    })
    .await;
}

/// An SQLite database that is not there yet.
pub fn nowhere() -> (TempDir, DatabaseSettings) {
    let folder = tempfile::tempdir().expect("a folder");
    let settings = DatabaseSettings::of_file(&folder.path().join("50% of it?.db"));
    (folder, settings)
}

/// What a database holds.
pub async fn summaries(settings: &DatabaseSettings) -> Vec<TableSummary> {
    let snapshot = Snapshot::of_database(settings).await.expect("a snapshot");
    let summaries = snapshot.summaries().await.expect("summaries");
    snapshot.close().await;
    summaries
}

pub async fn copy_all(
    from: &DatabaseSettings,
    to: &DatabaseSettings,
) -> Result<Vec<TableSummary>, TransferError> {
    let snapshot = Snapshot::of_database(from).await.expect("a snapshot");
    let copied = copy(&snapshot, to).await;
    snapshot.close().await;
    copied
}

fn rows(summaries: &[TableSummary]) -> u64 {
    summaries.iter().map(|table| table.rows).sum()
}

#[tokio::test]
async fn the_list_of_tables_is_complete() {
    on_database(async |test| {
        let sql = match test.is_sqlite() {
            true => "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%'",
            false => "SELECT table_name::text FROM information_schema.tables WHERE table_schema = current_schema()",
        };
        let reader = test.database.read();
        let statement = Statement::from_string(reader.get_database_backend(), sql);
        let found = reader.query_all_raw(statement).await.expect("the catalogue");
        let found: BTreeSet<String> = found
            .iter()
            .map(|row| row.try_get_by_index(0).expect("a name"))
            // The steps are taken anew in a copy.
            .filter(|name| name != "seaql_migrations")
            .collect();
        assert_eq!(table_names().map(str::to_owned).collect::<BTreeSet<_>>(), found);
    })
    .await;
}

#[tokio::test]
async fn every_row_arrives_by_way_of_the_other_database() {
    on_full_database(async |source| {
        on_empty_database(async |target| {
            let (_folder, between) = nowhere();
            let sent = summaries(&source.settings).await;
            assert!(sent.iter().all(|table| table.rows > 0), "{sent:?}");
            let there = copy_all(&source.settings, &between).await;
            assert_eq!(there.expect("a copy"), sent);
            assert_eq!(summaries(&between).await, sent);
            let back = copy_all(&between, &target.settings).await;
            assert_eq!(back.expect("a copy"), sent);
            assert_eq!(summaries(&target.settings).await, sent);
            let clients = client::list(target.database.read()).await.expect("a query");
            assert_eq!((clients.len(), clients[0].codes_sent), (1, 2));
        })
        .await;
    })
    .await;
}

#[tokio::test]
async fn a_copy_gives_no_number_twice() {
    on_database(async |source| {
        on_empty_database(async |target| {
            let shop = source.add_instance("shop").await;
            let first = insert(source, new_token(shop, 1, None)).await;
            let gone = insert(source, new_token(shop, 2, None)).await.expect("one");
            let delete = format!("DELETE FROM access_token WHERE serial = {gone}");
            execute(&source.settings, &delete).await;
            execute(&source.settings, "INSERT INTO code_counter (name, touched_at_us) VALUES ('a', 1); DELETE FROM code_counter;").await;
            copy_all(&source.settings, &target.settings).await.expect("a copy");
            let next = insert(target, new_token(shop, 3, None)).await;
            assert_eq!((first, next), (Some(gone - 1), Some(gone + 1)));
            let summaries = summaries(&target.settings).await;
            let counters = summaries.iter().find(|table| table.table == "code_counter");
            let counters = counters.expect("a table");
            assert_eq!((counters.rows, counters.last_serial), (0, Some(1)));
        })
        .await;
    })
    .await;
}

#[tokio::test]
async fn more_rows_than_a_page_keep_their_order() {
    on_database(async |source| {
        let shop = source.add_instance("shop").await;
        let mut parent = None;
        for mark in 0..200 {
            parent = insert(source, new_token(shop, mark, parent)).await;
        }
        // Sorted by bytes everywhere, whatever the language of the database.
        let written: Result<(), TestError> = source
            .database
            .write(move |transaction| {
                Box::pin(async move {
                    for name in ["ä", "Z", "a", "_", "A1", "a2"] {
                        insert_key(transaction, name).await?;
                    }
                    Ok(())
                })
            })
            .await;
        written.expect("keys");
        let (_folder, target) = nowhere();
        let copied = copy_all(&source.settings, &target).await.expect("a copy");
        assert_eq!(summaries(&target).await, copied);
        assert_eq!(rows(&copied), 1 + 1 + 200 + 7);
    })
    .await;
}

#[tokio::test]
async fn a_copy_is_of_one_moment() {
    on_full_database(async |source| {
        let before = summaries(&source.settings).await;
        let snapshot = Snapshot::of_database(&source.settings).await.expect("one");
        insert(source, new_token(1, 9, None)).await;
        execute(&source.settings, "DELETE FROM audit_event").await;
        let (_folder, target) = nowhere();
        let copied = copy(&snapshot, &target).await.expect("a copy");
        snapshot.close().await;
        for (copied, before) in copied.iter().zip(&before) {
            // PostgreSQL gives numbers out without regard to transactions.
            assert_eq!((copied.rows, copied.sha256), (before.rows, before.sha256));
        }
    })
    .await;
}

#[tokio::test]
async fn a_target_in_use_is_left_alone() {
    on_full_database(async |source| {
        on_database(async |target| {
            execute(&target.settings, "INSERT INTO client (redirect_uri, secret_hash, secret_key_id, created_at_us) SELECT 'x', 'y', key_id, 1 FROM key").await;
            execute(&target.settings, ROWS[0]).await;
            let before = summaries(&target.settings).await;
            let refused = copy_all(&source.settings, &target.settings).await;
            assert!(
                matches!(refused, Err(TransferError::NotEmpty { table: "key" })),
                "{refused:?}"
            );
            assert_eq!(summaries(&target.settings).await, before);
        })
        .await;
    })
    .await;
}

#[tokio::test]
async fn a_database_is_not_copied_into_itself() {
    on_database(async |test| {
        let refused = copy_all(&test.settings, &test.settings).await;
        assert!(
            matches!(refused, Err(TransferError::SameDatabase)),
            "{refused:?}"
        );
    })
    .await;
}

#[tokio::test]
async fn other_tables_are_refused() {
    on_empty_database(async |empty| {
        let refused = Snapshot::of_database(&empty.settings).await.err();
        assert!(
            matches!(
                refused,
                Some(TransferError::SourceSchema(SchemaStatus::Empty))
            ),
            "{refused:?}"
        );
    })
    .await;
    on_database(async |test| {
        let last = "DELETE FROM seaql_migrations WHERE version <> 'm0001_instances'";
        execute(&test.settings, last).await;
        let refused = Snapshot::of_database(&test.settings).await.err();
        assert!(
            matches!(
                refused,
                Some(TransferError::SourceSchema(SchemaStatus::Behind { .. }))
            ),
            "{refused:?}"
        );
        let (_folder, source) = nowhere();
        let fresh = kontor::db::Database::connect(&source).await.expect("one");
        fresh.migrate().await.expect("tables");
        fresh.close().await;
        let refused = copy_all(&source, &test.settings).await;
        assert!(
            matches!(refused, Err(TransferError::TargetSchema(_))),
            "{refused:?}"
        );
        let newer = "INSERT INTO seaql_migrations (version, applied_at) VALUES ('m9999', 1)";
        execute(&test.settings, newer).await;
        let refused = Snapshot::of_database(&test.settings).await.err();
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
async fn a_copy_that_fails_leaves_nothing() {
    on_database(async |target| {
        let (_folder, source) = nowhere();
        let database = kontor::db::Database::connect(&source).await.expect("one");
        database.migrate().await.expect("tables");
        database.close().await;
        for rows in ROWS {
            execute(&source, rows).await;
        }
        // The last table but one refers to a row that is not there, which the target does not take.
        execute(&source, "PRAGMA foreign_keys = OFF; DELETE FROM client").await;
        let failed = copy_all(&source, &target.settings).await;
        assert!(
            matches!(
                failed,
                Err(TransferError::Database(DatabaseError::Store(_)))
            ),
            "{failed:?}"
        );
        assert_eq!(rows(&summaries(&target.settings).await), 0);
    })
    .await;
}

#[tokio::test]
async fn a_file_that_others_could_open_is_closed_to_them() {
    use std::os::unix::fs::PermissionsExt as _;

    on_full_database(async |source| {
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("open.db");
        let target = DatabaseSettings::of_file(&file);
        let open = || {
            let mode = std::fs::Permissions::from_mode(0o664);
            std::fs::set_permissions(&file, mode).expect("a mode");
        };
        let mode = || file.metadata().expect("a file").permissions().mode() & 0o777;
        std::fs::write(&file, "").expect("a file");
        open();
        copy_all(&source.settings, &target).await.expect("a copy");
        assert_eq!(mode(), 0o600);
        // One that is refused stays as it is.
        open();
        let refused = copy_all(&source.settings, &target).await;
        assert!(
            matches!(refused, Err(TransferError::NotEmpty { .. })),
            "{refused:?}"
        );
        assert_eq!(mode(), 0o664);
    })
    .await;
}

#[tokio::test]
async fn a_locked_table_is_not_waited_for_without_end() {
    on_full_database(async |source| {
        if source.is_sqlite() {
            return;
        }
        let settings = DatabaseSettings {
            busy_timeout: std::time::Duration::from_millis(100),
            ..source.settings.clone()
        };
        let other = sea_orm::Database::connect(settings.url.clone()).await;
        let other = other.expect("a connection");
        let lock = sea_orm::TransactionTrait::begin(&other)
            .await
            .expect("a transaction");
        let sql = "LOCK TABLE audit_event IN ACCESS EXCLUSIVE MODE";
        lock.execute_unprepared(sql).await.expect("a lock");
        let is_locked = |refused: Result<(), TransferError>| {
            let said = match refused {
                Err(TransferError::Database(DatabaseError::Fetch(error))) => error.to_string(),
                other => panic!("{other:?}"),
            };
            assert!(said.contains("lock timeout"), "{said}");
        };
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("backup.db");
        let now = kontor::clock::UnixMicros::new(0);
        let written = kontor::db::backup::write(&settings, &file, now).await;
        is_locked(written.map(drop));
        assert!(crate::cli::program::names_in(folder.path()).is_empty());
        let (_folder, empty) = nowhere();
        let fresh = kontor::db::Database::connect(&empty).await.expect("one");
        fresh.migrate().await.expect("tables");
        fresh.close().await;
        let refused = copy_all(&empty, &settings).await;
        assert!(refused.is_err(), "{refused:?}");
        lock.rollback().await.expect("the end of the lock");
        other.close().await.expect("the end of a connection");
    })
    .await;
}
