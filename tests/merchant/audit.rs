//! What operations record: the life of an instance yields every event, and none of them holds a secret.

mod scene;

use std::collections::BTreeSet;

use entity::audit_event::ActorKind;
use kontor::audit::{Event, Origin};
use kontor::config::Lifetime;
use kontor::merchant::{
    ChangedBy, Grant, GrantedBy, NewAuth, Revocation, change_auth, grant_token, revoke_token,
};
use serde_json::json;

use crate::support::{PASSWORD, instance};
use scene::{CLIENT, EMAIL, NEXT_EMAIL, NEXT_PASSWORD, PHONE, Scene, WRONG_PASSWORD, on_scene};

const PRIVATE: &str = "/instances/shop/private";

async fn signs_up(scene: &mut Scene<'_>) -> String {
    scene.expect_any().await;
    let mut shop = instance("shop");
    shop["email"] = json!(EMAIL);
    let path = "/instances?token_validity_ms=3600000";
    let first = scene.send("POST", path).json(&shop).answer(202).await;
    let id = scene.challenge(&first);
    let code = scene.request_code(&id).await;
    scene.confirm(&id, "0000-0000").await.expect(409);
    scene.confirm(&id, &code).await.expect(204);
    let again = scene.send("POST", path).json(&shop).ids(&id);
    let token = again.answer(200).await;
    scene
        .expect(&[
            "challenge.sent anonymous shop address=a***@s***.example channel=email purpose=sign-up",
            "challenge.failed anonymous shop channel=email guesses_left=2 purpose=sign-up",
            "challenge.solved anonymous shop address=a***@s***.example channel=email purpose=sign-up",
            "instance.created second-factor:shop shop self_provisioned=true",
            "factor.added second-factor:shop shop address=a***@s***.example channel=email",
            "login.granted second-factor:shop shop scope=spa:refreshable",
        ])
        .await;
    scene.token(&token)
}

async fn logs_in_and_out(scene: &mut Scene<'_>) -> String {
    let path = format!("{PRIVATE}/token");
    let scope = json!({ "scope": "all:refreshable" });
    let wrong = scene.send("POST", &path).json(&scope);
    wrong.basic("shop", WRONG_PASSWORD).answer(401).await;
    let login = scene.send("POST", &path).json(&scope);
    let first = login.basic("shop", PASSWORD).answer(202).await;
    let ids = scene.solve(&first).await;
    let login = scene.send("POST", &path).json(&scope).ids(&ids);
    let answer = login.basic("shop", PASSWORD).answer(200).await;
    let token = scene.token(&answer);
    let mut refreshed = Vec::new();
    for _ in 0..2 {
        let refresh = scene.send("POST", &path).json(&scope).bearer(&token);
        let answer = refresh.answer(200).await;
        refreshed.push(scene.token(&answer));
    }
    let logout = scene.send("DELETE", &path).bearer(&refreshed[0]);
    logout.answer(204).await;
    let last = scene.last_token("token.refreshed").await;
    let path = format!("{PRIVATE}/tokens/{last}");
    scene.send("DELETE", &path).bearer(&token).answer(204).await;
    // Reading, and refusals that cost nothing, are not recorded.
    scene.send("GET", PRIVATE).bearer(&token).answer(200).await;
    let unknown = scene.send("GET", PRIVATE).bearer(&refreshed[0]);
    unknown.answer(401).await;
    scene
        .expect(&[
            "login.refused anonymous shop reason=wrong-password",
            "challenge.sent anonymous shop address=a***@s***.example channel=email purpose=log-in",
            "challenge.solved anonymous shop address=a***@s***.example channel=email purpose=log-in",
            "login.granted password:shop shop scope=all:refreshable",
            "token.refreshed token:shop shop scope=all:refreshable",
            "token.refreshed token:shop shop scope=all:refreshable",
            "token.revoked token:shop shop",
            "token.revoked token:shop shop",
        ])
        .await;
    token
}

