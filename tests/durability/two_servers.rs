//! Two servers on one PostgreSQL database are one: what holds at one holds at the other from the same moment on.

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use futures_util::future::join_all;
use kontor::clock::Clock;
use serde_json::{Value, json};

use super::{
    client::{Ask, Client},
    figures::{Times, say, turn},
    pair::{Pair, count, wrong},
    provider::{configuration, provider},
    service::{Service, text},
};
use crate::support::{PASSWORD, exchange::json_response, instance};

const OWN: &str = "/instances/shop/private";
const PAYTO: &str = "payto://iban/CH5604835012345678009?receiver-name=Corner%20Coffee";
const OTHER_PAYTO: &str = "payto://iban/DE75512108001245126199?receiver-name=Corner%20Coffee";
const REDIRECT_URI: &str = "https://client.test/back";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_token_may_do_is_the_same_at_once() {
    let _turn = turn().await;
    let Some(pair) = Pair::start("") else { return };
    let mut clients = pair.clients();
    pair.servers[0].shop("shop").await;
    let own = |token: &str| Ask::get(OWN).bearer(token);
    for round in 0..40 {
        let [here, there] = if round % 2 == 0 { [0, 1] } else { [1, 0] };
        let token = super::service::token(&mut clients[here], "shop").await;
        clients[there].send(own(&token)).await.expect(200);
        let end = Ask::delete(format!("{OWN}/token")).bearer(&token);
        clients[here].send(end).await.expect(204);
        clients[there].send(own(&token)).await.refuses(401, 2015);
    }
    // By its number, and by a new password that the operator sets.
    let [first, second] = &mut clients;
    let token = super::service::token(first, "shop").await;
    let admin = super::service::token(second, "admin").await;
    let path = "/management/instances/shop/auth";
    let auth = json!({ "method": "token", "password": "another password" });
    second
        .send(Ask::post(path, &auth).bearer(&admin))
        .await
        .expect(204);
    first.send(own(&token)).await.refuses(401, 2015);
    let login = |password: &str| {
        let body = json!({ "scope": "readonly" });
        Ask::post(format!("{OWN}/token"), &body).basic("shop", password)
    };
    first.send(login(PASSWORD)).await.refuses(401, 2015);
    first.send(login("another password")).await.expect(200);
    say(
        "tokens",
        "40 given out by one server and ended by it were refused by the other in the very next request",
    );
    pair.stop();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn guesses_are_counted_together() {
    let _turn = turn().await;
    let Some(pair) = Pair::start("") else { return };
    let [mut first, mut second] = pair.clients();
    pair.servers[0].shop("shop").await;
    let login = |password: &str| {
        let body = json!({ "scope": "readonly" });
        Ask::post(format!("{OWN}/token"), &body).basic("shop", password)
    };
    for _ in 0..5 {
        first.send(login("wrong")).await.refuses(401, 2015);
        second.send(login("wrong")).await.refuses(401, 2015);
    }
    first.send(login(PASSWORD)).await.refuses(429, 2131);
    second.send(login(PASSWORD)).await.refuses(429, 2131);

    // Codes of a second factor: asked for here, sent there, guessed at both at once.
    let mut settings = instance("newcomer");
    settings["email"] = json!("ada@tea.example");
    let asked = first
        .send(Ask::post("/instances", &settings))
        .await
        .expect(202);
    let id = text(&asked["challenges"][0]["challenge_id"]);
    second
        .send(Ask::post(format!("/challenge/{id}"), &json!({})))
        .await
        .expect(200);
    let confirm = |number: usize, tan: &str| {
        let path = format!("/challenge/{id}/confirm");
        let ask = Ask::post(path, &json!({ "tan": tan }));
        let server = &pair.servers[number % 2];
        async move { server.client().send(ask).await }
    };
    let code = pair.code();
    let answers = join_all((0..30).map(|number| confirm(number, wrong(&code)))).await;
    let mut left: Vec<_> = answers
        .iter()
        .filter(|answer| answer.status == 409)
        .map(|answer| answer.json()["retry_counter"].as_u64().expect("a number"))
        .collect();
    left.sort_unstable();
    assert_eq!(left, [0, 1, 2], "guesses");
    assert_eq!(count(&answers, 429), 27);
    confirm(1, &code).await.refuses(429, 2127);
    pair.stop();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_sign_up_that_both_confirm_happens_once() {
    let _turn = turn().await;
    let Some(pair) = Pair::start("") else { return };
    let [mut first, mut second] = pair.clients();
    let mut settings = instance("newcomer");
    settings["email"] = json!("ada@tea.example");
    let sign_up = Ask::post("/instances", &settings);
    let asked = first.send(sign_up.clone()).await.expect(202);
    let id = text(&asked["challenges"][0]["challenge_id"]);
    second
        .send(Ask::post(format!("/challenge/{id}"), &json!({})))
        .await
        .expect(200);
    let servers = &pair.servers;
    let at_both = |ask: Ask| {
        join_all((0..20).map(move |number| {
            let (server, ask) = (&servers[number % 2], ask.clone());
            async move { server.client().send(ask).await }
        }))
    };
    let right = json!({ "tan": pair.code() });
    let answers = at_both(Ask::post(format!("/challenge/{id}/confirm"), &right)).await;
    assert_eq!([count(&answers, 204), count(&answers, 410)], [1, 19]);
    let answers = at_both(sign_up.header("taler-challenge-ids", &id)).await;
    assert!(count(&answers, 204) >= 1);
    let admin = pair.servers[0].token("admin").await;
    let list = first
        .send(Ask::get("/management/instances").bearer(&admin))
        .await
        .expect(200);
    assert_eq!(list["instances"].as_array().expect("a list").len(), 2);
    pair.stop();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_validation_goes_on_wherever_it_is_asked() {
    let _turn = turn().await;
    let Some(pair) = Pair::start("") else { return };
    let key_file = pair.site.place.path("kontor.key").display().to_string();
    let set = format!("secrets.key_file={key_file}");
    let added = pair.site.place.output(&[
        "client",
        "add",
        "--redirect-uri",
        REDIRECT_URI,
        "--json",
        "--set",
        &set,
    ]);
    let client: Value = serde_json::from_str(&added).expect("JSON");
    let (client_id, secret) = (
        client["client_id"].to_string(),
        text(&client["client_secret"]),
    );
    let client_id = client_id.trim_matches('"');
    let [mut first, mut second] = pair.servers.each_ref().map(Service::challenger_client);
    let setup = Ask::post(format!("/setup/{client_id}"), &json!({})).bearer(&secret);
    let begun = async |here: &mut Client, there: &mut Client| {
        let nonce = text(&here.send(setup.clone()).await.expect(200)["nonce"]);
        let mut query = url::form_urlencoded::Serializer::new(String::new());
        query.append_pair("response_type", "code");
        query.append_pair("client_id", client_id);
        query.append_pair("redirect_uri", REDIRECT_URI);
        let authorize = format!("/authorize/{nonce}?{}", query.finish());
        there
            .send(Ask::get(authorize).header("accept", "application/json"))
            .await
            .expect(200);
        let email = [("CONTACT_EMAIL", "ada@tea.example")];
        here.send(Ask::new("POST", format!("/challenge/{nonce}")).form(&email))
            .await
            .expect(200);
        nonce
    };
    let solve = |number: usize, nonce: &str, pin: &str| {
        let ask = Ask::new("POST", format!("/solve/{nonce}")).form(&[("pin", pin)]);
        let server = &pair.servers[number % 2];
        async move { server.challenger_client().send(ask).await }
    };
    let nonce = begun(&mut first, &mut second).await;
    let code = pair.code();
    let answers = join_all((0..30).map(|number| solve(number, &nonce, wrong(&code)))).await;
    assert_eq!(
        [count(&answers, 403), count(&answers, 429)],
        [3, 27],
        "guesses"
    );
    assert_eq!(solve(1, &nonce, &code).await.status, 429);

    let nonce = begun(&mut second, &mut first).await;
    let solved = solve(0, &nonce, &pair.code()).await.expect(200);
    let url = url::Url::parse(&text(&solved["redirect_url"])).expect("a URL");
    let code = url
        .query_pairs()
        .find(|(name, _)| name == "code")
        .expect("a code")
        .1
        .into_owned();
    let request = [
        ("client_id", client_id),
        ("client_secret", &secret),
        ("redirect_uri", REDIRECT_URI),
        ("code", &code),
        ("grant_type", "authorization_code"),
    ];
    let redeem = Ask::new("POST", "/token").form(&request);
    let answers = join_all((0..20).map(|number| {
        let (server, ask) = (&pair.servers[number % 2], redeem.clone());
        async move { server.challenger_client().send(ask).await }
    }));
    let answers = answers.await;
    assert_eq!(
        [count(&answers, 200), count(&answers, 400)],
        [1, 19],
        "tokens"
    );
    let token = answers
        .iter()
        .find(|answer| answer.status == 200)
        .expect("a token");
    let token = text(&token.json()["access_token"]);
    for client in [&mut first, &mut second] {
        client
            .send(Ask::get("/info").bearer(&token))
            .await
            .expect(200);
    }
    pair.stop();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_waits_at_one_hears_what_the_other_stored() {
    let _turn = turn().await;
    let provider = provider().await;
    let Some(pair) = Pair::start(&configuration(&provider)) else {
        return;
    };
    let [mut first, mut second] = pair.clients();
    let token = pair.servers[0].shop("shop").await;
    let mut times = Times::default();
    for round in 0..10 {
        let payto = if round % 2 == 0 { PAYTO } else { OTHER_PAYTO };
        let account = Ask::post(format!("{OWN}/accounts"), &json!({ "payto_uri": payto }));
        let added = first.send(account.bearer(&token)).await.expect(200);
        let shown = second
            .send(Ask::get(format!("{OWN}/kyc")).bearer(&token))
            .await;
        let tag = shown.header("etag").expect("a tag").replace('"', "%22");
        let path = format!("{OWN}/kyc?lp_not_etag={tag}&timeout_ms=60000");
        let stopwatch = Clock::system().stopwatch();
        let waiting = second.send(Ask::get(path).bearer(&token));
        let change = async {
            tokio::time::sleep(Duration::from_millis(200)).await;
            let account = format!("{OWN}/accounts/{}", text(&added["h_wire"]));
            first
                .send(Ask::delete(account).bearer(&token))
                .await
                .expect(204);
            stopwatch.elapsed()
        };
        let (_, changed) = tokio::join!(waiting, change);
        let heard = stopwatch.elapsed().saturating_sub(changed);
        assert!(heard < Duration::from_secs(5), "{heard:?}");
        times.note(heard);
    }
    say("a change is heard at the other server", times.text());
    pair.stop();
}

/// Payment providers must not be asked twice because there are two servers.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn payment_providers_are_asked_by_one_of_them() {
    let _turn = turn().await;
    const SHOPS: usize = 12;
    let provider = provider().await;
    let asked = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&asked);
    provider.answer("/kyc-check/", move |_| {
        counted.fetch_add(1, Ordering::SeqCst);
        json_response(&json!({ "aml_review": false, "rule_gen": 1 }))
    });
    let Some(pair) = Pair::start(&configuration(&provider)) else {
        return;
    };
    for number in 0..SHOPS {
        let server = &pair.servers[number % 2];
        let id = format!("shop-{number}");
        let token = server.shop(&id).await;
        let path = format!("/instances/{id}/private/accounts");
        let account = Ask::post(path, &json!({ "payto_uri": PAYTO })).bearer(&token);
        server.client().send(account).await.expect(200);
    }
    let stopwatch = Clock::system().stopwatch();
    while asked.load(Ordering::SeqCst) < SHOPS {
        assert!(
            stopwatch.elapsed() < Duration::from_secs(60),
            "{asked:?} of {SHOPS}"
        );
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    // Whoever asks a second time would do so now.
    tokio::time::sleep(Duration::from_secs(3)).await;
    assert_eq!(
        asked.load(Ordering::SeqCst),
        SHOPS,
        "questions about accounts"
    );
    assert_eq!(provider.hits("/keys"), 1, "downloads of keys");
    say(
        "a payment provider",
        format!("two servers asked it once for its keys, and once about each of {SHOPS} accounts"),
    );
    pair.stop();
}
