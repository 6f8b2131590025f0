//! How a person is sent, and how nobody is.

use serde_json::Value;

use super::support::{EMAIL, REDIRECT_URI, client, on_challenger};

#[tokio::test]
async fn a_browser_is_led_to_its_page() {
    on_challenger(async |scene| {
        for method in ["GET", "POST"] {
            let nonce = scene.nonce(&Value::Null).await;
            let path = scene.authorize_path(&nonce, &[]);
            let answer = scene.app.challenger(method, &path).browser().send().await;
            answer.expect(302);
            let page = format!("https://addresses.test/check/ui/{nonce}");
            assert_eq!(answer.header("location"), Some(page.as_str()));
            let answer = scene
                .app
                .challenger(method, &path)
                .header("accept", "*/*")
                .send()
                .await;
            assert_eq!(answer.expect(200)["solved"], false);
        }
    })
    .await;
}

#[tokio::test]
async fn by_post_the_same_is_refused() {
    on_challenger(async |scene| {
        let nonce = scene.nonce(&Value::Null).await;
        let good = scene.authorize_path(&nonce, &[]);
        for (path, status, code) in [
            (
                good.replace("response_type=code", "response_type=token"),
                400,
                26,
            ),
            (good.replace("response_type=code&", ""), 400, 25),
            (good.replace("client_id=1", "client_id=2"), 401, 9751),
            (good.replace(&nonce, &"0".repeat(52)), 404, 9755),
        ] {
            for method in ["GET", "POST"] {
                for is_browser in [false, true] {
                    let call = scene.app.challenger(method, &path);
                    let call = if is_browser { call.browser() } else { call };
                    let answer = call.send().await;
                    assert_eq!(answer.status, status, "{path}");
                    assert_eq!(answer.code(), Some(code), "{path}");
                    assert_eq!(answer.is_page(), is_browser, "{path}");
                    assert_eq!(answer.header("location"), None, "{path}");
                }
            }
        }
        // None of that bound anything.
        scene.authorize(&nonce, &[]).await.expect(200);
    })
    .await;
}

#[tokio::test]
async fn nobody_is_sent_to_what_is_not_registered() {
    on_challenger(async |scene| {
        let other = client(scene.app, "https://other.test/", false).await;
        let nonce = scene.nonce(&Value::Null).await;
        let id = scene.client.id.as_str();
        for (client_id, redirect_uri) in [
            (id, "https://client.test/back"),
            (id, "https://client.test/back?from=here&more"),
            (id, "https://client.test/back?from=here#"),
            (id, "https://CLIENT.test/back?from=here"),
            (id, "https://client.test:443/back?from=here"),
            (id, "https://evil.test/"),
            (id, "javascript:alert(1)"),
            (id, ""),
            (&other.id, REDIRECT_URI),
            (&other.id, "https://other.test/"),
            ("", REDIRECT_URI),
            ("01", REDIRECT_URI),
            ("+1", REDIRECT_URI),
            ("99", REDIRECT_URI),
            ("x", REDIRECT_URI),
        ] {
            let mut query = url::form_urlencoded::Serializer::new(String::new());
            query.append_pair("response_type", "code");
            query.append_pair("client_id", client_id);
            query.append_pair("redirect_uri", redirect_uri);
            let path = format!("/authorize/{nonce}?{}", query.finish());
            for is_browser in [false, true] {
                let call = scene.get(&path);
                let call = if is_browser { call.browser() } else { call };
                let answer = call.send().await;
                assert_eq!(answer.status, 401, "{client_id} {redirect_uri}");
                assert_eq!(answer.code(), Some(9751));
                assert_eq!(answer.header("location"), None);
                assert!(answer.header("www-authenticate").is_some());
                assert!(!answer.text().contains("evil.test"));
            }
        }
    })
    .await;
}

