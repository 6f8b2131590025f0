//! Who may sign up, and with what. What follows is in the files beside.

use kontor::config::{Pattern, Settings};
use serde_json::json;

use super::{exists, form, full_form, on_open_server};
use crate::merchant::{
    instances::with,
    second_factor::{Codes, on_app_with_codes},
};
use crate::support::{TestApp, on_app_with};

#[tokio::test]
async fn nobody_signs_up_unless_the_operator_allows_it() {
    on_app_with_codes(async |app, _| {
        let answer = app.post("/instances", &form("books")).send().await;
        answer.refuses(403, 2015);
        let config = app.get("/config").send().await.expect(200);
        assert_eq!(config["have_self_provisioning"], false);
        assert!(!exists(app, "books").await);
    })
    .await;
}

#[tokio::test]
async fn nobody_signs_up_as_admin() {
    on_app_with(
        |settings| settings.merchant.self_provisioning = true,
        async |app| {
            for id in ["admin", "Admin", "ADMIN"] {
                let answer = app.post("/instances", &form(id)).send().await;
                answer.refuses(403, 2015);
            }
            let stored = kontor::db::instance::find(app.app.database.read(), "admin").await;
            assert_eq!(stored.expect("a query"), None);
        },
    )
    .await;
}

#[tokio::test]
async fn nobody_signs_up_as_default() {
    on_open_server(
        |_| {},
        async |app, _| {
            for id in ["default", "Default", "DEFAULT"] {
                let answer = app.post("/instances", &form(id)).send().await;
                answer.blames(400, 26, "id");
            }
        },
    )
    .await;
}

#[tokio::test]
async fn whoever_signs_up_needs_a_password() {
    let allow = |settings: &mut Settings| settings.merchant.allow_external_auth = true;
    on_open_server(allow, async |app, _| {
        for auth in [
            json!({ "method": "external" }),
            json!({ "method": "token" }),
            json!({ "method": "token", "password": "" }),
            json!({ "method": "token", "token": "without the prefix" }),
        ] {
            let body = with(form("books"), &json!({ "auth": auth }));
            let answer = app.post("/instances", &body).send().await;
            answer.refuses(400, 2601);
        }
    })
    .await;
}

/// Fails unless these changes of a complete form are refused, naming a member.
async fn refused(
    app: &TestApp,
    codes: &Codes,
    (code, parameter): (u16, &str),
    changes: &serde_json::Value,
) {
    let body = with(full_form("books"), changes);
    let answer = app.post("/instances", &body).send().await;
    answer.blames(400, code, parameter);
    assert!(codes.messages().is_empty());
}

#[tokio::test]
async fn a_mandatory_contact_must_be_there() {
    on_open_server(super::both_mandatory, async |app, codes| {
        for parameter in ["email", "phone_number"] {
            for absent in [json!(null), json!(""), json!("  ")] {
                let mut body = full_form("books");
                body[parameter] = absent;
                let answer = app.post("/instances", &body).send().await;
                answer.blames(400, 25, parameter);
            }
            refused(app, codes, (25, parameter), &json!({ parameter: null })).await;
        }
    })
    .await;
}

#[tokio::test]
async fn a_contact_must_be_one_that_codes_can_be_sent_to() {
    on_open_server(super::without_texts, async |app, codes| {
        for email in [
            "eve",
            "eve@",
            "eve@books.example, mallory@books.example",
            "-eve@books.example",
            "eve@[127.0.0.1]",
        ] {
            refused(app, codes, (26, "email"), &json!({ "email": email })).await;
        }
        // Nor may one be stored that nobody could ever prove.
        for number in ["12", "+41 79 CALL ME", "--help", "+1234567890123456"] {
            let changes = json!({ "phone_number": number });
            refused(app, codes, (26, "phone_number"), &changes).await;
        }
    })
    .await;
}

#[tokio::test]
async fn a_phone_number_must_match_the_expression_of_the_operator() {
    let swiss = |settings: &mut Settings| {
        let regex = serde_json::from_value::<Pattern>(json!(r"^\+41[0-9]{9}$"));
        settings.merchant.phone_regex = Some(regex.expect("an expression"));
    };
    on_open_server(swiss, async |app, codes| {
        let config = app.get("/config").send().await.expect(200);
        assert_eq!(config["phone_regex"], r"^\+41[0-9]{9}$");
        let german = json!({ "phone_number": "+491701234567" });
        refused(app, codes, (26, "phone_number"), &german).await;
        let swiss = app.post("/instances", &full_form("books")).send().await;
        swiss.expect(202);
    })
    .await;
}

#[tokio::test]
async fn the_lifetime_of_a_token_must_be_a_number() {
    on_open_server(
        |_| {},
        async |app, _| {
            for value in ["-1", "soon", "1.5", ""] {
                let path = format!("/instances?token_validity_ms={value}");
                let answer = app.post(&path, &form("books")).send().await;
                answer.blames(400, 26, "token_validity_ms");
            }
        },
    )
    .await;
}

#[tokio::test]
async fn the_configuration_says_what_a_sign_up_takes() {
    for (adjust, channels) in [
        (no_change as fn(&mut Settings), json!(["email"])),
        (super::both_mandatory, json!(["email", "sms"])),
        (none_mandatory, json!([])),
    ] {
        on_open_server(adjust, async |app, _| {
            let config = app.get("/config").send().await.expect(200);
            assert_eq!(config["have_self_provisioning"], true);
            assert_eq!(config["mandatory_tan_channels"], channels);
        })
        .await;
    }
}

fn no_change(_: &mut Settings) {}

pub(super) fn none_mandatory(settings: &mut Settings) {
    settings.merchant.mandatory_tan_channels.clear();
}

#[tokio::test]
async fn below_an_instance_nobody_signs_up() {
    on_open_server(
        |_| {},
        async |app, _| {
            app.shop("shop").await;
            let below = app.post("/instances/shop/instances", &form("books"));
            below.send().await.refuses(404, 21);
        },
    )
    .await;
}
