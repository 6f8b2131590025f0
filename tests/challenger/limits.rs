//! How often each thing may be done, and how long it lasts.

use std::time::Duration;

use serde_json::{Value, json};

use super::support::{EMAIL, Scene, code_of, on_challenger, on_challenger_with};

/// Makes of the e-mail helper one that ends with this status.
fn helper(script: &str) -> Option<Vec<String>> {
    let words = ["sh", "-c", script].map(str::to_owned);
    Some(words.to_vec())
}

async fn left(scene: &Scene<'_>, nonce: &str) -> (Value, Value, Value) {
    let status = scene
        .authorize(nonce, &[("state", "a b&c")])
        .await
        .expect(200);
    (
        status["changes_left"].clone(),
        status["pin_transmissions_left"].clone(),
        status["auth_attempts_left"].clone(),
    )
}

#[tokio::test]
async fn wrong_codes_cost_attempts() {
    on_challenger(async |scene| {
        let nonce = scene.begun().await;
        scene.solve(&nonce, "12345678").await.refuses(409, 9761);
        scene.give(&nonce, EMAIL).await.expect(200);
        for attempts_left in [2, 1, 0] {
            let refused = scene.solve(&nonce, &scene.wrong_pin()).await;
            let refused = refused.refuses(403, 9758);
            assert_eq!(refused["type"], "pending");
            assert_eq!(refused["auth_attempts_left"], attempts_left);
            assert_eq!(refused["addresses_left"], 2);
            assert_eq!(refused["pin_transmissions_left"], 2);
            assert_eq!(
                (&refused["exhausted"], &refused["no_challenge"]),
                (&json!(false), &json!(false))
            );
        }
        let refused = scene.solve(&nonce, &scene.pin()).await;
        refused.refuses(429, 9766);
        assert_eq!(refused.header("retry-after"), Some("30"));
        // Another code can be tried again.
        scene.app.clock.advance(Duration::from_secs(30));
        scene.give(&nonce, EMAIL).await.expect(200);
        scene.solve(&nonce, &scene.pin()).await.expect(200);
    })
    .await;
}

#[tokio::test]
async fn what_is_no_code_costs_nothing() {
    on_challenger(async |scene| {
        let nonce = scene.begun().await;
        scene.give(&nonce, EMAIL).await.expect(200);
        for text in [
            "",
            "1234567",
            "123456789",
            "abcdefgh",
            "1234-567",
            "12345678x",
        ] {
            scene.solve(&nonce, text).await.blames(400, 26, "pin");
        }
        let call = scene.post(&format!("/solve/{nonce}"));
        call.form(&[("code", "x")])
            .send()
            .await
            .blames(400, 25, "pin");
        assert_eq!(left(scene, &nonce).await.2, 3);
    })
    .await;
}

#[tokio::test]
async fn codes_are_sent_at_intervals_and_three_times() {
    on_challenger(async |scene| {
        let nonce = scene.begun().await;
        scene.give(&nonce, EMAIL).await.expect(200);
        let first = scene.pin();
        let again = scene.give(&nonce, EMAIL).await.expect(200);
        assert_eq!(again["transmitted"], false);
        assert_eq!(scene.sent().len(), 1);
        for sent in [2, 3] {
            scene.app.clock.advance(Duration::from_secs(30));
            let again = scene.give(&nonce, EMAIL).await.expect(200);
            assert_eq!(again["transmitted"], true);
            assert_eq!(scene.sent().len(), sent);
        }
        assert_eq!(left(scene, &nonce).await, (json!(2), json!(0), json!(3)));
        // Each code makes the one before it void.
        scene.solve(&nonce, &first).await.refuses(403, 9758);
        scene.app.clock.advance(Duration::from_secs(30));
        let refused = scene.give(&nonce, EMAIL).await;
        refused.refuses(429, 9765);
        assert!(refused.header("retry-after").is_some());
        // Another address has its own.
        scene.give(&nonce, "grace@example.com").await.expect(200);
        assert_eq!(left(scene, &nonce).await, (json!(1), json!(2), json!(3)));
    })
    .await;
}

