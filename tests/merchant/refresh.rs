//! A token in exchange for a token.

use std::time::Duration;

use serde_json::{Value, json};

use crate::support::{Answer, PASSWORD, TestApp, on_app};

/// Logs `admin` in, for so many seconds.
async fn log_in(app: &TestApp, scope: &str, seconds: u64) -> Value {
    let body = json!({ "scope": scope, "duration": { "d_us": seconds * 1_000_000 } });
    let call = app.post("/private/token", &body).basic("admin", PASSWORD);
    call.send().await.expect(200)
}

fn token_of(login: &Value) -> String {
    login["access_token"].as_str().expect("a token").to_owned()
}

async fn refresh(app: &TestApp, token: &str, scope: &str) -> Answer {
    let body = json!({ "scope": scope });
    app.post("/private/token", &body).bearer(token).send().await
}

async fn refreshed(app: &TestApp, token: &str, scope: &str) -> String {
    token_of(&refresh(app, token, scope).await.expect(200))
}

async fn is_live(app: &TestApp, token: &str) -> bool {
    let answer = app.get("/private").bearer(token).send().await;
    if answer.status == 401 {
        answer.refuses(401, 2015);
    }
    answer.status == 200
}

/// The serial of the newest token.
async fn newest(app: &TestApp, token: &str) -> u64 {
    let list = app
        .get("/private/tokens?limit=-1")
        .bearer(token)
        .send()
        .await;
    list.expect(200)["tokens"][0]["serial"]
        .as_u64()
        .expect("a serial")
}

#[tokio::test]
async fn create_token_by_a_token_needs_one_that_is_refreshable() {
    on_app(async |app| {
        for scope in ["all", "write", "spa", "readonly", "order-full"] {
            let plain = app.admin_token(scope).await;
            for wanted in [scope, "readonly"] {
                refresh(app, &plain, wanted).await.refuses(403, 16);
            }
            let refreshable = app.admin_token(&format!("{scope}:refreshable")).await;
            let login = refresh(app, &refreshable, scope).await.expect(200);
            assert_eq!(login["scope"], scope);
            assert_eq!(login["refreshable"], false);
            refresh(app, &token_of(&login), scope)
                .await
                .refuses(403, 16);
        }
    })
    .await;
}

#[tokio::test]
async fn create_token_by_a_token_gives_no_more_than_that_has() {
    const ALLOWED: [(&str, &[&str]); 4] = [
        (
            "order-pos:refreshable",
            &["order-pos:refreshable", "order-pos", "order-simple"],
        ),
        (
            "order-full:refreshable",
            &[
                "order-full",
                "order-pos",
                "order-mgmt",
                "order-simple:refreshable",
            ],
        ),
        (
            "readonly:refreshable",
            &["readonly", "readonly:refreshable"],
        ),
        (
            "write:refreshable",
            &["all:refreshable", "spa", "write", "readonly", "order-full"],
        ),
    ];
    const REFUSED: [(&str, &[&str]); 3] = [
        (
            "order-pos:refreshable",
            &[
                "order-mgmt",
                "order-full",
                "readonly",
                "all",
                "spa",
                "write",
            ],
        ),
        (
            "order-simple:refreshable",
            &["order-pos", "order-mgmt", "readonly", "all:refreshable"],
        ),
        (
            "readonly:refreshable",
            &["order-simple", "all", "write:refreshable"],
        ),
    ];
    on_app(async |app| {
        for (parent, children) in ALLOWED {
            let token = app.admin_token(parent).await;
            for child in children {
                let login = refresh(app, &token, child).await.expect(200);
                assert_eq!(login["scope"], *child, "from {parent}");
            }
        }
        for (parent, children) in REFUSED {
            let token = app.admin_token(parent).await;
            for child in children {
                refresh(app, &token, child).await.refuses(403, 16);
            }
        }
    })
    .await;
}

#[tokio::test]
async fn create_token_by_a_token_lives_at_most_as_long_as_that_was_given() {
    on_app(async |app| {
        let first = log_in(app, "all:refreshable", 3600).await;
        app.clock.advance(Duration::from_secs(1800));
        let end = first["expiration"]["t_s"].as_u64().expect("a time") + 1800;
        for (life, expiration) in [
            (json!({ "d_us": "forever" }), end),
            (json!(null), end),
            (json!({ "d_us": 36_000_000_000_u64 }), end),
            (json!({ "d_us": 60_000_000 }), end - 3540),
        ] {
            let body = json!({ "scope": "all:refreshable", "duration": life });
            let call = app.post("/private/token", &body).bearer(&token_of(&first));
            let login = call.send().await.expect(200);
            assert_eq!(login["expiration"]["t_s"], expiration, "{life}");
        }
        let short = log_in(app, "all:refreshable", 60).await;
        let child = refresh(app, &token_of(&short), "all:refreshable").await;
        let grandchild = refresh(app, &token_of(&child.expect(200)), "all").await;
        assert_eq!(grandchild.expect(200)["expiration"], short["expiration"]);
    })
    .await;
}

