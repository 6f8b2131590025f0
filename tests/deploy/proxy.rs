//! Kontor behind nginx: whom it takes for the client, and what becomes of requests that go wrong on the way.

use std::time::Duration;

use super::{
    curl::{Answer, Client},
    journey::{Site, on_site},
    nginx::{Nginx, ONE_HOST, TWO_HOSTS, free_port},
};
use crate::support::content_coding::gzip;

/// Asks for the configuration; what Kontor's log then has of that request.
fn logged(site: &Site<'_>, answer: &Answer) -> String {
    let id = answer.header("x-request-id").expect("an id");
    let log = site.place.log();
    let line = log.lines().find(|line| line.contains(id));
    line.unwrap_or_else(|| panic!("{id} is not in the log: {log}"))
        .to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn clients_are_told_apart_by_what_the_proxy_sees() {
    on_site(async |site| {
        let url = format!("{}config", site.merchant);
        let forged = [
            &["-H", "X-Forwarded-For: 198.51.100.7"][..],
            &["-H", "Forwarded: for=198.51.100.7"],
            &[
                "-H",
                "X-Forwarded-For: 198.51.100.7",
                "-H",
                "Forwarded: for=203.0.113.9",
            ],
            &["-H", "X-Request-Id: mine"],
        ];
        for address in ["127.0.0.2", "127.0.0.3"] {
            let client = Client::at(address, &site.nginx);
            for headers in [&[][..]].iter().chain(&forged) {
                let answer = client.send(&[&[url.as_str()], *headers].concat()).is(200);
                let line = logged(site, &answer);
                assert!(
                    line.contains(&format!("client.address={address} ")),
                    "{line}"
                );
                let id = answer.header("x-request-id").expect("an id");
                site.nginx.read_with("kontor.log", id);
                assert_ne!(id, "mine");
            }
        }
        // Who goes past the proxy is no proxy, whatever it says.
        let past = Client::at("127.0.0.4", &site.nginx);
        let url = format!("http://{}/config", site.merchant_listens);
        let answer = past
            .send(&[&url, "-H", "X-Forwarded-For: 198.51.100.7"])
            .is(200);
        let line = logged(site, &answer);
        assert!(line.contains("client.address=127.0.0.4 "), "{line}");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn failed_logins_count_for_the_client_behind_the_proxy() {
    on_site(async |site| {
        let url = format!("{}instances/shop/private/token", site.merchant);
        let guess = |client: &Client, password: &str, claimed: &str| {
            let claimed = format!("X-Forwarded-For: {claimed}");
            let json = [
                "-H",
                "Content-Type: application/json",
                "-d",
                r#"{"scope":"all"}"#,
            ];
            let user = format!("shop:{password}");
            client.send(&[&json[..], &["-u", &user, "-H", &claimed, &url]].concat())
        };
        let guesser = Client::at("127.0.0.2", &site.nginx);
        for claimed in ["198.51.100.1", "198.51.100.2", "127.0.0.1"] {
            guess(&guesser, "wrong", claimed).is(401);
        }
        let refused = guess(&guesser, "wrong", "198.51.100.4").is(429);
        assert!(refused.header("retry-after").is_some(), "{refused:?}");
        let owner = Client::at("127.0.0.3", &site.nginx);
        guess(&owner, "sesame", "127.0.0.2").is(200);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_leaves_the_proxy_does_not_wait_any_more() {
    on_site(async |site| {
        let client = Client::at("127.0.0.2", &site.nginx);
        let token = site.login(&client);
        let url = format!(
            "{}instances/shop/private/kyc?lp_status=ready&timeout_ms=60000",
            site.merchant
        );
        let mut waiting = client.begin(&token, &url);
        site.until_waiting(1);
        waiting.kill().expect("a process");
        waiting.wait().expect("the end");
        site.until_waiting(0);
        // One who stays is answered when the time is over, as without a proxy.
        let url = url.replace("60000", "1500");
        client.send_as(&token, &url, &[]).is(204);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_goes_wrong_on_the_way_has_the_form_of_a_failure() {
    on_site(async |site| {
        let client = Client::at("127.0.0.2", &site.nginx);
        let url = format!("{}instances/shop/private/token", site.merchant);
        let post = |body: &[u8], coding: &str| {
            let file = site.nginx.folder.path().join("request");
            std::fs::write(&file, body).expect("a file");
            let body = format!("@{}", file.display());
            let coding = format!("Content-Encoding: {coding}");
            client.send(&[
                &url,
                "-H",
                "Content-Type: application/json",
                "-H",
                &coding,
                "--data-binary",
                &body,
            ])
        };
        let long = " ".repeat(1500 * 1024);
        let by_kontor = post(&gzip(long.as_bytes()), "gzip").is(413);
        assert_eq!(by_kontor.json()["code"], 32);
        assert!(by_kontor.header("x-request-id").is_some());
        let by_nginx = post(long.as_bytes(), "identity").is(413);
        assert_eq!(by_nginx.json()["code"], 32);
        assert_eq!(by_nginx.header("content-type"), Some("application/json"));
        assert_eq!(by_nginx.header("access-control-allow-origin"), Some("*"));

        site.stop();
        for base in [&site.merchant, &site.challenger] {
            let away = client.send(&[&format!("{base}config")]).is(503);
            assert_eq!(away.json()["code"], 11);
            assert_eq!(away.header("retry-after"), Some("5"));
            assert_eq!(away.header("content-type"), Some("application/json"));
        }
        // Whole request lines, with ids of validations in them, would stand there.
        assert_eq!(site.nginx.read("kontor-error.log"), "");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn plain_requests_are_sent_to_the_encrypted_port() {
    on_site(async |site| {
        let client = Client::at("127.0.0.2", &site.nginx);
        let url = format!(
            "http://shop.example:{}/pay/config?a=b",
            site.nginx.plain_port
        );
        let answer = client.send(&[&url]).is(308);
        let there = answer.header("location");
        assert_eq!(there, Some("https://shop.example/pay/config?a=b"));
        // Nobody is sent to a host that somebody else asked for.
        let elsewhere = ["-H", "Host: evil.example", &url];
        let answer = client.send(&elsewhere).is(308);
        let there = answer.header("location");
        assert_eq!(there, Some("https://shop.example/pay/config?a=b"));
        for base in [&site.merchant, &site.challenger] {
            let bare = base.trim_end_matches('/');
            let answer = client.send(&["-H", "Host: evil.example", bare]).is(301);
            assert_eq!(answer.header("location"), Some(base.as_str()));
        }
    })
    .await;
}

/// A nonce, or the id of a challenge, as people paste it.
const SECRET: &str = "4S1J9VZ0N3M8QW7XK2C5T6Y4S1J9VZ0N3M8QW7XK2C5T6YAB12CD";

/// What the log has for a path; `SECRET` stands for one.
fn logged_by_nginx(nginx: &Nginx, host: &str, path: &str) -> String {
    let url = format!("https://{host}:{}/", nginx.port);
    let url = url + &path.replace("SECRET", SECRET);
    let client = Client::at("127.0.0.2", nginx);
    let resolve = format!("{host}:{}:127.0.0.1", nginx.port);
    let seen = nginx.read("kontor.log").lines().count();
    client.send(&["--resolve", &resolve, "--path-as-is", &url]);
    for _ in 0..500 {
        let log = nginx.read("kontor.log");
        if let Some(line) = log.lines().nth(seen) {
            let (_, rest) = line.split_once("\"GET ").expect("a request");
            return rest.split('"').next().expect("its end").to_owned();
        }
        std::thread::sleep(Duration::from_millis(20));
    }
    panic!("{path} is not in the log");
}

#[test]
fn mistyped_paths_leave_no_secret_in_the_log() {
    let one = Nginx::start(free_port(), ONE_HOST, &["shop.example"]);
    for (path, expected) in [
        ("challenger/authorize/SECRET", "/challenger/authorize/*"),
        ("challenger/AUTHORIZE/SECRET?a=b", "/challenger/AUTHORIZE/*"),
        ("challenger/authorise/SECRET", "/challenger/authorise/*"),
        ("Challenger/solve/4S1J9VZ0", "/Challenger/solve/*"),
        ("challenger//ui//SECRET/code", "/challenger/ui/*"),
        ("challenger/authorize%2FSECRET", "/challenger/authorize/*"),
        ("challenger/SECRET/", "/challenger/*"),
        ("SECRET", "/*"),
        ("challenger/config", "/challenger/config"),
        ("challenger/docs/", "/challenger/docs/"),
        ("pay/challenge/SECRET/confirm", "/pay/challenge/*"),
        ("pay/Challenge/4S1J9VZ0", "/pay/Challenge/*"),
        (
            "pay/instances/tea/challange/SECRET",
            "/pay/instances/tea/challange/*",
        ),
        (
            "pay/instances/tea/private/kyc",
            "/pay/instances/tea/private/kyc",
        ),
    ] {
        assert_eq!(logged_by_nginx(&one, "shop.example", path), expected);
    }
    let hosts = ["pay.shop.example", "addresses.shop.example"];
    let two = Nginx::start(free_port(), TWO_HOSTS, &hosts);
    for (host, path, expected) in [
        (hosts[1], "authorise/SECRET", "/authorise/*"),
        (hosts[1], "Solve/4S1J9VZ0", "/Solve/*"),
        (hosts[1], "SECRET", "/*"),
        (hosts[1], "config", "/config"),
        (
            hosts[0],
            "instances/tea/challenge/SECRET",
            "/instances/tea/challenge/*",
        ),
        (hosts[0], "instances/tea/private", "/instances/tea/private"),
        (hosts[0], "challange/SECRET", "/challange/*"),
    ] {
        assert_eq!(logged_by_nginx(&two, host, path), expected, "{host}");
    }
    let client = Client::at("127.0.0.2", &two);
    for host in hosts {
        let url = format!("http://127.0.0.1:{}/a", two.plain_port);
        let named = format!("Host: {host}");
        let answer = client.send(&["-H", &named, &url]).is(308);
        let there = format!("https://{host}/a");
        assert_eq!(answer.header("location"), Some(there.as_str()));
    }
}
