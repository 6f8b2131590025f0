//! The OpenAPI documents of Kontor, and what is generated from them.
//!
//! `merchant.yaml`, `challenger.yaml` and `common.yaml` beside this crate are the only source of routes, wire types, permissions and
//! statuses. `build.rs` compiles them with `kontor-openapi-codegen` into the modules [`common`], [`merchant`] and
//! [`challenger`]; the other modules are the runtime that the generated code stands on:
//!
//! - [`scalar`]: the types that a document names with `x-rust-type`;
//! - [`json`], [`body`], [`parameter`]: strict reading of what a client sends;
//! - [`reply`], [`ApiError`]: what it is answered;
//! - [`Operation`], [`Gate`]: what is known of an operation, and who may call it;
//! - [`dispatch`]: from a path to its operation, with or without the instance's prefix;
//! - [`document`]: the editions of a document that are served.

extern crate self as kontor_openapi;

pub mod body;
pub mod dispatch;
pub mod document;
mod error;
pub mod json;
mod operation;
pub mod parameter;
pub mod reply;
pub mod scalar;

pub use error::{ApiError, ErrorCode};
pub use operation::{
    Admitted, Authorized, Declared, Described, Failure, Gate, Operation, Requirement, Scheme,
};

/// The crates that generated code names.
#[doc(hidden)]
pub mod export {
    pub use poem;
    pub use poem_openapi;
    pub use serde;
    pub use serde_json;
}

/// The Challenger.
pub mod challenger {
    include!(concat!(env!("OUT_DIR"), "/challenger.rs"));
}

/// What both documents share.
pub mod common {
    include!(concat!(env!("OUT_DIR"), "/common.rs"));
}

/// The Merchant Backend.
pub mod merchant {
    include!(concat!(env!("OUT_DIR"), "/merchant.rs"));
}