#[tokio::test]
async fn what_was_bound_stays() {
    on_challenger(async |scene| {
        let nonce = scene.nonce(&Value::Null).await;
        let challenge = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";
        let first = [
            ("state", "one"),
            ("code_challenge", challenge),
            ("code_challenge_method", "S256"),
        ];
        scene.authorize(&nonce, &first).await.expect(200);
        scene.authorize(&nonce, &first).await.expect(200);
        for (other, parameter) in [
            (&first[1..], "state"),
            (&first[..1], "code_challenge"),
            (&[("state", "two"), first[1], first[2]][..], "state"),
            (&first[..2], "code_challenge"),
            (&[], "state"),
        ] {
            let refused = scene.authorize(&nonce, other).await;
            refused.blames(400, 26, parameter);
        }
        scene.give(&nonce, EMAIL).await.expect(200);
    })
    .await;
}

#[tokio::test]
async fn parameters_are_taken_once() {
    on_challenger(async |scene| {
        let nonce = scene.nonce(&Value::Null).await;
        for (more, parameter) in [
            ([("client_id", "1"), ("x", "y")], "client_id"),
            ([("state", "a"), ("state", "a")], "state"),
            ([("unknown", "a"), ("unknown", "b")], "unknown"),
        ] {
            let refused = scene.authorize(&nonce, &more).await;
            refused.blames(400, 26, parameter);
        }
        let broken = format!("{}&state=%ff", scene.authorize_path(&nonce, &[]));
        scene.get(&broken).send().await.refuses(400, 26);
        // What is not known is ignored.
        scene
            .authorize(&nonce, &[("nonce", "x"), ("prompt", "login")])
            .await
            .expect(200);
        for path in [
            "/config?a=1&a=1",
            "/terms?a&a",
            "/privacy?a&a",
            "/?a&a",
            "/info?a&a",
        ] {
            let refused = scene.get(path).bearer("x").send().await;
            assert_eq!(
                (refused.status.as_u16(), refused.code()),
                (400, Some(26)),
                "{path}"
            );
        }
    })
    .await;
}

#[tokio::test]
async fn challenges_are_what_rfc_7636_says() {
    on_challenger(async |scene| {
        let nonce = scene.nonce(&Value::Null).await;
        for (more, parameter) in [
            (
                vec![("code_challenge_method", "S256")],
                "code_challenge_method",
            ),
            (
                vec![("code_challenge", "x"), ("code_challenge_method", "S512")],
                "code_challenge_method",
            ),
            (vec![("code_challenge", "short")], "code_challenge"),
            (vec![("code_challenge", "")], "code_challenge"),
        ] {
            let refused = scene.authorize(&nonce, &more).await;
            refused.blames(400, 26, parameter);
        }
        let long = "x".repeat(4097);
        let refused = scene.authorize(&nonce, &[("state", &long)]).await;
        refused.blames(400, 26, "state");
    })
    .await;
}

#[tokio::test]
async fn nobody_goes_on_before_the_client_sent_them() {
    on_challenger(async |scene| {
        let nonce = scene.nonce(&Value::Null).await;
        scene.give(&nonce, EMAIL).await.refuses(404, 9755);
        scene.solve(&nonce, "12345678").await.refuses(404, 9755);
        let page = scene.get(&format!("/ui/{nonce}")).browser().send().await;
        assert_eq!((page.status.as_u16(), page.code()), (404, Some(9755)));
        assert!(scene.sent().is_empty());
    })
    .await;
}

#[tokio::test]
async fn unknown_nonces_lead_nowhere() {
    on_challenger(async |scene| {
        let nonce = scene.begun().await;
        for unknown in ["x", &nonce[1..], &nonce.to_lowercase(), &"0".repeat(52)] {
            scene.authorize(unknown, &[]).await.refuses(404, 9755);
            scene.give(unknown, EMAIL).await.refuses(404, 9755);
            scene.solve(unknown, "12345678").await.refuses(404, 9755);
            let page = scene.get(&format!("/ui/{unknown}")).send().await;
            assert_eq!(page.status, 404);
        }
    })
    .await;
}
