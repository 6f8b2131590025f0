//! Contacts that become factors, and factors that go.

use entity::challenge::Channel;
use kontor::config::Settings;
use serde_json::json;

use super::{
    Codes, EMAIL, PHONE, change_auth, confirmed, id, ids, local_token, login,
    on_adjusted_app_with_codes, on_app_with_codes, send, set_contacts, shop_with_factors, solve,
    text, with_ids,
};
use crate::merchant::self_provisioning::{change, factors, hints, validated};
use crate::support::{Answer, Call, TestApp};

const NEW_EMAIL: &str = "bob@shop.example";
const NEW_PHONE: &str = "+41790000000";

/// The call that makes the contact of a channel the factor.
fn validate<'a>(app: &'a TestApp, token: &str, channel: &str) -> Call<'a> {
    let path = format!("/instances/shop/auth-channels/{channel}/validate");
    app.call("POST", &path).bearer(token)
}

fn owned(addresses: [Option<&str>; 2]) -> [Option<String>; 2] {
    addresses.map(|address| address.map(str::to_owned))
}

/// What each message so far says that its code is for, beside its address.
fn asked(codes: &Codes) -> Vec<(String, &'static str)> {
    let what = |message: &str| match message.replace('\n', " ") {
        text if text.contains(" to change where ") => "moves",
        text if text.contains(" to confirm ") => "confirms",
        _ => panic!("{message}"),
    };
    let messages = codes.messages().into_iter();
    messages
        .map(|message| (text(&message["address"]), what(&text(&message["message"]))))
        .collect()
}

/// A message that warns the owner of an address that codes are to go elsewhere.
fn moves(address: &str) -> (String, &'static str) {
    (address.to_owned(), "moves")
}

async fn set(app: &TestApp, token: &str, changes: &serde_json::Value) {
    change(app, "shop", token, changes).await.expect(204);
}

#[tokio::test]
async fn codes_are_for_mail_and_text_messages_alone() {
    on_app_with_codes(async |app, _| {
        let token = app.shop("shop").await;
        for channel in ["post", "EMAIL", "totp", "x"] {
            validate(app, &token, channel).send().await.refuses(404, 21);
        }
    })
    .await;
}

#[tokio::test]
async fn only_who_may_change_credentials_changes_factors() {
    on_app_with_codes(async |app, _| {
        app.shop("shop").await;
        set_contacts(app, "shop", &json!({ "email": EMAIL })).await;
        for (scope, is_enough) in [
            ("readonly", false),
            ("order-simple", false),
            ("order-pos", false),
            ("order-mgmt", false),
            ("order-full", false),
            ("write", true),
            ("spa", true),
            ("all", true),
        ] {
            let token = app.token("shop", scope).await;
            let answer = validate(app, &token, "email").send().await;
            match is_enough {
                true => answer.expect(202),
                false => answer.refuses(403, 16),
            };
        }
    })
    .await;
}

#[tokio::test]
async fn without_a_factor_the_contact_alone_is_asked() {
    on_app_with_codes(async |app, codes| {
        let token = app.shop("shop").await;
        let contacts = json!({ "email": NEW_EMAIL, "phone_number": NEW_PHONE });
        set(app, &token, &contacts).await;
        let challenged = validate(app, &token, "email").send().await.expect(202);
        assert_eq!(hints(&challenged), ["b***@s***.example"]);
        let done = confirmed(app, codes, || validate(app, &token, "email")).await;
        done.expect(204);
        assert_eq!(asked(codes), [(NEW_EMAIL.to_owned(), "confirms")]);
        assert_eq!(validated(app, "shop", &token).await, [true, false]);
        assert_eq!(factors(app, "shop").await, owned([Some(NEW_EMAIL), None]));
    })
    .await;
}

