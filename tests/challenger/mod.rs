//! The Challenger, over HTTP.

mod authorization;
mod clients;
mod flow;
mod limits;
mod log;
mod metrics;
mod open_validations;
mod pages;
mod race;
mod restoration;
mod support;
mod token;
