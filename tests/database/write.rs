//! What both doors promise.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use futures_util::future::{join_all, poll_immediate};
use kontor::db::{Database, DatabaseError, key};
use sea_orm::ConnectionTrait;

use super::support::{TestDatabase, TestError, insert_key, on_database};

/// Writes the key `name`, and then ends as `end` says.
async fn write_key(database: &Database, name: String, end: End) -> Result<usize, TestError> {
    let runs = Arc::new(AtomicUsize::new(0));
    let written = database.write(move |transaction| {
        let (name, runs) = (name.clone(), Arc::clone(&runs));
        Box::pin(async move {
            insert_key(transaction, &name).await?;
            let run = runs.fetch_add(1, Ordering::Relaxed) + 1;
            match end {
                End::Well => Ok(run),
                End::Refusing => Err(TestError::Refused),
                End::Panicking => panic!("a panic that the test asked for"),
                End::Slowly => std::future::pending().await,
            }
        })
    });
    written.await
}

#[derive(Clone, Copy, Debug)]
enum End {
    Well,
    Refusing,
    Panicking,
    Slowly,
}

/// A hundred writes at once, one of which ends otherwise; returns the answer to that one.
async fn one_of_a_hundred(test: &TestDatabase, database: &Database, end: End) -> TestError {
    let before = database.pool_status().commits;
    let writes = (0..100).map(|number| {
        let end = if number == 37 { end } else { End::Well };
        write_key(database, format!("key {number}"), end)
    });
    let (well, mut badly): (Vec<_>, Vec<_>) =
        join_all(writes).await.into_iter().partition(Result::is_ok);
    assert_eq!(
        (well.len(), badly.len(), test.key_count().await),
        (99, 1, 99)
    );
    let commits = database.pool_status().commits - before;
    match test.is_sqlite() {
        true => assert!(commits <= 4, "{commits} commits for 100 writes"),
        false => assert_eq!(commits, 99),
    }
    badly.remove(0).expect_err("the one that ended otherwise")
}

#[tokio::test]
async fn a_refusal_rolls_back_that_write_alone() {
    on_database(async |test| {
        let error = one_of_a_hundred(test, &test.database, End::Refusing).await;
        assert!(matches!(error, TestError::Refused));
    })
    .await;
}

#[tokio::test]
async fn a_panic_fails_that_write_alone() {
    on_database(async |test| {
        let error = one_of_a_hundred(test, &test.database, End::Panicking).await;
        assert!(
            matches!(error, TestError::Database(DatabaseError::Panic)),
            "{error:?}"
        );
    })
    .await;
}

#[tokio::test]
async fn a_slow_write_fails_alone() {
    on_database(async |test| {
        let hasty = |settings: &mut kontor::db::DatabaseSettings| {
            settings.write_deadline = Duration::from_millis(600);
        };
        let database = test.reopen(hasty).await;
        let error = one_of_a_hundred(test, &database, End::Slowly).await;
        assert!(
            matches!(error, TestError::Database(DatabaseError::Deadline)),
            "{error:?}"
        );
        database.close().await;
    })
    .await;
}

#[tokio::test]
async fn a_statement_that_outlives_the_deadline_does_not_block_the_next_write() {
    on_database(async |test| {
        let hasty = |settings: &mut kontor::db::DatabaseSettings| {
            settings.write_deadline = Duration::from_millis(100);
        };
        let database = test.reopen(hasty).await;
        let endless = match test.is_sqlite() {
            true => "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 3000000) SELECT max(i) FROM n",
            false => "SELECT pg_sleep(5)",
        };
        let written: Result<(), TestError> = database
            .write(move |transaction| {
                Box::pin(async move {
                    transaction.execute_unprepared(endless).await.map_err(DatabaseError::from)?;
                    Ok(())
                })
            })
            .await;
        assert!(written.is_err());
        write_key(&database, "next".to_owned(), End::Well).await.expect("the next write");
        database.close().await;
    })
    .await;
}