#[tokio::test]
async fn a_new_contact_on_another_channel_takes_a_code_to_the_factor_too() {
    on_app_with_codes(async |app, codes| {
        let token = shop_with_factors(app, "shop", &[Channel::Email]).await;
        set(app, &token, &json!({ "phone_number": NEW_PHONE })).await;
        let answer = validate(app, &token, "sms").send().await;
        let challenged = answer.expect(202);
        assert_eq!(challenged["combi_and"], true);
        assert_eq!(hints(&challenged), ["a***@s***.example", "***0000"]);
        let ids = ids(&answer);
        for one in &ids {
            solve(app, codes, one).await;
            assert_eq!(factors(app, "shop").await, owned([Some(EMAIL), None]));
        }
        let done = with_ids(validate(app, &token, "sms"), &ids).send().await;
        done.expect(204);
        assert_eq!(
            factors(app, "shop").await,
            owned([Some(EMAIL), Some(NEW_PHONE)])
        );
    })
    .await;
}

#[tokio::test]
async fn a_new_contact_takes_a_code_to_a_factor_on_another_channel_where_there_is_one() {
    on_app_with_codes(async |app, codes| {
        let both = [Channel::Email, Channel::Sms];
        let token = shop_with_factors(app, "shop", &both).await;
        set(app, &token, &json!({ "email": NEW_EMAIL })).await;
        let challenged = validate(app, &token, "email").send().await.expect(202);
        assert_eq!(hints(&challenged), ["***4567", "b***@s***.example"]);
        let done = confirmed(app, codes, || validate(app, &token, "email")).await;
        done.expect(204);
        assert_eq!(
            asked(codes),
            [moves(PHONE), (NEW_EMAIL.to_owned(), "confirms")]
        );
        assert_eq!(
            factors(app, "shop").await,
            owned([Some(NEW_EMAIL), Some(PHONE)])
        );
    })
    .await;
}

#[tokio::test]
async fn a_new_contact_on_the_channel_of_the_only_factor_takes_codes_to_both() {
    on_app_with_codes(async |app, codes| {
        let token = shop_with_factors(app, "shop", &[Channel::Email]).await;
        set(app, &token, &json!({ "email": NEW_EMAIL })).await;
        let call = || validate(app, &token, "email");
        let challenged = call().send().await.expect(202);
        assert_eq!(
            hints(&challenged),
            ["a***@s***.example", "b***@s***.example"]
        );
        confirmed(app, codes, call).await.expect(204);
        assert_eq!(
            asked(codes),
            [moves(EMAIL), (NEW_EMAIL.to_owned(), "confirms")]
        );
        assert_eq!(factors(app, "shop").await, owned([Some(NEW_EMAIL), None]));
        // Codes go to the new one from now on.
        let login = login(app, "shop").send().await.expect(202);
        assert_eq!(hints(&login), ["b***@s***.example"]);
    })
    .await;
}

#[tokio::test]
async fn a_contact_that_is_the_factor_needs_nothing() {
    on_app_with_codes(async |app, codes| {
        let token = shop_with_factors(app, "shop", &[Channel::Email]).await;
        validate(app, &token, "email").send().await.expect(204);
        assert!(codes.messages().is_empty());
        assert_eq!(factors(app, "shop").await, owned([Some(EMAIL), None]));
    })
    .await;
}

#[tokio::test]
async fn a_factor_without_a_contact_is_dropped_after_a_code() {
    on_app_with_codes(async |app, codes| {
        let both = [Channel::Email, Channel::Sms];
        let token = shop_with_factors(app, "shop", &both).await;
        for (channel, removed, left, warned) in [
            (
                "email",
                json!({ "email": null }),
                [None, Some(PHONE)],
                EMAIL,
            ),
            ("sms", json!({ "phone_number": "" }), [None, None], PHONE),
        ] {
            set(app, &token, &removed).await;
            let call = || validate(app, &token, channel);
            let challenged = call().send().await.expect(202);
            assert_eq!(challenged["combi_and"], false);
            confirmed(app, codes, call).await.expect(204);
            assert_eq!(asked(codes).pop(), Some(moves(warned)));
            assert_eq!(factors(app, "shop").await, owned(left));
        }
    })
    .await;
}

#[tokio::test]
async fn with_neither_contact_nor_factor_there_is_nothing_to_ask() {
    on_app_with_codes(async |app, _| {
        let token = shop_with_factors(app, "shop", &[Channel::Email]).await;
        validate(app, &token, "sms").send().await.refuses(403, 2031);
        let other = app.shop("other").await;
        let path = "/instances/other/auth-channels/email/validate";
        let call = app.call("POST", path).bearer(&other);
        call.send().await.refuses(403, 2031);
    })
    .await;
}

