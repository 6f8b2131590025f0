//! Who is asked, for what, and over which factors.

use entity::challenge::Channel;
use serde_json::json;

use super::{
    EMAIL, OWN, PHONE, challenges, change_auth, confirm, confirmed, id, ids, local_token, login,
    on_adjusted_app_with_codes, on_app_with_codes, protected, required_settings, send,
    set_contacts, set_factor, shop, shop_with_factors, solve, with_ids,
};
use crate::support::{Call, PASSWORD, TestApp, instance};

const MANAGED: &str = "/management/instances/shop";

/// A login with what stands in the header `Authorization`.
fn login_with<'a>(app: &'a TestApp, authorization: &str) -> Call<'a> {
    let login = app.post("/instances/shop/private/token", &json!({ "scope": "all" }));
    login.header("authorization", authorization)
}

fn basic(secret: &str) -> String {
    let credential = data_encoding::BASE64.encode(format!("shop:{secret}").as_bytes());
    format!("Basic {credential}")
}

#[tokio::test]
async fn a_login_by_password_takes_a_code_in_every_header_form() {
    on_app_with_codes(async |app, codes| {
        shop(app).await;
        for authorization in [
            basic(PASSWORD),
            basic(&format!("secret-token:{PASSWORD}")),
            format!("Bearer secret-token:{PASSWORD}"),
            format!("secret-token:{PASSWORD}"),
        ] {
            let login = || login_with(app, &authorization);
            let token = confirmed(app, codes, login).await.expect(200);
            let token = token["access_token"].as_str().expect("a token");
            app.get(OWN).bearer(token).send().await.expect(200);
            // The next one takes a code again.
            id(&login().send().await);
        }
        login_with(app, &basic("wrong"))
            .send()
            .await
            .refuses(401, 2015);
    })
    .await;
}

#[tokio::test]
async fn a_login_by_a_legacy_secret_takes_a_code_and_its_use_as_bearer_does_not() {
    on_app_with_codes(async |app, codes| {
        let token = app.shop("shop").await;
        for secret in [
            "secret-token:weak",
            "secret-token:0123456789abcdef0123456789abcdef",
        ] {
            let auth = json!({ "method": "token", "token": secret });
            let change = || app.post(&format!("{OWN}/auth"), &auth).bearer(&token);
            match secret {
                "secret-token:weak" => change().send().await.expect(204),
                _ => confirmed(app, codes, change).await.expect(204),
            };
            set_factor(app, "shop", Channel::Email, EMAIL).await;
            for authorization in [basic(secret), format!("Bearer {secret}"), secret.to_owned()] {
                let login = || login_with(app, &authorization);
                confirmed(app, codes, login).await.expect(200);
            }
            app.get(OWN).bearer(secret).send().await.expect(200);
            // What only the owner may do takes a code with this bearer too.
            ids(&app.delete(OWN).bearer(secret).send().await);
        }
    })
    .await;
}

#[tokio::test]
async fn the_own_auth_change_takes_a_code() {
    on_app_with_codes(async |app, codes| {
        let token = shop(app).await;
        let change = || change_auth(app, OWN, "another", &token);
        id(&change().send().await);
        app.get(OWN).bearer(&token).send().await.expect(200);
        id(&login(app, "shop").send().await);
        confirmed(app, codes, change).await.expect(204);
        login(app, "shop").send().await.refuses(401, 2015);
        // The token that was there stays good.
        app.get(OWN).bearer(&token).send().await.expect(200);
    })
    .await;
}

#[tokio::test]
async fn the_own_deletion_takes_a_code_with_and_without_purge() {
    on_app_with_codes(async |app, codes| {
        for (purge, code) in [("", 2016), ("?purge=NO", 2016), ("?purge=YES", 2000)] {
            let token = shop(app).await;
            let path = format!("{OWN}{purge}");
            let delete = || app.delete(&path).bearer(&token);
            id(&delete().send().await);
            app.get(OWN).bearer(&token).send().await.expect(200);
            confirmed(app, codes, delete).await.expect(204);
            app.get(OWN).bearer(&token).send().await.refuses(404, code);
            if code == 2016 {
                let admin = local_token(app, "admin").await;
                let purge = app.delete(&format!("{MANAGED}?purge=YES")).bearer(&admin);
                purge.send().await.expect(204);
            }
        }
    })
    .await;
}

