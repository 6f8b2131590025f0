//! The languages of the pages.

use poem::http::HeaderMap;

use super::texts::{Texts, de, en, fr};
use crate::http::negotiation;

/// A language that the pages are in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Language {
    /// English.
    En,
    /// German.
    De,
    /// French.
    Fr,
}

impl Language {
    /// Every language, the one that nobody asked for first.
    pub const ALL: [Self; 3] = [Self::En, Self::De, Self::Fr];

    /// The one that `Accept-Language` prefers; English where it names none of them.
    #[must_use]
    pub fn of(headers: &HeaderMap) -> Self {
        let preferred = negotiation::language(headers, &Self::ALL.map(Self::tag));
        Self::ALL
            .into_iter()
            .find(|language| Some(language.tag()) == preferred)
            .unwrap_or(Self::En)
    }

    /// BCP 47 tag.
    #[must_use]
    pub const fn tag(self) -> &'static str {
        match self {
            Self::En => "en",
            Self::De => "de",
            Self::Fr => "fr",
        }
    }

    pub(super) const fn texts(self) -> &'static Texts {
        match self {
            Self::En => &en::TEXTS,
            Self::De => &de::TEXTS,
            Self::Fr => &fr::TEXTS,
        }
    }
}

#[cfg(test)]
mod tests {
    use poem::http::{HeaderValue, header::ACCEPT_LANGUAGE};

    use super::*;

    #[test]
    fn the_preferred_language_is_chosen() {
        for (accepted, expected) in [
            ("de-CH, fr;q=0.8", Language::De),
            ("fr-CH", Language::Fr),
            ("it, fr;q=0.5, en;q=0.4", Language::Fr),
            ("en-GB", Language::En),
            ("it", Language::En),
            ("", Language::En),
        ] {
            let value = HeaderValue::from_static(accepted);
            let headers = HeaderMap::from_iter([(ACCEPT_LANGUAGE, value)]);
            assert_eq!(Language::of(&headers), expected, "{accepted}");
        }
        assert_eq!(Language::of(&HeaderMap::new()), Language::En);
    }
}
