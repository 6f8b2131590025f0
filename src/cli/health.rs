//! `kontor health`: asks the management listener of a running server whether it lives and is ready.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::time::Duration;

use clap::Args;
use http_body_util::Empty;
use hyper::body::Bytes;
use hyper::{Request, StatusCode};
use hyper_util::rt::TokioIo;
use serde::Serialize;
use tokio::net::TcpStream;

use super::SettingsArgs;
use super::failure::Failure;
use super::output::OutputArgs;
use crate::config::duration;

/// Arguments of `kontor health`.
#[derive(Debug, Args)]
#[command(after_help = "\
Asks /livez and /readyz at management.listen. Exit code 0: ready; 1: not ready, or no answer.

Example, as the health check of a container: kontor health --timeout '2 s'")]
pub struct HealthArgs {
    /// How long to wait for the answers
    #[arg(long, value_name = "DURATION", default_value = "5 s", value_parser = duration::parse)]
    pub timeout: Duration,
    /// How to print the answer.
    #[command(flatten)]
    pub output: OutputArgs,
}

#[derive(Serialize)]
struct Health {
    address: SocketAddr,
    live: bool,
    ready: bool,
}

/// Asks, prints the answer, and fails if the server is not ready.
///
/// # Errors
/// Exit code 3 for the configuration; 1 if the management listener is off, does not answer, or says that the server is not ready.
pub fn run(settings: &SettingsArgs, args: &HealthArgs) -> Result<(), Failure> {
    let management = settings.load()?.settings.management;
    if !management.enabled {
        return Err(Failure::failed(
            "the management listener is off (management.enabled = false), so there is nothing to ask",
        ));
    }
    let address = reachable(management.listen);
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|reason| {
            Failure::failed(format!("cannot start the asynchronous runtime: {reason}"))
        })?;
    let asked =
        runtime.block_on(async { tokio::time::timeout(args.timeout, ask_both(address)).await });
    let health = asked
        .map_err(|_| {
            Failure::failed(format!(
                "no answer from {address} within {}",
                duration::print(args.timeout)
            ))
        })?
        .map_err(|reason| {
            Failure::failed(format!(
                "cannot ask {address}: {reason}; is \"kontor serve\" running?"
            ))
        })?;
    args.output.print(&health, |health| {
        let word = |yes: bool| if yes { "yes" } else { "no" };
        format!("live: {}\nready: {}", word(health.live), word(health.ready))
    })?;
    if health.ready {
        Ok(())
    } else {
        Err(Failure::failed(format!(
            "the server at {address} is not ready"
        )))
    }
}

/// An address that listens everywhere is asked on this machine.
fn reachable(listen: SocketAddr) -> SocketAddr {
    let ip = match listen.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => Ipv4Addr::LOCALHOST.into(),
        IpAddr::V6(ip) if ip.is_unspecified() => Ipv6Addr::LOCALHOST.into(),
        ip => ip,
    };
    SocketAddr::new(ip, listen.port())
}

async fn ask_both(address: SocketAddr) -> Result<Health, Box<dyn std::error::Error + Send + Sync>> {
    let live = ask(address, "/livez").await?.is_success();
    let ready = ask(address, "/readyz").await?.is_success();
    Ok(Health {
        address,
        live,
        ready,
    })
}

async fn ask(
    address: SocketAddr,
    path: &str,
) -> Result<StatusCode, Box<dyn std::error::Error + Send + Sync>> {
    let stream = TcpStream::connect(address).await?;
    let (mut sender, connection) =
        hyper::client::conn::http1::handshake(TokioIo::new(stream)).await?;
    // The connection has to be driven beside the request, and ends with it.
    let driver = tokio::spawn(connection);
    let request = Request::get(path)
        .header("Host", address.to_string())
        .body(Empty::<Bytes>::new())?;
    let status = sender.send_request(request).await?.status();
    driver.abort();
    Ok(status)
}
