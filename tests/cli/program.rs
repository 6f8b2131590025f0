//! The program as an operator runs it: in a folder of its own, on the database under test.

use std::fs::File;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, ExitStatus, Stdio};
use std::sync::mpsc;
use std::time::Duration;

use sea_orm::{ConnectionTrait as _, Statement};
use snapbox::cmd::{Command, cargo_bin};
use tempfile::TempDir;

use crate::database::support::{on_empty_database, postgres_url};

/// What takes longer does not come.
const PATIENCE: Duration = Duration::from_secs(60);
/// Between two looks at something that takes its time.
const STEP: Duration = Duration::from_millis(20);

/// Where the program runs.
pub struct Place {
    pub folder: TempDir,
    pub url: Option<String>,
}

/// Runs a test where the program finds an empty database, on SQLite or PostgreSQL.
pub async fn on_place(test: impl AsyncFnOnce(&Place)) {
    match postgres_url() {
        None => test(&Place::new()).await,
        Some(_) => {
            on_empty_database(async |database| {
                test(&Place::on_database(&database.settings.url)).await;
            })
            .await;
        }
    }
}

impl Place {
    /// An empty folder and the database that is made there by default.
    pub fn new() -> Self {
        Self {
            folder: tempfile::tempdir().expect("a folder"),
            url: None,
        }
    }

    /// An empty folder, and a database that is there.
    pub fn on_database(url: &str) -> Self {
        Self {
            url: Some(url.to_owned()),
            ..Self::new()
        }
    }

    /// Where the database is.
    pub fn database_url(&self) -> String {
        let file = format!("sqlite://{}", self.path("kontor.db").display());
        self.url.clone().unwrap_or(file)
    }

    pub fn path(&self, name: &str) -> std::path::PathBuf {
        self.folder.path().join(name)
    }

    /// The program with nothing of this environment, listening wherever a port is free.
    pub fn kontor(&self, arguments: &[&str]) -> Command {
        let command = Command::new(cargo_bin!("kontor"))
            .env_clear()
            .envs(self.environment())
            .current_dir(self.folder.path());
        command.args(arguments).timeout(PATIENCE)
    }

    fn environment(&self) -> Vec<(&'static str, String)> {
        let mut environment = vec![
            ("KONTOR_MERCHANT__LISTEN", "127.0.0.1:0".to_owned()),
            ("KONTOR_CHALLENGER__LISTEN", "127.0.0.1:0".to_owned()),
            ("KONTOR_MANAGEMENT__LISTEN", "127.0.0.1:0".to_owned()),
            ("KONTOR_PASSWORDS__MEMORY_KIB", "32".to_owned()),
            ("KONTOR_LIMITS__SHUTDOWN_NOTICE", "0 s".to_owned()),
            ("TMPDIR", self.folder.path().display().to_string()),
        ];
        environment.extend(self.url.clone().map(|url| ("KONTOR_DATABASE__URL", url)));
        environment
    }

    /// The definition of a shell's command `kontor`, which runs the program as [`Place::kontor`] does.
    pub fn as_command(&self) -> String {
        let variables = self.environment().into_iter();
        let variables: Vec<String> = variables
            .map(|(name, value)| format!("{name}='{value}'"))
            .collect();
        format!(
            "kontor() {{ (cd '{}' && env -i {} '{}' \"$@\"); }}",
            self.folder.path().display(),
            variables.join(" "),
            cargo_bin!("kontor").display()
        )
    }

    /// What a verb prints that succeeds.
    #[track_caller]
    pub fn output(&self, arguments: &[&str]) -> String {
        let assert = self.kontor(arguments).assert().success();
        String::from_utf8(assert.get_output().stdout.clone()).expect("text")
    }

    /// Creates an instance with the password `sesame`.
    #[track_caller]
    pub fn create_instance(&self, id: &str) {
        let create = self.kontor(&["instance", "create", id, "--password-stdin"]);
        create.stdin("sesame\n").assert().success();
    }

    /// Starts a verb that runs until it is stopped.
    pub fn start(&self, arguments: &[&str], environment: &[(&str, &str)]) -> Running {
        self.start_under(&[], arguments, environment)
    }

    /// The same by way of another program, which is handed the command and becomes it.
    pub fn start_under(
        &self,
        wrapper: &[&str],
        arguments: &[&str],
        environment: &[(&str, &str)],
    ) -> Running {
        let log = File::create(self.path("log")).expect("a log");
        let kontor = cargo_bin!("kontor");
        let mut command = match wrapper.split_first() {
            None => std::process::Command::new(kontor),
            Some((program, rest)) => {
                let mut command = std::process::Command::new(program);
                command.args(rest).arg(kontor);
                command
            }
        };
        let mut child = command
            .env_clear()
            .envs(self.environment())
            .envs(environment.iter().copied())
            .current_dir(self.folder.path())
            .args(arguments)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(log)
            .spawn()
            .expect("a process");
        let output = BufReader::new(child.stdout.take().expect("standard output"));
        let (send, lines) = mpsc::channel();
        std::thread::spawn(move || {
            for line in output.lines() {
                // Nobody reads on when the test has ended.
                drop(send.send(line.expect("text") + "\n"));
            }
        });
        Running { child, lines }
    }

