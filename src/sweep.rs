//! Removes in the background what has ended: requests with sealed bodies, addresses, codes and tokens are gone soon after their time, also where nobody
//! asks for anything any more. `docs/retention.md` is the table of it.

mod caution;

use std::{sync::Arc, time::Duration};

use crate::{
    app::App,
    config::Lifetime,
    db::{self, DatabaseError, WriteTransaction},
};

/// Time between two sweeps.
const PAUSE: Duration = Duration::from_secs(5 * 60);

/// Rows of one kind that one write removes: other writes come in between.
const AT_ONCE: u32 = 100;

/// How long a payment provider is remembered that is no longer configured.
const UNUSED_EXCHANGE: Duration = Duration::from_secs(30 * 86_400);

pub use caution::Caution;

/// Sweeps until it is dropped, whenever the clock is believed. What goes wrong is logged, and tried again the next time.
pub async fn run(app: Arc<App>, mut caution: Caution) {
    loop {
        if caution.believes(&app.clock)
            && let Err(error) = sweep_and_note(&app, &mut caution).await
        {
            let cause: &dyn std::error::Error = &error;
            tracing::warn!(error.cause = cause, "what has ended could not be removed");
        }
        tokio::time::sleep(PAUSE).await;
    }
}

/// The time is noted once a day, for the next start.
async fn sweep_and_note(app: &App, caution: &mut Caution) -> Result<(), DatabaseError> {
    if let Some(at_us) = caution.due(&app.clock) {
        let noted = app
            .database
            .write(move |transaction| Box::pin(db::sweep::note(transaction, at_us)));
        noted.await?;
        caution.noted(at_us);
    }
    sweep(app).await
}

/// Removes everything that has ended by now.
///
/// # Errors
/// The first of [`DatabaseError::Store`] and the like; the other kinds of rows were tried, and what was removed stays so.
pub async fn sweep(app: &App) -> Result<(), DatabaseError> {
    let mut outcome = Ok(());
    for kind in kinds(app) {
        outcome = outcome.and(remove_all(app, kind).await);
    }
    outcome
        .and(remove_tokens(app).await)
        .and(remove_unused_exchanges(app).await)
}

/// Rows that end by themselves, with the time before which they have.
#[derive(Clone, Copy, Debug)]
enum Kind {
    Challenges { now_us: i64 },
    CodeCounters { now_us: i64 },
    CodeTransmissions { now_us: i64 },
    Validations { now_us: i64 },
    LoginLimits { before_us: i64 },
    AuditEvents { before_us: i64 },
}

fn kinds(app: &App) -> Vec<Kind> {
    let now_us = app.now_us();
    let mut kinds = vec![
        Kind::Challenges { now_us },
        Kind::CodeCounters { now_us },
        Kind::CodeTransmissions { now_us },
        Kind::Validations { now_us },
        Kind::LoginLimits {
            before_us: before(app, app.settings.limits.login_window),
        },
    ];
    if let Lifetime::Limited(retention) = app.settings.audit.retention {
        let before_us = before(app, retention);
        kinds.push(Kind::AuditEvents { before_us });
    }
    kinds
}

fn before(app: &App, span: Duration) -> i64 {
    app.clock.now().before(span).get()
}

impl Kind {
    /// How many rows went; fewer than [`AT_ONCE`] when none is left.
    async fn remove_some(self, transaction: &WriteTransaction) -> Result<u64, DatabaseError> {
        let most = u64::from(AT_ONCE);
        match self {
            Self::Challenges { now_us } => {
                db::challenge::remove_expired(transaction, now_us, most).await
            }
            Self::CodeCounters { now_us } => {
                db::code_counter::remove_old(transaction, now_us, most).await
            }
            Self::CodeTransmissions { now_us } => {
                db::code_counter::remove_old_transmissions(transaction, now_us, most).await
            }
            Self::Validations { now_us } => {
                db::validation::remove_expired(transaction, now_us, most).await
            }
            Self::LoginLimits { before_us } => {
                db::login_attempt::remove_old(transaction, before_us, AT_ONCE).await
            }
            Self::AuditEvents { before_us } => {
                db::audit::remove_old(transaction, before_us, AT_ONCE).await
            }
        }
    }
}

async fn remove_all(app: &App, kind: Kind) -> Result<(), DatabaseError> {
    loop {
        let removed = app
            .database
            .write(move |transaction| Box::pin(kind.remove_some(transaction)));
        if removed.await? < u64::from(AT_ONCE) {
            return Ok(());
        }
    }
}

/// Of one instance at a time, whose tokens nobody else hands out meanwhile.
async fn remove_tokens(app: &App) -> Result<(), DatabaseError> {
    use db::access_token::{longest_expired, remove_expired};

    let now_us = app.now_us();
    while let Some(instance) = longest_expired(app.database.read(), now_us).await? {
        let removed = app.database.write(move |transaction| {
            Box::pin(remove_expired(transaction, instance, now_us, AT_ONCE))
        });
        if removed.await? == 0 {
            break;
        }
    }
    Ok(())
}

/// Another process may have been started with other settings a moment ago; it would have asked since.
async fn remove_unused_exchanges(app: &App) -> Result<(), DatabaseError> {
    let configured = app.settings.merchant.exchanges.iter();
    let configured: Vec<String> = configured
        .map(|exchange| exchange.base_url.as_str().to_owned())
        .collect();
    let before_us = before(app, UNUSED_EXCHANGE);
    let unused = db::exchange::unused(app.database.read(), &configured, before_us).await?;
    for base_url in unused {
        loop {
            let base_url = base_url.clone();
            let removed = app.database.write(move |transaction| {
                let base_url = base_url.clone();
                Box::pin(async move {
                    let most = u64::from(AT_ONCE);
                    db::exchange::remove_unused(transaction, &base_url, before_us, most).await
                })
            });
            if removed.await? < u64::from(AT_ONCE) {
                break;
            }
        }
    }
    Ok(())
}
