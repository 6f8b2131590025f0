//! Terms of service and privacy policy, in the format and language that the client prefers.

use kontor_openapi::{
    ApiError,
    challenger::{
        GetChallengerPrivacyPolicyOkContent, GetChallengerPrivacyPolicyReply,
        GetChallengerTermsOkContent, GetChallengerTermsReply, LegalDocumentsApi,
    },
};

use crate::challenger::{Challenger, Visitor, error::Error};
use crate::legal::legal_reply;

impl LegalDocumentsApi for Challenger {
    async fn get_challenger_terms(
        &self,
        visitor: Visitor,
        _if_none_match: Option<String>,
        _accept_language: Option<String>,
    ) -> Result<GetChallengerTermsReply, ApiError> {
        let terms = self.legal.terms.as_ref();
        let terms = terms.ok_or(Error::NotConfigured("this service has no terms of service"))?;
        let chosen = terms.choose(&visitor.headers).ok_or(Error::NotAcceptable)?;
        Ok(legal_reply!(
            GetChallengerTermsReply,
            GetChallengerTermsOkContent,
            chosen
        ))
    }

    async fn get_challenger_privacy_policy(
        &self,
        visitor: Visitor,
        _if_none_match: Option<String>,
        _accept_language: Option<String>,
    ) -> Result<GetChallengerPrivacyPolicyReply, ApiError> {
        let privacy = self.legal.privacy.as_ref();
        let privacy = privacy.ok_or(Error::NotConfigured("this service has no privacy policy"))?;
        let chosen = privacy
            .choose(&visitor.headers)
            .ok_or(Error::NotAcceptable)?;
        Ok(legal_reply!(
            GetChallengerPrivacyPolicyReply,
            GetChallengerPrivacyPolicyOkContent,
            chosen
        ))
    }
}
