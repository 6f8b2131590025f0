//! Where values come from: which source wins, relative paths, files that hold a secret.

use std::path::Path;
use std::time::Duration;

use super::*;

#[test]
fn no_source_gives_the_defaults() {
    let loaded = Settings::load(&Sources::default()).expect("defaults");
    assert_eq!(loaded.settings, Settings::default());
    assert_eq!(loaded.settings.database.url.expose(), "sqlite://kontor.db");
    assert_eq!(
        loaded
            .settings
            .merchant
            .public_url()
            .expect("a URL")
            .as_str(),
        "http://127.0.0.1:9966/"
    );
}

#[test]
fn later_sources_win_and_are_named() {
    let files = Files::new(
        "[limits]\nlogin_failures = 1\nlogin_window = \"1 min\"\nrequest_timeout = \"5 s\"\n",
    );
    let loaded = Settings::load(&Sources {
        environment: pairs(&[
            ("KONTOR_LIMITS__LOGIN_FAILURES", "2"),
            ("KONTOR_LIMITS__LOGIN_WINDOW", "2 min"),
        ]),
        flags: pairs(&[("limits.login_failures", "3")]),
        ..files.sources()
    })
    .expect("a right configuration");
    let limits = &loaded.settings.limits;
    assert_eq!(limits.login_failures, 3);
    assert_eq!(limits.login_window, Duration::from_secs(120));
    assert_eq!(limits.request_timeout, Duration::from_secs(5));
    let origin = |key| loaded.origins.of(&["limits", key]);
    assert_eq!(
        origin("login_failures"),
        Origin::Flag("limits.login_failures".to_owned())
    );
    assert_eq!(
        origin("login_window"),
        Origin::Variable("KONTOR_LIMITS__LOGIN_WINDOW".to_owned())
    );
    assert_eq!(
        origin("request_timeout"),
        Origin::File {
            path: files.path("kontor.toml"),
            line: 4
        }
    );
    assert_eq!(origin("body_size"), Origin::Default);
}

#[test]
fn relative_paths_start_at_the_folder_of_the_file() {
    let files = Files::new("[secrets]\nkey_file = \"keys/k\"\n[merchant]\nterms = \"terms\"\n");
    std::fs::create_dir(files.path("terms")).expect("a folder");
    std::fs::write(files.path("terms/en.md"), "Terms").expect("a file");
    let settings = files.load().settings;
    assert_eq!(settings.secrets.key_file, files.path("keys/k"));
    assert_eq!(settings.merchant.terms, Some(files.path("terms")));
    // Defaults too; absolute paths and other sources stay as they are.
    assert_eq!(
        settings.database.url.expose(),
        format!("sqlite://{}", files.path("kontor.db").display())
    );
    let sources = Sources {
        environment: pairs(&[("KONTOR_SECRETS__KEY_FILE", "here")]),
        ..files.sources()
    };
    let settings = Settings::load(&sources)
        .expect("a right configuration")
        .settings;
    assert_eq!(settings.secrets.key_file, Path::new("here"));
}

#[test]
fn a_secret_can_stand_in_a_file_and_is_never_printed() {
    let files = Files::new("[database]\nurl_file = \"url\"\n");
    files.write(
        "url",
        "postgres://kontor:hunter2@db/kontor?password=hunter3\n",
    );
    let loaded = files.load();
    assert_eq!(
        loaded.settings.database.url.expose(),
        "postgres://kontor:hunter2@db/kontor?password=hunter3"
    );
    assert_eq!(
        loaded.origins.of(&["database", "url"]),
        Origin::File {
            path: files.path("kontor.toml"),
            line: 2
        }
    );
    let printed = format!(
        "{loaded:?} {} {:?}",
        loaded.settings.database.url,
        show(&loaded)
    );
    assert!(!printed.contains("hunter"), "{printed}");
    assert!(printed.contains("postgres://kontor:***@db/kontor"));

    files.write(
        "kontor.toml",
        "[database]\nurl_file = \"url\"\nurl = \"sqlite://a.db\"\n",
    );
    assert_eq!(
        files.mistakes(),
        "kontor.toml:2: \"database.url\" and \"database.url_file\" are both set; keep one of them"
    );
    files.write("kontor.toml", "[database]\nurl_file = \"nothing\"\n");
    assert!(
        files
            .mistakes()
            .starts_with("kontor.toml:2: \"database.url_file\": cannot read the file nothing:")
    );
}

#[test]
fn a_twin_of_a_later_source_wins_over_the_secret_of_an_earlier_one() {
    let files = Files::new("[database]\nurl = \"sqlite://a.db\"\n");
    files.write("url", "sqlite:///b.db");
    let name = files.path("url").display().to_string();
    let sources = Sources {
        environment: pairs(&[("KONTOR_DATABASE__URL_FILE", &name)]),
        ..files.sources()
    };
    assert_eq!(
        Settings::load(&sources)
            .expect("a right configuration")
            .settings
            .database
            .url
            .expose(),
        "sqlite:///b.db"
    );
}

