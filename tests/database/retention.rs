//! `docs/retention.md` says of every table how long its rows are kept.

use std::collections::BTreeSet;

use kontor::db::transfer::table_names;
use kontor::db::{DatabaseError, exchange, sweep};
use sea_orm::{EntityTrait as _, PaginatorTrait as _};

use super::support::{NOW, TestDatabase, on_database};
use super::transfer::on_full_database;

const PAGE: &str = include_str!("../../docs/retention.md");

#[test]
fn every_table_is_on_the_page() {
    let first_cells = PAGE
        .lines()
        .filter_map(|line| line.strip_prefix("| `")?.split(" | ").next());
    let named: Vec<&str> = first_cells
        .flat_map(|cell| cell.split(", "))
        .map(|name| name.trim_matches('`'))
        .collect();
    let once: BTreeSet<&str> = named.iter().copied().collect();
    assert_eq!(once.len(), named.len(), "{named:?}");
    assert_eq!(once, table_names().collect());
}

#[tokio::test]
async fn the_last_note_of_a_sweep_is_known() {
    on_database(async |test| {
        let last = async || sweep::last_us(test.database.read()).await.expect("a query");
        assert_eq!(last().await, None);
        // The clock may have gone back.
        for at_us in [NOW + 5, NOW + 3] {
            let noted: Result<_, DatabaseError> = test
                .database
                .write(move |transaction| Box::pin(sweep::note(transaction, at_us)))
                .await;
            noted.expect("a write");
            assert_eq!(last().await, Some(at_us));
        }
    })
    .await;
}

#[tokio::test]
async fn a_payment_provider_goes_with_what_it_said_unless_it_is_configured() {
    const URL: &str = "https://exchange.example/";
    const LATER: i64 = NOW + 7_200_000_000;

    /// Removes one row of what it said, or it.
    async fn remove(test: &TestDatabase, before_us: i64) -> u64 {
        let removed: Result<_, DatabaseError> = test
            .database
            .write(move |transaction| {
                Box::pin(exchange::remove_unused(transaction, URL, before_us, 1))
            })
            .await;
        removed.expect("a write")
    }

    on_full_database(async |test| {
        let reader = test.database.read();
        let unused = async |configured: &[String], before_us| {
            let unused = exchange::unused(reader, configured, before_us).await;
            unused.expect("a query")
        };
        let count = async || {
            let exchanges = entity::exchange::Entity::find().count(reader).await;
            let checks = entity::kyc_check::Entity::find().count(reader).await;
            (exchanges.expect("a query"), checks.expect("a query"))
        };
        assert_eq!(unused(&[], LATER).await, [URL]);
        assert!(unused(&[URL.to_owned()], LATER).await.is_empty());
        assert!(unused(&[], NOW).await.is_empty());
        assert_eq!((remove(test, NOW).await, count().await), (0, (1, 1)));
        assert_eq!((remove(test, LATER).await, count().await), (1, (1, 0)));
        assert_eq!((remove(test, LATER).await, count().await), (0, (0, 0)));
    })
    .await;
}
