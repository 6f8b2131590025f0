//! Who waits is woken by what was stored, and by nothing else.

use std::time::Duration;

use futures_util::FutureExt as _;
use futures_util::future::join_all;
use kontor::db::{Changes, Database, DatabaseError, Topic, Watch, key};
use kontor::http::{Deadline, LongPoll};
use sea_orm::{ConnectionTrait, Statement};
use tokio::time::timeout;

use super::support::{TestDatabase, TestError, insert_key, on_database};
use crate::support::repetitions;

/// Nothing that works takes longer.
const PATIENCE: Duration = Duration::from_secs(60);
/// How many wait at once.
const MANY: usize = 2000;

const fn kyc(instance_serial: i64) -> Topic {
    Topic::Kyc { instance_serial }
}

/// How a write ends that announced something.
#[derive(Clone, Copy, Debug)]
enum End {
    Well,
    Refusing,
    Panicking,
    Slowly,
    Failing,
}

/// Stores a key and announces topics.
async fn write(
    database: &Database,
    name: String,
    topics: Vec<Topic>,
    end: End,
) -> Result<(), TestError> {
    let written = database.write(move |transaction| {
        let (name, topics) = (name.clone(), topics.clone());
        Box::pin(async move {
            for topic in topics {
                transaction.announce(topic);
            }
            insert_key(transaction, &name).await?;
            match end {
                End::Well => Ok(()),
                End::Refusing => Err(TestError::Refused),
                End::Panicking => panic!("a panic that the test asked for"),
                End::Slowly => std::future::pending().await,
                End::Failing => {
                    drop(transaction.execute_unprepared("no statement").await);
                    Ok(())
                }
            }
        })
    });
    written.await
}

async fn announce(database: &Database, topics: Vec<Topic>) {
    let name = format!("key {}", database.pool_status().commits);
    let written = write(database, name, topics, End::Well).await;
    written.expect("a write");
}

/// Whether a change was noticed until now.
fn noticed(watch: &mut Watch) -> bool {
    watch.changed().now_or_never().is_some()
}

async fn notices(watch: &mut Watch) {
    let changed = timeout(PATIENCE, watch.changed()).await;
    changed.expect("a change that is noticed");
}

/// Another process on the same database, which hears what this one does; only on PostgreSQL.
async fn on_another_process(test: impl AsyncFnOnce(&TestDatabase, &Database)) {
    on_database(async |here| {
        if here.is_sqlite() {
            // Of servers on SQLite there is one.
            return;
        }
        let there = here.reopen(|_| {}).await;
        let mut watch = there.changes().watch(&[Topic::Exchanges]);
        there.listen();
        // It wakes everybody when it begins to hear.
        notices(&mut watch).await;
        drop(watch);
        test(here, &there).await;
        there.close().await;
    })
    .await;
}

#[tokio::test]
async fn a_stored_write_wakes_who_watches_what_it_announced() {
    on_database(async |test| {
        let changes = test.database.changes();
        let [mut one, mut other] = [1, 2].map(|serial| changes.watch(&[kyc(serial)]));
        announce(&test.database, vec![kyc(1), kyc(1), kyc(3)]).await;
        assert!(noticed(&mut one) && !noticed(&mut one));
        assert!(!noticed(&mut other));
        announce(&test.database, Vec::new()).await;
        assert!(!noticed(&mut one) && !noticed(&mut other));
    })
    .await;
}

#[tokio::test]
async fn a_write_that_is_not_stored_wakes_nobody() {
    on_database(async |test| {
        let hasty = |settings: &mut kontor::db::DatabaseSettings| {
            settings.write_deadline = Duration::from_millis(600);
        };
        let database = test.reopen(hasty).await;
        let mut watch = database.changes().watch(&[kyc(1)]);
        for end in [End::Refusing, End::Panicking, End::Slowly, End::Failing] {
            let written = write(&database, format!("{end:?}"), vec![kyc(1)], end).await;
            assert!(written.is_err(), "{end:?}");
            assert!(!noticed(&mut watch), "{end:?}");
        }
        announce(&database, vec![kyc(1)]).await;
        assert!(noticed(&mut watch));
        database.close().await;
    })
    .await;
}

#[tokio::test]
async fn of_writes_at_once_the_refused_one_wakes_nobody() {
    on_database(async |test| {
        for round in 0..repetitions() {
            let changes = test.database.changes();
            let mut watches: Vec<_> = (0..40)
                .map(|serial| changes.watch(&[kyc(serial)]))
                .collect();
            let writes = (0..40).map(|serial| {
                let end = if serial == 17 {
                    End::Refusing
                } else {
                    End::Well
                };
                let name = format!("{round}.{serial}");
                write(&test.database, name, vec![kyc(serial)], end)
            });
            join_all(writes).await;
            for (serial, watch) in watches.iter_mut().enumerate() {
                assert_eq!(noticed(watch), serial != 17, "{serial}");
            }
        }
    })
    .await;
}

