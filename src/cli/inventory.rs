//! What a database or a backup holds, as the verbs print it that move everything.

use data_encoding::HEXLOWER;
use kontor_openapi::scalar::Timestamp;
use serde::Serialize;

use super::output;
use crate::db::backup::Contents;
use crate::db::transfer::TableSummary;
use crate::merchant::timestamp;

/// What all tables hold.
#[derive(Serialize)]
pub struct Inventory {
    /// Rows of all tables together.
    pub rows: u64,
    /// When the newest row was made.
    pub newest: Option<Timestamp>,
    /// Each table.
    pub tables: Vec<TableInventory>,
}

/// What one table holds.
#[derive(Serialize)]
pub struct TableInventory {
    /// Its name.
    pub table: &'static str,
    /// How many rows.
    pub rows: u64,
    /// When its newest row was made, where its rows say so.
    pub newest: Option<Timestamp>,
    /// The digest of its rows, in hexadecimal: the same on both databases.
    pub sha256: String,
}

/// When a backup was made, where it says so.
#[must_use]
pub fn made_at(contents: &Contents) -> Option<Timestamp> {
    contents.made_at_us.map(|at_us| timestamp(Some(at_us)))
}

impl Inventory {
    /// Of these tables.
    #[must_use]
    pub fn of(tables: &[TableSummary]) -> Self {
        let newest_us = tables.iter().filter_map(|table| table.newest_at_us).max();
        let one = |table: &TableSummary| TableInventory {
            table: table.table,
            rows: table.rows,
            newest: table.newest_at_us.map(|at_us| timestamp(Some(at_us))),
            sha256: HEXLOWER.encode(&table.sha256),
        };
        Self {
            rows: tables.iter().map(|table| table.rows).sum(),
            newest: newest_us.map(|at_us| timestamp(Some(at_us))),
            tables: tables.iter().map(one).collect(),
        }
    }

    /// How much it is: `12 rows in 18 tables`.
    #[must_use]
    pub fn size(&self) -> String {
        format!("{} rows in {} tables", self.rows, self.tables.len())
    }

    /// Every table in a line.
    #[must_use]
    pub fn table(&self) -> String {
        let row = |table: &TableInventory| {
            let newest = table.newest.map(output::time).unwrap_or_default();
            vec![table.table.to_owned(), table.rows.to_string(), newest]
        };
        let rows: Vec<_> = self.tables.iter().map(row).collect();
        output::table(&["TABLE", "ROWS", "NEWEST"], &rows)
    }
}
