//! Deleted, and gone altogether.

use entity::{access_token, credential, instance as row, login_attempt, login_limit};
use sea_orm::{EntityTrait, PaginatorTrait};
use serde_json::{Value, json};

use super::{create, every_setting, ids, list, required_settings, settings, with};
use crate::support::{PASSWORD, TestApp, instance, on_app};

/// How many rows there are of tokens, credentials, limits and attempts.
async fn rows(app: &TestApp) -> [u64; 4] {
    let read = app.app.database.read();
    [
        access_token::Entity::find()
            .count(read)
            .await
            .expect("a count"),
        credential::Entity::find()
            .count(read)
            .await
            .expect("a count"),
        login_limit::Entity::find()
            .count(read)
            .await
            .expect("a count"),
        login_attempt::Entity::find()
            .count(read)
            .await
            .expect("a count"),
    ]
}

async fn stored(app: &TestApp, id: &str) -> row::Model {
    kontor::db::instance::find(app.app.database.read(), id)
        .await
        .expect("an answer")
        .expect("a row")
}

#[tokio::test]
async fn delete_instance_destroys_the_key_and_keeps_the_data() {
    on_app(async |app| {
        let admin = app.admin_token("all").await;
        create(app, &admin, &with(instance("shop"), &every_setting()))
            .await
            .expect(204);
        let tokens = [
            app.token("shop", "all").await,
            app.token("shop", "all:refreshable").await,
        ];
        let before = settings(app, &admin, "shop").await;
        let [all_tokens, ..] = rows(app).await;

        let path = "/management/instances/shop";
        app.delete(path).bearer(&admin).send().await.expect(204);

        let row = stored(app, "shop").await;
        assert!(
            row.merchant_priv.is_none()
                && row.merchant_priv_key_id.is_none()
                && row.deleted_at_us.is_some()
        );
        assert_eq!(
            rows(app).await[0],
            all_tokens - 2,
            "its tokens end, that of admin does not"
        );
        assert_eq!(settings(app, &admin, "shop").await, before);
        let list = list(app, &admin).await;
        assert_eq!(
            (&list[1]["id"], &list[1]["deleted"]),
            (&json!("shop"), &json!(true))
        );
        for token in &tokens {
            app.get("/instances/shop/private")
                .bearer(token)
                .send()
                .await
                .refuses(404, 2016);
        }
        app.post("/instances/shop/private/token", &json!({ "scope": "all" }))
            .basic("shop", PASSWORD)
            .send()
            .await
            .refuses(404, 2016);
        app.get("/instances/shop/config")
            .send()
            .await
            .refuses(404, 2016);
        app.patch(path, &required_settings())
            .bearer(&admin)
            .send()
            .await
            .refuses(409, 2625);
        let auth = json!({ "method": "token", "password": "x" });
        app.post(&format!("{path}/auth"), &auth)
            .bearer(&admin)
            .send()
            .await
            .refuses(404, 2016);
        app.delete(path)
            .bearer(&admin)
            .send()
            .await
            .refuses(404, 2016);
        app.delete(&format!("{path}?purge=NO"))
            .bearer(&admin)
            .send()
            .await
            .refuses(404, 2016);
        assert_eq!(settings(app, &admin, "shop").await, before);
    })
    .await;
}

#[tokio::test]
async fn delete_instance_keeps_the_id_taken_until_it_is_purged() {
    on_app(async |app| {
        let admin = app.admin_token("all").await;
        let old = app.shop("shop").await;
        let before = stored(app, "shop").await;
        app.delete("/management/instances/shop?purge=NO")
            .bearer(&admin)
            .send()
            .await
            .expect(204);
        for name in ["Shop shop", "Other"] {
            let body = with(instance("shop"), &json!({ "name": name }));
            create(app, &admin, &body).await.refuses(409, 2603);
        }
        app.delete("/management/instances/shop?purge=YES")
            .bearer(&admin)
            .send()
            .await
            .expect(204);
        app.get("/management/instances/shop")
            .bearer(&admin)
            .send()
            .await
            .refuses(404, 2000);
        app.get("/instances/shop/config")
            .send()
            .await
            .refuses(404, 2000);
        app.get("/instances/shop/private")
            .bearer(&old)
            .send()
            .await
            .refuses(404, 2000);
        assert_eq!(ids(&list(app, &admin).await), ["admin"]);

        let body = with(
            instance("shop"),
            &json!({ "auth": { "method": "token", "password": "another" } }),
        );
        create(app, &admin, &body).await.expect(204);
        let after = stored(app, "shop").await;
        assert_ne!(after.merchant_pub, before.merchant_pub);
        assert!(after.serial > before.serial, "a number is never used again");
        app.get("/instances/shop/private")
            .bearer(&old)
            .send()
            .await
            .refuses(401, 2015);
        app.post("/instances/shop/private/token", &json!({ "scope": "all" }))
            .basic("shop", PASSWORD)
            .send()
            .await
            .refuses(401, 2015);
    })
    .await;
}

