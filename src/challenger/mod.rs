//! The Challenger: an OAuth 2.0 service that proves that a person can receive messages at an address.

pub mod client_secret;
