//! Secrets that are password and bearer in one, as older clients set them.

use serde_json::json;

use super::{
    auth::{doors, log_in, of_an_instance, own},
    create, settings, with,
};
use crate::support::{PASSWORD, instance, on_app};

/// Enough characters of Crockford's base32 to be random.
pub(super) const STRONG: &str = "secret-token:NPV0B3R9XH4TZ1M7FQSWEAC2D5";
/// What a person chose.
const WEAK: &str = "secret-token:sandbox";

#[tokio::test]
async fn create_instance_with_a_legacy_secret_makes_it_password_and_bearer() {
    on_app(async |app| {
        let admin = app.admin_token("all").await;
        for (id, secret) in [("strong", STRONG), ("weak", WEAK)] {
            let auth = json!({ "auth": { "method": "token", "token": secret } });
            create(app, &admin, &with(instance(id), &auth))
                .await
                .expect(204);
            assert_eq!(
                settings(app, &admin, id).await["auth"],
                json!({ "method": "token" })
            );
            for password in [secret, secret.trim_start_matches("secret-token:")] {
                log_in(app, id, password).await.expect(200);
            }
            let login = app.post(
                &format!("/instances/{id}/private/token"),
                &json!({ "scope": "all" }),
            );
            login.bearer(secret).send().await.expect(200);
            own(app, id, secret.trim_start_matches("secret-token:"))
                .await
                .refuses(401, 2015);
            own(app, id, &format!("{secret}x")).await.refuses(401, 2015);
            // An old client leaves the word Bearer out.
            app.get(&format!("/instances/{id}/private"))
                .header("authorization", secret)
                .send()
                .await
                .expect(200);
            for operation in of_an_instance() {
                let path = format!(
                    "/instances/{id}{}",
                    operation.path.replace("{serial}", "999999")
                );
                let answer = app
                    .call(operation.method, &path)
                    .bearer(secret)
                    .send()
                    .await;
                assert!(
                    ![401, 403].contains(&answer.status.as_u16()),
                    "{}: {answer:?}",
                    operation.id
                );
            }
            own(app, id, secret).await.refuses(404, 2016);
        }
    })
    .await;
}

#[tokio::test]
async fn change_instance_auth_and_change_own_instance_auth_replace_a_legacy_secret() {
    on_app(async |app| {
        app.shop("shop").await;
        for secret in [STRONG, WEAK] {
            let next = json!({ "method": "token", "token": format!("{secret}-and-another") });
            let password = json!({ "method": "token", "password": PASSWORD });
            for change in [next, password] {
                for (path, token) in doors(app, "shop").await.into_iter().rev() {
                    app.post(&path, &json!({ "method": "token", "token": secret }))
                        .bearer(&token)
                        .send()
                        .await
                        .expect(204);
                    // Twice: the second time, a weak one is known.
                    own(app, "shop", secret).await.expect(200);
                    own(app, "shop", secret).await.expect(200);
                    app.post(&path, &change)
                        .bearer(&token)
                        .from("192.0.2.1")
                        .send()
                        .await
                        .expect(204);
                    app.get("/instances/shop/private")
                        .bearer(secret)
                        .from("192.0.2.2")
                        .send()
                        .await
                        .refuses(401, 2015);
                    app.clock.advance(std::time::Duration::from_secs(15 * 60));
                    if let Some(token) = change["token"].as_str() {
                        own(app, "shop", token).await.expect(200);
                    }
                    let admin = app.admin_token("all").await;
                    let reset = json!({ "method": "token", "password": PASSWORD });
                    let reset = app.post("/management/instances/shop/auth", &reset);
                    // The second door's token must outlive this, so it is fetched anew.
                    reset.bearer(&admin).send().await.expect(204);
                }
            }
        }
    })
    .await;
}

#[tokio::test]
async fn create_instance_keeps_one_legacy_secret_apart_for_each_instance() {
    on_app(async |app| {
        let admin = app.admin_token("all").await;
        let auth = json!({ "auth": { "method": "token", "token": STRONG } });
        for id in ["one", "two"] {
            create(app, &admin, &with(instance(id), &auth))
                .await
                .expect(204);
        }
        let auth = json!({ "method": "token", "password": "x" });
        app.post("/management/instances/one/auth", &auth)
            .bearer(&admin)
            .send()
            .await
            .expect(204);
        own(app, "one", STRONG).await.refuses(401, 2015);
        own(app, "two", STRONG).await.expect(200);
        // That of admin opens the management too.
        app.post(
            "/private/auth",
            &json!({ "method": "token", "token": STRONG }),
        )
        .bearer(&admin)
        .send()
        .await
        .expect(204);
        app.get("/management/instances")
            .bearer(STRONG)
            .send()
            .await
            .expect(200);
    })
    .await;
}
