//! Takes everything from one database into another one, of either kind, and proves that it arrived.
//!
//! A [`Snapshot`] sees one moment of its source, however long the reading takes and whatever a server writes meanwhile. [`copy`] fills an empty database
//! from it in one transaction: interrupted at any moment, it leaves nothing. Rows are read and written page by page, so that memory does not grow with
//! the database, and are read back before the commit: their digests must be those of the source.
//!
//! Every table is copied whole. Two columns mean something to the servers of the source alone and do no harm elsewhere: a payment provider that was
//! being asked (`exchange.next_download_at_us`, `kyc_check.next_check_at_us`) is asked again when that right ends, a minute later at most. Locks, and
//! who waits for what, are nowhere in the tables.

mod digest;
mod error;
mod numbering;
mod snapshot;
mod table;
mod target;

pub use digest::TableSummary;
pub(in crate::db) use digest::sized;
pub use error::TransferError;
pub use snapshot::Snapshot;
pub use table::table_names;
pub use target::copy;