#[tokio::test]
async fn delete_instance_with_purge_leaves_nothing() {
    on_app(async |app| {
        let admin = app.admin_token("all").await;
        let before = rows(app).await;
        for path in ["/management/instances/shop", "/management/instances/other"] {
            let id = path.rsplit('/').next().unwrap();
            app.post("/management/instances", &instance(id))
                .bearer(&admin)
                .send()
                .await
                .expect(204);
            let token = app.token(id, "all").await;
            let login = format!("/instances/{id}/private/token");
            app.post(&login, &json!({ "scope": "all" }))
                .basic(id, "wrong")
                .send()
                .await
                .refuses(401, 2015);
            app.delete(&format!("{path}?purge=YES"))
                .bearer(&admin)
                .send()
                .await
                .expect(204);
            assert_eq!(rows(app).await, before);
            app.get(&format!("/instances/{id}/private"))
                .bearer(&token)
                .send()
                .await
                .refuses(404, 2000);
            app.delete(&format!("{path}?purge=YES"))
                .bearer(&admin)
                .send()
                .await
                .refuses(404, 2000);
        }
        assert_eq!(ids(&list(app, &admin).await), ["admin"]);
    })
    .await;
}

#[tokio::test]
async fn delete_instance_and_delete_own_instance_take_yes_and_no_alone() {
    on_app(async |app| {
        let shop = app.shop("shop").await;
        let admin = app.admin_token("all").await;
        for value in ["yes", "true", "1", "", "YES%00", "YES%20"] {
            let answer = app
                .delete(&format!("/management/instances/shop?purge={value}"))
                .bearer(&admin)
                .send()
                .await;
            answer.blames(400, 26, "purge");
            let answer = app
                .delete(&format!("/instances/shop/private?purge={value}"))
                .bearer(&shop)
                .send()
                .await;
            answer.blames(400, 26, "purge");
        }
        // Other parameters are none of ours.
        app.get("/instances/shop/private?purge=maybe")
            .bearer(&shop)
            .send()
            .await
            .expect(200);
        app.delete("/management/instances/shop?Purge=YES&force=1")
            .bearer(&admin)
            .send()
            .await
            .expect(204);
        assert!(stored(app, "shop").await.deleted_at_us.is_some());
    })
    .await;
}

#[tokio::test]
async fn delete_instance_and_delete_own_instance_spare_admin_in_any_case() {
    on_app(async |app| {
        let upper = app.shop("ADMIN").await;
        let admin = app.admin_token("all").await;
        for purge in ["", "?purge=NO", "?purge=YES"] {
            for id in ["admin", "ADMIN"] {
                app.delete(&format!("/management/instances/{id}{purge}"))
                    .bearer(&admin)
                    .send()
                    .await
                    .refuses(409, 2603);
            }
            app.delete(&format!("/private{purge}"))
                .bearer(&admin)
                .send()
                .await
                .refuses(409, 2603);
            app.delete(&format!("/instances/admin/private{purge}"))
                .bearer(&admin)
                .send()
                .await
                .refuses(409, 2603);
            app.delete(&format!("/instances/ADMIN/private{purge}"))
                .bearer(&upper)
                .send()
                .await
                .refuses(409, 2603);
        }
        app.delete("/management/instances/Admin")
            .bearer(&admin)
            .send()
            .await
            .refuses(404, 2000);
        let deleted: Vec<Value> = list(app, &admin)
            .await
            .into_iter()
            .filter(|entry| entry["deleted"] == true)
            .collect();
        assert!(deleted.is_empty(), "{deleted:?}");
    })
    .await;
}
