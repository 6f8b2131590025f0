//! What a Taler exchange sends as an OAuth 2.0 client, as bytes, and what it makes of the answers.
//!
//! Its HTTP library says that it takes anything, and gives each body that has no type the one of forms, the empty ones too. It
//! follows five redirects, sends no code challenge, and repeats the state where it exchanges the code.

use serde_json::{Value, json};
use url::Url;

use super::{Client, Service};
use crate::{
    cli::program::on_place,
    support::{
        browser::{open, prove},
        wire::{self, Received},
    },
};

const REDIRECT_URI: &str = "https://exchange.example/kyc-proof/kyc-provider-kontor";
const REDIRECT_URI_IN_FORM: &str =
    "https%3A%2F%2Fexchange.example%2Fkyc-proof%2Fkyc-provider-kontor";

/// A normalised payto hash, by which the exchange knows the person.
const STATE: &str = "3R5YC07V0GZR7MBWY7FF4C8DJHV6TT7SY6PQPEJP3S6HTXP2J4VG";

const ADDRESS: &str = "ada@tea.example";

/// What the exchange reads of its configuration.
struct Exchange<'a> {
    /// `KYC_OAUTH2_AUTHORIZE_URL`, which ends in `#setup`.
    authorize_url: String,
    token_url: String,
    info_url: String,
    client: &'a Client,
}

impl<'a> Exchange<'a> {
    fn new(service: &Service<'_>, client: &'a Client) -> Self {
        let base = &service.url;
        Self {
            authorize_url: format!("{base}authorize#setup"),
            token_url: format!("{base}token"),
            info_url: format!("{base}info"),
            client,
        }
    }

    fn authorize_prefix(&self) -> &str {
        self.authorize_url.strip_suffix("#setup").expect("a setup")
    }

    /// Sets a validation up, with an empty body or with what it knows of the address.
    fn set_up(&self, secret: &str, address: Option<&str>) -> Received {
        let (base, _) = self.authorize_prefix().rsplit_once('/').expect("a path");
        let url = format!("{base}/setup/{}", self.client.id);
        let (content_type, body) = match address {
            None => ("application/x-www-form-urlencoded", ""),
            Some(address) => ("application/json", address),
        };
        post(
            &url,
            &format!("Authorization: Bearer {secret}\r\n"),
            content_type,
            body,
        )
    }

    /// Where it sends the person.
    fn link(&self, set_up: &Received) -> String {
        assert_eq!(set_up.status, 200, "{set_up:?}");
        let answer = set_up.json();
        let nonce = answer["nonce"].as_str().expect("a nonce");
        format!(
            "{}/{nonce}?response_type=code&client_id={}&redirect_uri={REDIRECT_URI_IN_FORM}&state={STATE}",
            self.authorize_prefix(),
            self.client.id
        )
    }

    fn redeem(&self, secret: &str, code: &str) -> Received {
        let secret = secret.replace(':', "%3A");
        let form = format!(
            "client_id={}&redirect_uri={REDIRECT_URI_IN_FORM}&state={STATE}&client_secret={secret}&code={code}\
             &grant_type=authorization_code",
            self.client.id
        );
        post(
            &self.token_url,
            "",
            "application/x-www-form-urlencoded",
            &form,
        )
    }

    fn info(&self, token: &str) -> Received {
        let (host, target) = wire::split(&self.info_url);
        let request = format!(
            "GET {target} HTTP/1.1\r\nHost: {host}\r\nAuthorization: Bearer {token}\r\nAccept: */*\r\nConnection: close\r\n\r\n"
        );
        answered(wire::send(&self.info_url, &request))
    }
}

fn post(url: &str, headers: &str, content_type: &str, body: &str) -> Received {
    let (host, target) = wire::split(url);
    let length = body.len();
    let request = format!(
        "POST {target} HTTP/1.1\r\nHost: {host}\r\n{headers}Accept: */*\r\nContent-Length: {length}\r\n\
         Content-Type: {content_type}\r\nConnection: close\r\n\r\n{body}"
    );
    answered(wire::send(url, &request))
}

/// It follows five redirects at most, and is given none.
fn answered(answer: Received) -> Received {
    assert!(!(300..400).contains(&answer.status), "{answer:?}");
    assert_eq!(
        answer.header("content-type"),
        Some("application/json"),
        "{answer:?}"
    );
    answer
}

/// The code of a redirect, whose state has to be the exchange's.
fn code(callback: &str) -> String {
    let callback = Url::parse(callback).expect("a URL");
    let parameter = |wanted: &str| {
        let mut pairs = callback.query_pairs();
        let found = pairs.find(|(name, _)| name == wanted);
        found.map(|(_, value)| value.into_owned())
    };
    assert_eq!(parameter("state").as_deref(), Some(STATE));
    assert_eq!(parameter("error"), None);
    let mut bare = callback.clone();
    bare.set_query(None);
    assert_eq!(bare.as_str(), REDIRECT_URI);
    parameter("code").expect("a code")
}

