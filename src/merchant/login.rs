//! Passwords checked under the limit of failed logins, and tokens granted.

use std::{sync::Arc, time::Duration};

use entity::SecretText;
use kontor_openapi::scalar::Password;

use crate::{
    app::App,
    audit::{Event, LoginRefusal, Origin, Recorder},
    auth::{AccessToken, ClientNetwork, HashError, PasswordHash, TokenScope},
    config::Lifetime,
    db::{
        self, WriteTransaction,
        access_token::NewAccessToken,
        login_attempt::{self, LoginLimit, Reservation},
    },
    error::Error,
    mfa::Permit,
};

/// Checks a password and returns the version of the credential that it is right for.
///
/// The attempt is counted as failed before the password is looked at, and taken back when it was right, so that attempts
/// made at the same time cannot exceed the limit. A wrong password is recorded.
///
/// # Errors
/// [`Error::Unauthorized`] for a wrong password, [`Error::LoginLimited`] after too many, [`Error::HashingBusy`],
/// [`Error::InstanceUnknown`] if the instance was purged meanwhile.
pub async fn verify(
    app: &App,
    instance_serial: i64,
    origin: &Origin,
    password: &Password,
) -> Result<i64, Error> {
    let network = origin.network();
    let (instance_id, attempt) = reserve(app, instance_serial, network).await?;
    let outcome = compare(app, instance_serial, network, password).await;
    let is_wrong = matches!(outcome, Err(Error::Unauthorized));
    let audit = Recorder::new(app, origin);
    let noted = app.database.write(move |transaction| {
        let (audit, instance_id) = (audit.clone(), instance_id.clone());
        Box::pin(async move {
            if is_wrong {
                let reason = LoginRefusal::WrongPassword;
                let event = Event::LoginRefused { reason };
                audit.record(transaction, &instance_id, &event).await
            } else {
                login_attempt::release(transaction, attempt).await
            }
        })
    });
    noted.await?;
    outcome
}

async fn compare(
    app: &App,
    instance_serial: i64,
    network: ClientNetwork,
    password: &Password,
) -> Result<i64, Error> {
    let credential = db::credential::find(app.database.read(), instance_serial)
        .await?
        .ok_or(Error::Unauthorized)?;
    let stored = credential.password_hash.ok_or(Error::Unauthorized)?;
    let stored = PasswordHash::from_stored(stored.expose().to_owned())?;
    match app.hasher.verify(network, password, &stored).await? {
        true => Ok(credential.version),
        false => Err(Error::Unauthorized),
    }
}

/// The name of the instance, and the number of the attempt.
async fn reserve(
    app: &App,
    instance_serial: i64,
    network: ClientNetwork,
) -> Result<(String, i64), Error> {
    let limits = &app.settings.limits;
    let window_us = micros(limits.login_window);
    let limit = LoginLimit {
        attempts: limits.login_failures,
        window_us,
    };
    let (network, now_us) = (network.to_string(), app.now_us());
    let reservation = app.database.write(move |transaction| {
        let network = network.clone();
        Box::pin(async move {
            let held = db::instance::find_held(transaction, instance_serial).await?;
            let instance_id = held.ok_or(Error::InstanceUnknown)?.instance_id;
            let reservation =
                login_attempt::reserve(transaction, instance_serial, &network, limit, now_us);
            Ok::<_, Error>((instance_id, reservation.await?))
        })
    });
    let (instance_id, reservation) = reservation.await?;
    match reservation {
        Reservation::Reserved { serial } => Ok((instance_id, serial)),
        Reservation::Refused { retry_after_us } => Err(Error::LoginLimited {
            retry_after: Duration::from_micros(retry_after_us.unsigned_abs()),
        }),
    }
}

/// Hashes a new password.
///
/// # Errors
/// [`Error::HashingBusy`].
pub async fn hash(
    app: &App,
    network: ClientNetwork,
    password: &Password,
) -> Result<SecretText, Error> {
    let hash: Result<PasswordHash, HashError> = app.hasher.hash(network, password).await;
    Ok(SecretText::new(hash?.as_str()))
}

/// How long a token lives for which this was asked, if anything.
#[must_use]
pub fn lifetime(app: &App, asked: Option<Lifetime>) -> Lifetime {
    let settings = &app.settings.merchant;
    asked
        .unwrap_or(Lifetime::Limited(settings.token_lifetime_default))
        .min(settings.token_lifetime_max)
}

/// What a new token shall be.
#[derive(Debug, Clone)]
pub struct Grant {
    /// The instance that it opens.
    pub instance_serial: i64,
    /// Its name.
    pub instance_id: String,
    /// The version of the credential that was proven.
    pub credential_version: i64,
    /// What it may do.
    pub scope: TokenScope,
    /// How long it lives.
    pub lifetime: Lifetime,
    /// What its owner notes about it.
    pub description: Option<String>,
    /// By what right it is granted.
    pub by: GrantedBy,
}

