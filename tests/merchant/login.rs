//! Logging in: every form of the `Authorization` header, and what is no login.

use data_encoding::{BASE64, BASE64_NOPAD};
use kontor::db::DatabaseError;
use sea_orm::ConnectionTrait;
use serde_json::json;

use crate::{
    database::support::postgres_url,
    support::{Answer, PASSWORD, TestApp, instance, on_app, on_app_with},
};

/// Logs in at a path with this `Authorization`.
async fn log_in_at(app: &TestApp, path: &str, authorization: &str) -> Answer {
    let call = app.post(path, &json!({ "scope": "readonly" }));
    call.header("authorization", authorization).send().await
}

async fn log_in(app: &TestApp, authorization: &str) -> Answer {
    log_in_at(app, "/private/token", authorization).await
}

/// Changes the password of `admin`.
async fn change_password(app: &TestApp, password: &str) {
    let token = app.admin_token("all").await;
    let change = json!({ "method": "token", "password": password });
    let change = app.post("/private/auth", &change).bearer(&token).send();
    change.await.expect(204);
}

fn hashes(app: &TestApp) -> u64 {
    app.app.hasher.statistics().finished
}

#[tokio::test]
async fn create_token_takes_the_password_in_every_form_that_clients_send() {
    on_app(async |app| {
        // A length that needs padding, which some clients leave out.
        let pair = format!("admin:{PASSWORD}");
        assert_ne!(
            BASE64.encode(pair.as_bytes()),
            BASE64_NOPAD.encode(pair.as_bytes())
        );
        let prefixed = format!("admin:secret-token:{PASSWORD}");
        for authorization in [
            format!("Basic {}", BASE64.encode(pair.as_bytes())),
            format!("Basic {}", BASE64_NOPAD.encode(pair.as_bytes())),
            format!("basic   {}", BASE64.encode(pair.as_bytes())),
            format!("BASIC {}", BASE64.encode(prefixed.as_bytes())),
            format!("Bearer secret-token:{PASSWORD}"),
            format!("bearer secret-token:{PASSWORD}"),
            format!("Bearer   secret-token:{PASSWORD}"),
            format!("secret-token:{PASSWORD}"),
        ] {
            let login = log_in(app, &authorization).await.expect(200);
            let token = login["access_token"].as_str().expect("a token");
            app.get("/private").bearer(token).send().await.expect(200);
        }
    })
    .await;
}

#[tokio::test]
async fn create_token_refuses_everything_else() {
    on_app(async |app| {
        let before = hashes(app);
        for authorization in [
            "",
            "Basic",
            "Basic !",
            "Basic YWRtaW4",
            "Bearer",
            "Bearer ",
            "Digest username=\"admin\"",
            PASSWORD,
            "SECRET-TOKEN:x",
        ] {
            let answer = log_in(app, authorization).await;
            answer.refuses(401, 2015);
            let challenge = answer.header("www-authenticate").expect("a challenge");
            assert!(challenge.contains("Basic ") && challenge.contains("Bearer "));
        }
        app.post("/private/token", &json!({ "scope": "all" }))
            .send()
            .await
            .refuses(401, 2015);
        let twice = app.post("/private/token", &json!({ "scope": "all" }));
        let twice = twice.basic("admin", PASSWORD).basic("admin", PASSWORD);
        twice.send().await.refuses(401, 2015);
        assert_eq!(hashes(app), before);
    })
    .await;
}

#[tokio::test]
async fn create_token_strips_the_prefix_of_a_password_once() {
    on_app(async |app| {
        // The password is `secret-token:open sesame`.
        change_password(app, "secret-token:secret-token:open sesame").await;
        let basic = |password: &str| {
            let pair = BASE64.encode(format!("admin:{password}").as_bytes());
            format!("Basic {pair}")
        };
        for wrong in [
            basic("secret-token:open sesame"),
            basic("open sesame"),
            "Bearer secret-token:open sesame".to_owned(),
        ] {
            log_in(app, &wrong).await.refuses(401, 2015);
        }
        let whole = "secret-token:secret-token:open sesame";
        for right in [basic(whole), format!("Bearer {whole}"), whole.to_owned()] {
            log_in(app, &right).await.expect(200);
        }
    })
    .await;
}

#[tokio::test]
async fn create_token_takes_any_password_from_1_to_1024_bytes() {
    on_app(async |app| {
        let longest = "ü".repeat(512);
        let admin = app.admin_token("all").await;
        for (number, password) in ["x", "a:b:c", "päßwörd 密码", " ", longest.as_str()]
            .into_iter()
            .enumerate()
        {
            let id = format!("shop{number}");
            let mut settings = instance(&id);
            settings["auth"]["password"] = json!(password);
            let create = app.post("/management/instances", &settings).bearer(&admin);
            create.send().await.expect(204);
            let path = format!("/instances/{id}/private/token");
            let body = json!({ "scope": "all" });
            app.post(&path, &body)
                .basic(&id, password)
                .send()
                .await
                .expect(200);
            for wrong in [format!("{password}x"), String::new()] {
                let login = app.post(&path, &body).basic(&id, &wrong);
                login.send().await.refuses(401, 2015);
            }
        }
    })
    .await;
}

