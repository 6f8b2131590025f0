use std::path::{Path, PathBuf};
use std::time::Duration;

use super::*;

/// The file as the only source, in a folder of its own.
struct Files {
    folder: tempfile::TempDir,
}

impl Files {
    fn new(text: &str) -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let files = Self { folder };
        files.write("kontor.toml", text);
        files
    }

    fn write(&self, name: &str, text: &str) {
        std::fs::write(self.path(name), text).expect("a file in the temporary folder");
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn sources(&self) -> Sources {
        Sources {
            file: Some(self.path("kontor.toml")),
            ..Sources::default()
        }
    }

    fn load(&self) -> Loaded {
        Settings::load(&self.sources()).expect("a right configuration")
    }

    /// The mistakes, without the name of the temporary folder.
    fn mistakes(&self) -> String {
        let error = Settings::load(&self.sources()).expect_err("a wrong configuration");
        error
            .to_string()
            .replace(&format!("{}/", self.folder.path().display()), "")
    }
}

fn pairs(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
    pairs
        .iter()
        .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
        .collect()
}

fn with_environment(variables: &[(&str, &str)]) -> Result<Loaded, ConfigError> {
    Settings::load(&Sources {
        environment: pairs(variables),
        ..Sources::default()
    })
}

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
fn sqlite_urls_keep_their_options_and_special_names() {
    let url = |text: &str| DatabaseUrl::parse(text).expect("a database URL");
    let under = |text: &str, folder: &str| url(text).under(Path::new(folder)).expose().to_owned();
    assert_eq!(
        under("sqlite://a.db?mode=ro", "/var/50%/x?"),
        "sqlite:///var/50%25/x%3F/a.db?mode=ro"
    );
    assert_eq!(under("sqlite:///abs.db", "/var"), "sqlite:///abs.db");
    assert_eq!(under("sqlite::memory:", "/var"), "sqlite::memory:");
    assert_eq!(under("sqlite:a.db", "etc"), "sqlite://etc/a.db");
    assert_eq!(under("postgres://h/a", "/var"), "postgres://h/a");
    assert_eq!(under("sqlite://a.db", ""), "sqlite://a.db");
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
fn every_mistake_is_one_sentence_with_its_place() {
    let files = Files::new(
        "[merchant]\ncurency = \"EUR\"\nbody_size = 5\nenabled = \"yes\"\ndefault_pay_delay = \"1 dya\"\n\
         public_url = \"ftp://x/\"\ndefault_persona = \"point_of_sale\"\nlisten = 9966\n[management]\nlisten = \"localhost:9\"\n[databse]\nurl = \"x\"\n\
         [database]\nmax_connections = -1\nurl = \"mysql://u:pw@h\"\n[limits]\ntrusted_proxies = [\"10.0.0.0/8\", \"x\"]\n\
         body_size = \"a lot\"\n",
    );
    snapbox::assert_data_eq!(
        files.mistakes(),
        snapbox::str![[r#"
kontor.toml:2: unknown key "merchant.curency"; did you mean "merchant.currency"?
kontor.toml:3: unknown key "merchant.body_size"; did you mean "limits.body_size"?
kontor.toml:4: "merchant.enabled": must be true or false, not "yes"
kontor.toml:5: "merchant.default_pay_delay": "1 dya" is not a duration; write for example "30 s", "5 min" or "1 day"
kontor.toml:6: "merchant.public_url": "ftp://x/" must begin with http:// or https://
kontor.toml:7: "merchant.default_persona": must be one of expert, offline-vending-machine, point-of-sale, digital-publishing, e-commerce, developer, not "point_of_sale"; did you mean "point-of-sale"?
kontor.toml:8: "merchant.listen": must be an IP address and a port such as "127.0.0.1:9966", not 9966
kontor.toml:10: "management.listen": must be an IP address and a port such as "127.0.0.1:9966"
kontor.toml:11: unknown key "databse"; did you mean "database"?
kontor.toml:14: "database.max_connections": must be a whole number from 0 to 4294967295, not -1
kontor.toml:15: "database.url": a database URL begins with sqlite:// or postgres://
kontor.toml:17: "limits.trusted_proxies": "x" is not an IP network; write for example "10.0.0.0/8" or "::1"
kontor.toml:18: "limits.body_size": "a lot" is not a size; write for example "1 MiB" or a number of bytes
"#]]
    );
}

#[test]
fn values_must_fit_each_other() {
    let files = Files::new(
        "[merchant]\nlisten = \"127.0.0.1:9968\"\ncurrency = \"euro\"\ntoken_lifetime_default = \"2 days\"\n\
         token_lifetime_max = \"1 day\"\nterms = \"nowhere\"\n[merchant.currencies.EUR]\nnum_fractional_input_digits = 9\n\
         alt_unit_names = { \"3\" = \"k€\" }\ncommon_amounts = [\"USD:1\"]\n[passwords]\nmemory_kib = 1\nqueue = 0\n[log]\nlevel = \"a=b=c\"\n",
    );
    snapbox::assert_data_eq!(
        files.mistakes(),
        snapbox::str![[r#"
kontor.toml:2: "merchant.listen": is the same address as "management.listen" (127.0.0.1:9968); each needs one of its own
kontor.toml:3: "merchant.currency": "euro" is not a currency code: 1 to 11 upper-case letters
kontor.toml:4: "merchant.token_lifetime_default": must not be longer than "merchant.token_lifetime_max"
kontor.toml:6: "merchant.terms": nowhere is not a folder
kontor.toml:8: "merchant.currencies.EUR.num_fractional_input_digits": must be at most 8
kontor.toml:9: "merchant.currencies.EUR.alt_unit_names": needs the key "0", the symbol of the unit itself
kontor.toml:10: "merchant.currencies.EUR.common_amounts": has "USD:1"; write amounts of this currency such as "EUR:5"
kontor.toml:12: "passwords.memory_kib": argon2 does not take these numbers (memory cost is too small)
kontor.toml:13: "passwords.queue": must be at least 1
kontor.toml:15: "log.level": "a=b=c" is not a log level; write for example "info" or "info,kontor=debug"
"#]]
    );
}

#[test]
fn a_broken_file_names_its_line() {
    snapbox::assert_data_eq!(
        Files::new("[merchant]\nenabled = yes\n").mistakes(),
        snapbox::str![
            "kontor.toml:2: this is not TOML: string values must be quoted, expected literal string"
        ]
    );
    let missing = Settings::load(&Sources {
        file: Some(PathBuf::from("no/kontor.toml")),
        ..Sources::default()
    });
    let text = missing.expect_err("no file").to_string();
    assert_eq!(
        text,
        "cannot read the configuration file no/kontor.toml: No such file or directory (os error 2)"
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
fn known_currencies_have_their_digits() {
    assert_eq!(Currency::built_in("JPY").num_fractional_input_digits, 0);
    assert_eq!(Currency::built_in("EUR").name, "Euro");
    assert_eq!(Currency::built_in("XYZZY").name, "XYZZY");
    assert_eq!(Currency::built_in("USD").alt_unit_names["0"], "$");
}

#[test]
fn public_urls_end_with_a_slash() {
    let url = |text| PublicUrl::parse(text).map(|url| url.to_string());
    assert_eq!(
        url("https://shop.example/taler").as_deref(),
        Ok("https://shop.example/taler/")
    );
    assert_eq!(
        url("https://shop.example").as_deref(),
        Ok("https://shop.example/")
    );
    for wrong in [
        "shop.example",
        "ftp://x/",
        "https://u:p@x/",
        "https://x/?a",
        "https://x/#a",
    ] {
        assert!(url(wrong).is_err(), "{wrong}");
    }
    let listen = "0.0.0.0:80".parse().expect("an address");
    let merchant = Merchant {
        listen,
        ..Merchant::default()
    };
    assert_eq!(
        merchant.public_url().expect("a URL").as_str(),
        "http://127.0.0.1/"
    );
}

#[test]
fn the_example_is_the_defaults() {
    let text = example();
    let shown = show(&Files::new(&text).load());
    assert!(
        shown.iter().all(|key| key.origin == Origin::Default),
        "{shown:?}"
    );
    // Taking the comment sign away from every key that has a default changes nothing.
    let defaults: String = text
        .split("\n\n")
        .filter(|block| !block.contains("Not set by default"))
        .filter(|block| !block.contains("\n#["))
        .flat_map(str::lines)
        .filter(|line| !line.starts_with("# "))
        .map(|line| format!("{}\n", line.trim_start_matches('#')))
        .collect();
    let files = Files::new(&defaults);
    let mut expected = Settings::default();
    expected.secrets.key_file = files.path("kontor.key");
    expected.database.url = DatabaseUrl::sqlite_file(&files.path("kontor.db"));
    assert_eq!(files.load().settings, expected);
    // And every line that is commented out, examples included, is a key that exists.
    let all: String = text
        .lines()
        .filter(|line| !line.starts_with("# "))
        .map(|line| format!("{}\n", line.trim_start_matches('#')))
        .collect();
    // Of a secret and its file, and of the ways to send, only one can be set; authorities need certificates,
    // a country of phone numbers addresses that are phone numbers, and traces a build of their own.
    let others = [
        "url_file = ",
        "smtp_url_file = ",
        "spool = ",
        "smtp_authority = ",
        "ca_file = ",
        "smtp_url = ",
        "from = ",
        "phone_country = ",
        "otlp_endpoint = ",
    ];
    let all: String = all
        .split_inclusive('\n')
        .filter(|line| !others.iter().any(|other| line.starts_with(other)))
        .map(|line| line.replace("/usr/local/lib/kontor/", "/bin/../bin/"))
        .map(|line| {
            line.replace("send-mail", "sh")
                .replace("send-sms", "sh")
                .replace("send-letter", "sh")
        })
        .collect();
    let files = Files::new(&all);
    for folder in ["terms", "privacy", "challenger-terms", "challenger-privacy"] {
        std::fs::create_dir(files.path(folder)).expect("a folder");
        std::fs::write(files.path(folder).join("en.md"), "Terms").expect("a file");
    }
    std::fs::create_dir(files.path("templates")).expect("a folder");
    files.load();
}

const EXCHANGE_KEY: &str = "7N01FGZ88E4NN4NQ1AKMT6VYQJE9GB6F5V29D360SNAZ2AQMCR60";

#[test]
fn payment_providers_stand_in_a_list() {
    let files = Files::new(&format!(
        "[merchant]\ncurrency = \"EUR\"\n\
         [[merchant.exchanges]]\nbase_url = \"https://Exchange.example/pay\"\nmaster_key = \"{EXCHANGE_KEY}\"\ncurrency = \"EUR\"\n\
         [[merchant.exchanges]]\nbase_url = \"http://localhost:8081/\"\nmaster_key = \"{EXCHANGE_KEY}\"\ncurrency = \"EUR\"\nenabled = false\n"
    ));
    let merchant = files.load().settings.merchant;
    let urls: Vec<&str> = merchant
        .exchanges
        .iter()
        .map(|one| one.base_url.as_str())
        .collect();
    assert_eq!(
        urls,
        ["https://exchange.example/pay/", "http://localhost:8081/"]
    );
    assert_eq!(merchant.exchanges[0].master_key.to_string(), EXCHANGE_KEY);
    assert_eq!(merchant.enabled_exchanges().count(), 1);
    // As a variable it is one value, and takes the place of the whole list.
    let list = format!(
        r#"[{{ base_url = "https://other.example", master_key = "{EXCHANGE_KEY}", currency = "KUDOS" }}]"#
    );
    let loaded = with_environment(&[("KONTOR_MERCHANT__EXCHANGES", &list)]).expect("a list");
    let exchanges = &loaded.settings.merchant.exchanges;
    assert_eq!(exchanges.len(), 1);
    assert_eq!(exchanges[0].base_url.as_str(), "https://other.example/");
    assert!(exchanges[0].enabled);
}

#[test]
fn a_wrong_payment_provider_is_named() {
    let entry = |base_url: &str, key: &str, rest: &str| {
        let text = format!(
            "[[merchant.exchanges]]\nbase_url = {base_url:?}\nmaster_key = {key:?}\n{rest}\n"
        );
        Files::new(&text).mistakes()
    };
    let kudos = "currency = \"KUDOS\"";
    let mistakes = [
        entry("ftp://exchange.example/", EXCHANGE_KEY, kudos),
        entry("https://exchange.example/?a=b", EXCHANGE_KEY, kudos),
        entry("https://me:secret@exchange.example/", EXCHANGE_KEY, kudos),
        entry("https://exchange.example/", "7N01", kudos),
        entry("https://exchange.example/", &"Y".repeat(52), kudos),
        entry("https://exchange.example/", EXCHANGE_KEY, ""),
        entry(
            "https://exchange.example/",
            EXCHANGE_KEY,
            "currency = \"CHF\"",
        ),
        entry(
            "https://exchange.example/",
            EXCHANGE_KEY,
            "currency = \"KUDOS\"\nurl = \"x\"",
        ),
    ];
    let twice = format!(
        "[[merchant.exchanges]]\nbase_url = \"https://exchange.example\"\nmaster_key = \"{EXCHANGE_KEY}\"\n{kudos}\n"
    );
    let twice = Files::new(&format!("{twice}{}", twice.replace("example", "EXAMPLE"))).mistakes();
    let expected = [
        "\"merchant.exchanges.0.base_url\": \"ftp://exchange.example/\" must begin with http:// or https://",
        "\"merchant.exchanges.0.base_url\": \"https://exchange.example/?a=b\" must end with its path: no query and no fragment",
        "\"merchant.exchanges.0.base_url\": a base URL holds no user name and no password",
        "\"merchant.exchanges.0.master_key\": expected 52 characters of Crockford base32",
        "\"merchant.exchanges.0\" (https://exchange.example/): the master_key is no public key",
        "\"merchant.exchanges.0\": missing field `currency`",
        "\"merchant.exchanges.0\" (https://exchange.example/): \"CHF\" is no currency of this server; it is neither \"merchant.currency\" nor in \"merchant.currencies\"",
        "\"merchant.exchanges.0.url\": has the unknown key \"url\"",
        "\"merchant.exchanges.1\" (https://exchange.example/): this base_url stands in the list twice",
    ];
    let found: Vec<String> = mistakes.into_iter().chain([twice]).collect();
    let expected = expected.map(|sentence| format!("kontor.toml:1: {sentence}"));
    assert_eq!(found, expected);
}

#[test]
fn durations_print_as_they_are_read() {
    for text in [
        "1 day", "15 days", "5 min", "30 s", "36 h", "1 s", "0s", "1s 500ms",
    ] {
        let value = values::duration::parse(text).expect("a duration");
        assert_eq!(values::duration::print(value), text);
    }
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

#[test]
fn a_parameter_that_the_driver_passes_over_is_refused() {
    for url in [
        "postgres://h/d?sslmode=verify-full&host=/run/postgresql",
        "postgres://h/d?options[search_path]=a&password=b",
    ] {
        assert!(DatabaseUrl::parse(url).is_ok(), "{url}");
    }
    let refused = DatabaseUrl::parse("postgres://h/d?Password=hunter2").unwrap_err();
    assert_eq!(
        refused,
        "the database URL has the parameter \"Password\", which means nothing to Kontor"
    );
}
