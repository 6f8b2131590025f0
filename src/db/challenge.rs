//! Requests that a second factor must confirm, and the challenges that confirm them.

mod open;

use entity::SecretBytes;
use entity::challenge::{ActiveModel, Channel, Column, Entity, Model, Role};
use entity::challenge_group::{self, Budget};
use sea_orm::ActiveValue::{NotSet, Set};
use sea_orm::sea_query::{Expr, LockBehavior, LockType};
use sea_orm::{
    ColumnTrait, Condition, ConnectionTrait, EntityTrait, ExprTrait, QueryFilter, QuerySelect,
    QueryTrait,
};

pub use self::open::{Open, evict, sent_until};
use super::{DatabaseError, WriteTransaction, credential::KeyedDigest, unique::only};

/// A request that is to be confirmed.
#[derive(Clone, Debug)]
pub struct NewChallengeGroup {
    /// Which daily numbers its codes count for.
    pub budget: Budget,
    /// What the codes are for, as their messages say it.
    pub purpose: String,
    /// The `operationId` of the request.
    pub operation: String,
    /// The instance whose second factor is asked, with the version of its credential; none at a sign-up.
    pub instance: Option<(i64, i64)>,
    /// Its name.
    pub instance_id: String,
    /// The name of the instance that the request is about.
    pub subject: String,
    /// Keyed hash of the request.
    pub request_hash: KeyedDigest,
    /// Where the request came from.
    pub network: String,
    /// Now.
    pub created_at_us: i64,
    /// When its challenges end.
    pub expires_at_us: i64,
}

/// A challenge that is to be solved.
#[derive(Clone, Debug)]
pub struct NewChallenge {
    /// SHA-256 of its id.
    pub id_digest: [u8; 32],
    /// How its code is sent.
    pub channel: Channel,
    /// Where its code is sent.
    pub address: String,
    /// What the address is to the instance.
    pub role: Role,
    /// The body of the request, sealed under its id.
    pub sealed_body: Option<SecretBytes>,
}

/// A challenge and the request that it belongs to.
pub type ChallengeOfGroup = (Model, challenge_group::Model);

/// Stores a request and returns its serial.
///
/// # Errors
/// [`DatabaseError::Store`] and the like.
pub async fn insert_group(
    transaction: &WriteTransaction,
    new: &NewChallengeGroup,
) -> Result<i64, DatabaseError> {
    let new = new.clone();
    let row = challenge_group::ActiveModel {
        serial: NotSet,
        budget: Set(new.budget),
        purpose: Set(new.purpose),
        operation: Set(new.operation),
        instance_serial: Set(new.instance.map(|(serial, _)| serial)),
        instance_id: Set(new.instance_id),
        subject: Set(new.subject),
        credential_version: Set(new.instance.map(|(_, version)| version)),
        request_hash: Set(new.request_hash.digest),
        request_key_id: Set(new.request_hash.key_id),
        network: Set(new.network),
        created_at_us: Set(new.created_at_us),
        expires_at_us: Set(new.expires_at_us),
    };
    let inserted = challenge_group::Entity::insert(row).exec(transaction).await;
    Ok(inserted.map_err(DatabaseError::store)?.last_insert_id)
}

/// Makes sure that a request is still there, and that it stays until this write ends.
///
/// # Errors
/// [`DatabaseError::Fetch`] and the like.
pub async fn hold_group(
    transaction: &WriteTransaction,
    serial: i64,
) -> Result<bool, DatabaseError> {
    let held = challenge_group::Entity::find_by_id(serial).lock(LockType::KeyShare);
    Ok(only(transaction, held).await?.is_some())
}

/// Adds a challenge to a request.
///
/// # Errors
/// [`DatabaseError::Store`] and the like.
pub async fn insert(
    transaction: &WriteTransaction,
    group_serial: i64,
    new: &NewChallenge,
) -> Result<(), DatabaseError> {
    let new = new.clone();
    let row = ActiveModel {
        serial: NotSet,
        group_serial: Set(group_serial),
        id_digest: Set(new.id_digest.to_vec()),
        channel: Set(new.channel),
        address: Set(new.address),
        role: Set(new.role),
        sealed_body: Set(new.sealed_body),
        code_hash: Set(None),
        code_key_id: Set(None),
        code_expires_at_us: Set(None),
        guesses_left: Set(0),
        sent_at_us: Set(None),
        failures: Set(0),
        solved_at_us: Set(None),
    };
    let inserted = Entity::insert(row).exec_without_returning(transaction);
    inserted.await.map_err(DatabaseError::store)?;
    Ok(())
}

