//! curl, as a client behind TLS at an address of its own.

use std::process::{Child, Command, Stdio};

use serde_json::Value;

use super::nginx::Nginx;

/// A client.
pub struct Client {
    options: Vec<String>,
}

/// An answer.
#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    head: String,
    pub body: String,
}

impl Answer {
    #[track_caller]
    fn parse(printed: &str) -> Self {
        let (head, body) = printed
            .split_once("\r\n\r\n")
            .unwrap_or_else(|| panic!("no answer: {printed}"));
        let status = head.split(' ').nth(1).expect("a status");
        Self {
            status: status.parse().expect("a number"),
            head: head.to_owned(),
            body: body.to_owned(),
        }
    }

    /// The value of a header.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.head.lines().find_map(|line| {
            let (found, value) = line.split_once(':')?;
            found.eq_ignore_ascii_case(name).then_some(value.trim())
        })
    }

    #[track_caller]
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|reason| panic!("{reason}: {self:?}"))
    }

    /// It is of this status.
    #[track_caller]
    pub fn is(self, status: u16) -> Self {
        assert_eq!(self.status, status, "{self:?}");
        self
    }
}

impl Client {
    /// One at this address of the machine, who knows the authority and where the host is.
    pub fn at(address: &str, nginx: &Nginx) -> Self {
        let mut options = ["-sS", "-i", "--max-time", "60", "-H", "Expect:"]
            .map(str::to_owned)
            .to_vec();
        for port in [nginx.port, nginx.plain_port] {
            options.extend([
                "--resolve".to_owned(),
                format!("shop.example:{port}:127.0.0.1"),
            ]);
        }
        options.extend(["--cacert".to_owned(), nginx.authority()]);
        options.extend(["--interface".to_owned(), address.to_owned()]);
        Self { options }
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new("curl");
        command.args(&self.options).args(arguments);
        command
    }

    /// What a request is answered with.
    #[track_caller]
    pub fn send(&self, arguments: &[&str]) -> Answer {
        let output = self.command(arguments).output().expect("curl");
        let told = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{arguments:?}: {told}");
        Answer::parse(&String::from_utf8_lossy(&output.stdout))
    }

    /// The same for JSON with a token.
    #[track_caller]
    pub fn send_as(&self, token: &str, url: &str, arguments: &[&str]) -> Answer {
        let authorization = format!("Authorization: Bearer {token}");
        let json = [
            "-H",
            &authorization,
            "-H",
            "Content-Type: application/json",
            url,
        ];
        self.send(&[&json, arguments].concat())
    }

    /// A request that nobody waits for to the end.
    pub fn begin(&self, token: &str, url: &str) -> Child {
        let authorization = format!("Authorization: Bearer {token}");
        self.command(&["-H", &authorization, url])
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("curl")
    }
}
