//! The document, the types made of it and the document that poem-openapi derives say the same.

mod digest;
mod examples;
