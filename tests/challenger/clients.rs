//! What a client may ask for, and how it is refused.

use serde_json::{Value, json};

use super::support::{EMAIL, on_challenger, on_challenger_with};
use crate::support::content_coding::gzip;

#[tokio::test]
async fn the_configuration_is_public() {
    on_challenger(async |scene| {
        assert_eq!(
            scene.get("/config").send().await.expect(200),
            json!({
                "name": "challenger", "version": "8:0:6", "implementation": "urn:net:taler:specs:challenger:kontor",
                "restrictions": {}, "address_type": "email", "address_hint": "alice@example.org",
            })
        );
        for path in ["/instances/shop/config", "/private", "/config/", "/agpl"] {
            scene.get(path).send().await.refuses(404, 21);
        }
    })
    .await;
}

#[tokio::test]
async fn an_empty_setup_may_have_any_type() {
    on_challenger(async |scene| {
        for content_type in [
            "application/x-www-form-urlencoded",
            "application/json",
            "text/plain",
            "x",
        ] {
            let call = scene.post(&format!("/setup/{}", scene.client.id));
            let call = call.bearer(&scene.client.secret);
            let call = call.header("content-type", content_type);
            call.header("accept", "*/*").send().await.expect(200);
        }
        scene.setup(&json!({})).await.expect(200);
        let call = scene.post(&format!("/setup/{}", scene.client.id));
        let call = call
            .bearer(&scene.client.secret)
            .header("content-type", "text/plain");
        call.body("{}").send().await.refuses(415, 23);
    })
    .await;
}

#[tokio::test]
async fn strangers_set_nothing_up() {
    on_challenger(async |scene| {
        let path = format!("/setup/{}", scene.client.id);
        for credential in [None, Some("Bearer"), Some("Basic MTp4"), Some("Digest x")] {
            let call = scene.post(&path);
            let call = match credential {
                Some(credential) => call.header("authorization", credential),
                None => call,
            };
            call.send().await.blames(400, 25, "Authorization");
        }
        let longer = format!("{}x", scene.client.secret);
        let bare = scene.client.secret.trim_start_matches("secret-token:");
        for secret in [
            "x",
            "secret-token:",
            &longer,
            bare,
            &scene.client.secret.to_lowercase(),
        ] {
            scene
                .post(&path)
                .bearer(secret)
                .send()
                .await
                .refuses(404, 9750);
        }
        for id in [
            "0",
            "99",
            "x",
            "-1",
            "+1",
            "01",
            "1.0",
            "9223372036854775808",
            "%31x",
        ] {
            let call = scene.post(&format!("/setup/{id}"));
            call.bearer(&scene.client.secret)
                .send()
                .await
                .refuses(404, 9750);
        }
    })
    .await;
}

#[tokio::test]
async fn a_fixed_address_is_complete() {
    on_challenger(async |scene| {
        for known in [
            json!({ "read_only": true }),
            json!({ "read_only": true, "CONTACT_EMAIL": "" }),
            json!({ "read_only": true, "CONTACT_EMAIL": 5 }),
            json!({ "read_only": true, "CONTACT_EMAIL": "ada" }),
            json!({ "CONTACT_EMAIL": "x".repeat(1025) }),
        ] {
            scene.setup(&known).await.blames(400, 26, "CONTACT_EMAIL");
        }
        scene
            .setup(&json!({ "read_only": "yes" }))
            .await
            .blames(400, 26, "read_only");
        scene.setup(&json!([1])).await.refuses(400, 26);
    })
    .await;
}

#[tokio::test]
async fn bodies_are_read_strictly() {
    on_challenger_with(
        |settings| settings.limits.body_size = 4096,
        async |scene| {
            let nonce = scene.begun().await;
            let setup = format!("/setup/{}", scene.client.id);
            for path in [
                setup,
                format!("/challenge/{nonce}"),
                format!("/solve/{nonce}"),
            ] {
                let call = || scene.post(&path).bearer(&scene.client.secret);
                let json = || call().header("content-type", "application/json");
                for body in ["{", "{\"a\":1,\"a\":2}", "nothing"] {
                    json().body(body).send().await.refuses(400, 22);
                }
                json().body("[]").send().await.refuses(400, 26);
                let coded = json().header("content-encoding", "gzip");
                coded.body("{}").send().await.refuses(400, 28);
                let large = vec![b' '; 5000];
                json().body(large.clone()).send().await.refuses(413, 32);
                let coded = json().header("content-encoding", "gzip");
                coded.body(gzip(&large)).send().await.refuses(413, 32);
                let typed = call().header("content-type", "text/csv");
                typed.body("a").send().await.refuses(415, 23);
            }
            let typed = scene
                .post("/token")
                .header("content-type", "application/x-www-form-urlencoded");
            let coded = typed
                .header("content-encoding", "gzip")
                .body("x")
                .send()
                .await;
            coded.refuses(400, 28);
            for path in [format!("/challenge/{nonce}"), format!("/solve/{nonce}")] {
                let typed = scene
                    .post(&path)
                    .header("content-type", "application/x-www-form-urlencoded");
                typed
                    .body("pin=%FF&CONTACT_EMAIL=%00")
                    .send()
                    .await
                    .refuses(400, 26);
                let twice = [("pin", "1"), ("pin", "1"), ("CONTACT_EMAIL", EMAIL)];
                scene
                    .post(&path)
                    .form(&twice)
                    .send()
                    .await
                    .blames(400, 26, "pin");
            }
            let call = scene.post(&format!("/challenge/{nonce}"));
            call.form(&[("CONTACT_EMAIL", EMAIL)])
                .send()
                .await
                .expect(200);
        },
    )
    .await;
}

