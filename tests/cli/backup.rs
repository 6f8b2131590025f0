//! `kontor backup`, `restore` and `copy`: what they print, what they refuse, and a server that lives on elsewhere.

use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::sync::{
    Arc,
    atomic::{AtomicBool, AtomicUsize, Ordering},
};

use data_encoding::BASE64;
use migration::{Migrator, MigratorTrait as _};
use sea_orm::{ConnectionTrait as _, TransactionTrait as _};
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
Wrote backup.db: [..] KiB, 4 rows in 18 tables. It was opened again and is whole.
The key file kontor.key is not in it: keep a copy of that apart, once.

"#]]);
        assert_eq!(mode(&place.path("backup.db")), 0o600);
        backup().assert().code(1).stdout_eq("").stderr_eq(str![[r#"
error: backup.db exists already, and is not overwritten

"#]]);
        let check = || place.kontor(&["restore", "--check", "backup.db"]);
        check().assert().success().stderr_eq("").stdout_eq(str![[r#"
backup.db is whole: [..] KiB, 4 rows in 18 tables, the newest of [..]Z.
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
Restored backup.db into sqlite://restored.db: 4 rows in 18 tables; every table arrived as it is in the backup.

"#]]);
    let copy = |to: &str| place.kontor(&["copy", "--to", to]);
    copy("sqlite://copy.db").assert().success().stderr_eq("").stdout_eq(str![[r#"
Copied 4 rows in 18 tables from sqlite://kontor.db to sqlite://copy.db; every table arrived as it was sent.
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

#[tokio::test]
async fn a_damaged_backup_is_told_from_a_copy_of_a_database() {
    on_place(async |place| {
        place.create_instance("admin");
        place.create_instance("tea-house");
        place.output(&["backup", "backup.db"]);
        // Another letter in a name, as a disk that rots would have it.
        let mut bytes = std::fs::read(place.path("backup.db")).expect("a backup");
        let name = b"tea-house";
        let at: Vec<usize> = (0..bytes.len() - name.len())
            .filter(|at| &bytes[*at..*at + name.len()] == name)
            .collect();
        for at in at {
            bytes[at + 4] = b'm';
        }
        std::fs::write(place.path("backup.db"), &bytes).expect("a backup");
        let check = |file: &str| place.kontor(&["restore", "--check", file]);
        let refused = check("backup.db").assert().code(1).stdout_eq("");
        let refused = String::from_utf8_lossy(&refused.get_output().stderr).into_owned();
        assert!(refused.contains("is not as it was written"), "{refused}");
        let restore = ["restore", "backup.db", "--set", "database.url=sqlite://other.db"];
        place.kontor(&restore).assert().code(1);
        assert!(!place.path("other.db").exists());
        std::fs::write(place.path("backup.db"), &bytes[..bytes.len() / 2]).expect("a backup");
        check("backup.db").assert().code(1).stdout_eq("").stderr_eq(str![[r#"
error: backup.db is no backup that can be used: it is damaged, so use another one (SQLite: [..])

"#]]);
        if place.url.is_none() {
            let copy = check("kontor.db").assert().success();
            copy.stderr_eq(str![[r#"
warning: kontor.db does not say what was written into it, as what "kontor backup" writes does: rows that were altered go unnoticed

"#]]);
        }
    })
    .await;
}

#[tokio::test]
async fn a_backup_that_is_stopped_leaves_nothing() {
    on_place(async |place| {
        place.create_instance("admin");
        // It begins, and then waits for somebody else.
        let other = sea_orm::Database::connect(place.database_url()).await;
        let other = other.expect("a connection");
        let lock = match place.url {
            None => {
                let sql = "PRAGMA locking_mode = EXCLUSIVE; PRAGMA journal_mode = DELETE; BEGIN EXCLUSIVE";
                other.execute_unprepared(sql).await.expect("a lock");
                None
            }
            Some(_) => {
                let lock = other.begin().await.expect("a transaction");
                let sql = "LOCK TABLE key IN ACCESS EXCLUSIVE MODE";
                lock.execute_unprepared(sql).await.expect("a lock");
                Some(lock)
            }
        };
        let folder = place.folder.path();
        for signal in ["-TERM", "-INT"] {
            let patient = ["--set", "database.acquire_timeout=1 min"];
            let backup = place.start(&[&["backup", "b.db"], &patient[..]].concat(), &[]);
            let has_begun = || {
                let names = names_in(folder);
                let draft = names.iter().find(|name| name.starts_with(".kontor-backup-"));
                draft.is_some_and(|draft| !names_in(&folder.join(draft)).is_empty())
            };
            while !has_begun() {
                std::thread::sleep(std::time::Duration::from_millis(5));
            }
            let (status, _) = backup.stop(signal);
            assert_eq!(status.code(), Some(1), "{}", place.log());
            let told = format!("error: stopped by SIG{} before it was done\n", &signal[1..]);
            assert_eq!(place.log(), told);
            let left = names_in(folder);
            assert!(!left.iter().any(|name| name.contains("b.db") || name.starts_with('.')), "{left:?}");
        }
        if let Some(lock) = lock {
            lock.rollback().await.expect("the end of the lock");
        }
        other.close().await.expect("the end of a connection");
    })
    .await;
}

#[tokio::test]
async fn a_restoration_that_is_stopped_leaves_nothing() {
    let place = Place::new();
    let older = format!("sqlite://{}?mode=rwc", place.path("older.db").display());
    let older = sea_orm::Database::connect(older).await.expect("a file");
    Migrator::up(&older, Some(8)).await.expect("steps");
    older.close().await.expect("the end of a connection");
    // It has brought the backup up to date in a copy, and waits for the target.
    place.output(&["migrate"]);
    let other = sea_orm::Database::connect(place.database_url()).await;
    let other = other.expect("a connection");
    let lock = "PRAGMA locking_mode = EXCLUSIVE; PRAGMA journal_mode = DELETE; BEGIN EXCLUSIVE";
    other.execute_unprepared(lock).await.expect("a lock");
    let restore = [
        "restore",
        "older.db",
        "--set",
        "database.acquire_timeout=1 min",
    ];
    let restore = place.start(&restore, &[]);
    let copies = || {
        let names = names_in(place.folder.path()).into_iter();
        names
            .filter(|name| name.starts_with("kontor-backup-"))
            .count()
    };
    while copies() == 0 || !place.path("kontor.db-serve.lock").exists() {
        std::thread::sleep(std::time::Duration::from_millis(5));
    }
    let (status, _) = restore.stop("-TERM");
    assert_eq!(status.code(), Some(1), "{}", place.log());
    assert_eq!(copies(), 0);
    other.close().await.expect("the end of a connection");
}

#[test]
fn a_target_that_others_could_open_is_closed_to_them() {
    let place = Place::new();
    place.create_instance("admin");
    std::fs::write(place.path("open.db"), "").expect("a file");
    let wide = std::fs::Permissions::from_mode(0o644);
    std::fs::set_permissions(place.path("open.db"), wide).expect("a mode");
    let copy = place.kontor(&["copy", "--to", "sqlite://open.db"]);
    copy.assert().success().stderr_eq(str![[r#"
warning: open.db was open to other users (mode 0644), and is now open to its owner alone

"#]]);
    assert_eq!(mode(&place.path("open.db")), 0o600);
}

#[tokio::test]
async fn a_key_of_which_nothing_is_known_fits_no_key_file() {
    let place = Place::new();
    place.create_instance("admin");
    place.execute("UPDATE key SET check_value = x'00'").await;
    place.output(&["backup", "backup.db"]);
    let check = place.kontor(&["restore", "--check", "backup.db"]);
    check.assert().code(3).stderr_eq(str![[r#"
error: the key file kontor.key does not belong to this database: what the database notes of one of its keys cannot be read

"#]]);
}
