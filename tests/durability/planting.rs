//! Puts secrets wherever a client can put one.

use data_encoding::BASE32_NOPAD;
use serde_json::{Value, json};

use super::{
    client::{Ask, Client},
    service::{Service, text},
};
use crate::{
    cli::program::Place,
    support::{Answer, instance},
};

const OWN: &str = "/instances/shop/private";
const PAYTO: &str = "payto://iban/CH5604835012345678009?receiver-name=Corner%20Coffee";
const REDIRECT_URI: &str = "https://client.test/back";

/// What is planted, each where its name says.
pub const SHOP_PASSWORD: &str = "planted-password-Zq81";
pub const NEXT_PASSWORD: &str = "planted-next-password-Xw27";
pub const WRONG_PASSWORD: &str = "planted-wrong-password-Kv93";
pub const LEGACY: &str = "planted-legacy-secret-Ls45-long-enough";
pub const FACADE_USER: &str = "planted-facade-user-Tb11";
pub const FACADE_PASSWORD: &str = "planted-facade-password-Gn38";
pub const OTP_KEY: &str = "planted-otp-key-Qm52";
pub const KYC_TOKEN: &str = "3JMPHRKJ0Z3KYYAQVMVBWZDGSBVCE2RAT1ZZQ5AWPDE9NQHXN8S0";
pub const DATABASE_PASSWORD: &str = "planted-database-password-Rc64";
pub const MALFORMED: &str = "planted-malformed-Hy66";
pub const STATE: &str = "planted-state-Vd20";
pub const VERIFIER: &str = "planted-verifier-Wp77-which-is-long-enough-for-its-purpose";

/// Whose these are is nobody's business either, but they are stored in the clear, since codes are sent there: contacts and factors of
/// shops, and what a person wants to have proven, for as long as that takes. Logs, errors to others and metrics have none of them.
pub const EMAIL: &str = "planted-ada-Jf09@tea.example";
pub const CHALLENGER_EMAIL: &str = "planted-grace-Ck31@tea.example";

/// What was planted, and what came back.
pub struct Planted {
    /// In no place at all.
    pub secrets: Vec<String>,
    /// Not in logs, errors and metrics.
    pub addresses: Vec<String>,
    pub errors: Vec<Answer>,
}

impl Planted {
    pub fn hide(&mut self, secret: &str) {
        self.secrets.push(secret.to_owned());
    }

    /// Keeps the answer to look through it, if it is an error.
    fn note(&mut self, answer: Answer) -> Answer {
        if answer.status.as_u16() >= 400 {
            let Answer {
                status,
                headers,
                body,
                failure,
            } = &answer;
            self.errors.push(Answer {
                status: *status,
                headers: headers.clone(),
                body: body.clone(),
                failure: *failure,
            });
        }
        answer
    }

    async fn send(&mut self, client: &mut Client, ask: Ask) -> Answer {
        let answer = client.send(ask).await;
        self.note(answer)
    }
}