#[tokio::test]
async fn create_token_by_a_token_outlives_that() {
    on_app(async |app| {
        let parent = token_of(&log_in(app, "all:refreshable", 100).await);
        app.clock.advance(Duration::from_secs(50));
        let child = refreshed(app, &parent, "all:refreshable").await;
        app.clock.advance(Duration::from_secs(60));
        assert!(!is_live(app, &parent).await);
        refresh(app, &parent, "all").await.refuses(401, 2015);
        assert!(is_live(app, &child).await);
        assert!(is_live(app, &refreshed(app, &child, "all").await).await);
    })
    .await;
}

#[tokio::test]
async fn create_token_by_a_token_works_after_a_change_of_the_password() {
    on_app(async |app| {
        let token = app.admin_token("all:refreshable").await;
        let change = json!({ "method": "token", "password": "another one" });
        let change = app.post("/private/auth", &change).bearer(&token).send();
        change.await.expect(204);
        assert!(is_live(app, &refreshed(app, &token, "all").await).await);
    })
    .await;
}

#[tokio::test]
async fn revoke_token_ends_what_was_refreshed_from_it() {
    on_app(async |app| {
        let other = app.admin_token("all").await;
        let root = app.admin_token("all:refreshable").await;
        let serial = newest(app, &other).await;
        let child = refreshed(app, &root, "all:refreshable").await;
        let grandchild = refreshed(app, &child, "all").await;
        let path = format!("/private/tokens/{serial}");
        app.delete(&path).bearer(&other).send().await.expect(204);
        for token in [&root, &child, &grandchild] {
            assert!(!is_live(app, token).await);
        }
        assert!(is_live(app, &other).await);
    })
    .await;
}

#[tokio::test]
async fn revoke_token_of_a_child_leaves_its_parent() {
    on_app(async |app| {
        let root = app.admin_token("all:refreshable").await;
        let child = refreshed(app, &root, "all:refreshable").await;
        let serial = newest(app, &root).await;
        let grandchild = refreshed(app, &child, "all").await;
        let path = format!("/private/tokens/{serial}");
        app.delete(&path).bearer(&root).send().await.expect(204);
        assert!(is_live(app, &root).await);
        assert!(!is_live(app, &child).await && !is_live(app, &grandchild).await);
    })
    .await;
}

#[tokio::test]
async fn revoke_token_reaches_across_one_that_ended_before() {
    on_app(async |app| {
        let other = app.admin_token("all").await;
        let root = app.admin_token("all:refreshable").await;
        let serial = newest(app, &other).await;
        let between = refreshed(app, &root, "all:refreshable").await;
        let last = refreshed(app, &between, "all").await;
        let logout = app.delete("/private/token").bearer(&between).send().await;
        logout.expect(204);
        assert!(is_live(app, &root).await && is_live(app, &last).await);
        let path = format!("/private/tokens/{serial}");
        app.delete(&path).bearer(&other).send().await.expect(204);
        assert!(!is_live(app, &root).await && !is_live(app, &last).await);
    })
    .await;
}

#[tokio::test]
async fn revoke_token_reaches_across_one_that_expired_and_was_swept() {
    on_app(async |app| {
        let other = token_of(&log_in(app, "all", 1000).await);
        let root = token_of(&log_in(app, "all:refreshable", 100).await);
        let serial = newest(app, &other).await;
        app.clock.advance(Duration::from_secs(60));
        let between = refreshed(app, &root, "all:refreshable").await;
        app.clock.advance(Duration::from_secs(60));
        let last = refreshed(app, &between, "all:refreshable").await;
        app.clock.advance(Duration::from_secs(60));
        kontor::sweep::sweep(&app.app).await.expect("a sweep");
        assert!(!is_live(app, &root).await && !is_live(app, &between).await);
        assert!(is_live(app, &last).await);
        let path = format!("/private/tokens/{serial}");
        let revoked = app.delete(&path).bearer(&other).send().await;
        revoked.expect(204);
        assert!(!is_live(app, &last).await && is_live(app, &other).await);
    })
    .await;
}

#[tokio::test]
async fn revoke_own_token_leaves_what_was_refreshed_from_it() {
    on_app(async |app| {
        let root = app.admin_token("all:refreshable").await;
        let child = refreshed(app, &root, "all").await;
        let logout = app.delete("/private/token").bearer(&root).send().await;
        logout.expect(204);
        assert!(!is_live(app, &root).await && is_live(app, &child).await);
    })
    .await;
}
