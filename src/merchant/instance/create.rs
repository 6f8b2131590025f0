//! Creating an instance, and noticing that it is there already.

use entity::{SecretBytes, instance::Model};
use kontor_openapi::merchant::InstanceConfigurationMessage;

use super::{
    auth::NewAuth,
    settings::{InstanceSettings, defaults_of, profile_of, settings_of},
};
use crate::{
    app::App,
    auth::ClientNetwork,
    db::{
        self,
        instance::{InstanceDefaults, InstanceProfile, NewInstance},
    },
    error::Error,
    merchant::gate::Proof,
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

/// Creates an instance with a fresh key pair, or finds that it is there already just so.
///
/// # Errors
/// [`Error::InstanceExists`], [`Error::PurgeRequired`], values that the operation refuses.
pub async fn create(
    app: &App,
    message: InstanceConfigurationMessage,
    network: ClientNetwork,
    proof: Option<Proof>,
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
            if let Some(proof) = proof {
                proof.check(transaction, now_us).await?;
            }
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
