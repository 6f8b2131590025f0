//! The client of the Challenger that the sandbox registers, and a validation that it has set up.

use std::sync::Arc;

use kontor_openapi::scalar::base32;
use serde::Serialize;
use url::form_urlencoded;

use crate::app::App;
use crate::audit::Origin;
use crate::challenger::address::Rules;
use crate::challenger::client_secret::ClientSecret;
use crate::challenger::clients::{Registration, register};
use crate::challenger::redirect_uri::RedirectUri;
use crate::challenger::{SetUp, set_up};
use crate::cli::failure::Failure;
use crate::config::PublicUrl;

/// A client with its secret, and a link by which a person can prove an address to it. Printing them is what the sandbox is for.
#[derive(Clone, Serialize)]
pub(super) struct Client {
    #[serde(skip)]
    challenger: PublicUrl,
    pub client_id: String,
    client_secret: String,
    pub redirect_uri: String,
    /// By which the client knows its own validations when people come back.
    pub state: String,
    link: String,
}

/// Where the Challenger is, with a slash at the end.
///
/// # Errors
/// The settings name none.
pub(super) fn challenger_url(app: &App) -> Result<PublicUrl, Failure> {
    (app.settings.challenger.public_url()).map_err(Failure::configuration)
}

/// What the settings say of addresses.
///
/// # Errors
/// Settings that cannot be used.
pub(super) fn rules(app: &App) -> Result<Rules, Failure> {
    let rules = Rules::new(&app.settings.challenger);
    let rules = rules.map_err(|wrong| Failure::configuration(wrong.to_string()))?;
    Ok(rules.with_letters(&app.settings.tan.post))
}

impl Client {
    /// Registers a client whose people come back to this URI, and sets up a validation as it would.
    ///
    /// # Errors
    /// The database's, and those of the settings.
    pub async fn register(app: &Arc<App>, redirect_uri: String) -> Result<Self, Failure> {
        let registration = Registration {
            redirect_uri: RedirectUri::parse(&redirect_uri)
                .map_err(|wrong| Failure::failed(wrong.to_string()))?,
            secret: ClientSecret::generate(&app.random),
            requires_pkce: false,
        };
        let id = register(app, &Origin::of_command_line(), &registration).await?;
        let nonce = set_up(app, &rules(app)?, id, SetUp::default()).await;
        let nonce = nonce.map_err(|error| Failure::failed(error.to_string()))?;
        let mut client = Self {
            challenger: challenger_url(app)?,
            client_id: id.to_string(),
            client_secret: registration.secret.expose().to_owned(),
            redirect_uri,
            state: base32::encode(&app.random.bytes::<10>()),
            link: String::new(),
        };
        client.link = client.link_to(nonce.as_str());
        Ok(client)
    }

    /// Where the client sends a person: to the authorization endpoint of this nonce.
    fn link_to(&self, nonce: &str) -> String {
        let query = form_urlencoded::Serializer::new(String::new())
            .append_pair("response_type", "code")
            .append_pair("client_id", &self.client_id)
            .append_pair("redirect_uri", &self.redirect_uri)
            .append_pair("state", &self.state)
            .finish();
        format!("{}authorize/{nonce}?{query}", self.challenger)
    }

    pub fn text(&self) -> String {
        let Self {
            client_id,
            client_secret,
            redirect_uri,
            link,
            ..
        } = self;
        format!(
            "Client {client_id} of the Challenger\n  secret        {client_secret}\n  redirect URI  {redirect_uri}\n\n\
             Prove an address: open this link in a browser. It is good for one address.\n  {link}\n\n"
        )
    }

    /// How a client makes another link in a shell, and an address of the code with which it ends.
    pub fn commands(&self) -> String {
        let Self {
            challenger,
            client_id,
            client_secret,
            ..
        } = self;
        format!(
            "\nBe the client in a shell: make another link, and turn the code with which it ends into the address:\n\
             \x20 NONCE=$(curl -sS -d '' -H 'Authorization: Bearer {client_secret}' {challenger}setup/{client_id} | cut -d '\"' -f 4)\n\
             \x20 echo \"{link}\"\n\
             \x20 CODE=the-code\n\
             \x20 {exchange}\n\n",
            link = self.link_to("$NONCE"),
            exchange = self.exchange("$CODE").join("\n  "),
        )
    }

    /// The commands that turn an authorization code into the address.
    pub fn exchange(&self, code: &str) -> [String; 2] {
        let Self {
            challenger,
            client_id,
            client_secret,
            redirect_uri,
            ..
        } = self;
        [
            format!(
                "TOKEN=$(curl -sS -u '{client_id}:{client_secret}' -d grant_type=authorization_code -d \"code={code}\" \
                 --data-urlencode 'redirect_uri={redirect_uri}' {challenger}token | cut -d '\"' -f 4)"
            ),
            format!("curl -sS -H \"Authorization: Bearer $TOKEN\" {challenger}info"),
        ]
    }
}
