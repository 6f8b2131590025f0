//! Listeners, and the end: what makes a running server of an [`App`].

mod mount;

use std::{convert::Infallible, io, net::SocketAddr, sync::Arc, time::Duration};

use poem::{
    Response, Server,
    endpoint::BoxEndpoint,
    listener::{Acceptor, Listener, TcpAcceptor, TcpListener},
};
use tokio::{sync::watch, task::JoinSet};

use crate::{
    app::{App, StartError},
    config,
    db::{self, SchemaStatus},
    exchange,
    http::{TrustedProxies, connections::BoundedAcceptor},
    kyc,
    management::{self, Check, Readiness},
    metrics::{Metrics, Sources},
    sweep::{self, Caution},
};

pub use mount::{challenger, service};

/// Why a server cannot run.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    /// Somebody else has the address, or it is not one of this machine.
    #[error("cannot listen on {address} ({section}.listen): {source}")]
    Listen {
        /// The section of the configuration.
        section: &'static str,
        /// The address.
        address: SocketAddr,
        /// What the operating system said.
        source: io::Error,
    },
    /// A public URL cannot stand in a header.
    #[error("{section}.public_url cannot stand in an HTTP header")]
    PublicUrl {
        /// The section of the configuration.
        section: &'static str,
    },
    /// A service cannot be made of its settings.
    #[error(transparent)]
    Start(#[from] StartError),
    /// The server stopped by itself.
    #[error("the server stopped: {0}")]
    Stopped(#[from] io::Error),
}

/// What is counted about an application.
#[must_use]
pub fn metrics(app: &Arc<App>) -> Arc<Metrics> {
    let read = |read: fn(&App) -> u64| -> Arc<dyn Fn() -> u64 + Send + Sync> {
        let app = Arc::clone(app);
        Arc::new(move || read(&app))
    };
    Arc::new(Metrics::new(Sources {
        database_connections_in_use: read(|app| {
            let status = app.database.pool_status();
            status.open.saturating_sub(status.idle).into()
        }),
        database_connections_idle: read(|app| app.database.pool_status().idle.into()),
        database_write_queue_length: read(|app| number(app.database.pool_status().writes_waiting)),
        password_hashes_waiting: read(|app| number(app.hasher.statistics().waiting)),
        password_hashes_running: read(|app| number(app.hasher.statistics().running)),
        long_polls_waiting: read(|app| number(app.database.changes().waiting())),
        codes: app.codes.clone(),
        challenger: app.challenger_metrics.clone(),
    }))
}

fn number(of: usize) -> u64 {
    u64::try_from(of).unwrap_or(u64::MAX)
}

/// The management listener's service.
#[must_use]
pub fn management(
    app: &Arc<App>,
    metrics: Arc<Metrics>,
    readiness: Readiness,
) -> BoxEndpoint<'static, Response> {
    let schema = Arc::clone(app);
    let database = Check::new("database", move || {
        let app = Arc::clone(&schema);
        async move {
            match app.database.schema_status().await {
                Ok(SchemaStatus::Current) => Ok(()),
                Ok(_) => Err("the tables are not those of this program".to_owned()),
                Err(error) => Err(error.to_string()),
            }
        }
    });
    management::endpoint(metrics, readiness, vec![database])
}

/// Open listeners. They are opened before anything else happens, so that an address in use is noticed at once.
pub struct Listeners {
    merchant: Option<TcpAcceptor>,
    challenger: Option<TcpAcceptor>,
    management: Option<TcpAcceptor>,
}

impl Listeners {
    /// Opens those of what is enabled.
    ///
    /// # Errors
    /// [`ServeError::Listen`].
    pub async fn open(settings: &config::Settings) -> Result<Self, ServeError> {
        let config::Settings {
            merchant,
            challenger,
            management,
            ..
        } = settings;
        Ok(Self {
            merchant: listen("merchant", merchant.enabled, merchant.listen).await?,
            challenger: listen("challenger", challenger.enabled, challenger.listen).await?,
            management: listen("management", management.enabled, management.listen).await?,
        })
    }

    /// Where the merchant listens: the port is known now, even if the configuration left it open.
    #[must_use]
    pub fn merchant_address(&self) -> Option<SocketAddr> {
        self.merchant.as_ref().and_then(address)
    }

    /// Where the Challenger listens.
    #[must_use]
    pub fn challenger_address(&self) -> Option<SocketAddr> {
        self.challenger.as_ref().and_then(address)
    }

    /// Where the management listens.
    #[must_use]
    pub fn management_address(&self) -> Option<SocketAddr> {
        self.management.as_ref().and_then(address)
    }
}

/// A server that gives no client more than its share of connections, and of HTTP/2 streams on each of them.
fn bounded(
    settings: &config::Settings,
    acceptor: TcpAcceptor,
) -> Server<Infallible, BoundedAcceptor<TcpAcceptor>> {
    let limits = &settings.limits;
    let trusted_proxies = TrustedProxies::new(limits.trusted_proxies.iter().copied());
    Server::new_with_acceptor(BoundedAcceptor::new(
        acceptor,
        limits.connections,
        trusted_proxies,
    ))
    .idle_timeout(idle_timeout(limits))
    .http2_max_concurrent_streams(STREAMS_PER_CONNECTION)
}