/// The live challenges with these digests, each with its request.
///
/// # Errors
/// [`DatabaseError::Fetch`] and the like.
pub async fn find(
    connection: &impl ConnectionTrait,
    id_digests: &[[u8; 32]],
    now_us: i64,
) -> Result<Vec<ChallengeOfGroup>, DatabaseError> {
    let digests = id_digests.iter().map(|digest| digest.to_vec());
    let found = Entity::find()
        .filter(Column::IdDigest.is_in(digests))
        .filter(challenge_group::Column::ExpiresAtUs.gt(now_us))
        .find_also_related(challenge_group::Entity)
        .all(connection)
        .await?;
    Ok(found
        .into_iter()
        .filter_map(|(challenge, group)| Some((challenge, group?)))
        .collect())
}

/// The live challenge with this digest and its request, which nobody else changes until this write ends.
///
/// # Errors
/// [`DatabaseError::Fetch`] and the like.
pub async fn find_locked(
    transaction: &WriteTransaction,
    id_digest: &[u8; 32],
    now_us: i64,
) -> Result<Option<ChallengeOfGroup>, DatabaseError> {
    let locked = Entity::find()
        .filter(Column::IdDigest.eq(id_digest.to_vec()))
        .lock(LockType::Update);
    let Some(challenge) = only(transaction, locked).await? else {
        return Ok(None);
    };
    let group = challenge_group::Entity::find_by_id(challenge.group_serial)
        .filter(challenge_group::Column::ExpiresAtUs.gt(now_us));
    let group = only(transaction, group).await?;
    Ok(group.map(|group| (challenge, group)))
}

/// The challenge of this number, if it was not used up or removed.
///
/// # Errors
/// [`DatabaseError::Fetch`] and the like.
pub async fn find_by_serial(
    connection: &impl ConnectionTrait,
    serial: i64,
) -> Result<Option<Model>, DatabaseError> {
    Ok(Entity::find_by_id(serial).one(connection).await?)
}

/// The solved challenges of these requests.
///
/// # Errors
/// [`DatabaseError::Fetch`] and the like.
pub async fn solved(
    connection: &impl ConnectionTrait,
    group_serials: &[i64],
) -> Result<Vec<Model>, DatabaseError> {
    let query = Entity::find()
        .filter(Column::GroupSerial.is_in(group_serials.iter().copied()))
        .filter(Column::SolvedAtUs.is_not_null());
    Ok(query.all(connection).await?)
}

/// Uses up requests that were confirmed; `false` if one of them was used before, or has ended: then the write must not go on.
///
/// # Errors
/// [`DatabaseError::Store`] and the like.
pub async fn consume(
    transaction: &WriteTransaction,
    group_serials: &[i64],
    now_us: i64,
) -> Result<bool, DatabaseError> {
    use challenge_group::{Column, Entity};

    let delete = Entity::delete_many()
        .filter(Column::Serial.is_in(group_serials.iter().copied()))
        .filter(Column::ExpiresAtUs.gt(now_us));
    let consumed = delete.exec(transaction).await?.rows_affected;
    Ok(usize::try_from(consumed) == Ok(group_serials.len()))
}

/// Begins to send a code: no other is sent for this challenge from here on until `sent_at_us` is long enough ago.
///
/// # Errors
/// [`DatabaseError::Store`] and the like.
pub async fn begin_transmission(
    transaction: &WriteTransaction,
    serial: i64,
    now_us: i64,
) -> Result<(), DatabaseError> {
    let update = Entity::update_many()
        .col_expr(Column::SentAtUs, Expr::value(now_us))
        .filter(Column::Serial.eq(serial));
    update.exec(transaction).await?;
    Ok(())
}

/// Takes back a transmission that did not take place, and counts the failure.
///
/// # Errors
/// [`DatabaseError::Store`] and the like.
pub async fn undo_transmission(
    transaction: &WriteTransaction,
    serial: i64,
    begun_at_us: i64,
    before_us: Option<i64>,
) -> Result<(), DatabaseError> {
    let update = Entity::update_many()
        .col_expr(Column::SentAtUs, Expr::value(before_us))
        .col_expr(
            Column::Failures,
            ExprTrait::add(Expr::col(Column::Failures), 1),
        )
        .filter(Column::Serial.eq(serial))
        .filter(Column::SentAtUs.eq(begun_at_us));
    update.exec(transaction).await?;
    Ok(())
}

/// A code that was handed over.
#[derive(Clone, Debug)]
pub struct NewCode {
    /// Keyed hash of it.
    pub hash: KeyedDigest,
    /// When it ends.
    pub expires_at_us: i64,
    /// How often it may be guessed.
    pub guesses: i64,
}

