//! One digest for one table, the same on both databases.

use sea_orm::{EntityTrait, Iterable, ModelTrait, Value, sea_query::Iden as _};
use sha2::{Digest as _, Sha256};

use crate::db::DatabaseError;

/// What a table holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TableSummary {
    /// Its name.
    pub table: &'static str,
    /// How many rows it has.
    pub rows: u64,
    /// SHA-256 over its columns' names and all its rows in the order of their keys; see [`TableDigest`].
    pub sha256: [u8; 32],
    /// When its newest row was made, in microseconds since 1970; `None` where there are no rows, or they do not say.
    pub newest_at_us: Option<i64>,
    /// The last number that it gave to a row, which may be gone; `None` where it numbers none.
    pub last_serial: Option<i64>,
}

/// A digest in the making.
///
/// The canonical form: name of the table, names of the columns in the order of the entity, and then the values of each row in that order. A name or a
/// text is its length in bytes (64 bits, big-endian) and its UTF-8; a value is led by a byte that tells what it is: 0 none, 1 a number (64 bits,
/// big-endian), 2 false or true (one byte), 3 a text, 4 bytes (length first), 5 JSON (a text, with the members of objects sorted).
pub(super) struct TableDigest<E: EntityTrait> {
    hash: Sha256,
    rows: u64,
    newest_at_us: Option<i64>,
    /// The column that tells when a row was made.
    made_at: Option<E::Column>,
}

impl<E: EntityTrait> TableDigest<E> {
    pub(super) fn new(made_at: Option<E::Column>) -> Self {
        let mut hash = Sha256::new();
        sized(&mut hash, E::default().table_name().as_bytes());
        for column in E::Column::iter() {
            sized(&mut hash, column.unquoted().as_bytes());
        }
        Self {
            hash,
            rows: 0,
            newest_at_us: None,
            made_at,
        }
    }

    /// Takes the next row, in the order of the keys.
    pub(super) fn add(&mut self, row: &E::Model) -> Result<(), DatabaseError> {
        for column in E::Column::iter() {
            value(&mut self.hash, row.get(column)).map_err(|kind| {
                let table = E::default().table_name().to_owned();
                DatabaseError::Invariant(format!("{table}.{} is {kind}", column.unquoted()))
            })?;
        }
        if let Some(Value::BigInt(at_us)) = self.made_at.map(|column| row.get(column)) {
            self.newest_at_us = self.newest_at_us.max(at_us);
        }
        self.rows += 1;
        Ok(())
    }

    pub(super) fn finish(self, last_serial: Option<i64>) -> TableSummary {
        TableSummary {
            table: E::default().table_name(),
            rows: self.rows,
            sha256: self.hash.finalize().into(),
            newest_at_us: self.newest_at_us,
            last_serial,
        }
    }
}

/// Hashes a value; fails for a kind that no table of Kontor has.
fn value(hash: &mut Sha256, value: Value) -> Result<(), &'static str> {
    match value {
        Value::BigInt(Some(number)) => number_of(hash, number),
        Value::Int(Some(number)) => number_of(hash, number.into()),
        Value::Bool(Some(truth)) => hash.update([2, u8::from(truth)]),
        Value::String(Some(text)) => {
            hash.update([3]);
            sized(hash, text.as_bytes());
        }
        Value::Bytes(Some(bytes)) => {
            hash.update([4]);
            sized(hash, &bytes);
        }
        Value::Json(Some(mut json)) => {
            json.sort_all_objects();
            hash.update([5]);
            sized(hash, json.to_string().as_bytes());
        }
        Value::BigInt(None)
        | Value::Int(None)
        | Value::Bool(None)
        | Value::String(None)
        | Value::Bytes(None)
        | Value::Json(None) => hash.update([0]),
        _ => return Err("of a kind that has no canonical form"),
    }
    Ok(())
}

fn number_of(hash: &mut Sha256, number: i64) {
    hash.update([1]);
    hash.update(number.to_be_bytes());
}

/// Hashes bytes, led by how many they are.
pub(in crate::db) fn sized(hash: &mut Sha256, bytes: &[u8]) {
    hash.update((bytes.len() as u64).to_be_bytes());
    hash.update(bytes);
}
