//! The tokens of an instance, listed and revoked by serial number.

use std::time::Duration;

use serde_json::json;

use crate::support::{PASSWORD, TestApp, on_app};

/// The serials on a page, or nothing where the answer is 204.
async fn page(app: &TestApp, token: &str, query: &str) -> Vec<u64> {
    let path = format!("/private/tokens{query}");
    let answer = app.get(&path).bearer(token).send().await;
    if answer.status == 204 {
        assert!(answer.body.is_empty());
        return Vec::new();
    }
    let list = answer.expect(200);
    let tokens = list["tokens"].as_array().expect("a list");
    let serial = |token: &serde_json::Value| token["serial"].as_u64().expect("a serial");
    tokens.iter().map(serial).collect()
}

/// So many tokens of `admin`, the last of which is returned, and all their serials.
async fn tokens(app: &TestApp, count: usize) -> (String, Vec<u64>) {
    let mut last = String::new();
    for _ in 0..count {
        last = app.admin_token("all").await;
    }
    let serials = page(app, &last, "?limit=1024").await;
    assert_eq!(serials.len(), count);
    assert!(serials.is_sorted());
    (last, serials)
}

#[tokio::test]
async fn list_tokens_shows_everything_but_the_secret() {
    on_app(async |app| {
        let body = json!({
            "scope": "order-pos:refreshable", "duration": { "d_us": "forever" }, "description": "Kasse 2",
        });
        let login = app.post("/private/token", &body).basic("admin", PASSWORD).send();
        let login = login.await.expect(200);
        app.clock.advance(Duration::from_secs(5));
        let token = app.admin_token("readonly").await;
        let answer = app.get("/private/tokens").bearer(&token).send().await;
        assert_eq!(answer.header("cache-control"), Some("no-store"));
        let secret = login["access_token"].as_str().expect("a token");
        assert!(!answer.text().contains(&secret["secret-token:".len()..]));
        let tokens = answer.expect(200)["tokens"].clone();
        let serial = tokens[0]["serial"].as_u64().expect("a serial");
        assert_eq!(
            tokens,
            json!([
                {
                    "creation_time": { "t_s": 1_700_000_005 }, "expiration": { "t_s": 1_700_086_405 },
                    "scope": "readonly", "refreshable": false, "serial": serial,
                },
                {
                    "creation_time": { "t_s": 1_700_000_000 }, "expiration": { "t_s": "never" },
                    "scope": "order-pos:refreshable", "refreshable": true, "description": "Kasse 2",
                    "serial": serial - 1,
                },
            ])
        );
    })
    .await;
}

#[tokio::test]
async fn list_tokens_goes_page_by_page_in_both_directions() {
    on_app(async |app| {
        let (token, all) = tokens(app, 23).await;
        let newest: Vec<u64> = all.iter().rev().copied().collect();
        assert_eq!(page(app, &token, "").await, newest[..20]);
        assert_eq!(page(app, &token, "?limit=-1024").await, newest);
        assert_eq!(page(app, &token, "?limit=3").await, all[..3]);
        assert_eq!(page(app, &token, "?limit=%2B3").await, all[..3]);
        for (limit, serials) in [(7, &all), (-7, &newest)] {
            let mut seen = Vec::new();
            let mut offset = String::new();
            loop {
                let next = page(app, &token, &format!("?limit={limit}{offset}")).await;
                let Some(last) = next.last() else { break };
                offset = format!("&offset={last}");
                seen.extend(next);
            }
            assert_eq!(&seen, serials);
        }
    })
    .await;
}

#[tokio::test]
async fn list_tokens_takes_the_older_names_of_its_parameters() {
    on_app(async |app| {
        let (token, all) = tokens(app, 5).await;
        assert_eq!(page(app, &token, "?delta=2").await, all[..2]);
        assert_eq!(page(app, &token, "?delta=-1").await, all[4..]);
        let after = format!("?delta=2&start={}", all[1]);
        assert_eq!(page(app, &token, &after).await, all[2..4]);
        let both = format!("?limit=1&delta=4&offset={}&start={}", all[2], all[0]);
        assert_eq!(page(app, &token, &both).await, [all[3]]);
        assert_eq!(page(app, &token, "?limit=1&unknown=0").await, all[..1]);
    })
    .await;
}

#[tokio::test]
async fn list_tokens_is_204_where_a_page_is_empty() {
    on_app(async |app| {
        let (token, all) = tokens(app, 2).await;
        let empty = [
            format!("?limit=1&offset={}", all[1]),
            format!("?limit=-1&offset={}", all[0]),
        ];
        for query in empty.into_iter().chain([
            "?offset=0".to_owned(),
            "?limit=5&offset=9223372036854775807".to_owned(),
        ]) {
            let path = format!("/private/tokens{query}");
            app.get(&path).bearer(&token).send().await.expect(204);
        }
        assert_eq!(page(app, &token, "?limit=5&offset=0").await, all);
    })
    .await;
}