/// The operator acts with the factor of `admin`; that of the instance is not asked.
async fn the_operator_confirms<'a>(
    app: &'a TestApp,
    codes: &super::Codes,
    request: impl Fn() -> Call<'a>,
) {
    let answer = request().send().await;
    let found = challenges(&answer);
    assert_eq!(found.len(), 1);
    assert_eq!(found[0]["tan_channel"], "sms");
    assert_eq!(found[0]["tan_info"], "***4567");
    let id = id(&answer);
    // It is a challenge of the root, and none below the instance that it is about.
    let below = app.post(&format!("/instances/shop/challenge/{id}"), &json!({}));
    assert_eq!(below.send().await.status, 404);
    let at_root = app.post(&format!("/instances/admin/challenge/{id}"), &json!({}));
    at_root.send().await.expect(200);
    confirm(app, &id, &codes.last("sms")).await.expect(204);
    with_ids(request(), &[id]).send().await.expect(204);
}

#[tokio::test]
async fn the_operator_is_asked_over_the_factor_of_admin() {
    on_app_with_codes(async |app, codes| {
        shop(app).await;
        set_factor(app, "admin", Channel::Sms, PHONE).await;
        let admin = local_token(app, "admin").await;
        let auth = || change_auth(app, MANAGED, "another", &admin);
        the_operator_confirms(app, codes, auth).await;
        login(app, "shop").send().await.refuses(401, 2015);
        the_operator_confirms(app, codes, || app.delete(MANAGED).bearer(&admin)).await;
        let purge = format!("{MANAGED}?purge=YES");
        the_operator_confirms(app, codes, || app.delete(&purge).bearer(&admin)).await;
        app.get(MANAGED)
            .bearer(&admin)
            .send()
            .await
            .refuses(404, 2000);
    })
    .await;
}

#[tokio::test]
async fn the_operator_without_a_factor_is_not_asked_whatever_the_instance_has() {
    on_app_with_codes(async |app, codes| {
        shop(app).await;
        let admin = local_token(app, "admin").await;
        change_auth(app, MANAGED, "another", &admin)
            .send()
            .await
            .expect(204);
        app.delete(MANAGED).bearer(&admin).send().await.expect(204);
        assert!(codes.messages().is_empty());
    })
    .await;
}

#[tokio::test]
async fn everything_else_asks_nobody() {
    on_app_with_codes(async |app, codes| {
        let token = shop(app).await;
        set_factor(app, "admin", Channel::Sms, PHONE).await;
        let admin = local_token(app, "admin").await;
        app.get(OWN).bearer(&token).send().await.expect(200);
        let with_contacts = super::with(
            required_settings(),
            &json!({ "email": "new@shop.example", "phone_number": "+41790000000" }),
        );
        app.patch(OWN, &with_contacts)
            .bearer(&token)
            .send()
            .await
            .expect(204);
        app.patch(MANAGED, &with_contacts)
            .bearer(&admin)
            .send()
            .await
            .expect(204);
        let list = format!("{OWN}/tokens");
        let tokens = app.get(&list).bearer(&token).send().await.expect(200);
        let serial = tokens["tokens"][0]["serial"].as_u64().expect("a number");
        let revoke = app.delete(&format!("{list}/{serial}")).bearer(&token);
        revoke.send().await.expect(204);
        let create = app.post("/management/instances", &instance("other"));
        create.bearer(&admin).send().await.expect(204);
        let end = app.delete(&format!("{OWN}/token"));
        end.bearer(&local_token(app, "shop").await)
            .send()
            .await
            .expect(204);
        assert!(codes.messages().is_empty());
    })
    .await;
}

#[tokio::test]
async fn a_refresh_asks_nobody() {
    on_app_with_codes(async |app, codes| {
        shop(app).await;
        let token = local_token(app, "shop").await;
        let refresh = app.post(&format!("{OWN}/token"), &json!({ "scope": "all" }));
        refresh.bearer(&token).send().await.expect(200);
        assert!(codes.messages().is_empty());
    })
    .await;
}

