//! Signing up for an id that is there already.

use kontor::config::Settings;
use serde_json::{Value, json};

use super::{
    EMAIL, PHONE, auth, change, factors, form, full_form, hints, logged_in, login_with,
    on_open_server, own_settings, sign_up, validated, without_texts,
};
use crate::merchant::{
    instances::with,
    second_factor::{Codes, confirmed, id, ids, solve, with_ids},
};
use crate::support::{PASSWORD, TestApp};

/// Runs a test where `books` has signed up, with no phone number.
async fn on_taken(adjust: impl FnOnce(&mut Settings), test: impl AsyncFnOnce(&TestApp, &Codes)) {
    on_open_server(adjust, async |app, codes| {
        sign_up(app, codes, &form("books")).await.expect(204);
        test(app, codes).await;
    })
    .await;
}

#[tokio::test]
async fn an_id_with_another_name_is_refused_at_once() {
    on_taken(
        |_| {},
        async |app, codes| {
            let sent = codes.messages().len();
            let body = with(form("books"), &json!({ "name": "Other Books" }));
            let answer = app.post("/instances", &body).send().await;
            answer.refuses(409, 2600);
            assert_eq!(codes.messages().len(), sent);
        },
    )
    .await;
}

#[tokio::test]
async fn the_id_of_a_deleted_instance_is_refused_at_once() {
    on_taken(
        |_| {},
        async |app, codes| {
            let token = logged_in(app, codes, "books").await;
            let delete = || app.delete("/instances/books/private").bearer(&token);
            confirmed(app, codes, delete).await.expect(204);
            for body in [
                form("books"),
                with(form("books"), &json!({ "name": "Other" })),
            ] {
                let answer = app.post("/instances", &body).send().await;
                answer.refuses(409, 2603);
            }
        },
    )
    .await;
}

#[tokio::test]
async fn the_same_sign_up_succeeds_again_once_it_is_proven_again() {
    on_taken(
        |_| {},
        async |app, codes| {
            let token = logged_in(app, codes, "books").await;
            let before = own_settings(app, "books", &token).await;
            let again = sign_up(app, codes, &form("books")).await;
            again.expect(204);
            let location = again.header("location");
            assert_eq!(location, Some("http://kontor.test/instances/books/"));
            // Nothing changed, and nobody was logged out.
            assert_eq!(own_settings(app, "books", &token).await, before);
        },
    )
    .await;
}

#[tokio::test]
async fn the_codes_of_a_repeat_are_used_up() {
    on_taken(
        |_| {},
        async |app, codes| {
            let post = || app.post("/instances", &form("books"));
            let solved = id(&post().send().await);
            solve(app, codes, &solved).await;
            with_ids(post(), &[&solved]).send().await.expect(204);
            let once_more = with_ids(post(), &[&solved]).send().await;
            assert_ne!(id(&once_more), solved);
        },
    )
    .await;
}

/// Other settings than those of [`form`], with the same name.
fn other_settings() -> Vec<Value> {
    vec![
        json!({ "email": "mallory@books.example" }),
        json!({ "phone_number": PHONE }),
        json!({ "website": "https://books.example/" }),
        json!({ "default_pay_delay": { "d_us": 1 } }),
    ]
}

#[tokio::test]
async fn other_settings_are_refused_once_the_contacts_are_proven() {
    on_taken(
        |_| {},
        async |app, codes| {
            for (number, changes) in other_settings().into_iter().enumerate() {
                let body = with(form("books"), &changes);
                let from = format!("192.0.2.{number}");
                let post = || app.post("/instances", &body).from(&from);
                confirmed(app, codes, post).await.refuses(409, 2600);
            }
            assert_eq!(factors(app, "books").await, [Some(EMAIL.to_owned()), None]);
        },
    )
    .await;
}