/// What it reads of a token, and takes for one.
fn token(answer: &Received) -> String {
    assert_eq!(answer.status, 200, "{answer:?}");
    assert_eq!(answer.header("cache-control"), Some("no-store"));
    assert_eq!(answer.header("pragma"), Some("no-cache"));
    let answer = answer.json();
    let token_type = answer["token_type"].as_str().expect("a type");
    assert!(token_type.eq_ignore_ascii_case("bearer"));
    assert!(answer["expires_in"].is_u64(), "{answer}");
    let token = answer["access_token"].as_str().expect("a token");
    assert!(!token.contains([' ', ';', '\r', '\n']), "{token}");
    token.to_owned()
}

/// What it logs and reports of a failure.
#[track_caller]
fn fails(answer: &Received, status: u16, error: &str) {
    assert_eq!(answer.status, status, "{answer:?}");
    let answer = answer.json();
    assert_eq!(answer["error"], error, "{answer}");
    let description = answer["error_description"].as_str();
    assert!(description.is_some_and(|text| !text.is_empty()), "{answer}");
}

fn address(info: &Received) -> Value {
    assert_eq!(info.status, 200, "{info:?}");
    let info = info.json();
    assert!(info["id"].is_u64(), "{info}");
    assert_eq!(info["address_type"], "email");
    assert!(info["expires"]["t_s"].is_u64(), "{info}");
    info["address"].clone()
}

#[tokio::test(flavor = "multi_thread")]
async fn an_exchange_gets_an_address() {
    on_place(async |place| {
        let service = Service::start(place);
        let client = service.register(REDIRECT_URI, &[]);
        let exchange = Exchange::new(&service, &client);
        let link = exchange.link(&exchange.set_up(&client.secret, None));
        let callback = prove(&link, &[("CONTACT_EMAIL", ADDRESS)], || {
            service.code(ADDRESS)
        });
        let redeemed = exchange.redeem(&client.secret, &code(&callback));
        let info = exchange.info(&token(&redeemed));
        assert_eq!(address(&info), json!({"CONTACT_EMAIL": ADDRESS}));
        service.stop();
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_exchange_that_knows_the_address_has_it_confirmed() {
    on_place(async |place| {
        let service = Service::start(place);
        let client = service.register(REDIRECT_URI, &[]);
        let exchange = Exchange::new(&service, &client);
        let known = json!({"CONTACT_EMAIL": ADDRESS, "read_only": true}).to_string();
        let link = exchange.link(&exchange.set_up(&client.secret, Some(&known)));
        assert!(
            open(&link).body.contains(ADDRESS),
            "the address is not shown"
        );
        let callback = prove(&link, &[("CONTACT_EMAIL", ADDRESS)], || {
            service.code(ADDRESS)
        });
        let redeemed = exchange.redeem(&client.secret, &code(&callback));
        let info = exchange.info(&token(&redeemed));
        assert_eq!(address(&info), json!({"CONTACT_EMAIL": ADDRESS}));
        service.stop();
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_exchange_is_told_what_is_wrong() {
    on_place(async |place| {
        let service = Service::start(place);
        let client = service.register(REDIRECT_URI, &[]);
        let exchange = Exchange::new(&service, &client);
        let wrong = format!("secret-token:{}", "0".repeat(52));
        let refused = exchange.set_up(&wrong, None);
        assert_eq!(
            (refused.status, &refused.json()["code"]),
            (404, &json!(9750))
        );

        let link = exchange.link(&exchange.set_up(&client.secret, None));
        let callback = prove(&link, &[("CONTACT_EMAIL", ADDRESS)], || {
            service.code(ADDRESS)
        });
        let code = code(&callback);
        let unauthenticated = exchange.redeem(&wrong, &code);
        fails(&unauthenticated, 401, "invalid_client");
        assert!(unauthenticated.header("www-authenticate").is_some());
        fails(
            &exchange.redeem(&client.secret, "1.NOCODE"),
            400,
            "invalid_grant",
        );
        let first = token(&exchange.redeem(&client.secret, &code));
        fails(
            &exchange.redeem(&client.secret, &code),
            400,
            "invalid_grant",
        );
        // So soon, it was the exchange itself that repeated the request.
        assert_eq!(exchange.info(&first).status, 200);
        let unknown = exchange.info(&"0".repeat(52));
        fails(&unknown, 401, "invalid_token");
        assert_eq!(unknown.json()["code"], 9768);
        service.stop();
    })
    .await;
}