#[tokio::test]
async fn a_failed_statement_is_not_committed_even_if_the_closure_ignores_it() {
    on_database(async |test| {
        let written: Result<(), TestError> = test
            .database
            .write(|transaction| {
                Box::pin(async move {
                    insert_key(transaction, "stored").await?;
                    let ignored = transaction
                        .execute_unprepared("INSERT INTO nowhere VALUES (1)")
                        .await;
                    assert!(ignored.is_err());
                    Ok(())
                })
            })
            .await;
        assert!(
            matches!(written, Err(TestError::Database(DatabaseError::Store(_)))),
            "{written:?}"
        );
        assert_eq!(test.key_count().await, 0);
    })
    .await;
}

#[tokio::test]
async fn a_failed_commit_is_told_as_such_and_the_next_write_succeeds() {
    on_database(async |test| {
        let table = "CREATE TABLE deferred (id INTEGER PRIMARY KEY, parent INTEGER REFERENCES deferred (id) DEFERRABLE INITIALLY DEFERRED)";
        execute(&test.database, table).await.expect("a table");
        let written = execute(&test.database, "INSERT INTO deferred VALUES (1, 2)").await;
        assert!(matches!(written, Err(TestError::Database(DatabaseError::Commit(_)))), "{written:?}");
        write_key(&test.database, "next".to_owned(), End::Well).await.expect("the next write");
        assert_eq!(test.key_count().await, 1);
    })
    .await;
}

#[tokio::test]
async fn a_lost_connection_is_replaced() {
    on_database(async |test| {
        let lose = match test.is_sqlite() {
            true => "ROLLBACK",
            false => "SELECT pg_terminate_backend(pg_backend_pid())",
        };
        let lost = execute(&test.database, lose).await;
        assert!(lost.is_err(), "{lost:?}");
        write_key(&test.database, "next".to_owned(), End::Well)
            .await
            .expect("the next write");
        assert_eq!(test.key_count().await, 1);
    })
    .await;
}

#[tokio::test]
async fn callers_that_go_away_do_no_harm() {
    on_database(async |test| {
        for number in 0..20 {
            let write = write_key(&test.database, format!("gone {number}"), End::Well);
            assert!(
                poll_immediate(write).await.is_none(),
                "a write that was answered at once"
            );
        }
        let panicking = write_key(&test.database, "gone".to_owned(), End::Panicking);
        assert!(poll_immediate(panicking).await.is_none());
        write_key(&test.database, "stays".to_owned(), End::Well)
            .await
            .expect("a write");
        let keys = key::all(test.database.read()).await.expect("keys");
        assert!(keys.iter().any(|key| key.key_id == "stays"));
    })
    .await;
}

#[tokio::test]
async fn a_write_inside_a_write_is_refused() {
    on_database(async |test| {
        let database = Arc::new(test.reopen(|_| {}).await);
        let inner = Arc::clone(&database);
        let written: Result<usize, TestError> = database
            .write(move |_| {
                let inner = Arc::clone(&inner);
                Box::pin(async move { write_key(&inner, "nested".to_owned(), End::Well).await })
            })
            .await;
        assert!(
            matches!(written, Err(TestError::Database(DatabaseError::Nested))),
            "{written:?}"
        );
        database.close().await;
    })
    .await;
}

#[tokio::test]
async fn closing_finishes_what_was_handed_in() {
    on_database(async |test| {
        let database = test.reopen(|_| {}).await;
        let mut writes: Vec<_> = (0..50)
            .map(|number| Box::pin(write_key(&database, format!("key {number}"), End::Well)))
            .collect();
        for write in &mut writes {
            assert!(poll_immediate(write).await.is_none());
        }
        let (answers, ()) = tokio::join!(join_all(writes), database.close());
        assert!(answers.iter().all(Result::is_ok), "{answers:?}");
        let late = write_key(&database, "late".to_owned(), End::Well).await;
        assert!(
            matches!(late, Err(TestError::Database(DatabaseError::Closed))),
            "{late:?}"
        );
        assert_eq!(test.key_count().await, 50);
    })
    .await;
}

async fn execute(database: &Database, sql: &'static str) -> Result<(), TestError> {
    let written = database.write(move |transaction| {
        Box::pin(async move {
            transaction
                .execute_unprepared(sql)
                .await
                .map_err(DatabaseError::from)?;
            Ok(())
        })
    });
    written.await
}
