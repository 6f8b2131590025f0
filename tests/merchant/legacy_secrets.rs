//! Instances whose secret is password and bearer in one, as clients before there were access tokens use it.

use serde_json::{Value, json};

use crate::support::{TestApp, instance, on_app};

/// Chosen by a person.
const WEAK: &str = "secret-token:sandbox";
/// 128 random bits and more, in each alphabet; the last has the form of an access token.
const STRONG: [&str; 4] = [
    "secret-token:4f1c0b9a7e3d2c5b8a6f9e0d1c2b3a4f",
    "secret-token:7ZQ4M2K9XW3T5V8R1N6P0BHJCD",
    "secret-token:qL7-xV_2mZt9RkWc4YbN1A",
    "secret-token:7ZQ4M2K9XW3T5V8R1N6P0BHJCD7ZQ4M2K9XW3T5V8R1N6P0BHJCD",
];

/// Makes the instance `old` with such a secret.
async fn create(app: &TestApp, secret: &str) {
    let admin = app.admin_token("all").await;
    let mut settings = instance("old");
    settings["auth"] = json!({ "method": "token", "token": secret });
    let create = app.post("/management/instances", &settings).bearer(&admin);
    create.send().await.expect(204);
}

fn hashes(app: &TestApp) -> u64 {
    app.app.hasher.statistics().finished
}

async fn change_auth(app: &TestApp, bearer: &str, auth: &Value) {
    let change = app.post("/instances/old/private/auth", auth).bearer(bearer);
    change.send().await.expect(204);
}

#[tokio::test]
async fn get_own_instance_by_a_weak_legacy_secret_hashes_once() {
    on_app(async |app| {
        create(app, WEAK).await;
        let before = hashes(app);
        for _ in 0..5 {
            let own = app.get("/instances/old/private").bearer(WEAK);
            own.send().await.expect(200);
            let bare = app
                .get("/instances/old/private")
                .header("authorization", WEAK);
            bare.send().await.expect(200);
        }
        assert_eq!(hashes(app), before + 1);
        let unprefixed = app.get("/instances/old/private").bearer("sandbox");
        unprefixed.send().await.refuses(401, 2015);
        let basic = app.get("/instances/old/private").basic("old", WEAK);
        basic.send().await.refuses(401, 2015);
        let other = app.get("/private").bearer(WEAK);
        other.send().await.refuses(401, 2015);
        assert_eq!(hashes(app), before + 1);
    })
    .await;
}

#[tokio::test]
async fn get_own_instance_by_a_strong_legacy_secret_hashes_never() {
    for secret in STRONG {
        on_app(async |app| {
            create(app, secret).await;
            let before = hashes(app);
            for _ in 0..3 {
                let own = app.get("/instances/old/private").bearer(secret);
                own.send().await.expect(200);
                let bare = app
                    .get("/instances/old/private")
                    .header("authorization", secret);
                bare.send().await.expect(200);
            }
            assert_eq!(hashes(app), before, "{secret}");
        })
        .await;
    }
}

#[tokio::test]
async fn get_own_instance_by_wrong_legacy_secrets_is_limited() {
    on_app(async |app| {
        create(app, WEAK).await;
        let own = |bearer: &str| app.get("/instances/old/private").bearer(bearer);
        own(WEAK).send().await.expect(200);
        let before = hashes(app);
        for _ in 0..10 {
            own("secret-token:wrong").send().await.refuses(401, 2015);
        }
        assert_eq!(hashes(app), before + 10);
        let limited = own("secret-token:wrong").send().await;
        limited.refuses(429, 2131);
        assert_eq!(limited.header("retry-after"), Some("900"));
        for (method, path) in [
            ("GET", "/private/tokens"),
            ("DELETE", "/private/tokens/1"),
            ("DELETE", "/private/token"),
        ] {
            let path = format!("/instances/old{path}");
            let wrong = app.call(method, &path).bearer("secret-token:wrong");
            wrong.send().await.refuses(429, 2131);
        }
        let login = app.post("/instances/old/private/token", &json!({ "scope": "all" }));
        login.basic("old", WEAK).send().await.refuses(429, 2131);
        // What was verified before passes.
        own(WEAK).send().await.expect(200);
        own("secret-token:wrong")
            .from("203.0.113.9")
            .send()
            .await
            .refuses(401, 2015);
        assert_eq!(hashes(app), before + 11);
    })
    .await;
}