#[tokio::test]
async fn list_tokens_goes_to_the_limits_of_a_page() {
    on_app(async |app| {
        let (token, all) = tokens(app, 3).await;
        let newest: Vec<u64> = all.iter().rev().copied().collect();
        for (query, serials) in [
            ("limit=1024", &all),
            ("limit=-1024", &newest),
            ("limit=1024&offset=0", &all),
            ("limit=-1024&offset=9223372036854775807", &newest),
            ("delta=1024&start=0", &all),
            ("delta=-1024&start=9223372036854775807", &newest),
            ("offset=9223372036854775807", &newest),
            ("limit=1024&delta=-1&start=0", &all),
            (
                "limit=-1024&offset=9223372036854775807&delta=1&start=0",
                &newest,
            ),
        ] {
            assert_eq!(
                &page(app, &token, &format!("?{query}")).await,
                serials,
                "{query}"
            );
        }
    })
    .await;
}

#[tokio::test]
async fn list_tokens_refuses_other_pages_and_names_the_parameter() {
    on_app(async |app| {
        let token = app.admin_token("all").await;
        for (name, values) in [
            (
                "limit",
                &[
                    "0",
                    "-0",
                    "1025",
                    "-1025",
                    "x",
                    "",
                    "1.5",
                    "1x",
                    "%201",
                    "-9223372036854775808",
                    "99999999999999999999",
                ][..],
            ),
            ("delta", &["0", "1025", "-1025", "x"]),
            ("offset", &["-1", "x", "", "1.5", "9223372036854775808"]),
            ("start", &["-1", "x", "9223372036854775808"]),
        ] {
            for value in values {
                // The newer name does not hide what the older one says.
                for also in ["", "&limit=5", "&offset=5"] {
                    if also.contains(name) {
                        continue;
                    }
                    let path = format!("/private/tokens?{name}={value}{also}");
                    let answer = app.get(&path).bearer(&token).send().await;
                    answer.blames(400, 26, name);
                }
            }
        }
    })
    .await;
}

#[tokio::test]
async fn list_tokens_shows_live_tokens_of_the_own_instance_only() {
    on_app(async |app| {
        let admin = app.admin_token("all").await;
        let coffee = app.shop("coffee").await;
        let list = app.get("/instances/coffee/private/tokens").bearer(&coffee);
        let list = list.send().await.expect(200);
        assert_eq!(list["tokens"].as_array().expect("tokens").len(), 1);
        let (_, before) = (app.shop("tea").await, page(app, &admin, "?limit=100").await);
        app.clock.advance(Duration::from_secs(86_399));
        assert_eq!(page(app, &admin, "?limit=100").await, before);
        let late = app.admin_token("all").await;
        app.clock.advance(Duration::from_secs(1));
        assert_eq!(page(app, &late, "?limit=100").await.len(), 1);
    })
    .await;
}

#[tokio::test]
async fn revoke_token_holds_at_once() {
    on_app(async |app| {
        let (token, serials) = tokens(app, 3).await;
        let path = format!("/private/tokens/{}", serials[0]);
        let answer = app.delete(&path).bearer(&token).send().await;
        answer.expect(204);
        assert!(answer.body.is_empty());
        assert_eq!(page(app, &token, "?limit=9").await, serials[1..]);
        let again = app.delete(&path).bearer(&token).send().await;
        again.refuses(404, 2042);
        let own = format!("/private/tokens/{}", serials[2]);
        app.delete(&own).bearer(&token).send().await.expect(204);
        app.get("/private")
            .bearer(&token)
            .send()
            .await
            .refuses(401, 2015);
    })
    .await;
}

#[tokio::test]
async fn revoke_token_knows_only_tokens_of_the_own_instance() {
    on_app(async |app| {
        let coffee = app.shop("coffee").await;
        let list = app.get("/instances/coffee/private/tokens").bearer(&coffee);
        let serial = list.send().await.expect(200)["tokens"][0]["serial"].clone();
        let admin = app.admin_token("all").await;
        let path = format!("/private/tokens/{serial}");
        app.delete(&path)
            .bearer(&admin)
            .send()
            .await
            .refuses(404, 2042);
        let own = app.get("/instances/coffee/private").bearer(&coffee);
        own.send().await.expect(200);
        for unknown in ["0", "999999", "9223372036854775807"] {
            let path = format!("/private/tokens/{unknown}");
            app.delete(&path)
                .bearer(&admin)
                .send()
                .await
                .refuses(404, 2042);
        }
        let nobody = app
            .delete("/instances/nobody/private/tokens/1")
            .bearer(&admin);
        nobody.send().await.refuses(404, 2000);
    })
    .await;
}

#[tokio::test]
async fn revoke_token_refuses_serials_that_are_no_numbers() {
    on_app(async |app| {
        let token = app.admin_token("all").await;
        for serial in ["x", "-1", "1.5", "1x", "%20", "99999999999999999999"] {
            let path = format!("/private/tokens/{serial}");
            let answer = app.delete(&path).bearer(&token).send().await;
            answer.blames(400, 26, "serial");
        }
    })
    .await;
}
