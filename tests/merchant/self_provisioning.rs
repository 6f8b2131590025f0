//! What owners do without the operator: sign up, and set a forgotten password.

mod bound;
mod bounded;
mod limits;
mod proof;
mod races;
mod reset;
mod sign_up;
mod stale;
mod taken;

use entity::challenge::Channel;
use kontor::config::{Settings, TanChannel};
use serde_json::{Value, json};

use super::instances::with;
use super::second_factor::{Codes, confirmed, login, on_adjusted_app_with_codes};
use crate::support::{Answer, Call, PASSWORD, TestApp};

/// The contacts of those who sign up in these tests.
const EMAIL: &str = "eve@books.example";
const PHONE: &str = "+41791234567";

/// How often the races are run: none of them shows each time.
pub(super) fn repetitions() -> usize {
    let wanted = std::env::var("KONTOR_TEST_REPETITIONS").ok();
    wanted.map_or(3, |wanted| wanted.parse().expect("a number"))
}

/// Runs a test on a server where people sign up, and prove e-mail addresses and phone numbers.
pub(super) async fn on_open_server(
    adjust: impl FnOnce(&mut Settings),
    test: impl AsyncFnOnce(&TestApp, &Codes),
) {
    let open = |settings: &mut Settings| {
        settings.merchant.self_provisioning = true;
        adjust(settings);
    };
    on_adjusted_app_with_codes(open, test).await;
}

/// Both channels are mandatory.
pub(super) fn both_mandatory(settings: &mut Settings) {
    settings.merchant.mandatory_tan_channels = vec![TanChannel::Email, TanChannel::Sms];
}

/// Nobody can be sent a text message.
pub(super) fn without_texts(settings: &mut Settings) {
    settings.tan.sms.spool = None;
}

/// What a form asks for: no phone number.
pub(super) fn form(id: &str) -> Value {
    json!({
        "id": id, "name": format!("Books {id}"), "email": EMAIL, "auth": auth(PASSWORD),
        "address": {}, "jurisdiction": {}, "use_stefan": true,
    })
}

/// The same with a phone number.
pub(super) fn full_form(id: &str) -> Value {
    with(form(id), &json!({ "phone_number": PHONE }))
}

fn auth(password: &str) -> Value {
    json!({ "method": "token", "password": password })
}

/// Signs up with every code that is asked for; returns the last answer.
pub(super) async fn sign_up(app: &TestApp, codes: &Codes, form: &Value) -> Answer {
    confirmed(app, codes, || app.post("/instances", form)).await
}

/// Begins to set a forgotten password.
fn reset<'a>(app: &'a TestApp, id: &str, password: &str) -> Call<'a> {
    let path = format!("/instances/{id}/forgot-password");
    app.post(&path, &auth(password))
}

/// Logs in with a code; returns the token.
pub(super) async fn logged_in(app: &TestApp, codes: &Codes, id: &str) -> String {
    let answer = confirmed(app, codes, || login(app, id)).await;
    let token = &answer.expect(200)["access_token"];
    token.as_str().expect("a token").to_owned()
}

fn login_with<'a>(app: &'a TestApp, id: &str, password: &str) -> Call<'a> {
    let path = format!("/instances/{id}/private/token");
    let login = app.post(&path, &json!({ "scope": "all" }));
    login.basic(id, password)
}

/// The settings of an instance, as its owner sees them.
async fn own_settings(app: &TestApp, id: &str, token: &str) -> Value {
    let path = format!("/instances/{id}/private");
    app.get(&path).bearer(token).send().await.expect(200)
}

/// Whether the e-mail address and the phone number are factors.
pub(super) async fn validated(app: &TestApp, id: &str, token: &str) -> [bool; 2] {
    let shown = own_settings(app, id, token).await;
    ["email_validated", "phone_validated"].map(|name| shown[name] == true)
}

/// Whether there is such an instance.
async fn exists(app: &TestApp, id: &str) -> bool {
    let answer = app.get(&format!("/instances/{id}/config")).send().await;
    answer.code() != Some(2000)
}

/// Changes settings of an instance as its owner.
pub(super) async fn change(app: &TestApp, id: &str, token: &str, changes: &Value) -> Answer {
    let shown = own_settings(app, id, token).await;
    let names = [
        "name",
        "email",
        "phone_number",
        "address",
        "jurisdiction",
        "use_stefan",
    ];
    let kept = names.map(|name| (name.to_owned(), shown[name].clone()));
    let body = with(Value::Object(kept.into_iter().collect()), changes);
    let patch = app.patch(&format!("/instances/{id}/private"), &body);
    patch.bearer(token).send().await
}

/// The proven addresses of an instance, as the database has them: e-mail and phone.
pub(super) async fn factors(app: &TestApp, id: &str) -> [Option<String>; 2] {
    let stored = kontor::db::instance::find(app.app.database.read(), id).await;
    let stored = stored.expect("a query").expect("an instance");
    let factors = kontor::db::instance::SecondFactors::from(&stored);
    [Channel::Email, Channel::Sms].map(|channel| factors.factor(channel).map(str::to_owned))
}

/// The masked addresses of a 202.
pub(super) fn hints(challenged: &Value) -> Vec<&str> {
    let challenges = challenged["challenges"].as_array().expect("challenges");
    let hints = challenges.iter().map(|found| found["tan_info"].as_str());
    hints.map(|hint| hint.expect("a hint")).collect()
}

/// Whether an instance has this password.
async fn is_password(app: &TestApp, id: &str, password: &str) -> bool {
    let answer = login_with(app, id, password).send().await;
    match answer.status.as_u16() {
        401 => false,
        status => {
            assert!([200, 202].contains(&status), "{status}");
            true
        }
    }
}
