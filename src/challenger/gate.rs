//! Who calls, and by what right.

use std::collections::HashSet;

use entity::{address_grant, client};
use kontor_openapi::{ApiError, ErrorCode, Gate, Operation};
use percent_encoding::percent_decode_str;
use poem::{
    Request,
    http::{
        HeaderMap,
        header::{ACCEPT_LANGUAGE, AUTHORIZATION},
    },
};
use sha2::{Digest, Sha256};

use super::{Challenger, client_secret::is_secret_of, error::Error, pages::Language};
use crate::{auth::Presented, db, http::negotiation};

/// Somebody who has shown no credential: a person, or a program that speaks for one.
#[derive(Debug)]
pub struct Visitor {
    /// The headers of the request, for content negotiation and for credentials at `/token`.
    pub headers: HeaderMap,
}

impl Visitor {
    /// Whether a page is asked for, by name and before JSON.
    #[must_use]
    pub fn wants_page(&self) -> bool {
        wants_page(&self.headers)
    }

    /// Whether JSON is asked for by name, and before a page.
    #[must_use]
    pub fn wants_json(&self) -> bool {
        negotiation::media_type(&self.headers, &[HTML, JSON]) == Some(JSON)
    }

    /// The languages that it prefers, as the header says.
    #[must_use]
    pub fn languages(&self) -> Option<String> {
        let languages = self.headers.get(ACCEPT_LANGUAGE)?.to_str().ok()?;
        Some(languages.to_owned())
    }

    /// The language of the pages.
    #[must_use]
    pub fn language(&self) -> Language {
        Language::of(&self.headers)
    }
}

const HTML: &str = "text/html";
const JSON: &str = "application/json";

/// Whether a request asks for a page, by name and before JSON.
pub(super) fn wants_page(headers: &HeaderMap) -> bool {
    negotiation::media_type(headers, &[JSON, HTML]) == Some(HTML)
}

/// Somebody who has shown the credential that the operation wants.
#[derive(Debug)]
pub enum Caller {
    /// A client, by its secret.
    Client(client::Model),
    /// A client, by a token for one address.
    Grant(address_grant::Model),
}

impl Caller {
    /// The client that has shown its secret.
    ///
    /// # Errors
    /// [`Error::Internal`] where the document wants another credential.
    pub(super) fn client(self) -> Result<client::Model, Error> {
        match self {
            Self::Client(client) => Ok(client),
            Self::Grant(_) => Err(wrong_credential()),
        }
    }

    /// What the token shows.
    ///
    /// # Errors
    /// [`Error::Internal`] where the document wants another credential.
    pub(super) fn grant(self) -> Result<address_grant::Model, Error> {
        match self {
            Self::Grant(grant) => Ok(grant),
            Self::Client(_) => Err(wrong_credential()),
        }
    }
}

fn wrong_credential() -> Error {
    Error::Internal("the document wants another credential than the operation".to_owned())
}

impl Gate for Challenger {
    type Visitor = Visitor;
    type Caller = Caller;
    type Error = ApiError;

    async fn admit(
        &self,
        request: &Request,
        _operation: &'static Operation,
    ) -> Result<Visitor, ApiError> {
        check_query(request)?;
        Ok(Visitor {
            headers: request.headers().clone(),
        })
    }

    async fn authorize(
        &self,
        request: &Request,
        operation: &'static Operation,
    ) -> Result<Caller, ApiError> {
        check_query(request)?;
        let schemes = operation.security.iter();
        let caller = match schemes.map(|requirement| requirement.scheme).next() {
            Some("clientSecret") => self.client(request).await.map(Caller::Client),
            Some("addressToken") => self.grant(request).await.map(Caller::Grant),
            _ => Err(wrong_credential()),
        };
        Ok(caller.inspect_err(|error| self.count_refusal(error))?)
    }
}

/// A query is text, so that a client gets back the state that it sent. A parameter that stands there twice is refused (RFC 6749 §3.1): who reads the first and who the last would disagree.
fn check_query(request: &Request) -> Result<(), ApiError> {
    let query = request.uri().query().unwrap_or_default();
    if percent_decode_str(query).decode_utf8().is_err() {
        return Err(ApiError::new(ErrorCode::GenericParameterMalformed)
            .with_detail("the query is not UTF-8"));
    }
    let mut seen = HashSet::new();
    for (name, _) in url::form_urlencoded::parse(query.as_bytes()) {
        if let Some(name) = seen.replace(name) {
            return Err(ApiError::new(ErrorCode::GenericParameterMalformed)
                .with_detail("a parameter stands in the query twice")
                .with_parameter(name));
        }
    }
    Ok(())
}

impl Challenger {
    /// The client whose id stands at the end of the path, if the secret is its own.
    async fn client(&self, request: &Request) -> Result<client::Model, Error> {
        let secret = match Presented::from_headers(request.headers()) {
            Presented::Bearer(secret) => secret,
            Presented::None | Presented::Basic { .. } | Presented::Malformed => {
                return Err(Error::Missing(AUTHORIZATION_NAME));
            }
        };
        let id = request.uri().path().rsplit('/').next().unwrap_or_default();
        let client = self.find_client(id).await?.ok_or(Error::ClientUnknown)?;
        match is_secret_of(&client, secret.expose(), &self.app.keyring)? {
            true => Ok(client),
            false => Err(Error::ClientUnknown),
        }
    }

    /// The client of an id as clients write it: a decimal number.
    pub(super) async fn find_client(&self, id: &str) -> Result<Option<client::Model>, Error> {
        let is_canonical = id.bytes().all(|byte| byte.is_ascii_digit()) && !id.starts_with('0');
        match id.parse().ok().filter(|_| is_canonical) {
            Some(serial) => Ok(db::client::find(self.app.database.read(), serial).await?),
            None => Ok(None),
        }
    }

    async fn grant(&self, request: &Request) -> Result<address_grant::Model, Error> {
        let presented = request.headers().contains_key(AUTHORIZATION);
        let Presented::Bearer(token) = Presented::from_headers(request.headers()) else {
            return Err(Error::TokenUnknown { presented });
        };
        let digest = Sha256::digest(token.expose().as_bytes()).into();
        let now_us = self.app.now_us();
        let grant = db::address_grant::find(self.app.database.read(), &digest, now_us).await?;
        grant.ok_or(Error::TokenUnknown { presented })
    }
}

const AUTHORIZATION_NAME: &str = "Authorization";
