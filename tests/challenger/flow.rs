//! The way of a person and a client, from the setup to the proven address.

use kontor::challenger::address::AddressType;
use serde_json::{Value, json};

use super::support::{
    EMAIL, REDIRECT_URI, SECOND, Scene, code_of, email, on_challenger, on_challenger_with,
    parameter_of,
};
use crate::database::support::NOW;

/// Seconds of the clock that tests begin with.
fn now_s() -> u64 {
    (NOW / SECOND).unsigned_abs()
}

#[tokio::test]
async fn an_address_is_proven() {
    on_challenger(async |scene| {
        let nonce = scene.nonce(&Value::Null).await;
        assert_eq!(nonce.len(), 52);
        let status = scene
            .authorize(&nonce, &[("state", "a b&c"), ("scope", "x")])
            .await;
        assert_eq!(
            status.expect(200),
            json!({
                "fix_address": false, "solved": false, "changes_left": 3,
                "retransmission_time": { "t_s": now_s() },
            })
        );
        let created = scene.give(&nonce, " Ada@EXAMPLE.com ").await.expect(200);
        assert_eq!(
            created,
            json!({
                "type": "created", "attempts_left": 3, "address": email("Ada@example.com"),
                "transmitted": true, "retransmission_time": { "t_s": now_s() + 30 },
            })
        );
        let sent = &scene.sent()[0];
        assert_eq!(sent["channel"], "email");
        assert_eq!(sent["address"], "Ada@example.com");
        let reference = format!("{}-{}", &nonce[..4], &nonce[4..8]);
        let message = sent["message"].as_str().expect("a text");
        assert!(message.contains(&reference), "{message}");
        assert!(message.contains("addresses.test"), "{message}");

        let solved = scene.solve(&nonce, &scene.pin()).await.expect(200);
        assert_eq!(solved["type"], "completed");
        let url = solved["redirect_url"].as_str().expect("a URL");
        assert!(url.starts_with(&format!("{REDIRECT_URI}&code=")), "{url}");
        assert_eq!(parameter_of(url, "state").as_deref(), Some("a b&c"));

        let status = scene
            .authorize(&nonce, &[("state", "a b&c")])
            .await
            .expect(200);
        assert_eq!(status["solved"], true);
        let code = code_of(url);
        let token = scene.redeem(&scene.token_request(&code)).await;
        assert_eq!(token.header("cache-control"), Some("no-store"));
        assert_eq!(token.header("pragma"), Some("no-cache"));
        let token = token.expect(200);
        assert_eq!(token["token_type"], "Bearer");
        assert_eq!(token["expires_in"], 3600);
        let token = token["access_token"].as_str().expect("a token");
        for _ in 0..2 {
            assert_eq!(
                scene.info(token).await.expect(200),
                json!({
                    "id": 1, "address": email("Ada@example.com"), "address_type": "email",
                    "expires": { "t_s": now_s() + 365 * 86_400 },
                })
            );
        }
    })
    .await;
}

#[tokio::test]
async fn it_goes_on_after_a_restart() {
    on_challenger(async |scene| {
        let nonce = scene.begun().await;
        scene.give(&nonce, EMAIL).await.expect(200);
        scene
            .app
            .restarted(
                |_| {},
                async |app| {
                    let again = scene.on(app);
                    let solved = again.solve(&nonce, &scene.pin()).await.expect(200);
                    let code = code_of(solved["redirect_url"].as_str().expect("a URL"));
                    app.restarted(
                        |_| {},
                        async |app| {
                            let again = scene.on(app);
                            let token = again.redeem(&again.token_request(&code)).await.expect(200);
                            let token = token["access_token"].as_str().expect("a token").to_owned();
                            app.restarted(
                                |_| {},
                                async |app| {
                                    scene.on(app).info(&token).await.expect(200);
                                },
                            )
                            .await;
                        },
                    )
                    .await;
                },
            )
            .await;
    })
    .await;
}