/// Makes a code the one that solves the challenge, the earlier one being worthless from now on; `false` if the challenge was solved, has ended, or
/// another code was begun to be sent since.
///
/// # Errors
/// [`DatabaseError::Store`] and the like.
pub async fn arm(
    transaction: &WriteTransaction,
    serial: i64,
    begun_at_us: i64,
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
        .filter(Column::SentAtUs.eq(begun_at_us))
        .filter(Column::SolvedAtUs.is_null());
    Ok(update.exec(transaction).await?.rows_affected == 1)
}

/// Takes a guess away, before the code is compared; how many are left then, or none if there was none to take.
///
/// # Errors
/// [`DatabaseError::Store`] and the like.
pub async fn take_guess(
    transaction: &WriteTransaction,
    challenge: &Model,
) -> Result<Option<i64>, DatabaseError> {
    let update = Entity::update_many()
        .col_expr(
            Column::GuessesLeft,
            ExprTrait::sub(Expr::col(Column::GuessesLeft), 1),
        )
        .filter(Column::Serial.eq(challenge.serial))
        .filter(Column::GuessesLeft.gt(0))
        .filter(Column::SolvedAtUs.is_null());
    let taken = update.exec(transaction).await?.rows_affected == 1;
    Ok(taken.then(|| challenge.guesses_left.saturating_sub(1)))
}

/// Marks a challenge as solved, and forgets its code.
///
/// # Errors
/// [`DatabaseError::Store`] and the like.
pub async fn solve(
    transaction: &WriteTransaction,
    serial: i64,
    now_us: i64,
) -> Result<(), DatabaseError> {
    let row = ActiveModel {
        code_hash: Set(None),
        code_key_id: Set(None),
        code_expires_at_us: Set(None),
        solved_at_us: Set(Some(now_us)),
        ..ActiveModel::default()
    };
    let update = Entity::update_many()
        .set(row)
        .filter(Column::Serial.eq(serial));
    update.exec(transaction).await?;
    Ok(())
}

/// Ends every open challenge of an instance, as a change of its credential does.
///
/// # Errors
/// [`DatabaseError::Store`] and the like.
pub async fn end_of_instance(
    transaction: &WriteTransaction,
    instance_serial: i64,
) -> Result<(), DatabaseError> {
    let delete = challenge_group::Entity::delete_many()
        .filter(challenge_group::Column::InstanceSerial.eq(instance_serial));
    delete.exec(transaction).await?;
    Ok(())
}

/// Ends the open challenges of an instance that are sent to what an address is to it on a channel, as a change of that contact or factor does.
///
/// # Errors
/// [`DatabaseError::Store`] and the like.
pub async fn end_of_channel(
    transaction: &WriteTransaction,
    instance_serial: i64,
    channel: Channel,
    role: Role,
) -> Result<(), DatabaseError> {
    let groups = challenge_group::Entity::find()
        .select_only()
        .column(challenge_group::Column::Serial)
        .filter(challenge_group::Column::InstanceSerial.eq(instance_serial));
    let delete = Entity::delete_many()
        .filter(Column::GroupSerial.in_subquery(groups.into_query()))
        .filter(Column::Channel.eq(channel))
        .filter(Column::Role.eq(role));
    delete.exec(transaction).await?;
    Ok(())
}

/// No request is open so long, in microseconds: one that seems to be was made by a clock that was wrong, and would be in the way.
const FURTHEST_US: i64 = 24 * 60 * 60 * 1_000_000;

/// Removes requests that have ended, at most `most`, and returns how many.
///
/// # Errors
/// [`DatabaseError::Store`] and the like.
pub async fn remove_expired(
    transaction: &WriteTransaction,
    now_us: i64,
    most: u64,
) -> Result<u64, DatabaseError> {
    use challenge_group::{Column, Entity};

    let expired = Entity::find()
        .select_only()
        .column(Column::Serial)
        .filter(
            Condition::any()
                .add(Column::ExpiresAtUs.lte(now_us))
                .add(Column::ExpiresAtUs.gt(now_us.saturating_add(FURTHEST_US))),
        )
        .limit(most)
        // Writes that have nothing else to do with each other must not wait for each other here. SQLite has no such locks.
        .lock_with_behavior(LockType::Update, LockBehavior::SkipLocked);
    let delete = Entity::delete_many().filter(Column::Serial.in_subquery(expired.into_query()));
    Ok(delete.exec(transaction).await?.rows_affected)
}
