//! The bound on how many codes are sent in a day.

use entity::challenge_group::Budget;
use entity::{code_counter, code_transmission};
use sea_orm::ActiveValue::{NotSet, Set};
use sea_orm::sea_query::{LockBehavior, LockType, OnConflict};
use sea_orm::{
    ActiveEnum, ColumnTrait, ConnectionTrait, EntityTrait, PaginatorTrait, QueryFilter, QueryOrder,
    QuerySelect, QueryTrait,
};

use super::{DatabaseError, WriteTransaction};

/// Something that is counted, and how often it may be within the window.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Counted {
    /// What is counted.
    pub name: String,
    /// How many are allowed.
    pub most: u64,
    /// Whose number that is.
    pub bound: Bound,
}

/// Whose number a counter bounds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Bound {
    /// An instance's.
    Account,
    /// An address's that codes are sent to.
    Address,
    /// A client network's.
    Network,
    /// The whole server's.
    Server,
}

/// What a code was sent for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CodeFor {
    /// The challenge of this number: a second factor.
    Challenge(i64),
    /// The validation of this number: the proof of an address.
    Validation(i64),
}

impl CodeFor {
    const fn challenge(self) -> Option<i64> {
        match self {
            Self::Challenge(serial) => Some(serial),
            Self::Validation(_) => None,
        }
    }

    const fn validation(self) -> Option<i64> {
        match self {
            Self::Challenge(_) => None,
            Self::Validation(serial) => Some(serial),
        }
    }
}

/// The time over which is counted: a day, in microseconds.
pub const WINDOW_US: i64 = 24 * 60 * 60 * 1_000_000;

/// How many counters that were not used of late are forgotten with each use.
const OLD_AT_ONCE: u64 = 10;

/// Whether something may be done once more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Room {
    /// It may.
    Left,
    /// One of the counters is full.
    Full {
        /// Whose number it is.
        bound: Bound,
        /// When the oldest that counts stops to do so, in microseconds from now.
        retry_after_us: i64,
    },
}

/// Counts once more for all of these, or for none if one of them is full. However many do so at once, no more than allowed get through.
///
/// # Errors
/// [`DatabaseError::Store`] and the like.
pub async fn reserve(
    transaction: &WriteTransaction,
    counted: &[Counted],
    code: Option<CodeFor>,
    now_us: i64,
) -> Result<Room, DatabaseError> {
    remove_old(transaction, now_us, OLD_AT_ONCE).await?;
    // Always in the same order, so that no two writes wait for each other.
    let mut counted = counted.to_vec();
    counted.sort();
    let mut serials = Vec::new();
    for counted in &counted {
        let serial = touch(transaction, &counted.name, now_us).await?;
        if let full @ Room::Full { .. } = room(transaction, serial, counted, now_us).await? {
            return Ok(full);
        }
        serials.push(serial);
    }
    for counter_serial in serials {
        let row = code_transmission::ActiveModel {
            serial: NotSet,
            counter_serial: Set(counter_serial),
            challenge_serial: Set(code.and_then(CodeFor::challenge)),
            validation_serial: Set(code.and_then(CodeFor::validation)),
            at_us: Set(now_us),
        };
        let inserted = code_transmission::Entity::insert(row).exec_without_returning(transaction);
        inserted.await.map_err(DatabaseError::store)?;
    }
    Ok(Room::Left)
}

/// Whether one more would find room now, without counting it.
///
/// # Errors
/// [`DatabaseError::Fetch`] and the like.
pub async fn look(
    connection: &impl ConnectionTrait,
    counted: &[Counted],
    now_us: i64,
) -> Result<Room, DatabaseError> {
    use code_counter::{Column, Entity};

    for counted in counted {
        let counter = Entity::find().filter(Column::Name.eq(&counted.name));
        if let Some(counter) = counter.one(connection).await?
            && let full @ Room::Full { .. } =
                room(connection, counter.serial, counted, now_us).await?
        {
            return Ok(full);
        }
    }
    Ok(Room::Left)
}

/// Takes back what was counted for a code at that moment: nothing was sent, or a right answer shows that it was no guess.
///
/// # Errors
/// [`DatabaseError::Store`] and the like.
pub async fn release(
    transaction: &WriteTransaction,
    code: CodeFor,
    at_us: i64,
) -> Result<(), DatabaseError> {
    use code_transmission::{Column, Entity};

    let of_code = match code {
        CodeFor::Challenge(serial) => Column::ChallengeSerial.eq(serial),
        CodeFor::Validation(serial) => Column::ValidationSerial.eq(serial),
    };
    let delete = Entity::delete_many()
        .filter(of_code)
        .filter(Column::AtUs.eq(at_us));
    delete.exec(transaction).await?;
    Ok(())
}

