//! The third step: a person gives an address, and a code is sent there.

use std::{sync::Arc, time::Duration};

use entity::{SecretBytes, validation::Model};
use tracing::Instrument as _;

use super::{
    Challenger, Visitor,
    address::{Field, PlainAddress, Rules},
    error::Error,
    nonce::Nonce,
    progress::Progress,
    reference::reference,
};
use crate::{
    app::App,
    db::{
        self, WriteTransaction,
        challenge::NewCode,
        client::Tally,
        code_counter::{self, Bound, CodeFor, Counted, Room},
        credential::KeyedDigest,
        validation::{Left, Transmission},
    },
    merchant::micros,
    metrics::CodeOutcome,
    secrets::Purpose,
    tan::{About, Message, Tan},
};

/// Codes of one validation that were not sent. They cost no place in any other count, but the work of trying.
const FAILURES_MOST: i64 = 10;

/// What became of an address that somebody gave.
pub(super) enum Given {
    /// There is a code for it: sent now, or a moment ago.
    Created {
        /// The validation as it is now.
        validation: Model,
        /// Whether it was sent now.
        transmitted: bool,
    },
    /// It was proven before.
    Completed(Model),
}

/// A code that has its place in every count.
struct Begun {
    /// The validation as it was before.
    before: Model,
    address: PlainAddress,
    /// Its number within the validation.
    number: i64,
    at_us: i64,
    is_other_address: bool,
}

/// What became of the wish to have a code sent; a refusal is no failure of the write.
enum Reservation {
    Begun(Box<Begun>),
    SentAMomentAgo,
    Completed,
}

impl Challenger {
    /// Has a code sent to an address, unless one was sent there a moment ago. It goes on to its end even if whoever asked goes
    /// away: a message that is out cannot be taken back.
    ///
    /// # Errors
    /// [`Error::ValidationUnknown`], [`Error::ValidationFailed`], those of the address, [`Error::AddressFixed`], the limits,
    /// and [`Error::CodeUndelivered`].
    pub(super) async fn give_address<'a>(
        &self,
        visitor: &Visitor,
        nonce: &Nonce,
        given: impl Fn(Field) -> Option<&'a str>,
    ) -> Result<Given, Error> {
        let validation = self.find(nonce).await?;
        Progress::new(&self.app, &validation, self.app.now_us()).check()?;
        if validation.solved_at_us.is_some() {
            return Ok(Given::Completed(validation));
        }
        let address = self.rules.read(given)?;
        let transmitted = match self.reserve(nonce, address).await? {
            Reservation::Completed => return Ok(Given::Completed(self.find(nonce).await?)),
            Reservation::SentAMomentAgo => false,
            Reservation::Begun(begun) => {
                self.send(nonce, *begun, visitor.languages()).await?;
                true
            }
        };
        let validation = self.find(nonce).await?;
        Ok(Given::Created {
            validation,
            transmitted,
        })
    }

    /// The live validation of a nonce.
    ///
    /// # Errors
    /// [`Error::ValidationUnknown`].
    pub(super) async fn find(&self, nonce: &Nonce) -> Result<Model, Error> {
        let (reader, now_us) = (self.app.database.read(), self.app.now_us());
        let found = db::validation::find(reader, &nonce.digest(), now_us).await?;
        found.ok_or(Error::ValidationUnknown)
    }

    async fn reserve(&self, nonce: &Nonce, address: PlainAddress) -> Result<Reservation, Error> {
        let (app, rules, digest) = (Arc::clone(&self.app), self.rules.clone(), nonce.digest());
        let now_us = app.now_us();
        let reserved = self.app.database.write(move |transaction| {
            let (app, rules, address) = (Arc::clone(&app), rules.clone(), address.clone());
            Box::pin(async move {
                let wish = Wish {
                    app: &app,
                    rules: &rules,
                    address: &address,
                    now_us,
                };
                wish.reserve(transaction, &digest).await
            })
        });
        reserved.await
    }

    async fn send(
        &self,
        nonce: &Nonce,
        begun: Begun,
        languages: Option<String>,
    ) -> Result<(), Error> {
        let address = begun.address.tan_address().map_err(|_| {
            Error::Internal("an address that was taken cannot be written to".to_owned())
        })?;
        let (channel, code) = (address.channel(), Tan::generate(&self.app.random));
        let valid_for = self.app.tan.lifetime(channel);
        let message = Message {
            channel,
            address,
            tan: code.clone(),
            about: About::Address {
                reference: reference(nonce.as_str()),
            },
            service: (self.public_url.as_url().host_str())
                .unwrap_or_default()
                .to_owned(),
            valid_for,
            languages,
        };
        let (app, digest) = (Arc::clone(&self.app), nonce.digest());
        let sending = async move {
            match app.tan.deliver(message).await {
                Ok(()) => {
                    app.codes.count(Some(channel), CodeOutcome::Sent);
                    arm(&app, &begun, &digest, &code, valid_for).await
                }
                Err(error) => {
                    app.codes.count(Some(channel), CodeOutcome::Undelivered);
                    if error.is_surely_unsent() {
                        give_up(&app, &begun).await?;
                    }
                    Err(Error::CodeUndelivered(error))
                }
            }
        };
        // Still within the span of the request, so that what is logged carries its id.
        let sending = tokio::spawn(sending.in_current_span());
        sending
            .await
            .map_err(|error| Error::Internal(format!("the sending of a code ended: {error}")))?
    }
}

