//! The Merchant Backend: one file per tag of the document, each implementing the trait that is generated from it.

mod access_tokens;
mod account;
mod accounts;
mod configuration;
mod exchanges;
mod gate;
mod instance;
mod instances;
mod kyc_status;
mod legal_documents;
mod login;
mod otp_devices;
mod own_instance;
mod page;
mod revocation;
mod second_factor;
mod self_provisioning;
mod verification;

use std::sync::Arc;

pub use access_tokens::{timestamp, token_info};
pub use gate::{Authority, Caller, Proof, Visitor};
pub use instance::{
    By, ChangedBy, CreateOutcome, NewAuth, Removal, base_url, change_auth,
    create as create_instance, public_key, remove as remove_instance, shown as show_instance,
};
pub use instances::listed as list_instances;
pub use login::{
    Grant, Granted, GrantedBy, grant as grant_token, lifetime as token_lifetime, micros,
};
pub use otp_devices::register as register_otp_device;
pub use revocation::{Revocation, revoke as revoke_token};

use crate::app::App;

/// The implementation of the document's operations.
#[derive(Clone)]
pub struct Merchant {
    app: Arc<App>,
}

impl Merchant {
    /// On an application.
    #[must_use]
    pub fn new(app: Arc<App>) -> Self {
        Self { app }
    }
}