#[tokio::test]
async fn a_solved_validation_leads_back_until_its_code_is_used() {
    on_challenger(async |scene| {
        let nonce = scene.begun().await;
        scene.give(&nonce, EMAIL).await.expect(200);
        let pin = scene.pin();
        let first = scene.solve(&nonce, &pin).await.expect(200);
        // Whatever is typed now, and whichever address: it is proven.
        for again in [
            scene.solve(&nonce, "99999999").await.expect(200),
            scene.give(&nonce, "eve@example.com").await.expect(200),
        ] {
            assert_eq!(again, first);
        }
        assert_eq!(scene.sent().len(), 1);
        let redirect = scene
            .post(&format!("/solve/{nonce}"))
            .form(&[("pin", &pin)])
            .send()
            .await;
        redirect.expect(302);
        let url = first["redirect_url"].as_str().expect("a URL");
        assert_eq!(redirect.header("location"), Some(url));
        let code = code_of(url);
        scene.redeem(&scene.token_request(&code)).await.expect(200);
        scene.solve(&nonce, &pin).await.refuses(404, 9755);
        scene.give(&nonce, EMAIL).await.refuses(404, 9755);
        scene
            .authorize(&nonce, &[("state", "a b&c")])
            .await
            .refuses(404, 9755);
    })
    .await;
}

#[tokio::test]
async fn json_and_forms_are_taken_alike() {
    on_challenger(async |scene| {
        let nonce = scene.begun().await;
        let given = scene.post(&format!("/challenge/{nonce}")).json(&json!({
            "CONTACT_EMAIL": EMAIL, "CONTACT_PHONE": null, "unknown": [1], "read_only": true,
        }));
        assert_eq!(given.send().await.expect(200)["transmitted"], true);
        let pin = scene.pin().replace('-', "");
        let solve = scene.post(&format!("/solve/{nonce}"));
        let solved = solve
            .json(&json!({ "pin": pin }))
            .accept_json()
            .send()
            .await;
        solved.expect(200);
    })
    .await;
}

#[tokio::test]
async fn a_code_may_be_typed_with_blanks() {
    on_challenger(async |scene| {
        let nonce = scene.begun().await;
        scene.give(&nonce, EMAIL).await.expect(200);
        let pin = scene.pin().replace('-', " ");
        scene.solve(&nonce, &format!(" {pin}\n")).await.expect(200);
    })
    .await;
}

#[tokio::test]
async fn what_the_client_knows_is_shown_and_can_be_edited() {
    on_challenger(async |scene| {
        let known = json!({ "CONTACT_EMAIL": "Ada@EXAMPLE.com", "CONTACT_PHONE": 5, "more": {} });
        let nonce = scene.nonce(&known).await;
        let status = scene.authorize(&nonce, &[]).await.expect(200);
        assert_eq!(status["last_address"], email("Ada@EXAMPLE.com"));
        assert_eq!(status["fix_address"], false);
        assert_eq!(status["changes_left"], 3);
        // The same in another spelling is no other address.
        scene.give(&nonce, "Ada@example.com").await.expect(200);
        let status = scene.authorize(&nonce, &[]).await.expect(200);
        assert_eq!(status["changes_left"], 3);
        assert_eq!(status["pin_transmissions_left"], 2);
        scene.give(&nonce, "grace@example.com").await.expect(200);
        let status = scene.authorize(&nonce, &[]).await.expect(200);
        assert_eq!(status["changes_left"], 2);
        assert_eq!(status["last_address"], email("grace@example.com"));
    })
    .await;
}

#[tokio::test]
async fn what_is_no_address_yet_is_shown_too() {
    on_challenger(async |scene| {
        for (known, shown) in [
            (json!({ "CONTACT_EMAIL": "ada" }), Some(email("ada"))),
            (json!({ "CONTACT_EMAIL": 5 }), None),
            (json!({ "CONTACT_EMAIL": null, "read_only": false }), None),
            (json!({}), None),
        ] {
            let nonce = scene.nonce(&known).await;
            let status = scene.authorize(&nonce, &[]).await.expect(200);
            assert_eq!(status.get("last_address"), shown.as_ref(), "{known}");
        }
    })
    .await;
}

