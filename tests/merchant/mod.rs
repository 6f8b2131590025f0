//! The operations of the merchant, one file per tag.

mod access_tokens;
mod audit;
mod authorization;
mod bank_accounts;
mod bodies;
mod configuration;
mod exchanges;
mod guesses;
mod instances;
mod legacy_secrets;
mod legal_documents;
mod login;
mod login_limit;
mod otp_devices;
mod own_instance;
mod refresh;
mod restoration;
mod second_factor;
mod secrets;
mod self_provisioning;
mod sweep;
mod token_list;
mod verification;
