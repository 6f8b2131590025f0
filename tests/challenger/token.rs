//! The authorization code and what it is exchanged for, as RFC 6749, 6750, 7636 and 9700 want it.

use std::time::Duration;

use serde_json::Value;

use super::support::{
    EMAIL, REDIRECT_URI, Scene, client, code_of, on_challenger, on_challenger_with,
};
use crate::support::Answer;

const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";

/// The error of OAuth 2.0, if the answer is this failure with both of its members.
#[track_caller]
fn oauth(answer: &Answer, status: u16, code: u16) -> String {
    let body = answer.refuses(status, code);
    let description = body["error_description"].as_str().expect("a description");
    assert!(!description.is_empty());
    assert!(!description.contains(['"', '\\']));
    assert_eq!(answer.header("cache-control"), Some("no-store"));
    body["error"].as_str().expect("an error").to_owned()
}

fn with<'a>(request: &[(&'a str, &'a str)], name: &str, value: &'a str) -> Vec<(&'a str, &'a str)> {
    let replace = |(known, old): &(&'a str, &'a str)| match *known == name {
        true => (*known, value),
        false => (*known, *old),
    };
    request.iter().map(replace).collect()
}

fn without<'a>(request: &[(&'a str, &'a str)], name: &str) -> Vec<(&'a str, &'a str)> {
    let others = request.iter().filter(|(known, _)| *known != name);
    others.copied().collect()
}

/// A code of the right form that nobody made.
fn forged(code: &str) -> String {
    let place = code.len() - 8;
    let other = match &code[place..=place] {
        "0" => "1",
        _ => "0",
    };
    format!("{}{other}{}", &code[..place], &code[place + 1..])
}

#[tokio::test]
async fn a_form_without_fields_lacks_the_grant_type() {
    on_challenger(async |scene| {
        let form = "application/x-www-form-urlencoded";
        for headers in [&[][..], &[("content-type", form)]] {
            let mut call = scene
                .post("/token")
                .basic(&scene.client.id, &scene.client.secret);
            for (name, value) in headers {
                call = call.header(name, value);
            }
            let refused = call.send().await;
            assert_eq!(oauth(&refused, 400, 25), "invalid_request");
            assert_eq!(refused.json()["parameter"], "grant_type");
        }
    })
    .await;
}

#[tokio::test]
async fn each_wrong_request_has_its_error() {
    on_challenger(async |scene| {
        let code = scene.code().await;
        let good = scene.token_request(&code);
        let other = client(scene.app, REDIRECT_URI, false).await;
        for name in [
            "grant_type",
            "code",
            "redirect_uri",
            "client_id",
            "client_secret",
        ] {
            let refused = scene.redeem(&without(&good, name)).await;
            assert_eq!(oauth(&refused, 400, 25), "invalid_request");
            assert_eq!(refused.json()["parameter"], name);
        }
        let other_grant = [("grant_type", "password"), ("username", "x")];
        let refused = scene.redeem(&other_grant).await;
        assert_eq!(oauth(&refused, 400, 26), "unsupported_grant_type");
        let wrong_secret = format!("{}0", scene.client.secret);
        let forged = forged(&code);
        let of_another = code.replacen("1.", "2.", 1);
        let unknown_key = format!("1.{}", "0".repeat(60));
        for (name, value, status, number, error) in [
            (
                "grant_type",
                "refresh_token",
                400,
                26,
                "unsupported_grant_type",
            ),
            ("grant_type", "", 400, 26, "unsupported_grant_type"),
            ("client_id", "99", 401, 9767, "invalid_client"),
            ("client_id", "x", 401, 9767, "invalid_client"),
            ("client_id", &other.id, 401, 9767, "invalid_client"),
            ("client_secret", &wrong_secret, 401, 9767, "invalid_client"),
            ("client_secret", "", 401, 9767, "invalid_client"),
            ("code", "", 400, 9754, "invalid_grant"),
            ("code", "1.x", 400, 9754, "invalid_grant"),
            ("code", "x", 400, 9754, "invalid_grant"),
            ("code", &code.to_lowercase(), 400, 9754, "invalid_grant"),
            ("code", &forged, 400, 9753, "invalid_grant"),
            ("code", &of_another, 400, 9753, "invalid_grant"),
            ("code", &unknown_key, 400, 9753, "invalid_grant"),
            (
                "redirect_uri",
                "https://client.test/back",
                400,
                9751,
                "invalid_grant",
            ),
            ("redirect_uri", "", 400, 9751, "invalid_grant"),
        ] {
            let refused = scene.redeem(&with(&good, name, value)).await;
            assert_eq!(oauth(&refused, status, number), error, "{name}={value}");
            let has_challenge = refused.header("www-authenticate").is_some();
            assert_eq!(has_challenge, status == 401, "{name}={value}");
        }
        // Another client that has its own secret, and somebody else's code.
        let theirs = with(
            &with(&good, "client_id", &other.id),
            "client_secret",
            &other.secret,
        );
        let refused = scene.redeem(&theirs).await;
        assert_eq!(oauth(&refused, 400, 9753), "invalid_grant");
        // None of that used the code up.
        scene.redeem(&good).await.expect(200);
    })
    .await;
}

