//! The addresses that people are asked to prove.

use entity::SecretBytes;
use entity::validation::{ActiveModel, CodeChallengeMethod, Column, Entity, Model};
use sea_orm::ActiveValue::{NotSet, Set};
use sea_orm::prelude::Json;
use sea_orm::sea_query::{Expr, LockBehavior, LockType};
use sea_orm::{
    ColumnTrait, ConnectionTrait, DbErr, EntityTrait, ExprTrait, QueryFilter, QueryOrder,
    QuerySelect, QueryTrait, Select, Statement, Value,
};

use super::{DatabaseError, WriteTransaction, challenge::NewCode, unique::only};

/// A validation that is to be set up.
#[derive(Clone, Debug)]
pub struct NewValidation {
    /// The client that sets it up.
    pub client_serial: i64,
    /// SHA-256 of its nonce.
    pub nonce_digest: [u8; 32],
    /// Now.
    pub created_at_us: i64,
    /// When it ends.
    pub expires_at_us: i64,
    /// What the client knows of the address.
    pub address: Option<Json>,
    /// Whether that is fixed.
    pub is_read_only: bool,
    /// What is left of everything.
    pub left: Left,
}

/// How much is left of everything that a validation may have only so often.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Left {
    /// Other addresses.
    pub changes: i64,
    /// Codes to this address.
    pub transmissions: i64,
    /// Attempts at the last code.
    pub guesses: i64,
}

/// What the client asked for when it sent the person.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Authorization {
    /// What it wants back.
    pub state: Option<String>,
    /// Where the person is sent in the end.
    pub redirect_uri: String,
    /// Its code challenge (RFC 7636).
    pub code_challenge: Option<(String, CodeChallengeMethod)>,
}

impl Authorization {
    /// That of a validation which has one.
    #[must_use]
    pub fn of(validation: &Model) -> Option<Self> {
        validation.authorized_at_us?;
        let challenge = validation.code_challenge.clone();
        Some(Self {
            state: validation.state.clone(),
            redirect_uri: validation.redirect_uri.clone()?,
            code_challenge: challenge.zip(validation.code_challenge_method),
        })
    }
}

/// A code that is about to be sent.
#[derive(Clone, Debug)]
pub struct Transmission {
    /// Where to.
    pub address: Json,
    /// Whether that is another address than before: what was sent to that one is void then.
    pub is_other_address: bool,
    /// What is left after it.
    pub left: Left,
    /// Its number, which no other of the validation has.
    pub number: i64,
    /// Now.
    pub at_us: i64,
}

/// Sets up a validation.
///
/// # Errors
/// [`DatabaseError::Store`] and the like.
pub async fn insert(
    transaction: &WriteTransaction,
    new: &NewValidation,
) -> Result<(), DatabaseError> {
    let new = new.clone();
    let row = ActiveModel {
        client_serial: Set(new.client_serial),
        nonce_digest: Set(new.nonce_digest.to_vec()),
        created_at_us: Set(new.created_at_us),
        expires_at_us: Set(new.expires_at_us),
        address: Set(new.address),
        is_read_only: Set(new.is_read_only),
        changes_left: Set(new.left.changes),
        transmissions_left: Set(new.left.transmissions),
        guesses_left: Set(new.left.guesses),
        failures: Set(0),
        transmission: Set(0),
        ..ActiveModel::default()
    };
    let inserted = Entity::insert(row).exec_without_returning(transaction);
    inserted.await.map_err(DatabaseError::store)?;
    Ok(())
}

/// How many validations of a client are open, neither solved nor ended: counted up to `most`.
///
/// # Errors
/// [`DatabaseError::Fetch`] and the like.
pub async fn count_open(
    connection: &impl ConnectionTrait,
    client_serial: i64,
    now_us: i64,
    most: u32,
) -> Result<u64, DatabaseError> {
    const SQL: &str = "\
        SELECT count(*) FROM ( \
            SELECT 1 FROM validation WHERE client_serial = $1 AND solved_at_us IS NULL AND expires_at_us > $2 LIMIT $3) AS open";
    let values = [client_serial, now_us, most.into()];
    let count = number(connection, SQL, values).await?;
    Ok(count.unwrap_or_default().unsigned_abs())
}

/// When the first of a client's open validations ends, or gives way because nobody has had a code sent for `idle_us` since it was
/// set up; in microseconds since 1970.
///
/// # Errors
/// [`DatabaseError::Fetch`] and the like.
pub async fn first_to_go(
    connection: &impl ConnectionTrait,
    client_serial: i64,
    now_us: i64,
    idle_us: i64,
) -> Result<Option<i64>, DatabaseError> {
    const SQL: &str = "\
        SELECT min(CASE WHEN transmission = 0 AND created_at_us + $3 < expires_at_us THEN created_at_us + $3 ELSE expires_at_us END) \
        FROM validation WHERE client_serial = $1 AND solved_at_us IS NULL AND expires_at_us > $2";
    Ok(number(connection, SQL, [client_serial, now_us, idle_us]).await?)
}

