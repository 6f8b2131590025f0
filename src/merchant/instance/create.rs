//! Creating an instance, and noticing that it is there already.

use entity::{SecretBytes, challenge::Channel, instance::Model};
use kontor_openapi::merchant::InstanceConfigurationMessage;

use super::{
    auth::NewAuth,
    settings::{InstanceSettings, defaults_of, profile_of, settings_of},
};
use crate::{
    app::App,
    audit::{Event, MaskedAddress, Origin, Recorder},
    db::{
        self, WriteTransaction,
        access_token::NewAccessToken,
        credential::NewCredential,
        instance::{InstanceDefaults, InstanceProfile, NewFactors, NewInstance},
    },
    error::Error,
    merchant::{gate::Proof, login},
    mfa::{Permit, tan_channel},
    secrets::MerchantKey,
};

/// What became of a request to create an instance.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CreateOutcome {
    /// It was created.
    Created,
    /// It existed with the same settings and credentials; nothing was changed.
    Repeated,
}

/// By what right an instance is created.
#[derive(Clone)]
pub enum By {
    /// The operator, logged in.
    Operator(Proof),
    /// The operator, at the command line of the server.
    CommandLine,
    /// Whoever will own it, with a token for it if one is wanted.
    Owner(Box<Permit>, Option<Box<NewAccessToken>>),
}

impl By {
    async fn redeem(&self, transaction: &WriteTransaction, audit: &Recorder) -> Result<(), Error> {
        match self {
            Self::Operator(proof) => proof.check(transaction, audit.now_us()).await,
            Self::CommandLine => Ok(()),
            Self::Owner(permit, _) => permit.redeem(transaction, audit).await,
        }
    }

    /// What happened, once it did.
    fn events(&self) -> Vec<Event> {
        let mut events = vec![Event::InstanceCreated {
            self_provisioned: matches!(self, Self::Owner(..)),
        }];
        if let Self::Owner(permit, _) = self {
            events.extend(permit.proven().iter().map(|target| {
                let channel = tan_channel(target.channel);
                let address = MaskedAddress::of(channel, &target.address);
                Event::FactorAdded { channel, address }
            }));
        }
        events
    }

    /// What is proven of the instance from its beginning.
    fn factors(&self) -> NewFactors {
        let Self::Owner(permit, _) = self else {
            return NewFactors::default();
        };
        let proven = |channel| {
            let mut targets = permit.proven().iter();
            let target = targets.find(|target| target.channel == channel);
            target.map(|target| target.address.clone())
        };
        NewFactors {
            email: proven(Channel::Email),
            phone: proven(Channel::Sms),
            is_bound: true,
        }
    }
}

/// An instance that was created.
#[derive(Debug, Clone, Copy)]
pub struct Inserted {
    /// The number of the token that was granted with it.
    pub token_serial: Option<i64>,
}

/// Creates an instance with a fresh key pair, or finds that it is there already just so.
///
/// # Errors
/// [`Error::InstanceExists`], [`Error::PurgeRequired`], values that the operation refuses.
pub async fn create(
    app: &App,
    message: InstanceConfigurationMessage,
    origin: &Origin,
    by: By,
) -> Result<CreateOutcome, Error> {
    let creation = Creation::new(app, message)?;
    if let Some(stored) = creation.stored(app).await? {
        creation.compare(app, &stored, origin).await?;
        return Ok(CreateOutcome::Repeated);
    }
    if creation.insert(app, origin, by).await?.is_some() {
        return Ok(CreateOutcome::Created);
    }
    // Somebody else was faster; it counts as if that had come first altogether.
    let stored = creation.stored(app).await?.ok_or(Error::InstanceExists)?;
    creation.compare(app, &stored, origin).await?;
    Ok(CreateOutcome::Repeated)
}

/// The id belongs to an instance that was deleted.
const DELETED: Error = Error::PurgeRequired("an instance of that id was deleted; purge it first");

/// What an instance is to be, checked.
pub struct Creation {
    id: String,
    auth: NewAuth,
    profile: InstanceProfile,
    defaults: InstanceDefaults,
}

impl Creation {
    /// Checks what the schema cannot say.
    ///
    /// # Errors
    /// [`Error::BadAuthAtCreation`], [`Error::Malformed`].
    pub fn new(app: &App, message: InstanceConfigurationMessage) -> Result<Self, Error> {
        let id = message.id.to_string();
        let auth =
            NewAuth::new(app, &id, message.auth.clone()).map_err(Error::BadAuthAtCreation)?;
        let settings = InstanceSettings::new(app, settings_of(message))?;
        Ok(Self {
            id,
            auth,
            defaults: settings.defaults_or(app),
            profile: settings.profile,
        })
    }

