//! Challenges: who is asked for them, what they are bound to, how they are sent and solved. One file for each of these.
//!
//! Here is what the tests share: applications that write their codes into a file, instances with factors, and the way from a 202 to the
//! confirmed request.

mod binding;
mod caps;
mod confirming;
pub(super) mod failures;
mod gate;
mod ids;
mod operator;
mod races;
mod replay;
mod sending;
mod validation;

use std::path::PathBuf;

use entity::challenge::Channel;
use kontor::{config::Settings, db, error::Error};
use serde_json::{Value, json};
use tempfile::TempDir;

use super::instances::{required_settings, with};
use crate::support::{Answer, Call, PASSWORD, TestApp, on_app_with};

/// The e-mail address that factors have.
pub(super) const EMAIL: &str = "alice@shop.example";
/// The phone number that factors have.
pub(super) const PHONE: &str = "+41791234567";

/// Where the instance `shop` looks after itself.
pub(super) const OWN: &str = "/instances/shop/private";

/// The file that codes are written into instead of being sent.
pub(super) struct Codes {
    file: PathBuf,
    _folder: TempDir,
}

impl Codes {
    fn new() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        Self {
            file: folder.path().join("codes.jsonl"),
            _folder: folder,
        }
    }

    /// Makes settings write the codes of a channel here.
    pub(super) fn take(&self, settings: &mut Settings, channel: Channel) {
        let file = Some(self.file.clone());
        match channel {
            Channel::Email => settings.tan.email.spool = file,
            Channel::Sms => settings.tan.sms.spool = file,
        }
    }

    /// Every message so far.
    pub(super) fn messages(&self) -> Vec<Value> {
        let lines = std::fs::read_to_string(&self.file).unwrap_or_default();
        let messages = lines.lines().map(serde_json::from_str);
        messages.collect::<Result<_, _>>().expect("lines of JSON")
    }

    /// The codes that were sent on a channel so far, as they are printed.
    pub(super) fn of(&self, channel: &str) -> Vec<String> {
        let messages = self.messages().into_iter();
        let of_channel = messages.filter(|message| message["channel"] == channel);
        of_channel.map(|message| text(&message["tan"])).collect()
    }

    /// The code that was sent last on a channel.
    pub(super) fn last(&self, channel: &str) -> String {
        self.of(channel).pop().expect("a code")
    }
}

/// Runs a test on an application with the instance `admin`, where codes can be sent by mail and by text message.
pub(super) async fn on_app_with_codes(test: impl AsyncFnOnce(&TestApp, &Codes)) {
    on_adjusted_app_with_codes(|_| {}, test).await;
}

/// The same with other settings.
pub(super) async fn on_adjusted_app_with_codes(
    adjust: impl FnOnce(&mut Settings),
    test: impl AsyncFnOnce(&TestApp, &Codes),
) {
    let codes = Codes::new();
    let settings = |settings: &mut Settings| {
        codes.take(settings, Channel::Email);
        codes.take(settings, Channel::Sms);
        adjust(settings);
    };
    on_app_with(settings, async |app| {
        app.create_admin().await;
        test(app, &codes).await;
    })
    .await;
}

/// Sets the contact and the factor of a channel, without any code.
pub(super) async fn set_factor(app: &TestApp, id: &str, channel: Channel, address: &'static str) {
    let serial = serial(app, id).await;
    let contact = match channel {
        Channel::Email => json!({ "email": address }),
        Channel::Sms => json!({ "phone_number": address }),
    };
    set_contacts(app, id, &contact).await;
    let written = app.app.database.write(move |transaction| {
        Box::pin(async move {
            db::instance::set_factor(transaction, serial, channel, Some(address)).await?;
            Ok::<_, Error>(())
        })
    });
    written.await.expect("a factor");
}

/// Adds to the contacts of an instance, as the operator, whose own factors are not asked for that.
pub(super) async fn set_contacts(app: &TestApp, id: &str, contacts: &Value) {
    let stored = db::instance::find(app.app.database.read(), id).await;
    let stored = stored.expect("a query").expect("an instance");
    let mut settings = required_settings();
    for (name, value) in [
        ("email", stored.email),
        ("phone_number", stored.phone_number),
    ] {
        if let Some(value) = value {
            settings[name] = json!(value);
        }
    }
    let profile = with(settings, contacts);
    let token = local_token(app, "admin").await;
    let patch = app.patch(&format!("/management/instances/{id}"), &profile);
    patch.bearer(&token).send().await.expect(204);
}

/// The number of an instance.
pub(super) async fn serial(app: &TestApp, id: &str) -> i64 {
    let stored = db::instance::find(app.app.database.read(), id).await;
    stored.expect("a query").expect("an instance").serial
}

/// A token with all rights, issued as the command line does: no second factor is asked.
pub(super) async fn local_token(app: &TestApp, id: &str) -> String {
    use kontor::{
        audit::Origin,
        auth::{Scope, TokenScope},
        config::Lifetime,
        merchant::{Grant, GrantedBy, grant_token},
    };

    let serial = serial(app, id).await;
    let credential = db::credential::find(app.app.database.read(), serial).await;
    let credential = credential.expect("a query").expect("a credential");
    let grant = Grant {
        instance_id: id.to_owned(),
        instance_serial: serial,
        credential_version: credential.version,
        scope: TokenScope {
            scope: Scope::All,
            refreshable: true,
        },
        lifetime: Lifetime::Forever,
        description: None,
        by: GrantedBy::CommandLine,
    };
    let granted = grant_token(&app.app, &Origin::of_command_line(), grant).await;
    granted.expect("a token").token.expose().to_owned()
}