/// Adds an account with a code, and returns where it is and its wire hash.
async fn adds_an_account(scene: &mut Scene<'_>, token: &str) -> (String, String) {
    let path = format!("{PRIVATE}/accounts");
    let account = json!({
        "payto_uri": "payto://void/coffee", "credit_facade_url": "https://bank.example/",
        "credit_facade_credentials": {
            "type": "basic", "username": "coffee", "password": "planted-facade",
        },
    });
    let add = scene.send("POST", &path).json(&account).bearer(token);
    let first = add.answer(202).await;
    let ids = scene.solve(&first).await;
    let add = scene.send("POST", &path).json(&account).bearer(token);
    let added = add.ids(&ids).answer(200).await;
    let h_wire = added["h_wire"].as_str().expect("a hash").to_owned();
    (format!("{path}/{h_wire}"), h_wire)
}

async fn has_an_account(scene: &mut Scene<'_>, token: &str) {
    scene.secrets.push("planted-facade".to_owned());
    let (path, h_wire) = adds_an_account(scene, token).await;
    let change = scene.send("PATCH", &path).json(&json!({}));
    change.bearer(token).answer(204).await;
    // The second time nothing happens.
    for _ in 0..2 {
        scene.send("DELETE", &path).bearer(token).answer(204).await;
    }
    adds_an_account(scene, token).await;
    let lines = [
        format!("account.added token:shop shop h_wire={h_wire} reactivated=false"),
        format!("account.changed token:shop shop h_wire={h_wire}"),
        format!("account.deactivated token:shop shop h_wire={h_wire}"),
        format!("account.added token:shop shop h_wire={h_wire} reactivated=true"),
    ];
    let lines: Vec<_> = lines.iter().map(String::as_str).collect();
    scene.expect_without("challenge", &lines).await;
}

async fn has_a_device(scene: &mut Scene<'_>, token: &str) {
    let path = format!("{PRIVATE}/otp-devices");
    let key = json!("NJQXG43FNZXXEZLUMVXHI");
    let device = json!({
        "otp_device_id": "till", "otp_device_description": "Till", "otp_key": key, "otp_algorithm": 1,
    });
    // The second time nothing happens.
    for _ in 0..2 {
        let create = scene.send("POST", &path).json(&device);
        create.bearer(token).answer(204).await;
    }
    let path = format!("{path}/till");
    for key in [json!(null), key] {
        let change =
            json!({ "otp_device_description": "Till", "otp_key": key, "otp_algorithm": "none" });
        let change = scene.send("PATCH", &path).json(&change);
        change.bearer(token).answer(204).await;
    }
    scene.send("GET", &path).bearer(token).answer(200).await;
    scene.send("DELETE", &path).bearer(token).answer(204).await;
    scene.send("DELETE", &path).bearer(token).answer(404).await;
    scene
        .expect(&[
            "otp-device.created token:shop shop algorithm=TOTP_WITHOUT_PRICE",
            "otp-device.changed token:shop shop algorithm=NONE key_replaced=false",
            "otp-device.changed token:shop shop algorithm=NONE key_replaced=true",
            "otp-device.deleted token:shop shop",
        ])
        .await;
    scene.secrets.push("NJQXG43FNZXXEZLUMVXHI".to_owned());
}

async fn validates(scene: &mut Scene<'_>, token: &str, channel: &str) {
    let path = format!("/instances/shop/auth-channels/{channel}/validate");
    let first = scene.send("POST", &path).bearer(token).answer(202).await;
    let ids = scene.solve(&first).await;
    let again = scene.send("POST", &path).bearer(token).ids(&ids);
    again.answer(204).await;
}

