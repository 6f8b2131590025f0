//! `kontor audit list`.

use serde_json::{Value, json};
use snapbox::str;

use super::program::{Place, on_place};

/// Three events, of which the instance of one is gone.
async fn with_events(place: &Place) {
    place.output(&["migrate"]);
    place
        .execute(
            "INSERT INTO audit_event (at_us, event, outcome, instance_id, actor_kind, actor_instance, actor_token_serial, \
             actor_user, address, request_id, detail) VALUES \
             (1700000000000000, 'login.refused', 'refused', 'gone', 'anonymous', NULL, NULL, NULL, '192.0.2.7', \
              '01HF7YAT00000000000000000A', '{\"reason\": \"wrong-password\"}'), \
             (1700000001500000, 'token.refreshed', 'ok', 'shop', 'token', 'shop', 3, NULL, '2001:db8::1', \
              '01HF7YAT00000000000000000B', '{\"token_serial\": 4, \"scope\": \"readonly\"}'), \
             (1700000002000000, 'factor.cleared', 'ok', 'shop', 'command-line', NULL, NULL, 'alice', NULL, NULL, '{}')",
        )
        .await;
}

#[tokio::test]
async fn the_record_reads_like_a_log() {
    on_place(async |place| {
        with_events(place).await;
        place
            .kontor(&["audit", "list"])
            .assert()
            .success()
            .stdout_eq(str![[r#"
TIME                         EVENT            OUTCOME  INSTANCE  ACTOR               ADDRESS      REQUEST                     DETAIL
2023-11-14T22:13:20.000000Z  login.refused    refused  gone      anonymous           192.0.2.7    01HF7YAT00000000000000000A  reason=wrong-password
2023-11-14T22:13:21.500000Z  token.refreshed  ok       shop      token:shop:3        2001:db8::1  01HF7YAT00000000000000000B  token_serial=4 scope=readonly
2023-11-14T22:13:22.000000Z  factor.cleared   ok       shop      command-line:alice  -            -

"#]]);
        let choose = |arguments: &[&str]| {
            let all = [&["audit", "list"], arguments].concat();
            let text = place.output(&all);
            let names = text
                .lines()
                .skip(1)
                .filter_map(|line| line.split_whitespace().nth(1));
            names.map(str::to_owned).collect::<Vec<_>>()
        };
        assert_eq!(
            choose(&["--limit", "2"]),
            ["token.refreshed", "factor.cleared"]
        );
        assert_eq!(choose(&["--instance", "gone"]), ["login.refused"]);
        assert_eq!(choose(&["--instance", "nobody"]), [""; 0]);
        assert_eq!(
            choose(&["--since", "2023-11-14T22:13:22Z"]),
            ["factor.cleared"]
        );
        assert_eq!(choose(&["--since", "1 h"]), [""; 0]);
        assert_eq!(
            choose(&["--event", "login.refused", "--event", "factor.cleared"]),
            ["login.refused", "factor.cleared"]
        );
    })
    .await;
}

#[tokio::test]
async fn the_record_as_json_has_every_field() {
    on_place(async |place| {
        with_events(place).await;
        let text = place.output(&["audit", "list", "--json"]);
        let listed: Value = serde_json::from_str(&text).expect("JSON");
        assert_eq!(
            listed,
            json!({"events": [
                {
                    "serial": 1, "at": "2023-11-14T22:13:20.000000Z", "event": "login.refused", "outcome": "refused",
                    "instance": "gone", "actor": {"kind": "anonymous"}, "address": "192.0.2.7",
                    "request_id": "01HF7YAT00000000000000000A", "detail": {"reason": "wrong-password"},
                },
                {
                    "serial": 2, "at": "2023-11-14T22:13:21.500000Z", "event": "token.refreshed", "outcome": "ok",
                    "instance": "shop", "actor": {"kind": "token", "instance": "shop", "token_serial": 3},
                    "address": "2001:db8::1", "request_id": "01HF7YAT00000000000000000B",
                    "detail": {"token_serial": 4, "scope": "readonly"},
                },
                {
                    "serial": 3, "at": "2023-11-14T22:13:22.000000Z", "event": "factor.cleared", "outcome": "ok",
                    "instance": "shop", "actor": {"kind": "command-line", "user": "alice"}, "detail": {},
                },
            ]})
        );
        let empty = place.output(&["audit", "list", "--json", "--instance", "nobody"]);
        let empty: Value = serde_json::from_str(&empty).expect("JSON");
        assert_eq!(empty, json!({"events": []}));
    })
    .await;
}

#[tokio::test]
async fn wrong_choices_are_told() {
    on_place(async |place| {
        place.output(&["migrate"]);
        let list = |arguments: &[&str]| place.kontor(&[&["audit", "list"], arguments].concat());
        list(&["--event", "login.grant"])
            .assert()
            .code(2)
            .stderr_eq(str![[r#"
error: invalid value 'login.grant' for '--event <NAME>'
  [possible values: login.granted, login.refused, token.granted, token.refreshed, token.revoked, instance.created, instance.changed, instance.disabled, instance.purged, credentials.changed, challenge.sent, challenge.undelivered, challenge.solved, challenge.failed, challenge.refused, contact.changed, factor.added, factor.moved, factor.dropped, factor.cleared, account.added, account.changed, account.deactivated, otp-device.created, otp-device.changed, otp-device.deleted, client.registered, client.secret-replaced, client.deleted]

  tip: a similar value exists: 'login.granted'

For more information, try '--help'.

"#]]);
        list(&["--since", "yesterday"])
            .assert()
            .code(2)
            .stderr_eq(str![[r#"
error: "yesterday" is neither a time nor a duration; write for example "2026-10-03", "2026-10-03T08:00:00Z" or "2 h"

"#]]);
        list(&["--limit", "0"]).assert().code(2).stderr_eq(str![[r#"
error: invalid value '0' for '--limit <N>': 0 is not in 1..=1000000000

For more information, try '--help'.

"#]]);
        list(&["--instance", "a/b"])
            .assert()
            .code(2)
            .stderr_eq(str![[r#"
error: "a/b" is no instance id: 2 to 255 letters, digits and _ . @ -, beginning with a letter or digit

"#]]);
    })
    .await;
}

#[tokio::test]
async fn the_record_has_what_was_done_here() {
    on_place(async |place| {
        place.create_instance("shop");
        place.output(&["token", "create", "shop", "--scope", "readonly"]);
        place.output(&["token", "revoke", "shop", "1"]);
        let arguments = ["instance", "passwd", "shop", "--clear-second-factor"];
        let passwd = place.kontor(&[&arguments[..], &["--password-stdin"]].concat());
        passwd.stdin("open sesame\n").assert().success();
        place.output(&["instance", "disable", "shop"]);
        place.output(&["instance", "delete", "shop", "--yes"]);

        let text = place.output(&["audit", "list", "--json"]);
        assert!(!text.contains("sesame"), "{text}");
        let listed: Value = serde_json::from_str(&text).expect("JSON");
        let events = listed["events"].as_array().expect("events");
        let told: Vec<_> = events
            .iter()
            .map(|event| {
                assert_eq!(event["actor"]["kind"], "command-line", "{event}");
                assert_eq!(event["instance"], "shop", "{event}");
                assert!(event.get("address").is_none(), "{event}");
                (
                    event["event"].as_str().expect("a name"),
                    event["detail"].clone(),
                )
            })
            .collect();
        let token = json!({"token_serial": 1, "scope": "readonly"});
        let changed = json!({"by": "operator", "form": "password", "tokens_ended": true});
        assert_eq!(
            told,
            [
                ("instance.created", json!({"self_provisioned": false})),
                ("token.granted", token),
                ("token.revoked", json!({"token_serial": 1})),
                ("credentials.changed", changed),
                ("factor.cleared", json!({})),
                ("instance.disabled", json!({})),
                ("instance.purged", json!({})),
            ]
        );
    })
    .await;
}
