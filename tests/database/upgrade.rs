//! What an older program wrote is still there, and means the same, after the schema was brought up to date.

use kontor::db::instance::SecondFactors;
use kontor::db::{access_token, credential, instance};
use migration::{Migrator, MigratorTrait as _};
use sea_orm::ConnectionTrait as _;

use super::support::{NOW, on_empty_database};

#[tokio::test]
async fn rows_of_the_first_schema_survive() {
    on_empty_database(async |test| {
        let url = test.settings.url.clone();
        let older = sea_orm::Database::connect(url).await.expect("a connection");
        Migrator::up(&older, Some(1)).await.expect("the first step");
        let rows = include_str!("upgrade/m0001_instances.sql");
        older.execute_unprepared(rows).await.expect("older rows");
        older.close().await.expect("the end of the connection");

        test.database.migrate().await.expect("the other steps");

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