/// One number about one client.
async fn number(
    connection: &impl ConnectionTrait,
    sql: &str,
    values: [i64; 3],
) -> Result<Option<i64>, DbErr> {
    let backend = connection.get_database_backend();
    let statement = Statement::from_sql_and_values(backend, sql, values.map(Value::from));
    let row = connection.query_one_raw(statement).await?;
    row.map_or(Ok(None), |row| row.try_get_by_index(0))
}

/// Removes a client's oldest validations that were set up before this time, and for which nobody has had a code sent; at most
/// `most`. Returns how many.
///
/// # Errors
/// [`DatabaseError::Store`] and the like.
pub async fn remove_idle(
    transaction: &WriteTransaction,
    client_serial: i64,
    before_us: i64,
    most: u64,
) -> Result<u64, DatabaseError> {
    let idle = Entity::find()
        .filter(Column::ClientSerial.eq(client_serial))
        .filter(Column::SolvedAtUs.is_null())
        .filter(Column::Transmission.eq(0))
        .filter(Column::CreatedAtUs.lte(before_us))
        .order_by_asc(Column::CreatedAtUs);
    remove(transaction, idle, most).await
}

fn live(nonce_digest: &[u8; 32], now_us: i64) -> Select<Entity> {
    Entity::find()
        .filter(Column::NonceDigest.eq(nonce_digest.to_vec()))
        .filter(Column::ExpiresAtUs.gt(now_us))
}

/// The live validation with this nonce.
///
/// # Errors
/// [`DatabaseError::Fetch`] and the like.
pub async fn find(
    connection: &impl ConnectionTrait,
    nonce_digest: &[u8; 32],
    now_us: i64,
) -> Result<Option<Model>, DatabaseError> {
    Ok(only(connection, live(nonce_digest, now_us)).await?)
}

/// The same, and nobody else changes it until this write ends.
///
/// # Errors
/// [`DatabaseError::Fetch`] and the like.
pub async fn find_locked(
    transaction: &WriteTransaction,
    nonce_digest: &[u8; 32],
    now_us: i64,
) -> Result<Option<Model>, DatabaseError> {
    let query = live(nonce_digest, now_us).lock(LockType::Update);
    Ok(only(transaction, query).await?)
}

/// The live validation of this number, which nobody else changes until this write ends.
///
/// # Errors
/// [`DatabaseError::Fetch`] and the like.
pub async fn find_by_serial_locked(
    transaction: &WriteTransaction,
    serial: i64,
    now_us: i64,
) -> Result<Option<Model>, DatabaseError> {
    let query = Entity::find_by_id(serial)
        .filter(Column::ExpiresAtUs.gt(now_us))
        .lock(LockType::Update);
    Ok(only(transaction, query).await?)
}

/// Notes what the client asked for.
///
/// # Errors
/// [`DatabaseError::Store`] and the like.
pub async fn authorize(
    transaction: &WriteTransaction,
    serial: i64,
    authorization: &Authorization,
    now_us: i64,
) -> Result<(), DatabaseError> {
    let authorization = authorization.clone();
    let (challenge, method) = authorization.code_challenge.unzip();
    let row = ActiveModel {
        authorized_at_us: Set(Some(now_us)),
        state: Set(authorization.state),
        redirect_uri: Set(Some(authorization.redirect_uri)),
        code_challenge: Set(challenge),
        code_challenge_method: Set(method),
        ..ActiveModel::default()
    };
    change(transaction, serial, row).await
}

/// Begins to send a code: the address is the one that is proven from here on, and the transmission has its place.
///
/// # Errors
/// [`DatabaseError::Store`] and the like.
pub async fn begin_transmission(
    transaction: &WriteTransaction,
    serial: i64,
    transmission: &Transmission,
) -> Result<(), DatabaseError> {
    let transmission = transmission.clone();
    let mut row = ActiveModel {
        address: Set(Some(transmission.address)),
        changes_left: Set(transmission.left.changes),
        transmissions_left: Set(transmission.left.transmissions),
        guesses_left: Set(transmission.left.guesses),
        sent_at_us: Set(Some(transmission.at_us)),
        transmission: Set(transmission.number),
        ..ActiveModel::default()
    };
    if transmission.is_other_address {
        forget_code(&mut row);
    }
    change(transaction, serial, row).await
}

fn forget_code(row: &mut ActiveModel) {
    row.code_hash = Set(None);
    row.code_key_id = Set(None);
    row.code_expires_at_us = Set(None);
}

