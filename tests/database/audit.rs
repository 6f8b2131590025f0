//! What is recorded, is recorded with what it tells of, and kept as long as is said.

use std::net::IpAddr;
use std::time::Duration;

use entity::audit_event::{ActorKind, Model, Outcome};
use kontor::audit::{
    Actor, Cap, CredentialChange, CredentialForm, Event, LoginRefusal, MaskedAddress, Origin,
    REFUSAL_WINDOW, REFUSALS_IN_WINDOW, Recorder,
};
use kontor::clock::{Clock, UnixMicros};
use kontor::db::audit::{AuditFilter, latest, remove_old};
use kontor::db::instance;
use kontor::http::request_id::AssignRequestId;
use kontor::http::{ClientAddress, RequestId, TrustedProxies};
use kontor::random::Random;
use kontor::tan::{Channel, DeliveryError, Purpose};
use kontor_openapi::scalar::{HashCode, OtpAlgorithm};
use poem::{Endpoint as _, EndpointExt as _, Request};
use serde_json::{Value, json};

use super::support::{NOW, TestDatabase, TestError, on_database};

const DAY: Duration = Duration::from_secs(86_400);

fn owner() -> Actor {
    Actor::Token {
        instance: "shop".to_owned(),
        serial: 3,
    }
}

fn client() -> ClientAddress {
    ClientAddress(IpAddr::from([192, 0, 2, 7]))
}

/// An id as requests get it.
async fn request_id() -> RequestId {
    let assign = AssignRequestId::new(
        TrustedProxies::new([]),
        Clock::mock(UnixMicros::new(NOW)).0,
        &Random::seeded(7),
    );
    let (send, receive) = std::sync::mpsc::channel();
    let endpoint = poem::endpoint::make_sync(move |request: Request| {
        let id = request.data::<RequestId>().expect("an id").clone();
        send.send(id).expect("a test that waits");
    });
    let answered = endpoint.with(assign).call(Request::default()).await;
    answered.expect("an answer");
    receive.recv().expect("an id")
}

async fn origin(actor: Actor) -> Origin {
    Origin::of_request(actor, client(), &request_id().await)
}

async fn recorder(after: Duration) -> Recorder {
    let at = UnixMicros::new(NOW).after(after);
    Recorder::at(at, origin(owner()).await)
}

async fn record(test: &TestDatabase, recorder: &Recorder, instance: &'static str, event: Event) {
    let recorder = recorder.clone();
    let written: Result<(), TestError> = test
        .database
        .write(move |transaction| {
            let (recorder, event) = (recorder.clone(), event.clone());
            Box::pin(async move { Ok(recorder.record(transaction, instance, &event).await?) })
        })
        .await;
    written.expect("a write");
}

async fn stored(test: &TestDatabase, filter: AuditFilter) -> Vec<Model> {
    latest(test.database.read(), &filter, 1000)
        .await
        .expect("events")
}

async fn all(test: &TestDatabase) -> Vec<Model> {
    stored(test, AuditFilter::default()).await
}

fn names(events: &[Model]) -> Vec<&str> {
    events.iter().map(|event| event.event.as_str()).collect()
}