/// Sets a counter back to nothing.
///
/// # Errors
/// [`DatabaseError::Store`] and the like.
pub async fn clear(transaction: &WriteTransaction, name: &str) -> Result<(), DatabaseError> {
    use code_counter::{Column, Entity};

    let delete = Entity::delete_many().filter(Column::Name.eq(name));
    delete.exec(transaction).await?;
    Ok(())
}

/// The counter of one instance and kind of request.
#[must_use]
pub fn of_instance(budget: Budget, instance_serial: i64) -> String {
    format!("{} instance {instance_serial}", budget.to_value())
}

/// Makes or locks the row of a counter: whoever counts after this sees everything that was counted before.
async fn touch(
    transaction: &WriteTransaction,
    name: &str,
    now_us: i64,
) -> Result<i64, DatabaseError> {
    use code_counter::{ActiveModel, Column, Entity};

    let row = ActiveModel {
        serial: NotSet,
        name: Set(name.to_owned()),
        touched_at_us: Set(now_us),
    };
    let touch = OnConflict::column(Column::Name)
        .update_column(Column::TouchedAtUs)
        .to_owned();
    let touched = Entity::insert(row)
        .on_conflict(touch)
        .exec(transaction)
        .await;
    Ok(touched.map_err(DatabaseError::store)?.last_insert_id)
}

/// Locks what is opened for an instance and kind of request, so that no two count it at once.
///
/// # Errors
/// [`DatabaseError::Store`] and the like.
pub async fn lock(
    transaction: &WriteTransaction,
    name: &str,
    now_us: i64,
) -> Result<(), DatabaseError> {
    touch(transaction, name, now_us).await?;
    Ok(())
}

async fn room(
    connection: &impl ConnectionTrait,
    counter_serial: i64,
    counted: &Counted,
    now_us: i64,
) -> Result<Room, DatabaseError> {
    use code_transmission::{Column, Entity};

    let too_old_us = now_us.saturating_sub(WINDOW_US);
    // What lies further ahead was noted by a clock that was wrong; it must not count until it was right.
    let too_new_us = now_us.saturating_add(WINDOW_US);
    let counts = Entity::find()
        .filter(Column::CounterSerial.eq(counter_serial))
        .filter(Column::AtUs.gt(too_old_us))
        .filter(Column::AtUs.lte(too_new_us));
    if counts.clone().count(connection).await? < counted.most {
        return Ok(Room::Left);
    }
    let oldest = counts.order_by_asc(Column::AtUs).one(connection).await?;
    let oldest_us = oldest.map_or(now_us, |oldest| oldest.at_us);
    Ok(Room::Full {
        bound: counted.bound,
        retry_after_us: oldest_us.saturating_sub(too_old_us).max(1),
    })
}

/// Forgets codes that count no more although their counters do, at most `most`, and returns how many.
///
/// # Errors
/// [`DatabaseError::Store`] and the like.
pub async fn remove_old_transmissions(
    transaction: &WriteTransaction,
    now_us: i64,
    most: u64,
) -> Result<u64, DatabaseError> {
    use code_transmission::{Column, Entity};

    let old = Entity::find()
        .select_only()
        .column(Column::Serial)
        .filter(Column::AtUs.lt(now_us.saturating_sub(WINDOW_US)))
        .limit(most)
        .lock_with_behavior(LockType::Update, LockBehavior::SkipLocked);
    let delete = Entity::delete_many().filter(Column::Serial.in_subquery(old.into_query()));
    Ok(delete.exec(transaction).await?.rows_affected)
}

/// Forgets counters that nothing counts for any more, at most `most`, and returns how many.
///
/// # Errors
/// [`DatabaseError::Store`] and the like.
pub async fn remove_old(
    transaction: &WriteTransaction,
    now_us: i64,
    most: u64,
) -> Result<u64, DatabaseError> {
    use code_counter::{Column, Entity};

    let is_old = Column::TouchedAtUs.lt(now_us.saturating_sub(WINDOW_US));
    let old = Entity::find()
        .select_only()
        .column(Column::Serial)
        .filter(is_old)
        .limit(most)
        // Writes that have nothing else to do with each other must not wait for each other here. SQLite has no such locks.
        .lock_with_behavior(LockType::Update, LockBehavior::SkipLocked);
    let delete = Entity::delete_many().filter(Column::Serial.in_subquery(old.into_query()));
    Ok(delete.exec(transaction).await?.rows_affected)
}
