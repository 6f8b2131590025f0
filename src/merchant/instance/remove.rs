//! How an instance goes: its key first, its data when it is purged.

use entity::instance::Model;
use kontor_openapi::{merchant::YesNo, scalar::InstanceId};

use crate::{
    app::App,
    audit::{Event, Origin, Recorder},
    db::{self, WriteTransaction},
    error::Error,
    mfa::Permit,
};

/// How an instance goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Removal {
    /// Its key is destroyed, its tokens end, its data stay.
    Disable,
    /// Everything that belongs to it is removed.
    Purge,
}

impl Removal {
    /// As the parameter `purge` says.
    #[must_use]
    pub fn of(purge: Option<YesNo>) -> Self {
        match purge {
            Some(YesNo::Yes) => Self::Purge,
            Some(YesNo::No) | None => Self::Disable,
        }
    }
}

/// Removes an instance; `admin` stays. Over HTTP it takes a permit.
///
/// # Errors
/// [`Error::PurgeRequired`] for `admin`; [`Error::InstanceDeleted`] or [`Error::InstanceUnknown`] where it is done already.
pub async fn remove(
    app: &App,
    origin: &Origin,
    stored: &Model,
    removal: Removal,
    permit: impl Into<Option<Permit>>,
) -> Result<(), Error> {
    check_removable(stored)?;
    let right = Right {
        audit: Recorder::new(app, origin),
        permit: permit.into(),
    };
    let (done, otherwise) = match removal {
        Removal::Purge => (purge(app, stored, right).await?, Error::InstanceUnknown),
        Removal::Disable => (disable(app, stored, right).await?, Error::InstanceDeleted),
    };
    if done { Ok(()) } else { Err(otherwise) }
}

/// Nobody is asked to confirm what cannot be done.
///
/// # Errors
/// [`Error::PurgeRequired`] for `admin`.
pub fn check_removable(stored: &Model) -> Result<(), Error> {
    match stored.instance_id.eq_ignore_ascii_case(InstanceId::ADMIN) {
        true => Err(Error::PurgeRequired("the instance admin cannot be deleted")),
        false => Ok(()),
    }
}

/// By what right it goes, and who is noted for it.
#[derive(Clone)]
struct Right {
    audit: Recorder,
    permit: Option<Permit>,
}

impl Right {
    async fn redeem(&self, transaction: &WriteTransaction) -> Result<(), Error> {
        match &self.permit {
            Some(permit) => permit.redeem(transaction, &self.audit).await,
            None => Ok(()),
        }
    }
}

async fn disable(app: &App, stored: &Model, right: Right) -> Result<bool, Error> {
    let (serial, id) = (stored.serial, stored.instance_id.clone());
    let disabled = app.database.write(move |transaction| {
        let (id, right) = (id.clone(), right.clone());
        Box::pin(async move {
            right.redeem(transaction).await?;
            db::challenge::end_of_instance(transaction, serial).await?;
            db::access_token::end_all(transaction, serial).await?;
            let now_us = right.audit.now_us();
            let is_done = db::instance::delete(transaction, serial, now_us).await?;
            if is_done {
                let event = Event::InstanceDisabled;
                right.audit.record(transaction, &id, &event).await?;
            }
            Ok::<_, Error>(is_done)
        })
    });
    disabled.await
}

async fn purge(app: &App, stored: &Model, right: Right) -> Result<bool, Error> {
    let (serial, id) = (stored.serial, stored.instance_id.clone());
    let purged = app.database.write(move |transaction| {
        let (id, right) = (id.clone(), right.clone());
        Box::pin(async move {
            right.redeem(transaction).await?;
            let is_done = db::instance::purge(transaction, serial).await?;
            if is_done {
                let event = Event::InstancePurged;
                right.audit.record(transaction, &id, &event).await?;
            }
            Ok::<_, Error>(is_done)
        })
    });
    purged.await
}