#[tokio::test]
async fn legal_documents_are_the_challengers_own() {
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::write(folder.path().join("en.md"), "# Addresses\n").expect("a file");
    on_challenger_with(
        |settings| {
            settings.challenger.terms = Some(folder.path().to_owned());
            settings.challenger.terms_version = Some("1".to_owned());
            settings.challenger.privacy = Some(folder.path().to_owned());
        },
        async |scene| {
            for path in ["/terms", "/privacy"] {
                let answer = scene.get(path).send().await;
                answer.expect(200);
                assert_eq!(answer.text(), "# Addresses\n");
                let etag = answer.header("etag").expect("a tag").to_owned();
                let again = scene.get(path).header("if-none-match", &etag).send().await;
                again.expect(304);
                scene
                    .get(path)
                    .header("accept", "image/png")
                    .send()
                    .await
                    .refuses(406, 78);
            }
            scene.app.get("/terms").send().await.refuses(501, 76);
        },
    )
    .await;
    on_challenger(async |scene| {
        for path in ["/terms", "/privacy"] {
            scene.get(path).send().await.refuses(501, 76);
        }
    })
    .await;
}

#[tokio::test]
async fn the_documentation_is_the_challengers_own() {
    on_challenger(async |scene| {
        let document = scene.get("/openapi.json").send().await.expect(200);
        assert_eq!(document["info"]["title"], "Kontor Challenger");
        assert_eq!(
            document["servers"][0]["url"],
            "https://addresses.test/check"
        );
        let page = scene.get("/docs/").send().await;
        page.expect(200);
        assert!(page.is_page());
        assert_eq!(
            document["paths"]["/token"]["post"]["security"][1],
            Value::from(serde_json::Map::new())
        );
    })
    .await;
}

#[tokio::test]
async fn no_secret_is_stored_as_it_is() {
    on_challenger(async |scene| {
        let nonce = scene.begun().await;
        scene.give(&nonce, EMAIL).await.expect(200);
        let pin = scene.pin();
        let code = scene.code().await;
        let token = scene.token(&code).await;
        let mut dump = String::new();
        use sea_orm::{ConnectionTrait as _, DbBackend, Statement};
        let reader = scene.app.app.database.read();
        let backend = reader.get_database_backend();
        for table in ["client", "validation", "address_grant", "code_counter", "audit_event"] {
            let sql = match backend {
                DbBackend::Postgres => format!("SELECT CAST(row_to_json(t) AS TEXT) AS row FROM {table} t"),
                _ => {
                    let columns = format!("SELECT group_concat('quote(\"' || name || '\")', ' || '','' || ') AS c FROM pragma_table_info('{table}')");
                    let row = reader.query_one_raw(Statement::from_string(backend, columns)).await;
                    let columns: String = row.expect("a query").expect("a row").try_get("", "c").expect("columns");
                    format!("SELECT {columns} AS row FROM {table}")
                }
            };
            let rows = reader.query_all_raw(Statement::from_string(backend, sql)).await;
            for row in rows.expect("a query") {
                dump.push_str(&row.try_get::<String>("", "row").expect("a text"));
            }
        }
        assert!(dump.contains(EMAIL), "the dump holds the rows: {dump}");
        let digits = pin.replace('-', "");
        for secret in [nonce.as_str(), &scene.client.secret, &pin, &digits, &code, &token] {
            assert!(!dump.contains(secret), "{secret} in {dump}");
            let hex = data_encoding::HEXLOWER.encode(secret.as_bytes());
            assert!(!dump.to_lowercase().contains(&hex), "{secret} in {dump}");
        }
    })
    .await;
}
