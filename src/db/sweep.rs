//! When what had ended was last removed.

use entity::sweep::{ActiveModel, Column, Entity, ONLY};
use sea_orm::ActiveValue::Set;
use sea_orm::sea_query::OnConflict;
use sea_orm::{ConnectionTrait, EntityTrait};

use super::{DatabaseError, WriteTransaction};

/// When that was, to the day, in microseconds since 1970; `None` before the first time.
///
/// # Errors
/// [`DatabaseError::Fetch`] and the like.
pub async fn last_us(connection: &impl ConnectionTrait) -> Result<Option<i64>, DatabaseError> {
    let row = Entity::find_by_id(ONLY).one(connection).await?;
    Ok(row.map(|row| row.at_us))
}

/// Notes that it was then.
///
/// # Errors
/// [`DatabaseError::Store`] and the like.
pub async fn note(transaction: &WriteTransaction, at_us: i64) -> Result<(), DatabaseError> {
    let row = ActiveModel {
        serial: Set(ONLY),
        at_us: Set(at_us),
    };
    let mut update = OnConflict::column(Column::Serial);
    update.update_column(Column::AtUs);
    let insert = Entity::insert(row).on_conflict(update);
    insert.exec_without_returning(transaction).await?;
    Ok(())
}
