//! Requests that Schemathesis makes of the documents, sent to a started server, and the answers held against the documents.
//!
//! `make fuzz` does more of it: `KONTOR_FUZZ_SEED`, `KONTOR_FUZZ_EXAMPLES`, `KONTOR_FUZZ_SECONDS` and `KONTOR_FUZZ_AT_ROOT`.

use std::{fs, path::Path, process::Command};

use serde_json::{Value, json};
use snapbox::cmd::cargo_bin;

use crate::{
    cli::program::{Place, Running, on_place},
    support::exchange::TestExchange,
};

const REDIRECT_URI: &str = "https://client.example/done";

/// So many requests are made at random for each operation, unless more are asked for. What is not random comes on top.
const EXAMPLES: &str = "3";

/// A server that refuses nothing because there was too much of it, and whose features are switched on, but for external
/// authentication: whoever turned it on for the shop would be let in without credentials.
fn start(place: &Place, provider: &TestExchange) -> Running {
    fs::create_dir(place.path("terms")).expect("a folder");
    fs::write(place.path("terms/en.md"), "# Terms\n").expect("terms");
    let spool = place.path("sent.jsonl").display().to_string();
    let settings = provider.settings();
    let exchanges = format!(
        "[{{ base_url = \"{}\", master_key = \"{}\", currency = \"{}\" }}]",
        provider.base_url(),
        settings.master_key,
        provider.currency
    );
    let many = "1000000";
    place.start(
        &["serve"],
        &[
            ("KONTOR_CHALLENGER__ENABLED", "true"),
            ("KONTOR_CHALLENGER__OPEN_VALIDATIONS", many),
            ("KONTOR_LIMITS__LOGIN_FAILURES", many),
            ("KONTOR_LIMITS__LONG_POLL", "0 s"),
            ("KONTOR_LIMITS__RESETS", many),
            ("KONTOR_LIMITS__SIGN_UPS", many),
            ("KONTOR_LOG__LEVEL", "warn"),
            ("KONTOR_MERCHANT__EXCHANGES", &exchanges),
            ("KONTOR_MERCHANT__SELF_PROVISIONING", "true"),
            ("KONTOR_MERCHANT__TERMS", "terms"),
            ("KONTOR_MERCHANT__TERMS_VERSION", "1"),
            ("KONTOR_PASSWORDS__ITERATIONS", "1"),
            ("KONTOR_TAN__DAILY_LIMIT", many),
            ("KONTOR_TAN__DAILY_RESETS", many),
            ("KONTOR_TAN__DAILY_SIGN_UPS", many),
            ("KONTOR_TAN__EMAIL__SPOOL", &spool),
            ("KONTOR_TAN__RETRANSMISSION", "0 s"),
            ("KONTOR_TAN__SMS__SPOOL", &spool),
        ],
    )
}

/// A payment provider that is there today.
async fn provider() -> TestExchange {
    let provider = TestExchange::start().await;
    provider.adjust(|keys| {
        for key in keys["signkeys"].as_array_mut().expect("a list") {
            key["stamp_expire"] = json!({ "t_s": "never" });
        }
    });
    provider
}

/// The program with the database and the key file of this place, as one word.
fn program(place: &Place) -> String {
    let path = place.path("kontor.sh");
    let text = format!("{}\nkontor \"$@\"\n", place.as_command());
    fs::write(&path, format!("#!/usr/bin/env bash\n{text}")).expect("a script");
    assert!(
        Command::new("chmod")
            .arg("+x")
            .arg(&path)
            .status()
            .expect("chmod")
            .success()
    );
    path.display().to_string()
}

#[tokio::test(flavor = "multi_thread")]
async fn every_operation_answers_as_documented() {
    assert!(cargo_bin!("kontor").exists());
    on_place(async |place| {
        let provider = provider().await;
        place.create_instance("admin");
        let server = start(place, &provider);
        let [merchant, challenger] =
            ["merchant", "challenger"].map(|service| server.url_of(service));
        let client = place.output(&["client", "add", "--json", "--redirect-uri", REDIRECT_URI]);
        let client: Value = serde_json::from_str(&client).expect("JSON");
        let told = |name: &str| client[name].as_str().expect("text");
        let wanted = |name: &str| std::env::var(format!("KONTOR_FUZZ_{name}")).ok();
        let seed = wanted("SEED").unwrap_or_else(|| "1".to_owned());

        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fuzz.sh");
        let mut fuzz = Command::new(script);
        fuzz.env("FUZZ_SEED", &seed)
            .env(
                "FUZZ_EXAMPLES",
                wanted("EXAMPLES").as_deref().unwrap_or(EXAMPLES),
            )
            .env("FUZZ_MERCHANT", merchant)
            .env("FUZZ_CHALLENGER", challenger)
            .env("FUZZ_KONTOR", program(place))
            .env("FUZZ_SPOOL", place.path("sent.jsonl"))
            .env("FUZZ_ADMIN_PASSWORD", "sesame")
            .env("FUZZ_CLIENT_ID", told("client_id"))
            .env("FUZZ_CLIENT_SECRET", told("client_secret"))
            .env("FUZZ_REDIRECT_URI", REDIRECT_URI);
        for name in ["SECONDS", "AT_ROOT"] {
            fuzz.envs(wanted(name).map(|value| (format!("FUZZ_{name}"), value)));
        }
        let output = tokio::task::spawn_blocking(move || fuzz.output())
            .await
            .expect("no panic")
            .expect("a shell");
        let (printed, trouble) = (
            String::from_utf8_lossy(&output.stdout),
            String::from_utf8_lossy(&output.stderr),
        );
        let log = place.log();
        assert!(
            output.status.success(),
            "seed {seed}\n{printed}\n{trouble}\n{log}"
        );
        assert!(!log.contains("panicked"), "seed {seed}\n{log}");
        assert!(server.stop("-TERM").0.success(), "{}", place.log());
    })
    .await;
}
