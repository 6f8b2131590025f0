//! Traces as a collector gets them: the program itself, with a real listener at the other end.

use std::{
    collections::{BTreeMap, HashMap},
    fs::File,
    io::{BufRead as _, BufReader, Read as _, Write as _},
    net::{SocketAddr, TcpListener, TcpStream},
    process::{Child, Command, Stdio},
    sync::{Arc, Condvar, Mutex},
    thread,
    time::Duration,
};

use opentelemetry_proto::tonic::{
    collector::trace::v1::ExportTraceServiceRequest,
    common::v1::{KeyValue, any_value::Value},
    trace::v1::Span,
};
use prost::Message as _;
use tempfile::TempDir;

/// What takes longer does not come.
const PATIENCE: Duration = Duration::from_secs(30);

/// A request as the collector got it.
#[derive(Clone)]
struct Export {
    target: String,
    content_type: String,
    body: Vec<u8>,
}

#[derive(Default)]
struct Inbox {
    exports: Mutex<Vec<Export>>,
    arrival: Condvar,
}

/// A collector that answers with this status.
fn collector(status: &'static str) -> (SocketAddr, Arc<Inbox>) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let address = listener.local_addr().expect("its address");
    let inbox = Arc::new(Inbox::default());
    let kept = Arc::clone(&inbox);
    thread::spawn(move || {
        for stream in listener.incoming() {
            let stream = stream.expect("a connection");
            let export = receive(&stream, status);
            kept.exports.lock().expect("a lock").push(export);
            kept.arrival.notify_all();
        }
    });
    (address, inbox)
}

fn receive(mut stream: &TcpStream, status: &str) -> Export {
    let mut reader = BufReader::new(stream);
    let mut line = String::new();
    reader.read_line(&mut line).expect("a request line");
    let target = line.split(' ').nth(1).expect("a target").to_owned();
    let mut headers = HashMap::new();
    loop {
        let mut line = String::new();
        reader.read_line(&mut line).expect("a header");
        let Some((name, value)) = line.trim_end().split_once(": ") else {
            break;
        };
        headers.insert(name.to_lowercase(), value.to_owned());
    }
    let length = headers["content-length"].parse().expect("a length");
    let mut body = vec![0; length];
    reader.read_exact(&mut body).expect("a body");
    write!(stream, "HTTP/1.1 {status}\r\ncontent-length: 0\r\n\r\n").expect("an answer");
    Export {
        target,
        content_type: headers["content-type"].clone(),
        body,
    }
}

/// The program, in a folder of its own.
struct Server {
    child: Child,
    url: String,
    folder: TempDir,
}

