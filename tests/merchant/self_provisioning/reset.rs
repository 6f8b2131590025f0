//! Forgotten passwords.

use kontor::config::Settings;
use serde_json::{Value, json};

use super::{
    EMAIL, PHONE, auth, both_mandatory, change, factors, form, full_form, hints, is_password,
    logged_in, login_with, on_open_server, own_settings, reset, sign_up, validated,
};
use crate::merchant::{
    instances::with,
    second_factor::{
        Codes, confirmed, id, ids, on_app_with_codes, send, set_contacts, solve, with_ids,
    },
};
use crate::support::{PASSWORD, TestApp};

/// Runs a test where `books` has two factors.
async fn on_two_factors(
    adjust: impl FnOnce(&mut Settings),
    test: impl AsyncFnOnce(&TestApp, &Codes),
) {
    on_open_server(adjust, async |app, codes| {
        sign_up(app, codes, &full_form("books")).await.expect(204);
        test(app, codes).await;
    })
    .await;
}

#[tokio::test]
async fn the_password_of_admin_is_not_reset_here() {
    on_app_with_codes(async |app, _| {
        set_contacts(app, "admin", &json!({ "email": EMAIL })).await;
        for id in ["admin", "ADMIN"] {
            reset(app, id, "new").send().await.refuses(404, 2000);
        }
        assert!(is_password(app, "admin", PASSWORD).await);
    })
    .await;
}

#[tokio::test]
async fn an_unknown_or_deleted_instance_has_no_password() {
    on_app_with_codes(async |app, _| {
        reset(app, "nobody", "new").send().await.refuses(404, 2000);
        let shop = app.shop("shop").await;
        let delete = app.delete("/instances/shop/private").bearer(&shop);
        delete.send().await.expect(204);
        reset(app, "shop", "new").send().await.refuses(404, 2016);
    })
    .await;
}

#[tokio::test]
async fn below_the_instance_there_is_no_reset() {
    on_app_with_codes(async |app, _| {
        app.shop("shop").await;
        let below = app.post("/instances/shop/forgot-password", &auth("new"));
        below.send().await.refuses(403, 2031);
        let path = "/instances/shop/instances/shop/forgot-password";
        let below = app.post(path, &auth("new")).send().await;
        below.refuses(404, 21);
    })
    .await;
}

#[tokio::test]
async fn where_no_code_can_be_sent_nothing_is_reset() {
    on_open_server(super::without_texts, async |app, _| {
        app.shop("shop").await;
        reset(app, "shop", "new").send().await.refuses(403, 2031);
        set_contacts(app, "shop", &json!({ "phone_number": PHONE })).await;
        reset(app, "shop", "new").send().await.refuses(403, 2031);
        set_contacts(app, "shop", &json!({ "email": "" })).await;
        reset(app, "shop", "new").send().await.refuses(403, 2031);
        // What cannot be an address is found out when its code is to be sent.
        set_contacts(app, "shop", &json!({ "email": "nowhere" })).await;
        let challenged = reset(app, "shop", "new").send().await;
        send(app, &id(&challenged)).await.refuses(400, 2132);
    })
    .await;
}

#[tokio::test]
async fn every_factor_must_confirm() {
    on_two_factors(
        |_| {},
        async |app, codes| {
            let call = || reset(app, "books", "new");
            let first = call().send().await;
            let challenged = first.expect(202);
            assert_eq!(challenged["combi_and"], true);
            assert_eq!(hints(&challenged), ["e***@b***.example", "***4567"]);
            let ids = ids(&first);
            solve(app, codes, &ids[1]).await;
            let again = with_ids(call(), &ids[1..]).send().await;
            assert_eq!(hints(&again.expect(202)), ["e***@b***.example"]);
            assert!(is_password(app, "books", PASSWORD).await);
            let last = id(&again);
            solve(app, codes, &last).await;
            with_ids(call(), &[last]).send().await.expect(204);
            assert!(is_password(app, "books", "new").await);
            assert!(!is_password(app, "books", PASSWORD).await);
        },
    )
    .await;
}

