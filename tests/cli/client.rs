//! `kontor client`: what it prints, what it keeps, and how it refuses.

use kontor::challenger::client_secret::ClientSecret;
use serde_json::{Value, json};
use snapbox::str;

use super::program::{Place, names_in, on_place};

const URI: &str = "https://client.example/done";
const SECRET: &str = "secret-token:0123456789abcdef0123456789abcdef";
const WEAK: &str = "secret-token:correct horse battery staple";

/// The first client set up a validation and got a token; all have counts.
const USED: &str = "\
    UPDATE client SET setups = 3, codes_sent = 2, validations = 1; \
    INSERT INTO validation (client_serial, nonce_digest, created_at_us, expires_at_us, is_read_only, changes_left, \
        transmissions_left, guesses_left, solved_at_us) \
    VALUES (1, '0123456789abcdef0123456789abcdef', 1, 2, FALSE, 3, 3, 3, 2); \
    INSERT INTO address_grant (validation_serial, token_digest, address, address_type, issued_at_us, \
        token_expires_at_us, address_expires_at_us) \
    VALUES (1, 'fedcba9876543210fedcba9876543210', '{}', 'email', 1, 2, 3)";

fn json_of(place: &Place, arguments: &[&str]) -> Value {
    let text = place.output(&[arguments, &["--json"]].concat());
    serde_json::from_str(&text).expect("JSON")
}

/// Registers a client; returns its secret.
fn add(place: &Place) -> String {
    let added = json_of(place, &["client", "add", "--redirect-uri", URI]);
    added["client_secret"]
        .as_str()
        .expect("a secret")
        .to_owned()
}

