//! Challenges, where no request reaches: two programs on one database, and the bounds of each statement.

use entity::SecretBytes;
use entity::challenge::{Channel, Entity, Model, Role};
use entity::challenge_group::Budget;
use futures_util::future::{BoxFuture, join_all};
use kontor::db::challenge::{self, NewChallenge, NewChallengeGroup, NewCode, Open};
use kontor::db::credential::KeyedDigest;
use kontor::db::{Database, DatabaseError, WriteTransaction};
use sea_orm::{EntityTrait as _, QueryOrder as _};

use super::support::{KEY_ID, NOW, TestDatabase, insert_key, on_database};
use crate::support::repetitions;

pub(super) const HOUR_US: i64 = 3_600_000_000;

fn digest() -> KeyedDigest {
    KeyedDigest {
        digest: SecretBytes::new(*b"hash"),
        key_id: KEY_ID.to_owned(),
    }
}

/// A request of somebody who signs up, or of the owner of an instance.
pub(super) fn group(instance: Option<i64>, network: &str) -> NewChallengeGroup {
    NewChallengeGroup {
        budget: instance.map_or(Budget::SignUp, |_| Budget::Bearer),
        purpose: "sign-up".to_owned(),
        operation: "provisionInstance".to_owned(),
        instance: instance.map(|serial| (serial, 1)),
        instance_id: "shop".to_owned(),
        subject: "shop".to_owned(),
        request_hash: digest(),
        network: network.to_owned(),
        created_at_us: NOW,
        expires_at_us: NOW + HOUR_US,
    }
}

fn new_challenge(mark: u8, role: Role) -> NewChallenge {
    NewChallenge {
        id_digest: [mark; 32],
        channel: Channel::Email,
        address: "alice@shop.example".to_owned(),
        role,
        sealed_body: None,
    }
}

/// A write that cannot be refused.
pub(super) async fn write<T: Send + 'static>(
    database: &Database,
    write: impl Fn(&WriteTransaction) -> BoxFuture<'_, Result<T, DatabaseError>> + Send + Sync + 'static,
) -> T {
    let written = database.write(move |transaction| write(transaction));
    written.await.expect("a write")
}

/// Stores a request with one challenge of this mark.
pub(super) async fn add(test: &TestDatabase, group: NewChallengeGroup, mark: u8) -> Model {
    add_as(test, group, mark, Role::Factor).await
}

async fn add_as(test: &TestDatabase, group: NewChallengeGroup, mark: u8, role: Role) -> Model {
    write(&test.database, move |transaction| {
        let group = group.clone();
        Box::pin(async move {
            insert_key(transaction, KEY_ID).await?;
            let serial = challenge::insert_group(transaction, &group).await?;
            challenge::insert(transaction, serial, &new_challenge(mark, role)).await
        })
    })
    .await;
    stored(test, mark).await.expect("a challenge")
}

async fn stored(test: &TestDatabase, mark: u8) -> Option<Model> {
    let found = challenge::find(test.database.read(), &[[mark; 32]], NOW).await;
    found
        .expect("a query")
        .pop()
        .map(|(challenge, _)| challenge)
}

/// The marks of the challenges that are left.
async fn marks(test: &TestDatabase) -> Vec<u8> {
    let rows = Entity::find().order_by_asc(entity::challenge::Column::Serial);
    let rows = rows.all(test.database.read()).await.expect("rows");
    rows.iter().map(|row| row.id_digest[0]).collect()
}

async fn begin(database: &Database, serial: i64, at_us: i64) {
    write(database, move |transaction| {
        Box::pin(challenge::begin_transmission(transaction, serial, at_us))
    })
    .await;
}

async fn arm(database: &Database, serial: i64, begun_at_us: i64) -> bool {
    let code = NewCode {
        hash: digest(),
        expires_at_us: NOW + HOUR_US,
        guesses: 3,
    };
    write(database, move |transaction| {
        let code = code.clone();
        Box::pin(async move { challenge::arm(transaction, serial, begun_at_us, &code).await })
    })
    .await
}

/// Repeats a test, on a database of its own each time.
pub(super) async fn repeated(test: impl AsyncFn(&TestDatabase)) {
    for _ in 0..repetitions() {
        on_database(&test).await;
    }
}

/// Two programs on one database, each for every other of so many numbers.
pub(super) async fn by_two<T>(
    test: &TestDatabase,
    count: usize,
    act: impl AsyncFn(&Database, usize) -> T,
) -> Vec<T> {
    let other = test.reopen(|_| {}).await;
    let databases = [&test.database, &other];
    let acts = (0..count).map(|number| act(databases[number % 2], number));
    let done = join_all(acts).await;
    other.close().await;
    done
}