#[tokio::test]
async fn strangers_learn_nothing_of_the_contacts_of_a_shop() {
    on_taken(
        |_| {},
        async |app, _| {
            // Right or wrong guess, taken or free id: the same answer, of the stranger's own contacts alone.
            let guesses = [form("books"), form("free")];
            let others = other_settings().into_iter().take(2);
            let others = others.map(|changes| with(form("books"), &changes));
            for (number, body) in guesses.into_iter().chain(others).enumerate() {
                let post = app.post("/instances", &body);
                let answer = post.from(&format!("192.0.2.{number}")).send().await;
                let challenged = answer.expect(202);
                let hint = match body["email"] == EMAIL {
                    true => "e***@b***.example",
                    false => "m***@b***.example",
                };
                assert_eq!(hints(&challenged)[0], hint);
                assert_eq!(challenged["combi_and"], true);
            }
        },
    )
    .await;
}

#[tokio::test]
async fn a_wrong_password_is_refused_and_counts_as_a_failed_login() {
    let two = |settings: &mut Settings| settings.limits.login_failures = 2;
    on_taken(two, async |app, codes| {
        for password in ["one guess", "another"] {
            let body = with(form("books"), &json!({ "auth": auth(password) }));
            sign_up(app, codes, &body).await.refuses(409, 2600);
        }
        let limited = sign_up(app, codes, &form("books")).await;
        limited.refuses(429, 2131);
        assert!(limited.header("retry-after").is_some());
        let login = login_with(app, "books", PASSWORD).send().await;
        login.refuses(429, 2131);
    })
    .await;
}

#[tokio::test]
async fn a_repeat_that_asks_for_a_token_is_a_login() {
    on_taken(
        |_| {},
        async |app, codes| {
            let path = "/instances?token_validity_ms=60000";
            let granted = confirmed(app, codes, || app.post(path, &form("books"))).await;
            let granted = granted.expect(200);
            let token = granted["access_token"].as_str().expect("a token");
            assert_eq!(validated(app, "books", token).await, [true, false]);
            let body = with(form("books"), &json!({ "auth": auth("wrong") }));
            let refused = confirmed(app, codes, || app.post(path, &body)).await;
            refused.refuses(409, 2600);
        },
    )
    .await;
}

#[tokio::test]
async fn a_repeat_that_asks_for_a_token_needs_the_factor_and_not_the_contact() {
    on_taken(
        |_| {},
        async |app, codes| {
            let thief = logged_in(app, codes, "books").await;
            let email = json!({ "email": "mallory@books.example" });
            change(app, "books", &thief, &email).await.expect(204);

            let body = with(form("books"), &email);
            let post = |path| app.post(path, &body);
            let plain = sign_up(app, codes, &body).await;
            plain.expect(204);

            let path = "/instances?token_validity_ms=60000";
            let mut solved = ids(&post(path).send().await);
            solve(app, codes, &solved[0]).await;
            let needs_more = with_ids(post(path), &solved).send().await;
            assert_eq!(hints(&needs_more.expect(202)), ["e***@b***.example"]);
            assert_eq!(validated(app, "books", &thief).await, [false, false]);

            solved.push(id(&needs_more));
            let unsolved = with_ids(post(path), &solved).send().await;
            unsolved.expect(202);
            solve(app, codes, &solved[1]).await;
            let granted = with_ids(post(path), &solved).send().await;
            granted.expect(200);
            // All of them are used up, and the factor is where it was.
            with_ids(post(path), &solved).send().await.expect(202);
            assert_eq!(factors(app, "books").await, [Some(EMAIL.to_owned()), None]);
        },
    )
    .await;
}

#[tokio::test]
async fn a_repeat_that_asks_for_a_token_of_a_shop_without_factors_takes_the_contacts() {
    on_open_server(without_texts, async |app, codes| {
        let admin = app.admin_token("all").await;
        let create = app.post("/management/instances", &full_form("books"));
        create.bearer(&admin).send().await.expect(204);
        let path = "/instances?token_validity_ms=60000";
        let granted = confirmed(app, codes, || app.post(path, &full_form("books"))).await;
        granted.expect(200);
        // Signing up makes factors of a new instance alone.
        assert_eq!(factors(app, "books").await, [None, None]);
    })
    .await;
}
