//! The database layer by itself, on SQLite or on the PostgreSQL server that `KONTOR_TEST_DATABASE_URL` names.

#[path = "database/mod.rs"]
mod database;
