//! The document, the types made of it and the document that poem-openapi derives say the same.

pub mod digest;
mod examples;
