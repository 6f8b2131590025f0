//! Rows that a unique key finds.

use sea_orm::{
    ConnectionTrait, DbErr, EntityTrait, FromQueryResult, QueryTrait, Select, Statement, Value,
};

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

/// The only row that a statement with one parameter, written once and for all, can find.
pub(super) async fn only_by_sql<M: FromQueryResult>(
    connection: &impl ConnectionTrait,
    sql: &str,
    key: Value,
) -> Result<Option<M>, DbErr> {
    let backend = connection.get_database_backend();
    let statement = Statement::from_sql_and_values(backend, sql, [key]);
    let row = connection.query_one_raw(statement).await?;
    row.map(|row| M::from_query_result(&row, "")).transpose()
}
