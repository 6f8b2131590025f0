//! Access tokens: what they look like, what they allow, how long they live, and their end by their own hand.

use std::time::Duration;

use kontor::config::Lifetime;
use kontor_openapi::{merchant::DOCUMENT, scalar::base32};
use serde_json::{Value, json};

use crate::{
    database::support::NOW,
    support::{Answer, PASSWORD, TestApp, on_app, on_app_with},
};

/// The clock of tests, in seconds.
const NOW_S: u64 = NOW.unsigned_abs() / 1_000_000;
const DAY_S: u64 = 86_400;

/// Logs `admin` in.
async fn log_in(app: &TestApp, body: Value) -> Answer {
    let call = app.post("/private/token", &body);
    call.basic("admin", PASSWORD).send().await
}

fn token_of(login: &Value) -> String {
    login["access_token"].as_str().expect("a token").to_owned()
}

/// Every scope of the document.
fn scopes() -> Vec<String> {
    let document: Value = serde_json::from_str(DOCUMENT).expect("the document");
    let scopes = &document["components"]["schemas"]["TokenScope"]["enum"];
    serde_json::from_value(scopes.clone()).expect("scopes")
}

#[tokio::test]
async fn create_token_answers_in_the_form_that_clients_read() {
    on_app(async |app| {
        let answer = log_in(app, json!({ "scope": "readonly" })).await;
        assert_eq!(answer.header("cache-control"), Some("no-store"));
        let login = answer.expect(200);
        let token = token_of(&login);
        assert_eq!(login["token"], login["access_token"]);
        assert_eq!(login["scope"], "readonly");
        assert_eq!(login["refreshable"], false);
        assert_eq!(login["expiration"], json!({ "t_s": NOW_S + DAY_S }));
        let random = token.strip_prefix("secret-token:").expect("the prefix");
        assert_eq!(random.len(), 52);
        assert!(base32::is_canonical(random));
        app.get("/private").bearer(&token).send().await.expect(200);
        let other = log_in(app, json!({ "scope": "readonly" })).await;
        assert_ne!(token_of(&other.expect(200)), token);
    })
    .await;
}

#[tokio::test]
async fn create_token_takes_every_scope_in_both_forms() {
    on_app(async |app| {
        let scopes = scopes();
        assert_eq!(scopes.len(), 16);
        for scope in scopes {
            let has_suffix = scope.ends_with(":refreshable");
            let login = log_in(app, json!({ "scope": scope })).await.expect(200);
            assert_eq!(login["scope"], scope);
            assert_eq!(login["refreshable"], has_suffix);
            let old = json!({ "scope": scope, "refreshable": true });
            let login = log_in(app, old).await.expect(200);
            let name = scope.trim_end_matches(":refreshable");
            assert_eq!(login["scope"], format!("{name}:refreshable"));
            assert_eq!(login["refreshable"], true);
            for old in [Value::Null, json!(false)] {
                let body = json!({ "scope": scope, "refreshable": old });
                let login = log_in(app, body).await.expect(200);
                assert_eq!(login["refreshable"], has_suffix, "{scope} {old}");
            }
        }
    })
    .await;
}

#[tokio::test]
async fn create_token_grants_everything_to_all_write_and_spa() {
    on_app(async |app| {
        for scope in ["all", "write", "spa", "spa:refreshable"] {
            let token = app.admin_token(scope).await;
            let list = app.get("/management/instances").bearer(&token).send();
            list.await.expect(200);
            let change = json!({ "method": "token", "password": PASSWORD });
            let change = app.post("/private/auth", &change).bearer(&token).send();
            change.await.expect(204);
        }
    })
    .await;
}

#[tokio::test]
async fn create_token_refuses_other_scopes_and_names_the_member() {
    on_app(async |app| {
        let names = [
            "admin",
            "ALL",
            "",
            "*",
            " all",
            "all:",
            "all:refreshable:refreshable",
        ];
        let names = names.map(|name| json!(name)).into_iter();
        for scope in names.chain([json!(1), json!(true), json!(["all"])]) {
            let answer = log_in(app, json!({ "scope": scope })).await;
            answer.blames(400, 26, "scope");
        }
        log_in(app, json!({})).await.blames(400, 25, "scope");
        let answer = log_in(app, json!({ "scope": null })).await;
        answer.blames(400, 25, "scope");
    })
    .await;
}

