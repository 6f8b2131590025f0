//! Listeners, mounts and the end: what makes a running server of an [`App`].

use std::{convert::Infallible, io, net::SocketAddr, sync::Arc, time::Duration};

use kontor_openapi::{
    ApiError, ErrorCode, Operation,
    dispatch::{Destination, Directory, Dispatch},
    document::Editions,
    merchant::{OPERATIONS, routes},
};
use poem::{
    Endpoint, EndpointExt, IntoResponse, Request, Response, Server,
    endpoint::BoxEndpoint,
    http::{HeaderValue, Method, Uri},
    listener::{Acceptor, Listener, TcpAcceptor, TcpListener},
};
use poem_openapi::OpenApiService;

use crate::{
    app::App,
    config,
    db::SchemaStatus,
    documentation::Documentation,
    exchange,
    http::{
        Layers, NoteReached, Routes, Settings, TrustedProxies, body::DecodeBody,
        connections::BoundedAcceptor,
    },
    kyc,
    management::{self, Check, Readiness},
    merchant::Merchant,
    metrics::{Metrics, Sources},
    mfa::replay::ReplayBody,
    sweep,
};

/// Longest path with its query, in bytes. From 65535 bytes on the HTTP library refuses a request before any layer sees
/// it, with a 414 without a body.
const LONGEST_URI: usize = 16 * 1024;

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
    /// The public URL cannot stand in a header.
    #[error("merchant.public_url cannot stand in an HTTP header")]
    PublicUrl,
    /// The server stopped by itself.
    #[error("the server stopped: {0}")]
    Stopped(#[from] io::Error),
}

/// The paths of the merchant's operations and of the documentation, as the layers ask for them.
struct MerchantRoutes {
    directory: Arc<Directory>,
    documentation: Arc<Documentation>,
}

impl Routes for MerchantRoutes {
    fn allow(&self, path: &str) -> Option<HeaderValue> {
        // No operation has this method, so a path that exists says what it takes instead.
        match self.directory.find(Method::OPTIONS.as_str(), path) {
            Destination::OtherMethods(allow) => HeaderValue::try_from(allow).ok(),
            _ => self.documentation.allow(path),
        }
    }

    fn secret_path(&self, operation_id: &str) -> Option<&'static str> {
        // The id of a challenge is all that it takes to have codes sent.
        let with_challenge_id = |operation: &&Operation| {
            operation.id == operation_id && operation.path.contains("{challenge_id}")
        };
        let operation = OPERATIONS.iter().find(with_challenge_id)?;
        Some(operation.path)
    }
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
    }))
}

fn number(of: usize) -> u64 {
    u64::try_from(of).unwrap_or(u64::MAX)
}

/// The whole service of the merchant: operations, documentation, and all layers around them. `serve` and the tests run
/// the same one.
///
/// # Errors
/// [`ServeError::PublicUrl`].
pub fn service(
    app: &Arc<App>,
    metrics: Arc<Metrics>,
) -> Result<BoxEndpoint<'static, Response>, ServeError> {
    let settings = &app.settings;
    let public_url = app.public_url.as_str();
    let merchant = Arc::new(Merchant::new(Arc::clone(app)));
    let directory = Arc::new(Directory::new(OPERATIONS));
    let editions = Editions::new(kontor_openapi::merchant::DOCUMENT, public_url);
    let documentation = Arc::new(Documentation::new(editions, public_url));
    let operations = OpenApiService::new(
        routes(Arc::clone(&merchant)),
        "Kontor",
        env!("CARGO_PKG_VERSION"),
    );
    let operations = Dispatch::new(
        operations
            .data(merchant)
            .with(ReplayBody::new(Arc::clone(app)))
            .with(DecodeBody::new(settings.limits.body_size))
            .with(NoteReached),
        Arc::clone(&directory),
        public_url,
    );
    let layers = Layers::new(Settings {
        trusted_proxies: TrustedProxies::new(settings.limits.trusted_proxies.iter().copied()),
        public_url: public_url.to_owned(),
        request_timeout: settings.limits.request_timeout,
        clock: app.clock.clone(),
        random: app.random.clone(),
        metrics,
        routes: Arc::new(MerchantRoutes {
            directory,
            documentation: Arc::clone(&documentation),
        }),
        unauthorized: ErrorCode::MerchantGenericUnauthorized,
        failures: None,
    });
    Ok(layers.map_err(|_| ServeError::PublicUrl)?.around(Mount {
        documentation,
        operations,
    }))
}

