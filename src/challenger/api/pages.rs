//! What a person sees in a browser.

use kontor_openapi::{
    ApiError,
    challenger::{PagesApi, ShowLandingPageReply, ShowValidationReply, ValidationStep},
};

use crate::challenger::{Challenger, Visitor, error::Error, nonce::Nonce};

impl PagesApi for Challenger {
    async fn show_landing_page(&self, visitor: Visitor) -> Result<ShowLandingPageReply, ApiError> {
        let page = self.pages.landing(visitor.language());
        Ok(ShowLandingPageReply::Ok(page))
    }

    async fn show_validation(
        &self,
        visitor: Visitor,
        nonce: String,
        step: Option<ValidationStep>,
    ) -> Result<ShowValidationReply, ApiError> {
        let nonce = Nonce::parse(&nonce).ok_or(Error::ValidationUnknown)?;
        let page = self.show(visitor.language(), &nonce, step).await?;
        Ok(ShowValidationReply::Ok(page))
    }
}
