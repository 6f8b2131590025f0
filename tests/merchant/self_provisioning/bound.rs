//! An instance that signed up by itself when fewer channels were mandatory.

use kontor::config::Settings;
use kontor_openapi::{Operation, merchant::OPERATIONS};
use serde_json::json;

use super::{
    EMAIL, PHONE, both_mandatory, change, factors, form, full_form, hints, logged_in, login_with,
    on_open_server, reset, sign_up, validated, without_texts,
};
use crate::merchant::second_factor::{
    Codes, confirmed, id, ids, local_token, login, set_contacts, solve, with_ids,
};
use crate::support::{PASSWORD, TestApp};

/// Signs up with a mail address alone, and goes on where a phone number is mandatory too.
async fn on_bound(test: impl AsyncFnOnce(&TestApp, &Codes)) {
    on_open_server(
        |_| {},
        async |app, codes| {
            sign_up(app, codes, &form("books")).await.expect(204);
            app.restarted(both_mandatory, async |app| test(app, codes).await)
                .await;
        },
    )
    .await;
}

/// What the owner can still do.
const USABLE: [&str; 5] = [
    "createToken",
    "revokeOwnToken",
    "validateAuthChannel",
    "getOwnInstance",
    "updateOwnInstance",
];

/// Every operation that the owner of an instance calls with a credential of the instance.
fn own() -> impl Iterator<Item = &'static Operation> {
    OPERATIONS
        .iter()
        .filter(|operation| !operation.root_only && !operation.security.is_empty())
}

fn path(operation: &Operation) -> String {
    let path = operation.path.replace("{serial}", "1");
    format!("/instances/books{}", path.replace("{channel}", "sms"))
}

#[tokio::test]
async fn an_instance_that_lacks_a_mandatory_factor_does_nothing_else() {
    on_bound(async |app, _| {
        let token = local_token(app, "books").await;
        for operation in own().filter(|operation| !USABLE.contains(&operation.id)) {
            for body in [None, Some(json!({}))] {
                let call = app.call(operation.method, &path(operation)).bearer(&token);
                let call = match &body {
                    Some(body) => call.json(body),
                    None => call,
                };
                call.send().await.refuses(403, 2031);
            }
        }
    })
    .await;
}

#[tokio::test]
async fn strangers_are_refused_before_anything_is_said_about_factors() {
    on_bound(async |app, _| {
        for operation in own() {
            let call = app.call(operation.method, &path(operation));
            call.send().await.refuses(401, 2015);
        }
    })
    .await;
}

#[tokio::test]
async fn an_instance_that_lacks_a_mandatory_factor_can_look_and_change_contacts() {
    on_bound(async |app, _| {
        let token = local_token(app, "books").await;
        assert_eq!(validated(app, "books", &token).await, [true, false]);
        let phone = json!({ "phone_number": PHONE });
        change(app, "books", &token, &phone).await.expect(204);
        let end = app.delete("/instances/books/private/token").bearer(&token);
        end.send().await.expect(204);
        let own = app.get("/instances/books/private").bearer(&token);
        own.send().await.refuses(401, 2015);
    })
    .await;
}

#[tokio::test]
async fn its_login_proves_the_missing_contact_and_makes_it_a_factor() {
    on_bound(async |app, codes| {
        set_contacts(app, "books", &json!({ "phone_number": PHONE })).await;
        let first = login(app, "books").send().await;
        let challenged = first.expect(202);
        assert_eq!(challenged["combi_and"], true);
        assert_eq!(hints(&challenged), ["e***@b***.example", "***4567"]);
        let ids = ids(&first);
        solve(app, codes, &ids[0]).await;
        let again = with_ids(login(app, "books"), &ids[..1]).send().await;
        assert_eq!(hints(&again.expect(202)), ["***4567"]);
        solve(app, codes, &ids[1]).await;
        assert_eq!(factors(app, "books").await, [Some(EMAIL.to_owned()), None]);
        let granted = with_ids(login(app, "books"), &ids).send().await.expect(200);
        let token = granted["access_token"].as_str().expect("a token");
        assert_eq!(validated(app, "books", token).await, [true, true]);
        let tokens = app.get("/instances/books/private/tokens").bearer(token);
        tokens.send().await.expect(200);
        // From now on any one of them will do.
        let next = login(app, "books").send().await.expect(202);
        assert_eq!(next["combi_and"], false);
    })
    .await;
}

#[tokio::test]
async fn its_login_without_the_missing_contact_asks_for_the_factor() {
    on_bound(async |app, codes| {
        let challenged = login(app, "books").send().await.expect(202);
        assert_eq!(hints(&challenged), ["e***@b***.example"]);
        let token = logged_in(app, codes, "books").await;
        let tokens = || app.get("/instances/books/private/tokens").bearer(&token);
        tokens().send().await.refuses(403, 2031);

        let phone = json!({ "phone_number": PHONE });
        change(app, "books", &token, &phone).await.expect(204);
        let validate = || {
            let path = "/instances/books/auth-channels/sms/validate";
            app.call("POST", path).bearer(&token)
        };
        confirmed(app, codes, validate).await.expect(204);
        tokens().send().await.expect(200);
    })
    .await;
}

#[tokio::test]
async fn its_password_can_be_reset() {
    on_bound(async |app, codes| {
        let done = confirmed(app, codes, || reset(app, "books", "new")).await;
        done.expect(204);
        let login = login_with(app, "books", "new").send().await;
        assert_eq!(hints(&login.expect(202)), ["e***@b***.example"]);
    })
    .await;
}

#[tokio::test]
async fn a_login_with_the_missing_contact_uses_up_its_codes() {
    on_bound(async |app, codes| {
        set_contacts(app, "books", &json!({ "phone_number": PHONE })).await;
        let ids = ids(&login(app, "books").send().await);
        for id in &ids {
            solve(app, codes, id).await;
        }
        // The contact is another one when they are used.
        set_contacts(app, "books", &json!({ "phone_number": "+41790000000" })).await;
        let stale = with_ids(login(app, "books"), &ids).send().await;
        assert_eq!(hints(&stale.expect(202)), ["***0000"]);
        let last = id(&stale);
        solve(app, codes, &last).await;
        with_ids(login(app, "books"), &[&last])
            .send()
            .await
            .expect(200);
        let phone = Some("+41790000000".to_owned());
        assert_eq!(factors(app, "books").await[1], phone);
        with_ids(login(app, "books"), &[&last])
            .send()
            .await
            .expect(202);
    })
    .await;
}

#[tokio::test]
async fn what_an_admin_made_is_not_bound() {
    on_open_server(both_mandatory, async |app, _| {
        let token = app.shop("shop").await;
        let tokens = app.get("/instances/shop/private/tokens").bearer(&token);
        tokens.send().await.expect(200);
        login_with(app, "shop", PASSWORD).send().await.expect(200);
    })
    .await;
}

#[tokio::test]
async fn a_factor_on_a_channel_that_ceased_to_be_mandatory_stays() {
    on_open_server(both_mandatory, async |app, codes| {
        sign_up(app, codes, &full_form("books")).await.expect(204);
        let mail_only = |settings: &mut Settings| {
            settings.merchant.mandatory_tan_channels.truncate(1);
            without_texts(settings);
        };
        app.restarted(mail_only, async |app| {
            let token = logged_in(app, codes, "books").await;
            assert_eq!(validated(app, "books", &token).await, [true, true]);
            let tokens = app.get("/instances/books/private/tokens").bearer(&token);
            tokens.send().await.expect(200);
        })
        .await;
    })
    .await;
}
