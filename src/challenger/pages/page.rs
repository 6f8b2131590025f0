//! The headers of a page.

use kontor_openapi::scalar::Page;
use poem::http::{HeaderMap, HeaderName, HeaderValue, header};

use super::Language;

const X_ROBOTS_TAG: HeaderName = HeaderName::from_static("x-robots-tag");

/// A page with every header that one has. Those that every answer has are set further out.
pub(super) fn page(language: Language, html: String, policy: &HeaderValue) -> Page {
    let headers = [
        (header::CACHE_CONTROL, HeaderValue::from_static("no-store")),
        (header::CONTENT_SECURITY_POLICY, policy.clone()),
        (
            header::CONTENT_LANGUAGE,
            HeaderValue::from_static(language.tag()),
        ),
        (
            header::VARY,
            HeaderValue::from_static("Accept, Accept-Language"),
        ),
        (X_ROBOTS_TAG, HeaderValue::from_static("noindex")),
    ];
    Page {
        html,
        headers: HeaderMap::from_iter(headers),
    }
}
