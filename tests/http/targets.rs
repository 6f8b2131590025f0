//! Targets, parameters and headers that are written in unusual ways, or wrongly.

use kontor_openapi::merchant::OPERATIONS;

use super::support::{on_server, read};
use crate::support::on_app;

#[tokio::test]
async fn an_instance_may_be_percent_encoded() {
    on_app(async |app| {
        let token = app.shop("a@b.c").await;
        for id in ["a@b.c", "a%40b.c", "%61%40%62%2E%63", "a%40b%2ec"] {
            let answer = app
                .get(&format!("/instances/{id}/private"))
                .bearer(&token)
                .send()
                .await;
            assert_eq!(answer.expect(200)["name"], "Shop a@b.c");
        }
        for id in [
            "a%2540b.c",
            "a+b.c",
            "a%4",
            "a%40b.c%20",
            "%20a%40b.c",
            "a%2Fb",
            "..",
            "%2e%2e",
        ] {
            app.get(&format!("/instances/{id}/config"))
                .send()
                .await
                .refuses(404, 2000);
        }
        let admin = app.admin_token("all").await;
        let answer = app
            .get("/management/instances/a%40b%2Ec")
            .bearer(&admin)
            .send()
            .await;
        assert_eq!(answer.expect(200)["name"], "Shop a@b.c");
    })
    .await;
}

#[tokio::test]
async fn what_is_no_text_is_no_fault_of_the_server() {
    on_app(async |app| {
        let admin = app.admin_token("all").await;
        // Ending the token itself would make everything after it a 401.
        for operation in OPERATIONS
            .iter()
            .filter(|operation| operation.id != "revokeOwnToken")
        {
            for bad in ["%00", "a%00b", "%FF", "%C3%28", "%ED%A0%80", "%", "%zz"] {
                let path = operation
                    .path
                    .replace("{instance}", bad)
                    .replace("{serial}", bad)
                    .replace("{challenge_id}", bad)
                    .replace("{channel}", bad);
                let query = format!("?limit={bad}&offset={bad}&purge={bad}&{bad}={bad}");
                let mut targets = vec![format!("{path}{query}")];
                if !operation.root_only {
                    targets.push(format!("/instances/{bad}{path}"));
                }
                for target in targets {
                    // A body-less request with a good token: what is left to complain about is the URL, or the body.
                    let answer = app
                        .call(operation.method, &target)
                        .bearer(&admin)
                        .send()
                        .await;
                    let status = answer.status.as_u16();
                    assert!(
                        status < 500 || status == 501,
                        "{} {target}: {status}",
                        operation.id
                    );
                    if target.starts_with("/instances/") && !operation.root_only {
                        answer.refuses(404, 2000);
                    } else if path.contains(bad) {
                        assert!([400, 404].contains(&status), "{} {target}", operation.id);
                    } else if operation.id == "deleteOwnInstance" {
                        answer.blames(400, 26, "purge");
                    }
                }
            }
        }
    })
    .await;
}

#[tokio::test]
async fn raw_bytes_in_a_target_are_no_fault_of_the_server() {
    on_server(async |_, server| {
        for raw in [
            &b"\xff"[..],
            b"\xc3\xa4",
            b"\0",
            b"a\0b",
            b"\x7f",
            b"\x1b[2J",
            b"a b",
            b"\t",
        ] {
            for start in ["/", "/config?x=", "/instances/", "/management/instances/"] {
                for end in ["", "/config"] {
                    let mut connection = server.connect().await;
                    let line = [
                        b"GET ",
                        start.as_bytes(),
                        raw,
                        end.as_bytes(),
                        b" HTTP/1.1\r\n",
                    ];
                    connection.send(line.concat()).await;
                    connection.send("Host: kontor.test\r\n\r\n").await;
                    let answer = connection.answer().await;
                    let status = answer.status.as_u16();
                    let fine = start.contains('?') && status == 200;
                    assert!(
                        fine || [400, 401, 404].contains(&status),
                        "{raw:?} {start}: {status}"
                    );
                }
            }
        }
    })
    .await;
}

#[tokio::test]
async fn a_very_long_url_is_414() {
    on_server(async |_, server| {
        for (length, is_ours) in [(15_000, false), (17_000, true), (60_000, true)] {
            let target = format!("/config?x={}", "a".repeat(length));
            let mut connection = server.connect().await;
            connection
                .send(format!(
                    "GET {target} HTTP/1.1\r\nHost: kontor.test\r\n\r\n"
                ))
                .await;
            let answer = connection.answer().await;
            match is_ours {
                true => drop(answer.refuses(414, 31)),
                false => drop(answer.expect(200)),
            }
            connection
                .exchange("GET", "/config", &[], b"")
                .await
                .expect(200);
        }
        let path = format!("/instances/{}/config", "a".repeat(20_000));
        let mut connection = server.connect().await;
        connection
            .send(format!("GET {path} HTTP/1.1\r\nHost: kontor.test\r\n\r\n"))
            .await;
        connection.answer().await.refuses(414, 31);
        // Longer than 65534 bytes the server below the service refuses it, without a body, and closes.
        let mut connection = server.connect().await;
        let target = format!("/config?x={}", "a".repeat(70_000));
        connection
            .send(format!(
                "GET {target} HTTP/1.1\r\nHost: kontor.test\r\n\r\n"
            ))
            .await;
        assert_eq!(connection.answer().await.status, 414);
        assert!(connection.is_closed().await);
        server
            .connect()
            .await
            .exchange("GET", "/config", &[], b"")
            .await
            .expect(200);
    })
    .await;
}

