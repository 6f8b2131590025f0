//! The credentials of an instance, set by the operator or by itself.

use kontor_openapi::{Operation, merchant::OPERATIONS};
use serde_json::{Value, json};

use super::legacy::STRONG;
use crate::support::{Answer, PASSWORD, TestApp, on_app};

/// Credentials that no instance can have.
pub(super) fn bad() -> Vec<Value> {
    let long = "x".repeat(1025);
    vec![
        json!({}),
        json!({ "password": "x" }),
        json!({ "method": null, "password": "x" }),
        json!({ "method": "token" }),
        json!({ "method": "Token", "password": "x" }),
        json!({ "method": "basic", "password": "x" }),
        json!({ "method": 1, "password": "x" }),
        json!({ "method": "token", "password": null }),
        json!({ "method": "token", "password": "" }),
        json!({ "method": "token", "password": "secret-token:" }),
        json!({ "method": "token", "password": long }),
        json!({ "method": "token", "password": "é".repeat(600) }),
        json!({ "method": "token", "password": 12345678 }),
        json!({ "method": "token", "password": "a\0b" }),
        json!({ "method": "token", "password": ["x"] }),
        json!({ "method": "token", "token": "x" }),
        json!({ "method": "token", "token": "" }),
        json!({ "method": "token", "token": "secret-token:" }),
        json!({ "method": "token", "token": "Secret-Token:x" }),
        json!({ "method": "token", "token": " secret-token:x" }),
        json!({ "method": "token", "token": format!("secret-token:{long}") }),
        json!({ "method": "token", "token": true }),
    ]
}

/// The two paths by which an instance's credentials change, with the token that each takes.
pub(super) async fn doors(app: &TestApp, id: &str) -> [(String, String); 2] {
    let admin = app.admin_token("all").await;
    [
        (format!("/management/instances/{id}/auth"), admin),
        (
            format!("/instances/{id}/private/auth"),
            app.token(id, "all").await,
        ),
    ]
}

pub(super) async fn log_in(app: &TestApp, id: &str, password: &str) -> Answer {
    let path = format!("/instances/{id}/private/token");
    app.post(&path, &json!({ "scope": "all" }))
        .basic(id, password)
        .send()
        .await
}

pub(super) async fn own(app: &TestApp, id: &str, bearer: &str) -> Answer {
    app.get(&format!("/instances/{id}/private"))
        .bearer(bearer)
        .send()
        .await
}

#[tokio::test]
async fn change_instance_auth_sets_the_password_and_ends_all_tokens() {
    on_app(async |app| {
        let shop = app.shop("shop").await;
        let [(path, admin), _] = doors(app, "shop").await;
        let other = app.shop("other").await;
        let auth = json!({ "method": "token", "password": "secret-token:new password" });
        app.post(&path, &auth)
            .bearer(&admin)
            .send()
            .await
            .expect(204);
        own(app, "shop", &shop).await.refuses(401, 2015);
        log_in(app, "shop", PASSWORD).await.refuses(401, 2015);
        log_in(app, "shop", "new password").await.expect(200);
        log_in(app, "shop", "secret-token:new password")
            .await
            .expect(200);
        own(app, "other", &other).await.expect(200);
    })
    .await;
}

#[tokio::test]
async fn change_instance_auth_of_admin_ends_the_operators_own_tokens() {
    on_app(async |app| {
        let admin = app.admin_token("all").await;
        let auth = json!({ "method": "token", "password": "new" });
        app.post("/management/instances/admin/auth", &auth)
            .bearer(&admin)
            .send()
            .await
            .expect(204);
        app.get("/management/instances")
            .bearer(&admin)
            .send()
            .await
            .refuses(401, 2015);
        log_in(app, "admin", "new").await.expect(200);
    })
    .await;
}

#[tokio::test]
async fn change_own_instance_auth_sets_the_password_and_keeps_the_tokens() {
    on_app(async |app| {
        let refreshable = {
            app.shop("shop").await;
            app.token("shop", "all:refreshable").await
        };
        let [_, (path, shop)] = doors(app, "shop").await;
        app.post(&path, &json!({ "method": "token", "password": "new" }))
            .bearer(&shop)
            .send()
            .await
            .expect(204);
        own(app, "shop", &shop).await.expect(200);
        let refresh = app.post(
            "/instances/shop/private/token",
            &json!({ "scope": "readonly" }),
        );
        refresh.bearer(&refreshable).send().await.expect(200);
        log_in(app, "shop", PASSWORD).await.refuses(401, 2015);
        log_in(app, "shop", "new").await.expect(200);
        // The root is the base URL of admin.
        let admin = app.admin_token("all").await;
        app.post(
            "/private/auth",
            &json!({ "method": "token", "password": "newer" }),
        )
        .bearer(&admin)
        .send()
        .await
        .expect(204);
        app.get("/management/instances")
            .bearer(&admin)
            .send()
            .await
            .expect(200);
        log_in(app, "admin", "newer").await.expect(200);
    })
    .await;
}

#[tokio::test]
async fn change_instance_auth_and_change_own_instance_auth_refuse_what_cannot_be() {
    on_app(async |app| {
        app.shop("shop").await;
        for (path, token) in doors(app, "shop").await {
            for auth in bad().into_iter().chain([
                json!({ "method": "external" }),
                json!([]),
                json!("x"),
                json!(null),
            ]) {
                app.post(&path, &auth)
                    .bearer(&token)
                    .send()
                    .await
                    .refuses(400, 2602);
            }
        }
        log_in(app, "shop", PASSWORD).await.expect(200);
    })
    .await;
}

#[tokio::test]
async fn change_instance_auth_and_change_own_instance_auth_take_passwords_of_any_length_to_1024() {
    on_app(async |app| {
        app.shop("shop").await;
        for (path, token) in doors(app, "shop").await.into_iter().rev() {
            for password in ["x", " ", "secret-token:secret-token:x", &"é".repeat(512)] {
                let auth = json!({ "method": "token", "password": password, "colour": 1 });
                app.post(&path, &auth)
                    .bearer(&token)
                    .from("192.0.2.9")
                    .send()
                    .await
                    .expect(204);
                log_in(app, "shop", password).await.expect(200);
            }
        }
    })
    .await;
}

#[tokio::test]
async fn change_instance_auth_and_change_own_instance_auth_prefer_the_password_to_the_token() {
    on_app(async |app| {
        app.shop("shop").await;
        for (path, token) in doors(app, "shop").await.into_iter().rev() {
            let auth = json!({ "method": "token", "password": "the password", "token": STRONG });
            app.post(&path, &auth)
                .bearer(&token)
                .send()
                .await
                .expect(204);
            log_in(app, "shop", "the password").await.expect(200);
            own(app, "shop", STRONG).await.refuses(401, 2015);
            log_in(app, "shop", STRONG).await.refuses(401, 2015);
            own(app, "shop", "secret-token:the password")
                .await
                .refuses(401, 2015);
        }
    })
    .await;
}

/// Every operation of an instance that a bearer opens, the deletion last.
pub(super) fn of_an_instance() -> impl Iterator<Item = &'static Operation> {
    let all = || {
        OPERATIONS
            .iter()
            .filter(|operation| !operation.root_only && !operation.security.is_empty())
    };
    all()
        .filter(|operation| operation.id != "deleteOwnInstance")
        .chain(all().filter(|operation| operation.id == "deleteOwnInstance"))
}