#[tokio::test]
async fn get_own_instance_by_a_strong_legacy_secret_passes_the_limit() {
    on_app(async |app| {
        create(app, STRONG[0]).await;
        let path = "/instances/old/private/token";
        for _ in 0..10 {
            let login = app
                .post(path, &json!({ "scope": "all" }))
                .basic("old", "wrong");
            login.send().await.refuses(401, 2015);
        }
        let own = app.get("/instances/old/private").bearer(STRONG[0]);
        own.send().await.expect(200);
        let login = app.post(path, &json!({ "scope": "all" })).bearer(STRONG[0]);
        login.send().await.expect(200);
    })
    .await;
}

#[tokio::test]
async fn create_token_by_a_legacy_secret_is_a_login_in_every_form() {
    for secret in [WEAK, STRONG[0], STRONG[3]] {
        on_app(async |app| {
            create(app, secret).await;
            let begin = || app.post("/instances/old/private/token", &json!({ "scope": "all" }));
            let bare = &secret["secret-token:".len()..];
            for call in [
                begin().bearer(secret),
                begin().header("authorization", secret),
                begin().basic("old", secret),
                begin().basic("old", bare),
            ] {
                let login = call.send().await.expect(200);
                let token = login["access_token"].as_str().expect("a token");
                let own = app.get("/instances/old/private").bearer(token);
                own.send().await.expect(200);
            }
            let list = app.get("/instances/old/private/tokens").bearer(secret);
            let list = list.send().await.expect(200);
            assert_eq!(list["tokens"].as_array().expect("tokens").len(), 4);
        })
        .await;
    }
}

#[tokio::test]
async fn create_token_by_a_verified_legacy_secret_passes_the_limit() {
    on_app(async |app| {
        create(app, WEAK).await;
        let login = |secret: &str| {
            let call = app.post("/instances/old/private/token", &json!({ "scope": "all" }));
            call.bearer(secret).send()
        };
        login(WEAK).await.expect(200);
        let before = hashes(app);
        login(WEAK).await.expect(200);
        let own = app.get("/instances/old/private").bearer(WEAK);
        own.send().await.expect(200);
        assert_eq!(hashes(app), before);
        for _ in 0..10 {
            login("secret-token:wrong").await.refuses(401, 2015);
        }
        login("secret-token:wrong").await.refuses(429, 2131);
        login(WEAK).await.expect(200);
    })
    .await;
}

#[tokio::test]
async fn revoke_own_token_refuses_a_legacy_secret() {
    for secret in [WEAK, STRONG[0]] {
        on_app(async |app| {
            create(app, secret).await;
            let logout = app.delete("/instances/old/private/token").bearer(secret);
            logout.send().await.blames(400, 26, "Authorization");
            let own = app.get("/instances/old/private").bearer(secret);
            own.send().await.expect(200);
        })
        .await;
    }
}

#[tokio::test]
async fn change_own_instance_auth_replaces_a_legacy_secret() {
    for secret in [WEAK, STRONG[0]] {
        on_app(async |app| {
            create(app, secret).await;
            let own = |bearer: &str| app.get("/instances/old/private").bearer(bearer).send();
            own(secret).await.expect(200);
            let next = "secret-token:another one";
            change_auth(app, secret, &json!({ "method": "token", "token": next })).await;
            own(secret).await.refuses(401, 2015);
            own(next).await.expect(200);
            // The same text, but now it is a password and nothing else.
            let text = &next["secret-token:".len()..];
            change_auth(app, next, &json!({ "method": "token", "password": text })).await;
            own(next).await.refuses(401, 2015);
            let login = app.post("/instances/old/private/token", &json!({ "scope": "all" }));
            login.bearer(next).send().await.expect(200);
            own(next).await.refuses(401, 2015);
        })
        .await;
    }
}
