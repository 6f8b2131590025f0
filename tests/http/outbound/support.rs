//! Servers on the loopback network, and a resolver that says what a test wants.
//!
//! 127.0.0.2 plays a public server: tests allow its network. 127.0.0.1 and ::1 are what strangers must not reach. Nothing
//! leaves the machine.

use std::{
    collections::HashMap,
    io,
    net::{IpAddr, Ipv4Addr, SocketAddr, TcpListener as StdListener},
    sync::{Arc, Mutex},
    time::Duration,
};

use futures_util::future::{BoxFuture, ready};
use kontor::http::outbound::{
    Destination, Fetched, OutboundClient, OutboundError, OutboundRequest, OutboundSettings,
    OutboundUrl, Resolve,
};
use tokio::{
    io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _},
    net::TcpListener,
    task::JoinHandle,
};

pub const LOOPBACK: Ipv4Addr = Ipv4Addr::LOCALHOST;
pub const ALLOWED: Ipv4Addr = Ipv4Addr::new(127, 0, 0, 2);

/// A listener that nobody must reach.
pub struct Canary {
    pub port: u16,
    listeners: Vec<StdListener>,
}

impl Canary {
    pub fn start() -> Self {
        let first = StdListener::bind((LOOPBACK, 0)).expect("a free port");
        let port = first.local_addr().expect("an address").port();
        // Some machines have no IPv6.
        let second = StdListener::bind(("::1", port)).ok();
        let listeners: Vec<_> = [Some(first), second].into_iter().flatten().collect();
        for listener in &listeners {
            listener.set_nonblocking(true).expect("an option");
        }
        Self { port, listeners }
    }

    /// Connections since the last call. The system lists a connection here before its client learns of it.
    pub fn hits(&self) -> usize {
        let accepted =
            |listener: &StdListener| std::iter::from_fn(|| listener.accept().ok()).count();
        self.listeners.iter().map(accepted).sum()
    }
}

/// What a server does with a connection once it has read the head of a request.
#[derive(Clone)]
pub enum Behaviour {
    /// Sends these bytes and closes.
    Answer(Vec<u8>),
    /// Sends these bytes and keeps the connection open.
    AnswerAndWait(Vec<u8>),
    /// Sends the first bytes and then the second ones, for ever.
    Endless(Vec<u8>, Vec<u8>),
}

/// A server that notes what it is asked.
pub struct Server {
    pub address: SocketAddr,
    heads: Arc<Mutex<Vec<String>>>,
    task: JoinHandle<()>,
}

impl Server {
    pub async fn start(address: Ipv4Addr, behaviour: Behaviour) -> Self {
        Self::start_at(SocketAddr::from((address, 0)), behaviour, None).await
    }

    pub async fn start_at(
        address: SocketAddr,
        behaviour: Behaviour,
        tls: Option<tokio_rustls::TlsAcceptor>,
    ) -> Self {
        let listener = TcpListener::bind(address).await.expect("a free port");
        let address = listener.local_addr().expect("an address");
        let heads = Arc::<Mutex<Vec<String>>>::default();
        let noted = Arc::clone(&heads);
        let task = tokio::spawn(async move {
            loop {
                let (stream, _) = listener.accept().await.expect("a connection");
                let (behaviour, noted, tls) = (behaviour.clone(), Arc::clone(&noted), tls.clone());
                tokio::spawn(async move {
                    // A client that gives up is for the test to see.
                    drop(match tls {
                        Some(tls) => match tls.accept(stream).await {
                            Ok(stream) => serve(stream, behaviour, &noted).await,
                            Err(error) => Err(error),
                        },
                        None => serve(stream, behaviour, &noted).await,
                    });
                });
            }
        });
        Self {
            address,
            heads,
            task,
        }
    }

