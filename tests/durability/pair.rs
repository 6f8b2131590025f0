//! Two servers on one database.

use serde_json::Value;

use super::{
    client::Client,
    service::{Service, Site, serve, text},
};
use crate::{cli::program::Place, support::Answer};

/// Two servers.
pub struct Pair {
    pub site: Site,
    pub servers: [Service; 2],
    _other_place: Place,
}

impl Pair {
    /// None on SQLite, which one server has for itself.
    pub fn start(configuration: &str) -> Option<Self> {
        let site = Site::new();
        let cluster = site.cluster.as_ref()?;
        let other_place = Place::on_database(&cluster.url());
        for place in [&site.place, &other_place] {
            std::fs::write(place.path("kontor.toml"), configuration).expect("settings");
        }
        let spool = site.place.path("spool.jsonl").display().to_string();
        let key_file = site.place.path("kontor.key").display().to_string();
        let settings = [
            ("KONTOR_SECRETS__KEY_FILE", key_file.as_str()),
            ("KONTOR_TAN__EMAIL__SPOOL", &spool),
            ("KONTOR_MERCHANT__SELF_PROVISIONING", "true"),
            ("KONTOR_MERCHANT__MANDATORY_TAN_CHANNELS", r#"["email"]"#),
            ("KONTOR_CHALLENGER__ENABLED", "true"),
        ];
        let servers = [&site.place, &other_place].map(|place| serve(place, &[], &settings));
        Some(Self {
            servers,
            _other_place: other_place,
            site,
        })
    }

    /// A client of each, by turns for ever.
    pub fn clients(&self) -> [Client; 2] {
        self.servers.each_ref().map(Service::client)
    }

    /// The code that was sent last.
    pub fn code(&self) -> String {
        let lines = std::fs::read_to_string(self.site.place.path("spool.jsonl"));
        let lines = lines.expect("a file");
        let last: Value =
            serde_json::from_str(lines.lines().last().expect("a message")).expect("JSON");
        text(&last["tan"])
    }

    pub fn stop(self) {
        for server in self.servers {
            assert!(server.process.stop("-TERM").0.success());
        }
    }
}

/// A code that was not sent.
pub fn wrong(code: &str) -> &'static str {
    match code {
        "0000-0000" => "0000-0001",
        _ => "0000-0000",
    }
}

pub fn count(answers: &[Answer], status: u16) -> usize {
    answers
        .iter()
        .filter(|answer| answer.status == status)
        .count()
}