async fn moves(scene: &mut Scene<'_>, token: &str) {
    let mut change = scene::settings();
    change["email"] = json!(NEXT_EMAIL);
    change["phone_number"] = json!(PHONE);
    let patch = scene.send("PATCH", PRIVATE).json(&change);
    patch.bearer(token).answer(204).await;
    scene
        .expect(&[
            "instance.changed token:shop shop",
            "contact.changed token:shop shop address=b***@s***.example channel=email",
            "contact.changed token:shop shop address=***4567 channel=sms",
        ])
        .await;
    validates(scene, token, "sms").await;
    validates(scene, token, "email").await;
    change["phone_number"] = json!(null);
    let patch = scene.send("PATCH", PRIVATE).json(&change);
    patch.bearer(token).answer(204).await;
    validates(scene, token, "sms").await;
    scene.expect_without("challenge.", &[
            "factor.added token:shop shop address=***4567 channel=sms",
            "factor.moved token:shop shop address=b***@s***.example channel=email from=a***@s***.example",
            "instance.changed token:shop shop",
            "contact.changed token:shop shop channel=sms",
            "factor.dropped token:shop shop address=***4567 channel=sms",
        ])
        .await;
}

async fn changes_the_password(scene: &mut Scene<'_>, token: &str) {
    let path = format!("{PRIVATE}/auth");
    let next = json!({ "method": "token", "password": NEXT_PASSWORD });
    let change = scene.send("POST", &path).json(&next);
    let first = change.bearer(token).answer(202).await;
    let id = scene.challenge(&first);
    let code = scene.request_code_undelivered_first(&id).await;
    let early = scene.send("POST", &format!("/challenge/{id}"));
    early.json(&json!({})).answer(429).await;
    scene.confirm(&id, &code).await.expect(204);
    let again = scene.send("POST", &path).json(&next).ids(&id);
    again.bearer(token).answer(204).await;

    let path = "/instances/shop/forgot-password";
    let first = scene.send("POST", path).json(&next).answer(202).await;
    let ids = scene.solve(&first).await;
    let again = scene.send("POST", path).json(&next).ids(&ids);
    again.answer(204).await;
    scene
        .expect(&[
            "challenge.undelivered anonymous shop address=b***@s***.example channel=email purpose=change-credentials reason=failed",
            "challenge.sent anonymous shop address=b***@s***.example channel=email purpose=change-credentials",
            "challenge.refused anonymous shop cap=retransmission channel=email purpose=change-credentials",
            "challenge.solved anonymous shop address=b***@s***.example channel=email purpose=change-credentials",
            "credentials.changed token:shop shop by=owner form=password tokens_ended=false",
            "challenge.sent anonymous shop address=b***@s***.example channel=email purpose=reset-password",
            "challenge.solved anonymous shop address=b***@s***.example channel=email purpose=reset-password",
            "credentials.changed second-factor:shop shop by=reset form=password tokens_ended=true",
        ])
        .await;
}

async fn is_looked_after(scene: &mut Scene<'_>) {
    let login = scene.send("POST", "/private/token");
    let login = login.json(&json!({ "scope": "all" }));
    let answer = login.basic("admin", PASSWORD).answer(200).await;
    let admin = scene.token(&answer);
    let create = scene.send("POST", "/management/instances");
    let create = create.json(&instance("other")).bearer(&admin);
    create.answer(204).await;
    let path = "/management/instances/shop";
    let patch = scene.send("PATCH", path).json(&scene::settings());
    patch.bearer(&admin).answer(204).await;
    let auth = json!({ "method": "token", "password": PASSWORD });
    let change = scene.send("POST", &format!("{path}/auth")).json(&auth);
    change.bearer(&admin).answer(204).await;
    at_the_command_line(scene).await;
    scene.send("DELETE", path).bearer(&admin).answer(204).await;
    let purge = scene.send("DELETE", &format!("{path}?purge=YES"));
    purge.bearer(&admin).answer(204).await;
    scene
        .expect(&[
            "login.granted password:admin admin scope=all",
            "instance.created token:admin other self_provisioned=false",
            "instance.changed token:admin shop",
            "contact.changed token:admin shop channel=email",
            "credentials.changed token:admin shop by=operator form=password tokens_ended=true",
            "token.granted command-line shop scope=readonly",
            "token.revoked command-line shop",
            "credentials.changed command-line shop by=operator form=password tokens_ended=true",
            "factor.cleared command-line shop",
            "instance.disabled token:admin shop",
            "instance.purged token:admin shop",
        ])
        .await;
}

