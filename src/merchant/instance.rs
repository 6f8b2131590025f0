//! What the operator's and the owner's operations on an instance have in common.

use std::time::Duration;

use entity::{SecretBytes, credential::Method, instance::Model};
use kontor_openapi::{
    merchant::{
        AuthMethod, InstanceAuthConfigurationMessage, InstanceConfigurationMessage,
        InstanceReconfigurationMessage, Location, QueryInstancesAuth, QueryInstancesResponse,
        RoundingInterval,
    },
    scalar::{EddsaPublicKey, ImageDataUrl, InstanceId, RelativeTime},
};
use serde_json::Value;

use super::login::{self, micros};
use crate::{
    app::App,
    auth::{ClientNetwork, LegacySecret},
    config,
    db::{
        self,
        credential::{KeyedDigest, NewCredential},
        instance::{InstanceDefaults, InstanceDefaultsChange, InstanceProfile, NewInstance},
    },
    error::Error,
    secrets::MerchantKey,
};

/// Credentials as a client sends them, checked but not hashed.
#[derive(Clone)]
pub enum NewAuth {
    /// A password.
    Password(kontor_openapi::scalar::Password),
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
                if instance_id == InstanceId::ADMIN =>
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
    async fn is_that_of(
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

/// What became of a request to create an instance.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CreateOutcome {
    /// It was created.
    Created,
    /// It existed with the same settings and credentials; nothing was changed.
    Repeated,
}

/// Creates an instance with a fresh key pair, or finds that it is there already just so.
///
/// # Errors
/// [`Error::InstanceExists`], [`Error::PurgeRequired`], values that the operation refuses.
pub async fn create(
    app: &App,
    message: InstanceConfigurationMessage,
    network: ClientNetwork,
) -> Result<CreateOutcome, Error> {
    let id = message.id.to_string();
    let auth = NewAuth::new(app, &id, message.auth.clone()).map_err(Error::BadAuthAtCreation)?;
    let settings = InstanceSettings::new(app, settings_of(message))?;
    let defaults = settings.defaults_or(app);
    if let Some(stored) = db::instance::find(app.database.read(), &id).await? {
        return repeat(app, &stored, &settings.profile, &defaults, &auth, network).await;
    }
    let credential = auth.hashed(app, &id, network).await?;
    let key = MerchantKey::generate(&app.random);
    let now_us = app.now_us();
    let new = NewInstance {
        merchant_pub: key.public_bytes().to_vec(),
        merchant_priv: SecretBytes::new(key.seal(&app.keyring, &id)),
        merchant_priv_key_id: app.keyring.newest_id().to_string(),
        instance_id: id.clone(),
        profile: settings.profile.clone(),
        defaults: defaults.clone(),
        created_at_us: now_us,
    };
    let inserted = app.database.write(move |transaction| {
        let (new, credential) = (new.clone(), credential.clone());
        Box::pin(async move {
            let serial = db::instance::insert(transaction, &new).await?;
            if let Some(serial) = serial {
                db::credential::set(transaction, serial, &credential, now_us).await?;
            }
            Ok::<_, Error>(serial)
        })
    });
    if inserted.await?.is_some() {
        return Ok(CreateOutcome::Created);
    }
    // Somebody else was faster; it counts as if that had come first altogether.
    let stored = db::instance::find(app.database.read(), &id)
        .await?
        .ok_or(Error::InstanceExists)?;
    repeat(app, &stored, &settings.profile, &defaults, &auth, network).await
}

async fn repeat(
    app: &App,
    stored: &Model,
    profile: &InstanceProfile,
    defaults: &InstanceDefaults,
    auth: &NewAuth,
    network: ClientNetwork,
) -> Result<CreateOutcome, Error> {
    if stored.deleted_at_us.is_some() {
        return Err(Error::PurgeRequired(
            "an instance of that id was deleted; purge it first",
        ));
    }
    if profile_of(stored) != *profile
        || defaults_of(stored) != *defaults
        || !auth.is_that_of(app, stored, network).await?
    {
        return Err(Error::InstanceExists);
    }
    Ok(CreateOutcome::Repeated)
}

/// Settings of an instance, checked.
pub struct InstanceSettings {
    profile: InstanceProfile,
    changes: InstanceDefaultsChange,
}

impl InstanceSettings {
    /// Checks what the schema cannot say: the phone number's form, and that no delay is for ever.
    ///
    /// # Errors
    /// [`Error::Malformed`].
    pub fn new(app: &App, message: InstanceReconfigurationMessage) -> Result<Self, Error> {
        let phone_regex = app.settings.merchant.phone_regex.as_ref();
        if let (Some(regex), Some(number)) = (phone_regex, &message.phone_number)
            && !regex.is_match(number)
        {
            return Err(Error::Malformed {
                parameter: "phone_number",
                reason: "does not match the phone_regex of /config",
            });
        }
        Ok(Self {
            changes: InstanceDefaultsChange {
                pay_delay_us: delay("default_pay_delay", message.default_pay_delay)?,
                refund_delay_us: delay("default_refund_delay", message.default_refund_delay)?,
                wire_transfer_delay_us: delay(
                    "default_wire_transfer_delay",
                    message.default_wire_transfer_delay,
                )?,
                wire_transfer_rounding_interval: message
                    .default_wire_transfer_rounding_interval
                    .map(|interval| interval.to_string()),
            },
            profile: InstanceProfile {
                name: message.name,
                email: message.email,
                phone_number: message.phone_number,
                website: message.website,
                logo: message.logo.map(|logo| logo.to_string()),
                address: json(&message.address)?,
                jurisdiction: json(&message.jurisdiction)?,
                use_stefan: message.use_stefan,
            },
        })
    }

