//! Guessing is bounded, whatever operation the guesses are made at.

use std::time::Duration;

use kontor_openapi::{Operation, merchant::OPERATIONS};
use serde_json::json;

use crate::support::{PASSWORD, TestApp, instance, on_app};

/// What a person chose: every call with it would cost a password hash.
const WEAK: &str = "secret-token:sandbox";
const GUESS: &str = "secret-token:guess";
const WINDOW: Duration = Duration::from_secs(15 * 60);

/// Lets `admin` and `shop` have a weak legacy secret.
async fn set_weak_secrets(app: &TestApp) {
    let shop = app.shop("shop").await;
    let admin = app.admin_token("all").await;
    let auth = json!({ "method": "token", "token": WEAK });
    app.post("/instances/shop/private/auth", &auth)
        .bearer(&shop)
        .send()
        .await
        .expect(204);
    app.post("/private/auth", &auth)
        .bearer(&admin)
        .send()
        .await
        .expect(204);
}

fn path(operation: &Operation) -> String {
    let path = operation
        .path
        .replace("{instance}", "shop")
        .replace("{serial}", "1");
    if operation.root_only {
        path
    } else {
        format!("/instances/shop{path}")
    }
}

fn protected() -> impl Iterator<Item = &'static Operation> {
    OPERATIONS
        .iter()
        .filter(|operation| !operation.security.is_empty())
}

#[tokio::test]
async fn every_operation_that_checks_legacy_secrets_bounds_the_guesses() {
    on_app(async |app| {
        set_weak_secrets(app).await;
        for (number, operation) in protected().enumerate() {
            let guess = async || {
                app.call(operation.method, &path(operation))
                    .bearer(GUESS)
                    .from(&format!("192.0.2.{number}"))
                    .send()
                    .await
            };
            for _ in 0..10 {
                guess().await.refuses(401, 2015);
            }
            let limited = guess().await;
            limited.refuses(429, 2131);
            assert_eq!(
                limited.header("retry-after"),
                Some("900"),
                "{}",
                operation.id
            );
        }
        app.clock.advance(WINDOW);
        app.get("/instances/shop/private")
            .bearer(GUESS)
            .from("192.0.2.0")
            .send()
            .await
            .refuses(401, 2015);
    })
    .await;
}

#[tokio::test]
async fn failed_logins_at_all_operations_count_together() {
    on_app(async |app| {
        set_weak_secrets(app).await;
        let of_shop: Vec<_> = protected()
            .filter(|operation| !operation.root_only)
            .collect();
        for number in 0..10 {
            let operation = of_shop[number % of_shop.len()];
            app.call(operation.method, &path(operation))
                .bearer(GUESS)
                .send()
                .await
                .refuses(401, 2015);
        }
        for operation in of_shop {
            // Right or wrong is not looked at any more.
            for secret in [GUESS, WEAK] {
                app.call(operation.method, &path(operation))
                    .bearer(secret)
                    .send()
                    .await
                    .refuses(429, 2131);
            }
        }
        // Another address, and another instance, are not concerned.
        app.get("/instances/shop/private")
            .bearer(WEAK)
            .from("192.0.2.1")
            .send()
            .await
            .expect(200);
        app.get("/private").bearer(WEAK).send().await.expect(200);
    })
    .await;
}

#[tokio::test]
async fn whoever_was_let_in_before_passes_the_limit() {
    on_app(async |app| {
        let strong = "secret-token:NPV0B3R9XH4TZ1M7FQSWEAC2D5";
        let token = app.shop("shop").await;
        let admin = app.admin_token("all").await;
        let mut body = instance("strong");
        body["auth"] = json!({ "method": "token", "token": strong });
        app.post("/management/instances", &body)
            .bearer(&admin)
            .send()
            .await
            .expect(204);
        set_weak_secrets_of_shop(app, &token).await;
        app.get("/instances/shop/private")
            .bearer(WEAK)
            .send()
            .await
            .expect(200);
        for id in ["shop", "strong"] {
            let login = format!("/instances/{id}/private/token");
            for _ in 0..10 {
                app.post(&login, &json!({ "scope": "all" }))
                    .basic(id, "guess")
                    .send()
                    .await
                    .refuses(401, 2015);
            }
            app.post(&login, &json!({ "scope": "all" }))
                .basic(id, PASSWORD)
                .send()
                .await
                .refuses(429, 2131);
        }
        for (id, secret) in [("shop", token.as_str()), ("shop", WEAK), ("strong", strong)] {
            app.get(&format!("/instances/{id}/private"))
                .bearer(secret)
                .send()
                .await
                .expect(200);
        }
        // What looks like an access token is looked up, and is no guess at the password.
        let unknown = format!("secret-token:{}", "0".repeat(52));
        app.get("/instances/shop/private")
            .bearer(&unknown)
            .send()
            .await
            .refuses(401, 2015);
    })
    .await;
}

async fn set_weak_secrets_of_shop(app: &TestApp, token: &str) {
    let auth = json!({ "method": "token", "token": WEAK });
    app.post("/instances/shop/private/auth", &auth)
        .bearer(token)
        .send()
        .await
        .expect(204);
}

#[tokio::test]
async fn bearers_that_cannot_be_a_legacy_secret_are_no_failed_logins() {
    on_app(async |app| {
        let token = app.shop("shop").await;
        let unknown = format!("secret-token:{}", "0".repeat(52));
        for _ in 0..12 {
            // The shop has a password, which no bearer is compared with but at a login.
            app.get("/instances/shop/private")
                .bearer(GUESS)
                .send()
                .await
                .refuses(401, 2015);
            app.post("/instances/shop/private/token", &json!({ "scope": "all" }))
                .bearer(&unknown)
                .send()
                .await
                .refuses(401, 2015);
        }
        set_weak_secrets_of_shop(app, &token).await;
        for _ in 0..12 {
            app.get("/instances/shop/private")
                .bearer(&unknown)
                .send()
                .await
                .refuses(401, 2015);
            app.get("/instances/shop/private")
                .bearer("sandbox")
                .send()
                .await
                .refuses(401, 2015);
        }
        app.get("/instances/shop/private")
            .bearer(WEAK)
            .send()
            .await
            .expect(200);
    })
    .await;
}
