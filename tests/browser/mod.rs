//! The Challenger's pages as people meet them: a server, a client, and Chromium without a window.
//!
//! A journey is a program in `journeys/`, which `tests/browser.sh` runs. It goes a person's way and looks closely at every page that
//! comes: does it fit into a phone and a desktop, light and dark, is it accessible by the rules of axe-core, is there an error in
//! the console, an offence against the policy of the page, a request to anywhere else? `SCREENSHOTS=FOLDER` keeps a picture of each.

mod api_page;

use std::fs::write;
use std::io::{BufRead as _, BufReader, Write as _};
use std::net::TcpListener;
use std::path::Path;
use std::process::{Command, Stdio};

use serde_json::Value;

use crate::cli::program::{Place, on_place};
use crate::database::support::postgres_url;

/// The shortest journey.
const ON_BOTH_DATABASES: &str = "phone";

/// Where the client sends people back to.
const CLIENT_PAGE: &str = "<!DOCTYPE html><html lang=\"en\"><title>Client</title><link rel=\"icon\" href=\"data:,\"><h1>The client</h1>";

/// What the first lines of every configuration say: a free port, and codes into a file.
const COMMON: &str = r#"
[merchant]
enabled = false

[management]
enabled = false

[challenger]
enabled = true
listen = "127.0.0.1:0"
"#;

const EMAIL: &str = r#"
terms = "terms"

[tan]
retransmission = "5 min"

[tan.email]
spool = "sent.jsonl"
"#;

const PHONE: &str = r#"
address_type = "phone"
privacy = "terms"

[tan]
retransmission = "0 s"

[tan.sms]
spool = "sent.jsonl"
"#;

const POST: &str = r#"
address_type = "postal"
validation_duration = "30 days"

[challenger.restrictions.ADDRESS_COUNTRY]
regex = "CH"
hint = "Only addresses in Switzerland"
hint_i18n = { de = "Nur Adressen in der Schweiz" }

[tan.post]
spool = "sent.jsonl"
"#;

/// Each address but good ones has a fate of its own.
const FATES: &str = r#"
address_changes = 2
transmissions = 2

[tan]
guesses = 1
retransmission = "0 s"

[tan.email]
command = ["/bin/sh", "send.sh"]
"#;

const SEND: &str = r#"
case $1 in
unusable@*) exit 67 ;;
unreachable@*) exit 69 ;;
failing@*) exit 75 ;;
slow@*) until [ -e released ]; do sleep 0.1; done ;;
esac
code=$(grep -Eo '[0-9]{4}-[0-9]{4}')
printf '{"address": "%s", "message": "%s"}\n' "$1" "$code" >>sent.jsonl
"#;

#[tokio::test]
async fn a_person_proves_an_email_address() {
    walk("email", EMAIL).await;
}

#[tokio::test]
async fn a_person_proves_a_phone_number() {
    walk("phone", PHONE).await;
}

#[tokio::test]
async fn a_person_proves_a_postal_address() {
    walk("post", POST).await;
}

#[tokio::test]
async fn a_person_comes_to_a_dead_end() {
    walk("dead_ends", FATES).await;
}

/// Runs a journey through a server with these settings. Pages know no database: on PostgreSQL one journey is enough.
async fn walk(journey: &str, settings: &str) {
    if journey != ON_BOTH_DATABASES && postgres_url().is_some() {
        return;
    }
    on_place(async |place| {
        write(place.path("kontor.toml"), [COMMON, settings].concat()).expect("a configuration");
        write(place.path("send.sh"), SEND).expect("a program that sends");
        std::fs::create_dir(place.path("terms")).expect("a folder");
        write(place.path("terms/en.txt"), "Be kind.").expect("terms");
        let server = place.start(&["serve"], &[]);
        let told = server.until("challenger");
        let base = told.split(',').next().expect("a URL");
        let redirect_uri = client_page();
        let client = register(place, &redirect_uri);
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/browser.sh");
        let walked = Command::new(script)
            .arg(journey)
            .env("BASE", base)
            .env("REDIRECT_URI", &redirect_uri)
            .env("CLIENT_ID", &client.0)
            .env("CLIENT_SECRET", &client.1)
            .env("SPOOL", place.path("sent.jsonl"))
            .stdin(Stdio::null())
            .output()
            .expect("a journey");
        assert!(
            walked.status.success(),
            "{}{}\nlog of the server:\n{}",
            String::from_utf8_lossy(&walked.stdout),
            String::from_utf8_lossy(&walked.stderr),
            place.log()
        );
    })
    .await;
}

/// Registers a client; returns its id and secret.
fn register(place: &Place, redirect_uri: &str) -> (String, String) {
    let added = place.output(&["client", "add", "--json", "--redirect-uri", redirect_uri]);
    let added: Value = serde_json::from_str(&added).expect("JSON");
    let text = |name: &str| match &added[name] {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    };
    (text("client_id"), text("client_secret"))
}

/// Serves the client's page as long as the test runs; returns where.
fn client_page() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let address = listener.local_addr().expect("its address");
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.expect("a connection");
            std::thread::spawn(move || {
                let mut request = BufReader::new(&stream).lines();
                // A browser opens connections in advance that it may never use.
                if request.next().is_none() {
                    return;
                }
                while request
                    .next()
                    .is_some_and(|line| line.is_ok_and(|line| !line.is_empty()))
                {}
                write!(
                    stream,
                    "HTTP/1.1 200 OK\r\ncontent-type: text/html\r\nconnection: close\r\ncontent-length: {}\r\n\r\n{CLIENT_PAGE}",
                    CLIENT_PAGE.len()
                )
                .expect("an answer");
            });
        }
    });
    format!("http://{address}/proven")
}
