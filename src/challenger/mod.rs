//! The Challenger: an OAuth 2.0 service that proves that a person receives messages at an address.
//!
//! | module | what it does |
//! | --- | --- |
//! | `gate` | who calls: a client, a token, or anybody |
//! | `api` | the operations, one file for each tag of the document |
//! | [`clients`] | how the operator registers clients |
//! | `setup`, `authorization`, `transmission`, `solution`, `redemption` | the steps of a validation, each one write |
//! | [`address`] | what an address is, and which ones are taken |
//! | [`pages`] | what a person sees in a browser |
//! | [`reference`] | by what a person knows which message belongs to which page |
//! | [`client_secret`], [`redirect_uri`], [`nonce`], [`authorization_code`], [`pkce`] | the words of OAuth 2.0 |
//! | [`error`], `failures` | what can go wrong, and how it is told |

pub mod address;
mod api;
mod authorization;
pub mod authorization_code;
pub mod client_secret;
pub mod clients;
pub mod error;
mod failures;
mod gate;
pub mod nonce;
pub mod pages;
pub mod pkce;
mod progress;
mod redemption;
pub mod redirect_uri;
pub mod reference;
mod setup;
mod shown;
mod solution;
mod transmission;

use std::sync::Arc;

use self::{address::Rules, pages::Pages};
use crate::{
    app::{App, StartError},
    config::PublicUrl,
    legal::LegalDocuments,
};

pub use failures::Failures;
pub use gate::{Caller, Visitor};
pub use setup::{SetUp, set_up, set_up_with};

/// The Challenger on an application.
pub struct Challenger {
    app: Arc<App>,
    rules: Rules,
    pages: Arc<Pages>,
    public_url: PublicUrl,
    legal: LegalDocuments,
}

impl Challenger {
    /// Reads what its settings say of addresses, and its legal documents.
    ///
    /// # Errors
    /// A setting or a file that cannot be used.
    pub fn new(app: Arc<App>) -> Result<Self, StartError> {
        let settings = &app.settings.challenger;
        let rules = Rules::new(settings)
            .map_err(|wrong| StartError::Settings(wrong.to_string()))?
            .with_letters(&app.settings.tan.post);
        let public_url = settings.public_url().map_err(StartError::Settings)?;
        let legal = LegalDocuments::load(
            (settings.terms.as_deref(), settings.terms_version.clone()),
            (
                settings.privacy.as_deref(),
                settings.privacy_version.clone(),
            ),
        )?;
        Ok(Self {
            pages: Arc::new(Pages::new(
                public_url.as_str(),
                legal.terms.is_some(),
                legal.privacy.is_some(),
            )),
            rules,
            public_url,
            legal,
            app,
        })
    }

    /// Where people and clients see it, with a slash at the end.
    #[must_use]
    pub fn public_url(&self) -> &PublicUrl {
        &self.public_url
    }

    /// Counts a refusal, if it is one.
    fn count_refusal(&self, error: &error::Error) {
        if let Some(refusal) = error.refusal() {
            self.app.challenger_metrics.refused(refusal);
        }
    }

    /// How its failures are told.
    #[must_use]
    pub fn failures(&self) -> Failures {
        Failures::new(Arc::clone(&self.pages))
    }
}
