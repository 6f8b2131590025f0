//! Rows that a unique key finds.

use sea_orm::{ConnectionTrait, DbErr, EntityTrait, FromQueryResult, QueryTrait, Select};

/// The only row that a query by a unique key can find.
///
/// [`Select::one`] would ask for it with `LIMIT $n`, and SQLite plans a statement anew whenever a limit is bound to it: that
/// took longer than all else in an authenticated request.
pub(super) async fn only<E: EntityTrait>(
    connection: &impl ConnectionTrait,
    query: Select<E>,
) -> Result<Option<E::Model>, DbErr> {
    let row = connection.query_one(&query.into_query()).await?;
    row.map(|row| E::Model::from_query_result(&row, ""))
        .transpose()
}