async fn at_the_command_line(scene: &Scene<'_>) {
    let (app, origin) = (&scene.app.app, Origin::of_command_line());
    let stored = kontor::db::instance::find(app.database.read(), "shop").await;
    let stored = stored.expect("a query").expect("a shop");
    let credential = kontor::db::credential::find(app.database.read(), stored.serial).await;
    let grant = Grant {
        instance_serial: stored.serial,
        instance_id: "shop".to_owned(),
        credential_version: credential.expect("a query").expect("a row").version,
        scope: "readonly".parse().expect("a scope"),
        lifetime: Lifetime::Forever,
        description: None,
        by: GrantedBy::CommandLine,
    };
    let granted = grant_token(app, &origin, grant).await.expect("a token");
    let revocation = Revocation::WithRefreshed(granted.serial);
    let revoked = revoke_token(app, &origin, stored.serial, "shop", revocation).await;
    assert!(revoked.expect("a revocation"));
    let by = ChangedBy::CommandLine {
        clear_second_factor: true,
    };
    let password = serde_json::from_value(json!(PASSWORD)).expect("a password");
    let auth = NewAuth::Password(password);
    let changed = change_auth(app, &stored, &auth, &origin, by).await;
    changed.expect("a password");
}

#[tokio::test]
async fn the_life_of_an_instance_yields_every_event() {
    on_scene(async |scene| {
        scene
            .expect(&["instance.created command-line admin self_provisioned=false"])
            .await;
        signs_up(scene).await;
        let token = logs_in_and_out(scene).await;
        has_a_device(scene, &token).await;
        has_an_account(scene, &token).await;
        moves(scene, &token).await;
        changes_the_password(scene, &token).await;
        is_looked_after(scene).await;

        let events = scene.events().await;
        let names: BTreeSet<_> = events.iter().map(|event| &event.event[..]).collect();
        let of_instances = |name: &&str| !name.starts_with("client.");
        let expected: BTreeSet<_> = Event::NAMES.into_iter().filter(of_instances).collect();
        assert_eq!(names, expected);
        for event in &events {
            let (address, request) = (event.address.as_deref(), &event.request_id);
            if event.actor_kind == ActorKind::CommandLine {
                assert_eq!((address, request), (None, &None), "{event:?}");
            } else {
                assert_eq!(address, Some(CLIENT), "{event:?}");
                let id = request.as_ref().expect("a request");
                assert!(scene.requests.contains(id), "{event:?}");
            }
            let by_token = event.actor_kind == ActorKind::Token;
            assert_eq!(event.actor_token_serial.is_some(), by_token, "{event:?}");
        }
        scene.holds_no_secret(&events);
        let metrics = kontor::server::metrics(&scene.app.app).render();
        for line in [
            r#"kontor_codes_total{channel="email",outcome="undelivered"} 1"#,
            r#"kontor_codes_total{channel="email",outcome="refused"} 1"#,
            r#"kontor_codes_total{channel="email",outcome="wrong"} 1"#,
            r#"kontor_codes_total{channel="sms",outcome="sent"} 2"#,
            r#"kontor_codes_total{channel="sms",outcome="solved"} 2"#,
        ] {
            assert!(
                metrics.lines().any(|found| found == line),
                "{line}\n{metrics}"
            );
        }
    })
    .await;
}

