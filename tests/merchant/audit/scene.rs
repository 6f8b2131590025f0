//! Requests from one client, the codes that they cause, and what is recorded of them.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::PathBuf,
};

use entity::audit_event::{ActorKind, Model};
use kontor::db::audit::{AuditFilter, latest};
use serde_json::{Value, json};

use crate::support::{Answer, Call, PASSWORD, TestApp, instance, on_app_with};

pub const EMAIL: &str = "alice@shop.example";
pub const NEXT_EMAIL: &str = "bob@shop.example";
pub const PHONE: &str = "+41791234567";
pub const WRONG_PASSWORD: &str = "planted-wrong-password-Kv93";
pub const NEXT_PASSWORD: &str = "planted-next-password-Xw27";
pub const CLIENT: &str = "203.0.113.9";

/// An application whose codes end up in a file.
pub struct Scene<'a> {
    pub app: &'a TestApp,
    spool: PathBuf,
    /// What must be in no row.
    pub secrets: Vec<String>,
    /// The ids of all requests.
    pub requests: BTreeSet<String>,
    /// How many events were looked at.
    seen: usize,
}

/// Runs a test with both channels, and without an instance but `admin`.
pub async fn on_scene(test: impl AsyncFnOnce(&mut Scene<'_>)) {
    let folder = tempfile::tempdir().expect("a folder");
    let spool = folder.path().join("spool/codes.jsonl");
    std::fs::create_dir(spool.parent().expect("a folder")).expect("a folder");
    let file = spool.clone();
    on_app_with(
        |settings| {
            settings.merchant.self_provisioning = true;
            settings.tan.email.spool = Some(file.clone());
            settings.tan.sms.spool = Some(file);
        },
        async |app| {
            app.create_admin().await;
            let phone = PHONE.trim_start_matches('+');
            let secrets = [
                PASSWORD,
                WRONG_PASSWORD,
                NEXT_PASSWORD,
                EMAIL,
                NEXT_EMAIL,
                phone,
            ];
            let mut scene = Scene {
                app,
                spool,
                secrets: secrets.map(str::to_owned).to_vec(),
                requests: BTreeSet::new(),
                seen: 0,
            };
            test(&mut scene).await;
        },
    )
    .await;
}

/// The settings of a change that says nothing of contacts.
pub fn settings() -> Value {
    let mut settings = instance("shop");
    let members = settings.as_object_mut().expect("an object");
    members.retain(|name, _| name != "id" && name != "auth");
    settings
}

/// A request whose id is remembered.
pub struct Sending<'s> {
    call: Call<'s>,
    requests: &'s mut BTreeSet<String>,
}

impl Sending<'_> {
    pub fn json(self, body: &Value) -> Self {
        let call = self.call.json(body);
        Self { call, ..self }
    }

    pub fn bearer(self, token: &str) -> Self {
        let call = self.call.bearer(token);
        Self { call, ..self }
    }

    pub fn basic(self, user: &str, password: &str) -> Self {
        let call = self.call.basic(user, password);
        Self { call, ..self }
    }

    /// Brings solved challenges.
    pub fn ids(self, ids: &str) -> Self {
        let call = self.call.header("taler-challenge-ids", ids);
        Self { call, ..self }
    }

    pub async fn send(self) -> Answer {
        let answer = self.call.send().await;
        let id = answer.header("x-request-id").expect("an id");
        self.requests.insert(id.to_owned());
        answer
    }

    /// The body of an answer with this status.
    pub async fn answer(self, status: u16) -> Value {
        self.send().await.expect(status)
    }
}