    /// Its name.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// Its credentials.
    pub fn auth(&self) -> &NewAuth {
        &self.auth
    }

    /// What its owner says about it.
    pub fn profile(&self) -> &InstanceProfile {
        &self.profile
    }

    /// The instance that has the id already.
    ///
    /// # Errors
    /// The database's.
    pub async fn stored(&self, app: &App) -> Result<Option<Model>, Error> {
        Ok(db::instance::find(app.database.read(), &self.id).await?)
    }

    /// Stores it; nothing if the id is taken.
    ///
    /// # Errors
    /// [`Error::HashingBusy`]; [`Error::Unauthorized`] and [`Error::ConfirmationStale`] where the right to do so has ended.
    pub async fn insert(
        &self,
        app: &App,
        origin: &Origin,
        by: By,
    ) -> Result<Option<Inserted>, Error> {
        let credential = self.auth.hashed(app, &self.id, origin.network()).await?;
        let key = MerchantKey::generate(&app.random);
        let audit = Recorder::new(app, origin);
        let new = NewInstance {
            merchant_pub: key.public_bytes().to_vec(),
            merchant_priv: SecretBytes::new(key.seal(&app.keyring, &self.id)),
            merchant_priv_key_id: app.keyring.newest_id().to_string(),
            instance_id: self.id.clone(),
            profile: self.profile.clone(),
            defaults: self.defaults.clone(),
            factors: by.factors(),
            created_at_us: audit.now_us(),
        };
        let inserted = app.database.write(move |transaction| {
            let (new, credential, by) = (new.clone(), credential.clone(), by.clone());
            let audit = audit.clone();
            Box::pin(async move { write(transaction, &new, &credential, &by, &audit).await })
        });
        match inserted.await {
            Err(Error::InstanceExists) => Ok(None),
            inserted => inserted.map(Some),
        }
    }

    /// Whether the stored instance is just this one, and the version of its credential.
    ///
    /// # Errors
    /// [`Error::InstanceExists`] if not, [`Error::PurgeRequired`] if it was deleted.
    pub async fn compare(&self, app: &App, stored: &Model, origin: &Origin) -> Result<i64, Error> {
        match self.has_settings_of(stored) {
            true => self.compare_blindly(app, stored, origin).await,
            false if stored.deleted_at_us.is_some() => Err(DELETED),
            false => Err(Error::InstanceExists),
        }
    }

    /// As [`Self::compare`], but whatever differs costs the same time, so that a stranger does not learn which of the settings are right.
    ///
    /// # Errors
    /// The same.
    pub async fn compare_blindly(
        &self,
        app: &App,
        stored: &Model,
        origin: &Origin,
    ) -> Result<i64, Error> {
        if stored.deleted_at_us.is_some() {
            return Err(DELETED);
        }
        let version = self.auth.is_that_of(app, stored, origin).await?;
        version
            .filter(|_| self.has_settings_of(stored))
            .ok_or(Error::InstanceExists)
    }

    fn has_settings_of(&self, stored: &Model) -> bool {
        profile_of(stored) == self.profile && defaults_of(stored) == self.defaults
    }
}

/// [`Error::InstanceExists`] takes back what the right to create was used up for.
async fn write(
    transaction: &WriteTransaction,
    new: &NewInstance,
    credential: &NewCredential,
    by: &By,
    audit: &Recorder,
) -> Result<Inserted, Error> {
    let (id, now_us) = (&new.instance_id, new.created_at_us);
    by.redeem(transaction, audit).await?;
    let serial = db::instance::insert(transaction, new).await?;
    let serial = serial.ok_or(Error::InstanceExists)?;
    let version = db::credential::set(transaction, serial, credential, now_us).await?;
    for event in by.events() {
        audit.record(transaction, id, &event).await?;
    }
    let By::Owner(_, Some(token)) = by else {
        return Ok(Inserted { token_serial: None });
    };
    let token = NewAccessToken {
        instance_serial: serial,
        credential_version: version,
        ..NewAccessToken::clone(token)
    };
    let token_serial = login::write_token(transaction, &token).await?;
    let event = Event::LoginGranted {
        token_serial,
        scope: login::scope(&token.scope)?,
    };
    audit.record(transaction, id, &event).await?;
    Ok(Inserted {
        token_serial: Some(token_serial),
    })
}
