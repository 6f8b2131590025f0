//! How an instance goes: its key first, its data when it is purged.

use entity::instance::Model;
use kontor_openapi::{merchant::YesNo, scalar::InstanceId};

use crate::{app::App, db, error::Error, mfa::Permit};

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
    stored: &Model,
    removal: Removal,
    permit: impl Into<Option<Permit>>,
) -> Result<(), Error> {
    check_removable(stored)?;
    let (serial, permit) = (stored.serial, permit.into());
    let (done, otherwise) = match removal {
        Removal::Purge => (purge(app, serial, permit).await?, Error::InstanceUnknown),
        Removal::Disable => (disable(app, serial, permit).await?, Error::InstanceDeleted),
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

async fn disable(app: &App, serial: i64, permit: Option<Permit>) -> Result<bool, Error> {
    let now_us = app.now_us();
    let disabled = app.database.write(move |transaction| {
        let permit = permit.clone();
        Box::pin(async move {
            if let Some(permit) = permit {
                permit.redeem(transaction, now_us).await?;
            }
            db::challenge::end_of_instance(transaction, serial).await?;
            db::access_token::end_all(transaction, serial).await?;
            Ok::<_, Error>(db::instance::delete(transaction, serial, now_us).await?)
        })
    });
    disabled.await
}

async fn purge(app: &App, serial: i64, permit: Option<Permit>) -> Result<bool, Error> {
    let now_us = app.now_us();
    let purged = app.database.write(move |transaction| {
        let permit = permit.clone();
        Box::pin(async move {
            if let Some(permit) = permit {
                permit.redeem(transaction, now_us).await?;
            }
            Ok::<_, Error>(db::instance::purge(transaction, serial).await?)
        })
    });
    purged.await
}