#[tokio::test]
async fn a_legacy_secret_and_a_removal_by_the_owner_are_told_apart() {
    on_scene(async |scene| {
        let secret = "secret-token:planted-weak-Ls45";
        let mut shop = instance("shop");
        shop["auth"] = json!({ "method": "token", "token": secret });
        let message = serde_json::from_value(shop).expect("settings");
        let by = kontor::merchant::By::CommandLine;
        let origin = Origin::of_command_line();
        let created = kontor::merchant::create_instance(&scene.app.app, message, &origin, by);
        created.await.expect("a shop");
        scene.expect_any().await;
        let scope = json!({ "scope": "readonly" });
        let login = scene.send("POST", &format!("{PRIVATE}/token")).json(&scope);
        login.bearer(secret).answer(200).await;
        let wrong = scene.send("GET", PRIVATE);
        wrong.bearer("secret-token:wrong").answer(401).await;
        let auth = json!({ "method": "token", "token": "secret-token:planted-weak-Ls46" });
        let change = scene.send("POST", &format!("{PRIVATE}/auth")).json(&auth);
        change.bearer(secret).answer(204).await;
        let purge = scene.send("DELETE", &format!("{PRIVATE}?purge=YES"));
        purge.bearer("secret-token:planted-weak-Ls46").answer(204).await;
        scene
            .expect(&[
                "login.granted legacy-secret:shop shop scope=readonly",
                "login.refused anonymous shop reason=wrong-password",
                "credentials.changed legacy-secret:shop shop by=owner form=legacy-secret tokens_ended=false",
                "instance.purged legacy-secret:shop shop",
            ])
            .await;
        scene.secrets = vec!["planted-weak".to_owned()];
        scene.holds_no_secret(&scene.events().await);
    })
    .await;
}

#[tokio::test]
async fn what_did_not_happen_leaves_no_event() {
    on_scene(async |scene| {
        let login = scene.send("POST", "/private/token");
        let login = login.json(&json!({ "scope": "all" }));
        let answer = login.basic("admin", PASSWORD).answer(200).await;
        let admin = scene.token(&answer);
        scene.app.shop("shop").await;
        scene.expect_any().await;
        let create = scene.send("POST", "/management/instances");
        let same = create.json(&instance("shop")).bearer(&admin);
        same.answer(204).await;
        let mut other = instance("shop");
        other["name"] = json!("Another name");
        let create = scene.send("POST", "/management/instances").json(&other);
        create.bearer(&admin).answer(409).await;
        let revoke = scene.send("DELETE", &format!("{PRIVATE}/tokens/999"));
        revoke.bearer(&admin).answer(401).await;
        let admin_stays = scene.send("DELETE", "/management/instances/admin");
        admin_stays.bearer(&admin).answer(409).await;
        scene.expect(&[]).await;

        // A right that ended before the write: the whole write is taken back.
        let app = &scene.app.app;
        let stored = kontor::db::instance::find(app.database.read(), "shop").await;
        let stored = stored.expect("a query").expect("a shop");
        let grant = Grant {
            instance_serial: stored.serial,
            instance_id: "shop".to_owned(),
            credential_version: 99,
            scope: "all".parse().expect("a scope"),
            lifetime: Lifetime::Forever,
            description: None,
            by: GrantedBy::Login(Vec::new()),
        };
        let refused = grant_token(app, &Origin::of_command_line(), grant).await;
        assert!(refused.is_err());
        scene.expect(&[]).await;
    })
    .await;
}

#[tokio::test]
async fn names_that_strangers_invent_fill_no_table() {
    on_scene(async |scene| {
        let limit = scene.app.app.settings.limits.sign_ups;
        for number in 0..=limit + 2 {
            let mut shop = instance(&format!("shop-{number}"));
            shop["email"] = json!(EMAIL);
            let status = if number < limit { 202 } else { 429 };
            let sign_up = scene.send("POST", "/instances").json(&shop);
            sign_up.answer(status).await;
        }
        scene
            .expect(&["instance.created command-line admin self_provisioned=false"])
            .await;
    })
    .await;
}

#[tokio::test]
async fn a_reset_that_a_cap_refuses_is_recorded() {
    on_scene(async |scene| {
        signs_up(scene).await;
        let next = json!({ "method": "token", "password": NEXT_PASSWORD });
        let limit = scene.app.app.settings.limits.resets;
        for number in 0..=limit {
            let status = if number < limit { 202 } else { 429 };
            let path = "/instances/shop/forgot-password";
            scene.send("POST", path).json(&next).answer(status).await;
        }
        scene
            .expect(&["challenge.refused anonymous shop cap=network purpose=reset-password"])
            .await;
    })
    .await;
}
