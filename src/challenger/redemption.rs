//! The fifth step: the client exchanges the authorization code for a token.

use std::sync::Arc;

use entity::{client, validation::Model};
use kontor_openapi::{challenger::ChallengerTokenRequest, scalar::base32};
use percent_encoding::percent_decode_str;
use poem::http::HeaderMap;
use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

use super::{
    Challenger, authorization_code::AuthorizationCode, client_secret::is_secret_of, error::Error,
    pkce,
};
use crate::{
    app::App,
    auth::Presented,
    db::{self, WriteTransaction, address_grant::NewAddressGrant, validation::Authorization},
    merchant::micros,
};

/// A code that comes again so soon was sent twice by the client itself; later, somebody else may have it.
const REPEATED_WITHIN_US: i64 = 10 * 1_000_000;

/// A token that was handed out.
pub(super) struct Token {
    pub text: Zeroizing<String>,
    /// In seconds.
    pub expires_in: u64,
}

/// What became of an exchange. A code that comes again is remembered, so that it is no failure of the write.
enum Exchange {
    Done,
    UsedBefore,
}

impl Challenger {
    /// Exchanges an authorization code.
    ///
    /// # Errors
    /// [`Error::GrantTypeUnsupported`], [`Error::Missing`], [`Error::Malformed`], [`Error::ClientUnauthenticated`], and what
    /// the code is not good for.
    pub(super) async fn redeem(
        &self,
        headers: &HeaderMap,
        request: &ChallengerTokenRequest,
    ) -> Result<Token, Error> {
        let redeemed = self.exchange(headers, request).await;
        redeemed
            .inspect(|_| self.app.challenger_metrics.token())
            .inspect_err(|error| self.count_refusal(error))
    }

    async fn exchange(
        &self,
        headers: &HeaderMap,
        request: &ChallengerTokenRequest,
    ) -> Result<Token, Error> {
        if request.grant_type != "authorization_code" {
            return Err(Error::GrantTypeUnsupported);
        }
        let code = request.code.as_ref().ok_or(Error::Missing("code"))?;
        let redirect_uri = request.redirect_uri.clone();
        let redirect_uri = redirect_uri.ok_or(Error::Missing("redirect_uri"))?;
        let client = self.authenticate(headers, request).await?;
        let code = AuthorizationCode::parse(code.expose()).ok_or(Error::CodeMalformed(
            "`code` does not have the form of a code",
        ))?;
        let app = &self.app;
        let text = Zeroizing::new(base32::encode(&app.random.bytes::<32>()));
        let redemption = Redemption {
            app: Arc::clone(app),
            client,
            code,
            redirect_uri,
            verifier: (request.code_verifier.as_ref()).map(|verifier| verifier.expose().to_owned()),
            token_digest: Sha256::digest(text.as_bytes()).into(),
            address_type: self.rules.address_type().as_str(),
        };
        let redemption = Arc::new(redemption);
        let exchanged = app.database.write(move |transaction| {
            let redemption = Arc::clone(&redemption);
            Box::pin(async move { redemption.exchange(transaction).await })
        });
        match exchanged.await? {
            Exchange::Done => Ok(Token {
                text,
                expires_in: app.settings.challenger.token_lifetime.as_secs(),
            }),
            Exchange::UsedBefore => Err(Error::GrantUnknown),
        }
    }