#[tokio::test]
async fn a_contact_on_a_channel_that_is_not_configured_cannot_be_proven() {
    let without_texts = |settings: &mut Settings| settings.tan.sms.spool = None;
    on_adjusted_app_with_codes(without_texts, async |app, _| {
        let token = shop_with_factors(app, "shop", &[Channel::Email]).await;
        set(app, &token, &json!({ "phone_number": NEW_PHONE })).await;
        validate(app, &token, "sms").send().await.refuses(403, 2031);
    })
    .await;
}

#[tokio::test]
async fn factors_that_no_code_reaches_are_not_replaced() {
    let without_texts = |settings: &mut Settings| settings.tan.sms.spool = None;
    on_adjusted_app_with_codes(without_texts, async |app, _| {
        let token = shop_with_factors(app, "shop", &[Channel::Sms]).await;
        set(app, &token, &json!({ "email": NEW_EMAIL })).await;
        validate(app, &token, "email")
            .send()
            .await
            .refuses(403, 2031);
        set(app, &token, &json!({ "phone_number": null })).await;
        validate(app, &token, "sms").send().await.refuses(403, 2031);
        assert_eq!(factors(app, "shop").await, owned([None, Some(PHONE)]));
    })
    .await;
}

/// What a thief with a token of scope `all` can receive: messages to the thief's own addresses.
async fn solve_own(app: &TestApp, codes: &Codes, answer: &Answer, own: &[&str]) -> Vec<String> {
    let mut solved = Vec::new();
    for challenge in ids(answer) {
        send(app, &challenge).await.expect(200);
        let messages = codes.messages();
        let last = messages.last().expect("a message");
        if own.contains(&last["address"].as_str().expect("an address")) {
            let code = last["tan"].as_str().expect("a code");
            super::confirm(app, &challenge, code).await.expect(204);
            solved.push(challenge);
        }
    }
    solved
}

#[tokio::test]
async fn a_stolen_token_neither_adds_nor_moves_nor_drops_a_factor() {
    let own = [NEW_EMAIL, NEW_PHONE];
    for contacts in [
        json!({ "email": NEW_EMAIL, "phone_number": NEW_PHONE }),
        json!({ "email": NEW_EMAIL }),
        json!({ "phone_number": NEW_PHONE }),
        json!({ "email": null, "phone_number": null }),
    ] {
        on_app_with_codes(async |app, codes| {
            let stolen = shop_with_factors(app, "shop", &[Channel::Email]).await;
            set(app, &stolen, &contacts).await;
            for channel in ["email", "sms"] {
                let answer = validate(app, &stolen, channel).send().await;
                if answer.status != 202 {
                    continue;
                }
                let solved = solve_own(app, codes, &answer, &own).await;
                let again = with_ids(validate(app, &stolen, channel), &solved);
                let again = again.send().await.expect(202);
                assert_eq!(hints(&again), ["a***@s***.example"]);
            }
            assert_eq!(factors(app, "shop").await, owned([Some(EMAIL), None]));
            // Nor can it change the password, nor log in with one that it knows.
            let change = change_auth(app, "/instances/shop/private", "thief", &stolen);
            let answer = change.send().await;
            assert!(solve_own(app, codes, &answer, &own).await.is_empty());
            assert_eq!(hints(&answer.expect(202)), ["a***@s***.example"]);
            let answer = login(app, "shop").send().await;
            assert_eq!(hints(&answer.expect(202)), ["a***@s***.example"]);
        })
        .await;
    }
}

#[tokio::test]
async fn changing_contacts_never_touches_a_factor() {
    on_app_with_codes(async |app, codes| {
        let token = shop_with_factors(app, "shop", &[Channel::Email]).await;
        for email in [json!(NEW_EMAIL), json!(null), json!("")] {
            set(app, &token, &json!({ "email": email })).await;
            assert_eq!(factors(app, "shop").await, owned([Some(EMAIL), None]));
            assert_eq!(validated(app, "shop", &token).await, [false, false]);
        }
        set(app, &token, &json!({ "email": EMAIL })).await;
        assert_eq!(validated(app, "shop", &token).await, [true, false]);
        assert!(codes.messages().is_empty());
    })
    .await;
}

