//! The bound on guessing holds, however many guess at once.

use futures_util::future::join_all;
use kontor::db::login_attempt::{self, LoginLimit, Reservation};
use kontor::db::{Database, DatabaseError};

use super::support::{NOW, on_database};

const LIMIT: LoginLimit = LoginLimit {
    attempts: 10,
    window_us: 900,
};

async fn reserve(
    database: &Database,
    instance: i64,
    network: &'static str,
    now_us: i64,
) -> Reservation {
    let written: Result<_, DatabaseError> = database
        .write(move |transaction| {
            Box::pin(login_attempt::reserve(
                transaction,
                instance,
                network,
                LIMIT,
                now_us,
            ))
        })
        .await;
    written.expect("a write")
}

async fn release(database: &Database, reservation: Reservation) {
    let Reservation::Reserved { serial } = reservation else {
        panic!("{reservation:?}")
    };
    let written: Result<_, DatabaseError> = database
        .write(move |transaction| Box::pin(login_attempt::release(transaction, serial)))
        .await;
    written.expect("a write");
}

#[tokio::test]
async fn of_fifty_at_once_ten_get_through() {
    on_database(async |test| {
        let shop = test.add_instance("shop").await;
        // Two programs on one database.
        let other = test.reopen(|_| {}).await;
        let attempts = (0..50).map(|number| {
            let database = if number % 2 == 0 {
                &test.database
            } else {
                &other
            };
            reserve(database, shop, "192.0.2.1", NOW)
        });
        let reserved = join_all(attempts).await;
        let through = reserved
            .iter()
            .filter(|one| matches!(one, Reservation::Reserved { .. }));
        assert_eq!(through.count(), 10);
        assert!(reserved.contains(&Reservation::Refused {
            retry_after_us: 900
        }));
        other.close().await;
    })
    .await;
}

#[tokio::test]
async fn networks_and_instances_count_apart() {
    on_database(async |test| {
        let (shop, other) = (
            test.add_instance("shop").await,
            test.add_instance("other").await,
        );
        for _ in 0..10 {
            reserve(&test.database, shop, "192.0.2.1", NOW).await;
        }
        let is_reserved = async |instance, network| {
            matches!(
                reserve(&test.database, instance, network, NOW).await,
                Reservation::Reserved { .. }
            )
        };
        assert!(!is_reserved(shop, "192.0.2.1").await);
        assert!(is_reserved(shop, "2001:db8::/64").await);
        assert!(is_reserved(other, "192.0.2.1").await);
    })
    .await;
}

#[tokio::test]
async fn right_attempts_and_old_ones_do_not_count() {
    on_database(async |test| {
        let shop = test.add_instance("shop").await;
        let database = &test.database;
        for _ in 0..20 {
            release(database, reserve(database, shop, "net", NOW).await).await;
        }
        for step in 0..10 {
            reserve(database, shop, "net", NOW + step * 10).await;
        }
        let refused = reserve(database, shop, "net", NOW + 100).await;
        assert_eq!(
            refused,
            Reservation::Refused {
                retry_after_us: 800
            }
        );
        let refused = reserve(database, shop, "net", NOW + 899).await;
        assert_eq!(refused, Reservation::Refused { retry_after_us: 1 });
        let free = reserve(database, shop, "net", NOW + 900).await;
        assert!(matches!(free, Reservation::Reserved { .. }));
        let refused = reserve(database, shop, "net", NOW + 900).await;
        assert_eq!(refused, Reservation::Refused { retry_after_us: 10 });
    })
    .await;
}

#[tokio::test]
async fn old_networks_are_removed_in_parts() {
    on_database(async |test| {
        let shop = test.add_instance("shop").await;
        for network in ["a", "b", "c"] {
            reserve(&test.database, shop, network, NOW).await;
        }
        reserve(&test.database, shop, "c", NOW + 500).await;
        let remove = async || {
            let written: Result<_, DatabaseError> = test
                .database
                .write(|transaction| Box::pin(login_attempt::remove_old(transaction, NOW + 1, 1)))
                .await;
            written.expect("a write")
        };
        assert_eq!([remove().await, remove().await, remove().await], [1, 1, 0]);
    })
    .await;
}
