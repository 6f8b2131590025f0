//! The database layer by itself.

mod access;
mod access_token;
mod audit;
mod challenge;
mod changes;
mod code_counter;
mod instance;
mod login_attempt;
mod schema;
pub mod support;
mod upgrade;
mod write;
mod write_postgres;
mod write_sqlite;
