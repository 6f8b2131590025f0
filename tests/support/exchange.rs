//! A payment provider: a real HTTP server with a master key of its own, whose answers tests choose.
//!
//! `GET /keys` is answered as [`Keys`] says. Other paths are answered by what a test puts there with [`TestExchange::answer`].

mod keys;

use std::{
    collections::HashMap,
    net::SocketAddr,
    sync::{Arc, Mutex, MutexGuard},
};

use ed25519_dalek::SigningKey;
use kontor::config::{Exchange, PublicUrl, Settings};
use kontor_openapi::scalar::EddsaPublicKey;
use poem::{
    Request, Response, Server,
    http::StatusCode,
    listener::{Acceptor as _, Listener as _, TcpAcceptor, TcpListener},
};
use serde_json::{Value, json};
use tokio::{sync::Notify, task::JoinHandle};

pub use keys::{GERMAN_ACCOUNT, OPEN_ACCOUNT, keys};

use crate::database::support::NOW;

/// How `GET /keys` is answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Keys {
    /// As it should be.
    Good,
    /// Not at all, although the request was taken.
    Never,
    /// With something that is no JSON.
    Garbage,
    /// With JSON that lacks almost everything.
    Incomplete,
    /// With a redirect to `/moved`.
    Redirect,
    /// With this status and an error.
    Status(u16),
    /// Signed, and named, by another master key.
    OtherMaster,
    /// With a signing key, fee or account that somebody changed after it was signed.
    Forged(&'static str),
    /// In another currency.
    OtherCurrency,
    /// In a version that is none.
    OtherVersion,
    /// With signing keys that have all expired.
    Expired,
    /// With more than anybody reads.
    Huge,
}

/// Answers a request to some path.
pub type Answerer = Arc<dyn Fn(&Request) -> Response + Send + Sync>;

/// Changes keys before they are signed.
type Adjust = Box<dyn Fn(&mut Value) + Send>;

/// What tests change while it runs.
struct State {
    keys: Keys,
    headers: Vec<(String, String)>,
    adjust: Option<Adjust>,
    hits: HashMap<String, usize>,
    answers: HashMap<String, Answerer>,
}

/// The payment provider.
pub struct TestExchange {
    pub master: SigningKey,
    pub currency: String,
    address: SocketAddr,
    state: Arc<Mutex<State>>,
    hit: Arc<Notify>,
    server: Mutex<Option<JoinHandle<()>>>,
}

impl TestExchange {
    /// Starts one for the usual currency.
    pub async fn start() -> Self {
        Self::start_for("KUDOS", 7).await
    }

    /// Starts one for a currency; the number makes its master key.
    pub async fn start_for(currency: &str, seed: u8) -> Self {
        let acceptor = listen(SocketAddr::from(([127, 0, 0, 1], 0))).await;
        let address = acceptor.local_addr()[0]
            .as_socket_addr()
            .copied()
            .expect("an address");
        let exchange = Self {
            master: SigningKey::from_bytes(&[seed; 32]),
            currency: currency.to_owned(),
            address,
            state: Arc::new(Mutex::new(State {
                keys: Keys::Good,
                headers: Vec::new(),
                adjust: None,
                hits: HashMap::new(),
                answers: HashMap::new(),
            })),
            hit: Arc::default(),
            server: Mutex::default(),
        };
        exchange.serve(acceptor);
        exchange
    }

    /// Its base URL.
    pub fn base_url(&self) -> String {
        format!("http://{}/", self.address)
    }

    /// What an operator configures.
    pub fn settings(&self) -> Exchange {
        Exchange {
            base_url: PublicUrl::parse(&self.base_url()).expect("a URL"),
            master_key: EddsaPublicKey(self.master.verifying_key().to_bytes()),
            currency: self.currency.clone(),
            enabled: true,
        }
    }

    /// Lets an application trust it.
    pub fn trust(&self) -> impl FnOnce(&mut Settings) {
        let exchange = self.settings();
        move |settings| settings.merchant.exchanges.push(exchange)
    }

    /// From now on `GET /keys` is answered so.
    pub fn keys(&self, keys: Keys) {
        self.state().keys = keys;
    }

    /// From now on `GET /keys` is answered with these headers.
    pub fn headers(&self, headers: &[(&str, &str)]) {
        let owned = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
        self.state().headers = headers.iter().map(owned).collect();
    }

    /// From now on good keys are changed so before they are signed.
    pub fn adjust(&self, adjust: impl Fn(&mut Value) + Send + 'static) {
        self.state().adjust = Some(Box::new(adjust));
    }

    /// From now on requests to this path are answered so; one that ends in a slash stands for all paths below it.
    pub fn answer(
        &self,
        path: &str,
        answer: impl Fn(&Request) -> Response + Send + Sync + 'static,
    ) {
        self.state()
            .answers
            .insert(path.to_owned(), Arc::new(answer));
    }

