//! What is measured: three services, each on a port of its own.

use std::{
    net::{Ipv4Addr, SocketAddr},
    sync::Arc,
};

use hyper::body::Bytes;
use kontor::{
    app::{App, Migration},
    clock::Clock,
    config::{Settings, Sources},
    random::Random,
    server,
};
use poem::{
    Endpoint, EndpointExt as _, Response, Route, RouteMethod, Server,
    endpoint::make_sync,
    http::StatusCode,
    listener::{Acceptor as _, Listener as _, TcpListener},
};
use serde_json::{Value, json};
use tokio::task::spawn_blocking;

use crate::{
    Result, by_hand,
    database::BenchDatabase,
    load,
    workload::{self, PRIVATE, TOKEN},
};

/// The instance that all requests are about.
pub const SHOP: &str = "shop";
/// Its password.
pub const PASSWORD: &str = "correct horse battery staple";

/// A service under a name.
pub struct Subject {
    /// What reports call it.
    pub name: &'static str,
    /// Where it listens.
    pub address: SocketAddr,
}

/// Kontor as `kontor serve` runs it, with one instance.
pub struct KontorSubject {
    /// For what is counted inside.
    pub app: Arc<App>,
    /// An access token of the instance, with all rights.
    pub token: String,
    address: SocketAddr,
}

impl KontorSubject {
    /// Brings the database up to date and starts to serve.
    pub async fn start(database: &BenchDatabase) -> Result<Self> {
        let key_file = database.folder.path().join("kontor.key");
        let flags = [
            ("database.url", database.url.clone()),
            ("secrets.key_file", key_file.display().to_string()),
            ("merchant.public_url", "http://localhost/".to_owned()),
        ];
        let sources = Sources {
            flags: flags
                .map(|(key, value)| (key.to_owned(), value))
                .into_iter()
                .collect(),
            ..Sources::default()
        };
        let settings = Settings::load(&sources)?.settings;
        let app = App::open(
            settings,
            Migration::Allowed,
            Clock::system(),
            Random::system(),
        );
        let app = Arc::new(app.await?);
        create_shop(&app).await?;
        let address = serve(server::service(&app, server::metrics(&app))?).await?;
        let login = load::Repeated {
            body: Some(Bytes::from_static(br#"{"scope":"all"}"#)),
            ..workload::login()
        };
        let answer = spawn_blocking(move || load::ask(address, &login)).await??;
        let answer: Value = serde_json::from_slice(&answer)?;
        let token = answer["access_token"].as_str().ok_or("no token")?;
        Ok(Self {
            token: token.to_owned(),
            app,
            address,
        })
    }

    /// The service.
    pub fn subject(&self) -> Subject {
        Subject {
            name: "kontor",
            address: self.address,
        }
    }

    /// Closes the database.
    pub async fn stop(self) {
        self.app.database.close().await;
    }
}

async fn create_shop(app: &App) -> Result<()> {
    let shop = json!({
        "id": SHOP, "name": "A shop", "auth": { "method": "token", "password": PASSWORD },
        "email": "shop@example.com", "use_stefan": true,
        "address": { "town": "Brügge", "country": "BE" }, "jurisdiction": { "country": "BE" },
    });
    kontor::merchant::create_instance(
        app,
        serde_json::from_value(shop)?,
        &kontor::audit::Origin::of_command_line(),
        kontor::merchant::By::CommandLine,
    )
    .await
    .map_err(|error| format!("{error:?}"))?;
    Ok(())
}

/// Routes of poem that answer a constant: what poem itself and the load cost.
pub async fn bare(kontor: &KontorSubject) -> Result<Subject> {
    let (address, request) = (kontor.address, workload::get(kontor));
    let shown = spawn_blocking(move || load::ask(address, &request)).await??;
    let constant = move |body: Bytes| {
        make_sync(move |_| {
            Response::builder()
                .content_type("application/json")
                .body(body.clone())
        })
    };
    let token = Bytes::from(json!({ "access_token": kontor.token }).to_string());
    let private = RouteMethod::new()
        .get(constant(shown))
        .patch(make_sync(|_| StatusCode::NO_CONTENT));
    let routes = Route::new()
        .at(PRIVATE, private)
        .at(TOKEN, RouteMethod::new().post(constant(token)));
    Ok(Subject {
        name: "bare",
        address: serve(routes).await?,
    })
}

/// The same statements by hand.
pub async fn by_hand(database: &BenchDatabase) -> Result<Subject> {
    let address = if database.is_postgres() {
        serve(by_hand::postgres::routes(&database.url).await?.boxed()).await?
    } else {
        serve(by_hand::sqlite::routes(&database.url).await?.boxed()).await?
    };
    Ok(Subject {
        name: "by hand",
        address,
    })
}

async fn serve<E: Endpoint + 'static>(service: E) -> Result<SocketAddr> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0));
    let acceptor = listener.into_acceptor().await?;
    let address = acceptor.local_addr();
    let address = address
        .first()
        .and_then(|address| address.as_socket_addr())
        .copied();
    tokio::spawn(Server::new_with_acceptor(acceptor).run(service));
    address.ok_or_else(|| "a listener without an address".into())
}
