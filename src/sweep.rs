//! Removes in the background what has ended: requests with sealed bodies, addresses and codes are gone soon after their time, also where nobody asks for
//! anything any more.

use std::{sync::Arc, time::Duration};

use crate::{
    app::App,
    db::{self, DatabaseError},
};

/// Time between two sweeps.
const PAUSE: Duration = Duration::from_secs(5 * 60);

/// Rows of one kind that one write removes: other writes come in between.
const AT_ONCE: u64 = 100;

/// Sweeps until it is dropped. What goes wrong is logged, and tried again the next time.
pub async fn run(app: Arc<App>) {
    loop {
        if let Err(error) = sweep(&app).await {
            let cause: &dyn std::error::Error = &error;
            tracing::warn!(error.cause = cause, "what has ended could not be removed");
        }
        tokio::time::sleep(PAUSE).await;
    }
}

/// Removes everything that has ended by now.
///
/// # Errors
/// [`DatabaseError::Store`] and the like; what was removed before stays so.
pub async fn sweep(app: &App) -> Result<(), DatabaseError> {
    let now_us = app.now_us();
    while remove_some(app, now_us).await? {}
    Ok(())
}

/// Whether there may be more.
async fn remove_some(app: &App, now_us: i64) -> Result<bool, DatabaseError> {
    let removed = app.database.write(move |transaction| {
        Box::pin(async move {
            let challenges = db::challenge::remove_expired(transaction, now_us, AT_ONCE).await?;
            let counters = db::code_counter::remove_old(transaction, now_us, AT_ONCE).await?;
            let validations = db::validation::remove_expired(transaction, now_us, AT_ONCE).await?;
            Ok::<_, DatabaseError>(challenges.max(counters).max(validations))
        })
    });
    Ok(removed.await? == AT_ONCE)
}
