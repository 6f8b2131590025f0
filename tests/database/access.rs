//! The query that every request begins with.

use entity::credential::Method;
use kontor::db::access_token::NewAccessToken;
use kontor::db::instance::{InstanceAccess, find_with_bearer};
use kontor::db::{DatabaseError, instance};

use super::access_token::{insert, new_token};
use super::support::{NOW, TestDatabase, on_database};

async fn access(
    test: &TestDatabase,
    instance_id: &str,
    mark: Option<u8>,
    now_us: i64,
) -> Option<InstanceAccess> {
    let digest = mark.map(|mark| [mark; 32]);
    let digest = digest.as_ref().map(<[u8; 32]>::as_slice);
    find_with_bearer(test.database.read(), instance_id, digest, now_us)
        .await
        .expect("a query")
}

#[tokio::test]
async fn it_finds_live_tokens_of_that_instance_only() {
    on_database(async |test| {
        let shop = test.add_instance("shop").await;
        test.add_instance("other").await;
        let serial = insert(test, new_token(shop, 1, None))
            .await
            .expect("a token");
        let endless = NewAccessToken {
            expires_at_us: None,
            lifetime_us: None,
            ..new_token(shop, 2, None)
        };
        insert(test, endless).await.expect("an endless token");

        assert_eq!(access(test, "nowhere", Some(1), NOW).await, None);
        assert_eq!(access(test, "SHOP", Some(1), NOW).await, None);
        let found = access(test, "shop", Some(1), NOW)
            .await
            .expect("the instance");
        assert_eq!(
            (found.instance.serial, found.instance.is_deleted),
            (shop, false)
        );
        assert_eq!(found.instance.instance_id, "shop");
        let credential = found.credential.expect("a credential");
        assert_eq!((credential.version, credential.method), (1, Method::Token));
        assert_eq!(
            (credential.is_legacy, credential.bearer_digest),
            (false, None)
        );
        let token = found.token.expect("a token");
        assert_eq!(
            (token.serial, token.scope.as_str(), token.refreshable),
            (serial, "readonly", true)
        );
        assert_eq!(
            (token.expires_at_us, token.lifetime_us),
            (Some(NOW + 1000), Some(1000))
        );

        for (instance_id, mark, now_us, is_found) in [
            ("shop", None, NOW, false),
            ("shop", Some(3), NOW, false),
            ("other", Some(1), NOW, false),
            ("shop", Some(1), NOW + 999, true),
            ("shop", Some(1), NOW + 1000, false),
            ("shop", Some(2), i64::MAX, true),
        ] {
            let found = access(test, instance_id, mark, now_us)
                .await
                .expect("the instance");
            assert_eq!(
                found.token.is_some(),
                is_found,
                "{instance_id} {mark:?} {now_us}"
            );
        }
    })
    .await;
}

#[tokio::test]
async fn it_tells_that_an_instance_is_deleted() {
    on_database(async |test| {
        let shop = test.add_instance("shop").await;
        let deleted: Result<_, DatabaseError> = test
            .database
            .write(move |transaction| Box::pin(instance::delete(transaction, shop, NOW)))
            .await;
        assert!(deleted.expect("a write"));
        let found = access(test, "shop", None, NOW).await.expect("the instance");
        assert!(found.instance.is_deleted);
    })
    .await;
}
