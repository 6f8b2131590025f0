//! Instances whose callers somebody else vouches for.

use kontor::{
    config::Settings,
    db::credential::{self, NewCredential},
    error::Error,
};
use serde_json::json;

use super::{
    auth::{doors, log_in, of_an_instance, own},
    create, required_settings, settings, with,
};
use crate::support::{PASSWORD, instance, on_app, on_app_with};

fn allowed(settings: &mut Settings) {
    settings.merchant.allow_external_auth = true;
}

#[tokio::test]
async fn change_own_instance_auth_to_external_needs_no_credential_after_that() {
    on_app_with(allowed, async |app| {
        app.create_admin().await;
        app.shop("shop").await;
        let external = json!({ "method": "external" });
        for (path, token) in doors(app, "shop").await.into_iter().rev() {
            app.post(&path, &external)
                .bearer(&token)
                .send()
                .await
                .expect(204);
            let admin = app.admin_token("all").await;
            assert_eq!(settings(app, &admin, "shop").await["auth"], external);
            assert_eq!(
                app.get("/instances/shop/private").send().await.expect(200)["auth"],
                external
            );
            own(app, "shop", "secret-token:anything").await.expect(200);
            app.patch("/instances/shop/private", &required_settings())
                .basic("x", "y")
                .send()
                .await
                .expect(204);
            log_in(app, "shop", PASSWORD).await.refuses(401, 2015);
            let password = json!({ "method": "token", "password": PASSWORD });
            app.post("/instances/shop/private/auth", &password)
                .send()
                .await
                .expect(204);
            app.get("/instances/shop/private")
                .send()
                .await
                .refuses(401, 2015);
            log_in(app, "shop", PASSWORD).await.expect(200);
        }
        app.post("/management/instances/shop/auth", &external)
            .bearer(&app.admin_token("all").await)
            .send()
            .await
            .expect(204);
        for operation in of_an_instance().filter(|operation| operation.id != "createToken") {
            let path = format!(
                "/instances/shop{}",
                operation.path.replace("{serial}", "999999")
            );
            let answer = app.call(operation.method, &path).send().await;
            assert!(
                ![401, 403].contains(&answer.status.as_u16()),
                "{}: {answer:?}",
                operation.id
            );
        }
    })
    .await;
}

#[tokio::test]
async fn change_instance_auth_and_its_neighbours_never_let_admin_be_external() {
    on_app_with(allowed, async |app| {
        app.create_admin().await;
        let admin = app.admin_token("all").await;
        let external = json!({ "method": "external" });
        app.post("/management/instances/admin/auth", &external)
            .bearer(&admin)
            .send()
            .await
            .refuses(400, 2602);
        app.post("/private/auth", &external)
            .bearer(&admin)
            .send()
            .await
            .refuses(400, 2602);
        let body = with(instance("admin"), &json!({ "auth": external }));
        create(app, &admin, &body).await.refuses(400, 2601);
        app.get("/management/instances")
            .send()
            .await
            .refuses(401, 2015);
    })
    .await;
}

#[tokio::test]
async fn get_own_instance_of_an_external_instance_is_refused_where_that_is_not_allowed() {
    on_app(async |app| {
        let shop = app.shop("shop").await;
        let stored = kontor::db::instance::find(app.app.database.read(), "shop")
            .await
            .unwrap()
            .expect("a row");
        let set = app.app.database.write(move |transaction| {
            Box::pin(async move {
                Ok::<_, Error>(
                    credential::set(transaction, stored.serial, &NewCredential::External, 1)
                        .await?,
                )
            })
        });
        set.await.expect("external authentication");
        app.get("/instances/shop/private")
            .send()
            .await
            .refuses(401, 2015);
        own(app, "shop", &shop).await.refuses(401, 2015);
        // The operator still sees what it is, and can help.
        let admin = app.admin_token("all").await;
        assert_eq!(
            settings(app, &admin, "shop").await["auth"],
            json!({ "method": "external" })
        );
        let auth = json!({ "method": "token", "password": PASSWORD });
        app.post("/management/instances/shop/auth", &auth)
            .bearer(&admin)
            .send()
            .await
            .expect(204);
        log_in(app, "shop", PASSWORD).await.expect(200);
    })
    .await;
}
