//! What an older program wrote is still there, and means the same, after the schema was brought up to date.

use kontor::db::instance::SecondFactors;
use kontor::db::{
    access_token,
    audit::{AuditFilter, latest},
    bank_account, credential, instance,
};
use migration::{Migrator, MigratorTrait as _};
use sea_orm::{ConnectionTrait as _, EntityTrait as _};

use super::support::{NOW, TestDatabase, on_empty_database};

/// Has these rows written after so many steps, and then takes the other steps.
async fn upgrade(test: &TestDatabase, steps: u32, rows: &[&str]) {
    let url = test.settings.url.clone();
    let older = sea_orm::Database::connect(url).await.expect("a connection");
    Migrator::up(&older, Some(steps))
        .await
        .expect("older steps");
    for rows in rows {
        older.execute_unprepared(rows).await.expect("older rows");
    }
    older.close().await.expect("the end of the connection");
    test.database.migrate().await.expect("the other steps");
}

#[tokio::test]
async fn rows_of_the_third_schema_survive() {
    on_empty_database(async |test| {
        let rows = [
            include_str!("upgrade/m0001_instances.sql"),
            include_str!("upgrade/m0003_audit.sql"),
        ];
        upgrade(test, 3, &rows).await;

        let reader = test.database.read();
        let shop = instance::find(reader, "shop").await.expect("a query");
        let factors = SecondFactors::from(&shop.expect("the instance"));
        assert_eq!(factors.email_factor.as_deref(), Some("ada@example.com"));
        assert!(factors.is_bound);
        let events = latest(reader, &AuditFilter::default(), 10).await;
        let events = events.expect("a query");
        assert_eq!((events.len(), &events[0].event[..]), (1, "factor.added"));
        let challenges = entity::challenge::Entity::find().all(reader).await;
        let challenges = challenges.expect("a query");
        assert_eq!(
            (challenges.len(), &challenges[0].address[..]),
            (1, "ada@example.com")
        );
        // The tables of later steps are there and empty.
        let accounts = bank_account::list(reader, 1).await.expect("a query");
        assert!(accounts.is_empty());
    })
    .await;
}

#[tokio::test]
async fn rows_of_the_first_schema_survive() {
    on_empty_database(async |test| {
        let rows = [include_str!("upgrade/m0001_instances.sql")];
        upgrade(test, 1, &rows).await;

        let reader = test.database.read();
        let shop = instance::find(reader, "shop").await.expect("a query");
        let shop = shop.expect("the instance");
        assert_eq!(shop.name, "Shop");
        assert_eq!(shop.merchant_pub.len(), 32);
        // Nobody has proven anything yet, and nobody is bound to.
        let factors = SecondFactors {
            email: Some("ada@example.com".to_owned()),
            phone: Some("+41791234567".to_owned()),
            email_factor: None,
            phone_factor: None,
            is_bound: false,
        };
        assert_eq!(SecondFactors::from(&shop), factors);
        let credential = credential::find(reader, shop.serial).await;
        assert_eq!(credential.expect("a query").expect("one").version, 3);
        let is_live = access_token::is_live(reader, shop.serial, 1, NOW).await;
        assert!(is_live.expect("a query"));
    })
    .await;
}