#[tokio::test]
async fn unknown_parameters_are_ignored_and_repeated_ones_refused() {
    on_challenger(async |scene| {
        let code = scene.code().await;
        let mut request = scene.token_request(&code);
        request.push(("code", &code));
        let refused = scene.redeem(&request).await;
        assert_eq!(oauth(&refused, 400, 26), "invalid_request");
        request.pop();
        request.extend([("state", "x"), ("scope", "y"), ("resource", "z")]);
        scene.redeem(&request).await.expect(200);
    })
    .await;
}

#[tokio::test]
async fn the_body_is_a_form() {
    on_challenger(async |scene| {
        let code = scene.code().await;
        let request: serde_json::Map<String, Value> = scene
            .token_request(&code)
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).into()))
            .collect();
        let refused = scene
            .post("/token")
            .json(&Value::Object(request))
            .send()
            .await;
        assert_eq!(oauth(&refused, 415, 23), "invalid_request");
        let typed = scene.post("/token").form(&scene.token_request(&code));
        typed.header("accept", "*/*").send().await.expect(200);
    })
    .await;
}

#[tokio::test]
async fn clients_may_use_http_basic() {
    on_challenger(async |scene| {
        let encoded = scene.client.secret.replace(':', "%3A").replace('-', "%2D");
        for secret in [scene.client.secret.as_str(), &encoded] {
            let code = scene.code().await;
            let request = without(
                &without(&scene.token_request(&code), "client_secret"),
                "client_id",
            );
            let call = scene.post("/token").form(&request);
            call.basic(&scene.client.id, secret)
                .send()
                .await
                .expect(200);
        }
    })
    .await;
}

#[tokio::test]
async fn one_way_of_authentication_at_a_time() {
    on_challenger(async |scene| {
        let code = scene.code().await;
        let both = scene.token_request(&code);
        let (id, secret) = (scene.client.id.as_str(), scene.client.secret.as_str());
        let refused = scene
            .post("/token")
            .form(&both)
            .basic(id, secret)
            .send()
            .await;
        assert_eq!(oauth(&refused, 400, 26), "invalid_request");
        let refused = scene.post("/token").form(&both).bearer(secret).send().await;
        assert_eq!(oauth(&refused, 400, 26), "invalid_request");
        let with_id = without(&both, "client_secret");
        let call = scene.post("/token").form(&with(&with_id, "client_id", "2"));
        let refused = call.basic(id, secret).send().await;
        assert_eq!(oauth(&refused, 400, 26), "invalid_request");
        for (user, password) in [(id, "secret-token:x"), ("2", secret), ("", ""), (id, "")] {
            let call = scene.post("/token").form(&without(&with_id, "client_id"));
            let refused = call.basic(user, password).send().await;
            assert_eq!(oauth(&refused, 401, 9767), "invalid_client");
            assert!(
                refused
                    .header("www-authenticate")
                    .is_some_and(|value| value.starts_with("Basic"))
            );
        }
        let call = scene
            .post("/token")
            .form(&with_id)
            .header("authorization", "Basic ===");
        assert_eq!(oauth(&call.send().await, 401, 9767), "invalid_client");
        // The same id in both places is fine.
        let call = scene.post("/token").form(&with_id);
        call.basic(id, secret).send().await.expect(200);
    })
    .await;
}