/// One of each, with what its row holds beside the name.
fn one_of_each() -> Vec<(Event, Value)> {
    let (purpose, channel) = (Purpose::LogIn, Channel::Email);
    let address = MaskedAddress::new("a***@e***.org");
    let scope = "all:refreshable".parse().expect("a scope");
    let h_wire = HashCode([7; 64]);
    let token = json!({"token_serial": 17, "scope": "all:refreshable"});
    let challenge = json!({"purpose": "log-in", "channel": "email", "address": "a***@e***.org"});
    let factor = json!({"channel": "email", "address": "a***@e***.org"});
    #[rustfmt::skip]
    let events = vec![
        (Event::LoginGranted { token_serial: 17, scope }, token.clone()),
        (Event::LoginRefused { reason: LoginRefusal::WrongPassword }, json!({"reason": "wrong-password"})),
        (Event::TokenGranted { token_serial: 17, scope }, token.clone()),
        (Event::TokenRefreshed { token_serial: 17, scope }, token),
        (Event::TokenRevoked { token_serial: 17 }, json!({"token_serial": 17})),
        (Event::InstanceCreated { self_provisioned: true }, json!({"self_provisioned": true})),
        (Event::InstanceChanged, json!({})),
        (Event::InstanceDisabled, json!({})),
        (Event::InstancePurged, json!({})),
        (
            Event::CredentialsChanged { by: CredentialChange::Reset, form: CredentialForm::LegacySecret, tokens_ended: true },
            json!({"by": "reset", "form": "legacy-secret", "tokens_ended": true}),
        ),
        (Event::ChallengeSent { purpose, channel, address: address.clone() }, challenge.clone()),
        (
            Event::ChallengeUndelivered { purpose, channel, address: address.clone(), reason: DeliveryError::OutcomeUnknown },
            json!({"purpose": "log-in", "channel": "email", "address": "a***@e***.org", "reason": "outcome-unknown"}),
        ),
        (Event::ChallengeSolved { purpose, channel, address: address.clone() }, challenge),
        (
            Event::ChallengeFailed { purpose, channel, guesses_left: 0 },
            json!({"purpose": "log-in", "channel": "email", "guesses_left": 0}),
        ),
        (
            Event::ChallengeRefused { purpose, channel: None, cap: Cap::OpenChallenges },
            json!({"purpose": "log-in", "cap": "open-challenges"}),
        ),
        (Event::ContactChanged { channel, address: None }, json!({"channel": "email"})),
        (Event::FactorAdded { channel, address: address.clone() }, factor.clone()),
        (
            Event::FactorMoved { channel, from: MaskedAddress::new("b***@e***.org"), address: address.clone() },
            json!({"channel": "email", "from": "b***@e***.org", "address": "a***@e***.org"}),
        ),
        (Event::FactorDropped { channel, address }, factor),
        (Event::FactorCleared, json!({})),
        (
            Event::AccountAdded { h_wire, reactivated: true },
            json!({"h_wire": h_wire.to_string(), "reactivated": true}),
        ),
        (Event::AccountChanged { h_wire }, json!({"h_wire": h_wire.to_string()})),
        (Event::AccountDeactivated { h_wire }, json!({"h_wire": h_wire.to_string()})),
        (
            Event::OtpDeviceCreated { device_serial: 5, algorithm: OtpAlgorithm::None },
            json!({"device_serial": 5, "algorithm": "NONE"}),
        ),
        (
            Event::OtpDeviceChanged { device_serial: 5, algorithm: OtpAlgorithm::TotpWithPrice, key_replaced: true },
            json!({"device_serial": 5, "algorithm": "TOTP_WITH_PRICE", "key_replaced": true}),
        ),
        (Event::OtpDeviceDeleted { device_serial: 5 }, json!({"device_serial": 5})),
        (Event::ClientRegistered { client: 17 }, json!({"client": 17})),
        (Event::ClientSecretReplaced { client: 17 }, json!({"client": 17})),
        (Event::ClientDeleted { client: 17 }, json!({"client": 17})),
    ];
    events
}

#[tokio::test]
async fn every_event_is_read_as_it_was_recorded() {
    on_database(async |test| {
        let recorder = recorder(Duration::ZERO).await;
        for (event, _) in one_of_each() {
            record(test, &recorder, "shop", event).await;
        }
        let events = all(test).await;
        assert_eq!(names(&events), Event::NAMES);
        for (row, (event, detail)) in events.iter().zip(one_of_each()) {
            assert_eq!(row.event, event.name());
            assert_eq!(row.detail, detail, "{}", row.event);
            assert_eq!(row.outcome, event.outcome());
            assert_eq!((row.at_us, row.instance_id.as_str()), (NOW, "shop"));
        }
        let refused = events
            .iter()
            .filter(|event| event.outcome == Outcome::Refused);
        assert_eq!(
            refused.map(|event| &event.event[..]).collect::<Vec<_>>(),
            [
                "login.refused",
                "challenge.undelivered",
                "challenge.failed",
                "challenge.refused"
            ]
        );
    })
    .await;
}

