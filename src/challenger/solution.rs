//! The fourth step: the person types the code.

use std::sync::Arc;

use entity::validation::Model;
use zeroize::Zeroizing;

use super::{
    Challenger, authorization_code::AuthorizationCode, error::Error, nonce::Nonce,
    progress::Progress, redirect_uri::RedirectUri, transmission::code_message,
};
use crate::{
    app::App,
    db::{self, WriteTransaction, client::Tally},
    merchant::micros,
    metrics::{CodeOutcome, Refusal},
    secrets::{KeyedHash, Purpose},
    tan::Tan,
};

/// What became of a guess.
pub(super) enum Solution {
    /// The address is proven now.
    Proven(Model),
    /// It was proven before.
    Completed(Model),
    /// The code is wrong. The validation as it is now.
    Wrong(Model),
}

impl Challenger {
    /// Tries a code. Each attempt is counted before it is looked at; of right ones at the same time one alone proves the address,
    /// and all of them get the same answer.
    ///
    /// # Errors
    /// [`Error::ValidationUnknown`], [`Error::ValidationFailed`], [`Error::Malformed`] for what is no code,
    /// [`Error::NothingSent`], [`Error::NoAttemptsLeft`].
    pub(super) async fn solve(&self, nonce: &Nonce, pin: &str) -> Result<Solution, Error> {
        let validation = self.find(nonce).await?;
        Progress::new(&self.app, &validation, self.app.now_us()).check()?;
        if validation.solved_at_us.is_some() {
            return Ok(Solution::Completed(validation));
        }
        // People copy blanks along, and some write the two halves apart.
        let pin: Zeroizing<String> = Zeroizing::new(pin.split_whitespace().collect());
        let code = Tan::read(&pin).ok_or(Error::Malformed {
            parameter: "pin",
            reason: "is not 8 digits",
        })?;
        let digest = nonce.digest();
        let hashes = (self.app.keyring).keyed_hashes(Purpose::Tan, &code_message(&digest, &code));
        let app_of_write = Arc::clone(&self.app);
        let tried = self.app.database.write(move |transaction| {
            let (app, hashes) = (Arc::clone(&app_of_write), hashes.clone());
            Box::pin(async move { attempt(&app, transaction, &digest, &hashes).await })
        });
        let tried = tried.await;
        self.count(&tried);
        tried
    }

    fn count(&self, tried: &Result<Solution, Error>) {
        let channel = Some(self.rules.address_type().channel());
        let (codes, metrics) = (&self.app.codes, &self.app.challenger_metrics);
        match tried {
            Ok(Solution::Proven(_)) => {
                codes.count(channel, CodeOutcome::Solved);
                metrics.validated();
            }
            Ok(Solution::Wrong(_)) => {
                codes.count(channel, CodeOutcome::Wrong);
                metrics.refused(Refusal::WrongCode);
            }
            Ok(Solution::Completed(_)) | Err(_) => {}
        }
    }

    /// Where the person goes whose address is proven: back to the client, with the authorization code.
    ///
    /// # Errors
    /// [`Error::Internal`] for a stored redirect URI that is none.
    pub(super) fn redirect_url(&self, validation: &Model) -> Result<String, Error> {
        let redirect_uri = validation.redirect_uri.as_deref().unwrap_or_default();
        let redirect_uri = RedirectUri::parse(redirect_uri)
            .map_err(|wrong| Error::Internal(format!("a stored redirect URI: {wrong}")))?;
        let code = AuthorizationCode::of(validation, &self.app.keyring);
        Ok(redirect_uri.with_code(&code.to_string(), validation.state.as_deref()))
    }
}

async fn attempt(
    app: &App,
    transaction: &WriteTransaction,
    nonce_digest: &[u8; 32],
    hashes: &[KeyedHash],
) -> Result<Solution, Error> {
    let now_us = app.now_us();
    let found = db::validation::find_locked(transaction, nonce_digest, now_us).await?;
    let mut validation = found.ok_or(Error::ValidationUnknown)?;
    let progress = Progress::new(app, &validation, now_us);
    progress.check()?;
    if validation.solved_at_us.is_some() {
        return Ok(Solution::Completed(validation));
    }
    let Some(stored) = db::validation::live_code(&validation, now_us) else {
        return Err(match validation.code_hash {
            None => Error::NothingSent,
            Some(_) => Error::NoAttemptsLeft {
                retry_after: progress.next_transmission_in(),
            },
        });
    };
    let stored = KeyedHash::from_bytes(stored.expose())
        .ok_or_else(|| Error::Internal("the hash of a code is malformed".to_owned()))?;
    db::validation::take_guess(transaction, &validation).await?;
    if !hashes.contains(&stored) {
        validation.guesses_left = validation.guesses_left.saturating_sub(1);
        return Ok(Solution::Wrong(validation));
    }
    let lifetime_us = micros(app.settings.challenger.code_lifetime);
    let expires_at_us = now_us.saturating_add(lifetime_us);
    db::validation::solve(transaction, validation.serial, now_us, expires_at_us).await?;
    db::client::count(transaction, validation.client_serial, Tally::Validations).await?;
    validation.solved_at_us = Some(now_us);
    validation.expires_at_us = expires_at_us;
    Ok(Solution::Proven(validation))
}