#[tokio::test]
async fn clients_come_and_go() {
    on_place(async |place| {
        let secret = add(place);
        assert!(ClientSecret::parse(&secret).is_ok(), "{secret}");
        let pkce = ["client", "add", "--require-pkce", "--redirect-uri"];
        let added = place.kontor(&[&pkce[..], &["com.example.app:/done"]].concat());
        added.assert().success().stderr_eq("").stdout_eq(str![[r#"
client_id      2
client_secret  secret-token:[..]

"#]]);
        place.execute(USED).await;
        let list = || place.kontor(&["client", "list"]).assert().success();
        list().stdout_eq(str![[r#"
ID  REDIRECT URI                 PKCE      CREATED               SETUPS  CODES  VALIDATIONS
1   https://client.example/done  optional  [..]Z  3       2      1
2   com.example.app:/done        required  [..]Z  3       2      1

"#]]);
        place
            .kontor(&["client", "delete", "1"])
            .assert()
            .code(2)
            .stderr_eq(str![[r#"
error: there is no terminal to ask at whether it is meant; use --yes

"#]]);
        let delete = ["client", "delete", "1", "--yes"];
        place.kontor(&delete).assert().success().stdout_eq(str![[r#"
Deleted the client 1 with everything that it set up.

"#]]);
        list().stdout_eq(str![[r#"
ID  REDIRECT URI           PKCE      CREATED               SETUPS  CODES  VALIDATIONS
2   com.example.app:/done  required  [..]Z  3       2      1

"#]]);
        for verb in [&delete[..], &["client", "rotate", "1"]] {
            place
                .kontor(verb)
                .assert()
                .code(1)
                .stdout_eq("")
                .stderr_eq(str![[r#"
error: there is no client 1; "kontor client list" shows them

"#]]);
        }
        // The number of one that is gone is not given out again.
        place.output(&["client", "delete", "2", "--yes"]);
        let added = json_of(place, &["client", "add", "--redirect-uri", URI]);
        assert_eq!(added["client_id"], "3");
    })
    .await;
}

#[tokio::test]
async fn clients_as_json_have_every_field() {
    on_place(async |place| {
        let added = json_of(place, &["client", "add", "--redirect-uri", URI, "--secret", SECRET]);
        assert_eq!(added, json!({"client_id": "1", "client_secret": SECRET}));
        let mut listed = json_of(place, &["client", "list"]);
        let created = listed["clients"][0]["creation_time"]["t_s"].take();
        assert!(created.is_u64(), "{created}");
        assert_eq!(
            listed,
            json!({"clients": [{
                "client_id": "1", "redirect_uri": URI, "requires_pkce": false, "creation_time": {"t_s": null},
                "setups": 0, "codes_sent": 0, "validations": 0,
            }]})
        );
    })
    .await;
}

#[tokio::test]
async fn a_secret_that_everybody_knows_is_refused() {
    on_place(async |place| {
        let document = kontor_openapi::challenger::DOCUMENT;
        let start = document.find("secret-token:").expect("an example");
        let (example, _) = document[start..].split_once('"').expect("its end");
        let refused = str![[r#"
error: that secret is an example of the published document, which everybody knows; take one of your own, or leave it out

"#]];
        let add = ["client", "add", "--redirect-uri", URI, "--secret-stdin"];
        let add = place.kontor(&add).stdin(example).assert().code(2);
        add.stdout_eq("").stderr_eq(refused.clone());
        add_and_rotate(place, example).assert().code(2).stderr_eq(refused);
    })
    .await;
}

/// Gives a new client that secret.
fn add_and_rotate(place: &Place, secret: &str) -> snapbox::cmd::Command {
    add(place);
    place.kontor(&["client", "rotate", "1", "--secret", secret])
}

#[tokio::test]
async fn secrets_come_from_everywhere_and_are_shown_once() {
    on_place(async |place| {
        let first = add(place);
        let rotate = ["client", "rotate", "1"];
        let rotated = json_of(place, &rotate);
        assert_eq!(rotated["client_id"], "1");
        let second = rotated["client_secret"].as_str().expect("a secret");
        assert_ne!(second, first);

        let stdin = place.kontor(&[&rotate[..], &["--secret-stdin"]].concat());
        let expected = format!("client_id      1\nclient_secret  {SECRET}\n");
        let stdin = stdin.stdin(format!("{SECRET}\nanother line\n"));
        stdin.assert().success().stdout_eq(&expected).stderr_eq("");
        std::fs::write(place.path("client.secret"), format!("{SECRET}\n")).expect("a file");
        let file = place.output(&[&rotate[..], &["--secret-file", "client.secret"]].concat());
        assert_eq!(file, expected);

        let told = [
            place.output(&["client", "list", "--json"]),
            place.output(&["audit", "list", "--json"]),
        ]
        .concat();
        for secret in [&first, second, SECRET] {
            let (_, secret) = secret.split_once(':').expect("a prefix");
            assert!(!told.contains(secret), "{told}");
        }
    })
    .await;
}

#[tokio::test]
async fn the_record_says_who_changed_clients() {
    on_place(async |place| {
        add(place);
        place.output(&["client", "rotate", "1"]);
        place.output(&["client", "delete", "1", "--yes"]);
        let listed = json_of(place, &["audit", "list"]);
        let events = listed["events"].as_array().expect("events");
        let names: Vec<_> = events.iter().map(|event| &event["event"]).collect();
        assert_eq!(
            names,
            [
                "client.registered",
                "client.secret-replaced",
                "client.deleted"
            ]
        );
        for event in events {
            assert_eq!(event["detail"], json!({"client": 1}), "{event}");
            assert_eq!(event["actor"]["kind"], "command-line", "{event}");
            assert_eq!(event.get("instance"), None, "{event}");
        }
        let text = place.output(&["audit", "list", "--event", "client.registered"]);
        assert!(
            text.contains("  ok       -         command-line:"),
            "{text}"
        );
    })
    .await;
}

#[test]
fn what_cannot_be_a_client_makes_nothing() {
    let place = Place::new();
    let add = |arguments: &[&str]| {
        let add = [&["client", "add", "--redirect-uri"], arguments].concat();
        place.kontor(&add)
    };
    add(&["javascript:alert(1)"]).assert().code(2).stdout_eq("").stderr_eq(str![[r#"
error: invalid value 'javascript:alert(1)' for '--redirect-uri <URI>': the redirect URI must begin with https://, http://, or the scheme of an application, with a dot in it and a slash after it, such as com.example.app:/

For more information, try '--help'.

"#]]);
    std::fs::write(place.path("weak"), WEAK).expect("a file");
    let weak = str![[r#"
error: a client's secret is "secret-token:" and at least 32 hexadecimal digits, 26 digits and letters of one case, or 22 characters of base64url

"#]];
    for source in [
        &["--secret", WEAK][..],
        &["--secret-file", "weak"],
        &["--secret-stdin"],
    ] {
        let add = add(&[&[URI], source].concat()).stdin(WEAK);
        add.assert().code(2).stdout_eq("").stderr_eq(weak.clone());
    }
    add(&[URI, "--secret-file", "none"])
        .assert()
        .code(1)
        .stderr_eq(str![[r#"
error: cannot read the secret file none: No such file or directory (os error 2)

"#]]);
    let both = add(&[URI, "--secret-stdin", "--secret", SECRET])
        .assert()
        .code(2);
    let told = String::from_utf8(both.get_output().stderr.clone()).expect("text");
    assert!(
        told.contains("cannot be used with") && !told.contains(SECRET),
        "{told}"
    );
    for verb in [&["client", "list"][..], &["client", "rotate", "1"]] {
        place.kontor(verb).assert().code(4).stderr_eq(str![[r#"
error: there is no database kontor.db yet; "kontor migrate" or the first "kontor serve" makes it

"#]]);
    }
    assert_eq!(names_in(place.folder.path()), ["weak"]);
}

#[test]
fn codes_in_the_clear_are_warned_of() {
    let place = Place::new();
    let add = |uri: &str| {
        place
            .kontor(&["client", "add", "--redirect-uri", uri])
            .assert()
    };
    add("http://client.example/done")
        .success()
        .stderr_eq(str![[r#"
warning: the redirect URI is not encrypted: whoever is on the way to it reads the codes; use https

"#]]);
    add("http://127.0.0.1:8080/done").success().stderr_eq("");
}
