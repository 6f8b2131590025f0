//! Secrets that come in are never seen again: in no log line, no error, no row, no file of the database.

use std::{fs, io};

use data_encoding::{BASE32_NOPAD, BASE64, BASE64_NOPAD, HEXLOWER};
use poem::http::Method;
use sea_orm::{ConnectionTrait, DbBackend, Statement};
use serde_json::json;

use crate::{
    http::support::Events,
    support::{Answer, TestApp, instance, on_app},
};

/// What is planted, each where its name says.
const PASSWORD: &str = "planted-password-Zq81";
const NEXT_PASSWORD: &str = "planted-next-password-Xw27";
const WRONG_PASSWORD: &str = "planted-wrong-password-Kv93";
const WEAK_SECRET: &str = "secret-token:planted-weak-Ls45";
const STRONG_SECRET: &str = "secret-token:7c1e0b9a7e3d2c5b8a6f9e0d1c2b3a4fplanted";
const UNKNOWN_TOKEN: &str = "secret-token:0PLANTEDPLANTEDPLANTEDPLANTEDPLANTEDPLANTEDPLANTED000";
const MALFORMED: &str = "planted-malformed-Hy66";
const OTP_KEY: &str = "planted-otp-key-Qm52";

/// What a secret would look like in a dump.
fn forms(secret: &str) -> Vec<String> {
    let text = secret.trim_start_matches("secret-token:");
    let mut forms = vec![
        text.to_owned(),
        HEXLOWER.encode(text.as_bytes()),
        HEXLOWER.encode(text.as_bytes()).to_uppercase(),
    ];
    for user in ["old", "shop", "admin"] {
        let pair = format!("{user}:{secret}");
        forms.push(BASE64_NOPAD.encode(pair.as_bytes()));
    }
    forms.push(BASE64_NOPAD.encode(text.as_bytes()));
    forms
}

#[track_caller]
fn holds_none(what: &str, dump: &[u8], secrets: &[String]) {
    for secret in secrets {
        for form in forms(secret) {
            let found = dump
                .windows(form.len())
                .position(|window| window == form.as_bytes());
            if let Some(at) = found {
                let around = &dump[at.saturating_sub(200)..(at + 200).min(dump.len())];
                panic!("{what} holds {secret}: {}", String::from_utf8_lossy(around));
            }
        }
    }
}