/// An instance with the usual password and factors on these channels; returns a token with all rights.
pub(super) async fn shop_with_factors(app: &TestApp, id: &str, channels: &[Channel]) -> String {
    let token = app.shop(id).await;
    for channel in channels {
        let address = match channel {
            Channel::Email => EMAIL,
            Channel::Sms => PHONE,
        };
        set_factor(app, id, *channel, address).await;
    }
    token
}

/// The usual instance: `shop`, with a factor for mail.
pub(super) async fn shop(app: &TestApp) -> String {
    shop_with_factors(app, "shop", &[Channel::Email]).await
}

/// The challenges of a 202, whose id for older clients is that of the first.
#[track_caller]
pub(super) fn challenges(answer: &Answer) -> Vec<Value> {
    let body = answer.expect(202);
    let challenges = body["challenges"].as_array().expect("a list").clone();
    assert_eq!(body["challenge_id"], challenges[0]["challenge_id"]);
    challenges
}

/// The ids of a 202.
#[track_caller]
pub(super) fn ids(answer: &Answer) -> Vec<String> {
    let challenges = challenges(answer);
    let ids = challenges.iter().map(|found| text(&found["challenge_id"]));
    ids.collect()
}

/// The id of a 202 with one challenge.
#[track_caller]
pub(super) fn id(answer: &Answer) -> String {
    let ids = ids(answer);
    assert_eq!(ids.len(), 1, "{ids:?}");
    ids[0].clone()
}

fn text(value: &Value) -> String {
    value.as_str().expect("a text").to_owned()
}

/// Asks for the code of a challenge.
pub(super) async fn send(app: &TestApp, id: &str) -> Answer {
    app.post(&format!("/challenge/{id}"), &json!({}))
        .send()
        .await
}

/// Tries a code.
pub(super) async fn confirm(app: &TestApp, id: &str, tan: &str) -> Answer {
    let path = format!("/challenge/{id}/confirm");
    app.post(&path, &json!({ "tan": tan })).send().await
}

/// Asks for the code of a challenge and takes it from the file.
pub(super) async fn code(app: &TestApp, codes: &Codes, id: &str) -> String {
    let sent = send(app, id).await.expect(200);
    codes.last(sent["tan_channel"].as_str().expect("a channel"))
}

/// A code that is none of these, nor the one after.
pub(super) fn wrong(code: &str) -> String {
    let last = code.chars().last().expect("a digit");
    let other = if last == '0' { '1' } else { '0' };
    format!("{}{other}", &code[..code.len() - 1])
}

/// Solves a challenge.
pub(super) async fn solve(app: &TestApp, codes: &Codes, id: &str) {
    let code = code(app, codes, id).await;
    confirm(app, id, &code).await.expect(204);
}

/// A request that brings challenges.
pub(super) fn with_ids<'a>(call: Call<'a>, ids: &[impl AsRef<str>]) -> Call<'a> {
    let ids: Vec<_> = ids.iter().map(AsRef::as_ref).collect();
    call.header("taler-challenge-ids", &ids.join(", "))
}

/// Makes a request, solves what its 202 asks for, and makes it again with the solved challenges.
pub(super) async fn confirmed<'a>(
    app: &TestApp,
    codes: &Codes,
    request: impl Fn() -> Call<'a>,
) -> Answer {
    let answer = request().send().await;
    let mut ids = ids(&answer);
    if answer.json()["combi_and"] == false {
        ids.truncate(1);
    }
    for id in &ids {
        solve(app, codes, id).await;
    }
    with_ids(request(), &ids).send().await
}

/// A login with the usual password.
pub(super) fn login<'a>(app: &'a TestApp, id: &str) -> Call<'a> {
    let path = format!("/instances/{id}/private/token");
    let login = app.post(&path, &json!({ "scope": "all" }));
    login.basic(id, PASSWORD)
}

/// A change to a new password.
pub(super) fn change_auth<'a>(
    app: &'a TestApp,
    path: &str,
    password: &str,
    token: &str,
) -> Call<'a> {
    let auth = json!({ "method": "token", "password": password });
    app.post(&format!("{path}/auth"), &auth).bearer(token)
}

/// What only the owner of the instance `shop` may do: a login, a change to the same password, a bank account, a deletion.
pub(super) fn protected<'a>(
    app: &'a TestApp,
    token: &'a str,
) -> Vec<Box<dyn Fn() -> Call<'a> + 'a>> {
    vec![
        Box::new(move || login(app, "shop")),
        Box::new(move || change_auth(app, OWN, PASSWORD, token)),
        Box::new(move || {
            let account = json!({ "payto_uri": "payto://void/shop" });
            app.post(&format!("{OWN}/accounts"), &account).bearer(token)
        }),
        Box::new(move || app.delete(OWN).bearer(token)),
    ]
}

#[tokio::test]
async fn a_login_with_a_factor_takes_a_code() {
    on_app_with_codes(async |app, codes| {
        shop(app).await;
        let answer = confirmed(app, codes, || login(app, "shop")).await;
        answer.expect(200);
    })
    .await;
}

#[tokio::test]
async fn an_auth_change_with_a_factor_takes_a_code() {
    on_app_with_codes(async |app, codes| {
        let token = shop(app).await;
        let change = || change_auth(app, "/instances/shop/private", "another", &token);
        let id = id(&change().send().await);
        let right = code(app, codes, &id).await;
        confirm(app, &id, &wrong(&right)).await.expect(409);
        confirm(app, &id, &right).await.expect(204);
        with_ids(change(), &[id]).send().await.expect(204);
    })
    .await;
}
