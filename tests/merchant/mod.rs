//! The operations of the merchant, one file per tag.

mod access_tokens;
mod authorization;
mod configuration;
mod legacy_secrets;
mod legal_documents;
mod login;
mod login_limit;
mod refresh;
mod secrets;
mod token_list;
