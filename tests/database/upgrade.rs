//! What an older program wrote is still there, and means the same, after the schema was brought up to date.

use kontor::db::instance::SecondFactors;
use kontor::db::{
    access_token,
    audit::{AuditFilter, latest},
    bank_account, client, credential, instance,
};
use migration::{Migrator, MigratorTrait as _};
use sea_orm::{ConnectionTrait as _, EntityTrait as _};
use serde_json::json;

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
async fn rows_of_the_ninth_schema_survive() {
    on_empty_database(async |test| {
        let rows = [
            include_str!("upgrade/m0001_instances.sql"),
            include_str!("upgrade/m0009_retention.sql"),
        ];
        upgrade(test, 9, &rows).await;

        let reader = test.database.read();
        let tokens = entity::access_token::Entity::find().all(reader).await;
        let mut tokens = tokens.expect("a query");
        tokens.sort_by_key(|token| token.serial);
        let roots: Vec<_> = tokens.iter().map(|token| token.root_serial).collect();
        assert_eq!(roots, [None, Some(1), Some(1)]);
        let is_live = access_token::is_live(reader, 1, 3, NOW).await;
        assert!(is_live.expect("a query"));
        // Nobody has swept with such a clock before.
        let swept = kontor::db::sweep::last_us(reader).await;
        assert_eq!(swept.expect("a query"), None);
    })
    .await;
}

#[tokio::test]
async fn rows_of_the_eighth_schema_survive() {
    on_empty_database(async |test| {
        let rows = [
            include_str!("upgrade/m0001_instances.sql"),
            include_str!("upgrade/m0003_audit.sql"),
            include_str!("upgrade/m0007_shops.sql"),
            include_str!("upgrade/m0008_challenger.sql"),
        ];
        upgrade(test, 8, &rows).await;

        let reader = test.database.read();
        let clients = client::list(reader).await.expect("a query");
        assert_eq!((clients.len(), clients[0].setups), (1, 3));
        assert_eq!(clients[0].secret_hash.expose(), b"hash");
        let validations = entity::validation::Entity::find().all(reader).await;
        let validations = validations.expect("a query");
        let method = Some(entity::validation::CodeChallengeMethod::S256);
        assert_eq!(validations[0].code_challenge_method, method);
        let grants = entity::address_grant::Entity::find().all(reader).await;
        let grants = grants.expect("a query");
        let address = json!({"CONTACT_EMAIL": "ada@example.com"});
        assert_eq!((grants.len(), &grants[0].address), (1, &address));
        let sent = entity::code_transmission::Entity::find().all(reader).await;
        let sent = sent.expect("a query");
        assert_eq!((sent.len(), sent[1].validation_serial), (2, Some(1)));
        // Each token of a chain knows where it began.
        let tokens = entity::access_token::Entity::find().all(reader).await;
        let mut tokens = tokens.expect("a query");
        tokens.sort_by_key(|token| token.serial);
        let roots: Vec<_> = tokens.iter().map(|token| token.root_serial).collect();
        assert_eq!(roots, [None, Some(1), Some(1)]);
    })
    .await;
}

#[tokio::test]
async fn rows_of_the_seventh_schema_survive() {
    on_empty_database(async |test| {
        let rows = [
            include_str!("upgrade/m0001_instances.sql"),
            include_str!("upgrade/m0003_audit.sql"),
            include_str!("upgrade/m0007_shops.sql"),
        ];
        upgrade(test, 7, &rows).await;

        let reader = test.database.read();
        let accounts = bank_account::list(reader, 1).await.expect("a query");
        let [account] = &accounts[..] else {
            panic!("{accounts:?}");
        };
        assert_eq!((account.h_wire.len(), account.is_active), (64, true));
        let sealed = account.facade_credentials.as_ref().expect("credentials");
        assert_eq!(sealed.expose(), b"sealed");
        let devices = entity::otp_device::Entity::find().all(reader).await;
        let devices = devices.expect("a query");
        assert_eq!((devices.len(), devices[0].ctr), (1, Some(7)));
        let exchanges = entity::exchange::Entity::find().all(reader).await;
        let exchanges = exchanges.expect("a query");
        let keys = exchanges[0].keys.as_ref().expect("keys");
        assert_eq!((exchanges.len(), &keys["currency"]), (1, &json!("CHF")));
        let checks = entity::kyc_check::Entity::find().all(reader).await;
        let checks = checks.expect("a query");
        assert_eq!((checks.len(), checks[0].http_status), (1, 202));
        // Codes that were sent belong to what they belonged to, and no step made clients up.
        let sent = entity::code_transmission::Entity::find().all(reader).await;
        let sent = sent.expect("a query");
        assert_eq!((sent.len(), sent[0].challenge_serial), (1, Some(1)));
        assert_eq!(sent[0].validation_serial, None);
        let clients = client::list(reader).await.expect("a query");
        assert!(clients.is_empty());
    })
    .await;
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
