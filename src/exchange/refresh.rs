//! Keeps the keys of all payment providers fresh in the background.

use std::{sync::Arc, time::Duration};

use super::{
    fetch::{self, Fetched},
    lifetime,
    verification::Trusted,
};
use crate::{
    app::App,
    config::Exchange,
    db::{
        self, DatabaseError,
        exchange::{Download, Lease, VerifiedKeys},
    },
};
use futures_util::{StreamExt as _, stream};

/// Longest pause between two looks at what is due: other processes, too, may have made something due.
const LONGEST_PAUSE: Duration = Duration::from_secs(60);
/// Shortest pause, whatever is due.
const SHORTEST_PAUSE: Duration = Duration::from_secs(1);
/// How long nobody else asks a payment provider that is being asked. A download takes much less.
const LEASE_US: i64 = 2 * 60 * 1_000_000;
/// Payment providers that are asked at the same time.
const AT_ONCE: usize = 8;

/// Refreshes until it is dropped. What goes wrong is logged, and tried again.
pub async fn run(app: Arc<App>) {
    if app.settings.merchant.enabled_exchanges().next().is_none() {
        return;
    }
    loop {
        let pause = match refresh_due(&app).await {
            Ok(next_us) => {
                Duration::from_micros(next_us.saturating_sub(app.now_us()).max(0).unsigned_abs())
            }
            Err(error) => {
                let cause: &dyn std::error::Error = &error;
                tracing::warn!(
                    error.cause = cause,
                    "the keys of payment providers could not be refreshed"
                );
                LONGEST_PAUSE
            }
        };
        tokio::time::sleep(pause.clamp(SHORTEST_PAUSE, LONGEST_PAUSE)).await;
    }
}

/// Downloads what is due and not being downloaded by somebody else. Returns when to look again, in microseconds since 1970.
///
/// # Errors
/// [`DatabaseError::Store`] and the like. That a payment provider does not answer is no error here: it is stored.
pub async fn refresh_due(app: &App) -> Result<i64, DatabaseError> {
    let leases = lease_due(app).await?;
    let downloads = leases.into_iter().map(|(exchange, lease)| async move {
        if let Err(error) = download(app, &exchange, &lease).await {
            let cause: &dyn std::error::Error = &error;
            tracing::warn!(exchange.base_url = %exchange.base_url, error.cause = cause, "what a payment provider answered could not be stored");
        }
    });
    stream::iter(downloads)
        .buffer_unordered(AT_ONCE)
        .collect::<Vec<()>>()
        .await;
    let rows = rows(app).await?;
    let next_us = rows.iter().map(|row| row.next_download_at_us).min();
    Ok(next_us.unwrap_or(i64::MAX))
}

fn configured(app: &App) -> impl Iterator<Item = &Exchange> {
    app.settings.merchant.enabled_exchanges()
}

async fn rows(app: &App) -> Result<Vec<entity::exchange::Model>, DatabaseError> {
    let urls = configured(app).map(|exchange| exchange.base_url.as_str());
    db::exchange::find(app.database.read(), urls).await
}

/// The payment providers that this process is to ask now. Where nothing is due, nothing is written.
async fn lease_due(app: &App) -> Result<Vec<(Exchange, Lease)>, DatabaseError> {
    let now_us = app.now_us();
    let known = rows(app).await?;
    let is_due = |exchange: &Exchange| {
        let row = known
            .iter()
            .find(|row| row.base_url == exchange.base_url.as_str());
        row.is_none_or(|row| {
            db::exchange::is_due(row, now_us) || row.master_pub != exchange.master_key.0
        })
    };
    let due: Vec<Exchange> = configured(app)
        .filter(|exchange| is_due(exchange))
        .cloned()
        .collect();
    if due.is_empty() {
        return Ok(Vec::new());
    }
    let leases = app.database.write(move |transaction| {
        let due = due.clone();
        Box::pin(async move {
            let urls = || due.iter().map(|exchange| exchange.base_url.as_str());
            for exchange in &due {
                let master_pub = &exchange.master_key.0;
                db::exchange::ensure(transaction, exchange.base_url.as_str(), master_pub, now_us)
                    .await?;
            }
            let mut leases = Vec::new();
            let until_us = now_us.saturating_add(LEASE_US);
            for row in db::exchange::find(transaction, urls()).await? {
                leases.extend(db::exchange::lease(transaction, &row, now_us, until_us).await?);
            }
            Ok::<_, DatabaseError>(leases)
        })
    });
    let leases = leases.await?;
    let with_exchange = |lease: Lease| {
        let exchange = configured(app).find(|one| one.base_url.as_str() == lease.base_url)?;
        Some((exchange.clone(), lease))
    };
    Ok(leases.into_iter().filter_map(with_exchange).collect())
}

async fn download(app: &App, exchange: &Exchange, lease: &Lease) -> Result<(), DatabaseError> {
    let trusted = Trusted {
        master_pub: exchange.master_key,
        currency: exchange.currency.clone(),
    };
    let outcome = fetch::fetch(&app.outbound, &app.clock, &exchange.base_url, &trusted).await;
    let now_us = app.now_us();
    let download = match outcome.result {
        Ok(fetched) => {
            tracing::debug!(exchange.base_url = %exchange.base_url, "the keys of a payment provider were downloaded");
            succeeded(outcome.http_status, &fetched, now_us)?
        }
        Err(failure) => {
            tracing::warn!(
                exchange.base_url = %exchange.base_url, http.status = outcome.http_status, code = failure.code.number(),
                failures = lease.failures.saturating_add(1), "the keys of a payment provider could not be downloaded: {}", failure.hint
            );
            let failures = lease.failures.saturating_add(1);
            Download {
                http_status: outcome.http_status,
                error_code: failure.code.number(),
                hint: failure.hint,
                keys: None,
                at_us: now_us,
                next_at_us: lifetime::next_try_us(now_us, failures, &app.random),
            }
        }
    };
    let (lease, master_pub) = (lease.clone(), exchange.master_key.0);
    let stored = app.database.write(move |transaction| {
        let (lease, download) = (lease.clone(), download.clone());
        Box::pin(
            async move { db::exchange::store(transaction, &lease, &master_pub, &download).await },
        )
    });
    stored.await.map(drop)
}

fn succeeded(http_status: u16, fetched: &Fetched, now_us: i64) -> Result<Download, DatabaseError> {
    let signing_ends = fetched.keys.signing_ends();
    let signing_ends = signing_ends.unwrap_or(kontor_openapi::scalar::Timestamp::Never);
    let schedule = lifetime::schedule(now_us, fetched.fresh_for, signing_ends);
    let keys = serde_json::to_value(&fetched.keys)
        .map_err(|error| DatabaseError::Invariant(error.to_string()))?;
    Ok(Download {
        http_status,
        error_code: 0,
        hint: String::new(),
        keys: Some(VerifiedKeys {
            keys,
            expire_at_us: schedule.expire_at_us,
        }),
        at_us: now_us,
        next_at_us: schedule.next_at_us,
    })
}
