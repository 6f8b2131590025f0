//! The built program as a server, in a folder and on a database of its own.

use std::{net::SocketAddr, process::Command};

use serde_json::{Value, json};

use super::{
    client::{Ask, Client},
    cluster::Cluster,
};
use crate::{
    cli::program::{Place, Running},
    database::support::postgres_url,
    support::{PASSWORD, instance},
};

/// Where a server of these tests runs. PostgreSQL is one of its own, which waits for its disk and can be stopped.
pub struct Site {
    pub place: Place,
    pub cluster: Option<Cluster>,
}

impl Site {
    pub fn new() -> Self {
        let cluster = postgres_url().map(|_| Cluster::start());
        let place = match &cluster {
            Some(cluster) => Place::on_database(&cluster.url()),
            None => Place::new(),
        };
        Self { place, cluster }
    }

    /// Starts the server.
    pub fn serve(&self, settings: &[(&str, &str)]) -> Service {
        serve(&self.place, &[], settings)
    }
}

/// A running server.
pub struct Service {
    pub process: Running,
    pub merchant: SocketAddr,
    /// Its Challenger, where that is enabled.
    pub challenger: Option<SocketAddr>,
    pub management: SocketAddr,
}

/// Starts a server by way of another program. It makes the instance `admin` with the usual password.
pub fn serve(place: &Place, wrapper: &[&str], settings: &[(&str, &str)]) -> Service {
    let path = std::env::var("PATH").expect("a PATH");
    let own = [("KONTOR_ADMIN_PASSWORD", PASSWORD), ("PATH", &path)];
    let process = place.start_under(wrapper, &["serve"], &[&own, settings].concat());
    let listen = |name: &str| {
        let line = process.until(name);
        let url = line.split("listening on ").last().expect("a text");
        let address = url.trim_start_matches("http://");
        address.split([';', '/']).next()?.trim().parse().ok()
    };
    let [merchant, challenger, management] = ["merchant", "challenger", "management"].map(listen);
    Service {
        merchant: merchant.expect("a merchant backend"),
        challenger,
        management: management.expect("a management listener"),
        process,
    }
}

/// Starts a server whose log is JSON; it then says in the log where it is.
pub fn serve_with_json_log(place: &Place, settings: &[(&str, &str)]) -> Service {
    let path = std::env::var("PATH").expect("a PATH");
    let own = [
        ("KONTOR_ADMIN_PASSWORD", PASSWORD),
        ("KONTOR_LOG__FORMAT", "json"),
        ("PATH", &path),
    ];
    let process = place.start(&["serve"], &[&own, settings].concat());
    let serving = || {
        let log = place.log();
        let events = log.lines().map(serde_json::from_str::<Value>);
        events.flatten().find(|event| event["message"] == "serving")
    };
    for _ in 0..600 {
        if let Some(event) = serving() {
            let address = |name: &str| {
                let address = event[format!("{name}.listen")].as_str();
                address.and_then(|address| address.parse().ok())
            };
            return Service {
                merchant: address("merchant").expect("a merchant backend"),
                challenger: address("challenger"),
                management: address("management").expect("a management listener"),
                process,
            };
        }
        std::thread::sleep(std::time::Duration::from_millis(50));
    }
    panic!("it does not say that it serves: {}", place.log());
}

impl Service {
    pub fn client(&self) -> Client {
        Client::new(self.merchant)
    }

    pub fn challenger_client(&self) -> Client {
        Client::of_challenger(self.challenger.expect("a Challenger"))
    }

    /// A token of an instance, for ever.
    pub async fn token(&self, id: &str) -> String {
        token(&mut self.client(), id).await
    }

    /// Makes an instance with the usual password, and a token for it.
    pub async fn shop(&self, id: &str) -> String {
        let admin = self.token("admin").await;
        let create = Ask::post("/management/instances", &instance(id)).bearer(&admin);
        self.client().send(create).await.expect(204);
        self.token(id).await
    }

    /// What `/livez`, `/readyz` or `/metrics` answers.
    pub async fn management(&self, path: &str) -> (u16, String) {
        let mut client = Client::of_management(self.management);
        let answer = client.send(Ask::get(path)).await;
        (answer.status.as_u16(), answer.text())
    }

    pub async fn is_ready(&self) -> bool {
        self.management("/readyz").await.0 == 200
    }

    /// Resident memory in KiB.
    pub fn memory(&self) -> u64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.process.id()));
        let status = status.expect("a process of Linux");
        let line = status.lines().find(|line| line.starts_with("VmRSS:"));
        let size = line.and_then(|line| line.split_whitespace().nth(1));
        size.and_then(|size| size.parse().ok()).expect("a size")
    }

    /// Limits a resource of the running process, as `prlimit` names it.
    pub fn limit(&self, resource: &str, limit: &str) {
        limit_of(self.process.id(), resource, limit);
    }
}

/// Limits a resource of a running process; the hard limit stays.
pub fn limit_of(process: u32, resource: &str, limit: &str) {
    let status = Command::new("prlimit")
        .args(["--pid", &process.to_string()])
        .arg(format!("--{resource}={limit}:"))
        .status();
    assert!(status.expect("prlimit").success(), "{resource} {limit}");
}

/// Logs an instance with the usual password in.
pub async fn token(client: &mut Client, id: &str) -> String {
    let body = json!({ "scope": "all", "duration": { "d_us": "forever" } });
    let login = Ask::post(format!("/instances/{id}/private/token"), &body);
    let answer = client.send(login.basic(id, PASSWORD)).await.expect(200);
    text(&answer["access_token"])
}

/// Settings of an instance as `PATCH` takes them.
pub fn named(name: &str) -> Value {
    json!({ "name": name, "address": {}, "jurisdiction": {}, "use_stefan": true })
}

pub fn text(value: &Value) -> String {
    value.as_str().expect("a text").to_owned()
}