#[tokio::test]
async fn a_fixed_address_stays() {
    on_challenger(async |scene| {
        let nonce = scene
            .nonce(&json!({ "CONTACT_EMAIL": EMAIL, "read_only": true }))
            .await;
        let status = scene.authorize(&nonce, &[]).await.expect(200);
        assert_eq!(status["fix_address"], true);
        assert_eq!(status["changes_left"], 0);
        scene
            .give(&nonce, "eve@example.com")
            .await
            .refuses(403, 9760);
        assert!(scene.sent().is_empty());
        scene.give(&nonce, "ada@EXAMPLE.com").await.expect(200);
        assert_eq!(scene.sent()[0]["address"], EMAIL);
        let solved = scene.solve(&nonce, &scene.pin()).await;
        solved.expect(200);
    })
    .await;
}

/// Walks through with a kind of address, and returns what the client learns.
async fn proven(scene: &Scene<'_>, fields: &[(&str, &str)]) -> Value {
    let nonce = scene.begun().await;
    let give = scene.post(&format!("/challenge/{nonce}"));
    give.form(fields).send().await.expect(200);
    let code = scene.prove(&nonce).await;
    let token = scene.token(&code).await;
    scene.info(&token).await.expect(200)
}

#[tokio::test]
async fn phone_numbers_are_proven_in_one_form() {
    on_challenger_with(
        |settings| {
            settings.challenger.address_type = AddressType::Phone;
            settings.challenger.phone_country = Some("CH".to_owned());
        },
        async |scene| {
            let info = proven(scene, &[("CONTACT_PHONE", "079 123 45 67")]).await;
            assert_eq!(info["address"], json!({ "CONTACT_PHONE": "+41791234567" }));
            assert_eq!(info["address_type"], "phone");
            assert_eq!(scene.sent()[0]["address"], "+41791234567");
            let nonce = scene.begun().await;
            let give = scene.post(&format!("/challenge/{nonce}"));
            let refused = give.form(&[("CONTACT_PHONE", "12")]).send().await;
            refused.blames(400, 26, "CONTACT_PHONE");
        },
    )
    .await;
}

#[tokio::test]
async fn letters_are_sent_to_name_lines_and_country() {
    on_challenger_with(
        |settings| {
            settings.challenger.address_type = AddressType::Postal;
            settings.challenger.validation_duration = std::time::Duration::from_secs(40 * 86_400);
        },
        async |scene| {
            let fields = [
                ("CONTACT_NAME", " Ada  Lovelace "),
                ("ADDRESS_LINES", "Main Street 1\r\n\r\n8000 Zurich\r\n"),
                ("ADDRESS_COUNTRY", "ch"),
            ];
            let info = proven(scene, &fields).await;
            assert_eq!(
                info["address"],
                json!({
                    "CONTACT_NAME": "Ada Lovelace", "ADDRESS_LINES": "Main Street 1\n8000 Zurich",
                    "ADDRESS_COUNTRY": "CH",
                })
            );
            assert_eq!(info["address_type"], "postal");
            assert_eq!(
                scene.sent()[0]["address"],
                "Ada Lovelace\nMain Street 1\n8000 Zurich\nCH"
            );
            let nonce = scene.begun().await;
            let give = scene.post(&format!("/challenge/{nonce}"));
            let refused = give.form(&fields[..2]).send().await;
            refused.blames(400, 25, "ADDRESS_COUNTRY");
        },
    )
    .await;
}

#[tokio::test]
async fn swiss_letters_need_no_country() {
    on_challenger_with(
        |settings| {
            settings.challenger.address_type = AddressType::PostalCh;
            settings.challenger.validation_duration = std::time::Duration::from_secs(40 * 86_400);
        },
        async |scene| {
            let fields = [
                ("CONTACT_NAME", "Ada"),
                ("ADDRESS_LINES", "Weg 1\n8000 Zurich"),
            ];
            let info = proven(scene, &fields).await;
            assert_eq!(info["address_type"], "postal-ch");
            let config = scene.get("/config").send().await.expect(200);
            assert_eq!(config["address_type"], "postal-ch");
        },
    )
    .await;
}