    /// What was asked so far, head and body.
    pub fn requests(&self) -> Vec<String> {
        self.heads.lock().expect("no panic here").clone()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn serve(
    mut stream: impl AsyncRead + AsyncWrite + Unpin,
    behaviour: Behaviour,
    noted: &Mutex<Vec<String>>,
) -> io::Result<()> {
    let request = read_request(&mut stream).await?;
    noted.lock().expect("no panic here").push(request);
    match behaviour {
        Behaviour::Answer(bytes) => {
            stream.write_all(&bytes).await?;
            stream.shutdown().await
        }
        Behaviour::AnswerAndWait(bytes) => {
            stream.write_all(&bytes).await?;
            stream.flush().await?;
            stream.read_to_end(&mut Vec::new()).await.map(drop)
        }
        Behaviour::Endless(first, again) => {
            stream.write_all(&first).await?;
            loop {
                stream.write_all(&again).await?;
            }
        }
    }
}

/// Head, and body where its length is told.
async fn read_request(stream: &mut (impl AsyncRead + Unpin)) -> io::Result<String> {
    let mut received = String::new();
    loop {
        if let Some((head, body)) = received.split_once("\r\n\r\n") {
            let length = head.lines().find_map(|line| {
                let (name, value) = line.split_once(": ")?;
                name.eq_ignore_ascii_case("content-length")
                    .then(|| value.parse().expect("a length"))
            });
            if body.len() >= length.unwrap_or(0) {
                return Ok(received);
            }
        }
        let mut buffer = [0; 4096];
        match stream.read(&mut buffer).await? {
            0 => return Err(io::ErrorKind::UnexpectedEof.into()),
            length => received.push_str(&String::from_utf8_lossy(&buffer[..length])),
        }
    }
}

/// An answer with status 200.
pub fn ok(headers: &str, body: &[u8]) -> Behaviour {
    Behaviour::Answer(answer("200 OK", headers, body))
}

/// The bytes of an answer; `headers` are lines that each end with CR LF.
pub fn answer(status: &str, headers: &str, body: &[u8]) -> Vec<u8> {
    let length = body.len();
    let head = format!("HTTP/1.1 {status}\r\n{headers}Content-Length: {length}\r\n\r\n");
    [head.as_bytes(), body].concat()
}

/// What each name leads to, one list of addresses per look-up; the last one stays.
#[derive(Default)]
pub struct Names {
    answers: Mutex<HashMap<String, Vec<Vec<IpAddr>>>>,
    asked: Mutex<Vec<String>>,
}

impl Names {
    pub fn new(names: &[(&str, &[&[&str]])]) -> Arc<Self> {
        let parse = |list: &&[&str]| {
            let parse = |address: &&str| address.parse().expect("an address");
            list.iter().map(parse).collect::<Vec<IpAddr>>()
        };
        let answers = names
            .iter()
            .map(|(name, lists)| ((*name).to_owned(), lists.iter().map(parse).collect()))
            .collect();
        Arc::new(Self {
            answers: Mutex::new(answers),
            asked: Mutex::default(),
        })
    }

    /// The names that were looked up, in order.
    pub fn asked(&self) -> Vec<String> {
        self.asked.lock().expect("no panic here").clone()
    }
}

impl Resolve for Names {
    fn resolve(&self, name: &str) -> BoxFuture<'static, io::Result<Vec<IpAddr>>> {
        self.asked
            .lock()
            .expect("no panic here")
            .push(name.to_owned());
        let mut answers = self.answers.lock().expect("no panic here");
        let found = match answers.get_mut(name) {
            Some(lists) if lists.len() > 1 => Ok(lists.remove(0)),
            Some(lists) => Ok(lists[0].clone()),
            None => Err(io::ErrorKind::NotFound.into()),
        };
        Box::pin(ready(found))
    }
}

/// Settings by which 127.0.0.2 may be called.
pub fn settings() -> OutboundSettings {
    OutboundSettings {
        allowed_networks: vec!["127.0.0.2/32".parse().expect("a network")],
        ..OutboundSettings::default()
    }
}

/// A client that knows these names.
pub fn client(names: &Arc<Names>) -> OutboundClient {
    OutboundClient::with_resolver(&settings(), Arc::clone(names) as _).expect("a client")
}

pub fn stranger(url: &str) -> Destination {
    Destination::Stranger(OutboundUrl::parse(url).expect("a URL"))
}

pub fn operator(url: &str) -> Destination {
    Destination::Operator(OutboundUrl::parse(url).expect("a URL"))
}

/// Gets what a stranger named, with little patience.
pub async fn get(client: &OutboundClient, url: &str) -> Result<Fetched, OutboundError> {
    let request = OutboundRequest::get(stranger(url)).timeout(Duration::from_secs(5));
    client.send(request).await
}
