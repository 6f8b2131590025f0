//! The facade of an account: the bank's service that lists incoming transfers, and how this server authenticates there.

use entity::{SecretBytes, bank_account::Model};
use kontor_openapi::{
    merchant::{BasicFacadeCredentials, FacadeCredentials, FacadeUrl, WireSubjectMetadata},
    scalar::SecretText,
};
use serde::Serialize;
use subtle::ConstantTimeEq as _;
use zeroize::Zeroizing;

use crate::{
    app::App,
    db::bank_account::{AccountFacade, SealedCredentials},
    error::Error,
    http::outbound::OutboundUrl,
    secrets::{Keyring, Purpose},
};

/// What a client says about a facade, checked.
#[derive(Clone)]
pub struct FacadeSettings {
    url: Option<String>,
    credentials: Option<Credentials>,
    metadata: Option<String>,
}

/// The credentials that a client sends.
#[derive(Clone)]
enum Credentials {
    /// There are to be none.
    None,
    /// What is sealed: see [`Sealable`].
    Basic(Zeroizing<Vec<u8>>),
}

/// Credentials in the form that is sealed. They name the server that they are for: whoever moves the facade elsewhere must
/// not get them.
#[derive(Serialize)]
struct Sealable<'a> {
    origin: Option<String>,
    username: &'a str,
    password: &'a SecretText,
}

/// Whose credentials those are: no other account opens them.
pub struct Owner<'a> {
    /// The instance.
    pub instance_id: &'a str,
    /// The account.
    pub payto_uri: &'a str,
}

impl Owner<'_> {
    /// No id of an instance has a NUL character in it.
    fn context(&self) -> Vec<u8> {
        [self.instance_id.as_bytes(), self.payto_uri.as_bytes()].join(&0)
    }
}

impl FacadeSettings {
    /// Checks what the document's types hold.
    ///
    /// # Errors
    /// [`Error::WrongUrl`] for a URL that this server would not call.
    pub fn new(
        url: Option<FacadeUrl>,
        credentials: Option<FacadeCredentials>,
        metadata: Option<WireSubjectMetadata>,
    ) -> Result<Self, Error> {
        let url = url.map(|url| url.0);
        let parsed = url.as_deref().map(OutboundUrl::parse).transpose();
        let parsed = parsed.map_err(|reason| Error::WrongUrl {
            parameter: "credit_facade_url",
            reason,
        })?;
        let origin = parsed.map(|url| url.as_url().origin().ascii_serialization());
        let credentials = credentials
            .map(|credentials| Credentials::new(credentials, origin))
            .transpose()?;
        Ok(Self {
            url,
            credentials,
            metadata: metadata.map(|metadata| metadata.0),
        })
    }

    /// Whether nothing but the credentials can differ from what is stored.
    pub fn shows_the_same_as(&self, stored: &Model) -> bool {
        self.url == stored.credit_facade_url && self.metadata == stored.extra_wire_subject_metadata
    }

    /// Whether it is what is stored, the credentials included.
    ///
    /// # Errors
    /// [`Error::Internal`] for stored credentials that do not open.
    pub fn is_that_of(
        &self,
        keyring: &Keyring,
        owner: &Owner<'_>,
        stored: &Model,
    ) -> Result<bool, Error> {
        let same_credentials = match (&self.credentials, &stored.facade_credentials) {
            (None | Some(Credentials::None), None) => true,
            (Some(Credentials::Basic(sent)), Some(sealed)) => {
                let purpose = Purpose::FacadeCredentials;
                let opened = keyring.open(purpose, &owner.context(), sealed.expose());
                let opened = opened.map_err(|error| Error::Internal(error.to_string()))?;
                sent.ct_eq(&opened).into()
            }
            _ => false,
        };
        Ok(same_credentials && self.shows_the_same_as(stored))
    }

    /// As it is stored for a new account.
    pub fn sealed(&self, app: &App, owner: &Owner<'_>) -> AccountFacade {
        self.stored(match &self.credentials {
            None | Some(Credentials::None) => None,
            Some(Credentials::Basic(plain)) => Some(seal(&app.keyring, owner, plain)),
        })
    }

    /// As it is stored in place of what is there, whose credentials are kept unless others were sent.
    pub fn replacing(&self, app: &App, owner: &Owner<'_>, stored: Model) -> AccountFacade {
        if self.credentials.is_some() {
            return self.sealed(app, owner);
        }
        let (sealed, key_id) = (stored.facade_credentials, stored.facade_credentials_key_id);
        let kept = sealed.zip(key_id);
        self.stored(kept.map(|(sealed, key_id)| SealedCredentials { sealed, key_id }))
    }

    fn stored(&self, credentials: Option<SealedCredentials>) -> AccountFacade {
        AccountFacade {
            url: self.url.clone(),
            credentials,
            metadata: self.metadata.clone(),
        }
    }
}

impl Credentials {
    fn new(credentials: FacadeCredentials, origin: Option<String>) -> Result<Self, Error> {
        match credentials {
            FacadeCredentials::NoFacadeCredentials(_) => Ok(Self::None),
            FacadeCredentials::BasicFacadeCredentials(BasicFacadeCredentials {
                username,
                password,
                ..
            }) => {
                let sealable = Sealable {
                    origin,
                    username: &username,
                    password: &password,
                };
                let plain = serde_json::to_vec(&sealable).map(Zeroizing::new);
                let plain = plain.map_err(|error| Error::Internal(error.to_string()))?;
                Ok(Self::Basic(plain))
            }
        }
    }
}

fn seal(keyring: &Keyring, owner: &Owner<'_>, plain: &[u8]) -> SealedCredentials {
    let sealed = keyring.seal(Purpose::FacadeCredentials, &owner.context(), plain);
    SealedCredentials {
        sealed: SecretBytes::new(sealed),
        key_id: keyring.newest_id().to_string(),
    }
}