#[tokio::test]
async fn the_contact_must_still_be_the_one_that_was_proven() {
    on_app_with_codes(async |app, codes| {
        let token = app.shop("shop").await;
        set(app, &token, &json!({ "email": EMAIL })).await;
        let call = || validate(app, &token, "email");
        let solved = id(&call().send().await);
        solve(app, codes, &solved).await;
        set(app, &token, &json!({ "email": NEW_EMAIL })).await;
        let stale = with_ids(call(), &[&solved]).send().await;
        assert_eq!(hints(&stale.expect(202)), ["b***@s***.example"]);
        assert_eq!(factors(app, "shop").await, owned([None, None]));
    })
    .await;
}

#[tokio::test]
async fn a_factor_that_changes_ends_what_its_codes_confirm() {
    on_app_with_codes(async |app, codes| {
        let token = shop_with_factors(app, "shop", &[Channel::Email]).await;
        let begun = id(&login(app, "shop").send().await);
        solve(app, codes, &begun).await;
        set(app, &token, &json!({ "email": NEW_EMAIL })).await;
        let done = confirmed(app, codes, || validate(app, &token, "email")).await;
        done.expect(204);
        let stale = with_ids(login(app, "shop"), &[&begun]).send().await;
        assert_eq!(hints(&stale.expect(202)), ["b***@s***.example"]);
    })
    .await;
}

#[tokio::test]
async fn the_first_form_of_the_protocol_goes_on_with_the_last_id_alone() {
    on_app_with_codes(async |app, codes| {
        let token = shop_with_factors(app, "shop", &[Channel::Email]).await;
        set(app, &token, &json!({ "phone_number": NEW_PHONE })).await;
        let call = || validate(app, &token, "sms");
        let mut answer = call().send().await;
        for _ in 0..2 {
            let challenge = answer.expect(202)["challenge_id"].clone();
            let challenge = challenge.as_str().expect("an id").to_owned();
            solve(app, codes, &challenge).await;
            answer = call().header("x-challenge-id", &challenge).send().await;
        }
        answer.expect(204);
        assert_eq!(
            factors(app, "shop").await,
            owned([Some(EMAIL), Some(NEW_PHONE)])
        );
    })
    .await;
}

#[tokio::test]
async fn codes_are_good_for_one_channel() {
    on_app_with_codes(async |app, codes| {
        let token = app.shop("shop").await;
        let contacts = json!({ "email": NEW_EMAIL, "phone_number": NEW_PHONE });
        set(app, &token, &contacts).await;
        let solved = id(&validate(app, &token, "email").send().await);
        solve(app, codes, &solved).await;
        let other = with_ids(validate(app, &token, "sms"), &[&solved]);
        assert_ne!(id(&other.send().await), solved);
        // Nor for another token's owner.
        let again = local_token(app, "shop").await;
        let own = with_ids(validate(app, &again, "email"), &[&solved]);
        own.send().await.expect(204);
    })
    .await;
}

#[tokio::test]
async fn only_the_repeated_request_makes_the_factor() {
    on_app_with_codes(async |app, codes| {
        let token = app.shop("shop").await;
        set(app, &token, &json!({ "email": NEW_EMAIL })).await;
        let solved = id(&validate(app, &token, "email").send().await);
        solve(app, codes, &solved).await;
        assert_eq!(factors(app, "shop").await, owned([None, None]));
        login(app, "shop").send().await.expect(200);
    })
    .await;
}

#[tokio::test]
async fn a_contact_gets_so_many_codes_a_day() {
    let two = |settings: &mut Settings| settings.tan.daily_limit = 2;
    on_adjusted_app_with_codes(two, async |app, codes| {
        app.shop("shop").await;
        let token = local_token(app, "shop").await;
        set(app, &token, &json!({ "email": NEW_EMAIL })).await;
        let call = || validate(app, &token, "email");
        for _ in 0..2 {
            send(app, &id(&call().send().await)).await.expect(200);
        }
        call().send().await.refuses(403, 2131);
        app.clock.advance(std::time::Duration::from_secs(86_400));
        confirmed(app, codes, call).await.expect(204);
    })
    .await;
}
