//! The second step: the client sends the person.

use entity::validation::Model;

use super::{Challenger, error::Error, nonce::Nonce, pkce, progress::Progress};
use crate::db::{self, WriteTransaction, validation::Authorization};

/// Longest state that is kept for a client, in bytes.
const LONGEST_STATE: usize = 4096;

/// An authorization request (RFC 6749 §4.1.1).
#[derive(Debug)]
pub(super) struct AuthorizationRequest {
    pub response_type: String,
    pub client_id: String,
    pub redirect_uri: String,
    pub state: Option<String>,
    pub code_challenge: Option<String>,
    pub code_challenge_method: Option<String>,
}

impl Challenger {
    /// Binds a request to its validation, the first time, and makes sure that it is the same from then on.
    ///
    /// # Errors
    /// [`Error::ValidationUnknown`], [`Error::ClientMismatch`], [`Error::ValidationFailed`], [`Error::Missing`] and
    /// [`Error::Malformed`], looked for in this order.
    pub(super) async fn authorize(
        &self,
        nonce: &str,
        request: AuthorizationRequest,
    ) -> Result<Model, Error> {
        let nonce = Nonce::parse(nonce).ok_or(Error::ValidationUnknown)?;
        let (app, digest) = (&self.app, nonce.digest());
        let now_us = app.now_us();
        let reader = app.database.read();
        let validation = db::validation::find(reader, &digest, now_us).await?;
        let validation = validation.ok_or(Error::ValidationUnknown)?;
        let client = db::client::find(reader, validation.client_serial).await?;
        let client = client.ok_or(Error::ValidationUnknown)?;
        // Exactly, and before anything else: whoever comes with another one is told so here, and never sent there.
        if request.client_id != client.serial.to_string()
            || request.redirect_uri != client.redirect_uri
        {
            return Err(Error::ClientMismatch);
        }
        if validation.redeemed_at_us.is_some() {
            return Err(Error::ValidationUnknown);
        }
        if Progress::new(app, &validation, now_us).has_failed() {
            return Err(Error::ValidationFailed);
        }
        let authorization = read(request, client.requires_pkce)?;
        if validation.authorized_at_us.is_some() {
            return same(validation, &authorization);
        }
        let bound = app.database.write(move |transaction| {
            let authorization = authorization.clone();
            Box::pin(async move { bind(transaction, &digest, &authorization, now_us).await })
        });
        bound.await
    }
}

async fn bind(
    transaction: &WriteTransaction,
    nonce_digest: &[u8; 32],
    authorization: &Authorization,
    now_us: i64,
) -> Result<Model, Error> {
    let validation = db::validation::find_locked(transaction, nonce_digest, now_us).await?;
    let validation = validation.ok_or(Error::ValidationUnknown)?;
    if validation.authorized_at_us.is_some() {
        return same(validation, authorization);
    }
    db::validation::authorize(transaction, validation.serial, authorization, now_us).await?;
    Ok(validation)
}

/// What was bound once stays: somebody else might begin anew what this person has half done.
fn same(validation: Model, authorization: &Authorization) -> Result<Model, Error> {
    let bound = Authorization::of(&validation);
    let differs =
        |of: fn(&Authorization) -> Option<String>| bound.as_ref().and_then(of) != of(authorization);
    let parameter = if differs(|of| of.state.clone()) {
        "state"
    } else if bound.as_ref() != Some(authorization) {
        "code_challenge"
    } else {
        return Ok(validation);
    };
    Err(Error::Malformed {
        parameter,
        reason: "is not what it was when this validation began",
    })
}

fn read(request: AuthorizationRequest, requires_pkce: bool) -> Result<Authorization, Error> {
    let malformed = |parameter, reason| Err(Error::Malformed { parameter, reason });
    if request.response_type != "code" {
        return malformed("response_type", "has to be code");
    }
    if (request.state.as_ref()).is_some_and(|state| state.len() > LONGEST_STATE) {
        return malformed("state", "is longer than 4096 bytes");
    }
    let code_challenge = pkce::read(request.code_challenge, request.code_challenge_method)?;
    if requires_pkce && code_challenge.is_none() {
        return Err(Error::Missing("code_challenge"));
    }
    Ok(Authorization {
        state: request.state,
        redirect_uri: request.redirect_uri,
        code_challenge,
    })
}