/// The documentation beside the operations.
struct Mount<E> {
    documentation: Arc<Documentation>,
    operations: E,
}

impl<E: Endpoint> Endpoint for Mount<E> {
    type Output = Response;

    async fn call(&self, request: Request) -> poem::Result<Response> {
        if length(request.uri()) > LONGEST_URI {
            return Err(ApiError::new(ErrorCode::GenericUriTooLong).into());
        }
        match self.documentation.answer(&request) {
            Some(answer) => answer.map_err(Into::into),
            None => self
                .operations
                .call(request)
                .await
                .map(IntoResponse::into_response),
        }
    }
}

/// The length of a path with its query, in bytes.
fn length(uri: &Uri) -> usize {
    uri.path_and_query()
        .map_or(0, |target| target.as_str().len())
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
    merchant: TcpAcceptor,
    management: Option<TcpAcceptor>,
}

impl Listeners {
    /// Opens them.
    ///
    /// # Errors
    /// [`ServeError::Listen`].
    pub async fn open(settings: &config::Settings) -> Result<Self, ServeError> {
        let management = &settings.management;
        Ok(Self {
            merchant: listen("merchant", settings.merchant.listen).await?,
            management: match management.enabled {
                true => Some(listen("management", management.listen).await?),
                false => None,
            },
        })
    }

    /// Where the merchant listens: the port is known now, even if the configuration left it open.
    #[must_use]
    pub fn merchant_address(&self) -> Option<SocketAddr> {
        address(&self.merchant)
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
    .idle_timeout(
        limits
            .idle_timeout
            .max(longest_request(limits).saturating_add(IDLE_MARGIN)),
    )
    .http2_max_concurrent_streams(STREAMS_PER_CONNECTION)
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

async fn listen(section: &'static str, address: SocketAddr) -> Result<TcpAcceptor, ServeError> {
    let acceptor = TcpListener::bind(address).into_acceptor().await;
    acceptor.map_err(|source| ServeError::Listen {
        section,
        address,
        source,
    })
}

/// Serves until `stop` ends: then `/readyz` says so, and after `notice` nothing new is accepted, who waits for a change is
/// answered, and what runs may finish within the configured time.
///
/// # Errors
/// A listener that fails.
pub async fn serve(
    app: Arc<App>,
    listeners: Listeners,
    stop: impl Future<Output = ()> + Send + 'static,
    notice: Duration,
) -> Result<(), ServeError> {
    let metrics = metrics(&app);
    let readiness = Readiness::default();
    let service = service(&app, Arc::clone(&metrics))?;
    let grace = app.settings.limits.shutdown_grace;
    let (drained, mut wait) = tokio::sync::watch::channel(false);
    let management = listeners.management.map(|acceptor| {
        let endpoint = management(&app, metrics, readiness.clone());
        let until_drained = async move { drop(wait.wait_for(|drained| *drained).await) };
        let server = bounded(&app.settings, acceptor).run_with_graceful_shutdown(
            endpoint,
            until_drained,
            Some(Duration::from_secs(1)),
        );
        tokio::spawn(server)
    });
    app.database.listen();
    readiness.serving();
    let sweeper = tokio::spawn(sweep::run(Arc::clone(&app)));
    let refresher = tokio::spawn(exchange::refresh::run(Arc::clone(&app)));
    let checker = tokio::spawn(kyc::check::run(Arc::clone(&app)));
    let changes = app.database.changes().clone();
    let begin_of_end = async move {
        stop.await;
        readiness.shutting_down();
        tokio::time::sleep(notice).await;
        // Not before: as long as clients are served here, they would ask again at once.
        changes.release();
    };
    bounded(&app.settings, listeners.merchant)
        .run_with_graceful_shutdown(service, begin_of_end, Some(grace))
        .await?;
    drained.send_replace(true);
    if let Some(management) = management {
        management.await.map_err(io::Error::other)??;
    }
    sweeper.abort();
    refresher.abort();
    checker.abort();
    app.database.close().await;
    Ok(())
}
