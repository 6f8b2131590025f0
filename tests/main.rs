//! All tests that go through more than one module, on SQLite or on the PostgreSQL server that
//! `KONTOR_TEST_DATABASE_URL` names.

mod cli;
mod contract;
mod database;
mod http;
mod merchant;
mod story;
mod support;
mod tan;
mod tour;
