//! Instances and credentials are stored as given.

use entity::SecretText;
use kontor::db::credential::{KeyedDigest, NewCredential};
use kontor::db::instance::{InstanceDefaultsChange, InstanceProfile};
use kontor::db::{DatabaseError, access_token, credential, instance};

use super::support::{KEY_ID, NOW, TestDatabase, TestError, new_instance, on_database, profile};

/// Runs one changing query.
macro_rules! change {
    ($test:expr, |$transaction:ident| $query:expr) => {{
        let written: Result<_, DatabaseError> = $test
            .database
            .write(move |$transaction| Box::pin(async move { $query.await }))
            .await;
        written.expect("a write")
    }};
}

#[tokio::test]
async fn every_field_is_stored() {
    on_database(async |test| {
        let serial = test.add_instance("shop").await;
        let stored = instance::find(test.database.read(), "shop")
            .await
            .expect("a query");
        let stored = stored.expect("the instance");
        let given = new_instance("shop");
        assert_eq!(stored.serial, serial);
        let stored_profile = InstanceProfile {
            name: stored.name.clone(),
            email: stored.email.clone(),
            phone_number: stored.phone_number.clone(),
            website: stored.website.clone(),
            logo: stored.logo.clone(),
            address: stored.address.clone(),
            jurisdiction: stored.jurisdiction.clone(),
            use_stefan: stored.use_stefan,
        };
        assert_eq!(stored_profile, given.profile);
        // The order of members is kept too.
        assert_eq!(
            stored.address.to_string(),
            given.profile.address.to_string()
        );
        let delays = (
            stored.default_pay_delay_us,
            stored.default_refund_delay_us,
            stored.default_wire_transfer_delay_us,
        );
        assert_eq!(
            (
                delays,
                stored.default_wire_transfer_rounding_interval.as_str()
            ),
            ((1, 2, 3), "NONE")
        );
        assert_eq!(stored.merchant_pub, given.merchant_pub);
        assert_eq!(stored.merchant_priv, Some(given.merchant_priv));
        assert_eq!((stored.created_at_us, stored.deleted_at_us), (NOW, None));
        let by_serial = instance::find_by_serial(test.database.read(), serial).await;
        assert_eq!(by_serial.expect("a query").as_ref(), Some(&stored));
        assert!(!format!("{stored:?}").contains("sealed"));
    })
    .await;
}

#[tokio::test]
async fn names_are_unique_by_case_and_sorted_by_bytes() {
    on_database(async |test| {
        for instance_id in ["b", "a", "B", "a.1", "a-1"] {
            test.add_instance(instance_id).await;
        }
        let again = change!(test, |transaction| async {
            instance::insert(transaction, &new_instance("a")).await
        });
        assert_eq!(again, None);
        let list = instance::list(test.database.read()).await.expect("a list");
        let names: Vec<_> = list.iter().map(|one| one.instance_id.as_str()).collect();
        assert_eq!(names, ["B", "a", "a-1", "a.1", "b"]);
    })
    .await;
}

#[tokio::test]
async fn an_update_clears_what_is_absent_and_keeps_defaults() {
    on_database(async |test| {
        let serial = test.add_instance("shop").await;
        let updated = change!(test, |transaction| async move {
            let bare = InstanceProfile {
                name: "New".to_owned(),
                email: None,
                logo: None,
                ..profile()
            };
            let defaults = InstanceDefaultsChange {
                refund_delay_us: Some(20),
                ..Default::default()
            };
            instance::update(transaction, serial, &bare, &defaults).await
        });
        assert!(updated);
        let stored = find(test, serial).await.expect("the instance");
        assert_eq!(
            (stored.name.as_str(), &stored.email, &stored.logo),
            ("New", &None, &None)
        );
        assert_eq!(
            (stored.default_pay_delay_us, stored.default_refund_delay_us),
            (1, 20)
        );
        assert_eq!(stored.default_wire_transfer_rounding_interval, "NONE");
    })
    .await;
}

#[tokio::test]
async fn a_deleted_instance_keeps_its_name_until_it_is_purged() {
    on_database(async |test| {
        let serial = test.add_instance("shop").await;
        assert!(change!(test, |transaction| instance::delete(
            transaction,
            serial,
            NOW + 1
        )));
        assert!(!change!(test, |transaction| instance::delete(
            transaction,
            serial,
            NOW + 2
        )));
        let stored = find(test, serial).await.expect("the instance");
        assert_eq!(
            (stored.merchant_priv, stored.deleted_at_us),
            (None, Some(NOW + 1))
        );
        let updated = change!(test, |transaction| async move {
            instance::update(
                transaction,
                serial,
                &profile(),
                &InstanceDefaultsChange::default(),
            )
            .await
        });
        let again = change!(test, |transaction| async {
            instance::insert(transaction, &new_instance("shop")).await
        });
        assert_eq!((updated, again), (false, None));

        assert!(change!(test, |transaction| instance::purge(
            transaction,
            serial
        )));
        assert!(!change!(test, |transaction| instance::purge(
            transaction,
            serial
        )));
        let credential = credential::find(test.database.read(), serial)
            .await
            .expect("a query");
        assert_eq!((find(test, serial).await, credential), (None, None));
        let next = test.add_instance("shop").await;
        assert!(next > serial, "the serial {serial} is given out again");
    })
    .await;
}

#[tokio::test]
async fn each_change_of_a_credential_is_a_new_version() {
    on_database(async |test| {
        let serial = test.add_instance("shop").await;
        let first = credential::find(test.database.read(), serial)
            .await
            .expect("a query");
        let first = first.expect("a credential");
        assert!(!first.is_legacy && first.bearer_digest.is_none());
        let version = change!(test, |transaction| async move {
            let digest = entity::SecretBytes::new(*b"digest");
            let bearer = Some(KeyedDigest {
                digest,
                key_id: KEY_ID.to_owned(),
            });
            let legacy = NewCredential::Legacy {
                hash: SecretText::new("$new"),
                bearer,
            };
            credential::set(transaction, serial, &legacy, NOW + 5).await
        });
        assert_eq!(version, first.version + 1);
        let second = credential::find(test.database.read(), serial)
            .await
            .expect("a query");
        let second = second.expect("a credential");
        assert!(second.is_legacy && second.bearer_digest.is_some());
        assert_eq!((second.version, second.changed_at_us), (version, NOW + 5));
        assert!(!format!("{second:?}").contains("$new"));
        let version = change!(test, |transaction| {
            credential::set(transaction, serial, &NewCredential::External, NOW)
        });
        let third = credential::find(test.database.read(), serial)
            .await
            .expect("a query");
        let third = third.expect("a credential");
        assert_eq!(
            (third.version, third.password_hash, third.bearer_digest),
            (version, None, None)
        );
        assert_eq!(
            change!(test, |transaction| access_token::end_all(
                transaction,
                serial
            )),
            0
        );
    })
    .await;
}

#[tokio::test]
async fn rows_name_only_known_keys() {
    on_database(async |test| {
        let written: Result<_, TestError> = test
            .database
            .write(|transaction| {
                Box::pin(
                    async move { Ok(instance::insert(transaction, &new_instance("shop")).await?) },
                )
            })
            .await;
        assert!(
            matches!(written, Err(TestError::Database(DatabaseError::Store(_)))),
            "{written:?}"
        );
    })
    .await;
}

async fn find(test: &TestDatabase, serial: i64) -> Option<entity::instance::Model> {
    instance::find_by_serial(test.database.read(), serial)
        .await
        .expect("a query")
}
