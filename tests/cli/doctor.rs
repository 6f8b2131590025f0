//! What `kontor doctor` finds, on either database.

mod database;
mod online;
mod page;

use std::collections::BTreeSet;
use std::os::unix::fs::PermissionsExt as _;

use kontor::doctor::ALL;
use serde_json::Value;
use snapbox::{IntoData as _, str};

use super::program::{Place, names_in, on_place};
use crate::database::support::postgres_url;

/// Costs of passwords that are fit for tests are none for every day.
const CHEAP: &str = "password-cost";
/// The throw-away server of the tests does not write to the disk in time.
const FORGETFUL: &str = "postgres-forgetful";

/// What is found, without what is right: severity and name.
type Found = BTreeSet<(String, String)>;

/// Looks, and returns the exit code with what was found.
fn examine(place: &Place, more: &[&str], environment: &[(&str, &str)]) -> (Option<i32>, Found) {
    let doctor = place.kontor(&[&["doctor", "--json", "--quiet"], more].concat());
    let assert = doctor.envs(environment.iter().copied()).assert();
    let output = assert.get_output();
    let printed: Value = serde_json::from_slice(&output.stdout).expect("JSON");
    let word = |value: &Value| value.as_str().expect("text").to_owned();
    let findings = printed["findings"].as_array().expect("findings");
    for finding in findings {
        for sentence in ["what", "advice"] {
            let text = word(&finding[sentence]);
            assert!(text.ends_with('.'), "{text}");
        }
    }
    let found = findings
        .iter()
        .map(|finding| (word(&finding["severity"]), word(&finding["name"])));
    (output.status.code(), found.collect())
}

/// The names of what is found beyond what every test has, in their order.
fn found(place: &Place, more: &[&str], environment: &[(&str, &str)]) -> Vec<String> {
    let (_, found) = examine(place, more, environment);
    let names = found.into_iter().map(|(_, name)| name);
    let names: BTreeSet<String> = names
        .filter(|name| name != CHEAP && name != FORGETFUL)
        .collect();
    names.into_iter().collect()
}

fn set_mode(path: &std::path::Path, mode: u32) {
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).expect("a mode");
}

#[tokio::test]
async fn a_new_server_is_well() {
    on_place(async |place| {
        place.create_instance("admin");
        let (code, found) = examine(place, &[], &[]);
        let mut expected = vec![("warning", CHEAP)];
        if postgres_url().is_some() {
            expected.push(("problem", FORGETFUL));
        }
        let pair = |(severity, name): (&str, &str)| (severity.to_owned(), name.to_owned());
        assert_eq!(found, expected.into_iter().map(pair).collect());
        assert_eq!(code, Some(i32::from(postgres_url().is_some())));
        // Everything that applies here was looked at.
        let doctor = place.kontor(&["doctor", "--json"]).assert();
        let printed: Value = serde_json::from_slice(&doctor.get_output().stdout).expect("JSON");
        let looked: BTreeSet<&str> = printed["findings"]
            .as_array()
            .expect("findings")
            .iter()
            .map(|finding| finding["name"].as_str().expect("a name"))
            .collect();
        let other = match postgres_url() {
            None => "postgres-",
            Some(_) => "sqlite-",
        };
        let left_out = [
            "one-owner",
            "clocks-differ",
            // Nothing of it is set up.
            "codes-in-files",
            "configuration-file",
            "helper-programs",
            "proxies-wide",
            "sign-up-unproven",
            // There is none.
            "client-redirects",
            "clients-without-pkce",
            "exchanges-expired",
            "exchanges-failing",
            "exchanges-never-reached",
            "exchanges-online",
            "mandatory-channels",
            "smtp-online",
        ];
        let expected = ALL.iter().map(|check| check.name);
        let expected = expected.filter(|name| !name.starts_with(other) && !left_out.contains(name));
        let looked = looked.into_iter().filter(|name| !left_out.contains(name));
        assert_eq!(
            looked.collect::<BTreeSet<_>>(),
            expected.collect::<BTreeSet<_>>()
        );
    })
    .await;
}