#[tokio::test]
async fn rows_say_who_and_from_where() {
    on_database(async |test| {
        let shop = || "shop".to_owned();
        let instance = Some(shop());
        let request = origin(Actor::Anonymous).await;
        for (actor, kind, instance, serial) in [
            (Actor::Anonymous, ActorKind::Anonymous, None, None),
            (
                Actor::Password { instance: shop() },
                ActorKind::Password,
                instance.clone(),
                None,
            ),
            (
                Actor::LegacySecret { instance: shop() },
                ActorKind::LegacySecret,
                instance.clone(),
                None,
            ),
            (owner(), ActorKind::Token, instance.clone(), Some(3)),
            (
                Actor::SecondFactor { instance: shop() },
                ActorKind::SecondFactor,
                instance.clone(),
                None,
            ),
            (
                Actor::External { instance: shop() },
                ActorKind::External,
                instance.clone(),
                None,
            ),
        ] {
            let origin = request.clone().with_actor(actor);
            let recorder = Recorder::at(UnixMicros::new(NOW), origin);
            record(test, &recorder, "shop", Event::InstanceChanged).await;
            let row = all(test).await.pop().expect("a row");
            assert_eq!(row.actor_kind, kind);
            assert_eq!(
                (row.actor_instance, row.actor_token_serial),
                (instance, serial)
            );
            assert_eq!(row.actor_user, None);
            assert_eq!(row.address.as_deref(), Some("192.0.2.7"));
            assert_eq!(row.request_id.map(|id| id.len()), Some(26));
        }
        let recorder = Recorder::at(UnixMicros::new(NOW), Origin::of_command_line());
        record(test, &recorder, "shop", Event::FactorCleared).await;
        let row = all(test).await.pop().expect("a row");
        assert_eq!(row.actor_kind, ActorKind::CommandLine);
        assert_eq!(
            (row.address, row.request_id, row.actor_instance),
            (None, None, None)
        );
    })
    .await;
}

#[tokio::test]
async fn filters_and_limits_choose_the_latest_in_order() {
    on_database(async |test| {
        for day in 0..4 {
            let recorder = recorder(day * DAY).await;
            record(test, &recorder, "shop", Event::InstanceChanged).await;
            record(test, &recorder, "other", Event::InstanceChanged).await;
            record(test, &recorder, "shop", Event::FactorCleared).await;
        }
        let days = |events: &[Model]| -> Vec<i64> {
            let day_us = i64::try_from(DAY.as_micros()).expect("a day");
            events
                .iter()
                .map(|event| (event.at_us - NOW) / day_us)
                .collect()
        };
        let of_shop = AuditFilter {
            instance_id: Some("shop".to_owned()),
            events: vec!["instance.changed".to_owned()],
            since_us: None,
        };
        assert_eq!(days(&stored(test, of_shop.clone()).await), [0, 1, 2, 3]);
        let since = AuditFilter {
            since_us: Some(UnixMicros::new(NOW).after(2 * DAY).get()),
            ..of_shop.clone()
        };
        assert_eq!(days(&stored(test, since.clone()).await), [2, 3]);
        let both_names = AuditFilter {
            events: vec!["instance.changed".to_owned(), "factor.cleared".to_owned()],
            ..since
        };
        assert_eq!(stored(test, both_names).await.len(), 4);
        let nobody = AuditFilter {
            instance_id: Some("Shop".to_owned()),
            ..AuditFilter::default()
        };
        assert!(stored(test, nobody).await.is_empty());

        let limited = latest(test.database.read(), &AuditFilter::default(), 4).await;
        let limited = limited.expect("events");
        assert_eq!(days(&limited), [2, 3, 3, 3]);
        let is_ascending = |pair: &[Model]| pair[0].serial < pair[1].serial;
        assert!(limited.windows(2).all(is_ascending));
    })
    .await;
}