#[tokio::test]
async fn of_fifty_guesses_at_once_by_two_programs_three_are_taken() {
    repeated(async |test| {
        let challenge = add(test, group(None, "net"), 1).await;
        begin(&test.database, challenge.serial, NOW).await;
        assert!(arm(&test.database, challenge.serial, NOW).await);
        let guesses = by_two(test, 50, async |database, _| {
            write(database, |transaction| {
                Box::pin(async move {
                    let found = challenge::find_locked(transaction, &[1; 32], NOW).await?;
                    let (challenge, _) = found.expect("a challenge");
                    challenge::take_guess(transaction, &challenge).await
                })
            })
            .await
        });
        let mut left: Vec<_> = guesses.await.into_iter().flatten().collect();
        left.sort_unstable();
        assert_eq!(left, [0, 1, 2]);
    })
    .await;
}

#[tokio::test]
async fn of_fifty_uses_at_once_by_two_programs_one_gets_through() {
    repeated(async |test| {
        let one = add(test, group(None, "net"), 1).await.group_serial;
        let other = add(test, group(None, "net"), 2).await.group_serial;
        let uses = by_two(test, 50, async |database, number| {
            let groups = if number % 3 == 0 {
                vec![one]
            } else {
                vec![other, one]
            };
            let used: Result<bool, ()> = database
                .write(move |transaction| {
                    let groups = groups.clone();
                    Box::pin(async move {
                        let used = challenge::consume(transaction, &groups, NOW).await;
                        // As its contract says: the write does not go on.
                        used.expect("a write").then_some(true).ok_or(Refused)
                    })
                })
                .await
                .map_err(|_: Refused| ());
            used
        });
        let through = uses.await.into_iter().filter(Result::is_ok);
        assert_eq!(through.count(), 1);
    })
    .await;
}

/// Why a write of these tests ends.
#[derive(Debug)]
struct Refused;

impl From<DatabaseError> for Refused {
    fn from(_: DatabaseError) -> Self {
        Self
    }
}

#[tokio::test]
async fn what_has_ended_is_neither_found_nor_used() {
    on_database(async |test| {
        let serial = add(test, group(None, "net"), 1).await.group_serial;
        let end = NOW + HOUR_US;
        for (now_us, is_there) in [(end - 1, true), (end, false)] {
            let found = challenge::find(test.database.read(), &[[1; 32]], now_us).await;
            assert_eq!(found.expect("a query").len(), usize::from(is_there));
            let locked = write(&test.database, move |transaction| {
                Box::pin(async move { challenge::find_locked(transaction, &[1; 32], now_us).await })
            });
            assert_eq!(locked.await.is_some(), is_there);
        }
        let consume = async |now_us| {
            write(&test.database, move |transaction| {
                Box::pin(async move { challenge::consume(transaction, &[serial], now_us).await })
            })
            .await
        };
        assert!(!consume(end).await);
        assert!(consume(end - 1).await);
        assert!(!consume(end - 1).await);
        assert!(marks(test).await.is_empty());
    })
    .await;
}

#[tokio::test]
async fn only_the_code_that_was_begun_last_is_armed() {
    on_database(async |test| {
        let serial = add(test, group(None, "net"), 1).await.serial;
        assert!(!arm(&test.database, serial, NOW).await);
        begin(&test.database, serial, NOW).await;
        begin(&test.database, serial, NOW + 1).await;
        assert!(!arm(&test.database, serial, NOW).await);
        assert!(arm(&test.database, serial, NOW + 1).await);
        write(&test.database, move |transaction| {
            Box::pin(challenge::solve(transaction, serial, NOW + 2))
        })
        .await;
        assert!(!arm(&test.database, serial, NOW + 1).await);
        let solved = stored(test, 1).await.expect("a challenge");
        assert_eq!((solved.code_hash, solved.code_expires_at_us), (None, None));
    })
    .await;
}

#[tokio::test]
async fn only_the_transmission_that_was_begun_last_is_taken_back() {
    on_database(async |test| {
        let serial = add(test, group(None, "net"), 1).await.serial;
        begin(&test.database, serial, NOW).await;
        begin(&test.database, serial, NOW + 1).await;
        for (begun_at_us, left) in [(NOW, Some(NOW + 1)), (NOW + 1, Some(NOW - 5))] {
            write(&test.database, move |transaction| {
                let before = Some(NOW - 5);
                Box::pin(challenge::undo_transmission(
                    transaction,
                    serial,
                    begun_at_us,
                    before,
                ))
            })
            .await;
            assert_eq!(stored(test, 1).await.expect("a challenge").sent_at_us, left);
        }
    })
    .await;
}

