//! The pages of `docs/` that tell a story in commands, lived through by a reader who types them as they are printed.

mod backup;
mod challenger;
mod install;
mod operator;
mod page;
mod reader;
mod sdk;
mod second_factor;
mod shop;

use crate::cli::program::{Place, Running};

/// Starts the server with a configuration of a page.
fn serve(place: &Place, configuration: &str, environment: &[(&str, &str)]) -> Running {
    std::fs::write(place.path("kontor.toml"), configuration).expect("a configuration");
    let path = std::env::var("PATH").expect("a PATH");
    let path = [("PATH", path.as_str())];
    place.start(&["serve"], &[&path, environment].concat())
}