    pub fn log(&self) -> String {
        std::fs::read_to_string(self.path("log")).expect("the log")
    }

    /// Waits until the log says this.
    pub fn until_logged(&self, words: &str) {
        for _ in 0..PATIENCE.as_millis() / STEP.as_millis() {
            if self.log().contains(words) {
                return;
            }
            std::thread::sleep(STEP);
        }
        panic!("{words} is not in the log: {}", self.log());
    }

    /// Changes the database behind the program's back.
    pub async fn execute(&self, sql: &str) {
        let connection = sea_orm::Database::connect(self.database_url()).await;
        let connection = connection.expect("the database");
        connection.execute_unprepared(sql).await.expect("a change");
        connection.close().await.expect("the end of a connection");
    }

    /// Reads one number from the database.
    pub async fn number(&self, sql: &str) -> i64 {
        let connection = sea_orm::Database::connect(self.database_url()).await;
        let connection = connection.expect("the database");
        let statement = Statement::from_string(connection.get_database_backend(), sql);
        let row = connection.query_one_raw(statement).await.expect("a query");
        let number = row.expect("a row").try_get_by_index(0);
        connection.close().await.expect("the end of a connection");
        number.expect("a number")
    }
}

/// A running server, which does not outlive the test.
pub struct Running {
    child: Child,
    lines: mpsc::Receiver<String>,
}

impl Running {
    pub fn line(&self) -> String {
        self.lines.recv_timeout(PATIENCE).expect("a line")
    }

    /// What `serve` prints, as far as the line that begins with the word.
    pub fn until(&self, word: &str) -> String {
        loop {
            let line = self.line();
            if let Some(rest) = line.trim().strip_prefix(word) {
                return rest.trim().to_owned();
            }
        }
    }

    /// Where `serve` says that the merchant backend is.
    pub fn merchant_url(&self) -> String {
        self.url_of("merchant")
    }

    /// Where `serve` says that a service is. They are to be asked for in the order in which it names them.
    pub fn url_of(&self, service: &str) -> String {
        let line = self.until(service);
        line.split(',').next().expect("a URL").to_owned()
    }

    /// The number of the process.
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// Sends a signal and waits for the end.
    pub fn stop(mut self, signal: &str) -> (ExitStatus, String) {
        self.signal(signal);
        assert!(self.has_ended_within(PATIENCE), "it did not stop");
        let rest = self.lines.iter().collect();
        (self.child.wait().expect("the end"), rest)
    }

    pub fn signal(&self, signal: &str) {
        let process = self.id().to_string();
        let kill = std::process::Command::new("kill")
            .args([signal, &process])
            .status();
        assert!(kill.expect("kill").success());
    }

    pub fn has_ended_within(&mut self, time: Duration) -> bool {
        for _ in 0..time.as_millis() / STEP.as_millis() {
            if self.child.try_wait().expect("a process").is_some() {
                return true;
            }
            std::thread::sleep(STEP);
        }
        false
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // It has ended already in all tests that pass.
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

/// Sends one request; returns status and body.
pub fn request(method: &str, url: &str, authorization: &str, body: &str) -> (u16, String) {
    request_with(method, url, ("Authorization", authorization), body)
}

/// Sends one request with a header; returns status and body.
pub fn request_with(
    method: &str,
    url: &str,
    (name, value): (&str, &str),
    body: &str,
) -> (u16, String) {
    let rest = url.strip_prefix("http://").expect("a URL");
    let (address, path) = rest.split_once('/').expect("a path");
    let mut stream = TcpStream::connect(address).expect("a connection");
    write!(
        stream,
        "{method} /{path} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n{name}: {value}\r\n\
         Content-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    )
    .expect("a request");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).expect("an answer");
    let status = answer.split(' ').nth(1).expect("a status");
    let body = answer.split_once("\r\n\r\n").map_or("", |(_, body)| body);
    (status.parse().expect("a number"), body.to_owned())
}

/// The names of what is in a folder.
pub fn names_in(folder: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(folder).expect("a folder");
    let mut names: Vec<String> = entries
        .map(|entry| {
            entry
                .expect("an entry")
                .file_name()
                .into_string()
                .expect("a name")
        })
        .collect();
    names.sort();
    names
}