#[tokio::test]
async fn a_code_that_comes_twice_at_once_only_loses() {
    on_challenger(async |scene| {
        let code = scene.code().await;
        let request = scene.token_request(&code);
        let token = scene.redeem(&request).await.expect(200);
        let token = token["access_token"].as_str().expect("a token");
        scene.app.clock.advance(Duration::from_secs(10));
        assert_eq!(
            oauth(&scene.redeem(&request).await, 400, 9753),
            "invalid_grant"
        );
        scene.info(token).await.expect(200);
    })
    .await;
}

#[tokio::test]
async fn a_code_that_comes_again_later_ends_the_token() {
    on_challenger(async |scene| {
        let code = scene.code().await;
        let request = scene.token_request(&code);
        let token = scene.redeem(&request).await.expect(200);
        let token = token["access_token"].as_str().expect("a token");
        scene.app.clock.advance(Duration::from_secs(11));
        // Somebody who is not the client, or has not the code, ends nothing.
        let other = client(scene.app, REDIRECT_URI, false).await;
        let theirs = with(
            &with(&request, "client_id", &other.id),
            "client_secret",
            &other.secret,
        );
        scene.redeem(&theirs).await.refuses(400, 9753);
        scene
            .redeem(&with(&request, "client_secret", "x"))
            .await
            .refuses(401, 9767);
        let forged = forged(&code);
        scene
            .redeem(&with(&request, "code", &forged))
            .await
            .refuses(400, 9753);
        scene.info(token).await.expect(200);
        assert_eq!(
            oauth(&scene.redeem(&request).await, 400, 9753),
            "invalid_grant"
        );
        let refused = scene.info(token).await;
        assert_eq!(oauth(&refused, 401, 9768), "invalid_token");
    })
    .await;
}

/// A code with a challenge behind it, or without.
async fn code_with(scene: &Scene<'_>, challenge: &[(&str, &str)]) -> String {
    let nonce = scene.nonce(&Value::Null).await;
    scene.authorize(&nonce, challenge).await.expect(200);
    scene.give(&nonce, EMAIL).await.expect(200);
    let solved = scene.solve(&nonce, &scene.pin()).await.expect(200);
    code_of(solved["redirect_url"].as_str().expect("a URL"))
}

#[tokio::test]
async fn the_verifier_is_that_of_the_challenge() {
    on_challenger(async |scene| {
        for challenge in [
            &[
                ("code_challenge", CHALLENGE),
                ("code_challenge_method", "S256"),
            ][..],
            &[
                ("code_challenge", VERIFIER),
                ("code_challenge_method", "plain"),
            ],
            &[("code_challenge", VERIFIER)],
        ] {
            let code = code_with(scene, challenge).await;
            let mut request = scene.token_request(&code);
            // The verifier is missing, wrong, or the challenge itself.
            assert_eq!(
                oauth(&scene.redeem(&request).await, 400, 9754),
                "invalid_grant"
            );
            request.push(("code_verifier", "x"));
            for wrong in ["", "x", &"a".repeat(43), &VERIFIER[1..]] {
                let refused = scene.redeem(&with(&request, "code_verifier", wrong)).await;
                assert_eq!(oauth(&refused, 400, 9754), "invalid_grant");
            }
            // The code is still good.
            scene
                .redeem(&with(&request, "code_verifier", VERIFIER))
                .await
                .expect(200);
        }
    })
    .await;
}

#[tokio::test]
async fn a_verifier_without_a_challenge_is_refused() {
    on_challenger(async |scene| {
        let code = code_with(scene, &[]).await;
        let mut request = scene.token_request(&code);
        request.push(("code_verifier", VERIFIER));
        assert_eq!(
            oauth(&scene.redeem(&request).await, 400, 9754),
            "invalid_grant"
        );
        request.pop();
        scene.redeem(&request).await.expect(200);
    })
    .await;
}