/// The merchant backend: passwords, tokens, accounts, devices, codes.
pub async fn plant_in_merchant(
    service: &Service,
    codes: &dyn Fn() -> String,
    planted: &mut Planted,
) {
    let mut client = service.client();
    let client = &mut client;
    let admin = service.token("admin").await;
    planted.hide(&admin);
    let mut shop = instance("shop");
    shop["auth"]["password"] = json!(SHOP_PASSWORD);
    shop["email"] = json!(EMAIL);
    let create = |body: &Value| Ask::post("/management/instances", body).bearer(&admin);
    planted.send(client, create(&shop)).await.expect(204);
    shop["auth"]["password"] = json!(WRONG_PASSWORD);
    planted.send(client, create(&shop)).await;
    shop["auth"] = json!({ "method": "token", "password": [MALFORMED] });
    planted.send(client, create(&shop)).await.expect(400);

    let login = format!("{OWN}/token");
    let body = json!({ "scope": "all:refreshable" });
    let granted = Ask::post(login.clone(), &body).basic("shop", SHOP_PASSWORD);
    let token = text(&planted.send(client, granted).await.expect(200)["access_token"]);
    planted.hide(&token);
    let refresh = Ask::post(login.clone(), &body).bearer(&token);
    let refreshed = text(&planted.send(client, refresh).await.expect(200)["access_token"]);
    planted.hide(&refreshed);
    for path in [login.as_str(), OWN, "/instances/nobody/private", "/config"] {
        let method = if path == login { "POST" } else { "GET" };
        for value in [
            format!("Bearer secret-token:{WRONG_PASSWORD}"),
            format!("secret-token:{WRONG_PASSWORD}"),
            format!("Digest {MALFORMED}"),
            MALFORMED.to_owned(),
        ] {
            let ask = Ask::new(method, path)
                .json(&body)
                .header("authorization", &value);
            planted.send(client, ask.header("cookie", MALFORMED)).await;
        }
        let query = Ask::new(
            method,
            format!("{path}?limit={MALFORMED}&token={MALFORMED}"),
        );
        planted.send(client, query.json(&body).bearer(&token)).await;
    }
    for broken in [
        format!(r#"{{"scope":"{MALFORMED}"}}"#),
        format!(r#"{{"scope":"all" {MALFORMED}"#),
        format!(r#"{{"scope":"all","scope":"{MALFORMED}"}}"#),
        MALFORMED.to_owned(),
    ] {
        let ask = Ask::new("POST", login.clone()).bearer(&token);
        let ask = ask.header("content-type", "application/json").body(broken);
        planted.send(client, ask).await.expect(400);
    }
    // A secret that was pasted into the address line.
    planted.send(client, Ask::get(format!("/{}", &token))).await;

    plant_in_account(client, &token, planted).await;
    let key = BASE32_NOPAD.encode(OTP_KEY.as_bytes());
    planted.hide(&key);
    for (key, status) in [(key.as_str(), 204), (&key[2..], 409), (MALFORMED, 400)] {
        let device = json!({
            "otp_device_id": "till", "otp_device_description": "Till", "otp_key": key, "otp_algorithm": 2,
        });
        let ask = Ask::post(format!("{OWN}/otp-devices"), &device).bearer(&token);
        planted.send(client, ask).await.expect(status);
    }
    plant_codes(client, codes, planted).await;
    let auth = format!("{OWN}/auth");
    for form in [
        json!({ "method": "token", "password": NEXT_PASSWORD }),
        json!({ "method": "token", "token": format!("secret-token:{LEGACY}") }),
    ] {
        planted
            .send(client, Ask::post(auth.clone(), &form).bearer(&token))
            .await
            .expect(204);
    }
    planted
        .send(
            client,
            Ask::get(OWN).bearer(&format!("secret-token:{LEGACY}")),
        )
        .await
        .expect(200);
}

/// What opens a bank's facade, and a payment provider's pages.
async fn plant_in_account(client: &mut Client, token: &str, planted: &mut Planted) {
    let facade = |password: Value| {
        json!({
            "payto_uri": PAYTO,
            "credit_facade_url": "https://bank.example.com/accounts/coffee/taler-revenue/",
            "credit_facade_credentials": { "type": "basic", "username": FACADE_USER, "password": password },
        })
    };
    let add = |body: &Value| Ask::post(format!("{OWN}/accounts"), body).bearer(token);
    planted
        .send(client, add(&facade(json!([FACADE_PASSWORD]))))
        .await
        .expect(400);
    planted
        .send(client, add(&facade(json!(FACADE_PASSWORD))))
        .await
        .expect(200);
    planted
        .send(client, add(&facade(json!(MALFORMED))))
        .await
        .expect(409);
    // Its owner sees the token, once the payment provider has been asked.
    let waited = format!("{OWN}/kyc?lp_status=kyc-required&timeout_ms=60000");
    let shown = planted
        .send(client, Ask::get(waited).bearer(token))
        .await
        .expect(200);
    assert_eq!(shown["kyc_data"][0]["access_token"], KYC_TOKEN, "{shown}");
}

/// Codes that are right, wrong, and no codes; and the ids by which they are asked for.
async fn plant_codes(client: &mut Client, codes: &dyn Fn() -> String, planted: &mut Planted) {
    let mut settings = instance("newcomer");
    settings["email"] = json!(EMAIL);
    settings["auth"]["password"] = json!(SHOP_PASSWORD);
    let sign_up = Ask::post("/instances", &settings);
    let asked = planted.send(client, sign_up.clone()).await.expect(202);
    let id = text(&asked["challenges"][0]["challenge_id"]);
    planted.hide(&id);
    let challenge = format!("/challenge/{id}");
    planted
        .send(client, Ask::post(challenge.clone(), &json!({})))
        .await
        .expect(200);
    let code = codes();
    planted.hide(&code);
    planted.hide(&code.replace('-', ""));
    for (tan, status) in [(MALFORMED, 400), ("0000-0000", 409), (&code, 204)] {
        let ask = Ask::post(format!("{challenge}/confirm"), &json!({ "tan": tan }));
        let answer = planted.send(client, ask).await;
        assert!(
            answer.status == status || tan == MALFORMED,
            "{}",
            answer.text()
        );
    }
    let again = sign_up.header("taler-challenge-ids", &id);
    planted.send(client, again).await.expect(204);
    planted.send(client, Ask::get(challenge)).await;
}

/// The Challenger: secrets of clients, nonces, codes, tokens, and addresses.
pub async fn plant_in_challenger(
    place: &Place,
    service: &Service,
    codes: &dyn Fn() -> String,
    planted: &mut Planted,
) {
    let added = place.output(&["client", "add", "--redirect-uri", REDIRECT_URI, "--json"]);
    let added: Value = serde_json::from_str(&added).expect("JSON");
    let id = added["client_id"].to_string();
    let (id, secret) = (id.trim_matches('"'), text(&added["client_secret"]));
    planted.hide(&secret);
    let mut client = service.challenger_client();
    let client = &mut client;
    let setup = |secret: &str| Ask::post(format!("/setup/{id}"), &json!({})).bearer(secret);
    planted.send(client, setup(MALFORMED)).await.expect(404);
    let nonce = text(&planted.send(client, setup(&secret)).await.expect(200)["nonce"]);
    planted.hide(&nonce);
    let challenge = base64_of_digest(VERIFIER);
    let mut query = url::form_urlencoded::Serializer::new(String::new());
    query.extend_pairs([
        ("response_type", "code"),
        ("client_id", id),
        ("redirect_uri", REDIRECT_URI),
        ("state", STATE),
        ("code_challenge", &challenge),
        ("code_challenge_method", "S256"),
    ]);
    let authorize = Ask::get(format!("/authorize/{nonce}?{}", query.finish()));
    let authorize = authorize.header("accept", "application/json");
    planted.send(client, authorize).await.expect(200);
    let give = |email: &str| {
        Ask::new("POST", format!("/challenge/{nonce}")).form(&[("CONTACT_EMAIL", email)])
    };
    planted.send(client, give(MALFORMED)).await.expect(400);
    planted
        .send(client, give(CHALLENGER_EMAIL))
        .await
        .expect(200);
    let code = codes();
    planted.hide(&code);
    planted.hide(&code.replace('-', ""));
    let solve = |pin: &str| Ask::new("POST", format!("/solve/{nonce}")).form(&[("pin", pin)]);
    planted.send(client, solve(MALFORMED)).await;
    let solved = planted.send(client, solve(&code)).await.expect(200);
    let url = url::Url::parse(&text(&solved["redirect_url"])).expect("a URL");
    let code = url
        .query_pairs()
        .find(|(name, _)| name == "code")
        .expect("a code")
        .1
        .into_owned();
    planted.hide(code.split_once('.').expect("its two parts").1);
    let redeem = |secret: &str, verifier: &str| {
        let request = [
            ("client_id", id),
            ("client_secret", secret),
            ("redirect_uri", REDIRECT_URI),
            ("code", &code),
            ("code_verifier", verifier),
            ("grant_type", "authorization_code"),
        ];
        Ask::new("POST", "/token").form(&request)
    };
    planted
        .send(client, redeem(MALFORMED, VERIFIER))
        .await
        .expect(401);
    let wrong_verifier = format!("{MALFORMED}-{}", "x".repeat(40));
    planted
        .send(client, redeem(&secret, &wrong_verifier))
        .await
        .expect(400);
    let granted = planted
        .send(client, redeem(&secret, VERIFIER))
        .await
        .expect(200);
    let token = text(&granted["access_token"]);
    planted.hide(&token);
    planted
        .send(client, Ask::get("/info").bearer(&token))
        .await
        .expect(200);
    planted
        .send(client, Ask::get("/info").bearer(MALFORMED))
        .await
        .expect(401);
    planted
        .send(client, Ask::get(format!("/info?access_token={token}")))
        .await;
}

fn base64_of_digest(verifier: &str) -> String {
    use sha2::{Digest as _, Sha256};
    data_encoding::BASE64URL_NOPAD.encode(&Sha256::digest(verifier.as_bytes()))
}
