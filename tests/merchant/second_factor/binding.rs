//! What a challenge is good for: one request, written in whatever way.

use entity::challenge::Channel;
use serde_json::{Value, json};

use super::{
    EMAIL, OWN, challenges, change_auth, confirmed, id, local_token, login, on_app_with_codes,
    protected, set_factor, shop, shop_with_factors, solve, with_ids,
};
use crate::support::{Call, PASSWORD, TestApp, content_coding::gzip};

/// Fails unless the request, with a challenge that another one was confirmed by, is asked for a new one; the challenge stays good for its own.
async fn is_asked_anew(request: Call<'_>, solved: &str) {
    let answer = with_ids(request, &[solved]).send().await;
    let asked = challenges(&answer);
    assert!(
        asked
            .iter()
            .all(|challenge| challenge["challenge_id"] != solved)
    );
}

/// A login, or whatever has a body, with the body as it is written here.
fn login_with_body<'a>(app: &'a TestApp, body: impl Into<Vec<u8>>) -> Call<'a> {
    let login = app.call("POST", "/instances/shop/private/token").body(body);
    login
        .header("content-type", "application/json")
        .basic("shop", PASSWORD)
}

#[tokio::test]
async fn another_body_is_another_request() {
    on_app_with_codes(async |app, codes| {
        let token = shop(app).await;
        let change = |password| change_auth(app, OWN, password, &token);
        let solved = id(&change("one").send().await);
        solve(app, codes, &solved).await;
        is_asked_anew(change("two"), &solved).await;
        let legacy = json!({ "method": "token", "token": "secret-token:one" });
        let legacy = app.post(&format!("{OWN}/auth"), &legacy).bearer(&token);
        is_asked_anew(legacy, &solved).await;
        with_ids(change("one"), &[solved]).send().await.expect(204);
    })
    .await;
}

#[tokio::test]
async fn each_member_of_a_login_counts() {
    on_app_with_codes(async |app, codes| {
        shop(app).await;
        let solved = id(&login(app, "shop").send().await);
        solve(app, codes, &solved).await;
        for body in [
            json!({ "scope": "readonly" }),
            json!({ "scope": "all", "refreshable": true }),
            json!({ "scope": "all", "duration": { "d_us": "forever" } }),
            json!({ "scope": "all", "description": "mine" }),
        ] {
            is_asked_anew(login_with_body(app, body.to_string()), &solved).await;
        }
        with_ids(login(app, "shop"), &[solved])
            .send()
            .await
            .expect(200);
    })
    .await;
}

#[tokio::test]
async fn another_query_is_another_request() {
    on_app_with_codes(async |app, codes| {
        let token = shop(app).await;
        let delete = |purge: &str| app.delete(&format!("{OWN}{purge}")).bearer(&token);
        let solved = id(&delete("").send().await);
        solve(app, codes, &solved).await;
        is_asked_anew(delete("?purge=YES"), &solved).await;
        let to_purge = id(&delete("?purge=YES").send().await);
        solve(app, codes, &to_purge).await;
        is_asked_anew(delete(""), &to_purge).await;
        with_ids(delete(""), &[solved]).send().await.expect(204);
    })
    .await;
}

#[tokio::test]
async fn another_instance_is_another_request() {
    on_app_with_codes(async |app, codes| {
        let shop = shop(app).await;
        // The same owner, with the same address.
        let other = shop_with_factors(app, "other", &[Channel::Email]).await;
        let path = |id: &str| format!("/instances/{id}/private");
        let solved = id(&login(app, "shop").send().await);
        solve(app, codes, &solved).await;
        is_asked_anew(login(app, "other"), &solved).await;
        let solved = id(&app.delete(&path("shop")).bearer(&shop).send().await);
        solve(app, codes, &solved).await;
        is_asked_anew(app.delete(&path("other")).bearer(&other), &solved).await;
        app.get(&path("other"))
            .bearer(&other)
            .send()
            .await
            .expect(200);
    })
    .await;
}

#[tokio::test]
async fn what_the_operator_confirms_is_about_one_instance() {
    on_app_with_codes(async |app, codes| {
        app.shop("shop").await;
        app.shop("other").await;
        set_factor(app, "admin", Channel::Email, EMAIL).await;
        let admin = local_token(app, "admin").await;
        let managed = |id: &str| format!("/management/instances/{id}");
        let change = |id: &str| change_auth(app, &managed(id), "another", &admin);
        let solved = id(&change("shop").send().await);
        solve(app, codes, &solved).await;
        is_asked_anew(change("other"), &solved).await;
        is_asked_anew(change_auth(app, "/private", "another", &admin), &solved).await;
        let delete = |id: &str| app.delete(&managed(id)).bearer(&admin);
        let to_delete = id(&delete("shop").send().await);
        solve(app, codes, &to_delete).await;
        is_asked_anew(delete("other"), &to_delete).await;
        with_ids(change("shop"), &[solved]).send().await.expect(204);
    })
    .await;
}

#[tokio::test]
async fn another_operation_is_another_request() {
    on_app_with_codes(async |app, codes| {
        let token = shop(app).await;
        let requests = protected(app, &token);
        for (number, request) in requests.iter().enumerate() {
            let solved = id(&request().send().await);
            solve(app, codes, &solved).await;
            for (other, request) in requests.iter().enumerate() {
                if other != number {
                    is_asked_anew(request(), &solved).await;
                }
            }
        }
        app.get(OWN).bearer(&token).send().await.expect(200);
    })
    .await;
}

#[tokio::test]
async fn the_same_request_written_in_another_way_passes() {
    on_app_with_codes(async |app, codes| {
        shop(app).await;
        let first = r#"{"scope":"all","duration":{"d_us":3600000000},"description":"é"}"#;
        for again in [
            r#"{"description":"é","duration":{"d_us":3600000000},"scope":"all"}"#,
            "\n{ \"scope\" :\t\"all\",\r\n \"duration\": { \"d_us\": 3600000000 }, \"description\": \"\\u00e9\" }  ",
            r#"{"scope":"all","refreshable":null,"duration":{"d_us":3600000000},"description":"é"}"#,
            r#"{"scope":"all","duration":{"d_us":3600000000},"description":"é","unheard_of":1}"#,
        ] {
            let solved = id(&login_with_body(app, first).send().await);
            solve(app, codes, &solved).await;
            with_ids(login_with_body(app, again), &[solved]).send().await.expect(200);
        }
    })
    .await;
}

#[tokio::test]
async fn the_same_request_compressed_passes() {
    on_app_with_codes(async |app, codes| {
        shop(app).await;
        let body: Value = json!({ "scope": "all" });
        let body = gzip(body.to_string().as_bytes());
        let compressed = || login_with_body(app, body.clone()).header("content-encoding", "gzip");
        let solved = id(&login(app, "shop").send().await);
        solve(app, codes, &solved).await;
        with_ids(compressed(), &[solved]).send().await.expect(200);
        confirmed(app, codes, compressed).await.expect(200);
    })
    .await;
}

#[tokio::test]
async fn from_where_and_by_which_header_a_request_comes_is_no_part_of_it() {
    on_app_with_codes(async |app, codes| {
        shop(app).await;
        let solved = id(&login(app, "shop").from("192.0.2.1").send().await);
        solve(app, codes, &solved).await;
        let bearer = app.post("/instances/shop/private/token", &json!({ "scope": "all" }));
        let bearer = bearer
            .bearer(&format!("secret-token:{PASSWORD}"))
            .from("192.0.2.2");
        with_ids(bearer, &[solved]).send().await.expect(200);
    })
    .await;
}
