//! How processes on one PostgreSQL server tell each other what changed.

use std::collections::BTreeSet;

use sea_orm::{ConnectionTrait, DbErr, Statement};

use super::Topic;

/// The channel of the schema that holds the tables: other schemas of the same database are not concerned.
pub(super) const CHANNEL: &str =
    "SELECT 'kontor_' || oid FROM pg_namespace WHERE nspname = current_schema()";

/// Notifies that channel.
const NOTIFY: &str =
    "SELECT pg_notify('kontor_' || oid, $1) FROM pg_namespace WHERE nspname = current_schema()";

/// Topics of one notification, which may have 7999 bytes.
const TOPICS: usize = 256;

/// Tells every process that listens, once the transaction is committed. The server delivers to none if it is rolled back.
pub(in crate::db) async fn notify(
    transaction: &impl ConnectionTrait,
    changed: &BTreeSet<Topic>,
) -> Result<(), DbErr> {
    let topics: Vec<String> = changed.iter().map(Topic::to_string).collect();
    for topics in topics.chunks(TOPICS) {
        let statement = Statement::from_sql_and_values(
            transaction.get_database_backend(),
            NOTIFY,
            [topics.join(" ").into()],
        );
        transaction.execute_raw(statement).await?;
    }
    Ok(())
}

/// What a notification names. What this version of the program does not know, it does not wait for either.
pub(super) fn parse(payload: &str) -> BTreeSet<Topic> {
    payload.split(' ').filter_map(Topic::parse).collect()
}
