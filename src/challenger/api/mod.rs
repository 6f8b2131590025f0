//! The operations, one file for each tag of the document.

mod clients;
mod configuration;
mod legal_documents;
mod pages;
mod validation;
