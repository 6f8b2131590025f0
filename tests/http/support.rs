//! A server on real sockets, a client that sends just the bytes that a test wants, and the log.

use std::{
    cell::RefCell,
    io,
    net::SocketAddr,
    sync::{Arc, Mutex, Once},
    time::Duration,
};

use kontor::{
    app::App,
    config::Settings,
    server::{self, Listeners, ServeError},
};
use poem::{
    Request, Response,
    http::{HeaderMap, HeaderName, HeaderValue, StatusCode, Uri},
};
use serde_json::Value;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
    sync::oneshot,
    task::JoinHandle,
    time::timeout,
};

use crate::support::{Answer, TestApp, conformance, on_app_with};

/// Nothing that works takes longer.
const PATIENCE: Duration = Duration::from_secs(60);

/// Runs a test on an application with other settings and with the instance `admin`.
pub async fn on_admin_with(adjust: impl FnOnce(&mut Settings), test: impl AsyncFnOnce(&TestApp)) {
    on_app_with(adjust, async |app| {
        app.create_admin().await;
        test(app).await;
    })
    .await;
}

/// Runs a test on a server that listens on ports of its own, with the instance `admin`.
pub async fn on_server(test: impl AsyncFnOnce(&TestApp, &mut RunningServer)) {
    on_server_with(|_| {}, test).await;
}

/// The same with other settings.
pub async fn on_server_with(
    adjust: impl FnOnce(&mut Settings),
    test: impl AsyncFnOnce(&TestApp, &mut RunningServer),
) {
    let adjust = |settings: &mut Settings| {
        settings.merchant.listen = SocketAddr::from(([127, 0, 0, 1], 0));
        settings.management.listen = SocketAddr::from(([127, 0, 0, 1], 0));
        settings.limits.shutdown_grace = Duration::from_secs(5);
        adjust(settings);
    };
    on_admin_with(adjust, async |app| {
        let mut server = RunningServer::start(&app.app, Duration::ZERO).await;
        test(app, &mut server).await;
        server.stop().await.expect("a clean end");
    })
    .await;
}

/// A server that runs until it is stopped.
pub struct RunningServer {
    pub merchant: SocketAddr,
    pub management: SocketAddr,
    stop: Option<oneshot::Sender<()>>,
    task: Option<JoinHandle<Result<(), ServeError>>>,
}

impl RunningServer {
    /// Starts one that announces its end for this long.
    pub async fn start(app: &Arc<App>, notice: Duration) -> Self {
        let listeners = Listeners::open(&app.settings).await.expect("free ports");
        let merchant = listeners.merchant_address().expect("an address");
        let management = listeners.management_address().expect("an address");
        let (stop, stopped) = oneshot::channel();
        let stopped = async { drop(stopped.await) };
        let task = tokio::spawn(server::serve(Arc::clone(app), listeners, stopped, notice));
        Self {
            merchant,
            management,
            stop: Some(stop),
            task: Some(task),
        }
    }

    /// Tells it to stop and goes on.
    pub fn tell_to_stop(&mut self) {
        drop(self.stop.take());
    }

    /// Whether it has ended by itself.
    pub fn has_ended(&self) -> bool {
        self.task.as_ref().is_none_or(JoinHandle::is_finished)
    }

    /// Tells it to stop and waits for the end.
    pub async fn stop(&mut self) -> Result<(), ServeError> {
        self.tell_to_stop();
        match self.task.take() {
            Some(task) => timeout(PATIENCE, task)
                .await
                .expect("an end")
                .expect("no panic"),
            None => Ok(()),
        }
    }

    /// A new connection to the merchant's port.
    pub async fn connect(&self) -> Connection {
        Connection::open(self.merchant).await
    }
}

/// A connection to a server.
pub struct Connection {
    stream: TcpStream,
    received: Vec<u8>,
}

impl Connection {
    pub async fn open(address: SocketAddr) -> Self {
        Self::try_open(address).await.expect("a connection")
    }

    /// None where nobody listens.
    pub async fn try_open(address: SocketAddr) -> Option<Self> {
        let stream = TcpStream::connect(address).await.ok()?;
        stream.set_nodelay(true).expect("an option of the socket");
        let received = Vec::new();
        Some(Self { stream, received })
    }

    /// Sends bytes. A server that already closed its side is for the test to notice by the answer.
    pub async fn send(&mut self, bytes: impl AsRef<[u8]>) {
        drop(self.stream.write_all(bytes.as_ref()).await);
    }

    /// Sends no more.
    pub async fn finish_sending(&mut self) {
        drop(self.stream.shutdown().await);
    }

    /// The next answer; fails where the server closed without one.
    pub async fn answer(&mut self) -> Answer {
        self.answer_to("GET").await.expect("an answer")
    }

    /// The next answer to a request of this method; none where the server closed without one.
    pub async fn answer_to(&mut self, method: &str) -> Option<Answer> {
        timeout(PATIENCE, self.read_answer(method))
            .await
            .expect("an answer or an end in time")
    }

    /// Sends a request and holds its answer against the document.
    pub async fn exchange(
        &mut self,
        method: &str,
        target: &str,
        headers: &[(&str, &str)],
        body: &[u8],
    ) -> Answer {
        let mut request = format!("{method} {target} HTTP/1.1\r\nHost: kontor.test\r\n");
        for (name, value) in headers {
            request.push_str(&format!("{name}: {value}\r\n"));
        }
        if !body.is_empty() {
            request.push_str(&format!("Content-Length: {}\r\n", body.len()));
        }
        request.push_str("\r\n");
        self.send(request).await;
        self.send(body).await;
        let answer = self.answer_to(method).await.expect("an answer");
        conformance::check(&conformance::MERCHANT, method, target, &answer);
        answer
    }

