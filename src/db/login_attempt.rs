//! The bound on guessing passwords.

use entity::{login_attempt, login_limit};
use sea_orm::ActiveValue::{NotSet, Set};
use sea_orm::sea_query::{LockBehavior, LockType};
use sea_orm::{
    ColumnTrait, Condition, EntityTrait, PaginatorTrait, QueryFilter, QueryOrder, QuerySelect,
    QueryTrait,
};

use super::{DatabaseError, WriteTransaction};

/// How many attempts are allowed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LoginLimit {
    /// That many…
    pub attempts: u32,
    /// …in any span of this length, in microseconds.
    pub window_us: i64,
}

/// How many networks that made no attempt of late are forgotten with each attempt.
const OLD_AT_ONCE: u32 = 10;

/// Whether an attempt may be made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reservation {
    /// It may, and counts as failed until it is released.
    Reserved {
        /// What to release.
        serial: i64,
    },
    /// Too many have failed, or are being checked.
    Refused {
        /// When the oldest of them stops to count, in microseconds from now.
        retry_after_us: i64,
    },
}

/// Counts an attempt to log in, before the password is looked at. However many are made at once, no more than the limit get through.
///
/// # Errors
/// [`DatabaseError::Store`] and the like.
pub async fn reserve(
    transaction: &WriteTransaction,
    instance_serial: i64,
    network: &str,
    limit: LoginLimit,
    now_us: i64,
) -> Result<Reservation, DatabaseError> {
    use login_attempt::{Column, Entity};

    // The row stays locked until the write ends, so whoever counts after this sees every attempt that was counted before.
    let login_limit_serial = touch(transaction, instance_serial, network, now_us).await?;
    remove_old(
        transaction,
        now_us.saturating_sub(limit.window_us),
        OLD_AT_ONCE,
    )
    .await?;
    let of_limit = Column::LoginLimitSerial.eq(login_limit_serial);
    let too_old_us = now_us.saturating_sub(limit.window_us);
    // What lies further ahead than the window is long was noted by a clock that was wrong; it must not count until it was right.
    let too_new_us = now_us.saturating_add(limit.window_us);
    let no_longer_counts = Condition::any()
        .add(Column::AtUs.lte(too_old_us))
        .add(Column::AtUs.gt(too_new_us));
    Entity::delete_many()
        .filter(of_limit.clone())
        .filter(no_longer_counts)
        .exec(transaction)
        .await?;
    let counted = Entity::find()
        .filter(of_limit.clone())
        .count(transaction)
        .await?;
    if counted >= u64::from(limit.attempts) {
        let oldest = Entity::find()
            .filter(of_limit)
            .order_by_asc(Column::AtUs)
            .one(transaction);
        let oldest_us = oldest.await?.map_or(now_us, |attempt| attempt.at_us);
        let retry_after_us = oldest_us.saturating_sub(too_old_us).max(1);
        return Ok(Reservation::Refused { retry_after_us });
    }
    let attempt = login_attempt::ActiveModel {
        serial: NotSet,
        login_limit_serial: Set(login_limit_serial),
        at_us: Set(now_us),
    };
    let inserted = Entity::insert(attempt)
        .exec(transaction)
        .await
        .map_err(DatabaseError::store)?;
    Ok(Reservation::Reserved {
        serial: inserted.last_insert_id,
    })
}

/// Takes back an attempt that turned out right, or that was never checked.
///
/// # Errors
/// [`DatabaseError::Store`] and the like.
pub async fn release(transaction: &WriteTransaction, serial: i64) -> Result<(), DatabaseError> {
    login_attempt::Entity::delete_by_id(serial)
        .exec(transaction)
        .await?;
    Ok(())
}

/// Removes what was last counted before `before_us`, at most `most` networks, and returns how many.
///
/// # Errors
/// [`DatabaseError::Store`] and the like.
pub async fn remove_old(
    transaction: &WriteTransaction,
    before_us: i64,
    most: u32,
) -> Result<u64, DatabaseError> {
    use login_limit::{Column, Entity};

    let is_old = Column::TouchedAtUs.lt(before_us);
    let old = Entity::find()
        .select_only()
        .column(Column::Serial)
        .filter(is_old)
        .limit(u64::from(most))
        // Writes that have nothing else to do with each other must not wait for each other here. SQLite has no such locks.
        .lock_with_behavior(LockType::Update, LockBehavior::SkipLocked);
    let delete = Entity::delete_many().filter(Column::Serial.in_subquery(old.into_query()));
    Ok(delete.exec(transaction).await?.rows_affected)
}

/// Makes or locks the row of one network at one instance.
async fn touch(
    transaction: &WriteTransaction,
    instance_serial: i64,
    network: &str,
    now_us: i64,
) -> Result<i64, DatabaseError> {
    use login_limit::{ActiveModel, Column, Entity};
    use sea_orm::sea_query::OnConflict;

    let row = ActiveModel {
        serial: NotSet,
        instance_serial: Set(instance_serial),
        network: Set(network.to_owned()),
        touched_at_us: Set(now_us),
    };
    let touch = OnConflict::columns([Column::InstanceSerial, Column::Network])
        .update_column(Column::TouchedAtUs)
        .to_owned();
    let touched = Entity::insert(row)
        .on_conflict(touch)
        .exec(transaction)
        .await;
    Ok(touched.map_err(DatabaseError::store)?.last_insert_id)
}