#[tokio::test]
async fn another_address_makes_the_code_void() {
    on_challenger(async |scene| {
        let nonce = scene.begun().await;
        scene.give(&nonce, EMAIL).await.expect(200);
        let first = scene.pin();
        scene.give(&nonce, "grace@example.com").await.expect(200);
        scene.solve(&nonce, &first).await.refuses(403, 9758);
        let solved = scene.solve(&nonce, &scene.pin()).await.expect(200);
        let code = code_of(solved["redirect_url"].as_str().expect("a URL"));
        let token = scene.redeem(&scene.token_request(&code)).await.expect(200);
        let info = scene
            .info(token["access_token"].as_str().expect("a token"))
            .await;
        assert_eq!(
            info.expect(200)["address"]["CONTACT_EMAIL"],
            "grace@example.com"
        );
    })
    .await;
}

#[tokio::test]
async fn addresses_come_to_an_end_and_then_everything_does() {
    on_challenger(async |scene| {
        let nonce = scene.begun().await;
        for (address, changes_left) in [
            ("a@example.com", 2),
            ("b@example.com", 1),
            ("c@example.com", 0),
        ] {
            scene.give(&nonce, address).await.expect(200);
            assert_eq!(left(scene, &nonce).await.0, changes_left);
        }
        scene.give(&nonce, "d@example.com").await.refuses(429, 9764);
        for _ in 0..2 {
            scene.app.clock.advance(Duration::from_secs(30));
            scene.give(&nonce, "c@example.com").await.expect(200);
        }
        scene.app.clock.advance(Duration::from_secs(30));
        scene.give(&nonce, "c@example.com").await.refuses(429, 9765);
        for _ in 0..3 {
            scene
                .solve(&nonce, &scene.wrong_pin())
                .await
                .refuses(403, 9758);
        }
        // Final: for all who ask, and for a right code as well.
        scene.solve(&nonce, &scene.pin()).await.refuses(410, 9772);
        scene.give(&nonce, "c@example.com").await.refuses(410, 9772);
        scene
            .authorize(&nonce, &[("state", "a b&c")])
            .await
            .refuses(410, 9772);
        let path = scene.authorize_path(&nonce, &[]);
        scene.post(&path).send().await.refuses(410, 9772);
        let page = scene.get(&format!("/ui/{nonce}")).browser().send().await;
        assert_eq!((page.status.as_u16(), page.code()), (410, Some(9772)));
    })
    .await;
}

#[tokio::test]
async fn a_code_that_expired_with_nothing_left_is_the_end_too() {
    on_challenger(async |scene| {
        let nonce = scene
            .nonce(&json!({ "CONTACT_EMAIL": EMAIL, "read_only": true }))
            .await;
        scene.authorize(&nonce, &[]).await.expect(200);
        for _ in 0..3 {
            scene.give(&nonce, EMAIL).await.expect(200);
            scene.app.clock.advance(Duration::from_secs(30));
        }
        scene.app.clock.advance(Duration::from_secs(5 * 60));
        scene.solve(&nonce, &scene.pin()).await.refuses(410, 9772);
    })
    .await;
}

#[tokio::test]
async fn codes_expire() {
    on_challenger(async |scene| {
        let nonce = scene.begun().await;
        scene.give(&nonce, EMAIL).await.expect(200);
        let lifetime = scene.app.app.settings.tan.lifetime;
        scene.app.clock.advance(lifetime - Duration::from_micros(1));
        scene
            .solve(&nonce, &scene.wrong_pin())
            .await
            .refuses(403, 9758);
        scene.app.clock.advance(Duration::from_micros(1));
        scene.solve(&nonce, &scene.pin()).await.refuses(429, 9766);
        scene.give(&nonce, EMAIL).await.expect(200);
        scene.solve(&nonce, &scene.pin()).await.expect(200);
    })
    .await;
}

#[tokio::test]
async fn validations_expire() {
    on_challenger(async |scene| {
        let nonce = scene.begun().await;
        let duration = scene.app.app.settings.challenger.validation_duration;
        scene.app.clock.advance(duration - Duration::from_micros(1));
        scene.give(&nonce, EMAIL).await.expect(200);
        scene.app.clock.advance(Duration::from_micros(1));
        scene.solve(&nonce, &scene.pin()).await.refuses(404, 9755);
        scene.give(&nonce, EMAIL).await.refuses(404, 9755);
        scene
            .authorize(&nonce, &[("state", "a b&c")])
            .await
            .refuses(404, 9755);
    })
    .await;
}