/// The wish to have a code sent to an address.
struct Wish<'a> {
    app: &'a App,
    rules: &'a Rules,
    address: &'a PlainAddress,
    now_us: i64,
}

impl Wish<'_> {
    /// Reserves a place for the code in every count, and in time, or refuses.
    async fn reserve(
        &self,
        transaction: &WriteTransaction,
        nonce_digest: &[u8; 32],
    ) -> Result<Reservation, Error> {
        let found = db::validation::find_locked(transaction, nonce_digest, self.now_us).await?;
        let validation = found.ok_or(Error::ValidationUnknown)?;
        let progress = Progress::new(self.app, &validation, self.now_us);
        progress.check()?;
        if validation.solved_at_us.is_some() {
            return Ok(Reservation::Completed);
        }
        let is_other_address = self.is_other_than(&validation);
        let left = match is_other_address {
            true => self.after_change(&validation, &progress)?,
            false if validation.transmissions_left == 0 => {
                let retry_after = progress.ends_in();
                return Err(Error::NoTransmissionsLeft { retry_after });
            }
            false if progress.next_transmission_us() > self.now_us => {
                return Ok(Reservation::SentAMomentAgo);
            }
            false => Left {
                changes: validation.changes_left,
                transmissions: validation.transmissions_left.saturating_sub(1),
                guesses: validation.guesses_left,
            },
        };
        self.take_place(transaction, &validation, &progress).await?;
        let number = validation.transmission.saturating_add(1);
        let begin = Transmission {
            address: self.address.to_json(),
            is_other_address,
            left,
            number,
            at_us: self.now_us,
        };
        db::validation::begin_transmission(transaction, validation.serial, &begin).await?;
        Ok(Reservation::Begun(Box::new(Begun {
            before: validation,
            address: self.address.clone(),
            number,
            at_us: self.now_us,
            is_other_address,
        })))
    }

    /// What was given before may be spelled otherwise, or be no address at all: a client gave it along.
    fn is_other_than(&self, validation: &Model) -> bool {
        let text = |field: Field| validation.address.as_ref()?.get(field.as_str())?.as_str();
        self.rules.read(text).as_ref() != Ok(self.address)
    }

    fn after_change(&self, validation: &Model, progress: &Progress<'_>) -> Result<Left, Error> {
        if validation.is_read_only {
            return Err(Error::AddressFixed);
        }
        if validation.changes_left == 0 {
            let retry_after = progress.ends_in();
            return Err(Error::NoChangesLeft { retry_after });
        }
        let settings = &self.app.settings;
        Ok(Left {
            changes: validation.changes_left.saturating_sub(1),
            transmissions: i64::from(settings.challenger.transmissions).saturating_sub(1),
            guesses: settings.tan.guesses.into(),
        })
    }

    /// A place among the codes that this address gets in a day, whoever asks for them.
    async fn take_place(
        &self,
        transaction: &WriteTransaction,
        validation: &Model,
        progress: &Progress<'_>,
    ) -> Result<(), Error> {
        if validation.failures >= FAILURES_MOST {
            let retry_after = progress.ends_in();
            return Err(Error::Blocked { retry_after });
        }
        let counted = [Counted {
            name: self.counter()?,
            most: self.app.settings.tan.daily_limit.into(),
            bound: Bound::Address,
        }];
        let code = CodeFor::Validation(validation.serial);
        match code_counter::reserve(transaction, &counted, Some(code), self.now_us).await? {
            Room::Left => Ok(()),
            Room::Full { retry_after_us, .. } => Err(Error::Blocked {
                retry_after: Duration::from_micros(retry_after_us.unsigned_abs()),
            }),
        }
    }

    /// The address itself is not to be read from a counter, nor to be guessed.
    fn counter(&self) -> Result<String, Error> {
        let key = self.address.key().map_err(|_| {
            Error::Internal("an address that was taken cannot be written to".to_owned())
        })?;
        let channel = self.rules.address_type().channel();
        let message = format!("{channel} {key}");
        let keyring = &self.app.keyring;
        let hash = keyring.keyed_hash(Purpose::CodeCounter, message.as_bytes());
        let digest = data_encoding::HEXLOWER.encode(hash.digest());
        Ok(format!("challenger address {digest}"))
    }
}