    /// How often a path was asked for.
    pub fn hits(&self, path: &str) -> usize {
        self.state().hits.get(path).copied().unwrap_or_default()
    }

    /// Waits until it is asked for anything.
    pub async fn is_asked(&self) {
        self.hit.notified().await;
    }

    /// Switches it off: nobody listens any more.
    pub async fn stop(&self) {
        let server = self.server.lock().expect("no panic here").take();
        if let Some(server) = server {
            server.abort();
            drop(server.await);
        }
    }

    /// Switches it on again, at the same address.
    pub async fn resume(&self) {
        self.serve(listen(self.address).await);
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().expect("no panic here")
    }

    fn serve(&self, acceptor: TcpAcceptor) {
        let state = Arc::clone(&self.state);
        let (master, currency) = (self.master.clone(), self.currency.clone());
        let hit = Arc::clone(&self.hit);
        let base_url = self.base_url();
        let endpoint = poem::endpoint::make(move |request: Request| {
            let answer = respond(&state, &master, &currency, &base_url, &request);
            hit.notify_one();
            async move {
                match answer {
                    Some(answer) => Ok::<_, poem::Error>(answer),
                    None => std::future::pending().await,
                }
            }
        });
        let server = tokio::spawn(async move {
            let server = Server::new_with_acceptor(acceptor);
            server.run(endpoint).await.expect("a server");
        });
        *self.server.lock().expect("no panic here") = Some(server);
    }
}

impl Drop for TestExchange {
    fn drop(&mut self) {
        let server = self.server.lock().expect("no panic here").take();
        if let Some(server) = server {
            server.abort();
        }
    }
}

async fn listen(address: SocketAddr) -> TcpAcceptor {
    TcpListener::bind(address)
        .into_acceptor()
        .await
        .expect("a listener")
}

fn respond(
    state: &Mutex<State>,
    master: &SigningKey,
    currency: &str,
    base_url: &str,
    request: &Request,
) -> Option<Response> {
    let path = request.uri().path().to_owned();
    let mut state = state.lock().expect("no panic here");
    *state.hits.entry(path.clone()).or_default() += 1;
    if path == "/keys" {
        return keys_response(&state, master, currency, base_url);
    }
    let below = |known: &String| known.ends_with('/') && path.starts_with(known.as_str());
    let answers = &state.answers;
    let answer = answers.get(&path).or_else(|| {
        let known = answers.keys().find(|known| below(known))?;
        answers.get(known)
    });
    let answer = answer.cloned();
    drop(state);
    Some(answer.map_or_else(|| StatusCode::NOT_FOUND.into(), |answer| answer(request)))
}

/// An answer of status 200 in JSON.
pub fn json_response(value: &Value) -> Response {
    Response::builder()
        .content_type("application/json")
        .body(value.to_string())
}

fn keys_response(
    state: &State,
    master: &SigningKey,
    currency: &str,
    base_url: &str,
) -> Option<Response> {
    let adjust = state.adjust.as_deref();
    let good = || keys(master, currency, base_url, adjust.map(|adjust| adjust as _));
    let answer = match state.keys {
        Keys::Never => return None,
        Keys::Good => json_response(&good()),
        Keys::Garbage => Response::builder().body("<html>It works!</html>"),
        Keys::Incomplete => json_response(&json!({ "version": "31:0:9", "currency": currency })),
        Keys::Redirect => Response::builder()
            .status(StatusCode::FOUND)
            .header("location", "/moved")
            .finish(),
        Keys::Status(status) => {
            let status = StatusCode::from_u16(status).expect("a status");
            Response::builder().status(status).body(r#"{"code":1}"#)
        }
        Keys::OtherMaster => {
            let other = SigningKey::from_bytes(&[99; 32]);
            json_response(&keys(&other, currency, base_url, None))
        }
        Keys::Forged(what) => {
            let mut forged = good();
            keys::forge(&mut forged, what);
            json_response(&forged)
        }
        Keys::OtherCurrency => json_response(&keys(master, "CHF", base_url, None)),
        Keys::OtherVersion => {
            let mut odd = good();
            odd["version"] = json!("1:0:9");
            json_response(&odd)
        }
        Keys::Expired => {
            let expire = |keys: &mut Value| {
                for key in keys["signkeys"].as_array_mut().expect("a list") {
                    key["stamp_expire"]["t_s"] = json!(NOW / 1_000_000 - 1);
                }
            };
            json_response(&keys(master, currency, base_url, Some(&expire)))
        }
        Keys::Huge => {
            let mut huge = good();
            huge["denominations"] = json!(["x".repeat(9 * 1024 * 1024)]);
            json_response(&huge)
        }
    };
    let mut answer = answer;
    for (name, value) in &state.headers {
        let name = poem::http::HeaderName::try_from(name).expect("a name");
        answer
            .headers_mut()
            .insert(name, value.parse().expect("a value"));
    }
    Some(answer)
}
