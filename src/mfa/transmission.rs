//! Sending the code of a challenge.

use std::{sync::Arc, time::Duration};

use entity::SecretBytes;
use entity::challenge::{Channel, Model, Role};
use entity::challenge_group;

use tracing::Instrument as _;

use super::{
    ChallengeId, limits,
    reservation::{Begun, Reservation, next_from, reserve},
    tan_channel,
};
use crate::{
    app::App,
    audit::{Event, MaskedAddress, Origin, Recorder},
    db::{
        self, WriteTransaction,
        challenge::NewCode,
        code_counter::{self, CodeFor},
        credential::KeyedDigest,
    },
    error::Error,
    merchant::micros,
    metrics::CodeOutcome,
    secrets::Purpose,
    tan::{self, About, Address, DeliveryError, Message, Tan},
};

/// A code that is on its way.
#[derive(Clone, Debug)]
pub struct SentCode {
    /// Until when it solves the challenge.
    pub expires_at_us: i64,
    /// From when on another one can be sent.
    pub next_from_us: i64,
    /// How it was sent.
    pub channel: Channel,
    /// Where to, masked.
    pub hint: String,
}

impl Begun {
    fn sent(&self) -> Result<Event, Error> {
        Ok(Event::ChallengeSent {
            purpose: purpose(&self.challenge, &self.group)?,
            channel: tan_channel(self.challenge.channel),
            address: masked(&self.challenge),
        })
    }

    fn undelivered(&self, reason: DeliveryError) -> Result<Event, Error> {
        Ok(Event::ChallengeUndelivered {
            purpose: purpose(&self.challenge, &self.group)?,
            channel: tan_channel(self.challenge.channel),
            address: masked(&self.challenge),
            reason,
        })
    }
}

/// The address that a challenge is sent to, as it may be kept.
pub(super) fn masked(challenge: &Model) -> MaskedAddress {
    MaskedAddress::of(tan_channel(challenge.channel), &challenge.address)
}

/// Sends a new code for a challenge. `below` is the instance under whose base URL that was asked, if not the root; `languages` are those that the reader prefers.
///
/// It goes on to its end even if whoever asked goes away: a message that is out cannot be taken back.
///
/// # Errors
/// [`Error::ChallengeUnknown`], [`Error::ChallengeSolved`], [`Error::CodeTooEarly`], [`Error::NotConfigured`] for a channel that is not configured any more,
/// [`Error::CodeUndelivered`].
pub async fn send_code(
    app: &Arc<App>,
    id: &str,
    below: Option<&str>,
    origin: &Origin,
    languages: Option<String>,
) -> Result<SentCode, Error> {
    let id = ChallengeId::parse(id).ok_or(Error::ChallengeUnknown)?;
    let group = find_group(app, &id, below).await?;
    let audit = Recorder::new(app, origin);
    let begun = match reserve(app, &id, group, &audit).await? {
        Reservation::Begun(begun) => begun,
        Reservation::Unknown => return Err(Error::ChallengeUnknown),
        Reservation::Solved => return Err(Error::ChallengeSolved),
        Reservation::TooEarly {
            channel,
            retry_after_us,
        } => {
            app.codes.count(Some(channel), CodeOutcome::Refused);
            return Err(Error::CodeTooEarly {
                retry_after: Duration::from_micros(retry_after_us.unsigned_abs()),
            });
        }
        Reservation::NoChannel => {
            return Err(Error::NotConfigured(
                "codes cannot be sent this way any more; repeat the original request",
            ));
        }
    };
    let app = Arc::clone(app);
    let sending = async move { send(&app, *begun, languages, &audit).await };
    // Still within the span of the request, so that what is logged carries its id.
    let sending = tokio::spawn(sending.in_current_span());
    sending
        .await
        .map_err(|error| Error::Internal(format!("the sending of a code ended: {error}")))?
}

/// The request that a live challenge belongs to, if it can be named under this base URL: that of its own instance, or the root. Whoever makes ids up
/// costs a query, and no write.
///
/// # Errors
/// [`Error::ChallengeUnknown`].
pub(super) async fn find_group(
    app: &App,
    id: &ChallengeId,
    below: Option<&str>,
) -> Result<challenge_group::Model, Error> {
    let found = db::challenge::find(app.database.read(), &[id.digest()], app.now_us()).await?;
    let group = found.into_iter().map(|(_, group)| group).next();
    group
        .filter(|group| below.is_none_or(|instance_id| group.instance_id == instance_id))
        .ok_or(Error::ChallengeUnknown)
}

async fn send(
    app: &App,
    begun: Begun,
    languages: Option<String>,
    audit: &Recorder,
) -> Result<SentCode, Error> {
    let channel = tan_channel(begun.challenge.channel);
    let code = Tan::generate(&app.random);
    let valid_for = app.tan.lifetime(channel);
    let delivered = match Address::parse(channel, &begun.challenge.address) {
        Err(_) => Err(DeliveryError::AddressUnusable),
        Ok(address) => {
            app.tan
                .deliver(Message {
                    channel,
                    address,
                    tan: code.clone(),
                    about: About::Shop {
                        purpose: purpose(&begun.challenge, &begun.group)?,
                        instance: begun.group.subject.clone(),
                    },
                    service: app
                        .public_url
                        .as_url()
                        .host_str()
                        .unwrap_or_default()
                        .to_owned(),
                    valid_for,
                    languages,
                })
                .await
        }
    };
    match delivered {
        Ok(()) => {
            app.codes.count(Some(channel), CodeOutcome::Sent);
            arm(app, begun, &code, valid_for, audit).await
        }
        Err(error) => {
            app.codes.count(Some(channel), CodeOutcome::Undelivered);
            give_up(app, begun, error, audit).await?;
            Err(Error::CodeUndelivered(error))
        }
    }
}

