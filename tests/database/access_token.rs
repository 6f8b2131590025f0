//! Tokens are handed out, listed and ended.

use entity::access_token::Entity;
use futures_util::future::join_all;
use kontor::db::access_token::{self, NewAccessToken};
use kontor::db::{DatabaseError, Page, credential};
use sea_orm::{EntityTrait as _, PaginatorTrait as _};

use super::support::{NOW, TestDatabase, on_database, password};

pub fn new_token(instance_serial: i64, mark: u8, parent_serial: Option<i64>) -> NewAccessToken {
    NewAccessToken {
        instance_serial,
        credential_version: 1,
        digest: [mark; 32],
        scope: "readonly".to_owned(),
        refreshable: true,
        description: Some(format!("token {mark}")),
        created_at_us: NOW,
        expires_at_us: Some(NOW + 1000),
        lifetime_us: Some(1000),
        parent_serial,
    }
}

pub async fn insert(test: &TestDatabase, new: NewAccessToken) -> Option<i64> {
    let written: Result<_, DatabaseError> = test
        .database
        .write(move |transaction| {
            let new = new.clone();
            Box::pin(async move { access_token::insert(transaction, &new).await })
        })
        .await;
    written.expect("a write")
}

async fn add(test: &TestDatabase, instance: i64, mark: u8, parent: Option<i64>) -> i64 {
    insert(test, new_token(instance, mark, parent))
        .await
        .expect("a token")
}

async fn serials(test: &TestDatabase, instance: i64, limit: i64, offset: Option<i64>) -> Vec<i64> {
    let page = Page { limit, offset };
    let list = access_token::list(test.database.read(), instance, page, NOW).await;
    list.expect("a list")
        .into_iter()
        .map(|token| token.serial)
        .collect()
}

async fn revoke(test: &TestDatabase, instance: i64, serial: i64) -> bool {
    let written: Result<_, DatabaseError> = test
        .database
        .write(move |transaction| Box::pin(access_token::revoke(transaction, instance, serial)))
        .await;
    written.expect("a write")
}

async fn end_alone(test: &TestDatabase, instance: i64, serial: i64) -> bool {
    let written: Result<_, DatabaseError> = test
        .database
        .write(move |transaction| Box::pin(access_token::end_alone(transaction, instance, serial)))
        .await;
    written.expect("a write")
}

#[tokio::test]
async fn a_token_needs_the_credential_it_was_checked_against() {
    on_database(async |test| {
        let shop = test.add_instance("shop").await;
        assert!(insert(test, new_token(shop, 1, None)).await.is_some());
        let written: Result<_, DatabaseError> = test
            .database
            .write(move |transaction| {
                Box::pin(async move { credential::set(transaction, shop, &password(), NOW).await })
            })
            .await;
        assert_eq!(written.expect("a write"), 2);
        assert_eq!(insert(test, new_token(shop, 2, None)).await, None);
        assert_eq!(insert(test, new_token(shop + 1, 3, None)).await, None);
        let current = NewAccessToken {
            credential_version: 2,
            ..new_token(shop, 4, None)
        };
        assert!(insert(test, current).await.is_some());
    })
    .await;
}

#[tokio::test]
async fn a_refreshed_token_needs_a_live_parent_of_its_instance() {
    on_database(async |test| {
        let (shop, other) = (
            test.add_instance("shop").await,
            test.add_instance("other").await,
        );
        let parent = add(test, shop, 1, None).await;
        assert!(
            insert(test, new_token(shop, 2, Some(parent)))
                .await
                .is_some()
        );
        assert_eq!(insert(test, new_token(other, 3, Some(parent))).await, None);
        assert_eq!(
            insert(test, new_token(shop, 4, Some(parent + 100))).await,
            None
        );
        let late = NewAccessToken {
            created_at_us: NOW + 1000,
            ..new_token(shop, 5, Some(parent))
        };
        assert_eq!(insert(test, late).await, None);
    })
    .await;
}

#[tokio::test]
async fn lists_go_both_ways_and_show_live_tokens_of_one_instance() {
    on_database(async |test| {
        let (shop, other) = (
            test.add_instance("shop").await,
            test.add_instance("other").await,
        );
        let mut all = Vec::new();
        for mark in 1..=5 {
            all.push(add(test, shop, mark, None).await);
        }
        add(test, other, 6, None).await;
        let expired = NewAccessToken {
            expires_at_us: Some(NOW),
            ..new_token(shop, 7, None)
        };
        insert(test, expired).await.expect("an expired token");
        let endless = NewAccessToken {
            expires_at_us: None,
            ..new_token(shop, 8, None)
        };
        all.push(insert(test, endless).await.expect("an endless token"));
        let reversed: Vec<_> = all.iter().rev().copied().collect();
        assert_eq!(serials(test, shop, 20, None).await, all);
        assert_eq!(serials(test, shop, -20, None).await, reversed);
        assert_eq!(serials(test, shop, 2, Some(all[1])).await, all[2..4]);
        assert_eq!(serials(test, shop, -2, Some(all[4])).await, reversed[2..4]);
        assert_eq!(serials(test, shop, 2, Some(all[5])).await, [0; 0]);
    })
    .await;
}

