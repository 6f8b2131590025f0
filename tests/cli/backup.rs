//! `kontor backup`, `restore` and `copy`: what they print, what they refuse, and a server that lives on elsewhere.

mod trouble;

use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::sync::{
    Arc,
    atomic::{AtomicBool, AtomicUsize, Ordering},
};

use data_encoding::BASE64;
use serde_json::{Value, json};
use snapbox::str;

use super::program::{Place, Running, names_in, on_place, request};

/// Instances, a token and a client.
fn furnish(place: &Place) -> String {
    place.create_instance("admin");
    place.create_instance("shop");
    place.output(&["client", "add", "--redirect-uri", "https://client.example/"]);
    let token = [
        "token",
        "create",
        "shop",
        "--scope",
        "all",
        "--duration",
        "forever",
    ];
    format!("Bearer {}", place.output(&token).trim_end())
}

fn devices(url: &str) -> String {
    format!("{url}instances/shop/private/otp-devices")
}

/// Registers one device after the other until it is told to stop or nobody answers, and counts those that were acknowledged.
fn keep_writing(url: &str, token: &str) -> (Arc<AtomicUsize>, impl FnOnce()) {
    let acknowledged = Arc::new(AtomicUsize::new(0));
    let stop = Arc::new(AtomicBool::new(false));
    let (count, stopped) = (Arc::clone(&acknowledged), Arc::clone(&stop));
    let (url, token) = (devices(url), token.to_owned());
    let writer = std::thread::spawn(move || {
        while !stopped.load(Ordering::SeqCst) {
            let device = json!({
                "otp_device_id": format!("till-{}", count.load(Ordering::SeqCst)), "otp_device_description": "",
                "otp_algorithm": 1, "otp_key": "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ",
            });
            let (status, body) = request("POST", &url, &token, &device.to_string());
            assert_eq!(status, 204, "{body}");
            count.fetch_add(1, Ordering::SeqCst);
        }
    });
    let end = move || {
        stop.store(true, Ordering::SeqCst);
        writer.join().expect("a writer");
    };
    (acknowledged, end)
}

fn wait_for(count: &AtomicUsize, at_least: usize) {
    while count.load(Ordering::SeqCst) < at_least {
        std::thread::yield_now();
    }
}

