//! The counters of codes, where no request reaches: two programs on one database, and a day's length to the microsecond.

use entity::code_counter as counters;
use kontor::db::Database;
use kontor::db::challenge;
use kontor::db::code_counter::{self, Bound, CodeFor, Counted, Room, WINDOW_US};
use sea_orm::EntityTrait as _;

use super::challenge::{add, by_two, group, repeated, write};
use super::support::{NOW, on_database};

fn counted(name: &str, most: u64) -> Counted {
    Counted {
        name: name.to_owned(),
        most,
        bound: Bound::Account,
    }
}

async fn reserve(
    database: &Database,
    counted: Vec<Counted>,
    challenge: Option<i64>,
    now_us: i64,
) -> Room {
    write(database, move |transaction| {
        let counted = counted.clone();
        Box::pin(async move {
            code_counter::reserve(
                transaction,
                &counted,
                challenge.map(CodeFor::Challenge),
                now_us,
            )
            .await
        })
    })
    .await
}

fn full(retry_after_us: i64) -> Room {
    Room::Full {
        bound: Bound::Account,
        retry_after_us,
    }
}

#[tokio::test]
async fn of_fifty_codes_at_once_by_two_programs_no_more_get_through_than_allowed() {
    repeated(async |test| {
        let rooms = by_two(test, 50, async |database, number| {
            // Whatever the order in which they are named, nobody waits for ever.
            let mut both = vec![counted("a", 10), counted("b", 7)];
            if number % 3 == 0 {
                both.reverse();
            }
            reserve(database, both, None, NOW).await
        });
        let rooms = rooms.await;
        assert_eq!(rooms.iter().filter(|room| **room == Room::Left).count(), 7);
        // Who found no room in one took none in the other.
        for left in [true, true, true, false] {
            let room = reserve(&test.database, vec![counted("a", 10)], None, NOW).await;
            assert_eq!(room == Room::Left, left);
        }
    })
    .await;
}

#[tokio::test]
async fn a_place_is_free_after_a_day() {
    on_database(async |test| {
        let database = &test.database;
        for step in 0..2 {
            reserve(database, vec![counted("a", 2)], None, NOW + step * 10).await;
        }
        let at = async |now_us| reserve(database, vec![counted("a", 2)], None, now_us).await;
        assert_eq!(at(NOW + WINDOW_US - 1).await, full(1));
        assert_eq!(at(NOW + WINDOW_US).await, Room::Left);
        assert_eq!(at(NOW + WINDOW_US).await, full(10));
        let look = async |now_us| {
            let counted = [counted("nobody", 1), counted("a", 2)];
            code_counter::look(database.read(), &counted, now_us)
                .await
                .expect("a query")
        };
        assert_eq!(look(NOW + WINDOW_US).await, full(10));
        assert_eq!(look(NOW + WINDOW_US + 10).await, Room::Left);
        // To look counts nothing.
        assert_eq!(look(NOW + WINDOW_US + 10).await, Room::Left);
    })
    .await;
}

#[tokio::test]
async fn what_is_given_back_is_one_transmission_of_one_challenge() {
    on_database(async |test| {
        let one = add(test, group(None, "net"), 1).await.serial;
        let other = add(test, group(None, "net"), 2).await.serial;
        let database = &test.database;
        for (serial, at_us) in [(one, NOW), (one, NOW + 1), (other, NOW)] {
            let both = vec![counted("a", 3), counted("b", 3)];
            assert_eq!(
                reserve(database, both, Some(serial), at_us).await,
                Room::Left
            );
        }
        write(database, move |transaction| {
            Box::pin(code_counter::release(
                transaction,
                CodeFor::Challenge(one),
                NOW,
            ))
        })
        .await;
        for name in ["a", "b"] {
            for left in [true, false] {
                let room = reserve(database, vec![counted(name, 3)], None, NOW + 2).await;
                assert_eq!(room == Room::Left, left);
            }
        }
        write(database, |transaction| {
            Box::pin(code_counter::clear(transaction, "a"))
        })
        .await;
        assert_eq!(
            reserve(database, vec![counted("a", 1)], None, NOW).await,
            Room::Left
        );
        assert!(reserve(database, vec![counted("b", 3)], None, NOW).await != Room::Left);
    })
    .await;
}

#[tokio::test]
async fn codes_count_on_when_their_challenge_is_removed() {
    on_database(async |test| {
        let challenge = add(test, group(None, "net"), 1).await;
        let (serial, group_serial) = (challenge.serial, challenge.group_serial);
        reserve(&test.database, vec![counted("a", 1)], Some(serial), NOW).await;
        write(&test.database, move |transaction| {
            Box::pin(async move { challenge::consume(transaction, &[group_serial], NOW).await })
        })
        .await;
        let room = reserve(&test.database, vec![counted("a", 1)], None, NOW).await;
        assert_eq!(room, full(WINDOW_US));
    })
    .await;
}

#[tokio::test]
async fn counters_out_of_use_are_forgotten() {
    on_database(async |test| {
        let rows = async || {
            let rows = counters::Entity::find().all(test.database.read()).await;
            rows.expect("rows").len()
        };
        for number in 0..25 {
            reserve(
                &test.database,
                vec![counted(&format!("of {number}"), 1)],
                None,
                NOW,
            )
            .await;
        }
        for (now_us, left) in [
            (NOW + WINDOW_US, 26),
            (NOW + WINDOW_US + 1, 16),
            (NOW + WINDOW_US + 2, 6),
            (NOW + WINDOW_US + 3, 1),
        ] {
            reserve(&test.database, vec![counted("used", 9)], None, now_us).await;
            assert_eq!(rows().await, left);
        }
    })
    .await;
}
