//! What a person sees in a browser: whole pages, made on the server, that need no script and load nothing.
//!
//! A page is given all that it shows; nothing here asks the database or the clock. Every address in a page is absolute, below the
//! public URL: a page is the answer to the very request that a form made, so that its own address says nothing.
//! What a person or a client wrote is escaped by the templates. The texts are in `texts/`, one file for each language.

mod address_form;
mod code_form;
mod dead_end;
mod done;
mod field;
mod landing;
mod language;
mod page;
mod problem;
mod texts;

use base64::{Engine, engine::general_purpose::STANDARD};
use kontor_openapi::scalar::Page;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use poem::http::HeaderValue;
use sha2::{Digest, Sha256};
use url::Url;

pub use address_form::AddressPage;
pub use code_form::CodePage;
pub use dead_end::{DeadEnd, Reason};
pub use done::DonePage;
pub use field::{AddressField, FieldKind, FieldProblem};
pub use language::Language;
pub use problem::Problem;

use self::texts::Texts;
use super::reference::reference;

/// The only style; its hash is in the policy.
const STYLE: &str = include_str!("templates/style.css");
const ICON: &str = include_str!("templates/icon.svg");

/// Makes the pages of a service.
#[derive(Clone, Debug)]
pub struct Pages {
    /// The public URL, with a slash at its end.
    base: String,
    host: String,
    icon: String,
    has_terms: bool,
    has_privacy: bool,
    policy: HeaderValue,
    /// For a page whose form ends in a redirect to a client: browsers hold the redirect against `form-action`, too.
    leaving_policy: HeaderValue,
}

/// What all pages have around their content.
struct Frame<'a> {
    texts: &'static Texts,
    style: &'static str,
    icon: &'a str,
    /// The public URL, with a slash at its end.
    base: &'a str,
    host: &'a str,
    has_terms: bool,
    has_privacy: bool,
    title: String,
    /// What the message shows too.
    reference: Option<String>,
    request_id: Option<&'a str>,
}

impl Pages {
    /// The pages of the service that browsers reach under this URL. They lead to the terms of service and to the privacy policy
    /// where the operator has them.
    ///
    /// # Panics
    /// Never: a hash in base64 can stand in a header.
    #[must_use]
    pub fn new(public_url: &str, has_terms: bool, has_privacy: bool) -> Self {
        let host = Url::parse(public_url)
            .ok()
            .and_then(|url| url.host_str().map(str::to_owned))
            .unwrap_or_default();
        let style = STANDARD.encode(Sha256::digest(STYLE));
        let common = format!(
            "default-src 'none'; style-src 'sha256-{style}'; img-src data:; base-uri 'none'; frame-ancestors 'none'"
        );
        let policy = |text: &str| {
            HeaderValue::from_str(text).expect("a hash in base64 can stand in a header")
        };
        Self {
            base: format!("{}/", public_url.trim_end_matches('/')),
            host,
            icon: format!("data:image/svg+xml;base64,{}", STANDARD.encode(ICON)),
            has_terms,
            has_privacy,
            policy: policy(&format!("{common}; form-action 'self'")),
            leaving_policy: policy(&common),
        }
    }

    /// Where a person sees how far a validation is.
    #[must_use]
    pub fn validation_url(&self, nonce: &str) -> String {
        self.url("ui", nonce)
    }

    /// The URL of something of one validation: `ui`, `challenge`, `solve`.
    fn url(&self, what: &str, nonce: &str) -> String {
        let nonce = utf8_percent_encode(nonce, NON_ALPHANUMERIC);
        format!("{}{what}/{nonce}", self.base)
    }

    fn frame<'a>(&'a self, language: Language, title: &str, nonce: Option<&str>) -> Frame<'a> {
        Frame {
            texts: language.texts(),
            style: STYLE,
            icon: &self.icon,
            base: &self.base,
            host: &self.host,
            has_terms: self.has_terms,
            has_privacy: self.has_privacy,
            title: title.to_owned(),
            reference: nonce.map(reference),
            request_id: None,
        }
    }

    fn page(&self, language: Language, template: &impl askama::Template) -> Page {
        page::page(language, rendered(template), &self.policy)
    }

    /// A page whose form ends in a redirect to a client.
    fn leaving_page(&self, language: Language, template: &impl askama::Template) -> Page {
        page::page(language, rendered(template), &self.leaving_policy)
    }
}

fn rendered(template: &impl askama::Template) -> String {
    template
        .render()
        .expect("a template that holds only texts can be written into a string")
}

impl Frame<'_> {
    /// Says in the title, which is read out first, that there is a problem.
    fn with_problem(mut self, is_there: bool) -> Self {
        if is_there {
            self.title = self.texts.problem_title.fill(self.title);
        }
        self
    }
}

#[cfg(test)]
mod tests;
