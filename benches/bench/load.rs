//! The load: connections that are kept alive, each with one request at a time.

use std::{
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use bytes::Bytes;
use http_body_util::{BodyExt as _, Full};
use hyper::{
    Method, Request, Response, StatusCode,
    body::Incoming,
    client::conn::http1::{SendRequest, handshake},
    header,
};
use hyper_util::rt::TokioIo;
use kontor::clock::{Clock, Stopwatch};
use tokio::{net::TcpStream, runtime::Builder};

use crate::{Result, cpu};

/// A request that is sent again and again.
#[derive(Clone)]
pub struct Repeated {
    pub method: Method,
    pub path: &'static str,
    pub authorization: String,
    pub body: Option<Bytes>,
    /// Any other status is a failure.
    pub expected: StatusCode,
}

/// How much load. What is reached first ends it.
#[derive(Clone, Copy)]
pub struct Limits {
    pub connections: u32,
    pub requests: u64,
    pub time: Duration,
}

/// What a turn gave.
#[derive(Clone)]
pub struct Turn {
    /// Of the requests that succeeded, in microseconds, sorted.
    pub latencies_us: Vec<u32>,
    pub failures: u64,
    pub time: Duration,
    /// Processor time of everything in this process but the load.
    pub cpu: Option<Duration>,
}

/// Sends requests on a runtime of the calling thread alone.
pub fn run(address: SocketAddr, request: &Repeated, limits: Limits) -> Result<Turn> {
    let runtime = Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        let mut connections = Vec::new();
        for _ in 0..limits.connections {
            connections.push(connect(address).await?);
        }
        let (cpu, stopwatch) = (cpu::used_by_other_threads(), Clock::system().stopwatch());
        let left = Arc::new(AtomicU64::new(limits.requests));
        let tasks = connections.into_iter().map(|connection| Sender {
            connection,
            request: request.clone(),
            left: Arc::clone(&left),
            until: limits.time,
            turn: stopwatch.clone(),
        });
        let tasks: Vec<_> = tasks.map(|sender| tokio::spawn(sender.run())).collect();
        let (mut latencies_us, mut failures) = (Vec::new(), 0);
        for task in tasks {
            let (of_connection, failed) = task.await??;
            latencies_us.extend(of_connection);
            failures += failed;
        }
        let (time, after) = (stopwatch.elapsed(), cpu::used_by_other_threads());
        latencies_us.sort_unstable();
        Ok(Turn {
            latencies_us,
            failures,
            time,
            cpu: after
                .zip(cpu)
                .map(|(after, before)| after.saturating_sub(before)),
        })
    })
}

/// Sends one request and returns its body, if the status is as expected.
pub fn ask(address: SocketAddr, request: &Repeated) -> Result<Bytes> {
    let runtime = Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        let response = send(&mut connect(address).await?, request).await?;
        let status = response.status();
        let body = response.into_body().collect().await?.to_bytes();
        if status == request.expected {
            return Ok(body);
        }
        let body = String::from_utf8_lossy(&body);
        Err(format!("{} {}: {status} {body}", request.method, request.path).into())
    })
}

type Connection = SendRequest<Full<Bytes>>;

async fn connect(address: SocketAddr) -> Result<Connection> {
    let stream = TcpStream::connect(address).await?;
    stream.set_nodelay(true)?;
    let (sender, connection) = handshake(TokioIo::new(stream)).await?;
    // Its failure shows at the sender.
    tokio::spawn(async { connection.await.ok() });
    Ok(sender)
}

async fn send(connection: &mut Connection, request: &Repeated) -> Result<Response<Incoming>> {
    let mut message = Request::builder()
        .method(&request.method)
        .uri(request.path)
        .header(header::HOST, "localhost")
        .header(header::USER_AGENT, "kontor-bench")
        .header(header::AUTHORIZATION, &request.authorization);
    if request.body.is_some() {
        message = message.header(header::CONTENT_TYPE, "application/json");
    }
    let body = request.body.clone().unwrap_or_default();
    connection.ready().await?;
    Ok(connection
        .send_request(message.body(Full::new(body))?)
        .await?)
}

/// One connection at work.
struct Sender {
    connection: Connection,
    request: Repeated,
    left: Arc<AtomicU64>,
    until: Duration,
    turn: Stopwatch,
}

impl Sender {
    async fn run(mut self) -> Result<(Vec<u32>, u64)> {
        let (mut latencies_us, mut failures) = (Vec::new(), 0);
        while self.turn.elapsed() < self.until && self.takes_one() {
            let stopwatch = Clock::system().stopwatch();
            let response = send(&mut self.connection, &self.request).await?;
            let status = response.status();
            response.into_body().collect().await?;
            if status == self.request.expected {
                let latency_us = u32::try_from(stopwatch.elapsed().as_micros());
                latencies_us.push(latency_us.unwrap_or(u32::MAX));
            } else {
                failures += 1;
            }
        }
        Ok((latencies_us, failures))
    }

    fn takes_one(&self) -> bool {
        let take = |left: u64| left.checked_sub(1);
        self.left
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, take)
            .is_ok()
    }
}
