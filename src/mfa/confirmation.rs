//! Trying the code of a challenge.

use std::{sync::Arc, time::Duration};

use entity::challenge::Model;
use entity::challenge_group::{self, Budget};

use super::{
    ChallengeId,
    transmission::{code_message, find_group, next_from},
};
use crate::{
    app::App,
    db::{self, WriteTransaction, code_counter},
    error::Error,
    secrets::{KeyedHash, Purpose},
    tan::Tan,
};

/// What became of a guess. Only what cannot be tried at all is an error.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Confirmation {
    /// The challenge is solved.
    Solved,
    /// The code is wrong.
    Wrong {
        /// How many attempts it has left.
        left: i64,
    },
    /// The code was right once, or not, but its time is over.
    Expired,
}

/// What a write found; each is remembered.
enum Outcome {
    Tried(Confirmation),
    Unknown,
    SolvedBefore,
    NoAttemptsLeft { retry_after_us: i64 },
}

/// Tries a code. Each attempt is counted before it is looked at, whatever it is; of right ones at the same time one alone solves the challenge.
///
/// # Errors
/// [`Error::ChallengeUnknown`], [`Error::ChallengeSolved`], [`Error::NoAttemptsLeft`].
pub async fn confirm(
    app: &Arc<App>,
    id: &str,
    below: Option<&str>,
    code: &str,
) -> Result<Confirmation, Error> {
    let id = ChallengeId::parse(id).ok_or(Error::ChallengeUnknown)?;
    let digest = id.digest();
    let hashes = match Tan::read(code) {
        Some(code) => {
            let message = code_message(&digest, &code);
            app.keyring.keyed_hashes(Purpose::Tan, &message)
        }
        None => Vec::new(),
    };
    find_group(app, &id, below).await?;
    let now_us = app.now_us();
    let app_of_write = Arc::clone(app);
    let outcome = app.database.write(move |transaction| {
        let (app, hashes) = (Arc::clone(&app_of_write), hashes.clone());
        Box::pin(async move {
            match db::challenge::find_locked(transaction, &digest, now_us).await? {
                None => Ok::<_, Error>(Outcome::Unknown),
                Some((challenge, group)) => {
                    attempt(&app, transaction, &challenge, &group, &hashes, now_us).await
                }
            }
        })
    });
    match outcome.await? {
        Outcome::Tried(confirmation) => Ok(confirmation),
        Outcome::Unknown => Err(Error::ChallengeUnknown),
        Outcome::SolvedBefore => Err(Error::ChallengeSolved),
        Outcome::NoAttemptsLeft { retry_after_us } => Err(Error::NoAttemptsLeft {
            retry_after: Duration::from_micros(retry_after_us.unsigned_abs()),
        }),
    }
}

async fn attempt(
    app: &App,
    transaction: &WriteTransaction,
    challenge: &Model,
    group: &challenge_group::Model,
    hashes: &[KeyedHash],
    now_us: i64,
) -> Result<Outcome, Error> {
    if challenge.solved_at_us.is_some() {
        return Ok(Outcome::SolvedBefore);
    }
    let code = challenge
        .code_hash
        .as_ref()
        .zip(challenge.code_expires_at_us);
    let Some((stored, expires_at_us)) = code.filter(|_| challenge.guesses_left > 0) else {
        let retry_after_us = next_from(app, challenge).saturating_sub(now_us).max(0);
        return Ok(Outcome::NoAttemptsLeft { retry_after_us });
    };
    if expires_at_us <= now_us {
        return Ok(Outcome::Tried(Confirmation::Expired));
    }
    let Some(left) = db::challenge::take_guess(transaction, challenge).await? else {
        return Ok(Outcome::NoAttemptsLeft { retry_after_us: 0 });
    };
    let stored = KeyedHash::from_bytes(stored.expose())
        .ok_or_else(|| Error::Internal("the hash of a code is malformed".to_owned()))?;
    if !hashes.contains(&stored) {
        return Ok(Outcome::Tried(Confirmation::Wrong { left }));
    }
    db::challenge::solve(transaction, challenge.serial, now_us).await?;
    // Whoever knows the code is no guesser; resets and sign-ups count whoever asks for them.
    if let (Budget::Login | Budget::Bearer, Some(sent_at_us)) = (group.budget, challenge.sent_at_us)
    {
        code_counter::release(transaction, challenge.serial, sent_at_us).await?;
    }
    Ok(Outcome::Tried(Confirmation::Solved))
}
