//! Trying the code of a challenge.

use std::{sync::Arc, time::Duration};

use entity::challenge::Model;
use entity::challenge_group::{self, Budget};

use super::{
    ChallengeId,
    reservation::next_from,
    tan_channel,
    transmission::{code_message, find_group, masked, purpose},
};
use crate::{
    app::App,
    audit::{Event, Origin, Recorder},
    db::{
        self, WriteTransaction,
        code_counter::{self, CodeFor},
    },
    error::Error,
    metrics::CodeOutcome,
    secrets::{KeyedHash, Purpose},
    tan::{Channel, Tan},
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
    Tried(Confirmation, Channel),
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
    origin: &Origin,
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
    let audit = Recorder::new(app, origin);
    let app_of_write = Arc::clone(app);
    let outcome = app.database.write(move |transaction| {
        let (app, audit, hashes) = (Arc::clone(&app_of_write), audit.clone(), hashes.clone());
        Box::pin(async move {
            match db::challenge::find_locked(transaction, &digest, audit.now_us()).await? {
                None => Ok::<_, Error>(Outcome::Unknown),
                Some((challenge, group)) => {
                    let guess = Guess {
                        app: &app,
                        audit: &audit,
                        challenge: &challenge,
                        group: &group,
                    };
                    guess.attempt(transaction, &hashes).await
                }
            }
        })
    });
    match outcome.await? {
        Outcome::Tried(confirmation, channel) => {
            count(app, channel, confirmation);
            Ok(confirmation)
        }
        Outcome::Unknown => Err(Error::ChallengeUnknown),
        Outcome::SolvedBefore => Err(Error::ChallengeSolved),
        Outcome::NoAttemptsLeft { retry_after_us } => Err(Error::NoAttemptsLeft {
            retry_after: Duration::from_micros(retry_after_us.unsigned_abs()),
        }),
    }
}

fn count(app: &App, channel: Channel, confirmation: Confirmation) {
    let outcome = match confirmation {
        Confirmation::Solved => CodeOutcome::Solved,
        Confirmation::Wrong { .. } => CodeOutcome::Wrong,
        Confirmation::Expired => return,
    };
    app.codes.count(Some(channel), outcome);
}

/// A guess at the code of a challenge that was found.
struct Guess<'a> {
    app: &'a App,
    audit: &'a Recorder,
    challenge: &'a Model,
    group: &'a challenge_group::Model,
}

impl Guess<'_> {
    async fn attempt(
        &self,
        transaction: &WriteTransaction,
        hashes: &[KeyedHash],
    ) -> Result<Outcome, Error> {
        let (challenge, now_us) = (self.challenge, self.audit.now_us());
        if challenge.solved_at_us.is_some() {
            return Ok(Outcome::SolvedBefore);
        }
        let code = challenge
            .code_hash
            .as_ref()
            .zip(challenge.code_expires_at_us);
        let Some((stored, expires_at_us)) = code.filter(|_| challenge.guesses_left > 0) else {
            let retry_after_us = next_from(self.app, challenge).saturating_sub(now_us).max(0);
            return Ok(Outcome::NoAttemptsLeft { retry_after_us });
        };
        let channel = tan_channel(challenge.channel);
        if expires_at_us <= now_us {
            return Ok(Outcome::Tried(Confirmation::Expired, channel));
        }
        let Some(left) = db::challenge::take_guess(transaction, challenge).await? else {
            return Ok(Outcome::NoAttemptsLeft { retry_after_us: 0 });
        };
        let stored = KeyedHash::from_bytes(stored.expose())
            .ok_or_else(|| Error::Internal("the hash of a code is malformed".to_owned()))?;
        let (confirmation, event) = match hashes.contains(&stored) {
            true => (Confirmation::Solved, self.solve(transaction).await?),
            false => (Confirmation::Wrong { left }, self.failed(left)?),
        };
        let instance_id = &self.group.instance_id;
        self.audit.record(transaction, instance_id, &event).await?;
        Ok(Outcome::Tried(confirmation, channel))
    }

    async fn solve(&self, transaction: &WriteTransaction) -> Result<Event, Error> {
        let (challenge, budget) = (self.challenge, self.group.budget);
        db::challenge::solve(transaction, challenge.serial, self.audit.now_us()).await?;
        // Whoever knows the code is no guesser; resets and sign-ups count whoever asks for them.
        if let (Budget::Login | Budget::Bearer, Some(sent_at_us)) = (budget, challenge.sent_at_us) {
            code_counter::release(
                transaction,
                CodeFor::Challenge(challenge.serial),
                sent_at_us,
            )
            .await?;
        }
        Ok(Event::ChallengeSolved {
            purpose: purpose(self.challenge, self.group)?,
            channel: tan_channel(challenge.channel),
            address: masked(challenge),
        })
    }

    fn failed(&self, left: i64) -> Result<Event, Error> {
        Ok(Event::ChallengeFailed {
            purpose: purpose(self.challenge, self.group)?,
            channel: tan_channel(self.challenge.channel),
            guesses_left: u32::try_from(left).unwrap_or(u32::MAX),
        })
    }
}