/// What the code of a challenge is for. Where a contact is to become a factor, the existing factor is asked for something else than the contact.
pub(super) fn purpose(
    challenge: &Model,
    group: &challenge_group::Model,
) -> Result<tan::Purpose, Error> {
    let mut all = tan::Purpose::ALL.into_iter();
    match all.find(|purpose| purpose.as_str() == group.purpose) {
        Some(tan::Purpose::ConfirmContact) if challenge.role == Role::Factor => {
            Ok(tan::Purpose::ChangeFactor)
        }
        Some(purpose) => Ok(purpose),
        None => Err(Error::Internal(
            "a challenge has an unknown purpose".to_owned(),
        )),
    }
}

/// Makes the code the one that counts, now that it is out.
async fn arm(
    app: &App,
    begun: Begun,
    code: &Tan,
    valid_for: Duration,
    audit: &Recorder,
) -> Result<SentCode, Error> {
    let (event, audit) = (begun.sent()?, audit.clone());
    let Begun {
        challenge,
        group,
        at_us,
    } = begun;
    let hash = app
        .keyring
        .keyed_hash(Purpose::Tan, &code_message(&challenge.id_digest, code));
    let expires_at_us = app.now_us().saturating_add(micros(valid_for));
    let expires_at_us = expires_at_us.min(group.expires_at_us);
    let new = NewCode {
        hash: KeyedDigest {
            digest: SecretBytes::new(hash.to_bytes()),
            key_id: hash.key_id().to_string(),
        },
        expires_at_us,
        guesses: app.settings.tan.guesses.into(),
    };
    let serial = challenge.serial;
    let armed = app.database.write(move |transaction| {
        let (audit, event, new) = (audit.clone(), event.clone(), new.clone());
        let instance_id = group.instance_id.clone();
        Box::pin(async move {
            let armed = db::challenge::arm(transaction, serial, at_us, &new).await?;
            audit.record(transaction, &instance_id, &event).await?;
            Ok::<_, Error>(armed)
        })
    });
    if !armed.await? {
        return Err(overtaken(app, serial).await?);
    }
    Ok(SentCode {
        expires_at_us,
        next_from_us: at_us.saturating_add(micros(app.settings.tan.retransmission)),
        channel: challenge.channel,
        hint: tan::hint(tan_channel(challenge.channel), &challenge.address),
    })
}

/// What came before a code was handed over: the challenge ended or was solved, or another code was sent.
async fn overtaken(app: &App, serial: i64) -> Result<Error, Error> {
    let challenge = db::challenge::find_by_serial(app.database.read(), serial).await?;
    Ok(match challenge {
        None => Error::ChallengeUnknown,
        Some(challenge) if challenge.solved_at_us.is_some() => Error::ChallengeSolved,
        Some(challenge) => {
            let wait_us = next_from(app, &challenge)
                .saturating_sub(app.now_us())
                .max(0);
            Error::CodeTooEarly {
                retry_after: Duration::from_micros(wait_us.unsigned_abs()),
            }
        }
    })
}

/// What of a code is hashed: bound to its challenge, so that equal codes look different.
pub(super) fn code_message(id_digest: &[u8], code: &Tan) -> zeroize::Zeroizing<Vec<u8>> {
    zeroize::Zeroizing::new([id_digest, code.digits().as_bytes()].concat())
}

/// Gives back what was reserved for a message, unless it may have gone out.
async fn give_up(
    app: &App,
    begun: Begun,
    error: DeliveryError,
    audit: &Recorder,
) -> Result<(), Error> {
    let (event, audit) = (begun.undelivered(error)?, audit.clone());
    let Begun {
        challenge,
        group,
        at_us,
    } = begun;
    let (serial, before_us) = (challenge.serial, challenge.sent_at_us);
    app.database
        .write(move |transaction| {
            let (audit, event) = (audit.clone(), event.clone());
            let group = group.clone();
            Box::pin(async move {
                if error.is_surely_unsent() {
                    code_counter::release(transaction, CodeFor::Challenge(serial), at_us).await?;
                    db::challenge::undo_transmission(transaction, serial, at_us, before_us).await?;
                    count_failure(transaction, &group, audit.now_us()).await?;
                }
                audit
                    .record(transaction, &group.instance_id, &event)
                    .await?;
                Ok(())
            })
        })
        .await
}

/// What was not sent costs no place among the codes of a day. So it has a count of its own, lest strangers keep the helpers busy for nothing.
async fn count_failure(
    transaction: &WriteTransaction,
    group: &challenge_group::Model,
    now_us: i64,
) -> Result<(), Error> {
    if limits::is_open_to_strangers(group.budget) {
        let failures = [limits::failures_of_network(group.budget, &group.network)];
        code_counter::reserve(transaction, &failures, None, now_us).await?;
    }
    Ok(())
}
