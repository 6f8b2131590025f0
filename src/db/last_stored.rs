//! When something was stored last.

use entity::{access_token, audit_event, validation};
use sea_orm::{ConnectionTrait, EntityTrait, QueryOrder, QuerySelect};

use super::DatabaseError;

/// When the newest of the rows that are written all day was stored, in microseconds since 1970; `None` where there is none.
///
/// # Errors
/// [`DatabaseError::Fetch`] and the like.
pub async fn last_stored_us(
    connection: &impl ConnectionTrait,
) -> Result<Option<i64>, DatabaseError> {
    use {access_token as token, audit_event as event};

    let times = [
        newest::<event::Entity>(connection, event::Column::Serial, event::Column::AtUs).await?,
        newest::<token::Entity>(
            connection,
            token::Column::Serial,
            token::Column::CreatedAtUs,
        )
        .await?,
        newest::<validation::Entity>(
            connection,
            validation::Column::Serial,
            validation::Column::CreatedAtUs,
        )
        .await?,
    ];
    Ok(times.into_iter().flatten().max())
}

/// By number, for which there is an index in every table.
async fn newest<E: EntityTrait>(
    connection: &impl ConnectionTrait,
    serial: E::Column,
    stored_at: E::Column,
) -> Result<Option<i64>, DatabaseError> {
    let query = E::find().select_only().column(stored_at);
    let newest = query.order_by_desc(serial).limit(1).into_tuple();
    Ok(newest.one(connection).await?)
}
