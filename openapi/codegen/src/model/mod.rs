//! What the generator makes of a document before it writes Rust: schemas and operations in Rust's terms.

mod operation;
mod request;
mod response;
mod schema;
mod security;

pub(crate) use operation::{Operation, operations};
pub(crate) use request::{Body, BodyKind, Location, Parameter};
pub(crate) use response::{Content, Header, MediaKind, Success};
pub(crate) use schema::{Field, Kind, Reference, Schema, Type, Variant, schemas};
pub(crate) use security::{Scheme, schemes};
