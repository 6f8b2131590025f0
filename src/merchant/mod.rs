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

use std::sync::Arc;

pub use gate::{Authority, Caller, Visitor};
pub use instance::{CreateOutcome, NewAuth, create as create_instance};
pub use login::grant as grant_token;

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
