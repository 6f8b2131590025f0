//! The first published form: the request is repeated with `X-Challenge-Id`, with its body or without one.

use std::time::Duration;

use kontor::secrets::Purpose;
use sea_orm::{EntityTrait as _, QueryOrder as _};
use serde_json::json;
use sha2::{Digest as _, Sha256};

use super::{
    OWN, change_auth, id, login, on_app_with_codes, shop, shop_with_factors, solve, with_ids,
};
use crate::support::{Call, PASSWORD, TestApp};

/// A login of an instance, repeated without its body.
fn without_body<'a>(app: &'a TestApp, instance: &str, id: &str) -> Call<'a> {
    let path = format!("/instances/{instance}/private/token");
    let call = app.call("POST", &path).header("x-challenge-id", id);
    call.basic(instance, PASSWORD)
}

#[tokio::test]
async fn the_original_body_is_taken() {
    on_app_with_codes(async |app, codes| {
        let token = shop(app).await;
        let solved = id(&login(app, "shop").send().await);
        solve(app, codes, &solved).await;
        let again = || login(app, "shop").header("x-challenge-id", &solved);
        again().send().await.expect(200);
        assert_ne!(id(&again().send().await), solved);
        // A request that has no body in the first place.
        let delete = || app.delete(OWN).bearer(&token);
        let solved = id(&delete().send().await);
        solve(app, codes, &solved).await;
        delete()
            .header("x-challenge-id", &solved)
            .send()
            .await
            .expect(204);
    })
    .await;
}

#[tokio::test]
async fn another_body_is_not_confirmed_nor_replaced() {
    on_app_with_codes(async |app, codes| {
        let token = shop(app).await;
        let solved = id(&change_auth(app, OWN, "mine", &token).send().await);
        solve(app, codes, &solved).await;
        let other = change_auth(app, OWN, "another", &token).header("x-challenge-id", &solved);
        assert_ne!(id(&other.send().await), solved);
        for body in [" ", "{}", "null"] {
            let call = app.call("POST", &format!("{OWN}/auth")).bearer(&token);
            let call = call.header("x-challenge-id", &solved).body(body);
            let call = call.header("content-type", "application/json");
            assert_eq!(call.send().await.status, 400);
        }
    })
    .await;
}

#[tokio::test]
async fn an_empty_body_is_the_first_one() {
    on_app_with_codes(async |app, codes| {
        let token = shop(app).await;
        let solved = id(&login(app, "shop").send().await);
        solve(app, codes, &solved).await;
        without_body(app, "shop", &solved).send().await.expect(200);

        let solved = id(&change_auth(app, OWN, "mine", &token).send().await);
        solve(app, codes, &solved).await;
        let again = app.call("POST", &format!("{OWN}/auth")).bearer(&token);
        again
            .header("x-challenge-id", &solved)
            .send()
            .await
            .expect(204);
        let login = app.post(&format!("{OWN}/token"), &json!({ "scope": "all" }));
        id(&login.basic("shop", "mine").send().await);
    })
    .await;
}

#[tokio::test]
async fn an_empty_body_in_chunks_is_empty() {
    on_app_with_codes(async |app, codes| {
        shop(app).await;
        let solved = id(&login(app, "shop").send().await);
        solve(app, codes, &solved).await;
        let chunks = futures_util::stream::empty::<std::io::Result<Vec<u8>>>();
        let body = poem::Body::from_bytes_stream(chunks);
        assert!(!body.is_empty(), "its length is not known beforehand");
        let credential = data_encoding::BASE64.encode(format!("shop:{PASSWORD}").as_bytes());
        let request = poem::Request::builder()
            .method(poem::http::Method::POST)
            .uri(poem::http::Uri::from_static(
                "/instances/shop/private/token",
            ))
            .header("authorization", format!("Basic {credential}"))
            .header("transfer-encoding", "chunked")
            .header("x-challenge-id", solved)
            .body(body);
        assert_eq!(app.send(request).await.status(), 200);
    })
    .await;
}

#[tokio::test]
async fn an_unsolved_challenge_confirms_no_empty_body_either() {
    on_app_with_codes(async |app, _| {
        shop(app).await;
        let unsolved = id(&login(app, "shop").send().await);
        let answer = without_body(app, "shop", &unsolved).send().await;
        assert_ne!(id(&answer), unsolved);
    })
    .await;
}

