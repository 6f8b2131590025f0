//! The root: for who got here by chance.

use askama::Template;

use super::{Frame, Language, Page, Pages};

#[derive(Template)]
#[template(path = "landing.html")]
struct Landing<'a> {
    frame: Frame<'a>,
}

impl Pages {
    /// The page at the root: what this service is.
    #[must_use]
    pub fn landing(&self, language: Language) -> Page {
        let title = language.texts().service;
        let landing = Landing {
            frame: self.frame(language, title, None),
        };
        self.page(language, &landing)
    }
}