impl Scene<'_> {
    pub fn send(&mut self, method: &str, path: &str) -> Sending<'_> {
        Sending {
            call: self.app.call(method, path).from(CLIENT),
            requests: &mut self.requests,
        }
    }

    /// The id of the one challenge of an answer.
    pub fn challenge(&mut self, challenged: &Value) -> String {
        assert_eq!(challenged["challenges"].as_array().map(Vec::len), Some(1));
        let id = challenged["challenge_id"].as_str().expect("an id");
        self.secrets.push(id.to_owned());
        id.to_owned()
    }

    /// Has a code sent, and returns it.
    pub async fn request_code(&mut self, id: &str) -> String {
        let request = self.send("POST", &format!("/challenge/{id}"));
        request.json(&json!({})).answer(200).await;
        let text = std::fs::read_to_string(&self.spool).expect("codes");
        let last: Value = serde_json::from_str(text.lines().last().expect("a code")).expect("JSON");
        let code = last["tan"].as_str().expect("a code").to_owned();
        self.secrets.extend([code.replace('-', ""), code.clone()]);
        code
    }

    /// The same, after an attempt that fails because the file cannot be written.
    pub async fn request_code_undelivered_first(&mut self, id: &str) -> String {
        let folder = self.spool.parent().expect("a folder").to_owned();
        let aside = folder.with_extension("aside");
        std::fs::rename(&folder, &aside).expect("a folder");
        let request = self.send("POST", &format!("/challenge/{id}"));
        request.json(&json!({})).answer(502).await;
        std::fs::rename(&aside, &folder).expect("a folder");
        self.request_code(id).await
    }

    pub async fn confirm(&mut self, id: &str, code: &str) -> Answer {
        let request = self.send("POST", &format!("/challenge/{id}/confirm"));
        request.json(&json!({ "tan": code })).send().await
    }

    /// Solves every challenge of an answer, or one where one is enough, and returns the ids to be brought.
    pub async fn solve(&mut self, challenged: &Value) -> String {
        let mut ids = Vec::new();
        let challenges = challenged["challenges"].as_array().expect("challenges");
        let all = challenged["combi_and"].as_bool().expect("a truth value");
        let needed = if all { challenges.len() } else { 1 };
        for challenge in &challenges[..needed] {
            let id = challenge["challenge_id"]
                .as_str()
                .expect("an id")
                .to_owned();
            let code = self.request_code(&id).await;
            self.confirm(&id, &code).await.expect(204);
            self.secrets.push(id.clone());
            ids.push(id);
        }
        ids.join(", ")
    }

    pub fn token(&mut self, answer: &Value) -> String {
        let token = answer["access_token"].as_str().expect("a token").to_owned();
        let secret = token.trim_start_matches("secret-token:");
        self.secrets.push(secret.to_owned());
        token
    }

    pub async fn events(&self) -> Vec<Model> {
        let all = AuditFilter::default();
        let events = latest(self.app.app.database.read(), &all, 1000);
        events.await.expect("events")
    }

    /// The number of the token that the last event of this name tells of.
    pub async fn last_token(&self, name: &str) -> i64 {
        let events = self.events().await;
        let last = events.iter().rev().find(|event| event.event == name);
        let serial = last.and_then(|event| event.detail["token_serial"].as_i64());
        serial.expect("a token")
    }

    /// These and no others were recorded since this was asked last.
    pub async fn expect(&mut self, expected: &[&str]) {
        self.expect_without("nothing", expected).await;
    }

    /// The same, but for events whose names begin so.
    pub async fn expect_without(&mut self, ignored: &str, expected: &[&str]) {
        let new = self.new_events().await;
        let lines = new.iter().filter(|event| !event.event.starts_with(ignored));
        let lines: Vec<_> = lines.map(line).collect();
        assert_eq!(lines, expected);
    }

    /// Whatever was recorded until now is of no interest.
    pub async fn expect_any(&mut self) {
        self.new_events().await;
    }

    async fn new_events(&mut self) -> Vec<Model> {
        let mut events = self.events().await;
        let new = events.split_off(self.seen);
        self.seen += new.len();
        new
    }

    #[track_caller]
    pub fn holds_no_secret(&self, events: &[Model]) {
        let rows = format!("{events:?}");
        for secret in &self.secrets {
            assert!(!rows.contains(secret.as_str()), "{secret} is in {rows}");
        }
    }
}

/// An event without what differs from run to run: name, actor, instance, and detail sorted by name.
fn line(event: &Model) -> String {
    let kind = match event.actor_kind {
        ActorKind::Password => "password",
        ActorKind::LegacySecret => "legacy-secret",
        ActorKind::Token => "token",
        ActorKind::SecondFactor => "second-factor",
        ActorKind::External => "external",
        ActorKind::CommandLine => "command-line",
        ActorKind::Anonymous => "anonymous",
    };
    let of = |instance: &String| format!("{kind}:{instance}");
    let actor = event.actor_instance.as_ref().map_or(kind.to_owned(), of);
    let mut words = vec![event.event.clone(), actor, event.instance_id.clone()];
    let detail = event.detail.as_object().into_iter().flatten();
    let detail = detail.filter(|(name, _)| !name.ends_with("_serial"));
    let sorted: BTreeMap<_, _> = detail.collect();
    let word = |value: &Value| value.as_str().map_or(value.to_string(), str::to_owned);
    words.extend(
        sorted
            .iter()
            .map(|(name, value)| format!("{name}={}", word(value))),
    );
    words.join(" ")
}
