//! Secrets that are planted in every input are found nowhere: not in the most talkative log, not in an error, not in a dump of the
//! database, not among the metrics.

use data_encoding::{BASE64_NOPAD, HEXLOWER};
use kontor_openapi::scalar::base32;
use serde_json::{Value, json};

use super::{
    cluster::Cluster,
    figures::{say, turn},
    planting::{
        CHALLENGER_EMAIL, DATABASE_PASSWORD, EMAIL, FACADE_PASSWORD, FACADE_USER, KYC_TOKEN,
        LEGACY, MALFORMED, NEXT_PASSWORD, OTP_KEY, Planted, SHOP_PASSWORD, STATE, VERIFIER,
        WRONG_PASSWORD, plant_in_challenger, plant_in_merchant,
    },
    provider::{configuration, provider},
    service::{serve, serve_with_json_log, text},
};
use crate::{
    cli::program::Place,
    database::support::postgres_url,
    support::{PASSWORD, exchange::json_response},
};

/// What a secret would look like in a dump.
fn forms(secret: &str) -> Vec<String> {
    let text = secret.trim_start_matches("secret-token:");
    let mut forms = vec![
        text.to_owned(),
        HEXLOWER.encode(text.as_bytes()),
        HEXLOWER.encode(text.as_bytes()).to_uppercase(),
        BASE64_NOPAD.encode(text.as_bytes()),
    ];
    let pairs =
        ["shop", "admin"].map(|user| BASE64_NOPAD.encode(format!("{user}:{secret}").as_bytes()));
    forms.extend(pairs);
    // Bytes that are written in base32 are stored as they are.
    if let Some(bytes) = base32::decode(text) {
        forms.push(HEXLOWER.encode(&bytes));
    }
    forms
}

#[track_caller]
fn holds_none<'a>(what: &str, dump: &[u8], secrets: impl IntoIterator<Item = &'a String>) {
    for secret in secrets {
        for form in forms(secret).iter().filter(|form| form.len() >= 8) {
            let found = dump
                .windows(form.len())
                .position(|window| window == form.as_bytes());
            if let Some(at) = found {
                let around = &dump[at.saturating_sub(200)..(at + 200).min(dump.len())];
                panic!("{what} holds {secret}: {}", String::from_utf8_lossy(around));
            }
        }
    }
}

/// All that is stored, as somebody gets it who steals it.
fn dump(place: &Place, cluster: Option<&Cluster>) -> Vec<u8> {
    let dump = match cluster {
        Some(cluster) => cluster.dump(),
        None => {
            let names = ["kontor.db", "kontor.db-wal"].map(|name| place.path(name));
            let files = names.iter().filter_map(|file| std::fs::read(file).ok());
            files.flatten().collect()
        }
    };
    // The test would notice: what is stored in the clear is there.
    let is_there = |word: &str| {
        dump.windows(word.len())
            .any(|window| window == word.as_bytes())
    };
    assert!(is_there("Shop shop") && is_there(EMAIL), "that is no dump");
    dump
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_secret_comes_out_anywhere() {
    let _turn = turn().await;
    for format in ["text", "json"] {
        let provider = provider().await;
        provider.answer("/kyc-check/", |_| {
            let known = json!({ "aml_review": false, "access_token": KYC_TOKEN, "rule_gen": 3 });
            let mut answer = json_response(&known);
            answer.set_status(poem::http::StatusCode::ACCEPTED);
            answer
        });
        let cluster = postgres_url().map(|_| Cluster::start());
        let place = match &cluster {
            None => Place::new(),
            Some(cluster) => {
                let url = cluster.url();
                Place::on_database(
                    &url.replace("postgres@", &format!("postgres:{DATABASE_PASSWORD}@")),
                )
            }
        };
        let configuration = configuration(&provider);
        std::fs::write(place.path("kontor.toml"), configuration).expect("settings");
        let spool = place.path("spool.jsonl");
        let spool_setting = spool.display().to_string();
        let settings = [
            ("KONTOR_LOG__LEVEL", "trace"),
            ("KONTOR_TAN__EMAIL__SPOOL", &*spool_setting),
            ("KONTOR_MERCHANT__SELF_PROVISIONING", "true"),
            ("KONTOR_CHALLENGER__ENABLED", "true"),
        ];
        let service = match format {
            "json" => serve_with_json_log(&place, &settings),
            _ => serve(&place, &[], &settings),
        };
        let codes = || {
            let lines = std::fs::read_to_string(&spool).expect("codes");
            let last = lines.lines().last().expect("a code");
            text(&serde_json::from_str::<Value>(last).expect("JSON")["tan"])
        };
        let mut planted = Planted {
            secrets: [
                PASSWORD,
                SHOP_PASSWORD,
                NEXT_PASSWORD,
                WRONG_PASSWORD,
                LEGACY,
                FACADE_USER,
                FACADE_PASSWORD,
                OTP_KEY,
                KYC_TOKEN,
                DATABASE_PASSWORD,
                MALFORMED,
                VERIFIER,
            ]
            .map(str::to_owned)
            .to_vec(),
            addresses: [EMAIL, CHALLENGER_EMAIL, STATE].map(str::to_owned).to_vec(),
            errors: Vec::new(),
        };
        let key_file = std::fs::read_to_string(place.path("kontor.key")).expect("a key file");
        let keys = key_file.lines().filter(|line| !line.starts_with('#'));
        for key in keys {
            planted.hide(key.split_whitespace().last().expect("a key"));
        }
        plant_in_merchant(&service, &codes, &mut planted).await;
        plant_in_challenger(&place, &service, &codes, &mut planted).await;

        let metrics = service.management("/metrics").await.1;
        let (status, printed) = service.process.stop("-TERM");
        assert!(status.success());
        let log = place.log();
        assert!(
            log.contains("kontor::access") && log.contains("redeemCode"),
            "that is no log"
        );
        let both = || planted.secrets.iter().chain(&planted.addresses);
        holds_none("the log", log.as_bytes(), both());
        holds_none("the metrics", metrics.as_bytes(), both());
        holds_none("the output", printed.as_bytes(), both());
        for error in &planted.errors {
            let answer = format!("{:?} {}", error.headers, error.text());
            holds_none("an error", answer.as_bytes(), both());
        }
        let dump = dump(&place, cluster.as_ref());
        holds_none("the database", &dump, &planted.secrets);
        say(
            "secrets",
            format!(
                "{} planted; none in {} KiB of {format} log at level trace, {} errors, the metrics, {} KiB of database",
                planted.secrets.len(),
                log.len() / 1024,
                planted.errors.len(),
                dump.len() / 1024,
            ),
        );
    }
}