#[tokio::test]
async fn ending_a_token_alone_passes_its_children_on() {
    on_database(async |test| {
        let (shop, other) = (
            test.add_instance("shop").await,
            test.add_instance("other").await,
        );
        let root = add(test, shop, 1, None).await;
        let middle = add(test, shop, 2, Some(root)).await;
        let leaf = add(test, shop, 3, Some(middle)).await;
        assert!(!end_alone(test, other, middle).await);
        assert!(end_alone(test, shop, middle).await);
        assert!(!end_alone(test, shop, middle).await);
        assert_eq!(serials(test, shop, 20, None).await, [root, leaf]);
        // So the revocation of the root still reaches what was refreshed from it by a detour.
        assert!(revoke(test, shop, root).await);
        assert_eq!(serials(test, shop, 20, None).await, [0; 0]);
        let root = add(test, shop, 4, None).await;
        let leaf = add(test, shop, 5, Some(root)).await;
        assert!(end_alone(test, shop, root).await);
        assert_eq!(serials(test, shop, 20, None).await, [leaf]);
    })
    .await;
}

#[tokio::test]
async fn revoking_a_token_ends_what_was_refreshed_from_it() {
    on_database(async |test| {
        let (shop, other) = (
            test.add_instance("shop").await,
            test.add_instance("other").await,
        );
        let root = add(test, shop, 1, None).await;
        let left = add(test, shop, 2, Some(root)).await;
        let right = add(test, shop, 3, Some(root)).await;
        add(test, shop, 4, Some(left)).await;
        assert!(!revoke(test, other, left).await);
        assert!(revoke(test, shop, left).await);
        assert_eq!(serials(test, shop, 20, None).await, [root, right]);
        assert!(!revoke(test, shop, left).await);
        let next = add(test, shop, 5, None).await;
        assert!(next > right + 1, "a serial is given out again");
    })
    .await;
}

#[tokio::test]
async fn no_token_escapes_a_revocation() {
    on_database(async |test| {
        let shop = test.add_instance("shop").await;
        for round in 0..15_u8 {
            let root = add(test, shop, round * 16, None).await;
            let refreshes =
                (1..8).map(|step| insert(test, new_token(shop, round * 16 + step, Some(root))));
            let (refreshed, revoked) = tokio::join!(join_all(refreshes), revoke(test, shop, root));
            assert!(revoked, "{refreshed:?}");
            assert_eq!(serials(test, shop, 20, None).await, [0; 0], "round {round}");
        }
    })
    .await;
}

#[tokio::test]
async fn what_is_refreshed_at_once_with_the_end_of_a_token_is_revoked_with_the_first_of_the_chain()
{
    on_database(async |test| {
        let shop = test.add_instance("shop").await;
        for round in 0..15_u8 {
            let root = add(test, shop, round * 16, None).await;
            let middle = add(test, shop, round * 16 + 1, Some(root)).await;
            let refreshes =
                (2..9).map(|step| insert(test, new_token(shop, round * 16 + step, Some(middle))));
            let (refreshed, ended) =
                tokio::join!(join_all(refreshes), end_alone(test, shop, middle));
            assert!(ended, "{refreshed:?}");
            assert!(!revoke(test, shop, middle).await);
            assert!(revoke(test, shop, root).await);
            let left = Entity::find().count(test.database.read()).await;
            assert_eq!(left.expect("a count"), 0, "round {round}");
        }
    })
    .await;
}

#[tokio::test]
async fn no_token_escapes_a_change_of_the_credential() {
    on_database(async |test| {
        let shop = test.add_instance("shop").await;
        for round in 0..15_u8 {
            let version = i64::from(round) + 1;
            let logins = (0..8).map(|step| {
                let new = new_token(shop, round * 16 + step, None);
                insert(
                    test,
                    NewAccessToken {
                        credential_version: version,
                        ..new
                    },
                )
            });
            let change = test.database.write(move |transaction| {
                Box::pin(async move {
                    let version = credential::set(transaction, shop, &password(), NOW).await?;
                    access_token::end_all(transaction, shop).await?;
                    Ok::<_, DatabaseError>(version)
                })
            });
            let (_, changed) = tokio::join!(join_all(logins), change);
            assert_eq!(changed.expect("a change"), version + 1);
            assert_eq!(serials(test, shop, 20, None).await, [0; 0], "round {round}");
        }
    })
    .await;
}

#[tokio::test]
async fn expired_tokens_go_and_their_chains_stay() {
    on_database(async |test| {
        let shop = test.add_instance("shop").await;
        let root = add(test, shop, 1, None).await;
        let leaf = add(test, shop, 2, Some(root)).await;
        let endless = NewAccessToken {
            expires_at_us: None,
            ..new_token(shop, 3, Some(leaf))
        };
        let endless = insert(test, endless).await.expect("an endless token");
        add(test, shop, 4, None).await;
        add(test, shop, 5, None).await;
        let remove = async |most: u32| {
            let written: Result<_, DatabaseError> = test
                .database
                .write(move |transaction| {
                    Box::pin(access_token::remove_expired(
                        transaction,
                        shop,
                        NOW + 1000,
                        most,
                    ))
                })
                .await;
            written.expect("a write")
        };
        assert_eq!(
            [remove(1).await, remove(9).await, remove(9).await],
            [1, 3, 0]
        );
        assert_eq!(serials(test, shop, 20, None).await, [endless]);
        // The middle of the chain is forgotten, its begin is not.
        assert!(!revoke(test, shop, leaf).await);
        assert!(!revoke(test, shop + 1, root).await);
        assert!(revoke(test, shop, root).await);
        assert_eq!(serials(test, shop, 20, None).await, [0; 0]);
        assert!(!revoke(test, shop, root).await);
    })
    .await;
}
