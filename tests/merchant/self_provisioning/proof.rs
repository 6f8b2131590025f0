//! What a sign-up has to prove, and what it gets for it.

use std::time::Duration;

use kontor::config::{Lifetime, Settings};
use serde_json::json;

use super::{
    EMAIL, PHONE, both_mandatory, exists, factors, form, full_form, hints, logged_in,
    on_open_server, sign_up, sign_up::none_mandatory, validated, without_texts,
};
use crate::merchant::{
    instances::with,
    second_factor::{confirmed, id, ids, login, send, solve, with_ids},
};

#[tokio::test]
async fn every_contact_is_asked_for_its_code() {
    for adjust in [both_mandatory as fn(&mut Settings), |_| {}] {
        on_open_server(adjust, async |app, codes| {
            let answer = app.post("/instances", &full_form("books")).send().await;
            let challenged = answer.expect(202);
            assert_eq!(challenged["combi_and"], true);
            assert_eq!(hints(&challenged), ["e***@b***.example", "***4567"]);
            for id in ids(&answer) {
                solve(app, codes, &id).await;
            }
            let sent = codes.messages();
            assert_eq!([&sent[0]["address"], &sent[1]["address"]], [EMAIL, PHONE]);
            assert_eq!(sent[0]["channel"], "email");
            let message = sent[0]["message"].as_str().expect("a text");
            assert!(message.contains("books"), "{message}");
        })
        .await;
    }
}

#[tokio::test]
async fn a_sign_up_with_its_codes_makes_the_instance() {
    on_open_server(
        |_| {},
        async |app, codes| {
            let answer = sign_up(app, codes, &full_form("books")).await;
            answer.expect(204);
            let location = answer.header("location");
            assert_eq!(location, Some("http://kontor.test/instances/books/"));
            let token = logged_in(app, codes, "books").await;
            assert_eq!(validated(app, "books", &token).await, [true, true]);
            let shown = super::own_settings(app, "books", &token).await;
            assert_eq!(shown["name"], "Books books");
            assert_eq!(
                (&shown["email"], &shown["phone_number"]),
                (&json!(EMAIL), &json!(PHONE))
            );
        },
    )
    .await;
}

#[tokio::test]
async fn the_proven_contacts_are_the_factors_of_the_login() {
    on_open_server(both_mandatory, async |app, codes| {
        sign_up(app, codes, &full_form("books")).await.expect(204);
        let challenged = login(app, "books").send().await.expect(202);
        assert_eq!(challenged["combi_and"], false);
        assert_eq!(hints(&challenged), ["e***@b***.example", "***4567"]);
    })
    .await;
}

#[tokio::test]
async fn a_contact_on_a_channel_that_is_not_configured_stays_unproven() {
    on_open_server(without_texts, async |app, codes| {
        let answer = app.post("/instances", &full_form("books")).send().await;
        assert_eq!(hints(&answer.expect(202)), ["e***@b***.example"]);
        sign_up(app, codes, &full_form("books")).await.expect(204);
        let token = logged_in(app, codes, "books").await;
        assert_eq!(validated(app, "books", &token).await, [true, false]);
        assert_eq!(factors(app, "books").await, [Some(EMAIL.to_owned()), None]);
    })
    .await;
}

#[tokio::test]
async fn without_mandatory_channels_and_contacts_nobody_is_asked() {
    on_open_server(none_mandatory, async |app, codes| {
        let body = with(form("books"), &json!({ "email": null }));
        app.post("/instances", &body).send().await.expect(204);
        assert_eq!(codes.messages().len(), 0);
        login(app, "books").send().await.expect(200);
        // With a contact it is proven all the same.
        app.post("/instances", &form("paper"))
            .send()
            .await
            .expect(202);
    })
    .await;
}

#[tokio::test]
async fn nothing_is_written_while_a_code_is_missing() {
    on_open_server(both_mandatory, async |app, codes| {
        let post = || app.post("/instances", &full_form("books"));
        let first = ids(&post().send().await);
        assert!(!exists(app, "books").await);
        solve(app, codes, &first[0]).await;
        let again = with_ids(post(), &first[..1]).send().await;
        assert_eq!(hints(&again.expect(202)), ["***4567"]);
        assert!(!exists(app, "books").await);
        login(app, "books").send().await.refuses(404, 2000);
        // The last id alone names what was solved before, too.
        let last = id(&again);
        solve(app, codes, &last).await;
        with_ids(post(), &[last]).send().await.expect(204);
        assert_eq!(
            factors(app, "books").await,
            [Some(EMAIL.to_owned()), Some(PHONE.to_owned())]
        );
    })
    .await;
}

