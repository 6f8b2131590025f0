//! How the owner of an instance is to log in.

use entity::{SecretBytes, credential::Method, instance::Model};
use kontor_openapi::{
    merchant::InstanceAuthConfigurationMessage,
    scalar::{InstanceId, Password},
};

use crate::{
    app::App,
    auth::{ClientNetwork, LegacySecret},
    db::{
        self,
        credential::{KeyedDigest, NewCredential},
    },
    error::Error,
    merchant::{gate::Proof, login},
};

/// Credentials as a client sends them, checked but not hashed.
#[derive(Clone)]
pub enum NewAuth {
    /// A password.
    Password(Password),
    /// A secret that is password and bearer in one.
    Legacy(LegacySecret),
    /// No check by this server.
    External,
}

impl NewAuth {
    /// Takes what the document's type holds, where this instance may have it; otherwise the reason.
    ///
    /// # Errors
    /// Why not.
    pub fn new(
        app: &App,
        instance_id: &str,
        message: InstanceAuthConfigurationMessage,
    ) -> Result<Self, &'static str> {
        match message {
            InstanceAuthConfigurationMessage::InstanceAuthConfigToken(config) => {
                Ok(Self::Password(config.password))
            }
            InstanceAuthConfigurationMessage::InstanceAuthConfigTokenLegacy(config) => {
                let secret = LegacySecret::parse(config.token.expose());
                secret
                    .map(Self::Legacy)
                    .map_err(|_| "the token must begin with secret-token: and go on")
            }
            InstanceAuthConfigurationMessage::InstanceAuthConfigExternal(_)
                if instance_id.eq_ignore_ascii_case(InstanceId::ADMIN) =>
            {
                Err("admin cannot have external authentication")
            }
            InstanceAuthConfigurationMessage::InstanceAuthConfigExternal(_)
                if !app.settings.merchant.allow_external_auth =>
            {
                Err("this server does not allow external authentication")
            }
            InstanceAuthConfigurationMessage::InstanceAuthConfigExternal(_) => Ok(Self::External),
        }
    }

    /// Hashes it for the database.
    ///
    /// # Errors
    /// [`Error::HashingBusy`].
    pub async fn hashed(
        &self,
        app: &App,
        instance_id: &str,
        network: ClientNetwork,
    ) -> Result<NewCredential, Error> {
        Ok(match self {
            Self::Password(password) => NewCredential::Password {
                hash: login::hash(app, network, password).await?,
            },
            Self::Legacy(secret) => NewCredential::Legacy {
                hash: login::hash(app, network, &secret.password()).await?,
                bearer: secret.is_high_entropy().then(|| {
                    let hash = secret.keyed_hash(&app.keyring, instance_id);
                    KeyedDigest {
                        digest: SecretBytes::new(hash.to_bytes()),
                        key_id: hash.key_id().to_string(),
                    }
                }),
            },
            Self::External => NewCredential::External,
        })
    }

    /// Whether these are the credentials that the instance has, checked under the limit of failed logins.
    pub(super) async fn is_that_of(
        &self,
        app: &App,
        stored: &Model,
        network: ClientNetwork,
    ) -> Result<bool, Error> {
        let Some(credential) = db::credential::find(app.database.read(), stored.serial).await?
        else {
            return Ok(false);
        };
        let (password, is_legacy) = match self {
            Self::External => return Ok(credential.method == Method::External),
            Self::Password(password) => (password.clone(), false),
            Self::Legacy(secret) => (secret.password(), true),
        };
        if credential.method != Method::Token || credential.is_legacy != is_legacy {
            return Ok(false);
        }
        match login::verify(app, stored.serial, network, &password).await {
            Ok(_) => Ok(true),
            // Purged just now: whose credentials they were is not known any more.
            Err(Error::Unauthorized | Error::InstanceUnknown) => Ok(false),
            Err(error) => Err(error),
        }
    }
}

/// Sets new credentials. The operator's change ends all tokens of the instance, its own keeps them: shops hold
/// long-lived tokens.
///
/// # Errors
/// [`Error::HashingBusy`]; [`Error::Unauthorized`], [`Error::InstanceUnknown`] and [`Error::InstanceDeleted`] if that
/// happened meanwhile.
pub async fn change_auth(
    app: &App,
    serial: i64,
    instance_id: &str,
    auth: NewAuth,
    network: ClientNetwork,
    tokens: Tokens,
    proof: Option<Proof>,
) -> Result<(), Error> {
    let credential = auth.hashed(app, instance_id, network).await?;
    let now_us = app.now_us();
    app.database
        .write(move |transaction| {
            let credential = credential.clone();
            Box::pin(async move {
                // Hashing took its time.
                if let Some(proof) = proof {
                    proof.check(transaction, now_us).await?;
                }
                match db::instance::find_held(transaction, serial).await? {
                    None => return Err(Error::InstanceUnknown),
                    Some(instance) if instance.deleted_at_us.is_some() => {
                        return Err(Error::InstanceDeleted);
                    }
                    Some(_) => {}
                }
                db::credential::set(transaction, serial, &credential, now_us).await?;
                if tokens == Tokens::End {
                    db::access_token::end_all(transaction, serial).await?;
                }
                Ok(())
            })
        })
        .await
}

/// What becomes of the tokens when the credentials change.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tokens {
    /// They live on.
    Keep,
    /// They end.
    End,
}
