//! Clients of the Challenger that others wrote, and the bytes that they send, against a started server.

mod exchange;
mod libraries;

use std::{collections::BTreeSet, fs, sync::Mutex};

use serde_json::Value;

use crate::cli::program::{Place, Running};

/// A started Challenger for e-mail addresses, and what it sends.
struct Service<'a> {
    place: &'a Place,
    server: Running,
    /// With a slash at its end.
    url: String,
    /// Lines of the file that were read.
    read: Mutex<BTreeSet<usize>>,
}

/// The registration of a client.
struct Client {
    id: String,
    secret: String,
    redirect_uri: &'static str,
}

impl<'a> Service<'a> {
    fn start(place: &'a Place) -> Self {
        let sent = place.path("sent.jsonl").display().to_string();
        let server = place.start(
            &["serve"],
            &[
                ("KONTOR_CHALLENGER__ENABLED", "true"),
                ("KONTOR_TAN__EMAIL__SPOOL", &sent),
            ],
        );
        Self {
            url: server.url_of("challenger"),
            server,
            place,
            read: Mutex::default(),
        }
    }

    /// Registers a client, while the server runs.
    fn register(&self, redirect_uri: &'static str, more: &[&str]) -> Client {
        let add = ["client", "add", "--json", "--redirect-uri", redirect_uri];
        let added = self.place.output(&[&add, more].concat());
        let added: Value = serde_json::from_str(&added).expect("JSON");
        let text = |name: &str| added[name].as_str().expect("text").to_owned();
        Client {
            id: text("client_id"),
            secret: text("client_secret"),
            redirect_uri,
        }
    }

    /// The oldest code that was sent to an address and not read yet. Codes are on disk before anybody is asked for them.
    #[track_caller]
    fn code(&self, address: &str) -> String {
        let sent = fs::read_to_string(self.place.path("sent.jsonl")).expect("messages");
        let mut read = self.read.lock().expect("what was read");
        let lines = sent.lines().enumerate();
        let mut messages = lines.map(|(line, text)| {
            let message: Value = serde_json::from_str(text).expect("JSON");
            (line, message)
        });
        let found =
            messages.find(|(line, message)| message["address"] == address && read.insert(*line));
        let (_, message) = found.expect("a message");
        message["tan"].as_str().expect("a code").to_owned()
    }

    #[track_caller]
    fn stop(self) {
        assert!(
            self.server.stop("-TERM").0.success(),
            "{}",
            self.place.log()
        );
    }
}
