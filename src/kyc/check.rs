//! Asks the payment providers about the accounts, in the background.

use std::{sync::Arc, time::Duration};

use entity::kyc_check;
use futures_util::{StreamExt as _, future::join_all, stream};
use kontor_openapi::scalar::base32;
use poem::http::{HeaderMap, HeaderName, HeaderValue};

use super::{account::is_supported, answer::Answer, token};
use crate::{
    app::App,
    config::Exchange,
    db::{
        Topic, WriteTransaction,
        kyc_check::{self as table, CheckLease, DueCheck, StoredAnswer},
    },
    domain::{
        payto::Payto,
        signature::{SignaturePurpose, SignedBlob},
    },
    error::Error,
    exchange::{self, UsableExchange, keys::ExchangeKeys},
    http::outbound::{Destination, OutboundRequest, OutboundUrl},
    merchant::micros,
    secrets::{Keyring, MerchantKey},
};

/// Time between two looks at what is due.
const PAUSE: Duration = Duration::from_secs(15);
/// Accounts that one look takes from the database.
const AT_ONCE: u32 = 100;
/// Requests to one payment provider at the same time.
const REQUESTS: usize = 4;
/// How long an answer may take.
const TIME_LIMIT: Duration = Duration::from_secs(20);
/// How large it may be.
const SIZE_LIMIT: usize = 1 << 20;
/// How long nobody else asks: longer than any answer takes.
const LEASE: Duration = Duration::from_secs(60);

/// The wait before an account is asked about again, while nothing is left to do.
const WHEN_SETTLED: Duration = Duration::from_secs(3600);
/// The first wait while something is left to do, or the payment provider does not answer; it doubles while nothing changes.
const FIRST_WAIT: Duration = Duration::from_secs(30);
/// The longest of those.
const LONGEST_WAIT: Duration = Duration::from_secs(3600);

/// Asks until it is dropped or the server stops. What goes wrong is logged, and tried again the next time.
pub async fn run(app: Arc<App>) {
    if app.settings.merchant.enabled_exchanges().next().is_none() {
        return;
    }
    let changes = app.database.changes();
    while !changes.is_released() {
        let mut woken = changes
            .watch(&[Topic::KycChecks, Topic::Exchanges])
            .quietly();
        if let Err(error) = check_due(&app).await {
            let cause: &dyn std::error::Error = &error;
            tracing::warn!(
                error.cause = cause,
                "payment providers could not be asked about accounts"
            );
        }
        drop(tokio::time::timeout(PAUSE, woken.changed()).await);
    }
}

/// Asks all payment providers about every account that is due by now. What goes wrong with one account is logged.
///
/// # Errors
/// [`Error::Database`] if it cannot be told what is due.
pub async fn check_due(app: &App) -> Result<(), Error> {
    let usable = exchange::usable(app).await?;
    let asking = usable.iter().filter(|provider| provider.keys.kyc_enabled);
    let rounds = asking.map(|provider| check_provider(app, provider));
    join_all(rounds).await.into_iter().collect()
}

async fn check_provider(app: &App, provider: &UsableExchange<'_>) -> Result<(), Error> {
    let (exchange, keys) = (provider.exchange, &provider.keys);
    let url = exchange.base_url.as_str();
    let due = table::due(app.database.read(), url, app.now_us(), AT_ONCE).await?;
    let checks = due.into_iter().map(|due| async move {
        // The account may have been removed meanwhile.
        if let Err(error) = check(app, exchange, keys, &due).await {
            let cause: &dyn std::error::Error = &error;
            tracing::warn!(
                exchange.base_url = url,
                account.serial = due.account_serial,
                error.cause = cause,
                "a payment provider could not be asked about an account"
            );
        }
    });
    stream::iter(checks)
        .buffer_unordered(REQUESTS)
        .collect::<Vec<()>>()
        .await;
    Ok(())
}

/// Asks one payment provider about one account, unless somebody else does.
async fn check(
    app: &App,
    exchange: &Exchange,
    keys: &ExchangeKeys,
    due: &DueCheck,
) -> Result<(), Error> {
    let until_us = app.now_us() + micros(LEASE);
    let (taken, url) = (due.clone(), exchange.base_url.to_string());
    let lease = app.database.write(move |transaction| {
        let (due, url) = (taken.clone(), url.clone());
        Box::pin(async move { table::lease(transaction, &due, &url, until_us).await })
    });
    let Some(lease) = lease.await? else {
        return Ok(());
    };
    let payto = Payto::parse(&due.payto_uri);
    let payto = payto.map_err(|error| Error::Internal(error.to_string()))?;
    let answer = if is_supported(keys, &payto) {
        ask(app, exchange, due, &payto).await?
    } else {
        // There is nothing to ask; the keys say it all.
        Answer::default()
    };
    store(app, due.instance_serial, lease, answer).await
}

