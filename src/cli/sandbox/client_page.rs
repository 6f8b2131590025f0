//! The page of the sandbox's client, to which people come back with an authorization code.

use std::{io, net::SocketAddr};

use askama::Template;
use poem::endpoint::make_sync;
use poem::http::{StatusCode, header};
use poem::listener::{Acceptor as _, Listener as _, TcpAcceptor, TcpListener};
use poem::{IntoResponse as _, Request, Response, Route, Server, get};
use tokio::task::JoinSet;
use url::form_urlencoded;

use super::client::Client;
use crate::challenger::authorization_code::AuthorizationCode;
use crate::cli::failure::Failure;

/// Where it listens unless somebody says otherwise.
const USUAL: SocketAddr =
    SocketAddr::new(std::net::IpAddr::V4(std::net::Ipv4Addr::LOCALHOST), 9969);

const PATH: &str = "/done";

/// It shows what a stranger may have written into a link.
const POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/// The open listener of the page.
pub(super) struct ClientPage {
    acceptor: TcpAcceptor,
    address: SocketAddr,
}

/// What came with the person.
#[derive(Template)]
#[template(path = "client_page.html")]
struct Landing<'a> {
    code: &'a str,
    state: &'a str,
    is_own_state: bool,
    /// How the code becomes the address; none where it is no code.
    commands: Option<[String; 2]>,
}

impl ClientPage {
    /// Opens the listener: at this address, else at the usual one or wherever a port is free.
    ///
    /// # Errors
    /// Exit code 1 where the address cannot be had.
    pub async fn listen(chosen: Option<SocketAddr>) -> Result<Self, Failure> {
        let wanted = chosen.unwrap_or(USUAL);
        let opened = match (open(wanted).await, chosen) {
            (Err(_), None) => open(SocketAddr::new(USUAL.ip(), 0)).await,
            (opened, _) => opened,
        };
        let (acceptor, address) = opened.map_err(|reason| {
            Failure::failed(format!(
                "cannot listen on {wanted}: {reason}; give \"--client-listen\" another address"
            ))
        })?;
        Ok(Self { acceptor, address })
    }

    /// Where the Challenger sends people back to.
    pub fn redirect_uri(&self) -> String {
        format!("http://{}{PATH}", self.address)
    }

    /// Serves the page until the task is dropped.
    pub fn serve(self, client: Client) -> JoinSet<io::Result<()>> {
        let page = make_sync(move |request| answer(&request, &client));
        let server = Server::new_with_acceptor(self.acceptor);
        let mut tasks = JoinSet::new();
        tasks.spawn(server.run(Route::new().at(PATH, get(page))));
        tasks
    }
}

async fn open(address: SocketAddr) -> io::Result<(TcpAcceptor, SocketAddr)> {
    let acceptor = TcpListener::bind(address).into_acceptor().await?;
    let local = acceptor.local_addr();
    let mut local = local.iter().filter_map(|local| local.as_socket_addr());
    let address = local.next().copied().unwrap_or(address);
    Ok((acceptor, address))
}

fn answer(request: &Request, client: &Client) -> Response {
    let query = request.uri().query().unwrap_or_default();
    let parameter = |wanted: &str| {
        let mut parameters = form_urlencoded::parse(query.as_bytes());
        let found = parameters.find(|(name, _)| name == wanted);
        found.map(|(_, value)| value.into_owned())
    };
    let (code, state) = (parameter("code"), parameter("state"));
    let (code, state) = (code.unwrap_or_default(), state.unwrap_or_default());
    let landing = Landing {
        is_own_state: state == client.state,
        // Nothing else gets into a command that somebody copies into a shell.
        commands: AuthorizationCode::parse(&code).map(|_| client.exchange(&code)),
        code: &code,
        state: &state,
    };
    match landing.render() {
        Ok(page) => Response::builder()
            .content_type("text/html; charset=utf-8")
            .header(header::CACHE_CONTROL, "no-store")
            .header(header::CONTENT_SECURITY_POLICY, POLICY)
            .header(header::REFERRER_POLICY, "no-referrer")
            .body(page),
        Err(_) => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
    }
}