/// Puts secrets wherever a client can put one, and returns them with the errors that were answered.
async fn plant(app: &TestApp) -> (Vec<String>, Vec<Answer>) {
    let admin = app.admin_token("all").await;
    let mut secrets: Vec<String> = [
        PASSWORD,
        NEXT_PASSWORD,
        WRONG_PASSWORD,
        WEAK_SECRET,
        STRONG_SECRET,
        UNKNOWN_TOKEN,
        MALFORMED,
        OTP_KEY,
    ]
    .map(str::to_owned)
    .to_vec();
    let mut shop = instance("shop");
    shop["auth"]["password"] = json!(PASSWORD);
    let create = |body: &serde_json::Value| app.post("/management/instances", body).bearer(&admin);
    create(&shop).send().await.expect(204);
    create(&shop).send().await.expect(204);
    let mut errors = Vec::new();
    shop["auth"]["password"] = json!(WRONG_PASSWORD);
    errors.push(create(&shop).send().await);

    let login = "/instances/shop/private/token";
    let body = json!({ "scope": "all:refreshable" });
    let token = app
        .post(login, &body)
        .basic("shop", PASSWORD)
        .send()
        .await
        .expect(200);
    let token = token["access_token"].as_str().expect("a token").to_owned();
    let refreshed = app
        .post(login, &body)
        .bearer(&token)
        .send()
        .await
        .expect(200);
    let refreshed = refreshed["access_token"]
        .as_str()
        .expect("a token")
        .to_owned();
    app.post(login, &body)
        .bearer(&format!("secret-token:{PASSWORD}"))
        .send()
        .await
        .expect(200);
    app.get("/instances/shop/private")
        .bearer(&token)
        .send()
        .await
        .expect(200);

    let pair = BASE64.encode(format!("shop:{MALFORMED}").as_bytes());
    for authorization in [
        format!("Bearer secret-token:{WRONG_PASSWORD}"),
        format!("secret-token:{WRONG_PASSWORD}"),
        format!("Bearer {UNKNOWN_TOKEN}"),
        format!("Basic {pair}"),
        format!("Basic {pair}!"),
        format!("Digest {MALFORMED}"),
        MALFORMED.to_owned(),
    ] {
        for (method, path) in [
            ("POST", login),
            ("GET", "/instances/shop/private"),
            ("GET", "/instances/nobody/private"),
        ] {
            let call = app
                .call(method, path)
                .header("authorization", &authorization);
            errors.push(call.json(&body).send().await);
        }
    }
    for body in [
        format!(r#"{{"scope":"{MALFORMED}"}}"#),
        format!(r#"{{"scope":"all","duration":"{MALFORMED}"}}"#),
        format!(r#"{{"scope":"all" {MALFORMED}"#),
        format!(r#"{{"scope":"all","scope":"{MALFORMED}"}}"#),
    ] {
        let call = app
            .call("POST", login)
            .bearer(&token)
            .header("content-type", "application/json");
        errors.push(call.body(body).send().await);
    }
    for auth in [
        json!({ "method": "token", "token": MALFORMED }),
        json!({ "method": "token", "password": [MALFORMED] }),
        json!({ "method": "token", "password": MALFORMED.repeat(60) }),
        json!({ "method": MALFORMED }),
    ] {
        let change = app
            .post("/instances/shop/private/auth", &auth)
            .bearer(&token);
        errors.push(change.send().await);
        shop["auth"] = auth;
        errors.push(create(&shop).send().await);
    }
    let key = BASE32_NOPAD.encode(OTP_KEY.as_bytes());
    let device = |key: &str| {
        let device = json!({
            "otp_device_id": "till", "otp_device_description": "Till", "otp_key": key, "otp_algorithm": 2,
        });
        app.post("/instances/shop/private/otp-devices", &device)
            .bearer(&token)
    };
    for (key, status) in [
        (&key[..], 204),
        (&key, 204),
        (&key[2..], 409),
        (MALFORMED, 400),
    ] {
        let answer = device(key).send().await;
        answer.expect(status);
        errors.push(answer);
    }
    secrets.push(key[2..].to_owned());
    // A path is logged, a query never is.
    for query in ["limit", "token"] {
        let path = format!("/instances/shop/private/tokens?{query}={MALFORMED}");
        errors.push(app.get(&path).bearer(&refreshed).send().await);
    }
    let next = json!({ "method": "token", "password": NEXT_PASSWORD });
    app.post("/instances/shop/private/auth", &next)
        .bearer(&token)
        .send()
        .await
        .expect(204);
    app.post(login, &body)
        .basic("shop", NEXT_PASSWORD)
        .send()
        .await
        .expect(200);

    for (id, secret) in [("old", WEAK_SECRET), ("older", STRONG_SECRET)] {
        let mut settings = instance(id);
        settings["auth"] = json!({ "method": "token", "token": secret });
        create(&settings).send().await.expect(204);
        let own = format!("/instances/{id}/private");
        app.get(&own).bearer(secret).send().await.expect(200);
        app.get(&own)
            .header("authorization", secret)
            .send()
            .await
            .expect(200);
        let logout = app
            .delete(&format!("{own}/token"))
            .bearer(secret)
            .send()
            .await;
        errors.push(logout);
        let login = app.post(&format!("{own}/token"), &body).basic(id, secret);
        login.send().await.expect(200);
    }
    secrets.extend([admin, token, refreshed]);
    (secrets, errors)
}

/// Every value of every table as hexadecimal digits or text.
async fn rows(app: &TestApp) -> Vec<u8> {
    let database = app.app.database.read();
    let backend = database.get_database_backend();
    let select = async |sql: String| {
        let rows = database
            .query_all_raw(Statement::from_string(backend, sql))
            .await;
        let rows = rows.expect("rows");
        let text =
            |row: &sea_orm::QueryResult| row.try_get_by_index::<Option<String>>(0).expect("text");
        rows.iter().filter_map(text).collect::<Vec<_>>()
    };
    let tables = match backend {
        DbBackend::Sqlite => "SELECT name FROM sqlite_master WHERE type = 'table'",
        _ => "SELECT tablename::text FROM pg_tables WHERE schemaname = current_schema()",
    };
    let tables = select(tables.to_owned()).await;
    assert!(tables.iter().any(|table| table == "access_token"));
    let mut dump = String::new();
    for table in tables {
        if backend != DbBackend::Sqlite {
            dump.extend(select(format!("SELECT t::text FROM {table} t")).await);
            continue;
        }
        for column in select(format!("SELECT name FROM pragma_table_info('{table}')")).await {
            let values = select(format!("SELECT hex(\"{column}\") FROM {table}")).await;
            dump.extend(values.into_iter().map(|value| value + "\n"));
        }
    }
    dump.into_bytes()
}

/// The files of the database, where it has any.
fn files(app: &TestApp) -> Vec<u8> {
    let settings = kontor::app::database_settings(&app.app.settings);
    let Some(path) = settings.sqlite_path().expect("a path") else {
        return Vec::new();
    };
    let folder = fs::read_dir(path.parent().expect("a folder")).expect("a folder");
    let read =
        |file: io::Result<fs::DirEntry>| fs::read(file.expect("a file").path()).expect("a file");
    let bytes: Vec<u8> = folder.flat_map(read).collect();
    // The test would notice: what is stored in the clear is there.
    assert!(bytes.windows(9).any(|window| window == b"Shop shop"));
    bytes
}

#[tokio::test]
async fn no_secret_is_logged_answered_or_stored() {
    on_app(async |app| {
        // What threads of the database and of the hasher say belongs to it.
        let events = Events::collect_everywhere();
        let (secrets, errors) = plant(app).await;
        let text = events.text();
        drop(events);
        assert!(text.contains("kontor::access") && text.contains(Method::POST.as_str()));
        holds_none("the log", text.as_bytes(), &secrets);
        for error in errors {
            let status = error.status.as_u16();
            if status >= 400 {
                let answer = format!("{:?} {}", error.headers, error.text());
                holds_none("an error", answer.as_bytes(), &secrets);
            }
        }
        holds_none("a row", &rows(app).await, &secrets);
        holds_none("a file", &files(app), &secrets);
    })
    .await;
}
