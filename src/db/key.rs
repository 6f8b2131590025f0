//! The keys that this database has been used with.

use entity::SecretBytes;
use entity::key::{ActiveModel, Column, Entity, Model};
use sea_orm::ActiveValue::Set;
use sea_orm::{ConnectionTrait, EntityTrait, QueryOrder, TryInsertResult};

use super::{DatabaseError, WriteTransaction};

/// All keys, the oldest first.
///
/// # Errors
/// [`DatabaseError::Fetch`] and the like.
pub async fn all(connection: &impl ConnectionTrait) -> Result<Vec<Model>, DatabaseError> {
    let query = Entity::find()
        .order_by_asc(Column::CreatedAtUs)
        .order_by_asc(Column::KeyId);
    Ok(query.all(connection).await?)
}

/// Notes a key; `false` if one of that name is noted already.
///
/// # Errors
/// [`DatabaseError::Store`] and the like.
pub async fn insert(
    transaction: &WriteTransaction,
    key_id: &str,
    check_value: &SecretBytes,
    created_at_us: i64,
) -> Result<bool, DatabaseError> {
    let key = ActiveModel {
        key_id: Set(key_id.to_owned()),
        check_value: Set(check_value.clone()),
        created_at_us: Set(created_at_us),
    };
    let insert = Entity::insert(key).on_conflict_do_nothing_on([Column::KeyId]);
    let outcome = insert.exec_without_returning(transaction).await?;
    Ok(matches!(outcome, TryInsertResult::Inserted(1)))
}
