//! What a backup says of itself, so that it is noticed when it is not as it was written.
//!
//! The digests are of the tables as they lie in the file, all of them and whatever release made them, so that they hold for a backup of older
//! tables too. They tell damage: whoever means to deceive writes new ones.

use std::collections::BTreeMap;

use data_encoding::HEXLOWER;
use sea_orm::sqlx::sqlite::{Sqlite, SqliteValueRef};
use sea_orm::sqlx::{Decode, Row as _, TypeInfo as _, ValueRef as _, error::BoxDynError};
use sea_orm::{
    ConnectionTrait, DatabaseConnection, DbErr, QueryResult, Statement, TransactionTrait,
};
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use crate::clock::UnixMicros;
use crate::db::transfer::sized;

/// The table with the one row that holds it, as JSON. A database that is opened to be written has none: see [`drop_from`].
const TABLE: &str = "kontor_backup";

/// Rows that are held in memory at once.
const PAGE: u32 = 64;

/// What was written into a backup.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Manifest {
    /// When its making began, in microseconds since 1970.
    pub made_at_us: i64,
    tables: BTreeMap<String, Written>,
}

/// What was written into a table.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    rows: u64,
    /// In hexadecimal.
    sha256: String,
}

/// Notes in a finished file what is in it, in place of what it was copied with.
pub(super) async fn write(
    connection: &DatabaseConnection,
    made_at: UnixMicros,
) -> Result<(), DbErr> {
    let manifest = Manifest {
        made_at_us: made_at.get(),
        tables: look_at_tables(connection).await?,
    };
    let text = serde_json::to_string(&manifest).map_err(|error| DbErr::Json(error.to_string()))?;
    let transaction = connection.begin().await?;
    drop_from(&transaction).await?;
    let create = format!("CREATE TABLE {TABLE} (manifest TEXT NOT NULL)");
    transaction.execute_unprepared(&create).await?;
    let insert = format!("INSERT INTO {TABLE} (manifest) VALUES ($1)");
    let backend = transaction.get_database_backend();
    let insert = Statement::from_sql_and_values(backend, insert, [text.into()]);
    transaction.execute_raw(insert).await?;
    transaction.commit().await
}

/// A database that goes on to be written is no backup any more.
pub(in crate::db) async fn drop_from(connection: &impl ConnectionTrait) -> Result<(), DbErr> {
    let sql = format!("DROP TABLE IF EXISTS {TABLE}");
    connection.execute_unprepared(&sql).await.map(drop)
}

/// Compares a file with what was written into it; nothing where it does not say, as a copy of a database does not.
///
/// # Errors
/// The first difference, or what SQLite says.
pub(super) async fn verify(connection: &DatabaseConnection) -> Result<Option<Manifest>, Flaw> {
    let Some(manifest) = read(connection).await? else {
        return Ok(None);
    };
    let found = look_at_tables(connection).await?;
    for (name, written) in &manifest.tables {
        match found.get(name) {
            None => return Err(Flaw::Sentence(format!("its table {name} is missing"))),
            Some(there) if there != written => {
                return Err(Flaw::Sentence(format!(
                    "its table {name} is not as it was written"
                )));
            }
            Some(_) => {}
        }
    }
    match found
        .keys()
        .find(|name| !manifest.tables.contains_key(*name))
    {
        Some(name) => Err(Flaw::Sentence(format!("its table {name} was added to it"))),
        None => Ok(Some(manifest)),
    }
}

/// What is wrong with a file.
#[derive(Debug)]
pub(super) enum Flaw {
    /// In words that follow the file's name.
    Sentence(String),
    /// SQLite cannot go on.
    Store(DbErr),
}

impl From<DbErr> for Flaw {
    fn from(error: DbErr) -> Self {
        Self::Store(error)
    }
}

