//! Every protected operation refuses strangers: no credential, a bad one, one without the permission, another instance's.

use kontor_openapi::{Operation, merchant::OPERATIONS};
use serde_json::json;

use crate::support::{Answer, TestApp, on_app};

fn protected() -> impl Iterator<Item = &'static Operation> {
    OPERATIONS
        .iter()
        .filter(|operation| !operation.security.is_empty())
}

/// The path of an operation for an instance, its parameters filled in with things that exist.
fn path(operation: &Operation, instance: &str) -> String {
    let path = operation
        .path
        .replace("{instance}", instance)
        .replace("{serial}", "1");
    if operation.root_only {
        path
    } else {
        format!("/instances/{instance}{path}")
    }
}

async fn call(app: &TestApp, operation: &Operation, credential: Option<&str>) -> Answer {
    let call = app.call(operation.method, &path(operation, "shop"));
    match credential {
        Some(credential) => call.header("authorization", credential).send().await,
        None => call.send().await,
    }
}

#[tokio::test]
async fn without_a_good_credential_every_operation_is_401() {
    on_app(async |app| {
        app.shop("shop").await;
        let unknown = format!("Bearer secret-token:{}", "0".repeat(52));
        for operation in protected() {
            for credential in [
                None,
                Some(unknown.as_str()),
                Some("Bearer x"),
                Some("Bearer"),
                Some("Digest x"),
                Some("Basic ==="),
            ] {
                let answer = call(app, operation, credential).await;
                answer.refuses(401, 2015);
                assert!(
                    answer.header("www-authenticate").is_some(),
                    "{}",
                    operation.id
                );
            }
        }
    })
    .await;
}

#[tokio::test]
async fn a_token_without_the_permission_is_403() {
    on_app(async |app| {
        app.shop("shop").await;
        for operation in protected() {
            let Some(permission) = operation.permission() else {
                continue;
            };
            let owner = if operation.root_only { "admin" } else { "shop" };
            let scope = if permission.ends_with("-read") {
                "order-full"
            } else {
                "readonly"
            };
            let token = app.token(owner, scope).await;
            call(app, operation, Some(&format!("Bearer {token}")))
                .await
                .refuses(403, 16);
        }
    })
    .await;
}

#[tokio::test]
async fn the_credentials_of_another_instance_are_401() {
    on_app(async |app| {
        app.shop("shop").await;
        let other = app.shop("other").await;
        let admin = app.admin_token("all").await;
        for operation in protected() {
            call(app, operation, Some(&format!("Bearer {other}")))
                .await
                .refuses(401, 2015);
            if !operation.root_only {
                call(app, operation, Some(&format!("Bearer {admin}")))
                    .await
                    .refuses(401, 2015);
            }
        }
    })
    .await;
}

#[tokio::test]
async fn an_unknown_instance_is_404_before_anything_else() {
    on_app(async |app| {
        for operation in OPERATIONS.iter().filter(|operation| !operation.root_only) {
            app.call(operation.method, &path(operation, "nobody"))
                .send()
                .await
                .refuses(404, 2000);
        }
    })
    .await;
}

#[tokio::test]
async fn a_deleted_instance_is_404() {
    on_app(async |app| {
        let token = app.shop("shop").await;
        app.delete("/instances/shop/private")
            .bearer(&token)
            .send()
            .await
            .expect(204);
        for operation in OPERATIONS.iter().filter(|operation| !operation.root_only) {
            app.call(operation.method, &path(operation, "shop"))
                .bearer(&token)
                .send()
                .await
                .refuses(404, 2016);
        }
    })
    .await;
}

#[tokio::test]
async fn nobody_manages_before_there_is_an_admin() {
    crate::support::on_app_with(
        |_| {},
        async |app| {
            for operation in protected().filter(|operation| operation.root_only) {
                app.call(operation.method, &path(operation, "shop"))
                    .json(&json!({}))
                    .send()
                    .await
                    .refuses(401, 2015);
            }
            app.get("/config").send().await.expect(200);
        },
    )
    .await;
}
