//! A client, a person and their codes.

use kontor::{
    audit::Origin,
    challenger::{
        client_secret::ClientSecret,
        clients::{Registration, register},
        redirect_uri::RedirectUri,
    },
    config::Settings,
};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::support::{Answer, Call, TestApp, on_app_with};

pub const REDIRECT_URI: &str = "https://client.test/back?from=here";
pub const EMAIL: &str = "ada@example.com";

/// Microseconds.
pub const SECOND: i64 = 1_000_000;

/// An application with a client of its Challenger; what is sent goes to a file.
pub struct Scene<'a> {
    pub app: &'a TestApp,
    pub client: TestClient,
    pub spool: &'a std::path::Path,
}

#[derive(Clone, Debug)]
pub struct TestClient {
    pub id: String,
    pub secret: String,
}

/// Runs a test on an application for e-mail addresses.
pub async fn on_challenger(test: impl AsyncFnOnce(&Scene<'_>)) {
    on_challenger_with(|_| {}, test).await;
}

/// Runs a test with other settings.
pub async fn on_challenger_with(
    adjust: impl FnOnce(&mut Settings),
    test: impl AsyncFnOnce(&Scene<'_>),
) {
    let folder = TempDir::new().expect("a folder");
    let spool = folder.path().join("sent.jsonl");
    let adjust = |settings: &mut Settings| {
        settings.tan.email.spool = Some(spool.clone());
        settings.tan.sms.spool = Some(spool.clone());
        settings.tan.post.spool = Some(spool.clone());
        adjust(settings);
    };
    on_app_with(adjust, async |app| {
        let client = client(app, REDIRECT_URI, false).await;
        let scene = Scene {
            app,
            client,
            spool: &spool,
        };
        test(&scene).await;
    })
    .await;
}

/// Registers a client.
pub async fn client(app: &TestApp, redirect_uri: &str, requires_pkce: bool) -> TestClient {
    let secret = ClientSecret::generate(&app.app.random);
    let registration = Registration {
        redirect_uri: RedirectUri::parse(redirect_uri).expect("a redirect URI"),
        secret: secret.clone(),
        requires_pkce,
    };
    let id = register(&app.app, &Origin::of_command_line(), &registration).await;
    TestClient {
        id: id.expect("a client").to_string(),
        secret: secret.expose().to_owned(),
    }
}

impl<'a> Scene<'a> {
    /// The same client and messages on a server that was started again.
    pub fn on<'b>(&'b self, app: &'b TestApp) -> Scene<'b> {
        Scene {
            app,
            client: self.client.clone(),
            spool: self.spool,
        }
    }

    pub fn post(&self, path: &str) -> Call<'a> {
        self.app.challenger("POST", path)
    }

    pub fn get(&self, path: &str) -> Call<'a> {
        self.app.challenger("GET", path)
    }

    /// Sets a validation up.
    pub async fn setup(&self, body: &Value) -> Answer {
        let call = self.post(&format!("/setup/{}", self.client.id));
        let call = call.bearer(&self.client.secret);
        match body.is_null() {
            true => call.send().await,
            false => call.json(body).send().await,
        }
    }

    /// The nonce of a new validation.
    pub async fn nonce(&self, body: &Value) -> String {
        let body = self.setup(body).await.expect(200);
        body["nonce"].as_str().expect("a nonce").to_owned()
    }

    /// The target of an authorization request.
    pub fn authorize_path(&self, nonce: &str, more: &[(&str, &str)]) -> String {
        let mut query = url::form_urlencoded::Serializer::new(String::new());
        query.append_pair("response_type", "code");
        query.append_pair("client_id", &self.client.id);
        query.append_pair("redirect_uri", REDIRECT_URI);
        query.extend_pairs(more);
        format!("/authorize/{nonce}?{}", query.finish())
    }

    pub async fn authorize(&self, nonce: &str, more: &[(&str, &str)]) -> Answer {
        self.get(&self.authorize_path(nonce, more)).send().await
    }

    /// A validation to which the person has come.
    pub async fn begun(&self) -> String {
        let nonce = self.nonce(&Value::Null).await;
        self.authorize(&nonce, &[("state", "a b&c")])
            .await
            .expect(200);
        nonce
    }

    pub async fn give(&self, nonce: &str, email: &str) -> Answer {
        let call = self.post(&format!("/challenge/{nonce}"));
        call.form(&[("CONTACT_EMAIL", email)]).send().await
    }

    pub async fn solve(&self, nonce: &str, pin: &str) -> Answer {
        let call = self.post(&format!("/solve/{nonce}"));
        call.form(&[("pin", pin)]).accept_json().send().await
    }

    /// Every message that was sent.
    pub fn sent(&self) -> Vec<Value> {
        let text = std::fs::read_to_string(self.spool).unwrap_or_default();
        text.lines()
            .map(|line| serde_json::from_str(line).expect("JSON"))
            .collect()
    }

    /// The code that was sent last.
    pub fn pin(&self) -> String {
        let sent = self.sent();
        let last = sent.last().expect("a message");
        last["tan"].as_str().expect("a code").to_owned()
    }

    /// A code that was not sent.
    pub fn wrong_pin(&self) -> String {
        match self.pin().as_str() {
            "0000-0000" => "0000-0001".to_owned(),
            _ => "0000-0000".to_owned(),
        }
    }

    /// The authorization code of an address that was proven just now.
    pub async fn code(&self) -> String {
        let nonce = self.begun().await;
        self.give(&nonce, EMAIL).await.expect(200);
        self.prove(&nonce).await
    }

    /// Says the code that was sent last, and returns the authorization code.
    pub async fn prove(&self, nonce: &str) -> String {
        let solved = self.solve(nonce, &self.pin()).await.expect(200);
        code_of(solved["redirect_url"].as_str().expect("a URL"))
    }

    /// The token for an authorization code.
    pub async fn token(&self, code: &str) -> String {
        let token = self.redeem(&self.token_request(code)).await.expect(200);
        token["access_token"].as_str().expect("a token").to_owned()
    }

    /// The form of a token request that is in order.
    pub fn token_request<'f>(&'f self, code: &'f str) -> Vec<(&'f str, &'f str)> {
        vec![
            ("client_id", &self.client.id),
            ("redirect_uri", REDIRECT_URI),
            ("client_secret", &self.client.secret),
            ("code", code),
            ("grant_type", "authorization_code"),
        ]
    }

    pub async fn redeem(&self, request: &[(&str, &str)]) -> Answer {
        self.post("/token").form(request).send().await
    }

    pub async fn info(&self, token: &str) -> Answer {
        self.get("/info").bearer(token).send().await
    }
}

/// The `code` in a redirect.
pub fn code_of(url: &str) -> String {
    parameter_of(url, "code").expect("a code")
}

pub fn parameter_of(url: &str, name: &str) -> Option<String> {
    let url = url::Url::parse(url).expect("a URL");
    let mut pairs = url.query_pairs();
    pairs
        .find(|(known, _)| known == name)
        .map(|(_, value)| value.into_owned())
}

/// An e-mail address as it stands in requests and answers.
pub fn email(address: &str) -> Value {
    json!({ "CONTACT_EMAIL": address })
}