#[tokio::test]
async fn another_process_hears_what_is_stored_and_nothing_else() {
    on_another_process(async |here, there| {
        let mut watches = [1, 2, 700].map(|serial| there.changes().watch(&[kyc(serial)]));
        for end in [End::Refusing, End::Failing] {
            let written = write(&here.database, format!("{end:?}"), vec![kyc(1)], end).await;
            assert!(written.is_err(), "{end:?}");
        }
        // More than one notification can name.
        announce(&here.database, (2..1000).map(kyc).collect()).await;
        let [unsaid, first, last] = &mut watches;
        notices(first).await;
        notices(last).await;
        assert!(!noticed(unsaid));
        announce(&here.database, vec![Topic::Exchanges, kyc(1)]).await;
        notices(unsaid).await;
    })
    .await;
}

/// Ends the connection on which a process hears this schema's changes; says whether there was one.
async fn cut(database: &Database) -> bool {
    let sql = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity, pg_namespace \
               WHERE nspname = current_schema() AND application_name = 'kontor listener' \
               AND query LIKE 'LISTEN \"kontor_' || pg_namespace.oid || '\"%'";
    let statement = Statement::from_string(database.read().get_database_backend(), sql);
    let ended = database.read().query_all_raw(statement).await;
    !ended.expect("a query").is_empty()
}

#[tokio::test]
async fn a_process_that_lost_its_hearing_wakes_everybody_when_it_is_back() {
    on_another_process(async |here, there| {
        for round in 0..3 {
            let mut watches = [1, 2].map(|serial| there.changes().watch(&[kyc(serial)]));
            assert!(cut(&here.database).await, "round {round}");
            for watch in &mut watches {
                notices(watch).await;
            }
            announce(&here.database, vec![kyc(2)]).await;
            let [unsaid, said] = &mut watches;
            notices(said).await;
            assert!(!noticed(unsaid));
        }
    })
    .await;
}

#[tokio::test]
async fn a_closed_database_does_not_listen() {
    on_another_process(async |here, _| {
        let short = here.reopen(|_| {}).await;
        let mut watch = short.changes().watch(&[kyc(1)]);
        short.listen();
        short.listen();
        notices(&mut watch).await;
        short.close().await;
        announce(&here.database, vec![kyc(1)]).await;
        assert!(!noticed(&mut watch));
    })
    .await;
}

/// Polls until there are so many keys; returns how many there were.
async fn poll(database: &Database, keys: usize) -> usize {
    let deadline = Deadline::default();
    let poll = LongPoll::new(database.changes(), &deadline, PATIENCE, Some(u64::MAX));
    let read = || async {
        let keys = key::all(database.read()).await?;
        Ok::<_, DatabaseError>(keys.len())
    };
    let topics = [kyc(1)];
    let polled = poll.until(&topics, read, |read| *read >= keys);
    polled.await.expect("keys")
}

/// Many polls for one topic, and what happens once all of them wait.
async fn many_polls(test: &TestDatabase, keys: usize, then: impl AsyncFnOnce(&Database)) -> usize {
    let patient = |settings: &mut kontor::db::DatabaseSettings| settings.busy_timeout = PATIENCE;
    let database = test.reopen(patient).await;
    let polls = join_all((0..MANY).map(|_| poll(&database, keys)));
    let changes = database.changes();
    let (read, ()) = tokio::join!(timeout(PATIENCE, polls), async {
        all_wait(changes).await;
        then(&database).await;
    });
    let read = read.expect("answers in time");
    assert!(read.iter().all(|of_one| *of_one == read[0]));
    assert_eq!((changes.waiting(), changes.watched()), (0, 0));
    database.close().await;
    read[0]
}

async fn all_wait(changes: &Changes) {
    while changes.waiting() < MANY {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

#[tokio::test]
async fn two_thousand_polls_cost_no_query_while_they_wait_and_wake_at_once() {
    on_database(async |test| {
        let size = size_of_val(&poll(&test.database, 1));
        assert!(size <= 4096, "{size} bytes for one poll");
        let read = many_polls(test, 1, async |database| {
            let queries = || database.pool_status().queries;
            let before = queries();
            assert_eq!(database.changes().watched(), 1);
            tokio::time::sleep(Duration::from_millis(300)).await;
            // What others change wakes none of them.
            announce(&test.database, vec![kyc(2)]).await;
            assert_eq!((queries(), database.changes().waiting()), (before, MANY));
            let first = write(database, "first".to_owned(), vec![kyc(1)], End::Well);
            first.await.expect("a write");
        });
        assert_eq!(read.await, 2);
    })
    .await;
}

#[tokio::test]
async fn two_thousand_polls_are_released_at_once() {
    on_database(async |test| {
        let read = many_polls(test, 1, async |database| {
            let queries = database.pool_status().queries;
            database.changes().release();
            all_gone(database.changes()).await;
            assert_eq!(database.pool_status().queries, queries);
            assert_eq!(poll(database, 1).await, 0, "new ones do not wait");
        });
        assert_eq!(read.await, 0);
    })
    .await;
}

async fn all_gone(changes: &Changes) {
    while changes.watched() > 0 {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}