    /// Whether the server closes the connection now or soon, with nothing more to say.
    pub async fn is_closed(&mut self) -> bool {
        let closed = async {
            while self.receive().await {}
            self.received.is_empty()
        };
        timeout(PATIENCE, closed).await.unwrap_or(false)
    }

    async fn receive(&mut self) -> bool {
        let mut buffer = [0; 16 * 1024];
        match self.stream.read(&mut buffer).await {
            Ok(0) | Err(_) => false,
            Ok(length) => {
                self.received.extend_from_slice(&buffer[..length]);
                true
            }
        }
    }

    async fn read_answer(&mut self, method: &str) -> Option<Answer> {
        let end_of_head = loop {
            let end = self
                .received
                .windows(4)
                .position(|four| four == b"\r\n\r\n");
            match end {
                Some(end) => break end,
                None if !self.receive().await => return None,
                None => {}
            }
        };
        let head: Vec<u8> = self.received.drain(..end_of_head + 4).collect();
        let (status, headers) = parse_head(&String::from_utf8(head).expect("a head in ASCII"));
        assert!(!headers.contains_key("transfer-encoding"), "{headers:?}");
        let bodiless = method == "HEAD" || [204, 304].contains(&status.as_u16());
        let length = headers
            .get("content-length")
            .filter(|_| !bodiless)
            .map_or(0, |value| {
                value.to_str().expect("ASCII").parse().expect("a length")
            });
        while self.received.len() < length {
            assert!(self.receive().await, "the answer ended early");
        }
        let body = self.received.drain(..length).collect();
        Some(Answer {
            failure: None,
            status,
            headers,
            body,
        })
    }
}

fn parse_head(head: &str) -> (StatusCode, HeaderMap) {
    let mut lines = head.trim_end().split("\r\n");
    let status = lines.next().and_then(|line| line.split(' ').nth(1));
    let status = status
        .and_then(|status| status.parse().ok())
        .expect("a status");
    let headers = lines.map(|line| {
        let (name, value) = line.split_once(':').expect("a header");
        let name = HeaderName::from_bytes(name.as_bytes()).expect("a name");
        (
            name,
            HeaderValue::from_str(value.trim()).expect("a value of a header"),
        )
    });
    let mut map = HeaderMap::new();
    for (name, value) in headers {
        map.append(name, value);
    }
    (status, map)
}

/// Sends a request that is not held against the document, such as a `HEAD`, whose failures name no code.
pub async fn bare(app: &TestApp, method: &str, target: &str, headers: &[(&str, &str)]) -> Answer {
    let target: Uri = target.parse().expect("a target");
    let mut request = Request::builder()
        .method(method.parse().expect("a method"))
        .uri(target);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    read(app.send(request.finish()).await).await
}

/// Reads an answer that came in process.
pub async fn read(response: Response) -> Answer {
    let (parts, body) = response.into_parts();
    Answer {
        failure: None,
        status: parts.status,
        headers: parts.headers,
        body: body.into_vec().await.expect("a body"),
    }
}

/// Waits for something that happens soon.
pub async fn eventually(what: &str, mut holds: impl AsyncFnMut() -> bool) {
    let waited = async {
        while !holds().await {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    timeout(PATIENCE, waited).await.expect(what);
}

thread_local! {
    /// Where the events of this thread go, if a test collects them.
    static COLLECTED: RefCell<Option<Arc<Mutex<Vec<u8>>>>> = const { RefCell::new(None) };
}

/// Where the events of all threads go, if a test collects them.
static COLLECTED_EVERYWHERE: Mutex<Option<Arc<Mutex<Vec<u8>>>>> = Mutex::new(None);

/// Collects the events of this thread, as JSON lines, as long as it lives.
///
/// One subscriber serves all threads: with one for each, `tracing` would remember of an event that first happened in a
/// thread without a subscriber that nobody wants it.
pub struct Events(Arc<Mutex<Vec<u8>>>);

impl Events {
    /// Starts to collect.
    pub fn collect() -> Self {
        static SUBSCRIBER: Once = Once::new();
        SUBSCRIBER.call_once(|| {
            let subscriber = tracing_subscriber::fmt()
                .json()
                .with_max_level(tracing::Level::TRACE)
                .with_writer(|| Collector)
                .finish();
            tracing::subscriber::set_global_default(subscriber).expect("the only one");
        });
        let lines = Arc::default();
        COLLECTED.set(Some(Arc::clone(&lines)));
        Self(lines)
    }

    /// Starts to collect what all threads log, at every level.
    pub fn collect_everywhere() -> Self {
        let events = Self::collect();
        *COLLECTED_EVERYWHERE.lock().expect("no panic here") = Some(Arc::clone(&events.0));
        events
    }

    /// All lines so far.
    pub fn text(&self) -> String {
        let bytes = self.0.lock().expect("no panic here").clone();
        String::from_utf8(bytes).expect("a log in UTF-8")
    }

    /// The events of a target so far.
    pub fn of(&self, target: &str) -> Vec<Value> {
        let text = self.text();
        let events = text
            .lines()
            .map(|line| serde_json::from_str::<Value>(line).expect("a line in JSON"));
        events.filter(|event| event["target"] == target).collect()
    }
}

impl Drop for Events {
    fn drop(&mut self) {
        *COLLECTED_EVERYWHERE.lock().expect("no panic here") = None;
        COLLECTED.set(None);
    }
}

/// Writes into what this thread collects.
struct Collector;

impl io::Write for Collector {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let everywhere = COLLECTED_EVERYWHERE.lock().expect("no panic here").clone();
        if let Some(lines) = everywhere.or_else(|| COLLECTED.with_borrow(Clone::clone)) {
            lines
                .lock()
                .expect("no panic here")
                .extend_from_slice(bytes);
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