#[tokio::test]
async fn a_reset_ends_every_token() {
    on_two_factors(
        |_| {},
        async |app, codes| {
            let tokens = [
                logged_in(app, codes, "books").await,
                logged_in(app, codes, "books").await,
            ];
            confirmed(app, codes, || reset(app, "books", "new"))
                .await
                .expect(204);
            for token in tokens {
                let own = app.get("/instances/books/private").bearer(&token);
                own.send().await.refuses(401, 2015);
            }
            assert_eq!(
                factors(app, "books").await,
                [Some(EMAIL.to_owned()), Some(PHONE.to_owned())]
            );
        },
    )
    .await;
}

#[tokio::test]
async fn factors_on_channels_that_are_not_configured_any_more_are_left_out() {
    on_two_factors(
        |_| {},
        async |app, codes| {
            let without_texts = |settings: &mut Settings| settings.tan.sms.spool = None;
            app.restarted(without_texts, async |app| {
                let challenged = reset(app, "books", "new").send().await.expect(202);
                assert_eq!(hints(&challenged), ["e***@b***.example"]);
            })
            .await;
            // Without any channel left, never to contacts.
            let token = logged_in(app, codes, "books").await;
            let only_mail = |settings: &mut Settings| {
                settings.tan.sms.spool = None;
                settings.merchant.mandatory_tan_channels.clear();
            };
            change(app, "books", &token, &json!({ "phone_number": null }))
                .await
                .expect(204);
            let drop_phone = || {
                let path = "/instances/books/auth-channels/sms/validate";
                app.call("POST", path).bearer(&token)
            };
            confirmed(app, codes, drop_phone).await.expect(204);
            assert_eq!(factors(app, "books").await, [Some(EMAIL.to_owned()), None]);
            change(app, "books", &token, &json!({ "phone_number": PHONE }))
                .await
                .expect(204);
            let only_texts = |settings: &mut Settings| {
                only_mail(settings);
                settings.tan.sms.spool = settings.tan.email.spool.take();
            };
            app.restarted(only_texts, async |app| {
                reset(app, "books", "new").send().await.refuses(403, 2031);
            })
            .await;
        },
    )
    .await;
}

#[tokio::test]
async fn an_instance_with_a_factor_never_falls_back_to_contacts() {
    on_open_server(
        |_| {},
        async |app, codes| {
            sign_up(app, codes, &form("books")).await.expect(204);
            let thief = logged_in(app, codes, "books").await;
            let contacts =
                json!({ "email": "mallory@evil.example", "phone_number": "+4900000000" });
            change(app, "books", &thief, &contacts).await.expect(204);
            let challenged = reset(app, "books", "thief").send().await.expect(202);
            assert_eq!(hints(&challenged), ["e***@b***.example"]);
            let done = confirmed(app, codes, || reset(app, "books", "new")).await;
            done.expect(204);
            // The contacts that nobody proved are no factors.
            assert_eq!(factors(app, "books").await, [Some(EMAIL.to_owned()), None]);
        },
    )
    .await;
}

#[tokio::test]
async fn without_a_factor_every_contact_confirms_and_is_one_then() {
    on_app_with_codes(async |app, codes| {
        app.shop("shop").await;
        let contacts = json!({ "email": EMAIL, "phone_number": PHONE });
        set_contacts(app, "shop", &contacts).await;
        let call = || reset(app, "shop", "new");
        let first = call().send().await;
        let challenged = first.expect(202);
        assert_eq!(challenged["combi_and"], true);
        assert_eq!(hints(&challenged), ["e***@b***.example", "***4567"]);
        assert_eq!(factors(app, "shop").await, [None, None]);
        for id in ids(&first) {
            solve(app, codes, &id).await;
        }
        assert_eq!(factors(app, "shop").await, [None, None]);
        with_ids(call(), &ids(&first)).send().await.expect(204);
        assert_eq!(
            factors(app, "shop").await,
            [Some(EMAIL.to_owned()), Some(PHONE.to_owned())]
        );
        let login = || login_with(app, "shop", "new");
        let granted = confirmed(app, codes, login).await.expect(200);
        let token = granted["access_token"].as_str().expect("a token");
        assert_eq!(validated(app, "shop", token).await, [true, true]);
    })
    .await;
}

