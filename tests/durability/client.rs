//! A client over a real connection, which takes it as it comes when the server goes away.

use std::{net::SocketAddr, time::Duration};

use bytes::Bytes;
use data_encoding::BASE64;
use http_body_util::{BodyExt as _, Full};
use hyper::{
    Request,
    client::conn::http1::{SendRequest, handshake},
};
use hyper_util::rt::TokioIo;
use serde_json::Value;
use tokio::{net::TcpStream, time::timeout};

use crate::support::{
    Answer,
    conformance::{self, Api, CHALLENGER, MERCHANT},
};

/// What takes longer does not come.
const PATIENCE: Duration = Duration::from_secs(90);

/// A request.
#[derive(Clone, Debug)]
pub struct Ask {
    pub method: &'static str,
    pub path: String,
    headers: Vec<(&'static str, String)>,
    body: Vec<u8>,
}

impl Ask {
    pub fn new(method: &'static str, path: impl Into<String>) -> Self {
        Self {
            method,
            path: path.into(),
            headers: Vec::new(),
            body: Vec::new(),
        }
    }

    pub fn get(path: impl Into<String>) -> Self {
        Self::new("GET", path)
    }

    pub fn post(path: impl Into<String>, body: &Value) -> Self {
        Self::new("POST", path).json(body)
    }

    pub fn patch(path: impl Into<String>, body: &Value) -> Self {
        Self::new("PATCH", path).json(body)
    }

    pub fn delete(path: impl Into<String>) -> Self {
        Self::new("DELETE", path)
    }

    pub fn header(mut self, name: &'static str, value: &str) -> Self {
        self.headers.push((name, value.to_owned()));
        self
    }

    pub fn bearer(self, token: &str) -> Self {
        self.header("authorization", &format!("Bearer {token}"))
    }

    pub fn basic(self, user: &str, password: &str) -> Self {
        let pair = BASE64.encode(format!("{user}:{password}").as_bytes());
        self.header("authorization", &format!("Basic {pair}"))
    }

    pub fn json(self, body: &Value) -> Self {
        self.header("content-type", "application/json")
            .body(body.to_string())
    }

    pub fn form(self, fields: &[(&str, &str)]) -> Self {
        let mut form = url::form_urlencoded::Serializer::new(String::new());
        form.extend_pairs(fields);
        self.header("content-type", "application/x-www-form-urlencoded")
            .header("accept", "application/json")
            .body(form.finish())
    }

    pub fn body(mut self, body: impl Into<Vec<u8>>) -> Self {
        self.body = body.into();
        self
    }

    fn request(self, address: SocketAddr) -> Request<Full<Bytes>> {
        let mut request = Request::builder()
            .method(self.method)
            .uri(self.path)
            .header("host", address.to_string());
        for (name, value) in self.headers {
            request = request.header(name, value);
        }
        let body = Full::new(Bytes::from(self.body));
        request.body(body).expect("a request")
    }
}

/// A client with one connection, which is opened again where the server closed it.
pub struct Client {
    address: SocketAddr,
    api: Option<&'static Api>,
    connection: Option<SendRequest<Full<Bytes>>>,
}

impl Client {
    /// Of the merchant backend; its answers are held against the document.
    pub fn new(address: SocketAddr) -> Self {
        Self {
            address,
            api: Some(&MERCHANT),
            connection: None,
        }
    }

    /// Of the Challenger.
    pub fn of_challenger(address: SocketAddr) -> Self {
        Self {
            api: Some(&CHALLENGER),
            ..Self::new(address)
        }
    }

    /// Of the management listener, which has no document.
    pub fn of_management(address: SocketAddr) -> Self {
        Self {
            api: None,
            ..Self::new(address)
        }
    }

    /// The answer; none where there is nobody who answers, or who does not finish.
    pub async fn try_send(&mut self, ask: Ask) -> Option<Answer> {
        let what = format!("{} {}", ask.method, ask.path);
        let answer = timeout(PATIENCE, self.try_send_patiently(ask)).await;
        answer.unwrap_or_else(|_| panic!("{what}: no answer"))
    }

    /// The same, however long it takes.
    pub async fn try_send_patiently(&mut self, ask: Ask) -> Option<Answer> {
        let (method, path) = (ask.method, ask.path.clone());
        let answer = self.exchange(ask).await?;
        if let Some(api) = self.api {
            conformance::check(api, method, &path, &answer);
        }
        Some(answer)
    }

    /// The answer of a server that is there.
    pub async fn send(&mut self, ask: Ask) -> Answer {
        let what = format!("{} {}", ask.method, ask.path);
        let answer = self.try_send(ask).await;
        answer.unwrap_or_else(|| panic!("{what}: nobody answered"))
    }

    async fn exchange(&mut self, ask: Ask) -> Option<Answer> {
        let is_open = match &mut self.connection {
            Some(connection) => connection.ready().await.is_ok(),
            None => false,
        };
        if !is_open {
            self.connection = Some(open(self.address).await?);
        }
        let connection = self.connection.as_mut()?;
        let response = connection.send_request(ask.request(self.address)).await;
        let (head, body) = response.ok()?.into_parts();
        Some(Answer {
            failure: None,
            status: head.status,
            headers: head.headers,
            body: body.collect().await.ok()?.to_bytes().to_vec(),
        })
    }
}

async fn open(address: SocketAddr) -> Option<SendRequest<Full<Bytes>>> {
    let stream = TcpStream::connect(address).await.ok()?;
    stream.set_nodelay(true).expect("an option of the socket");
    let (sender, connection) = handshake(TokioIo::new(stream)).await.ok()?;
    // It ends with the sender, or with the server.
    tokio::spawn(connection);
    Some(sender)
}
