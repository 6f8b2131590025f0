//! How the owner of an instance is to log in.

use entity::{SecretBytes, credential::Method, instance::Model};
use kontor_openapi::{
    merchant::InstanceAuthConfigurationMessage,
    scalar::{InstanceId, Password},
};

use crate::{
    app::App,
    audit::{CredentialChange, CredentialForm, Event, Origin, Recorder},
    auth::{ClientNetwork, LegacySecret},
    db::{
        self, WriteTransaction,
        credential::{KeyedDigest, NewCredential},
        instance::SecondFactors,
    },
    error::Error,
    merchant::{gate::Proof, login},
    mfa::{self, Permit},
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

    fn form(&self) -> CredentialForm {
        match self {
            Self::Password(_) => CredentialForm::Password,
            Self::Legacy(_) => CredentialForm::LegacySecret,
            Self::External => CredentialForm::External,
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

    /// The version of the instance's credential, if these are it, checked under the limit of failed logins.
    pub(super) async fn is_that_of(
        &self,
        app: &App,
        stored: &Model,
        origin: &Origin,
    ) -> Result<Option<i64>, Error> {
        let Some(credential) = db::credential::find(app.database.read(), stored.serial).await?
        else {
            return Ok(None);
        };
        let (password, is_legacy) = match self {
            Self::External => {
                let is_same = credential.method == Method::External;
                return Ok(is_same.then_some(credential.version));
            }
            Self::Password(password) => (password.clone(), false),
            Self::Legacy(secret) => (secret.password(), true),
        };
        if credential.method != Method::Token || credential.is_legacy != is_legacy {
            return Ok(None);
        }
        match login::verify(app, stored.serial, origin, &password).await {
            Ok(version) => Ok(Some(version)),
            // Purged just now: whose credentials they were is not known any more.
            Err(Error::Unauthorized | Error::InstanceUnknown) => Ok(None),
            Err(error) => Err(error),
        }
    }
}

/// By what right credentials are replaced.
#[derive(Debug, Clone)]
pub enum ChangedBy {
    /// Their owner, logged in.
    Owner(Proof, Permit),
    /// The operator, logged in.
    Operator(Proof, Permit),
    /// Their owner, who forgot the password.
    Reset(Permit),
    /// The operator, at the command line of the server.
    CommandLine {
        /// Whether the instance loses its second factors.
        clear_second_factor: bool,
    },
}

impl ChangedBy {
    /// The owner keeps the tokens: shops hold long-lived ones. Whoever else steps in does so because something is wrong.
    fn ends_tokens(&self) -> bool {
        !matches!(self, Self::Owner(..))
    }

    /// On whose behalf that is.
    fn behalf(&self) -> CredentialChange {
        match self {
            Self::Owner(..) => CredentialChange::Owner,
            Self::Operator(..) | Self::CommandLine { .. } => CredentialChange::Operator,
            Self::Reset(_) => CredentialChange::Reset,
        }
    }

    /// What happened, once it did.
    fn events(&self, form: CredentialForm) -> impl Iterator<Item = Event> {
        let changed = Event::CredentialsChanged {
            by: self.behalf(),
            form,
            tokens_ended: self.ends_tokens(),
        };
        let cleared = self.clears_second_factor().then_some(Event::FactorCleared);
        [changed].into_iter().chain(cleared)
    }

    fn clears_second_factor(&self) -> bool {
        matches!(
            self,
            Self::CommandLine {
                clear_second_factor: true
            }
        )
    }

    /// Makes sure, inside the write, that the right still holds, and uses it up.
    async fn redeem(&self, transaction: &WriteTransaction, audit: &Recorder) -> Result<(), Error> {
        match self {
            Self::Owner(proof, permit) | Self::Operator(proof, permit) => {
                proof.check(transaction, audit.now_us()).await?;
                permit.redeem(transaction, audit).await
            }
            Self::Reset(permit) => permit.redeem(transaction, audit).await,
            Self::CommandLine { .. } => Ok(()),
        }
    }

    /// What else changes with the credentials of the instance.
    async fn follow_up(&self, transaction: &WriteTransaction, serial: i64) -> Result<(), Error> {
        if self.ends_tokens() {
            db::access_token::end_all(transaction, serial).await?;
        }
        if matches!(self, Self::Reset(_) | Self::CommandLine { .. }) {
            mfa::clear_after_reset(transaction, serial).await?;
        }
        if self.clears_second_factor() {
            for channel in SecondFactors::CHANNELS {
                db::instance::set_factor(transaction, serial, channel, None).await?;
            }
        }
        Ok(())
    }
}

/// Sets new credentials, and ends the open challenges of the instance.
///
/// # Errors
/// [`Error::HashingBusy`]; [`Error::Unauthorized`], [`Error::InstanceUnknown`], [`Error::InstanceDeleted`] and [`Error::ConfirmationStale`] if that
/// happened meanwhile.
pub async fn change_auth(
    app: &App,
    stored: &Model,
    auth: &NewAuth,
    origin: &Origin,
    by: ChangedBy,
) -> Result<(), Error> {
    let (serial, form) = (stored.serial, auth.form());
    let hashed = auth.hashed(app, &stored.instance_id, origin.network());
    let credential = hashed.await?;
    let audit = Recorder::new(app, origin);
    app.database
        .write(move |transaction| {
            let (audit, credential, by) = (audit.clone(), credential.clone(), by.clone());
            Box::pin(async move {
                // Hashing took its time.
                by.redeem(transaction, &audit).await?;
                let instance = db::instance::find_held(transaction, serial).await?;
                let instance = instance.ok_or(Error::InstanceUnknown)?;
                if instance.deleted_at_us.is_some() {
                    return Err(Error::InstanceDeleted);
                }
                db::credential::set(transaction, serial, &credential, audit.now_us()).await?;
                db::challenge::end_of_instance(transaction, serial).await?;
                by.follow_up(transaction, serial).await?;
                for event in by.events(form) {
                    audit
                        .record(transaction, &instance.instance_id, &event)
                        .await?;
                }
                Ok(())
            })
        })
        .await
}
