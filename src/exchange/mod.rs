//! The payment providers (exchanges) that this server trusts, and their keys.
//!
//! [`keys`]: what is kept of `GET /keys` of a payment provider; [`verification`]: whether its master key signed all of that; [`fetch`]: one download and
//! what came of it; [`lifetime`]: how long keys may be used and when they are downloaded again; [`refresh`]: the task that keeps all of them fresh.
//!
//! Keys are only stored after they were verified. Who needs them asks [`keys_of`] or [`usable_keys`], which never download: the task does, at times that
//! the database hands out, so that of several processes one downloads.

pub mod fetch;
pub mod keys;
pub mod lifetime;
pub mod refresh;
pub mod verification;

use std::{sync::Arc, time::Duration};

use entity::exchange::Model;
use tokio::time::timeout;

use crate::{
    app::App,
    config::Exchange,
    db::{self, DatabaseError, Topic},
};
use keys::ExchangeKeys;

/// How long somebody waits for keys that are missing.
const LONGEST_WAIT: Duration = Duration::from_secs(10);

/// The keys that are stored of a payment provider, whether they may still be used or not.
#[must_use]
pub fn keys_of(row: &Model) -> Option<ExchangeKeys> {
    let keys = row.keys.clone()?;
    match serde_json::from_value(keys) {
        Ok(keys) => Some(keys),
        // Written by another version of this program; the next download replaces them.
        Err(error) => {
            tracing::warn!(exchange.base_url = row.base_url, error.cause = %error, "stored keys of a payment provider cannot be read");
            None
        }
    }
}

/// The keys of a payment provider, where there are some that may be used now.
#[must_use]
pub fn usable_keys(row: &Model, now_us: i64) -> Option<ExchangeKeys> {
    let is_usable = row.keys_expire_at_us.is_some_and(|expire| now_us < expire);
    is_usable.then(|| keys_of(row)).flatten()
}

/// A payment provider whose keys may be used now.
pub struct UsableExchange<'a> {
    /// As it is configured.
    pub exchange: &'a Exchange,
    /// What it says of itself.
    pub keys: ExchangeKeys,
    /// Until when that may be used, in microseconds since 1970.
    pub expire_at_us: i64,
}

/// The payment providers whose keys may be used now, in the order of the configuration.
///
/// # Errors
/// [`DatabaseError::Fetch`] and the like.
pub async fn usable(app: &App) -> Result<Vec<UsableExchange<'_>>, DatabaseError> {
    let configured: Vec<_> = app.settings.merchant.enabled_exchanges().collect();
    let urls = configured.iter().map(|exchange| exchange.base_url.as_str());
    let rows = db::exchange::find(app.database.read(), urls).await?;
    let now_us = app.now_us();
    let usable = configured.into_iter().filter_map(|exchange| {
        let base_url = exchange.base_url.as_str();
        let row = rows.iter().find(|row| row.base_url == base_url)?;
        Some(UsableExchange {
            exchange,
            keys: usable_keys(row, now_us)?,
            expire_at_us: row.keys_expire_at_us?,
        })
    });
    Ok(usable.collect())
}

/// A payment provider with its keys, which are downloaded now where they are missing and it is due.
///
/// # Errors
/// [`DatabaseError::Store`] and the like.
pub async fn usable_or_fetched<'a>(
    app: &'a Arc<App>,
    wanted: &Exchange,
) -> Result<Option<UsableExchange<'a>>, DatabaseError> {
    let find = async || {
        let usable = usable(app).await?;
        let is_wanted = |one: &UsableExchange<'_>| one.exchange.base_url == wanted.base_url;
        Ok::<_, DatabaseError>(usable.into_iter().find(is_wanted))
    };
    if let Some(found) = find().await? {
        return Ok(Some(found));
    }
    let mut news = app.database.changes().watch(&[Topic::Exchanges]).quietly();
    // A task of its own: who asks does not wait for ever, and what was begun is ended all the same.
    let asked = Arc::clone(app);
    let refresh = tokio::spawn(async move { refresh::refresh_due(&asked).await });
    let downloaded = async {
        if let Ok(refreshed) = refresh.await {
            refreshed?;
        }
        // Somebody else may be asking it at this moment.
        while is_first_download(app, wanted).await? {
            news.changed().await;
        }
        Ok::<_, DatabaseError>(())
    };
    if let Ok(downloaded) = timeout(LONGEST_WAIT, downloaded).await {
        downloaded?;
    }
    find().await
}

/// Whether it was never heard of how a download of its keys ended.
async fn is_first_download(app: &App, exchange: &Exchange) -> Result<bool, DatabaseError> {
    let base_url = exchange.base_url.as_str();
    let rows = db::exchange::find(app.database.read(), [base_url]).await?;
    let is_open = |row: &Model| row.failures == 0 && row.downloaded_at_us.is_none();
    Ok(rows.first().is_none_or(is_open) && !app.database.changes().is_released())
}

/// Why the keys of a payment provider are missing, for people.
///
/// # Errors
/// [`DatabaseError::Fetch`] and the like.
pub async fn hint(app: &App, exchange: &Exchange) -> Result<String, DatabaseError> {
    let base_url = exchange.base_url.as_str();
    let rows = db::exchange::find(app.database.read(), [base_url]).await?;
    let told = rows
        .into_iter()
        .map(|row| row.hint)
        .find(|hint| !hint.is_empty());
    Ok(told.unwrap_or_else(|| "its keys were not downloaded yet".to_owned()))
}