/// Takes back a transmission that did not take place, and counts the failure. `before_us` is when a code was sent to this
/// address before.
///
/// # Errors
/// [`DatabaseError::Store`] and the like.
pub async fn undo_transmission(
    transaction: &WriteTransaction,
    serial: i64,
    transmission: i64,
    before_us: Option<i64>,
) -> Result<(), DatabaseError> {
    let one_more = |column: Column| ExprTrait::add(Expr::col(column), 1);
    let update = Entity::update_many()
        .col_expr(Column::SentAtUs, Expr::value(before_us))
        .col_expr(
            Column::TransmissionsLeft,
            one_more(Column::TransmissionsLeft),
        )
        .col_expr(Column::Failures, one_more(Column::Failures))
        .filter(Column::Serial.eq(serial))
        .filter(Column::Transmission.eq(transmission));
    update.exec(transaction).await?;
    Ok(())
}

/// Makes a code the one that proves the address, the earlier one being worthless from now on; `false` if the address was
/// proven or changed since, the validation is gone, or another code was begun to be sent.
///
/// # Errors
/// [`DatabaseError::Store`] and the like.
pub async fn arm(
    transaction: &WriteTransaction,
    serial: i64,
    transmission: i64,
    code: &NewCode,
) -> Result<bool, DatabaseError> {
    let code = code.clone();
    let row = ActiveModel {
        code_hash: Set(Some(code.hash.digest)),
        code_key_id: Set(Some(code.hash.key_id)),
        code_expires_at_us: Set(Some(code.expires_at_us)),
        guesses_left: Set(code.guesses),
        ..ActiveModel::default()
    };
    let update = Entity::update_many()
        .set(row)
        .filter(Column::Serial.eq(serial))
        .filter(Column::Transmission.eq(transmission))
        .filter(Column::SolvedAtUs.is_null());
    Ok(update.exec(transaction).await?.rows_affected == 1)
}

/// Takes a guess away from a validation that is locked, before the code is compared.
///
/// # Errors
/// [`DatabaseError::Store`] and the like.
pub async fn take_guess(
    transaction: &WriteTransaction,
    validation: &Model,
) -> Result<(), DatabaseError> {
    let row = ActiveModel {
        guesses_left: Set(validation.guesses_left.saturating_sub(1)),
        ..ActiveModel::default()
    };
    change(transaction, validation.serial, row).await
}

/// Notes that the address is proven, forgets the code, and ends the validation when the authorization code ends.
///
/// # Errors
/// [`DatabaseError::Store`] and the like.
pub async fn solve(
    transaction: &WriteTransaction,
    serial: i64,
    now_us: i64,
    expires_at_us: i64,
) -> Result<(), DatabaseError> {
    let mut row = ActiveModel {
        solved_at_us: Set(Some(now_us)),
        expires_at_us: Set(expires_at_us),
        ..ActiveModel::default()
    };
    forget_code(&mut row);
    change(transaction, serial, row).await
}

/// Notes that the authorization code was exchanged, and keeps the validation as long as the token lives: should the code come
/// again, the token must end.
///
/// # Errors
/// [`DatabaseError::Store`] and the like.
pub async fn redeem(
    transaction: &WriteTransaction,
    serial: i64,
    now_us: i64,
    expires_at_us: i64,
) -> Result<(), DatabaseError> {
    let row = ActiveModel {
        redeemed_at_us: Set(Some(now_us)),
        expires_at_us: Set(expires_at_us),
        ..ActiveModel::default()
    };
    change(transaction, serial, row).await
}

async fn change(
    transaction: &WriteTransaction,
    serial: i64,
    row: ActiveModel,
) -> Result<(), DatabaseError> {
    let row = ActiveModel {
        serial: NotSet,
        ..row
    };
    let update = Entity::update_many()
        .set(row)
        .filter(Column::Serial.eq(serial));
    update.exec(transaction).await?;
    Ok(())
}

/// Removes validations that have ended with their addresses and tokens, at most `most`, and returns how many.
///
/// # Errors
/// [`DatabaseError::Store`] and the like.
pub async fn remove_expired(
    transaction: &WriteTransaction,
    now_us: i64,
    most: u64,
) -> Result<u64, DatabaseError> {
    let expired = Entity::find().filter(Column::ExpiresAtUs.lte(now_us));
    remove(transaction, expired, most).await
}

async fn remove(
    transaction: &WriteTransaction,
    which: Select<Entity>,
    most: u64,
) -> Result<u64, DatabaseError> {
    let which = which
        .select_only()
        .column(Column::Serial)
        .limit(most)
        // Writes that have nothing else to do with each other must not wait for each other here. SQLite has no such locks.
        .lock_with_behavior(LockType::Update, LockBehavior::SkipLocked);
    let delete = Entity::delete_many().filter(Column::Serial.in_subquery(which.into_query()));
    Ok(delete.exec(transaction).await?.rows_affected)
}

/// The keyed hash of the code that can be tried now, if there is one.
#[must_use]
pub fn live_code(validation: &Model, now_us: i64) -> Option<&SecretBytes> {
    let is_live = validation.guesses_left > 0
        && validation
            .code_expires_at_us
            .is_some_and(|end| end > now_us);
    validation.code_hash.as_ref().filter(|_| is_live)
}