#[tokio::test]
async fn authorization_codes_and_tokens_expire_and_addresses_are_deleted() {
    on_challenger(async |scene| {
        let settings = &scene.app.app.settings.challenger;
        let code = scene.code().await;
        scene.app.clock.advance(settings.code_lifetime);
        let refused = scene.redeem(&scene.token_request(&code)).await;
        assert_eq!(refused.refuses(400, 9753)["error"], "invalid_grant");

        let code = scene.code().await;
        scene
            .app
            .clock
            .advance(settings.code_lifetime - Duration::from_micros(1));
        let token = scene.redeem(&scene.token_request(&code)).await.expect(200);
        let token = token["access_token"].as_str().expect("a token");
        scene
            .app
            .clock
            .advance(settings.token_lifetime - Duration::from_micros(1));
        scene.info(token).await.expect(200);
        scene.app.clock.advance(Duration::from_micros(1));
        scene.info(token).await.refuses(401, 9768);

        kontor::sweep::sweep(&scene.app.app).await.expect("a sweep");
        use sea_orm::{EntityTrait as _, PaginatorTrait as _};
        let reader = scene.app.app.database.read();
        let validations = entity::validation::Entity::find().count(reader).await;
        let grants = entity::address_grant::Entity::find().count(reader).await;
        assert_eq!(
            (validations.expect("a query"), grants.expect("a query")),
            (0, 0)
        );
    })
    .await;
}

#[tokio::test]
async fn an_address_gets_so_many_codes_a_day() {
    on_challenger_with(
        |settings| settings.tan.daily_limit = 2,
        async |scene| {
            for _ in 0..2 {
                let nonce = scene.begun().await;
                scene.give(&nonce, EMAIL).await.expect(200);
                scene.solve(&nonce, &scene.pin()).await.expect(200);
            }
            let nonce = scene.begun().await;
            let refused = scene.give(&nonce, "ADA@example.com").await;
            refused.refuses(429, 9757);
            assert_eq!(refused.header("retry-after"), Some("86400"));
            // Nothing was taken away, and others are not concerned.
            assert_eq!(left(scene, &nonce).await.0, 3);
            scene.give(&nonce, "grace@example.com").await.expect(200);
            scene.app.clock.advance(Duration::from_secs(86_400));
            let nonce = scene.begun().await;
            scene.give(&nonce, EMAIL).await.expect(200);
        },
    )
    .await;
}

#[tokio::test]
async fn what_was_not_sent_costs_no_code() {
    for (status, answer, code) in [
        (65, 400, 9769),
        (69, 503, 9770),
        (78, 500, 9771),
        (75, 502, 9752),
    ] {
        on_challenger_with(
            |settings| {
                settings.tan.email.spool = None;
                settings.tan.email.command = helper(&format!("cat >/dev/null; exit {status}"));
            },
            async |scene| {
                let nonce = scene.begun().await;
                let refused = scene.give(&nonce, EMAIL).await;
                refused.refuses(answer, code);
                assert_eq!(refused.header("retry-after").is_some(), answer == 503);
                let status = scene
                    .authorize(&nonce, &[("state", "a b&c")])
                    .await
                    .expect(200);
                assert_eq!(status["last_address"]["CONTACT_EMAIL"], EMAIL);
                // The address was given; the code to it was not sent.
                assert_eq!(status["changes_left"], 2);
                assert_eq!(status.get("pin_transmissions_left"), None);
                scene.give(&nonce, EMAIL).await.refuses(answer, code);
                scene.solve(&nonce, "12345678").await.refuses(409, 9761);
            },
        )
        .await;
    }
}

#[tokio::test]
async fn what_may_have_been_sent_costs_a_code() {
    on_challenger_with(
        |settings| {
            settings.tan.email.spool = None;
            settings.tan.email.command = helper("cat >/dev/null; exit 1");
        },
        async |scene| {
            let nonce = scene.begun().await;
            scene.give(&nonce, EMAIL).await.refuses(502, 9752);
            assert_eq!(left(scene, &nonce).await, (json!(2), json!(2), json!(3)));
            let again = scene.give(&nonce, EMAIL).await.expect(200);
            assert_eq!(again["transmitted"], false);
        },
    )
    .await;
}

#[tokio::test]
async fn helpers_are_not_kept_busy_for_nothing() {
    on_challenger_with(
        |settings| {
            settings.tan.email.spool = None;
            settings.tan.email.command = helper("cat >/dev/null; exit 75");
        },
        async |scene| {
            let nonce = scene.begun().await;
            for _ in 0..10 {
                scene.give(&nonce, EMAIL).await.refuses(502, 9752);
            }
            scene.give(&nonce, EMAIL).await.refuses(429, 9757);
        },
    )
    .await;
}

