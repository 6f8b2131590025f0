//! The schema comes up to date, once, and never backwards.

use kontor::db::{Database, DatabaseError, DatabaseSettings, SchemaStatus, ServeLock};
use migration::{Migrator, MigratorTrait};
use sea_orm::{ConnectionTrait, Statement};

use super::support::{TestDatabase, TestError, on_database, on_empty_database};

#[tokio::test]
async fn an_empty_database_becomes_current_once() {
    on_empty_database(async |test| {
        let database = &test.database;
        assert_eq!(
            database.schema_status().await.expect("a status"),
            SchemaStatus::Empty
        );
        database.migrate().await.expect("the schema");
        assert_eq!(
            database.schema_status().await.expect("a status"),
            SchemaStatus::Current
        );
        let before = schema_of(test).await;
        database.migrate().await.expect("nothing to do");
        assert_eq!(schema_of(test).await, before);
    })
    .await;
}

#[tokio::test]
async fn processes_may_migrate_at_once() {
    on_empty_database(async |test| {
        let other = test.reopen(|_| {}).await;
        let (one, two, three) =
            tokio::join!(test.database.migrate(), other.migrate(), other.migrate());
        one.and(two)
            .and(three)
            .expect("one of them migrates, the others wait");
        assert_eq!(
            other.schema_status().await.expect("a status"),
            SchemaStatus::Current
        );
        other.close().await;
    })
    .await;
}

#[tokio::test]
async fn step_by_step_gives_the_same_schema() {
    on_database(async |fresh| {
        on_empty_database(async |stepwise| {
            let url = stepwise.settings.url.clone();
            let connection = sea_orm::Database::connect(url).await.expect("a connection");
            for _ in Migrator::step_names() {
                Migrator::up(&connection, Some(1)).await.expect("one step");
            }
            connection.close().await.expect("the end of the connection");
            assert_eq!(schema_of(stepwise).await, schema_of(fresh).await);
        })
        .await;
    })
    .await;
}

#[tokio::test]
async fn a_newer_database_is_refused_and_left_alone() {
    on_database(async |test| {
        execute(
            test,
            "INSERT INTO seaql_migrations (version, applied_at) VALUES ('m9999_later', 1)",
        )
        .await;
        let before = schema_of(test).await;
        let unknown = vec!["m9999_later".to_owned()];
        let status = test.database.schema_status().await.expect("a status");
        assert_eq!(status, SchemaStatus::TooNew { unknown });
        let migrated = test.database.migrate().await;
        assert!(
            matches!(migrated, Err(DatabaseError::TooNew { .. })),
            "{migrated:?}"
        );
        assert!(
            migrated
                .expect_err("too new")
                .to_string()
                .contains("m9999_later")
        );
        assert_eq!(schema_of(test).await, before);
    })
    .await;
}

#[tokio::test]
async fn a_database_without_the_latest_step_is_behind() {
    on_database(async |test| {
        let last = Migrator::step_names().pop().expect("a step");
        execute(
            test,
            "INSERT INTO seaql_migrations (version, applied_at) SELECT 'm0000_before', 1",
        )
        .await;
        execute(
            test,
            "DELETE FROM seaql_migrations WHERE version = 'm0000_before'",
        )
        .await;
        execute(
            test,
            "DELETE FROM seaql_migrations WHERE version <> 'm0001_instances'",
        )
        .await;
        let status = test.database.schema_status().await.expect("a status");
        let expected = match last == "m0001_instances" {
            true => SchemaStatus::Current,
            false => SchemaStatus::Behind {
                pending: Migrator::step_names().split_off(1),
            },
        };
        assert_eq!(status, expected);
    })
    .await;
}

#[tokio::test]
async fn one_server_per_sqlite_file() {
    on_database(async |test| {
        let lock = ServeLock::acquire(&test.settings).expect("the first server");
        let second = ServeLock::acquire(&test.settings);
        match test.is_sqlite() {
            true => assert!(
                matches!(second, Err(DatabaseError::AlreadyServed { .. })),
                "{second:?}"
            ),
            false => drop(second.expect("any number of servers")),
        }
        // The command line works beside a server.
        let beside = test.reopen(|_| {}).await;
        beside.migrate().await.expect("nothing to do");
        beside.close().await;
        drop(lock);
        ServeLock::acquire(&test.settings).expect("the next server");
    })
    .await;
}

#[tokio::test]
async fn unusable_addresses_are_refused_without_showing_them() {
    for url in [
        "",
        "mysql://u:secret@h/d",
        "sqlite::memory:",
        "sqlite://",
        "sqlite://a.db?mode=ro",
    ] {
        let error = Database::connect(&DatabaseSettings::new(url)).await.err();
        assert!(
            matches!(error, Some(DatabaseError::Url(_))),
            "{url}: {error:?}"
        );
        assert!(!format!("{error:?} {:?}", DatabaseSettings::new(url)).contains("secret"));
    }
    let nowhere = DatabaseSettings::new("sqlite:///nowhere/at/all/test.db");
    let error = Database::connect(&nowhere).await.err();
    assert!(
        matches!(error, Some(DatabaseError::File { .. })),
        "{error:?}"
    );
}

#[cfg(unix)]
#[tokio::test]
async fn the_file_is_private() {
    use std::os::unix::fs::PermissionsExt;

    on_database(async |test| {
        let Some(path) = test.settings.sqlite_path().expect("an address") else {
            return;
        };
        for suffix in ["", "-wal"] {
            let mut file = path.clone().into_os_string();
            file.push(suffix);
            let mode = std::fs::metadata(&file)
                .expect("a file")
                .permissions()
                .mode();
            assert_eq!(mode & 0o777, 0o600, "{}", file.display());
        }
    })
    .await;
}

async fn execute(test: &TestDatabase, sql: &'static str) {
    let written: Result<(), TestError> = test
        .database
        .write(move |transaction| {
            Box::pin(async move {
                transaction
                    .execute_unprepared(sql)
                    .await
                    .map_err(DatabaseError::from)?;
                Ok(())
            })
        })
        .await;
    written.expect("a statement");
}

/// Tables, columns, indexes and constraints as text, and the steps.
async fn schema_of(test: &TestDatabase) -> Vec<String> {
    let sql = match test.is_sqlite() {
        true => {
            "SELECT name || ': ' || coalesce(sql, '') FROM sqlite_schema UNION ALL SELECT version FROM seaql_migrations ORDER BY 1"
        }
        false => {
            "\
            SELECT table_name || '.' || column_name || ': ' || data_type || ' ' || is_nullable || coalesce(' ' || collation_name, '') \
                FROM information_schema.columns WHERE table_schema = current_schema() \
            UNION ALL SELECT replace(indexdef, current_schema() || '.', '') FROM pg_indexes WHERE schemaname = current_schema() \
            UNION ALL SELECT conrelid::regclass::text || ': ' || pg_get_constraintdef(oid) FROM pg_constraint \
                WHERE connamespace = current_schema()::regnamespace \
            UNION ALL SELECT version FROM seaql_migrations ORDER BY 1"
        }
    };
    let reader = test.database.read();
    let statement = Statement::from_string(reader.get_database_backend(), sql);
    let rows = reader
        .query_all_raw(statement)
        .await
        .expect("the catalogue");
    rows.iter()
        .map(|row| row.try_get_by_index(0).expect("a line"))
        .collect()
}