    /// The client that asks, by HTTP Basic or by the form (RFC 6749 §2.3.1).
    async fn authenticate(
        &self,
        headers: &HeaderMap,
        request: &ChallengerTokenRequest,
    ) -> Result<client::Model, Error> {
        let malformed = |parameter, reason| Err(Error::Malformed { parameter, reason });
        let in_form = request.client_secret.as_ref();
        let (id, secrets) = match (Presented::from_headers(headers), in_form) {
            (Presented::None, None) => return Err(Error::Missing("client_secret")),
            (Presented::None, Some(secret)) => {
                let id = request
                    .client_id
                    .clone()
                    .ok_or(Error::Missing("client_id"))?;
                (id, vec![Zeroizing::new(secret.expose().to_owned())])
            }
            (_, Some(_)) => {
                return malformed(
                    "client_secret",
                    "must not be there beside an Authorization header",
                );
            }
            (Presented::Basic { user, password }, None) => {
                let user = form_decoded(&user);
                if request.client_id.as_ref().is_some_and(|id| *id != *user) {
                    return malformed(
                        "client_id",
                        "is another one than in the Authorization header",
                    );
                }
                // RFC 6749 wants both parts form-encoded, and not every client does so.
                let password = password.expose();
                let raw = Zeroizing::new(password.to_owned());
                (user.to_string(), vec![raw, form_decoded(password)])
            }
            (Presented::Bearer(_) | Presented::Malformed, None) => {
                return Err(Error::ClientUnauthenticated);
            }
        };
        let client = self.find_client(&id).await?;
        let client = client.ok_or(Error::ClientUnauthenticated)?;
        for secret in secrets {
            if is_secret_of(&client, &secret, &self.app.keyring)? {
                return Ok(client);
            }
        }
        Err(Error::ClientUnauthenticated)
    }
}

fn form_decoded(text: &str) -> Zeroizing<String> {
    let spaced = Zeroizing::new(text.replace('+', " "));
    let decoded = percent_decode_str(&spaced).decode_utf8_lossy();
    Zeroizing::new(decoded.into_owned())
}

/// What an authorization code is to be exchanged for, and by whom.
struct Redemption {
    app: Arc<App>,
    client: client::Model,
    code: AuthorizationCode,
    redirect_uri: String,
    verifier: Option<String>,
    token_digest: [u8; 32],
    address_type: &'static str,
}

impl Redemption {
    async fn exchange(&self, transaction: &WriteTransaction) -> Result<Exchange, Error> {
        let now_us = self.app.now_us();
        let serial = self.code.serial();
        let found = db::validation::find_by_serial_locked(transaction, serial, now_us).await?;
        let validation = found.ok_or(Error::GrantUnknown)?;
        let is_own = validation.client_serial == self.client.serial
            && validation.solved_at_us.is_some()
            && self.is_genuine(&validation);
        if !is_own {
            return Err(Error::GrantUnknown);
        }
        if let Some(redeemed_at_us) = validation.redeemed_at_us {
            if now_us.saturating_sub(redeemed_at_us) > REPEATED_WITHIN_US {
                db::address_grant::end_of_validation(transaction, serial).await?;
            }
            return Ok(Exchange::UsedBefore);
        }
        self.check(&validation)?;
        self.grant(transaction, &validation, now_us).await?;
        Ok(Exchange::Done)
    }

    /// A code that names a key which is gone, or never was, is nobody's.
    fn is_genuine(&self, validation: &Model) -> bool {
        let keyring = &self.app.keyring;
        self.code.is_of(validation, keyring).unwrap_or(false)
    }

    fn check(&self, validation: &Model) -> Result<(), Error> {
        if validation.redirect_uri.as_deref() != Some(&self.redirect_uri) {
            return Err(Error::RedirectMismatch);
        }
        let authorization = Authorization::of(validation).ok_or(Error::GrantUnknown)?;
        let challenge = authorization.code_challenge;
        match pkce::is_proven(challenge.as_ref(), self.verifier.as_deref()) {
            true => Ok(()),
            false => Err(Error::CodeMalformed(
                "`code_verifier` is not that of the code challenge",
            )),
        }
    }

    async fn grant(
        &self,
        transaction: &WriteTransaction,
        validation: &Model,
        now_us: i64,
    ) -> Result<(), Error> {
        let settings = &self.app.settings.challenger;
        let token_expires_at_us = now_us.saturating_add(micros(settings.token_lifetime));
        let address = validation.address.clone();
        let new = NewAddressGrant {
            validation_serial: validation.serial,
            token_digest: self.token_digest,
            address: address
                .ok_or_else(|| Error::Internal("a proven address is gone".to_owned()))?,
            address_type: self.address_type,
            issued_at_us: now_us,
            token_expires_at_us,
            address_expires_at_us: now_us.saturating_add(micros(settings.address_validity)),
        };
        db::validation::redeem(transaction, validation.serial, now_us, token_expires_at_us).await?;
        db::address_grant::insert(transaction, &new).await?;
        Ok(())
    }
}