async fn ask(
    app: &App,
    exchange: &Exchange,
    due: &DueCheck,
    payto: &Payto,
) -> Result<Answer, Error> {
    let hash = base32::encode(&payto.normalized_hash());
    let url = OutboundUrl::parse(exchange.base_url.as_str())
        .and_then(|base| base.join(&format!("kyc-check/{hash}")))
        .map_err(|error| Error::Internal(error.to_string()))?;
    let request = OutboundRequest::get(Destination::Operator(url))
        .headers(credentials(app, due)?)
        .timeout(TIME_LIMIT)
        .limit_bytes(SIZE_LIMIT);
    Ok(Answer::read(app.outbound.send(request).await))
}

/// What shows the payment provider that the owner of the account asks.
fn credentials(app: &App, due: &DueCheck) -> Result<HeaderMap, Error> {
    let defect = || {
        Error::Internal(format!(
            "the key of instance {} cannot be used",
            due.instance_serial
        ))
    };
    let public = <[u8; 32]>::try_from(&due.merchant_pub[..]).map_err(|_| defect())?;
    let sealed = due.merchant_priv.as_ref().ok_or_else(defect)?;
    let key = MerchantKey::open(&app.keyring, &due.instance_id, &public, sealed.expose());
    let key = key.map_err(|error| Error::Internal(error.to_string()))?;
    let signature = key.sign(&SignedBlob::new(SignaturePurpose::KycAuth));
    let header = |name: &'static str, value: &[u8]| {
        let value = HeaderValue::from_str(&base32::encode(value)).map_err(|_| defect())?;
        Ok((HeaderName::from_static(name), value))
    };
    [
        header("account-owner-signature", &signature),
        header("account-owner-pub", &public),
    ]
    .into_iter()
    .collect()
}

async fn store(
    app: &App,
    instance_serial: i64,
    lease: CheckLease,
    answer: Answer,
) -> Result<(), Error> {
    let outcome = Outcome {
        stored: stored(app, &lease, &answer)?,
        keyring: app.keyring.clone(),
        now_us: app.now_us(),
        answer,
    };
    app.database
        .write(move |transaction| {
            let (lease, outcome) = (lease.clone(), outcome.clone());
            Box::pin(async move {
                if outcome.store(transaction, &lease).await? {
                    transaction.announce(Topic::Kyc { instance_serial });
                }
                Ok(())
            })
        })
        .await
}

/// What a write needs to store an answer.
#[derive(Clone)]
struct Outcome {
    answer: Answer,
    stored: StoredAnswer,
    keyring: Keyring,
    now_us: i64,
}

impl Outcome {
    /// Whether it is another answer than the last one. Nothing is stored for a lease that has ended.
    async fn store(
        &self,
        transaction: &WriteTransaction,
        lease: &CheckLease,
    ) -> Result<bool, Error> {
        let Some(last) = table::find_leased(transaction, lease).await? else {
            return Ok(false);
        };
        let is_new = !self.is_that_of(&last)?;
        let unchanged = if is_new {
            0
        } else {
            last.unchanged.saturating_add(1)
        };
        let next = table::NextCheck {
            checked_at_us: self.now_us,
            next_check_at_us: self.now_us + micros(wait(self.answer.is_settled(), unchanged)),
            unchanged,
        };
        table::store(transaction, last.serial, &self.stored, next).await?;
        Ok(is_new)
    }

    fn is_that_of(&self, last: &kyc_check::Model) -> Result<bool, Error> {
        let last_token = token::open(&self.keyring, last)?;
        Ok(last.checked_at_us.is_some()
            && last.http_status == i32::from(self.stored.http_status)
            && last.error_code == i32::from(self.stored.error_code)
            && last.aml_review == self.stored.aml_review
            && last.limits == self.stored.limits
            && last_token == self.answer.access_token)
    }
}

fn wait(is_settled: bool, unchanged: i32) -> Duration {
    if is_settled {
        return WHEN_SETTLED;
    }
    let doublings = u32::try_from(unchanged).unwrap_or(0).min(16);
    FIRST_WAIT.saturating_mul(1 << doublings).min(LONGEST_WAIT)
}

fn stored(app: &App, lease: &CheckLease, answer: &Answer) -> Result<StoredAnswer, Error> {
    let limits = (!answer.limits.is_empty()).then(|| serde_json::to_value(&answer.limits));
    let limits = limits.transpose();
    Ok(StoredAnswer {
        http_status: answer.http_status,
        error_code: answer.error_code,
        aml_review: answer.aml_review,
        access_token: answer.access_token.as_ref().map(|plain| {
            token::seal(
                &app.keyring,
                lease.account_serial,
                &lease.exchange_url,
                plain,
            )
        }),
        limits: limits.map_err(|error| Error::Internal(error.to_string()))?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_double_while_nothing_changes() {
        assert_eq!(wait(true, 9), WHEN_SETTLED);
        let seconds = [0, 1, 2, 6, 7, 100].map(|unchanged| wait(false, unchanged).as_secs());
        assert_eq!(seconds, [30, 60, 120, 1920, 3600, 3600]);
    }
}