#[tokio::test]
async fn a_client_can_be_bound_to_code_challenges() {
    on_challenger(async |scene| {
        let strict = Scene {
            client: client(scene.app, REDIRECT_URI, true).await,
            ..scene.on(scene.app)
        };
        let nonce = strict.nonce(&Value::Null).await;
        strict
            .authorize(&nonce, &[])
            .await
            .blames(400, 25, "code_challenge");
        let code = code_with(
            &strict,
            &[
                ("code_challenge", CHALLENGE),
                ("code_challenge_method", "S256"),
            ],
        )
        .await;
        let mut request = strict.token_request(&code);
        request.push(("code_verifier", VERIFIER));
        strict.redeem(&request).await.expect(200);
    })
    .await;
}

#[tokio::test]
async fn every_bad_token_gets_the_same_answer() {
    on_challenger(async |scene| {
        for credential in [
            None,
            Some("Bearer"),
            Some("Bearer x"),
            Some("Basic eDp5"),
            Some("Digest x"),
            Some(&*format!("Bearer {}", "0".repeat(52))),
            Some(&*format!("Bearer {}", scene.client.secret)),
        ] {
            let call = scene.get("/info");
            let call = match credential {
                Some(credential) => call.header("authorization", credential),
                None => call,
            };
            let refused = call.browser().send().await;
            let body = refused.refuses(401, 9768);
            assert_eq!(body["error"], "invalid_token");
            assert!(body["error_description"].is_string());
            let challenge = refused.header("www-authenticate").expect("a challenge");
            assert!(challenge.starts_with("Bearer"));
            assert_eq!(challenge.contains("error="), credential.is_some());
        }
    })
    .await;
}

#[tokio::test]
async fn what_the_operator_takes_away_is_gone() {
    use kontor::{
        audit::Origin,
        challenger::{client_secret::ClientSecret, clients},
    };
    on_challenger(async |scene| {
        let (app, origin) = (&scene.app.app, Origin::of_command_line());
        let code = scene.code().await;
        let request = scene.token_request(&code);
        let id: i64 = scene.client.id.parse().expect("a number");
        let secret = ClientSecret::generate(&app.random);
        clients::replace_secret(app, &origin, id, &secret)
            .await
            .expect("a write");
        scene.redeem(&request).await.refuses(401, 9767);
        scene.setup(&Value::Null).await.refuses(404, 9750);
        let token = scene
            .redeem(&with(&request, "client_secret", secret.expose()))
            .await;
        let token = token.expect(200)["access_token"]
            .as_str()
            .expect("a token")
            .to_owned();
        scene.info(&token).await.expect(200);
        clients::remove(app, &origin, id).await.expect("a write");
        scene.info(&token).await.refuses(401, 9768);
    })
    .await;
}

#[tokio::test]
async fn a_client_is_counted_by_what_it_did() {
    on_challenger(async |scene| {
        let code = scene.code().await;
        scene.redeem(&scene.token_request(&code)).await.expect(200);
        let nonce = scene.begun().await;
        scene.give(&nonce, EMAIL).await.expect(200);
        let id: i64 = scene.client.id.parse().expect("a number");
        let reader = scene.app.app.database.read();
        let client = kontor::db::client::find(reader, id)
            .await
            .expect("a query")
            .expect("a client");
        assert_eq!(
            (client.setups, client.codes_sent, client.validations),
            (2, 2, 1)
        );
        let metrics = kontor::server::metrics(&scene.app.app).render();
        for line in [
            "kontor_challenger_setups_total 2",
            "kontor_challenger_validations_total 1",
            "kontor_challenger_tokens_total 1",
        ] {
            assert!(metrics.contains(line), "{metrics}");
        }
    })
    .await;
}

#[tokio::test]
async fn failures_of_every_kind_are_oauth_errors_there() {
    on_challenger_with(
        |settings| settings.limits.body_size = 1024,
        async |scene| {
            let large = "x".repeat(2000);
            let refused = scene.redeem(&[("code", &large)]).await;
            assert_eq!(oauth(&refused, 413, 32), "invalid_request");
            let refused = scene.get("/token").send().await;
            assert_eq!(refused.refuses(405, 20)["error"], "invalid_request");
            let refused = scene.post("/info").send().await;
            assert_eq!(refused.refuses(405, 20)["error"], "invalid_request");
            scene.app.app.database.close().await;
            let refused = scene.info(&"0".repeat(52)).await;
            assert_eq!(refused.status, 500);
            assert_eq!(refused.json()["error"], "server_error");
            assert!(refused.json()["error_description"].is_string());
        },
    )
    .await;
}
