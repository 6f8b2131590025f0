//! Codes for a reset that are worth nothing, or nothing any more.

use std::time::Duration;

use serde_json::json;

use super::{
    EMAIL, auth, change, factors, form, hints, is_password, logged_in, on_open_server, reset,
    sign_up,
};
use crate::merchant::second_factor::{
    confirmed, id, login, on_app_with_codes, send, set_contacts, solve, with_ids,
};
use crate::support::PASSWORD;

#[tokio::test]
async fn codes_are_good_for_one_password_of_one_instance() {
    on_open_server(
        |_| {},
        async |app, codes| {
            for id in ["books", "paper"] {
                sign_up(app, codes, &form(id)).await.expect(204);
            }
            let solved = id(&reset(app, "books", "new").send().await);
            solve(app, codes, &solved).await;
            for (instance, password) in [("books", "other"), ("paper", "new")] {
                let call = with_ids(reset(app, instance, password), &[&solved]);
                call.send().await.expect(202);
            }
            app.clock.advance(Duration::from_secs(3600));
            let late = with_ids(reset(app, "books", "new"), &[&solved]);
            late.send().await.expect(202);
            assert!(is_password(app, "books", PASSWORD).await);
        },
    )
    .await;
}

#[tokio::test]
async fn a_solved_reset_is_good_once() {
    on_open_server(
        |_| {},
        async |app, codes| {
            sign_up(app, codes, &form("books")).await.expect(204);
            let solved = id(&reset(app, "books", "new").send().await);
            solve(app, codes, &solved).await;
            let call = || with_ids(reset(app, "books", "new"), &[&solved]);
            call().send().await.expect(204);
            assert_ne!(id(&call().send().await), solved);
        },
    )
    .await;
}

#[tokio::test]
async fn a_contact_that_changes_between_code_and_use_is_asked_anew() {
    on_app_with_codes(async |app, codes| {
        app.shop("shop").await;
        set_contacts(app, "shop", &json!({ "email": EMAIL })).await;
        let solved = id(&reset(app, "shop", "new").send().await);
        solve(app, codes, &solved).await;
        set_contacts(app, "shop", &json!({ "email": "mallory@evil.example" })).await;
        let call = || with_ids(reset(app, "shop", "new"), &[&solved]);
        let challenged = call().send().await.expect(202);
        assert_eq!(hints(&challenged), ["m***@e***.example"]);
        // Also where it is changed back.
        set_contacts(app, "shop", &json!({ "email": EMAIL })).await;
        let challenged = call().send().await.expect(202);
        assert_eq!(hints(&challenged), ["e***@b***.example"]);
        assert!(is_password(app, "shop", PASSWORD).await);
        assert_eq!(factors(app, "shop").await, [None, None]);
    })
    .await;
}

#[tokio::test]
async fn a_factor_that_changes_between_code_and_use_is_asked_anew() {
    on_open_server(
        |_| {},
        async |app, codes| {
            sign_up(app, codes, &form("books")).await.expect(204);
            let token = logged_in(app, codes, "books").await;
            let solved = id(&reset(app, "books", "new").send().await);
            solve(app, codes, &solved).await;
            let moved = json!({ "email": "moved@books.example" });
            change(app, "books", &token, &moved).await.expect(204);
            let validate = || {
                let path = "/instances/books/auth-channels/email/validate";
                app.call("POST", path).bearer(&token)
            };
            confirmed(app, codes, validate).await.expect(204);
            let call = with_ids(reset(app, "books", "new"), &[&solved]);
            let challenged = call.send().await.expect(202);
            assert_eq!(hints(&challenged), ["m***@b***.example"]);
            assert!(is_password(app, "books", PASSWORD).await);
        },
    )
    .await;
}

#[tokio::test]
async fn a_change_of_the_credential_ends_the_open_challenges() {
    on_open_server(
        |_| {},
        async |app, codes| {
            sign_up(app, codes, &form("books")).await.expect(204);
            let token = logged_in(app, codes, "books").await;
            let begun = id(&login(app, "books").send().await);
            let solved = id(&reset(app, "books", "new").send().await);
            solve(app, codes, &solved).await;
            let change = || {
                let path = "/instances/books/private/auth";
                app.post(path, &auth("changed")).bearer(&token)
            };
            confirmed(app, codes, change).await.expect(204);
            send(app, &begun).await.refuses(404, 2126);
            let call = with_ids(reset(app, "books", "new"), &[&solved]);
            assert_ne!(id(&call.send().await), solved);
            assert!(is_password(app, "books", "changed").await);
        },
    )
    .await;
}