/// By what right a token is granted.
#[derive(Debug, Clone)]
pub enum GrantedBy {
    /// Somebody who proved to be the owner, with what confirmed it.
    Login(Vec<Permit>),
    /// Somebody with another token, of this number.
    Token(i64),
    /// The operator, at the command line of the server.
    CommandLine,
}

impl GrantedBy {
    /// The token that the new one is refreshed from.
    fn parent_serial(&self) -> Option<i64> {
        match self {
            Self::Token(serial) => Some(*serial),
            Self::Login(_) | Self::CommandLine => None,
        }
    }

    async fn redeem(&self, transaction: &WriteTransaction, audit: &Recorder) -> Result<(), Error> {
        if let Self::Login(permits) = self {
            for permit in permits {
                permit.redeem(transaction, audit).await?;
            }
        }
        Ok(())
    }

    fn event(&self, token_serial: i64, scope: TokenScope) -> Event {
        match self {
            Self::Login(_) => Event::LoginGranted {
                token_serial,
                scope,
            },
            Self::Token(_) => Event::TokenRefreshed {
                token_serial,
                scope,
            },
            Self::CommandLine => Event::TokenGranted {
                token_serial,
                scope,
            },
        }
    }
}

/// A granted token: the only moment at which it can be read.
pub struct Granted {
    /// The token.
    pub token: AccessToken,
    /// Its number.
    pub serial: i64,
    /// When it ends, in microseconds since 1970; `None`: never.
    pub expires_at_us: Option<i64>,
}

/// A token that is ready to be written.
pub struct PreparedToken {
    token: AccessToken,
    row: NewAccessToken,
}

/// Grants a token, and removes expired ones of the instance; a login redeems its permits with it.
///
/// # Errors
/// [`Error::Malformed`] for a life of no length; [`Error::Unauthorized`] if meanwhile the credential was changed or the parent ended;
/// [`Error::ConfirmationStale`].
pub async fn grant(app: &App, origin: &Origin, grant: Grant) -> Result<Granted, Error> {
    let (audit, grant) = (Recorder::new(app, origin), Arc::new(grant));
    let prepared = prepare(app, &grant)?;
    let new = prepared.row.clone();
    let serial = app.database.write(move |transaction| {
        let (audit, grant, new) = (audit.clone(), Arc::clone(&grant), new.clone());
        Box::pin(async move {
            grant.by.redeem(transaction, &audit).await?;
            let serial = write_token(transaction, &new).await?;
            let event = grant.by.event(serial, grant.scope);
            audit
                .record(transaction, &grant.instance_id, &event)
                .await?;
            Ok::<_, Error>(serial)
        })
    });
    Ok(prepared.granted(serial.await?))
}

/// Writes a token.
///
/// # Errors
/// [`Error::Unauthorized`] if meanwhile the credential was changed or the parent ended.
pub async fn write_token(
    transaction: &WriteTransaction,
    new: &NewAccessToken,
) -> Result<i64, Error> {
    let inserted = db::access_token::insert(transaction, new).await?;
    inserted.ok_or(Error::Unauthorized)
}

/// Makes a token, to be written.
///
/// # Errors
/// [`Error::Malformed`] for a life of no length.
pub fn prepare(app: &App, grant: &Grant) -> Result<PreparedToken, Error> {
    if grant.lifetime == Lifetime::Limited(Duration::ZERO) {
        return Err(Error::Malformed {
            parameter: "duration",
            reason: "must be longer than nothing",
        });
    }
    let now_us = app.now_us();
    let token = AccessToken::generate(&app.random);
    let lifetime_us = match grant.lifetime {
        Lifetime::Forever => None,
        Lifetime::Limited(lifetime) => Some(micros(lifetime)),
    };
    let expires_at_us = lifetime_us.map(|lifetime| now_us.saturating_add(lifetime));
    let row = NewAccessToken {
        instance_serial: grant.instance_serial,
        credential_version: grant.credential_version,
        digest: *token.digest().as_bytes(),
        scope: grant.scope.to_string(),
        refreshable: grant.scope.refreshable,
        description: grant.description.clone(),
        created_at_us: now_us,
        expires_at_us,
        lifetime_us,
        parent_serial: grant.by.parent_serial(),
    };
    Ok(PreparedToken { token, row })
}

impl PreparedToken {
    /// The row of the token.
    pub fn row(&self) -> &NewAccessToken {
        &self.row
    }

    /// The token, once its row has this number.
    #[must_use]
    pub fn granted(self, serial: i64) -> Granted {
        Granted {
            token: self.token,
            serial,
            expires_at_us: self.row.expires_at_us,
        }
    }
}

/// A scope as the document or the database spells it.
///
/// # Errors
/// [`Error::Internal`] for one that is not known.
pub fn scope(text: &str) -> Result<TokenScope, Error> {
    text.parse()
        .map_err(|_| Error::Internal(format!("the scope {text} is not known")))
}

/// A span in microseconds; longer ones than the database can hold count as the longest.
pub fn micros(duration: Duration) -> i64 {
    i64::try_from(duration.as_micros()).unwrap_or(i64::MAX)
}