#[test]
fn the_environment_is_read_by_type() {
    let loaded = with_environment(&[
        ("KONTOR_MERCHANT__TERMS_VERSION", "7"),
        ("KONTOR_MERCHANT__ENABLED", "false"),
        (
            "KONTOR_LIMITS__TRUSTED_PROXIES",
            "[\"10.0.0.0/8\", \"::1\"]",
        ),
        ("KONTOR_LIMITS__BODY_SIZE", "4096"),
        ("KONTOR_PASSWORDS__WORKERS", "3"),
        ("KONTOR_MERCHANT__CURRENCIES__CHF", "{}"),
        ("KONTOR_MERCHANT__CURRENCIES__EUR__NAME", "Taler-Euro"),
        ("KONTOR_LOG__FORMAT", "json"),
        ("KONTOR_ADMIN_PASSWORD", "secret"),
        ("KONTOR_UNKNOWN", "ignored"),
        ("OTHER__THING", "ignored"),
    ]);
    let settings = loaded.expect("a right environment").settings;
    assert_eq!(settings.merchant.terms_version.as_deref(), Some("7"));
    assert!(!settings.merchant.enabled);
    assert_eq!(settings.limits.trusted_proxies.len(), 2);
    assert_eq!(settings.limits.body_size, 4096);
    assert_eq!(settings.passwords.workers.map(u32::from), Some(3));
    assert_eq!(settings.log.format, LogFormat::Json);
    let currencies = settings.merchant.all_currencies();
    assert_eq!(
        currencies.keys().collect::<Vec<_>>(),
        ["CHF", "EUR", "KUDOS"]
    );
    assert_eq!(currencies["EUR"].name, "Taler-Euro");
    assert_eq!(currencies["EUR"].alt_unit_names["0"], "€");

    let error = with_environment(&[
        ("KONTOR_MERCHANT__LISTN", "x"),
        ("KONTOR_PASSWORDS__QUEUE", "many"),
    ]);
    snapbox::assert_data_eq!(
        error.expect_err("wrong variables").to_string(),
        snapbox::str![[r#"
environment KONTOR_MERCHANT__LISTN: unknown key "merchant.listn"; did you mean "merchant.listen"?
environment KONTOR_PASSWORDS__QUEUE: "passwords.queue": must be a whole number from 0 to 4294967295, not "many"
"#]]
    );
}

#[test]
fn sections_in_sections_have_keys_secrets_and_paths() {
    let files = Files::new(
        "[tan]\nguesses = 2\n[tan.email]\nsmtp_url_file = \"smtp\"\nfrom = \"noreply@shop.example\"\n\
         [tan.sms]\nspool = \"sent.jsonl\"\n",
    );
    files.write("smtp", "smtps://me:hunter2@mail.example\n");
    let loaded = Settings::load(&Sources {
        environment: pairs(&[
            ("KONTOR_TAN__EMAIL__LIFETIME", "15 min"),
            ("KONTOR_TAN__POST__COMMAND", "[\"/bin/sh\", \"letter\"]"),
        ]),
        ..files.sources()
    })
    .expect("a right configuration");
    let tan = &loaded.settings.tan;
    let url = tan.email.smtp_url.as_ref().expect("a URL");
    assert_eq!(url.expose_login(), Some(("me", "hunter2")));
    assert_eq!(tan.email.lifetime, Some(Duration::from_secs(900)));
    assert_eq!(tan.sms.spool, Some(files.path("sent.jsonl")));
    assert_eq!(tan.post.command.as_ref().map(Vec::len), Some(2));
    assert_eq!(tan.post.lifetime, Duration::from_secs(21 * 86_400));
    let shown = show(&loaded);
    let url = shown.iter().find(|key| key.key == "tan.email.smtp_url");
    let url = url.expect("the key");
    assert_eq!(url.value_text(), "\"smtps://me:***@mail.example\"");
    assert_eq!(
        url.origin,
        Origin::File {
            path: files.path("kontor.toml"),
            line: 4
        }
    );
    assert!(!format!("{:?}", loaded.settings).contains("hunter2"));
    let files = Files::new("[tan.email]\nspol = \"x\"\n[tan.sms]\nsmtp_url = \"x\"\n");
    assert_eq!(
        files.mistakes(),
        "kontor.toml:2: unknown key \"tan.email.spol\"; did you mean \"tan.email.spool\"?\n\
         kontor.toml:4: unknown key \"tan.sms.smtp_url\"; \"kontor config example\" prints every key"
    );
}
