//! What the generator makes of a document before it writes Rust: schemas and operations in Rust's terms.

mod operation;
mod schema;

pub(crate) use operation::{
    Body, BodyKind, Content, Header, Location, MediaKind, Operation, Parameter, Scheme, Success,
    operations, schemes,
};
pub(crate) use schema::{Field, Kind, Reference, Schema, Type, Variant, schemas};