/// How long a connection may be without a byte: no less than a request may take.
fn idle_timeout(limits: &config::Limits) -> Duration {
    let answered = longest_request(limits).saturating_add(IDLE_MARGIN);
    limits.idle_timeout.max(answered)
}

/// One that waits for a change as long as it may.
fn longest_request(limits: &config::Limits) -> Duration {
    limits.request_timeout.saturating_add(limits.long_poll)
}

/// A request that runs out of time must still be answered before its connection counts as idle.
const IDLE_MARGIN: Duration = Duration::from_secs(5);

/// Streams that one HTTP/2 connection may have open at once.
const STREAMS_PER_CONNECTION: u32 = 32;

fn address(acceptor: &TcpAcceptor) -> Option<SocketAddr> {
    acceptor
        .local_addr()
        .into_iter()
        .find_map(|local| local.as_socket_addr().copied())
}

async fn listen(
    section: &'static str,
    enabled: bool,
    address: SocketAddr,
) -> Result<Option<TcpAcceptor>, ServeError> {
    if !enabled {
        return Ok(None);
    }
    let acceptor = TcpListener::bind(address).into_acceptor().await;
    acceptor.map(Some).map_err(|source| ServeError::Listen {
        section,
        address,
        source,
    })
}

/// Serves until `stop` ends: then `/readyz` says so, and after `notice` nothing new is accepted, who waits for a change is
/// answered, and what runs may finish within the configured time.
///
/// # Errors
/// A database that cannot be asked, a service that cannot be made, and a listener that fails.
pub async fn serve(
    app: Arc<App>,
    listeners: Listeners,
    stop: impl Future<Output = ()> + Send + 'static,
    notice: Duration,
) -> Result<(), ServeError> {
    let last_sweep_us = db::sweep::last_us(app.database.read())
        .await
        .map_err(StartError::Database)?;
    let caution = Caution::new(last_sweep_us);
    let metrics = metrics(&app);
    let readiness = Readiness::default();
    let (stopping, drained) = (Signal::default(), Signal::default());
    let mut services = JoinSet::new();
    if let Some(acceptor) = listeners.merchant {
        let service = service(&app, Arc::clone(&metrics))?;
        let server = run(&app, acceptor, service, stopping.clone());
        services.spawn(server);
    }
    if let Some(acceptor) = listeners.challenger {
        let service = challenger(&app, Arc::clone(&metrics))?;
        let server = run(&app, acceptor, service, stopping.clone());
        services.spawn(server);
    }
    let management = listeners.management.map(|acceptor| {
        let endpoint = management(&app, metrics, readiness.clone());
        let until_drained = drained.clone().given();
        let server = bounded(&app.settings, acceptor).run_with_graceful_shutdown(
            endpoint,
            until_drained,
            Some(Duration::from_secs(1)),
        );
        tokio::spawn(server)
    });
    app.database.listen();
    readiness.serving();
    let mut helpers = JoinSet::new();
    helpers.spawn(sweep::run(Arc::clone(&app), caution));
    helpers.spawn(exchange::refresh::run(Arc::clone(&app)));
    helpers.spawn(kyc::check::run(Arc::clone(&app)));
    let changes = app.database.changes().clone();
    helpers.spawn(async move {
        stop.await;
        readiness.shutting_down();
        tokio::time::sleep(notice).await;
        // Not before: as long as clients are served here, they would ask again at once.
        changes.release();
        stopping.give();
    });
    // The first that fails ends the others.
    while let Some(ended) = services.join_next().await {
        ended.map_err(io::Error::other)??;
    }
    drained.give();
    if let Some(management) = management {
        management.await.map_err(io::Error::other)??;
    }
    helpers.shutdown().await;
    app.database.close().await;
    Ok(())
}

/// Runs one service until the signal, and then until its requests are finished or their time is over.
fn run(
    app: &App,
    acceptor: TcpAcceptor,
    service: BoxEndpoint<'static, Response>,
    stopping: Signal,
) -> impl Future<Output = io::Result<()>> + Send + 'static {
    let grace = app.settings.limits.shutdown_grace;
    bounded(&app.settings, acceptor).run_with_graceful_shutdown(
        service,
        stopping.given(),
        Some(grace),
    )
}

/// Something that happens once, and that several wait for.
#[derive(Clone)]
struct Signal(Arc<watch::Sender<bool>>);

impl Default for Signal {
    fn default() -> Self {
        Self(Arc::new(watch::channel(false).0))
    }
}

impl Signal {
    fn give(&self) {
        self.0.send_replace(true);
    }

    fn given(self) -> impl Future<Output = ()> + Send + 'static {
        let mut wait = self.0.subscribe();
        async move { drop(wait.wait_for(|given| *given).await) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Limits;

    #[test]
    fn connections_last_as_long_as_the_configuration_says() {
        let limits = Limits::default();
        assert_eq!(idle_timeout(&limits), limits.idle_timeout);
        let patient = Limits {
            long_poll: Duration::from_secs(600),
            ..limits
        };
        assert_eq!(idle_timeout(&patient), Duration::from_secs(635));
    }
}