impl Server {
    fn start(collector: SocketAddr, more: &[(&str, &str)]) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let log = File::create(folder.path().join("log")).expect("a log");
        let mut child = Command::new(env!("CARGO_BIN_EXE_kontor"))
            .arg("serve")
            .env_clear()
            .env("KONTOR_MERCHANT__LISTEN", "127.0.0.1:0")
            .env("KONTOR_MANAGEMENT__ENABLED", "false")
            .env("KONTOR_PASSWORDS__MEMORY_KIB", "32")
            .env("KONTOR_LIMITS__SHUTDOWN_NOTICE", "0 s")
            .env("KONTOR_ADMIN_PASSWORD", "planted-password")
            .env(
                "KONTOR_TRACING__OTLP_ENDPOINT",
                format!("http://{collector}"),
            )
            .env("KONTOR_TRACING__SERVICE_NAME", "shops")
            .envs(more.iter().copied())
            .current_dir(folder.path())
            .stdout(Stdio::piped())
            .stderr(log)
            .spawn()
            .expect("the program");
        let mut lines = BufReader::new(child.stdout.take().expect("standard output")).lines();
        let url = lines
            .find_map(|line| {
                let line = line.expect("text");
                let rest = line.trim().strip_prefix("merchant")?.trim().to_owned();
                rest.split(',').next().map(str::to_owned)
            })
            .expect("where it listens");
        // Whoever prints must not wait for a reader.
        thread::spawn(move || lines.for_each(drop));
        Self { child, url, folder }
    }

    /// The status of an answer.
    fn request(&self, line: &str, headers: &str) -> u16 {
        let host = self.url.trim_start_matches("http://").trim_end_matches('/');
        let mut stream = TcpStream::connect(host).expect("a connection");
        write!(
            stream,
            "{line} HTTP/1.1\r\nhost: {host}\r\nconnection: close\r\n{headers}content-length: 0\r\n\r\n"
        )
        .expect("a request");
        let mut answer = String::new();
        stream.read_to_string(&mut answer).expect("an answer");
        let status = answer.split(' ').nth(1).expect("a status");
        status.parse().expect("a number")
    }

    /// Stops it and returns its log.
    fn stop(&mut self) -> String {
        let process = self.child.id().to_string();
        let told = Command::new("kill").arg(process).status();
        assert!(told.expect("kill").success());
        let ended = self.child.wait().expect("its end");
        let log = std::fs::read_to_string(self.folder.path().join("log")).expect("the log");
        assert!(ended.success(), "{log}");
        log
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // It has ended already where the test went well.
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

impl Inbox {
    /// All spans that came, once there are so many.
    fn spans(&self, count: usize) -> Vec<Span> {
        let mut exports = self.exports.lock().expect("a lock");
        loop {
            let spans: Vec<Span> = exports.iter().flat_map(spans_of).collect();
            if spans.len() >= count {
                return spans;
            }
            let (woken, waited) = self
                .arrival
                .wait_timeout(exports, PATIENCE)
                .expect("a lock");
            exports = woken;
            assert!(!waited.timed_out(), "there are {} spans only", spans.len());
        }
    }

    fn exports(&self) -> Vec<Export> {
        self.exports.lock().expect("a lock").clone()
    }
}

fn decoded(export: &Export) -> ExportTraceServiceRequest {
    ExportTraceServiceRequest::decode(export.body.as_slice()).expect("a message")
}

fn spans_of(export: &Export) -> Vec<Span> {
    let resources = decoded(export).resource_spans.into_iter();
    let scopes = resources.flat_map(|resource| resource.scope_spans);
    scopes.flat_map(|scope| scope.spans).collect()
}

fn attributes(of: &[KeyValue]) -> BTreeMap<String, String> {
    let text = |attribute: &KeyValue| match &attribute.value.as_ref()?.value.as_ref()? {
        Value::StringValue(text) => Some(text.clone()),
        Value::IntValue(number) => Some(number.to_string()),
        other => panic!("{other:?}"),
    };
    of.iter()
        .filter_map(|attribute| Some((attribute.key.clone(), text(attribute)?)))
        .collect()
}

#[test]
fn each_request_is_a_span_and_no_secret_is_in_it() {
    let (address, inbox) = collector("200 OK");
    let mut server = Server::start(address, &[]);
    let login = "authorization: Basic YWRtaW46cGxhbnRlZC1wYXNzd29yZA==\r\nuser-agent: till/1.0\r\n";
    assert_eq!(server.request("GET /config?planted=query", ""), 200);
    let bearer = "authorization: Bearer secret-token:planted-token\r\n";
    assert_eq!(server.request("GET /private", bearer), 401);
    assert_eq!(server.request("POST /private/token", login), 400);
    let id = "planted0000000000000000000000000000000000000000000000";
    server.request(&format!("POST /challenge/{id}"), "");
    server.stop();

    let spans = inbox.spans(4);
    let told: Vec<_> = spans
        .iter()
        .map(|span| (span.name.as_str(), attributes(&span.attributes)))
        .collect();
    let (_, config) = &told
        .iter()
        .find(|(name, _)| *name == "getConfig")
        .expect("one");
    assert_eq!(config["url.path"], "/config");
    assert_eq!(config["http.request.method"], "GET");
    assert_eq!(config["http.response.status_code"], "200");
    assert_eq!(config["client.address"], "127.0.0.1");
    assert_eq!(config["request.id"].len(), 26);
    let (_, refused) = &told
        .iter()
        .find(|(_, told)| told["http.response.status_code"] == "401")
        .expect("one");
    assert_eq!(refused["error.code"], "2015");
    assert_eq!(refused["instance.id"], "admin");
    let (_, challenge) = &told
        .iter()
        .find(|(_, told)| told["url.path"].starts_with("/challenge/"))
        .expect("one");
    assert_eq!(challenge["url.path"], "/challenge/{challenge_id}");
    for span in &spans {
        assert_eq!(span.kind, 2, "a server's");
        assert!(span.end_time_unix_nano >= span.start_time_unix_nano);
        assert!(span.events.is_empty());
    }
    for export in inbox.exports() {
        assert_eq!(export.target, "/v1/traces");
        assert_eq!(export.content_type, "application/x-protobuf");
        let resource = decoded(&export).resource_spans[0].resource.clone();
        let resource = attributes(&resource.expect("a resource").attributes);
        assert_eq!(resource["service.name"], "shops");
        assert_eq!(resource["service.version"], env!("CARGO_PKG_VERSION"));
        let raw = String::from_utf8_lossy(&export.body).into_owned();
        assert!(!raw.contains("planted"), "{raw}");
    }
}

#[test]
fn one_of_many_is_traced() {
    let (address, inbox) = collector("200 OK");
    let mut server = Server::start(address, &[("KONTOR_TRACING__SAMPLE_ONE_IN", "4000000000")]);
    for _ in 0..20 {
        server.request("GET /config", "");
    }
    server.stop();
    assert_eq!(inbox.exports().len(), 0);
}

#[test]
fn a_collector_that_fails_is_told_of_once_and_costs_nothing() {
    let (refusing, _) = collector("503 Service Unavailable");
    let gone = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let nowhere = gone.local_addr().expect("its address");
    drop(gone);
    for (collector, reason) in [(refusing, "503"), (nowhere, "no connection")] {
        let mut server = Server::start(collector, &[("KONTOR_LOG__FORMAT", "text")]);
        for _ in 0..3 {
            assert_eq!(server.request("GET /config", ""), 200);
            thread::sleep(Duration::from_millis(2_200));
        }
        let log = server.stop();
        let complaints: Vec<&str> = log
            .lines()
            .filter(|line| line.contains("traces could not be sent"))
            .collect();
        assert_eq!(complaints.len(), 1, "{log}");
        assert!(complaints[0].contains(reason), "{}", complaints[0]);
        // The log is as it is without traces.
        assert!(log.contains("operation.id=\"getConfig\""), "{log}");
        assert!(!log.contains("otel.kind"), "{log}");
    }
}

#[test]
fn the_configuration_of_the_page_is_right() {
    let page = include_str!("../docs/traces.md");
    let (_, block) = page.split_once("```toml\n").expect("a block");
    let (configuration, _) = block.split_once("```").expect("its end");
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::write(folder.path().join("kontor.toml"), configuration).expect("a file");
    let check = Command::new(env!("CARGO_BIN_EXE_kontor"))
        .args(["config", "check"])
        .env_clear()
        .current_dir(folder.path())
        .output()
        .expect("the program");
    assert!(check.status.success(), "{check:?}");
}
