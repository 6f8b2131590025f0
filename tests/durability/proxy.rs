//! A wire to a database server that can go dead.

use std::{
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

use tokio::{
    io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
    task::JoinHandle,
};

/// The wire. Connections that it once forgot stay dead for ever, as behind a firewall that was started again: what is sent on
/// them is taken, and nothing ever comes back, no end either.
pub struct Proxy {
    pub address: SocketAddr,
    /// Counts how often everything was forgotten; odd while nothing new goes through either.
    generation: Arc<AtomicU64>,
    task: JoinHandle<()>,
}

impl Proxy {
    pub async fn start(server_port: u16) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("an address");
        let generation = Arc::new(AtomicU64::new(0));
        let current = Arc::clone(&generation);
        let task = tokio::spawn(async move {
            while let Ok((near, _)) = listener.accept().await {
                let current = Arc::clone(&current);
                tokio::spawn(join(near, server_port, current));
            }
        });
        Self {
            address,
            generation,
            task,
        }
    }

    /// From now on nothing comes through any more.
    pub fn hang(&self) {
        assert_eq!(self.generation.fetch_add(1, Ordering::SeqCst) % 2, 0);
    }

    /// From now on new connections work.
    pub fn work_again(&self) {
        assert_eq!(self.generation.fetch_add(1, Ordering::SeqCst) % 2, 1);
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn join(near: TcpStream, server_port: u16, current: Arc<AtomicU64>) {
    let own = current.load(Ordering::SeqCst);
    let Ok(far) = TcpStream::connect(("127.0.0.1", server_port)).await else {
        return;
    };
    let is_alive =
        |current: &AtomicU64| own.is_multiple_of(2) && current.load(Ordering::SeqCst) == own;
    let (near_reader, near_writer) = near.into_split();
    let (far_reader, far_writer) = far.into_split();
    tokio::join!(
        pass(near_reader, far_writer, || is_alive(&current)),
        pass(far_reader, near_writer, || is_alive(&current)),
    );
}

/// Passes bytes on while the connection is alive; swallows them later, and the end with them.
async fn pass(
    mut from: impl AsyncRead + Unpin,
    mut to: impl AsyncWrite + Unpin,
    is_alive: impl Fn() -> bool,
) {
    let mut buffer = [0; 16 * 1024];
    loop {
        let length = from.read(&mut buffer).await.unwrap_or_default();
        if !is_alive() && length == 0 {
            std::future::pending::<()>().await;
        }
        if length == 0 || (is_alive() && to.write_all(&buffer[..length]).await.is_err()) {
            return;
        }
    }
}
