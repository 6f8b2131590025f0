//! The database layer by itself.

mod access;
mod access_token;
mod audit;
mod backup;
mod challenge;
mod changes;
mod code_counter;
mod instance;
mod login_attempt;
mod retention;
mod schema;
pub mod support;
pub mod transfer;
mod upgrade;
mod write;
mod write_postgres;
mod write_sqlite;