#[tokio::test]
async fn a_write_that_fails_leaves_no_event() {
    on_database(async |test| {
        let recorder = recorder(Duration::ZERO).await;
        let refused: Result<(), TestError> = test
            .database
            .write(move |transaction| {
                let recorder = recorder.clone();
                Box::pin(async move {
                    recorder
                        .record(transaction, "shop", &Event::InstanceChanged)
                        .await?;
                    Err(TestError::Refused)
                })
            })
            .await;
        assert!(matches!(refused, Err(TestError::Refused)), "{refused:?}");
        assert!(all(test).await.is_empty());
    })
    .await;
}

#[tokio::test]
async fn events_outlive_their_instance() {
    on_database(async |test| {
        let serial = test.add_instance("shop").await;
        let recorder = recorder(Duration::ZERO).await;
        record(test, &recorder, "shop", Event::InstanceChanged).await;
        let purged: Result<bool, TestError> = test
            .database
            .write(move |transaction| {
                let recorder = recorder.clone();
                Box::pin(async move {
                    let purged = instance::purge(transaction, serial).await?;
                    recorder
                        .record(transaction, "shop", &Event::InstancePurged)
                        .await?;
                    Ok(purged)
                })
            })
            .await;
        assert!(purged.expect("a write"));
        assert_eq!(
            names(&all(test).await),
            ["instance.changed", "instance.purged"]
        );
    })
    .await;
}

#[tokio::test]
async fn old_events_go_a_few_at_a_time() {
    on_database(async |test| {
        let old = recorder(Duration::ZERO).await;
        for _ in 0..15 {
            record(test, &old, "shop", Event::InstanceChanged).await;
        }
        let new = recorder(DAY).await;
        record(test, &new, "shop", Event::InstanceChanged).await;
        let remove = async |before_us| {
            let removed: Result<_, TestError> = test
                .database
                .write(move |transaction| {
                    Box::pin(async move { Ok(remove_old(transaction, before_us, 10).await?) })
                })
                .await;
            removed.expect("a write")
        };
        assert_eq!(remove(NOW).await, 0);
        assert_eq!([remove(NOW + 1).await, remove(NOW + 1).await], [10, 5]);
        assert_eq!(all(test).await.len(), 1);
    })
    .await;
}

#[tokio::test]
async fn strangers_cannot_fill_the_table() {
    on_database(async |test| {
        let refusal = || Event::LoginRefused {
            reason: LoginRefusal::WrongPassword,
        };
        let recorder_now = recorder(Duration::ZERO).await;
        let database = &test.database;
        let two_more: Result<(), TestError> = database
            .write({
                let recorder = recorder_now.clone();
                move |transaction| {
                    let recorder = recorder.clone();
                    Box::pin(async move {
                        for _ in 0..REFUSALS_IN_WINDOW + 2 {
                            recorder.record(transaction, "shop", &refusal()).await?;
                        }
                        Ok(())
                    })
                }
            })
            .await;
        two_more.expect("a write");
        let events = all(test).await;
        let limit = usize::try_from(REFUSALS_IN_WINDOW).expect("a number");
        assert_eq!(events.len(), limit);
        let marked = events
            .iter()
            .filter(|event| event.detail.get("further_ones_recorded").is_some());
        assert_eq!(
            marked.map(|event| event.serial).collect::<Vec<_>>(),
            [events[limit - 1].serial]
        );

        // Other instances, other refusals, and what was not refused, count apart.
        record(test, &recorder_now, "other", refusal()).await;
        let failed = Event::ChallengeFailed {
            purpose: Purpose::LogIn,
            channel: Channel::Sms,
            guesses_left: 2,
        };
        record(test, &recorder_now, "shop", failed).await;
        record(test, &recorder_now, "shop", Event::InstanceChanged).await;
        assert_eq!(all(test).await.len(), limit + 3);
        let later = recorder(REFUSAL_WINDOW).await;
        record(test, &later, "shop", refusal()).await;
        assert_eq!(all(test).await.len(), limit + 4);
    })
    .await;
}

#[test]
fn the_documentation_names_every_event() {
    let page = include_str!("../../docs/audit.md");
    for name in Event::NAMES {
        assert!(page.contains(&format!("| `{name}` |")), "{name}");
    }
}
