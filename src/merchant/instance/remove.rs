//! How an instance goes: its key first, its data when it is purged.

use kontor_openapi::scalar::InstanceId;

use crate::{app::App, db, error::Error};

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