#[tokio::test]
async fn create_token_refuses_bodies_that_it_cannot_read() {
    on_app(async |app| {
        let begin = || app.call("POST", "/private/token").basic("admin", PASSWORD);
        for body in ["", "{", "[]x", r#"{"scope":"all","scope":"all"}"#] {
            let call = begin()
                .header("content-type", "application/json")
                .body(body);
            call.send().await.refuses(400, 22);
        }
        let form = begin().header("content-type", "text/plain").body("{}");
        form.send().await.blames(415, 23, "Content-Type");
        let typed = || begin().header("content-type", "application/json");
        let packed = typed().header("content-encoding", "gzip").body("no gzip");
        packed.send().await.refuses(400, 28);
        let unknown = typed().header("content-encoding", "br").body("x");
        unknown.send().await.expect(415);
        let long = format!(
            r#"{{"scope":"all","description":"{}"}}"#,
            "x".repeat(2 << 20)
        );
        typed().body(long).send().await.refuses(413, 32);
        let untyped = begin().body(r#"{"scope":"all","unknown":1}"#);
        untyped.send().await.expect(200);
    })
    .await;
}

#[tokio::test]
async fn create_token_grants_the_life_that_is_asked_for() {
    on_app(async |app| {
        for (life, expiration) in [
            (json!(null), json!(NOW_S + DAY_S)),
            (json!({ "d_us": 3_600_000_000_u64 }), json!(NOW_S + 3600)),
            (
                json!({ "d_us": 400 * DAY_S * 1_000_000 }),
                json!(NOW_S + 400 * DAY_S),
            ),
            (json!({ "d_us": "forever" }), json!("never")),
        ] {
            let body = json!({ "scope": "all", "duration": life });
            let login = log_in(app, body).await.expect(200);
            assert_eq!(login["expiration"]["t_s"], expiration, "{life}");
        }
        for life in [
            json!(-1),
            json!(0.5),
            json!("never"),
            json!("1"),
            json!(9_007_199_254_740_992_u64),
        ] {
            let body = json!({ "scope": "all", "duration": { "d_us": life } });
            let refusal = log_in(app, body).await.refuses(400, 26);
            let parameter = refusal["parameter"].as_str().expect("a name");
            assert!(parameter.contains("duration"), "{parameter}");
        }
        let longest = json!({ "scope": "all", "duration": { "d_us": 9_007_199_254_740_991_u64 } });
        log_in(app, longest).await.expect(200);
    })
    .await;
}

#[tokio::test]
async fn create_token_is_capped_by_the_operator() {
    let hour = Duration::from_secs(3600);
    let cap = |settings: &mut kontor::config::Settings| {
        settings.merchant.token_lifetime_max = Lifetime::Limited(hour);
    };
    on_app_with(cap, async |app| {
        app.create_admin().await;
        for (life, granted) in [
            (json!(null), 3600),
            (json!({ "d_us": "forever" }), 3600),
            (json!({ "d_us": 7_200_000_000_u64 }), 3600),
            (json!({ "d_us": 1_800_000_000 }), 1800),
        ] {
            let body = json!({ "scope": "all:refreshable", "duration": life });
            let login = log_in(app, body.clone()).await.expect(200);
            assert_eq!(login["expiration"]["t_s"], NOW_S + granted, "{life}");
            let refresh = app.post("/private/token", &body).bearer(&token_of(&login));
            let refreshed = refresh.send().await.expect(200);
            assert_eq!(refreshed["expiration"], login["expiration"], "{life}");
        }
    })
    .await;
}

#[tokio::test]
async fn create_token_takes_the_default_life_of_the_operator() {
    let set = |settings: &mut kontor::config::Settings| {
        settings.merchant.token_lifetime_default = Duration::from_secs(60);
    };
    on_app_with(set, async |app| {
        app.create_admin().await;
        let login = log_in(app, json!({ "scope": "all" })).await.expect(200);
        assert_eq!(login["expiration"]["t_s"], NOW_S + 60);
        let longer = json!({ "scope": "all", "duration": { "d_us": "forever" } });
        let login = log_in(app, longer).await.expect(200);
        assert_eq!(login["expiration"]["t_s"], "never");
    })
    .await;
}

#[tokio::test]
async fn create_token_notes_a_description() {
    on_app(async |app| {
        let token = app.admin_token("all").await;
        let longest = "ü".repeat(1024);
        for description in ["Kasse 2 – Ecke", "", longest.as_str()] {
            let body = json!({ "scope": "readonly", "description": description });
            log_in(app, body).await.expect(200);
            let list = app.get("/private/tokens?limit=-1").bearer(&token).send();
            let list = list.await.expect(200);
            assert_eq!(list["tokens"][0]["description"], description);
        }
        for description in [json!("x".repeat(1025)), json!("a\0b"), json!(7)] {
            let body = json!({ "scope": "readonly", "description": description });
            log_in(app, body).await.blames(400, 26, "description");
        }
        let body = json!({ "scope": "readonly", "description": null });
        log_in(app, body).await.expect(200);
        let list = app.get("/private/tokens?limit=-1").bearer(&token).send();
        let list = list.await.expect(200);
        assert!(list["tokens"][0].get("description").is_none());
    })
    .await;
}

#[tokio::test]
async fn create_token_ends_when_its_time_has_come() {
    on_app(async |app| {
        let token = app.admin_token("all").await;
        let body = json!({ "scope": "all", "duration": { "d_us": "forever" } });
        let endless = token_of(&log_in(app, body).await.expect(200));
        let last = Duration::from_secs(DAY_S) - Duration::from_micros(1);
        app.clock.advance(last);
        app.get("/private").bearer(&token).send().await.expect(200);
        app.clock.advance(Duration::from_micros(1));
        app.get("/private")
            .bearer(&token)
            .send()
            .await
            .refuses(401, 2015);
        let own = app.delete("/private/token").bearer(&token).send().await;
        own.refuses(401, 2015);
        app.clock.advance(Duration::from_secs(10_000 * DAY_S));
        let list = app
            .get("/private/tokens")
            .bearer(&endless)
            .send()
            .await
            .expect(200);
        assert_eq!(list["tokens"].as_array().expect("tokens").len(), 1);
    })
    .await;
}

#[tokio::test]
async fn create_token_serves_one_instance_only() {
    on_app(async |app| {
        let coffee = app.shop("coffee").await;
        let tea = app.shop("tea").await;
        for (instance, token, status) in [
            ("coffee", &coffee, 200),
            ("tea", &tea, 200),
            ("coffee", &tea, 401),
            ("tea", &coffee, 401),
        ] {
            let own = app.get(&format!("/instances/{instance}/private"));
            own.bearer(token).send().await.expect(status);
            let list = app.get(&format!("/instances/{instance}/private/tokens"));
            list.bearer(token).send().await.expect(status);
        }
        app.get("/private")
            .bearer(&coffee)
            .send()
            .await
            .refuses(401, 2015);
        let logout = app.delete("/instances/tea/private/token").bearer(&coffee);
        logout.send().await.refuses(401, 2015);
        let own = app.get("/instances/coffee/private").bearer(&coffee);
        own.send().await.expect(200);
    })
    .await;
}

#[tokio::test]
async fn revoke_own_token_ends_that_token_alone() {
    on_app(async |app| {
        for scope in ["all", "readonly", "order-simple", "order-pos:refreshable"] {
            let other = app.admin_token("all").await;
            let token = app.admin_token(scope).await;
            let logout = app.delete("/private/token").bearer(&token).send().await;
            logout.expect(204);
            assert!(logout.body.is_empty());
            let again = app.delete("/private/token").bearer(&token).send().await;
            again.refuses(401, 2015);
            app.get("/private")
                .bearer(&token)
                .send()
                .await
                .refuses(401, 2015);
            app.get("/private").bearer(&other).send().await.expect(200);
        }
    })
    .await;
}

#[tokio::test]
async fn revoke_own_token_needs_a_token() {
    on_app(async |app| {
        let basic = app
            .delete("/private/token")
            .basic("admin", PASSWORD)
            .send()
            .await;
        basic.refuses(401, 2015);
        app.delete("/private/token").send().await.refuses(401, 2015);
        let unknown = app.delete("/instances/nobody/private/token").send().await;
        unknown.refuses(404, 2000);
    })
    .await;
}