fn open(network: Option<&'static str>) -> Open<'static> {
    Open {
        instance_id: "shop",
        budget: Budget::SignUp,
        network,
    }
}

#[tokio::test]
async fn the_oldest_of_a_network_that_were_not_sent_give_way() {
    on_database(async |test| {
        let mut groups = Vec::new();
        for (mark, network) in [(1, "a"), (2, "b"), (3, "a"), (4, "a"), (5, "a")] {
            groups.push(add(test, group(None, network), mark).await);
        }
        let elsewhere = NewChallengeGroup {
            instance_id: "other".to_owned(),
            ..group(None, "a")
        };
        add(test, elsewhere, 6).await;
        let shop = test.add_instance("shop").await;
        add(test, group(Some(shop), "a"), 7).await;
        begin(&test.database, groups[0].serial, NOW).await;
        let evict = async |most, except: Option<i64>| {
            write(&test.database, move |transaction| {
                let of = open(Some("a"));
                Box::pin(async move { challenge::evict(transaction, of, most, except, NOW).await })
            })
            .await;
            marks(test).await
        };
        assert_eq!(evict(4, None).await, [1, 2, 3, 4, 5, 6, 7]);
        // The first was sent.
        assert_eq!(evict(3, None).await, [1, 2, 4, 5, 6, 7]);
        // The request that goes on keeps its own.
        assert_eq!(
            evict(2, Some(groups[3].group_serial)).await,
            [1, 2, 4, 6, 7]
        );
        assert_eq!(evict(0, None).await, [1, 2, 6, 7]);
    })
    .await;
}

#[tokio::test]
async fn sent_challenges_block_until_the_first_of_them_ends() {
    on_database(async |test| {
        for (mark, life_us) in [(1, 30), (2, 20), (3, 10)] {
            let group = NewChallengeGroup {
                expires_at_us: NOW + life_us,
                ..group(None, "a")
            };
            let challenge = add(test, group, mark).await;
            if mark < 3 {
                begin(&test.database, challenge.serial, NOW).await;
            }
        }
        let third = stored(test, 3).await.expect("a challenge").serial;
        let first = stored(test, 1).await.expect("a challenge").serial;
        let until = async |except, most, now_us| {
            write(&test.database, move |transaction| {
                let of = open(None);
                Box::pin(async move {
                    challenge::sent_until(transaction, of, except, most, now_us).await
                })
            })
            .await
        };
        assert_eq!(until(third, 2, NOW).await, Some(NOW + 20));
        assert_eq!(until(third, 3, NOW).await, None);
        assert_eq!(until(first, 2, NOW).await, None);
        assert_eq!(until(third, 2, NOW + 20).await, None);
    })
    .await;
}

#[tokio::test]
async fn a_change_ends_what_it_concerns_and_nothing_else() {
    on_database(async |test| {
        let shop = test.add_instance("shop").await;
        for (mark, instance, role) in [
            (1, Some(shop), Role::Factor),
            (2, Some(shop), Role::Contact),
            (3, None, Role::Contact),
        ] {
            add_as(test, group(instance, "net"), mark, role).await;
        }
        let end = async |channel, role| {
            write(&test.database, move |transaction| {
                Box::pin(challenge::end_of_channel(transaction, shop, channel, role))
            })
            .await;
            marks(test).await
        };
        assert_eq!(end(Channel::Sms, Role::Contact).await, [1, 2, 3]);
        assert_eq!(end(Channel::Email, Role::Contact).await, [1, 3]);
        write(&test.database, move |transaction| {
            Box::pin(challenge::end_of_instance(transaction, shop))
        })
        .await;
        assert_eq!(marks(test).await, [3]);
    })
    .await;
}

#[tokio::test]
async fn ended_requests_are_removed_in_parts() {
    on_database(async |test| {
        for mark in 1..=3 {
            add(test, group(None, "net"), mark).await;
        }
        let remove = async |now_us| {
            write(&test.database, move |transaction| {
                Box::pin(challenge::remove_expired(transaction, now_us, 2))
            })
            .await;
            marks(test).await.len()
        };
        let end = NOW + HOUR_US;
        assert_eq!(
            [remove(end - 1).await, remove(end).await, remove(end).await],
            [3, 1, 0]
        );
    })
    .await;
}