#[tokio::test]
async fn codes_are_good_for_what_they_were_sent_for_alone() {
    on_open_server(
        |_| {},
        async |app, codes| {
            let solved = id(&app.post("/instances", &form("books")).send().await);
            solve(app, codes, &solved).await;
            for other in [
                with(form("books"), &json!({ "name": "Mallory's" })),
                with(form("books"), &json!({ "email": "mallory@books.example" })),
                with(form("books"), &json!({ "auth": super::auth("mallory") })),
                form("paper"),
            ] {
                let call = with_ids(app.post("/instances", &other), &[&solved]);
                call.send().await.expect(202);
            }
            let with_token = app.post("/instances?token_validity_ms=1000", &form("books"));
            with_ids(with_token, &[&solved]).send().await.expect(202);
            assert!(!exists(app, "books").await && !exists(app, "paper").await);
            let call = with_ids(app.post("/instances", &form("books")), &[&solved]);
            call.send().await.expect(204);
        },
    )
    .await;
}

#[tokio::test]
async fn expired_challenges_count_as_absent() {
    on_open_server(
        |_| {},
        async |app, codes| {
            let post = || app.post("/instances", &form("books"));
            let solved = id(&post().send().await);
            solve(app, codes, &solved).await;
            app.clock.advance(Duration::from_secs(3600));
            let again = with_ids(post(), &[&solved]).send().await;
            assert_ne!(id(&again), solved);
            assert!(!exists(app, "books").await);
        },
    )
    .await;
}

#[tokio::test]
async fn the_code_is_not_asked_for_below_an_instance_that_is_not_there_yet() {
    on_open_server(
        |_| {},
        async |app, _| {
            let id = id(&app.post("/instances", &form("books")).send().await);
            let path = format!("/instances/books/challenge/{id}");
            app.post(&path, &json!({})).send().await.refuses(404, 2000);
            let path = format!("/instances/admin/challenge/{id}");
            app.post(&path, &json!({})).send().await.expect(200);
        },
    )
    .await;
}

#[tokio::test]
async fn a_sign_up_can_bring_a_token() {
    on_open_server(
        |_| {},
        async |app, codes| {
            let path = "/instances?token_validity_ms=90000";
            let granted = confirmed(app, codes, || app.post(path, &form("books"))).await;
            assert_eq!(granted.header("cache-control"), Some("no-store"));
            let granted = granted.expect(200);
            assert_eq!(granted["scope"], "spa:refreshable");
            assert_eq!(granted["refreshable"], true);
            assert_eq!(granted["token"], granted["access_token"]);
            let token = granted["access_token"].as_str().expect("a token");
            assert_eq!(validated(app, "books", token).await, [true, false]);

            let refresh = app.post(
                "/instances/books/private/token",
                &json!({ "scope": "spa:refreshable" }),
            );
            let refreshed = refresh.bearer(token).send().await.expect(200);
            assert_eq!(refreshed["refreshable"], true);

            let now = app.app.clock.now().seconds();
            assert_eq!(granted["expiration"]["t_s"], now + 90);
            app.clock.advance(Duration::from_secs(91));
            let expired = app.get("/instances/books/private").bearer(token);
            expired.send().await.refuses(401, 2015);
        },
    )
    .await;
}

#[tokio::test]
async fn a_token_of_no_length_is_none() {
    on_open_server(
        |_| {},
        async |app, codes| {
            let path = "/instances?token_validity_ms=0";
            let answer = confirmed(app, codes, || app.post(path, &form("books"))).await;
            answer.expect(204);
            assert!(answer.header("location").is_some());
        },
    )
    .await;
}

#[tokio::test]
async fn a_token_lives_no_longer_than_the_operator_allows() {
    let cap = |settings: &mut Settings| {
        settings.merchant.token_lifetime_default = Duration::from_secs(60);
        settings.merchant.token_lifetime_max = Lifetime::Limited(Duration::from_secs(60));
    };
    on_open_server(cap, async |app, codes| {
        let path = "/instances?token_validity_ms=9007199254740991";
        let granted = confirmed(app, codes, || app.post(path, &form("books"))).await;
        let now = app.app.clock.now().seconds();
        assert_eq!(granted.expect(200)["expiration"]["t_s"], now + 60);
    })
    .await;
}

#[tokio::test]
async fn a_legacy_secret_signs_up_as_well() {
    on_open_server(
        |_| {},
        async |app, codes| {
            let auth = json!({ "method": "token", "token": "secret-token:a shelf" });
            let body = with(form("books"), &json!({ "auth": auth }));
            sign_up(app, codes, &body).await.expect(204);
            let own = app.get("/instances/books/private");
            let own = own.bearer("secret-token:a shelf").send().await.expect(200);
            assert_eq!(own["email_validated"], true);
            login(app, "books").send().await.refuses(401, 2015);
        },
    )
    .await;
}

#[tokio::test]
async fn the_first_form_of_the_protocol_signs_up_with_an_empty_body() {
    on_open_server(
        |_| {},
        async |app, codes| {
            let answer = app.post("/instances", &form("books")).send().await;
            let challenge = answer.expect(202)["challenge_id"].clone();
            let challenge = challenge.as_str().expect("an id");
            solve(app, codes, challenge).await;
            let repeat = app.call("POST", "/instances");
            let repeat = repeat.header("x-challenge-id", challenge);
            repeat.send().await.expect(204);
            assert!(exists(app, "books").await);
            send(app, challenge).await.refuses(404, 2126);
        },
    )
    .await;
}