#[tokio::test]
async fn create_token_wants_the_id_of_the_instance_as_user() {
    on_app(async |app| {
        app.shop("coffee").await;
        app.shop("tea").await;
        let before = hashes(app);
        for (instance, user) in [
            ("coffee", "tea"),
            ("coffee", "admin"),
            ("coffee", "COFFEE"),
            ("coffee", ""),
            ("coffee", "coffee "),
            ("admin", "coffee"),
            ("admin", "default"),
        ] {
            let path = format!("/instances/{instance}/private/token");
            let call = app
                .post(&path, &json!({ "scope": "all" }))
                .basic(user, PASSWORD);
            call.send().await.refuses(401, 2015);
        }
        assert_eq!(hashes(app), before);
        let mut tokens = Vec::new();
        for instance in ["coffee", "tea", "admin"] {
            tokens.push(app.token(instance, "all").await);
        }
        tokens.dedup();
        assert_eq!(tokens.len(), 3);
    })
    .await;
}

#[tokio::test]
async fn create_token_looks_at_the_password_of_that_instance_only() {
    on_app(async |app| {
        app.shop("coffee").await;
        change_password(app, "of the operator").await;
        let path = "/instances/coffee/private/token";
        for authorization in [
            "Bearer secret-token:of the operator",
            "secret-token:of the operator",
        ] {
            log_in_at(app, path, authorization).await.refuses(401, 2015);
        }
        log_in_at(app, path, &format!("secret-token:{PASSWORD}"))
            .await
            .expect(200);
        log_in_at(app, "/instances/nobody/private/token", "secret-token:x")
            .await
            .refuses(404, 2000);
    })
    .await;
}

#[tokio::test]
async fn create_token_alone_takes_a_password() {
    on_app(async |app| {
        let before = hashes(app);
        for (method, path) in [
            ("GET", "/private"),
            ("GET", "/private/tokens"),
            ("DELETE", "/private/token"),
            ("DELETE", "/private/tokens/1"),
            ("GET", "/management/instances"),
        ] {
            let basic = app.call(method, path).basic("admin", PASSWORD).send().await;
            basic.refuses(401, 2015);
            for _ in 0..11 {
                let bearer = format!("secret-token:{PASSWORD}");
                let bearer = app.call(method, path).bearer(&bearer).send().await;
                bearer.refuses(401, 2015);
            }
        }
        assert_eq!(hashes(app), before);
        app.admin_token("all").await;
    })
    .await;
}

#[tokio::test]
async fn create_token_takes_the_new_password_only_after_a_change() {
    on_app(async |app| {
        let old = app.admin_token("all").await;
        change_password(app, "another one").await;
        log_in(app, &format!("Bearer secret-token:{PASSWORD}"))
            .await
            .refuses(401, 2015);
        log_in(app, "Bearer secret-token:another one")
            .await
            .expect(200);
        // A change by the instance itself keeps its tokens.
        app.get("/private").bearer(&old).send().await.expect(200);
    })
    .await;
}

/// Changes every credential as soon as an attempt at a password was right, which is before its token is written.
const CHANGE_AFTER_THE_PASSWORD: [&str; 2] = [
    "CREATE TRIGGER change_meanwhile AFTER DELETE ON login_attempt BEGIN
         UPDATE credential SET version = version + 1;
     END",
    "CREATE FUNCTION change_credentials() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
         UPDATE credential SET version = version + 1;
         RETURN NULL;
     END $$;
     CREATE TRIGGER change_meanwhile AFTER DELETE ON login_attempt
         FOR EACH ROW EXECUTE FUNCTION change_credentials()",
];

#[tokio::test]
async fn create_token_fails_where_the_credential_changes_meanwhile() {
    on_app(async |app| {
        let [on_sqlite, on_postgres] = CHANGE_AFTER_THE_PASSWORD;
        let trigger = if postgres_url().is_some() {
            on_postgres
        } else {
            on_sqlite
        };
        let written = app.app.database.write(move |transaction| {
            Box::pin(async move {
                let written = transaction.execute_unprepared(trigger).await;
                written.map(drop).map_err(DatabaseError::from)
            })
        });
        written.await.expect("a trigger");
        let before = hashes(app);
        let authorization = format!("Bearer secret-token:{PASSWORD}");
        log_in(app, &authorization).await.refuses(401, 2015);
        assert_eq!(hashes(app), before + 1, "the password was looked at");
    })
    .await;
}

#[tokio::test]
async fn create_token_knows_no_login_where_something_else_vouches() {
    let allow =
        |settings: &mut kontor::config::Settings| settings.merchant.allow_external_auth = true;
    on_app_with(allow, async |app| {
        app.create_admin().await;
        let token = app.shop("shop").await;
        let change = app.post(
            "/instances/shop/private/auth",
            &json!({ "method": "external" }),
        );
        change.bearer(&token).send().await.expect(204);
        app.get("/instances/shop/private").send().await.expect(200);
        let before = hashes(app);
        let path = "/instances/shop/private/token";
        for authorization in [
            format!("secret-token:{PASSWORD}"),
            format!("Bearer {token}"),
        ] {
            log_in_at(app, path, &authorization)
                .await
                .refuses(401, 2015);
        }
        app.delete(path)
            .send()
            .await
            .blames(400, 26, "Authorization");
        assert_eq!(hashes(app), before);
    })
    .await;
}

#[tokio::test]
async fn get_own_instance_by_a_token_computes_no_hash() {
    on_app(async |app| {
        let token = app.admin_token("all").await;
        let before = hashes(app);
        for _ in 0..3 {
            app.get("/private").bearer(&token).send().await.expect(200);
            app.get("/private/tokens")
                .bearer(&token)
                .send()
                .await
                .expect(200);
        }
        assert_eq!(hashes(app), before);
    })
    .await;
}
