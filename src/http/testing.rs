//! What the tests of the layers share: requests from given peers, and the events that a call leaves in the log.

use std::{
    io,
    net::SocketAddr,
    sync::{Arc, Mutex},
};

use poem::{
    Addr, Body, Request, RequestParts, Response,
    http::{self, HeaderValue, uri::Scheme},
    web::{LocalAddr, RemoteAddr},
};
use serde_json::Value;
use tracing::subscriber::DefaultGuard;
use tracing_subscriber::fmt::MakeWriter;

use super::{Routes, TrustedProxies};

/// Proxies of these networks.
pub fn proxies(networks: &[&str]) -> TrustedProxies {
    TrustedProxies::new(networks.iter().map(|network| network.parse().unwrap()))
}

/// `GET /` from a peer such as `192.0.2.1:80`.
pub fn request_from(peer: &str, headers: &[(&str, &str)]) -> Request {
    let mut builder = http::Request::builder().uri("/");
    for (name, value) in headers {
        builder = builder.header(*name, HeaderValue::from_bytes(value.as_bytes()).unwrap());
    }
    let (parts, ()) = builder.body(()).unwrap().into_parts();
    let peer = RemoteAddr(Addr::socket(peer.parse::<SocketAddr>().unwrap()));
    Request::from_parts(
        RequestParts::from((parts, LocalAddr::default(), peer, Scheme::HTTP)),
        Body::empty(),
    )
}

/// The body of an answer as text.
pub async fn text_of(response: Response) -> String {
    response.into_body().into_string().await.unwrap()
}

/// The body of an answer as JSON.
pub async fn json_of(response: Response) -> Value {
    serde_json::from_slice(&response.into_body().into_bytes().await.unwrap()).unwrap()
}

/// Routes with `/known` (GET, POST) and the secret operation `solveChallenge`.
pub struct SomeRoutes;

impl Routes for SomeRoutes {
    fn allow(&self, path: &str) -> Option<HeaderValue> {
        (path == "/known").then(|| HeaderValue::from_static("GET, HEAD, POST"))
    }

    fn secret_path(&self, operation_id: &str) -> Option<&'static str> {
        (operation_id == "solveChallenge").then_some("/challenge/{challenge_id}")
    }
}

/// Collects the events of this thread as long as it lives.
pub struct Events {
    lines: Lines,
    _guard: DefaultGuard,
}

#[derive(Clone, Default)]
struct Lines(Arc<Mutex<Vec<u8>>>);

impl Events {
    /// Starts to collect.
    pub fn collect() -> Self {
        let lines = Lines::default();
        let subscriber = tracing_subscriber::fmt()
            .json()
            .with_writer(lines.clone())
            .finish();
        Self {
            lines,
            _guard: tracing::subscriber::set_default(subscriber),
        }
    }

    /// The events of a target so far.
    pub fn of(&self, target: &str) -> Vec<Value> {
        let bytes = self.lines.0.lock().unwrap().clone();
        String::from_utf8(bytes)
            .unwrap()
            .lines()
            .map(|line| serde_json::from_str::<Value>(line).unwrap())
            .filter(|event| event["target"] == target)
            .collect()
    }
}

impl<'a> MakeWriter<'a> for Lines {
    type Writer = Self;

    fn make_writer(&'a self) -> Self {
        self.clone()
    }
}

impl io::Write for Lines {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