#[tokio::test]
async fn a_reset_sets_what_any_change_of_credentials_may_set() {
    let allow = |settings: &mut Settings| settings.merchant.allow_external_auth = true;
    let bodies = [
        json!({ "method": "token" }),
        json!({ "method": "token", "password": "" }),
        json!({ "method": "token", "token": "secret-token:" }),
        json!({ "method": "other" }),
    ];
    let path = "/instances/books/forgot-password";
    on_two_factors(
        |_| {},
        async |app, _| {
            let external = json!({ "method": "external" });
            for body in bodies.iter().chain([&external]) {
                app.post(path, body).send().await.refuses(400, 2602);
            }
        },
    )
    .await;
    on_two_factors(allow, async |app, codes| {
        let set = |body: Value| async move {
            let answer = confirmed(app, codes, || app.post(path, &body)).await;
            answer.expect(204);
        };
        set(json!({ "method": "token", "token": "secret-token:old form" })).await;
        let own = || app.get("/instances/books/private");
        let legacy = own().bearer("secret-token:old form").send().await;
        legacy.expect(200);
        set(json!({ "method": "external" })).await;
        own().send().await.expect(200);
    })
    .await;
}

#[tokio::test]
async fn the_first_form_of_the_protocol_resets_with_an_empty_body() {
    on_open_server(
        |_| {},
        async |app, codes| {
            sign_up(app, codes, &form("books")).await.expect(204);
            let challenged = reset(app, "books", "new").send().await;
            let challenge = id(&challenged);
            solve(app, codes, &challenge).await;
            let repeat = app.call("POST", "/instances/books/forgot-password");
            let repeat = repeat.header("x-challenge-id", &challenge);
            repeat.send().await.expect(204);
            assert!(is_password(app, "books", "new").await);
        },
    )
    .await;
}

#[tokio::test]
async fn the_answer_tells_a_stranger_masked_addresses_and_no_more() {
    on_two_factors(both_mandatory, async |app, codes| {
        let answer = reset(app, "books", "new").send().await;
        let text = answer.text();
        for secret in [EMAIL, "eve", "books.example", PHONE, "417912"] {
            assert!(!text.contains(secret), "{secret} in {text}");
        }
        let challenged = answer.expect(202);
        let members: Vec<_> = challenged.as_object().expect("an object").keys().collect();
        assert_eq!(members, ["challenges", "combi_and", "challenge_id"]);
        // The answer to a code names no more either.
        let sent = send(app, &ids(&answer)[0]).await;
        assert!(!sent.text().contains("eve@"), "{}", sent.text());
        // A settings page is still the owner's alone.
        let token = logged_in(app, codes, "books").await;
        let shown = own_settings(app, "books", &token).await;
        assert_eq!(shown["email"], EMAIL);
    })
    .await;
}

#[tokio::test]
async fn a_server_without_self_provisioning_resets_passwords() {
    on_app_with_codes(async |app, codes| {
        let admin = app.admin_token("all").await;
        let body = with(full_form("shop"), &json!({ "phone_number": null }));
        let create = app.post("/management/instances", &body);
        create.bearer(&admin).send().await.expect(204);
        let done = confirmed(app, codes, || reset(app, "shop", "new")).await;
        done.expect(204);
        assert!(is_password(app, "shop", "new").await);
    })
    .await;
}
