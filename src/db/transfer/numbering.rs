//! The numbers that rows get: none is ever given out twice, in a copy neither.

use sea_orm::{ConnectionTrait, DbBackend, Statement};

use crate::db::DatabaseError;

/// The last number that a table gave out, also to a row that is gone; `None` before the first.
pub(super) async fn last(
    connection: &impl ConnectionTrait,
    table: &'static str,
) -> Result<Option<i64>, DatabaseError> {
    let backend = connection.get_database_backend();
    if backend == DbBackend::Postgres {
        let sequence = sequence(connection, table).await?;
        let sql = format!("SELECT last_value FROM {sequence} WHERE is_called");
        let row = connection.query_one_raw(Statement::from_string(backend, sql));
        let row = row.await?;
        return Ok(row.map(|row| row.try_get_by_index(0)).transpose()?);
    }
    const SQL: &str = "SELECT seq FROM sqlite_sequence WHERE name = $1";
    let statement = Statement::from_sql_and_values(backend, SQL, [table.into()]);
    let row = connection.query_one_raw(statement).await?;
    Ok(row.map(|row| row.try_get_by_index(0)).transpose()?)
}

/// Has a table go on after that number.
pub(super) async fn go_on_after(
    connection: &impl ConnectionTrait,
    table: &'static str,
    last: i64,
) -> Result<(), DatabaseError> {
    let backend = connection.get_database_backend();
    let run = async |sql: &str, values: [sea_orm::Value; 2]| {
        let statement = Statement::from_sql_and_values(backend, sql, values);
        connection.execute_raw(statement).await
    };
    if backend == DbBackend::Postgres {
        let sql = "SELECT setval(pg_get_serial_sequence($1, 'serial'), $2)";
        run(sql, [table.into(), last.into()]).await?;
        return Ok(());
    }
    // The row is there as soon as a first one was inserted.
    let update = "UPDATE sqlite_sequence SET seq = $2 WHERE name = $1";
    let updated = run(update, [table.into(), last.into()]).await?;
    if updated.rows_affected() == 0 {
        let insert = "INSERT INTO sqlite_sequence (name, seq) VALUES ($1, $2)";
        run(insert, [table.into(), last.into()]).await?;
    }
    Ok(())
}

/// The name of the sequence that numbers a table, ready for SQL.
async fn sequence(
    connection: &impl ConnectionTrait,
    table: &'static str,
) -> Result<String, DatabaseError> {
    const SQL: &str = "SELECT pg_get_serial_sequence($1, 'serial')";
    let statement = Statement::from_sql_and_values(DbBackend::Postgres, SQL, [table.into()]);
    let row = connection.query_one_raw(statement).await?;
    let name: Option<String> = row
        .map(|row| row.try_get_by_index(0))
        .transpose()?
        .flatten();
    name.ok_or_else(|| DatabaseError::Invariant(format!("nothing numbers the table {table}")))
}
