//! How writes are repeated on PostgreSQL.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use kontor::db::{Database, DatabaseError, key};
use sea_orm::ConnectionTrait;
use tokio::sync::Barrier;

use super::support::{TestError, insert_key, on_database};

/// Inserts a key and raises the error as often as said; returns the number of the run that succeeded.
async fn raise(
    database: &Database,
    sqlstate: &'static str,
    times: usize,
) -> Result<usize, TestError> {
    let runs = Arc::new(AtomicUsize::new(0));
    let written = database.write(move |transaction| {
        let runs = Arc::clone(&runs);
        Box::pin(async move {
            let run = runs.fetch_add(1, Ordering::Relaxed) + 1;
            insert_key(transaction, "raised").await?;
            if run <= times {
                let raise = format!(
                    "DO $$ BEGIN RAISE EXCEPTION 'asked for' USING ERRCODE = '{sqlstate}'; END $$"
                );
                transaction
                    .execute_unprepared(&raise)
                    .await
                    .map_err(DatabaseError::from)?;
            }
            Ok(run)
        })
    });
    written.await
}

/// Adds one to the given keys in that order, so that two of these get into each other's way in their first run.
async fn add(
    database: &Database,
    begin: &'static str,
    order: [&'static str; 2],
    together: Arc<Barrier>,
) -> Result<usize, TestError> {
    let runs = Arc::new(AtomicUsize::new(0));
    let written = database.write(move |transaction| {
        let (runs, together) = (Arc::clone(&runs), Arc::clone(&together));
        Box::pin(async move {
            let run = runs.fetch_add(1, Ordering::Relaxed) + 1;
            transaction
                .execute_unprepared(begin)
                .await
                .map_err(DatabaseError::from)?;
            key::all(transaction).await?;
            for (position, key_id) in order.into_iter().enumerate() {
                let sql = format!(
                    "UPDATE key SET created_at_us = created_at_us + 1 WHERE key_id = '{key_id}'"
                );
                transaction
                    .execute_unprepared(&sql)
                    .await
                    .map_err(DatabaseError::from)?;
                if run == 1 && position == 0 && order[0] != order[1] {
                    together.wait().await;
                }
            }
            Ok(run)
        })
    });
    written.await
}

#[tokio::test]
async fn serialization_failures_and_deadlocks_are_repeated() {
    on_database(async |test| {
        if test.is_sqlite() {
            return;
        }
        for sqlstate in ["40001", "40P01"] {
            let run = raise(&test.database, sqlstate, 3)
                .await
                .expect("the fourth run");
            assert_eq!(run, 4);
        }
        assert_eq!(test.key_count().await, 1);
    })
    .await;
}

#[tokio::test]
async fn endless_conflicts_are_a_soft_failure() {
    on_database(async |test| {
        if test.is_sqlite() {
            return;
        }
        let raised = raise(&test.database, "40001", usize::MAX).await;
        assert!(
            matches!(raised, Err(TestError::Database(DatabaseError::Soft(_)))),
            "{raised:?}"
        );
        let raised = raise(&test.database, "23514", usize::MAX).await;
        assert!(
            matches!(raised, Err(TestError::Database(DatabaseError::Store(_)))),
            "{raised:?}"
        );
        assert_eq!(test.key_count().await, 0);
    })
    .await;
}

#[tokio::test]
async fn a_real_deadlock_ends_well() {
    on_database(async |test| {
        if test.is_sqlite() {
            return;
        }
        add_two_keys(&test.database).await;
        let begin = "SET TRANSACTION ISOLATION LEVEL READ COMMITTED";
        let together = Arc::new(Barrier::new(2));
        let (one, other) = tokio::join!(
            add(&test.database, begin, ["a", "b"], Arc::clone(&together)),
            add(&test.database, begin, ["b", "a"], together),
        );
        let runs = one.expect("one") + other.expect("the other");
        assert_eq!(runs, 3, "one of them ran twice");
        let sums: Vec<i64> = sums(&test.database).await;
        assert_eq!(sums, [2, 2]);
    })
    .await;
}

#[tokio::test]
async fn real_serialization_failures_end_well() {
    on_database(async |test| {
        if test.is_sqlite() {
            return;
        }
        add_two_keys(&test.database).await;
        let serializable = "SET TRANSACTION ISOLATION LEVEL REPEATABLE READ";
        let together = Arc::new(Barrier::new(1));
        let adds = (0..4).map(|_| {
            add(
                &test.database,
                serializable,
                ["a", "a"],
                Arc::clone(&together),
            )
        });
        for run in futures_util::future::join_all(adds).await {
            run.expect("a repeated write");
        }
        assert_eq!(sums(&test.database).await, [8, 0]);
    })
    .await;
}

async fn add_two_keys(database: &Database) {
    let written: Result<(), TestError> = database
        .write(|transaction| {
            Box::pin(async move {
                insert_key(transaction, "a").await?;
                insert_key(transaction, "b").await?;
                let zero = "UPDATE key SET created_at_us = 0";
                transaction
                    .execute_unprepared(zero)
                    .await
                    .map_err(DatabaseError::from)?;
                Ok(())
            })
        })
        .await;
    written.expect("two keys");
}

async fn sums(database: &Database) -> Vec<i64> {
    let mut keys = key::all(database.read()).await.expect("keys");
    keys.sort_by(|one, other| one.key_id.cmp(&other.key_id));
    keys.into_iter().map(|key| key.created_at_us).collect()
}