    fn defaults_or(&self, app: &App) -> InstanceDefaults {
        let settings = &app.settings.merchant;
        let changes = self.changes.clone();
        let or = |given: Option<i64>, default: Duration| given.unwrap_or_else(|| micros(default));
        InstanceDefaults {
            pay_delay_us: or(changes.pay_delay_us, settings.default_pay_delay),
            refund_delay_us: or(changes.refund_delay_us, settings.default_refund_delay),
            wire_transfer_delay_us: or(
                changes.wire_transfer_delay_us,
                settings.default_wire_transfer_delay,
            ),
            wire_transfer_rounding_interval: changes
                .wire_transfer_rounding_interval
                .unwrap_or_else(|| {
                    rounding_interval(settings.default_wire_transfer_rounding_interval).to_string()
                }),
        }
    }

    /// Stores them; `false` if the instance is deleted or gone.
    ///
    /// # Errors
    /// The database's.
    pub async fn store(self, app: &App, serial: i64) -> Result<bool, Error> {
        let Self { profile, changes } = self;
        let stored = app.database.write(move |transaction| {
            let (profile, changes) = (profile.clone(), changes.clone());
            Box::pin(
                async move { db::instance::update(transaction, serial, &profile, &changes).await },
            )
        });
        Ok(stored.await?)
    }
}

fn settings_of(message: InstanceConfigurationMessage) -> InstanceReconfigurationMessage {
    InstanceReconfigurationMessage {
        name: message.name,
        email: message.email,
        phone_number: message.phone_number,
        website: message.website,
        logo: message.logo,
        address: message.address,
        jurisdiction: message.jurisdiction,
        use_stefan: message.use_stefan,
        default_pay_delay: message.default_pay_delay,
        default_refund_delay: message.default_refund_delay,
        default_wire_transfer_delay: message.default_wire_transfer_delay,
        default_wire_transfer_rounding_interval: message.default_wire_transfer_rounding_interval,
    }
}

fn delay(parameter: &'static str, time: Option<RelativeTime>) -> Result<Option<i64>, Error> {
    match time {
        None => Ok(None),
        Some(RelativeTime::Microseconds(microseconds)) => Ok(i64::try_from(microseconds).ok()),
        Some(RelativeTime::Forever) => Err(Error::Malformed {
            parameter,
            reason: "may not be \"forever\"",
        }),
    }
}

fn json(location: &Location) -> Result<Value, Error> {
    serde_json::to_value(location).map_err(|error| Error::Internal(error.to_string()))
}

/// The rounding interval of the configuration in the document's type.
pub fn rounding_interval(interval: config::RoundingInterval) -> RoundingInterval {
    use config::RoundingInterval as Config;
    match interval {
        Config::None => RoundingInterval::None,
        Config::Second => RoundingInterval::Second,
        Config::Minute => RoundingInterval::Minute,
        Config::Hour => RoundingInterval::Hour,
        Config::Day => RoundingInterval::Day,
        Config::Week => RoundingInterval::Week,
        Config::Month => RoundingInterval::Month,
        Config::Quarter => RoundingInterval::Quarter,
        Config::Year => RoundingInterval::Year,
    }
}

fn profile_of(stored: &Model) -> InstanceProfile {
    InstanceProfile {
        name: stored.name.clone(),
        email: stored.email.clone(),
        phone_number: stored.phone_number.clone(),
        website: stored.website.clone(),
        logo: stored.logo.clone(),
        address: stored.address.clone(),
        jurisdiction: stored.jurisdiction.clone(),
        use_stefan: stored.use_stefan,
    }
}

fn defaults_of(stored: &Model) -> InstanceDefaults {
    InstanceDefaults {
        pay_delay_us: stored.default_pay_delay_us,
        refund_delay_us: stored.default_refund_delay_us,
        wire_transfer_delay_us: stored.default_wire_transfer_delay_us,
        wire_transfer_rounding_interval: stored.default_wire_transfer_rounding_interval.clone(),
    }
}

/// Sets new credentials. The operator's change ends all tokens of the instance, its own keeps them: shops hold
/// long-lived tokens.
///
/// # Errors
/// [`Error::HashingBusy`]; [`Error::InstanceUnknown`] and [`Error::InstanceDeleted`] if that happened meanwhile.
pub async fn change_auth(
    app: &App,
    serial: i64,
    instance_id: &str,
    auth: NewAuth,
    network: ClientNetwork,
    tokens: Tokens,
) -> Result<(), Error> {
    let credential = auth.hashed(app, instance_id, network).await?;
    let now_us = app.now_us();
    app.database
        .write(move |transaction| {
            let credential = credential.clone();
            Box::pin(async move {
                // Hashing took its time.
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

/// How an instance goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Removal {
    /// Its key is destroyed, its tokens end, its data stay.
    Disable,
    /// Everything that belongs to it is removed.
    Purge,
}

/// Removes an instance; `admin` stays.
///
/// # Errors
/// [`Error::PurgeRequired`] for `admin`; [`Error::InstanceDeleted`] or [`Error::InstanceUnknown`] where it is done already.
pub async fn remove(
    app: &App,
    serial: i64,
    instance_id: &str,
    removal: Removal,
) -> Result<(), Error> {
    if instance_id.eq_ignore_ascii_case(InstanceId::ADMIN) {
        return Err(Error::PurgeRequired("the instance admin cannot be deleted"));
    }
    let (done, otherwise) = match removal {
        Removal::Purge => (purge(app, serial).await?, Error::InstanceUnknown),
        Removal::Disable => (disable(app, serial).await?, Error::InstanceDeleted),
    };
    if done { Ok(()) } else { Err(otherwise) }
}

async fn disable(app: &App, serial: i64) -> Result<bool, Error> {
    let now_us = app.now_us();
    let disabled = app.database.write(move |transaction| {
        Box::pin(async move {
            db::access_token::end_all(transaction, serial).await?;
            db::instance::delete(transaction, serial, now_us).await
        })
    });
    Ok(disabled.await?)
}

async fn purge(app: &App, serial: i64) -> Result<bool, Error> {
    Ok(app
        .database
        .write(move |transaction| {
            Box::pin(async move { db::instance::purge(transaction, serial).await })
        })
        .await?)
}

/// Where clients see an instance.
#[must_use]
pub fn base_url(app: &App, id: &InstanceId) -> String {
    match id.is_admin() {
        true => app.public_url.to_string(),
        false => format!("{}instances/{id}/", app.public_url),
    }
}

/// An instance as the API shows it.
///
/// # Errors
/// [`Error::Internal`] for a stored value that cannot be read.
pub fn shown(stored: Model, method: Method) -> Result<QueryInstancesResponse, Error> {
    let defect = |what: &str| {
        Error::Internal(format!(
            "the stored {what} of instance {} cannot be read",
            stored.serial
        ))
    };
    let location = |value: &Value| {
        serde_json::from_value::<Location>(value.clone()).map_err(|_| defect("address"))
    };
    Ok(QueryInstancesResponse {
        address: location(&stored.address)?,
        jurisdiction: location(&stored.jurisdiction)?,
        logo: logo(&stored)?,
        merchant_pub: public_key(&stored)?,
        default_wire_transfer_rounding_interval: stored
            .default_wire_transfer_rounding_interval
            .parse()
            .map_err(|_| defect("rounding interval"))?,
        default_pay_delay: relative_time(stored.default_pay_delay_us),
        default_refund_delay: relative_time(stored.default_refund_delay_us),
        default_wire_transfer_delay: relative_time(stored.default_wire_transfer_delay_us),
        email_validated: stored.email.is_some().then_some(false),
        phone_validated: stored.phone_number.is_some().then_some(false),
        name: stored.name,
        email: stored.email,
        phone_number: stored.phone_number,
        website: stored.website,
        use_stefan: stored.use_stefan,
        auth: QueryInstancesAuth {
            method: match method {
                Method::Token => AuthMethod::Token,
                Method::External => AuthMethod::External,
            },
        },
    })
}

/// The logo, as it was checked when it was stored.
pub fn logo(stored: &Model) -> Result<Option<ImageDataUrl>, Error> {
    let logo = stored.logo.as_deref().map(str::parse).transpose();
    logo.map_err(|_| {
        Error::Internal(format!(
            "the stored logo of instance {} cannot be read",
            stored.serial
        ))
    })
}

/// The public key.
pub fn public_key(stored: &Model) -> Result<EddsaPublicKey, Error> {
    let key = <[u8; 32]>::try_from(&stored.merchant_pub[..]).map(EddsaPublicKey);
    key.map_err(|_| {
        Error::Internal(format!(
            "the stored public key of instance {} cannot be read",
            stored.serial
        ))
    })
}

/// Microseconds as a length of time of the API.
pub fn relative_time(microseconds: i64) -> RelativeTime {
    RelativeTime::Microseconds(microseconds.max(0).unsigned_abs())
}