#[tokio::test]
async fn any_one_of_two_factors_is_enough() {
    on_app_with_codes(async |app, codes| {
        let token = shop_with_factors(app, "shop", &[Channel::Email, Channel::Sms]).await;
        for used in [0, 1] {
            for request in &protected(app, &token)[..2] {
                let answer = request().send().await;
                let found = challenges(&answer);
                assert_eq!(answer.json()["combi_and"], false);
                let shown =
                    |number: usize| (&found[number]["tan_channel"], &found[number]["tan_info"]);
                assert_eq!(found.len(), 2);
                assert_eq!(shown(0), (&json!("email"), &json!("a***@s***.example")));
                assert_eq!(shown(1), (&json!("sms"), &json!("***4567")));
                let id = &ids(&answer)[used];
                solve(app, codes, id).await;
                let done = with_ids(request(), &[id]).send().await;
                assert!(done.status.is_success() && done.status != 202, "{done:?}");
            }
        }
    })
    .await;
}

#[tokio::test]
async fn only_factors_on_configured_channels_are_asked() {
    let without_sms = |settings: &mut kontor::config::Settings| settings.tan.sms.spool = None;
    on_adjusted_app_with_codes(without_sms, async |app, codes| {
        let token = shop_with_factors(app, "shop", &[Channel::Email, Channel::Sms]).await;
        for request in protected(app, &token) {
            let found = challenges(&request().send().await);
            assert_eq!(found.len(), 1);
            assert_eq!(found[0]["tan_channel"], "email");
        }
        confirmed(app, codes, || login(app, "shop"))
            .await
            .expect(200);
    })
    .await;
}

#[tokio::test]
async fn an_instance_whose_factors_cannot_be_reached_is_closed() {
    let without_sms = |settings: &mut kontor::config::Settings| settings.tan.sms.spool = None;
    on_adjusted_app_with_codes(without_sms, async |app, _| {
        let token = shop_with_factors(app, "shop", &[Channel::Sms]).await;
        // A contact on a channel that works is no way around.
        set_contacts(app, "shop", &json!({ "email": EMAIL })).await;
        for request in protected(app, &token) {
            request().send().await.refuses(403, 2031);
        }
        let validate = app.call(
            "POST",
            "/instances/shop/private/auth-channels/email/validate",
        );
        assert_eq!(validate.bearer(&token).send().await.status, 404);
        let validate = app.call("POST", "/instances/shop/auth-channels/email/validate");
        validate.bearer(&token).send().await.refuses(403, 2031);
        app.get(OWN).bearer(&token).send().await.expect(200);
        set_factor(app, "admin", Channel::Sms, PHONE).await;
        let admin = local_token(app, "admin").await;
        change_auth(app, MANAGED, "x", &admin)
            .send()
            .await
            .refuses(403, 2031);
        app.delete(MANAGED)
            .bearer(&admin)
            .send()
            .await
            .refuses(403, 2031);
    })
    .await;
}

#[tokio::test]
async fn without_a_factor_nobody_is_asked() {
    on_app_with_codes(async |app, codes| {
        let token = app.shop("shop").await;
        set_contacts(
            app,
            "shop",
            &json!({ "email": EMAIL, "phone_number": PHONE }),
        )
        .await;
        for request in protected(app, &token) {
            let done = request().send().await;
            assert!(matches!(done.status.as_u16(), 200 | 204), "{done:?}");
        }
        assert!(codes.messages().is_empty());
    })
    .await;
}

#[tokio::test]
async fn codes_say_what_they_are_for() {
    on_app_with_codes(async |app, codes| {
        let token = shop(app).await;
        let purposes = [
            "log in to shop",
            "change how one logs in to shop",
            "bank account",
            "delete shop",
        ];
        for (request, purpose) in protected(app, &token).iter().zip(purposes) {
            send(app, &id(&request().send().await)).await.expect(200);
            let message = codes.messages().pop().expect("a message");
            assert_eq!(message["address"], EMAIL);
            let text = message["message"].as_str().expect("a text");
            assert!(text.contains(purpose), "{text}");
        }
    })
    .await;
}