#[test]
fn findings_are_printed_with_what_to_do() {
    let place = Place::new();
    place.create_instance("admin");
    set_mode(&place.path("kontor.db"), 0o644);
    let doctor = place.kontor(&["doctor", "--quiet"]).assert();
    doctor
        .code(1)
        .stdout_eq(str![[r#"
problem  private-files: The database kontor.db is open to other users (mode 0644).
         Take the right away with "chmod": database and spools 0600, configuration and secrets 0600 or 0640 with a group of the server's own; then change what others may have read.
warning  password-cost: A password hash takes 32 KiB and 2 iterations, less than is recommended.
         Raise "passwords.memory_kib" to 19456 or "passwords.iterations" accordingly; hashes change with the next new password.
Problems: 1, warnings: 1.

"#]].raw())
        .stderr_eq("");
}

#[tokio::test]
async fn what_cannot_be_read_has_its_exit_code() {
    let place = Place::new();
    let doctor = place.kontor(&["doctor", "--quiet"]).assert().code(4);
    doctor.stderr_eq("").stdout_eq(str![[r#"
problem  key-file: [..]
         [..]
warning  password-cost: [..]
         [..]
problem  database: There is no database kontor.db yet.
         Start PostgreSQL, or look at "database.url" and at whom this is run as; [..]
Problems: 2, warnings: 1.

"#]]);
    assert!(!place.path("kontor.db").exists());
    let nobody = "database.url=postgres://kontor:hunter2@127.0.0.1:1/kontor";
    let doctor = place
        .kontor(&["doctor", "--quiet", "--set", nobody])
        .assert();
    let doctor = doctor.code(4).stderr_eq("");
    let printed = String::from_utf8_lossy(&doctor.get_output().stdout).into_owned();
    let told =
        "problem  database: The database postgres://kontor:***@127.0.0.1:1/kontor cannot be read: ";
    assert!(printed.contains(told), "{printed}");
    place
        .kontor(&["doctor", "--set", "log.level=loud"])
        .assert()
        .code(3);
    std::fs::write(
        place.path("kontor.db"),
        "nothing of the kind, and long enough to tell",
    )
    .expect("a file");
    place.kontor(&["doctor"]).assert().code(4);
    on_place(async |place| {
        place.output(&["migrate"]);
        place
            .execute("DELETE FROM seaql_migrations WHERE version = 'm0007_kyc'")
            .await;
        let (code, found) = examine(place, &[], &[]);
        assert_eq!(code, Some(5));
        assert!(found.contains(&("problem".to_owned(), "schema".to_owned())));
        // Verbs that make no key file leave its absence to be found.
        assert!(found.contains(&("problem".to_owned(), "key-file".to_owned())));
        place
            .execute(
                "INSERT INTO seaql_migrations (version, applied_at) VALUES ('m9999_future', 0)",
            )
            .await;
        let (code, _) = examine(place, &[], &[]);
        assert_eq!(code, Some(5));
    })
    .await;
}

#[tokio::test]
async fn files_are_looked_at() {
    let place = Place::new();
    place.create_instance("admin");
    let folder = place.folder.path();
    let configuration =
        "[tan.email]\nsmtp_url = \"smtp://kontor:secret@mail.example\"\nfrom = \"a@b.example\"\n";
    std::fs::write(place.path("kontor.toml"), configuration).expect("a file");
    set_mode(&place.path("kontor.toml"), 0o640);
    assert_eq!(found(&place, &[], &[]), Vec::<String>::new());
    set_mode(&place.path("kontor.toml"), 0o644);
    assert_eq!(found(&place, &[], &[]), ["private-files"]);

    // A secret in a file of its own leaves the configuration without one.
    std::fs::write(
        place.path("kontor.toml"),
        "[tan.email]\nsmtp_url_file = \"smtp\"\nfrom = \"a@b.example\"\n",
    )
    .expect("a file");
    std::fs::write(place.path("smtp"), "smtp://kontor:secret@mail.example").expect("a file");
    set_mode(&place.path("smtp"), 0o600);
    assert_eq!(found(&place, &[], &[]), Vec::<String>::new());
    set_mode(&place.path("smtp"), 0o604);
    assert_eq!(found(&place, &[], &[]), ["private-files"]);
    set_mode(&place.path("smtp"), 0o600);
    let password = place.path("smtp.admin");
    std::fs::write(&password, "sesame").expect("a file");
    set_mode(&password, 0o644);
    let environment = [("KONTOR_ADMIN_PASSWORD_FILE", "smtp.admin")];
    assert_eq!(found(&place, &[], &environment), ["private-files"]);

    set_mode(folder, 0o777);
    assert_eq!(found(&place, &[], &[]), ["private-folders"]);
    set_mode(folder, 0o700);

    // A configuration without any secret names the programs that the server runs.
    let elsewhere = tempfile::tempdir().expect("a folder");
    let file = elsewhere.path().join("kontor.toml");
    std::fs::write(&file, "[log]\nlevel = \"info\"\n").expect("a file");
    let configuration = ["--config", file.to_str().expect("text")];
    let here = [
        ("KONTOR_DATABASE__URL", &*place.database_url()),
        (
            "KONTOR_SECRETS__KEY_FILE",
            &*place.path("kontor.key").display().to_string(),
        ),
    ];
    set_mode(&file, 0o644);
    assert_eq!(found(&place, &configuration, &here), Vec::<String>::new());
    set_mode(&file, 0o666);
    assert_eq!(found(&place, &configuration, &here), ["configuration-file"]);
    set_mode(&file, 0o664);
    assert_eq!(found(&place, &configuration, &here), ["configuration-file"]);
    set_mode(&file, 0o644);
    set_mode(elsewhere.path(), 0o777);
    assert_eq!(found(&place, &configuration, &here), ["private-folders"]);
    // Also where a link leads there, and where the folder itself can be exchanged.
    let link = place.path("link.toml");
    std::os::unix::fs::symlink(&file, &link).expect("a link");
    let by_link = ["--config", link.to_str().expect("text")];
    assert_eq!(found(&place, &by_link, &here), ["private-folders"]);
    let deeper = elsewhere.path().join("deeper");
    std::fs::create_dir(&deeper).expect("a folder");
    set_mode(&deeper, 0o700);
    std::fs::rename(&file, deeper.join("kontor.toml")).expect("a file");
    let deeper = deeper.join("kontor.toml");
    let deeper = ["--config", deeper.to_str().expect("text")];
    assert_eq!(found(&place, &deeper, &here), ["private-folders"]);
    set_mode(elsewhere.path(), 0o700);
    assert_eq!(found(&place, &deeper, &here), Vec::<String>::new());

    set_mode(&place.path("kontor.key"), 0o644);
    assert_eq!(found(&place, &[], &[]), ["key-file"]);
    let doctor = place.kontor(&["doctor", "--quiet"]).assert().code(1);
    doctor.stdout_eq(str![[r#"
problem  key-file: The key file kontor.key is open to other users (mode 0644): make it private with chmod 600 kontor.key.
         Take the right away, and find out who had it: [..]
...
"#]]);
    std::fs::remove_file(place.path("kontor.key")).expect("a key file");
    let other = Place::new();
    other.create_instance("admin");
    std::fs::copy(other.path("kontor.key"), place.path("kontor.key")).expect("a copy");
    assert_eq!(found(&place, &[], &[]), ["key-file-fits"]);
    place.execute("UPDATE key SET check_value = x'00'").await;
    assert_eq!(found(&place, &[], &[]), ["key-file-fits"]);
    let left = names_in(folder);
    assert!(left.contains(&"kontor.db".to_owned()));
}

#[tokio::test]
async fn settings_are_looked_at() {
    on_place(async |place| {
        place.create_instance("admin");
        let helper = place.path("send");
        std::fs::write(&helper, "#!/bin/sh\n").expect("a program");
        set_mode(&helper, 0o775);
        let command = format!("[\"{}\"]", helper.display());
        let environment = [
            ("KONTOR_MERCHANT__PUBLIC_URL", "http://shop/"),
            ("KONTOR_LIMITS__TRUSTED_PROXIES", "[\"0.0.0.0/0\"]"),
            ("KONTOR_OUTBOUND__ALLOWED_NETWORKS", "[\"::/0\"]"),
            ("KONTOR_MANAGEMENT__LISTEN", "0.0.0.0:9968"),
            ("KONTOR_TAN__EMAIL__SPOOL", "sent.jsonl"),
            ("KONTOR_TAN__SMS__COMMAND", &command),
            ("KONTOR_MERCHANT__SELF_PROVISIONING", "true"),
            ("KONTOR_MERCHANT__MANDATORY_TAN_CHANNELS", "[]"),
            ("KONTOR_MERCHANT__ALLOW_EXTERNAL_AUTH", "true"),
            ("KONTOR_LOG__LEVEL", "info,kontor=debug"),
            ("KONTOR_LIMITS__CONNECTIONS", "4000000000"),
            ("KONTOR_PASSWORDS__MEMORY_KIB", "1048576"),
            ("KONTOR_PASSWORDS__WORKERS", "1000"),
        ];
        assert_eq!(
            found(place, &[], &environment),
            [
                "codes-in-files",
                "external-authentication",
                "helper-programs",
                "log-level",
                "management-open",
                "open-files",
                "outbound-wide",
                "password-memory",
                "proxies-wide",
                "public-url-odd",
                "public-url-plain",
                "sign-up-unproven",
            ]
        );
        let environment = [("KONTOR_MERCHANT__PUBLIC_URL", "https://shop.example/")];
        assert_eq!(found(place, &[], &environment), ["proxies-missing"]);
    })
    .await;
}

#[tokio::test]
async fn rows_are_looked_at() {
    on_place(async |place| {
        assert_eq!(migrated(place), ["admin-missing", "key-file"]);
        for id in ["admin", "shop", "books"] {
            place.create_instance(id);
        }
        let redirect = ["--redirect-uri", "http://app.example/done"];
        place.output(&[&["client", "add"], &redirect[..]].concat());
        for change in [
            "UPDATE credential SET is_legacy = TRUE",
            "UPDATE instance SET email_factor = 'a@b.example' WHERE instance_id = 'shop'",
            "UPDATE instance SET is_bound = TRUE WHERE instance_id = 'books'",
            "UPDATE audit_event SET at_us = 9000000000000000",
            "INSERT INTO code_counter (name, touched_at_us) VALUES ('long ago', 0)",
        ] {
            place.execute(change).await;
        }
        let exchange = r#"[{ base_url = "https://exchange.example/", master_key = "7N01FGZ88E4NN4NQ1AKMT6VYQJE9GB6F5V29D360SNAZ2AQMCR60", currency = "KUDOS" }]"#;
        let environment = [("KONTOR_MERCHANT__EXCHANGES", exchange)];
        let expected = [
            "client-redirects",
            "clients-without-pkce",
            "clock-behind",
            "contacts-unproven",
            "exchanges-never-reached",
            "factors-unreachable",
            "mandatory-channels",
            "overdue-rows",
            "passwords-older-form",
        ];
        assert_eq!(found(place, &[], &environment), expected);
    })
    .await;
}

/// What is found once there are tables and nothing else.
fn migrated(place: &Place) -> Vec<String> {
    place.output(&["migrate"]);
    found(place, &[], &[])
}

#[tokio::test]
async fn damage_is_found() {
    let place = Place::new();
    place.create_instance("admin");
    place
        .execute("PRAGMA foreign_keys = OFF; INSERT INTO otp_device SELECT * FROM otp_device; UPDATE credential SET instance_serial = 77")
        .await;
    assert_eq!(found(&place, &[], &[]), ["sqlite-dangling"]);
    place.execute("PRAGMA journal_mode = DELETE").await;
    assert_eq!(
        found(&place, &[], &[]),
        ["sqlite-dangling", "sqlite-journal"]
    );

    // A page that nothing reads but who looks at all of them.
    let page = place
        .number("SELECT rootpage FROM sqlite_schema WHERE name = 'kyc_check'")
        .await;
    let file = place.path("kontor.db");
    let mut bytes = std::fs::read(&file).expect("the database");
    let begin = (usize::try_from(page).expect("a page") - 1) * 4096;
    bytes[begin..begin + 4096].fill(0xff);
    std::fs::write(&file, bytes).expect("the database");
    let doctor = place.kontor(&["doctor", "--quiet"]).assert();
    let printed = String::from_utf8_lossy(&doctor.get_output().stdout).into_owned();
    assert!(
        printed.contains("sqlite-damaged: The database file is damaged: "),
        "{printed}"
    );
}
