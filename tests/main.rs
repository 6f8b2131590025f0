//! All tests that go through more than one module, on SQLite or on the PostgreSQL server that
//! `KONTOR_TEST_DATABASE_URL` names.

mod book;
mod browser;
mod challenger;
mod cli;
mod clients;
mod compatibility;
mod contract;
mod database;
mod deploy;
mod fuzz;
mod http;
mod merchant;
mod properties;
mod sdk;
mod story;
mod support;
mod tan;
mod tour;
