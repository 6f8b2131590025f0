//! The first step: the client sets up a validation.

use std::{sync::Arc, time::Duration};

use sea_orm::{ConnectionTrait, prelude::Json};
use serde_json::{Map, Value};

use super::{
    address::{AddressError, Rules},
    error::Error,
    nonce::Nonce,
};
use crate::{
    app::App,
    db::{
        self, WriteTransaction,
        client::Tally,
        validation::{Left, NewValidation},
    },
    merchant::micros,
};

/// Longest field of an address that a client gives along, in bytes; none that is longer can be sent to.
const LONGEST_FIELD: usize = 1024;

/// A validation gives way to a new one, where its client has as many open as it may, once nobody has had a code sent for so long:
/// whoever is sent here by a client comes within minutes, also where letters let validations live for weeks.
const IDLE: Duration = Duration::from_secs(3_600);

/// What a client sets up.
#[derive(Debug, Default)]
pub struct SetUp {
    /// What it knows of the address.
    pub address: Map<String, Value>,
    /// Whether that is fixed.
    pub is_read_only: bool,
}

/// Sets up a validation for a client, and returns its nonce.
///
/// # Errors
/// Those of [`set_up_with`].
pub async fn set_up(
    app: &Arc<App>,
    rules: &Rules,
    client_serial: i64,
    setup: SetUp,
) -> Result<Nonce, Error> {
    let nonce = Nonce::generate(&app.random);
    set_up_with(app, rules, client_serial, setup, &nonce).await?;
    Ok(nonce)
}

/// Sets up a validation for a client, with a nonce that no other has.
///
/// # Errors
/// [`Error::Malformed`] for a fixed address that is not complete, and for fields that are too long; [`Error::Restricted`];
/// [`Error::TooManyOpen`].
pub async fn set_up_with(
    app: &Arc<App>,
    rules: &Rules,
    client_serial: i64,
    setup: SetUp,
    nonce: &Nonce,
) -> Result<(), Error> {
    let settings = &app.settings.challenger;
    let address = match setup.is_read_only {
        true => Some(fixed(rules, &setup.address)?),
        false => editable(rules, &setup.address)?,
    };
    let now_us = app.now_us();
    let new = NewValidation {
        client_serial,
        nonce_digest: nonce.digest(),
        created_at_us: now_us,
        expires_at_us: now_us.saturating_add(micros(settings.validation_duration)),
        address,
        is_read_only: setup.is_read_only,
        left: Left {
            changes: match setup.is_read_only {
                true => 0,
                false => settings.address_changes.into(),
            },
            transmissions: settings.transmissions.into(),
            guesses: app.settings.tan.guesses.into(),
        },
    };
    let most = settings.open_validations;
    let reader = app.database.read();
    // Without a write, and without making others wait, where it is of no use.
    if let Some(room_us) = room_of_full(reader, client_serial, most, now_us).await?
        && room_us > now_us
    {
        return Err(too_many(room_us, now_us));
    }
    let stored = app.database.write(move |transaction| {
        let new = new.clone();
        Box::pin(async move {
            // It locks the row of the client, so that no two count what is open at once.
            db::client::count(transaction, new.client_serial, Tally::Setups).await?;
            make_room(transaction, new.client_serial, most, now_us).await?;
            db::validation::insert(transaction, &new).await?;
            Ok::<_, Error>(())
        })
    });
    stored.await?;
    app.challenger_metrics.setup();
    Ok(())
}

/// Refuses where a client has as many validations open as it may, and none gives way.
async fn make_room(
    transaction: &WriteTransaction,
    client_serial: i64,
    most: u32,
    now_us: i64,
) -> Result<(), Error> {
    while let Some(room_us) = room_of_full(transaction, client_serial, most, now_us).await? {
        let removed = match room_us > now_us {
            true => 0,
            false => {
                let before_us = now_us.saturating_sub(micros(IDLE));
                db::validation::remove_idle(transaction, client_serial, before_us, 1).await?
            }
        };
        if removed == 0 {
            return Err(too_many(room_us, now_us));
        }
    }
    Ok(())
}

/// When the first of a client's validations ends or gives way, where it has as many open as it may.
async fn room_of_full(
    connection: &impl ConnectionTrait,
    client_serial: i64,
    most: u32,
    now_us: i64,
) -> Result<Option<i64>, Error> {
    use db::validation::{count_open, first_to_go};

    if count_open(connection, client_serial, now_us, most).await? < u64::from(most) {
        return Ok(None);
    }
    Ok(first_to_go(connection, client_serial, now_us, micros(IDLE)).await?)
}

fn too_many(room_us: i64, now_us: i64) -> Error {
    let wait_us = room_us.saturating_sub(now_us);
    Error::TooManyOpen {
        retry_after: Duration::from_micros(u64::try_from(wait_us).unwrap_or_default()),
    }
}

/// An address that nobody will edit has to be one.
fn fixed(rules: &Rules, given: &Map<String, Value>) -> Result<Json, Error> {
    let read = rules.read(|field| given.get(field.as_str()).and_then(Value::as_str));
    match read {
        Ok(address) => Ok(address.to_json()),
        Err(AddressError::Missing(field)) => Err(Error::Malformed {
            parameter: field.as_str(),
            reason: "has to be given where the address is read-only",
        }),
        Err(other) => Err(other.into()),
    }
}

/// What a person will edit is judged when it comes back.
fn editable(rules: &Rules, given: &Map<String, Value>) -> Result<Option<Json>, Error> {
    let mut known = Map::new();
    for field in rules.address_type().fields() {
        let name = field.as_str();
        match given.get(name) {
            Some(Value::String(text)) if text.len() > LONGEST_FIELD => {
                return Err(Error::Malformed {
                    parameter: name,
                    reason: "is longer than 1024 bytes",
                });
            }
            Some(value @ Value::String(_)) => {
                known.insert(name.to_owned(), value.clone());
            }
            _ => {}
        }
    }
    Ok((!known.is_empty()).then_some(Value::Object(known)))
}
