//! Turns an OpenAPI document into Rust: strict wire types, reply enums, one trait per tag, the routes that enforce
//! the document's security, and a table of its operations.
//!
//! `openapi/build.rs` calls [`error_codes`] and [`Document::load`] followed by [`generate`]. What a document says and
//! this generator cannot express is an [`Error`] that names the file and the JSON pointer; it stops the build.

mod document;
mod emit;
mod error_codes;
mod model;

pub use document::{Document, Error};
pub use error_codes::{ErrorCodes, error_codes};

/// Generates the Rust source of the component schemas of a document: one type for each, except those that name a
/// hand-written type with `x-rust-type`.
///
/// # Errors
/// What the document says and the generator cannot express, with its place.
pub fn generate_types(document: &Document) -> Result<String, Error> {
    let schemas = model::schemas(document)?;
    Ok(emit::source(emit::types(document, &schemas)))
}

/// Generates the Rust source of a whole document: types, reply enums, traits, routes and the table of operations.
///
/// # Errors
/// What the document says and the generator cannot express, with its place.
pub fn generate(document: &Document, codes: &ErrorCodes) -> Result<String, Error> {
    let schemas = model::schemas(document)?;
    let schemes = model::schemes(document)?;
    let operations = model::operations(document, codes)?;
    Ok(emit::source(emit::service(
        document,
        &schemas,
        &schemes,
        &operations,
    )))
}