/// What of a code is hashed: bound to its validation, so that equal codes look different.
pub(super) fn code_message(nonce_digest: &[u8; 32], code: &Tan) -> zeroize::Zeroizing<Vec<u8>> {
    zeroize::Zeroizing::new([nonce_digest, code.digits().as_bytes()].concat())
}

/// Makes the code the one that counts, now that it is out. Where the address was changed or proven meanwhile, it is worth
/// nothing.
async fn arm(
    app: &App,
    begun: &Begun,
    nonce_digest: &[u8; 32],
    code: &Tan,
    valid_for: Duration,
) -> Result<(), Error> {
    let message = code_message(nonce_digest, code);
    let hash = app.keyring.keyed_hash(Purpose::Tan, &message);
    let new = NewCode {
        hash: KeyedDigest {
            digest: SecretBytes::new(hash.to_bytes()),
            key_id: hash.key_id().to_string(),
        },
        expires_at_us: app.now_us().saturating_add(micros(valid_for)),
        guesses: app.settings.tan.guesses.into(),
    };
    let (serial, client, number) = (
        begun.before.serial,
        begun.before.client_serial,
        begun.number,
    );
    let armed = app.database.write(move |transaction| {
        let new = new.clone();
        Box::pin(async move {
            db::validation::arm(transaction, serial, number, &new).await?;
            db::client::count(transaction, client, Tally::CodesSent).await?;
            Ok::<_, Error>(())
        })
    });
    armed.await
}

/// Gives back what was reserved for a message that surely did not go out. Another address stays the one that was given last.
async fn give_up(app: &App, begun: &Begun) -> Result<(), Error> {
    let (serial, number, at_us) = (begun.before.serial, begun.number, begun.at_us);
    let before_us = match begun.is_other_address {
        true => None,
        false => begun.before.sent_at_us,
    };
    let given_up = app.database.write(move |transaction| {
        Box::pin(async move {
            let code = CodeFor::Validation(serial);
            code_counter::release(transaction, code, at_us).await?;
            db::validation::undo_transmission(transaction, serial, number, before_us).await?;
            Ok::<_, Error>(())
        })
    });
    given_up.await
}
