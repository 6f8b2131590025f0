//! The end: the address is proven.

use askama::Template;
use url::Url;

use super::{FieldKind, Frame, Language, Page, Pages, field, texts::Texts};

/// What the last page shows.
#[derive(Clone, Copy, Debug)]
pub struct DonePage<'a> {
    /// Which validation it is.
    pub nonce: &'a str,
    /// The address that was proven.
    pub address: &'a [(FieldKind, &'a str)],
    /// Where the client waits, code and all. None where it has been told already.
    pub redirect_url: Option<&'a str>,
}

#[derive(Template)]
#[template(path = "done.html")]
struct Done<'a> {
    frame: Frame<'a>,
    lead: &'static str,
    address: &'a [(FieldKind, &'a str)],
    link: Option<Link>,
}

/// The way on to the client.
struct Link {
    url: String,
    label: String,
}

impl Pages {
    /// The page that says that the address is proven.
    ///
    /// It links to the client only by `http`, `https` and the schemes of apps, which have a dot in them as RFC 8252 §7.1 wants
    /// it: what else is there, such as `javascript:`, may do something here instead of leading elsewhere.
    #[must_use]
    pub fn done(&self, language: Language, page: &DonePage<'_>) -> Page {
        let texts = language.texts();
        let channel = field::channel(page.address.iter().map(|(kind, _)| *kind));
        let done = Done {
            frame: self.frame(language, texts.done_heading, Some(page.nonce)),
            lead: texts.done_lead.of(channel),
            address: page.address,
            link: page.redirect_url.and_then(|url| Link::to(url, texts)),
        };
        self.page(language, &done)
    }
}

impl Link {
    fn to(url: &str, texts: &'static Texts) -> Option<Self> {
        let url = Url::parse(url).ok()?;
        let label = match url.scheme() {
            "http" | "https" => texts.go_on_to.fill(url.host_str()?),
            app if app.contains('.') => texts.go_on_to_app.to_owned(),
            _ => return None,
        };
        Some(Self {
            url: url.into(),
            label,
        })
    }
}
