//! Terms of service and privacy policy, in the format and language that the client prefers.

use kontor_openapi::merchant::{
    GetPrivacyPolicyOkContent, GetPrivacyPolicyReply, GetTermsOkContent, GetTermsReply,
    LegalDocumentsApi,
};

use super::{Merchant, Visitor};
use crate::{error::Error, legal::legal_reply};

impl LegalDocumentsApi for Merchant {
    async fn get_terms(
        &self,
        visitor: Visitor,
        _if_none_match: Option<String>,
        _accept_language: Option<String>,
    ) -> Result<GetTermsReply, Error> {
        let terms = self.app.legal.terms.as_ref();
        let terms = terms.ok_or(Error::NotConfigured("this server has no terms of service"))?;
        let chosen = terms.choose(&visitor.headers).ok_or(Error::NotAcceptable)?;
        Ok(legal_reply!(GetTermsReply, GetTermsOkContent, chosen))
    }

    async fn get_privacy_policy(
        &self,
        visitor: Visitor,
        _if_none_match: Option<String>,
        _accept_language: Option<String>,
    ) -> Result<GetPrivacyPolicyReply, Error> {
        let privacy = self.app.legal.privacy.as_ref();
        let privacy = privacy.ok_or(Error::NotConfigured("this server has no privacy policy"))?;
        let chosen = privacy
            .choose(&visitor.headers)
            .ok_or(Error::NotAcceptable)?;
        Ok(legal_reply!(
            GetPrivacyPolicyReply,
            GetPrivacyPolicyOkContent,
            chosen
        ))
    }
}
