//! The connection on which a process hears the others.

use std::time::Duration;

use sea_orm::sqlx::postgres::{PgConnectOptions, PgListener, PgPoolOptions};
use sea_orm::sqlx::{ConnectOptions, Error, Executor, query_scalar};
use tokio::time::{sleep, timeout};

use super::{Changes, notification};

/// What the server's list of connections calls this one.
const APPLICATION_NAME: &str = "kontor listener";
/// The pause before a lost connection is opened again; it doubles with each failure.
const FIRST_PAUSE: Duration = Duration::from_millis(100);
const LONGEST_PAUSE: Duration = Duration::from_secs(10);
/// A connection that was silent for so long is tried, and given up if it does not answer for as long again: what stands between may
/// have forgotten it without a word.
const SILENCE: Duration = Duration::from_secs(30);

/// Wakes watches on what other processes announce, for ever. Whenever it begins to hear, it wakes all of them.
pub(in crate::db) async fn run(url: String, changes: Changes) {
    let mut pause = FIRST_PAUSE;
    loop {
        let error = match timeout(SILENCE, connect(&url)).await {
            Ok(Ok(listener)) => {
                tracing::debug!("hears what other processes change");
                pause = FIRST_PAUSE;
                changes.wake_all();
                follow(listener, &changes).await
            }
            Ok(Err(error)) => error,
            Err(_elapsed) => no_answer(),
        };
        tracing::warn!(
            %error,
            "does not hear what other processes change until it is connected again"
        );
        sleep(pause).await;
        pause = (pause * 2).min(LONGEST_PAUSE);
    }
}

/// A connection of its own: those of the pool are for statements that end.
async fn connect(url: &str) -> Result<PgListener, Error> {
    let options = url
        .parse::<PgConnectOptions>()?
        .application_name(APPLICATION_NAME)
        .disable_statement_logging();
    let pool = PgPoolOptions::new()
        .max_connections(1)
        .idle_timeout(None)
        .max_lifetime(None)
        .connect_lazy_with(options);
    let mut listener = PgListener::connect_with(&pool).await?;
    // A lost connection is noticed here, not hidden.
    listener.eager_reconnect(false);
    let channel: String = query_scalar(notification::CHANNEL)
        .fetch_one(&mut listener)
        .await?;
    listener.listen(&channel).await?;
    Ok(listener)
}

/// Hears until the connection is lost; returns why.
async fn follow(mut listener: PgListener, changes: &Changes) -> Error {
    loop {
        match timeout(SILENCE, listener.try_recv()).await {
            Ok(Ok(Some(heard))) => changes.publish(&notification::parse(heard.payload())),
            Ok(Ok(None)) => return lost(),
            Ok(Err(error)) => return error,
            Err(_elapsed) => match timeout(SILENCE, listener.execute("SELECT 1")).await {
                Ok(Ok(_)) => {}
                Ok(Err(error)) => return error,
                Err(_elapsed) => return no_answer(),
            },
        }
    }
}

fn lost() -> Error {
    Error::Io(std::io::ErrorKind::ConnectionReset.into())
}

fn no_answer() -> Error {
    Error::Io(std::io::ErrorKind::TimedOut.into())
}