#[tokio::test]
async fn addresses_are_held_against_the_restrictions() {
    use kontor::config::RestrictionSettings;
    on_challenger_with(
        |settings| {
            let restriction = RestrictionSettings {
                regex: Some(r"[a-z]+@example\.com".to_owned()),
                hint: Some("Only addresses at example.com".to_owned()),
                hint_i18n: Some(
                    [("de".to_owned(), "Nur Adressen bei example.com".to_owned())].into(),
                ),
            };
            let restrictions = &mut settings.challenger.restrictions;
            restrictions.insert("CONTACT_EMAIL".to_owned(), restriction);
        },
        async |scene| {
            let config = scene.get("/config").send().await.expect(200);
            assert_eq!(
                config["restrictions"],
                json!({ "CONTACT_EMAIL": {
                    "regex": r"[a-z]+@example\.com", "hint": "Only addresses at example.com",
                    "hint_i18n": { "de": "Nur Adressen bei example.com" },
                } })
            );
            let nonce = scene.begun().await;
            for address in [
                "ada@example.org",
                "ada@example.com.evil.test",
                "x@y, ada@example.com",
            ] {
                let refused = scene.give(&nonce, address).await;
                let refused = refused.blames(400, 9762, "CONTACT_EMAIL");
                assert_eq!(refused["detail"], "CONTACT_EMAIL");
            }
            let refused = scene
                .post(&format!("/challenge/{nonce}"))
                .form(&[("CONTACT_EMAIL", "ada@example.org")])
                .browser()
                .header("accept-language", "de-CH")
                .send()
                .await;
            assert!(refused.text().contains("Nur Adressen bei example.com"));
            let fixed = json!({ "CONTACT_EMAIL": "ada@example.org", "read_only": true });
            scene.setup(&fixed).await.blames(400, 9762, "CONTACT_EMAIL");
            let editable = json!({ "CONTACT_EMAIL": "ada@example.org" });
            scene.setup(&editable).await.expect(200);
            scene.give(&nonce, " ada@example.com ").await.expect(200);
        },
    )
    .await;
}

#[tokio::test]
async fn an_address_that_is_none_is_named() {
    on_challenger(async |scene| {
        let nonce = scene.begun().await;
        for (address, code) in [("", 25), ("  ", 25), ("ada", 26), ("-x@example.com", 26)] {
            scene
                .give(&nonce, address)
                .await
                .blames(400, code, "CONTACT_EMAIL");
        }
        let call = scene.post(&format!("/challenge/{nonce}"));
        call.form(&[("CONTACT_PHONE", "1")])
            .send()
            .await
            .blames(400, 25, "CONTACT_EMAIL");
        assert_eq!(left(scene, &nonce).await.0, 3);
    })
    .await;
}

#[tokio::test]
async fn a_letter_box_is_one_address_and_gets_a_letter_in_days() {
    use kontor::challenger::address::AddressType;
    on_challenger_with(
        |settings| {
            settings.tan.daily_limit = 2;
            settings.challenger.address_type = AddressType::PostalCh;
            settings.challenger.validation_duration = Duration::from_secs(40 * 86_400);
        },
        async |scene| {
            let give = async |nonce: &str, name: &str, lines: &str| {
                let call = scene.post(&format!("/challenge/{nonce}"));
                let fields = [("CONTACT_NAME", name), ("ADDRESS_LINES", lines)];
                call.form(&fields).send().await
            };
            let nonce = scene.begun().await;
            give(&nonce, "Ada", "Weg 1\n8000 Zurich").await.expect(200);
            scene.app.clock.advance(Duration::from_secs(3600));
            let again = give(&nonce, "Ada", "Weg 1\n8000 Zurich").await.expect(200);
            assert_eq!(again["transmitted"], false);
            give(&nonce, "Grace", "Weg 1,\n8000 Zurich")
                .await
                .expect(200);
            let refused = give(&nonce, "Ada L.", "weg 1\n8000  Zürich").await;
            assert_ne!(
                refused.status, 429,
                "another spelling of the town is another letter box"
            );
            let nonce = scene.begun().await;
            give(&nonce, "Eve", "WEG 1\n8000-Zurich")
                .await
                .refuses(429, 9757);
        },
    )
    .await;
}