#[tokio::test]
async fn the_first_body_is_gone_when_it_was_used_or_is_too_old() {
    on_app_with_codes(async |app, codes| {
        shop(app).await;
        for age in [Duration::ZERO, Duration::from_secs(3600)] {
            let solved = id(&login(app, "shop").send().await);
            solve(app, codes, &solved).await;
            app.clock.advance(age);
            if age == Duration::ZERO {
                without_body(app, "shop", &solved).send().await.expect(200);
            }
            without_body(app, "shop", &solved)
                .send()
                .await
                .refuses(400, 22);
        }
        without_body(app, "shop", "nonsense")
            .send()
            .await
            .refuses(400, 22);
        // Swept away with the next one.
        id(&login(app, "shop").send().await);
        let stored = entity::challenge::Entity::find()
            .all(app.app.database.read())
            .await;
        assert_eq!(stored.expect("rows").len(), 1);
    })
    .await;
}

#[tokio::test]
async fn the_first_body_is_that_of_one_operation_and_instance() {
    on_app_with_codes(async |app, codes| {
        let token = shop(app).await;
        shop_with_factors(app, "other", &[entity::challenge::Channel::Email]).await;
        let solved = id(&login(app, "shop").send().await);
        solve(app, codes, &solved).await;
        let auth = app.call("POST", &format!("{OWN}/auth")).bearer(&token);
        let auth = auth.header("x-challenge-id", &solved);
        auth.send().await.refuses(400, 22);
        let answer = without_body(app, "other", &solved).send().await;
        assert_ne!(id(&answer), solved);
        // The newer header needs the body.
        let newer = app
            .call("POST", &format!("{OWN}/token"))
            .basic("shop", PASSWORD);
        with_ids(newer, &[&solved]).send().await.refuses(400, 22);
        without_body(app, "shop", &solved).send().await.expect(200);
    })
    .await;
}

/// Whether `part` stands in `bytes`.
fn holds(bytes: &[u8], part: &[u8]) -> bool {
    bytes.windows(part.len()).any(|found| found == part)
}

#[tokio::test]
async fn neither_the_database_nor_the_key_file_opens_a_body() {
    const SECRET: &str = "the password to come";

    on_app_with_codes(async |app, codes| {
        let token = shop(app).await;
        let change = || change_auth(app, OWN, SECRET, &token);
        let texts = [id(&change().send().await), id(&change().send().await)];
        let code = super::code(app, codes, &texts[0]).await;
        let read = app.app.database.read();
        let rows = entity::challenge::Entity::find()
            .order_by_asc(entity::challenge::Column::Serial)
            .all(read)
            .await
            .expect("rows");
        let groups = entity::challenge_group::Entity::find()
            .all(read)
            .await
            .expect("rows");
        let sealed: Vec<_> = rows
            .iter()
            .map(|row| row.sealed_body.clone().expect("a body"))
            .collect();
        assert_ne!(sealed[0].expose(), sealed[1].expose());
        for (row, text) in rows.iter().zip(&texts) {
            let id: [u8; 32] = kontor_openapi::scalar::base32::decode_exact(text).expect("an id");
            assert_eq!(row.id_digest, Sha256::digest(id).to_vec());
            let body = row.sealed_body.as_ref().expect("a body").expose();
            // An authentication code of 16 bytes goes with it.
            let plain = json!({ "method": "token", "password": SECRET }).to_string();
            assert_eq!(body.len(), plain.len() + 16);
            let code_hash = row.code_hash.as_ref().map(|hash| hash.expose().to_vec());
            for column in [body, &row.id_digest, &code_hash.unwrap_or_default()] {
                for secret in [&id[..], text.as_bytes(), SECRET.as_bytes(), code.as_bytes()] {
                    assert!(!holds(column, secret));
                }
                assert!(!holds(column, code.replace('-', "").as_bytes()));
            }
            for purpose in [
                Purpose::Tan,
                Purpose::ProtectedRequest,
                Purpose::InstanceSigningKey,
            ] {
                for context in [&b""[..], &row.id_digest, b"shop"] {
                    assert!(app.app.keyring.open(purpose, context, body).is_err());
                }
            }
        }
        for group in &groups {
            assert!(!holds(group.request_hash.expose(), SECRET.as_bytes()));
            // A plain hash of the request could be guessed at.
            let plain = json!({ "method": "token", "password": SECRET }).to_string();
            assert!(!holds(group.request_hash.expose(), &Sha256::digest(plain)));
        }
    })
    .await;
}