#[tokio::test]
async fn unknown_query_parameters_are_ignored() {
    on_app(async |app| {
        let token = app.admin_token("all").await;
        let query = "?unknown=1&unknown=2&&=&a[]=b&limit2=x&%6cimi=3";
        for path in [
            "/config",
            "/private",
            "/private/tokens",
            "/management/instances",
        ] {
            let plain = app.get(path).bearer(&token).send().await.expect(200);
            let target = format!("{path}{query}");
            assert_eq!(
                app.get(&target).bearer(&token).send().await.expect(200),
                plain
            );
        }
    })
    .await;
}

#[tokio::test]
async fn a_bad_parameter_is_named_as_the_document_names_it() {
    on_app(async |app| {
        let token = app.admin_token("all").await;
        for serial in [
            "x",
            "-",
            "1.5",
            "99999999999999999999",
            "%00",
            "%FF",
            "1%20",
        ] {
            for prefix in ["", "/instances/admin"] {
                let target = format!("{prefix}/private/tokens/{serial}");
                app.delete(&target)
                    .bearer(&token)
                    .send()
                    .await
                    .blames(400, 26, "serial");
            }
        }
        for (query, name) in [
            ("limit=x", "limit"),
            ("limit=0", "limit"),
            ("offset=%00", "offset"),
        ] {
            let target = format!("/private/tokens?{query}");
            app.get(&target)
                .bearer(&token)
                .send()
                .await
                .blames(400, 26, name);
        }
        let target = "/management/instances/a%00b";
        app.get(target)
            .bearer(&token)
            .send()
            .await
            .blames(400, 26, "instance");
    })
    .await;
}

#[tokio::test]
async fn bad_headers_are_no_fault_of_the_server() {
    on_server(async |app, server| {
        let bearer = format!("Bearer {}", app.admin_token("all").await);
        let mut connection = server.connect().await;
        for name in [
            "Accept",
            "Accept-Encoding",
            "Accept-Language",
            "If-None-Match",
            "Content-Type",
            "Content-Encoding",
            "Forwarded",
            "X-Forwarded-For",
            "X-Request-Id",
            "Taler-Correlation-Id",
            "User-Agent",
            "Origin",
            "Range",
            "Cookie",
        ] {
            let long = "a".repeat(10_000);
            for value in [
                "",
                ",",
                ";q=",
                "\u{fc}",
                "\"",
                "a/b/c;q=2,*",
                "for=_;;,",
                &long,
            ] {
                for target in ["/config", "/terms", "/private", "/openapi.json"] {
                    let headers = [("Authorization", bearer.as_str()), (name, value)];
                    let answer = connection.exchange("GET", target, &headers, b"").await;
                    let status = answer.status.as_u16();
                    let expected = if target == "/terms" { 501 } else { 200 };
                    assert_eq!(status, expected, "{name}: {value} at {target}");
                }
            }
        }
        for value in [
            "",
            "Bearer \u{fc}",
            "Bearer",
            "Basic \u{fc}",
            "B",
            ":",
            "Bearer a b c",
        ] {
            let headers = [("Authorization", value)];
            connection
                .exchange("GET", "/private", &headers, b"")
                .await
                .refuses(401, 2015);
        }
    })
    .await;
}

#[tokio::test]
async fn other_forms_of_a_target_are_answered() {
    on_app(async |app| {
        let target = poem::http::Uri::from_static("http://other.test/config");
        let request = poem::Request::builder().uri(target).finish();
        assert_eq!(read(app.send(request).await).await.status, 200);
    })
    .await;
    on_server(async |_, server| {
        for (line, status) in [
            ("OPTIONS *", 404),
            ("CONNECT other.test:443", 404),
            ("GET *", 404),
        ] {
            let mut connection = server.connect().await;
            connection
                .send(format!("{line} HTTP/1.1\r\nHost: kontor.test\r\n\r\n"))
                .await;
            let answer = connection.answer().await;
            assert!(
                [400, status].contains(&answer.status.as_u16()),
                "{line}: {answer:?}"
            );
        }
    })
    .await;
}
