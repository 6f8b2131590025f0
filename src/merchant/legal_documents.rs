//! Terms of service and privacy policy, in the format and language that the client prefers.

use kontor_openapi::merchant::{
    GetPrivacyPolicyOkContent, GetPrivacyPolicyReply, GetTermsOkContent, GetTermsReply,
    LegalDocumentsApi,
};
use poem::http::HeaderMap;

use super::{
    Merchant, Visitor,
    legal::{Format, LegalDocument, Text},
};
use crate::{error::Error, http::negotiation};

/// What the choice of a text depends on.
const VARY: &str = "Accept, Accept-Language";

/// The two operations differ in nothing but the names of their types.
macro_rules! reply {
    ($reply:ident, $content:ident, $document:expr, $headers:expr) => {{
        let Chosen {
            text,
            headers,
            not_modified,
        } = choose($document, $headers)?;
        let Headers {
            etag,
            taler_terms_version,
            avail_languages,
            vary,
        } = headers;
        if not_modified {
            return Ok($reply::NotModified { etag, vary });
        }
        let text_content = || String::from_utf8_lossy(&text.content).into_owned();
        let body = match text.format {
            Format::Plain => $content::Plain(text_content()),
            Format::Html => $content::Html(text_content()),
            Format::Markdown => $content::Markdown(text_content()),
            Format::Pdf => $content::Pdf(text.content.clone()),
        };
        Ok($reply::Ok {
            body,
            etag,
            taler_terms_version,
            avail_languages,
            vary,
        })
    }};
}

impl LegalDocumentsApi for Merchant {
    async fn get_terms(
        &self,
        visitor: Visitor,
        _if_none_match: Option<String>,
        _accept_language: Option<String>,
    ) -> Result<GetTermsReply, Error> {
        let terms = self
            .app
            .legal
            .terms
            .as_ref()
            .ok_or(Error::NotConfigured("this server has no terms of service"))?;
        reply!(GetTermsReply, GetTermsOkContent, terms, &visitor.headers)
    }

    async fn get_privacy_policy(
        &self,
        visitor: Visitor,
        _if_none_match: Option<String>,
        _accept_language: Option<String>,
    ) -> Result<GetPrivacyPolicyReply, Error> {
        let privacy = self
            .app
            .legal
            .privacy
            .as_ref()
            .ok_or(Error::NotConfigured("this server has no privacy policy"))?;
        reply!(
            GetPrivacyPolicyReply,
            GetPrivacyPolicyOkContent,
            privacy,
            &visitor.headers
        )
    }
}

struct Chosen<'d> {
    text: &'d Text,
    headers: Headers,
    not_modified: bool,
}

struct Headers {
    etag: Option<String>,
    taler_terms_version: Option<String>,
    avail_languages: Option<String>,
    vary: Option<String>,
}

fn choose<'d>(document: &'d LegalDocument, headers: &HeaderMap) -> Result<Chosen<'d>, Error> {
    let media_type =
        negotiation::media_type(headers, &document.media_types()).ok_or(Error::NotAcceptable)?;
    let languages = document.languages(media_type);
    let language = negotiation::language(headers, &languages).ok_or(Error::NotAcceptable)?;
    let text = document
        .text(media_type, language)
        .ok_or(Error::NotAcceptable)?;
    Ok(Chosen {
        text,
        headers: Headers {
            etag: Some(text.etag.clone()),
            taler_terms_version: document.version.clone(),
            avail_languages: Some(languages.join(", ")),
            vary: Some(VARY.to_owned()),
        },
        not_modified: document.is_known(headers),
    })
}