async fn read(connection: &DatabaseConnection) -> Result<Option<Manifest>, Flaw> {
    let unreadable = || Flaw::Sentence("what it says of itself cannot be read".to_owned());
    let there = "SELECT type FROM sqlite_schema WHERE name = $1";
    let Some(there) = query(connection, there, [TABLE.into()]).await?.pop() else {
        return Ok(None);
    };
    // A view may have rows without an end.
    if there.try_get_by_index::<String>(0)? != "table" {
        return Err(unreadable());
    }
    let rows = format!("SELECT manifest FROM {TABLE} LIMIT 2");
    let text = match &query(connection, &rows, []).await?[..] {
        [row] => row.try_get_by_index::<String>(0).ok(),
        _ => None,
    };
    let manifest = text.and_then(|text| serde_json::from_str(&text).ok());
    manifest.map(Some).ok_or_else(unreadable)
}

/// Every table but this one, the numbers that rows got (`sqlite_sequence`) included.
async fn look_at_tables(
    connection: &DatabaseConnection,
) -> Result<BTreeMap<String, Written>, DbErr> {
    const NAMES: &str = r"SELECT name FROM sqlite_schema WHERE type = 'table' AND name <> $1
        AND (name NOT LIKE 'sqlite\_%' ESCAPE '\' OR name = 'sqlite_sequence')";
    let names = query(connection, NAMES, [TABLE.into()]).await?;
    let mut tables = BTreeMap::new();
    for name in names {
        let name: String = name.try_get_by_index(0)?;
        let written = look_at(connection, &name).await?;
        tables.insert(name, written);
    }
    Ok(tables)
}

/// Hashes a table: its name, the names of its columns, and its rows in their order, with a byte before each value that tells its kind.
async fn look_at(connection: &DatabaseConnection, table: &str) -> Result<Written, DbErr> {
    let mut hash = Sha256::new();
    sized(&mut hash, table.as_bytes());
    const COLUMNS: &str = "SELECT name FROM pragma_table_info($1) ORDER BY cid";
    for column in query(connection, COLUMNS, [table.into()]).await? {
        let column: String = column.try_get_by_index(0)?;
        sized(&mut hash, column.as_bytes());
    }
    let quoted = table.replace('"', "\"\"");
    let page =
        format!("SELECT rowid, * FROM \"{quoted}\" WHERE rowid > $1 ORDER BY rowid LIMIT {PAGE}");
    let (mut rows, mut last) = (0, i64::MIN);
    loop {
        let page = query(connection, &page, [last.into()]).await?;
        let Some(row) = page.last() else { break };
        last = row.try_get_by_index(0)?;
        for row in &page {
            add(&mut hash, row)?;
            rows += 1;
        }
    }
    Ok(Written {
        rows,
        sha256: HEXLOWER.encode(&hash.finalize()),
    })
}

/// Takes the next row, whose first value is its number.
fn add(hash: &mut Sha256, row: &QueryResult) -> Result<(), DbErr> {
    let of_sqlite = || DbErr::Custom("a file that is not of SQLite".to_owned());
    let row = row.try_as_sqlite_row().ok_or_else(of_sqlite)?;
    for index in 1..row.len() {
        let value = row.try_get_raw(index);
        let added = value
            .map_err(Into::into)
            .and_then(|value| add_value(hash, value));
        added.map_err(|error| DbErr::Type(error.to_string()))?;
    }
    Ok(())
}

fn add_value(hash: &mut Sha256, value: SqliteValueRef<'_>) -> Result<(), BoxDynError> {
    if value.is_null() {
        hash.update([0]);
        return Ok(());
    }
    let kind = value.type_info().name().to_owned();
    match kind.as_str() {
        "INTEGER" => {
            hash.update([1]);
            hash.update(<i64 as Decode<Sqlite>>::decode(value)?.to_be_bytes());
        }
        "REAL" => {
            hash.update([2]);
            hash.update(<f64 as Decode<Sqlite>>::decode(value)?.to_be_bytes());
        }
        // A text is taken as bytes: one that is damaged need not be UTF-8.
        kind => {
            hash.update([if kind == "TEXT" { 3 } else { 4 }]);
            sized(hash, <&[u8] as Decode<Sqlite>>::decode(value)?);
        }
    }
    Ok(())
}

async fn query<const N: usize>(
    connection: &DatabaseConnection,
    sql: &str,
    values: [sea_orm::Value; N],
) -> Result<Vec<QueryResult>, DbErr> {
    let backend = connection.get_database_backend();
    let statement = Statement::from_sql_and_values(backend, sql, values);
    connection.query_all_raw(statement).await
}
