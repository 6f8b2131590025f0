//! How writes share a commit on SQLite.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use futures_util::future::{BoxFuture, join_all};
use kontor::db::{Database, DatabaseError, key};
use sea_orm::ConnectionTrait;
use tokio::sync::Semaphore;

use super::support::{TestDatabase, TestError, insert_key, on_database};

type Write<'w> = BoxFuture<'w, Result<usize, TestError>>;

/// Runs the writes in one batch: the writer is held until all of them wait.
async fn in_one_batch(
    test: &TestDatabase,
    writes: Vec<Write<'_>>,
) -> Vec<Result<usize, TestError>> {
    let (held, go_on) = (Arc::new(Semaphore::new(0)), Arc::new(Semaphore::new(0)));
    let (is_held, may_go_on) = (Arc::clone(&held), Arc::clone(&go_on));
    let hold = test.database.write(move |_| {
        let (is_held, may_go_on) = (Arc::clone(&is_held), Arc::clone(&may_go_on));
        Box::pin(async move {
            is_held.add_permits(1);
            drop(may_go_on.acquire().await);
            Ok::<_, TestError>(())
        })
    });
    let count = writes.len();
    let rest = async {
        drop(held.acquire().await);
        let release = async {
            while test.database.pool_status().writes_waiting < count {
                tokio::task::yield_now().await;
            }
            go_on.add_permits(1);
        };
        tokio::join!(join_all(writes), release).0
    };
    let (hold, answers) = tokio::join!(hold, rest);
    hold.expect("the write that held the writer");
    answers
}

/// Inserts the key, refuses if it is there, and returns how often it ran.
fn claim<'w>(test: &'w TestDatabase, name: &'static str, runs: &Arc<AtomicUsize>) -> Write<'w> {
    let runs = Arc::clone(runs);
    Box::pin(test.database.write(move |transaction| {
        let runs = Arc::clone(&runs);
        Box::pin(async move {
            let run = runs.fetch_add(1, Ordering::Relaxed) + 1;
            match insert_key(transaction, name).await? {
                true => Ok(run),
                false => Err(TestError::Refused),
            }
        })
    }))
}

/// Inserts the key and panics.
fn panicking<'w>(test: &'w TestDatabase, name: &'static str) -> Write<'w> {
    Box::pin(test.database.write(move |transaction| {
        Box::pin(async move {
            insert_key(transaction, name).await?;
            panic!("a panic that the test asked for")
        })
    }))
}

#[tokio::test]
async fn a_batch_is_one_commit() {
    on_database(async |test| {
        if !test.is_sqlite() {
            return;
        }
        let runs = Arc::default();
        let names = ["a", "b", "c", "d", "e", "f", "g", "h"];
        let before = test.database.pool_status().commits;
        let answers = in_one_batch(
            test,
            names
                .into_iter()
                .map(|name| claim(test, name, &runs))
                .collect(),
        );
        assert!(answers.await.iter().all(Result::is_ok));
        assert_eq!(runs.load(Ordering::Relaxed), names.len());
        // One for the write that held the writer, one for all of these.
        assert_eq!(test.database.pool_status().commits - before, 2);
    })
    .await;
}

#[tokio::test]
async fn a_batch_with_a_refusal_runs_twice() {
    on_database(async |test| {
        if !test.is_sqlite() {
            return;
        }
        let runs = [Arc::default(), Arc::default(), Arc::default()];
        let writes = vec![
            claim(test, "a", &runs[0]),
            claim(test, "a", &runs[1]),
            claim(test, "b", &runs[2]),
        ];
        let answers = in_one_batch(test, writes).await;
        // The first ran again, and so did the refusal, which rested on the first; the third was not reached before.
        assert!(
            matches!(answers[..], [Ok(2), Err(TestError::Refused), Ok(1)]),
            "{answers:?}"
        );
        assert_eq!(runs[1].load(Ordering::Relaxed), 2);
        assert_eq!(test.key_count().await, 2);
    })
    .await;
}

#[tokio::test]
async fn what_a_lost_write_had_stored_refuses_nobody() {
    on_database(async |test| {
        if !test.is_sqlite() {
            return;
        }
        let runs = Arc::default();
        let writes = vec![panicking(test, "a"), claim(test, "a", &runs)];
        let answers = in_one_batch(test, writes).await;
        let panicked = matches!(answers[0], Err(TestError::Database(DatabaseError::Panic)));
        assert!(panicked && answers[1].is_ok(), "{answers:?}");
        assert_eq!(test.key_count().await, 1);
    })
    .await;
}

#[tokio::test]
async fn many_failures_cost_two_runs_each_at_most() {
    on_database(async |test| {
        if !test.is_sqlite() {
            return;
        }
        let runs = Arc::default();
        let mut writes: Vec<_> = (0..60).map(|_| claim(test, "same", &runs)).collect();
        writes.push(panicking(test, "other"));
        let answers = in_one_batch(test, writes).await;
        assert_eq!(answers.iter().filter(|answer| answer.is_ok()).count(), 1);
        assert!(runs.load(Ordering::Relaxed) <= 2 * 60, "{runs:?} runs");
        assert_eq!(test.key_count().await, 1);
    })
    .await;
}

#[tokio::test]
async fn readers_cannot_write() {
    on_database(async |test| {
        if !test.is_sqlite() {
            return;
        }
        let written = test
            .database
            .read()
            .execute_unprepared("DELETE FROM key")
            .await;
        assert!(written.is_err());
    })
    .await;
}

#[tokio::test]
async fn commits_are_durable_and_foreign_keys_are_checked() {
    on_database(async |test| {
        if !test.is_sqlite() {
            return;
        }
        let pragmas: Result<Vec<String>, TestError> = test
            .database
            .write(|transaction| {
                Box::pin(async move {
                    let mut values = Vec::new();
                    for pragma in [
                        "journal_mode",
                        "synchronous",
                        "foreign_keys",
                        "busy_timeout",
                    ] {
                        let sql = format!("SELECT CAST({pragma} AS TEXT) FROM pragma_{pragma}");
                        let sql = sql.replace("CAST(busy_timeout", "CAST(timeout");
                        let backend = transaction.get_database_backend();
                        let statement = sea_orm::Statement::from_string(backend, sql);
                        let row = transaction.query_one_raw(statement).await;
                        let row = row
                            .map_err(DatabaseError::from)?
                            .ok_or(TestError::Refused)?;
                        values.push(row.try_get_by_index(0).map_err(DatabaseError::from)?);
                    }
                    Ok(values)
                })
            })
            .await;
        assert_eq!(pragmas.expect("pragmas"), ["wal", "2", "1", "5000"]);
    })
    .await;
}

#[tokio::test]
async fn another_program_may_write_to_the_same_file() {
    on_database(async |test| {
        if !test.is_sqlite() {
            return;
        }
        let other = test.reopen(|_| {}).await;
        let here = (0..50).map(|number| claim_key(&test.database, format!("here {number}")));
        let there = (0..50).map(|number| claim_key(&other, format!("there {number}")));
        let (here, there) = tokio::join!(join_all(here), join_all(there));
        assert!(
            here.iter().chain(&there).all(Result::is_ok),
            "{here:?} {there:?}"
        );
        assert_eq!(key::all(other.read()).await.expect("keys").len(), 100);
        other.close().await;
    })
    .await;
}

async fn claim_key(database: &Database, name: String) -> Result<bool, TestError> {
    let written = database.write(move |transaction| {
        let name = name.clone();
        Box::pin(async move { Ok(insert_key(transaction, &name).await?) })
    });
    written.await
}
