//! The pages of `docs/` as a book: what is made from the code is what the code says now, and every reference leads somewhere.

mod commands;
mod configuration;
mod generated;
mod references;
mod status;
