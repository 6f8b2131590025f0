//! The clock of the machine is wrong for a while: a set-back hour, a year too many. `docs/durability.md` says what is expected.

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use kontor::{
    clock::UnixMicros, config::Settings, exchange::refresh::refresh_due, kyc::check::check_due,
    sweep::sweep,
};
use serde_json::{Value, json};
use tempfile::TempDir;

use super::{figures::turn, provider::provider};
use crate::{
    database::support::NOW,
    support::{
        Answer, Call, PASSWORD, TestApp,
        exchange::{TestExchange, json_response},
        instance, on_app_with,
    },
};

const HOUR: i64 = 3600;
const YEAR: i64 = 365 * 24 * HOUR;
const OWN: &str = "/instances/shop/private";
const PAYTO: &str = "payto://iban/CH5604835012345678009?receiver-name=Corner%20Coffee";

/// A shop, a payment provider, and a file that codes are written to.
struct Scene<'a> {
    app: &'a TestApp,
    exchange: &'a TestExchange,
    codes: &'a std::path::Path,
    questions: &'a AtomicUsize,
    token: String,
}

async fn on_scene(test: impl AsyncFnOnce(&Scene<'_>)) {
    let folder = TempDir::new().expect("a folder");
    let codes = folder.path().join("codes.jsonl");
    let exchange = provider().await;
    let questions = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&questions);
    exchange.answer("/kyc-check/", move |_| {
        counted.fetch_add(1, Ordering::SeqCst);
        json_response(&json!({ "aml_review": false, "rule_gen": 1 }))
    });
    let trust = exchange.trust();
    let adjust = |settings: &mut Settings| {
        settings.tan.email.spool = Some(codes.clone());
        settings.merchant.self_provisioning = true;
        trust(settings);
    };
    on_app_with(adjust, async |app| {
        app.create_admin().await;
        let token = app.shop("shop").await;
        let account = app.post(&format!("{OWN}/accounts"), &json!({ "payto_uri": PAYTO }));
        account.bearer(&token).send().await.expect(200);
        let scene = Scene {
            app,
            exchange: &exchange,
            codes: &codes,
            questions: &questions,
            token,
        };
        scene.ask_providers().await;
        test(&scene).await;
    })
    .await;
}

impl Scene<'_> {
    /// Sets the clock to so many seconds after the beginning.
    fn at(&self, seconds: i64) {
        self.app
            .clock
            .set(UnixMicros::new(NOW + seconds * 1_000_000));
    }

    async fn ask_providers(&self) {
        refresh_due(&self.app.app).await.expect("keys");
        check_due(&self.app.app).await.expect("checks");
    }

    /// How often the payment provider was asked about an account.
    fn questions(&self) -> usize {
        self.questions.load(Ordering::SeqCst)
    }

    fn own(&self, token: &str) -> Call<'_> {
        self.app.get(OWN).bearer(token)
    }

    async fn log_in(&self, password: &str) -> Answer {
        let body = json!({ "scope": "readonly", "duration": { "d_us": 600_000_000 } });
        let login = self.app.post(&format!("{OWN}/token"), &body);
        login.basic("shop", password).send().await
    }

    async fn ten_minutes_token(&self) -> String {
        let login = self.log_in(PASSWORD).await.expect(200);
        login["access_token"].as_str().expect("a token").to_owned()
    }

    /// Begins to sign up; the challenge.
    async fn sign_up(&self, id: &str, ids: &str) -> Answer {
        let mut settings = instance(id);
        settings["email"] = json!(format!("{id}@tea.example"));
        let sign_up = self.app.post("/instances", &settings);
        sign_up.header("taler-challenge-ids", ids).send().await
    }

    async fn challenge(&self, id: &str) -> String {
        let asked = self.sign_up(id, "").await.expect(202);
        let challenge = &asked["challenges"][0]["challenge_id"];
        challenge.as_str().expect("an id").to_owned()
    }

    async fn send(&self, challenge: &str) -> Answer {
        let send = self
            .app
            .post(&format!("/challenge/{challenge}"), &json!({}));
        send.send().await
    }

    async fn confirm(&self, challenge: &str, code: &str) -> Answer {
        let path = format!("/challenge/{challenge}/confirm");
        self.app.post(&path, &json!({ "tan": code })).send().await
    }

    /// The code that was sent last.
    fn code(&self) -> String {
        let lines = std::fs::read_to_string(self.codes).expect("codes");
        let last = lines.lines().last().expect("a code");
        let last: Value = serde_json::from_str(last).expect("JSON");
        last["tan"].as_str().expect("a code").to_owned()
    }

    /// Nobody has to wait longer than that.
    #[track_caller]
    fn assert_wait(&self, answer: &Answer, longest: Duration) {
        let seconds = answer.header("retry-after").expect("Retry-After");
        let seconds: u64 = seconds.parse().expect("seconds that are not negative");
        assert!(
            seconds > 0 && Duration::from_secs(seconds) <= longest,
            "{seconds} s"
        );
    }
}