/// Password, token, accounts, clients and devices are as they were.
fn lives_on(place: &Place, token: &str, accounts: &str, at_least: usize) -> Running {
    let server = place.start(&["serve"], &[]);
    let url = server.merchant_url();
    let shop = format!("{url}instances/shop/private");
    let (status, body) = request("GET", &format!("{shop}/accounts"), token, "");
    assert_eq!((status, &body[..]), (200, accounts));
    let basic = format!("Basic {}", BASE64.encode(b"shop:sesame"));
    let login = r#"{"scope":"readonly"}"#;
    let (status, body) = request("POST", &format!("{shop}/token"), &basic, login);
    assert_eq!(status, 200, "{body}");
    let (_, body) = request("GET", &format!("{}?limit=1024", devices(&url)), token, "");
    let listed: Value = serde_json::from_str(&body).expect("JSON");
    let listed = listed["otp_devices"].as_array().expect("a list").len();
    assert!(listed >= at_least, "{listed} of {at_least}");
    let clients = place.output(&["client", "list", "--json"]);
    assert!(clients.contains("https://client.example/"), "{clients}");
    server
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_was_lost_is_restored_elsewhere() {
    on_place(async |place| {
        let token = furnish(place);
        let server = place.start(&["serve"], &[]);
        let url = server.merchant_url();
        let shop = format!("{url}instances/shop/private");
        let account = r#"{"payto_uri":"payto://iban/CH9300762011623852957?receiver-name=Shop"}"#;
        let (status, body) = request("POST", &format!("{shop}/accounts"), &token, account);
        assert_eq!(status, 200, "{body}");
        let (_, accounts) = request("GET", &format!("{shop}/accounts"), &token, "");

        // The backup is made while it writes.
        let (acknowledged, end) = keep_writing(&url, &token);
        wait_for(&acknowledged, 20);
        let before = acknowledged.load(Ordering::SeqCst);
        place.output(&["backup", "backup.db"]);
        wait_for(&acknowledged, before + 1);
        end();
        server.stop("-KILL");

        on_place(async |other| {
            for file in ["kontor.key", "backup.db"] {
                std::fs::copy(place.path(file), other.path(file)).expect("a copy");
            }
            other.output(&["restore", "backup.db"]);
            let server = lives_on(other, &token, &accounts, before);
            assert_eq!(server.stop("-TERM").0.code(), Some(0), "{}", other.log());
        })
        .await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_shop_moves_from_an_embedded_database() {
    on_place(async |target| {
        let source = Place::new();
        let token = furnish(&source);
        let server = source.start(&["serve"], &[]);
        let url = server.merchant_url();
        let (acknowledged, end) = keep_writing(&url, &token);
        wait_for(&acknowledged, 10);
        end();
        server.stop("-TERM");

        let to = target.url.clone();
        let to = to.unwrap_or_else(|| format!("sqlite://{}", target.path("kontor.db").display()));
        std::fs::write(source.path("url"), to + "\n").expect("a file");
        let copied = source.output(&["copy", "--to-file", "url", "--json"]);
        let copied: Value = serde_json::from_str(&copied).expect("JSON");
        assert_eq!(copied["from"], "sqlite://kontor.db");
        std::fs::copy(source.path("kontor.key"), target.path("kontor.key")).expect("a key file");
        let server = lives_on(target, &token, r#"{"accounts":[]}"#, 10);
        server.stop("-TERM");

        // And back, digest for digest.
        let there = target.output(&["backup", "there.db", "--json"]);
        let there: Value = serde_json::from_str(&there).expect("JSON");
        let digest = |of: &Value, name: &str| {
            let tables = of["tables"].as_array().expect("tables").iter();
            let mut named = tables.filter(|table| table["table"] == name);
            named.next().expect("a table")["sha256"].clone()
        };
        for table in ["key", "instance", "credential", "otp_device", "client"] {
            assert_eq!(digest(&there, table), digest(&copied, table), "{table}");
        }
    })
    .await;
}

fn mode(file: &Path) -> u32 {
    let metadata = std::fs::metadata(file).expect("a file");
    metadata.permissions().mode() & 0o7777
}

#[tokio::test]
async fn a_backup_says_what_it_is() {
    on_place(async |place| {
        place.create_instance("admin");
        let backup = || place.kontor(&["backup", "backup.db"]);
        backup().assert().success().stderr_eq("").stdout_eq(str![[r#"
Wrote backup.db: [..] KiB, 4 rows in 19 tables. It was opened again and is whole.
The key file kontor.key is not in it: keep a copy of that apart, once.

"#]]);
        assert_eq!(mode(&place.path("backup.db")), 0o600);
        backup().assert().code(1).stdout_eq("").stderr_eq(str![[r#"
error: backup.db exists already, and is not overwritten

"#]]);
        let check = || place.kontor(&["restore", "--check", "backup.db"]);
        check().assert().success().stderr_eq("").stdout_eq(str![[r#"
backup.db is whole: [..] KiB, 4 rows in 19 tables, the newest of [..]Z.
It was made at [..]Z, and holds what was written then.
The key file kontor.key fits.

TABLE              ROWS  NEWEST
key                1     [..]Z
instance           1     [..]Z
credential         1     [..]Z
access_token       0
login_limit        0
login_attempt      0
challenge_group    0
challenge          0
code_counter       0
code_transmission  0
audit_event        1     [..]Z
bank_account       0
otp_device         0
exchange           0
kyc_check          0
client             0
validation         0
address_grant      0
sweep              0

"#]]);
        place.kontor(&["restore", "backup.db"]).assert().code(1).stdout_eq("").stderr_eq(str![[r#"
error: [..]: the target is not empty: its table key has rows; nothing was changed

"#]]);
        std::fs::remove_file(place.path("kontor.key")).expect("a key file");
        check().assert().code(3).stderr_eq(str![[r#"
error: the key file kontor.key is missing, and this database was written with one; restore it from its backup

"#]]);
        place.kontor(&["backup", "late.db"]).assert().success().stderr_eq(str![[r#"
warning: the key file kontor.key is missing, and this database was written with one; restore it from its backup

"#]]);
        let left = names_in(place.folder.path());
        assert!(!left.iter().any(|name| name.starts_with('.')), "{left:?}");
    })
    .await;
}

#[test]
fn restoring_and_copying_say_what_they_did() {
    let place = Place::new();
    place.create_instance("admin");
    place.output(&["backup", "backup.db"]);
    let restore = [
        "restore",
        "backup.db",
        "--set",
        "database.url=sqlite://restored.db",
    ];
    place.kontor(&restore).assert().success().stdout_eq(str![[r#"
Restored backup.db into sqlite://restored.db: 4 rows in 19 tables; every table arrived as it is in the backup.

"#]]);
    let copy = |to: &str| place.kontor(&["copy", "--to", to]);
    copy("sqlite://copy.db").assert().success().stderr_eq("").stdout_eq(str![[r#"
Copied 4 rows in 19 tables from sqlite://kontor.db to sqlite://copy.db; every table arrived as it was sent.
What is written to sqlite://kontor.db from now on is not in the copy.
The copy needs the same key file: kontor.key.

"#]]);
    for file in ["restored.db", "copy.db"] {
        assert_eq!(mode(&place.path(file)), 0o600, "{file}");
    }
    copy("sqlite://copy.db")
        .assert()
        .code(1)
        .stdout_eq("")
        .stderr_eq(str![[r#"
error: sqlite://copy.db: the target is not empty: its table key has rows; nothing was changed

"#]]);
    copy("sqlite://./kontor.db")
        .assert()
        .code(2)
        .stderr_eq(str![[r#"
error: both are the same database

"#]]);
    let from = [
        "copy",
        "--from",
        "sqlite://none.db",
        "--to",
        "sqlite://other.db",
    ];
    place.kontor(&from).assert().code(4).stderr_eq(str![[r#"
error: there is no database none.db yet; "kontor migrate" or the first "kontor serve" makes it

"#]]);
    // No password is repeated, neither of an address that is wrong nor of one that nobody answers at.
    for to in [
        "mysql://u:hunter2@h/d",
        "postgres://u:hunter2@127.0.0.1:1/d",
    ] {
        let timeout = ["--set", "database.acquire_timeout=1 s"];
        let copy = place.kontor(&[&["copy", "--to", to][..], &timeout].concat());
        let assert = copy.assert().failure().stdout_eq("");
        let stderr = String::from_utf8(assert.get_output().stderr.clone()).expect("text");
        assert!(!stderr.contains("hunter2"), "{stderr}");
    }
    place
        .kontor(&["restore", "--check", "kontor.key"])
        .assert()
        .code(1)
        .stderr_eq(str![[r#"
error: kontor.key is no backup that can be used: it is no SQLite database

"#]]);
    let other = Place::new();
    other.create_instance("admin");
    std::fs::copy(place.path("backup.db"), other.path("backup.db")).expect("a backup");
    let restore = [
        "restore",
        "backup.db",
        "--set",
        "database.url=sqlite://restored.db",
    ];
    other.kontor(&restore).assert().code(3).stderr_eq(str![[r#"
error: the key file kontor.key does not belong to this database: the database uses key [..], which is not in the key file

"#]]);
    assert!(!other.path("restored.db").exists());
}
