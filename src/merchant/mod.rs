//! The Merchant Backend: one file per tag of the document, each implementing the trait that is generated from it.

mod access_tokens;
mod configuration;
mod gate;
mod instance;
mod instances;
pub mod legal;
mod legal_documents;
mod login;
mod own_instance;
mod revocation;
mod second_factor;
mod self_provisioning;

use std::sync::Arc;

pub use access_tokens::{timestamp, token_info};
pub use gate::{Authority, Caller, Proof, Visitor};
pub use instance::{
    By, ChangedBy, CreateOutcome, NewAuth, Removal, base_url, change_auth,
    create as create_instance, remove as remove_instance, shown as show_instance,
};
pub use instances::entry as list_entry;
pub use login::{
    Grant, Granted, GrantedBy, grant as grant_token, lifetime as token_lifetime, micros,
};
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