#[tokio::test]
async fn an_hour_that_comes_twice_takes_nothing_away() {
    let _turn = turn().await;
    on_scene(async |scene| {
        let ended = scene.ten_minutes_token().await;
        let logout = scene.app.delete(&format!("{OWN}/token")).bearer(&ended);
        logout.send().await.expect(204);
        let short = scene.ten_minutes_token().await;
        let used = scene.challenge("used").await;
        scene.send(&used).await.expect(200);
        scene.confirm(&used, &scene.code()).await.expect(204);
        scene.sign_up("used", &used).await.expect(204);
        let open = scene.challenge("open").await;
        scene.send(&open).await.expect(200);
        let code = scene.code();

        scene.at(-HOUR);
        sweep(&scene.app.app).await.expect("a sweep");
        // What was good is good, what was ended or used is not.
        scene.own(&scene.token).send().await.expect(200);
        scene.own(&short).send().await.expect(200);
        scene.own(&ended).send().await.refuses(401, 2015);
        scene.confirm(&used, &code).await.refuses(404, 2126);
        scene.confirm(&open, &code).await.expect(204);
        scene.sign_up("open", &open).await.expect(204);
        // New things go on as ever.
        let new = scene.ten_minutes_token().await;
        scene.own(&new).send().await.expect(200);
        let newer = scene.challenge("newer").await;
        scene.send(&newer).await.expect(200);
        scene.confirm(&newer, &scene.code()).await.expect(204);
        scene.ask_providers().await;
        let kyc = scene.app.get(&format!("{OWN}/kyc")).bearer(&scene.token);
        kyc.send().await.expect(200);
        // Requests that wait count their time themselves.
        let poll = format!("{OWN}/kyc?lp_status=kyc-required&timeout_ms=50");
        scene
            .app
            .get(&poll)
            .bearer(&scene.token)
            .send()
            .await
            .expect(200);
    })
    .await;
}

#[tokio::test]
async fn limits_last_no_longer_than_they_say() {
    let _turn = turn().await;
    on_scene(async |scene| {
        // The clock is a year ahead when somebody guesses, and has codes sent.
        scene.at(YEAR);
        for _ in 0..10 {
            scene.log_in("wrong").await.refuses(401, 2015);
        }
        let answer = scene.log_in(PASSWORD).await;
        answer.refuses(429, 2131);
        scene.assert_wait(&answer, Duration::from_secs(15 * 60));
        // As many as one network may have open.
        for _ in 0..4 {
            let challenge = scene.challenge("ahead").await;
            scene.send(&challenge).await.expect(200);
        }
        for back in [0, -HOUR] {
            scene.at(back);
            scene.log_in(PASSWORD).await.expect(200);
            let challenge = scene.challenge("ahead").await;
            scene.send(&challenge).await.expect(200);
            scene.confirm(&challenge, &scene.code()).await.expect(204);
        }
        // Set back by less than the window is long, the limit holds on, in the safe direction, for twice as long at most.
        scene.at(0);
        for _ in 0..10 {
            scene.log_in("wrong").await;
        }
        scene.at(-600);
        let answer = scene.log_in(PASSWORD).await;
        answer.refuses(429, 2131);
        scene.assert_wait(&answer, Duration::from_secs(30 * 60));
        scene.at(900 + 1);
        scene.log_in(PASSWORD).await.expect(200);
    })
    .await;
}

#[tokio::test]
async fn a_year_too_many_and_back_brings_nothing_to_life() {
    let _turn = turn().await;
    on_scene(async |scene| {
        let short = scene.ten_minutes_token().await;
        let used = scene.challenge("used").await;
        scene.send(&used).await.expect(200);
        let code = scene.code();
        scene.confirm(&used, &code).await.expect(204);
        scene.sign_up("used", &used).await.expect(204);
        let open = scene.challenge("open").await;
        scene.send(&open).await.expect(200);
        let code = scene.code();
        scene.at(YEAR);
        scene.own(&short).send().await.refuses(401, 2015);
        scene.own(&scene.token).send().await.refuses(401, 2015);
        // Nothing is gone from view that was to stay: logging in works, and the new token.
        let ahead = scene.ten_minutes_token().await;
        scene.own(&ahead).send().await.expect(200);
        let challenge = scene.challenge("ahead").await;
        scene.send(&challenge).await.expect(200);
        sweep(&scene.app.app).await.expect("a sweep");
        scene.ask_providers().await;
        let (asked, questions) = (scene.exchange.hits("/keys"), scene.questions());

        scene.at(60);
        sweep(&scene.app.app).await.expect("a sweep");
        scene.confirm(&used, &code).await.refuses(404, 2126);
        // Its time had come by the clock that was wrong; whoever was at it begins again.
        scene.confirm(&open, &code).await.refuses(404, 2126);
        let again = scene.challenge("open").await;
        scene.send(&again).await.expect(200);
        scene.confirm(&again, &scene.code()).await.expect(204);
        scene.sign_up("open", &again).await.expect(204);
        scene.log_in(PASSWORD).await.expect(200);
        // What a wrong clock had put off is not put off for a year.
        scene.ask_providers().await;
        assert!(
            scene.exchange.hits("/keys") > asked,
            "keys are asked for again"
        );
        assert!(
            scene.questions() > questions,
            "accounts are asked about again"
        );
    })
    .await;
}
