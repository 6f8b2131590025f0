//! What may be called, and on whose word.

use std::fmt;

use poem::http::Uri;
use url::{Position, Url};

/// Longest URL that is called, in bytes.
const LONGEST: usize = 2048;

/// A URL that is fit to be called: `http` or `https`, a host, no user information, no fragment, at most 2048 bytes.
///
/// It says nothing about where the host leads: that is looked at when it is called. `Debug` shows the origin alone, since
/// path and query may hold secrets.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct OutboundUrl(Url);

/// Why a text is no URL that is called. None of these repeats the text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum WrongUrl {
    /// More than 2048 bytes.
    #[error("the URL is longer than 2048 bytes")]
    TooLong,
    /// A control character, white space or a backslash, which programs read in different ways.
    #[error("the URL holds a control character, white space or a backslash")]
    Character,
    /// Another scheme, or none.
    #[error("the URL must begin with http:// or https://")]
    Scheme,
    /// A user name or password.
    #[error("the URL holds a user name or password before its host")]
    UserInformation,
    /// A part after `#`.
    #[error("the URL holds a fragment")]
    Fragment,
    /// Port 0.
    #[error("no server has the port of the URL")]
    Port,
    /// Anything else, such as a host that is none.
    #[error("the text is not a URL ({0})")]
    Malformed(#[from] url::ParseError),
    /// A character that has no place in a request.
    #[error("the URL holds a character that cannot be sent")]
    Unsendable,
    /// A relative reference that leads to another server.
    #[error("the reference leads to another server")]
    OtherOrigin,
}

impl OutboundUrl {
    /// Reads a URL. Where its host leads is not looked at.
    ///
    /// # Errors
    /// What is wrong with its form.
    pub fn parse(text: &str) -> Result<Self, WrongUrl> {
        if text.len() > LONGEST {
            return Err(WrongUrl::TooLong);
        }
        let is_wrong = |character: char| {
            character.is_control() || character.is_whitespace() || character == '\\'
        };
        if text.contains(is_wrong) {
            return Err(WrongUrl::Character);
        }
        // The parser forgives missing and surplus slashes and an empty user name; what others make of them is not known.
        let authority = authority(text).ok_or(WrongUrl::Scheme)?;
        if authority.contains('@') {
            return Err(WrongUrl::UserInformation);
        }
        if text.contains('#') {
            return Err(WrongUrl::Fragment);
        }
        if authority.is_empty() {
            return Err(url::ParseError::EmptyHost.into());
        }
        Self::try_from(Url::parse(text)?)
    }

    /// The URL of a relative reference such as `keys` or `keys?since=1`, on the same server. As everywhere, what follows the last
    /// slash of the path gives way: a base URL ends in one.
    ///
    /// # Errors
    /// What is wrong with the outcome.
    pub fn join(&self, reference: &str) -> Result<Self, WrongUrl> {
        let joined = Self::try_from(self.0.join(reference)?)?;
        if joined.0.origin() == self.0.origin() {
            Ok(joined)
        } else {
            Err(WrongUrl::OtherOrigin)
        }
    }

    /// The URL itself.
    #[must_use]
    pub fn as_url(&self) -> &Url {
        &self.0
    }

    /// The normalised URL as text, with its query.
    #[must_use]
    pub fn as_str(&self) -> &str {
        self.0.as_str()
    }

    /// Path and query, as a request names them.
    pub(super) fn target(&self) -> Result<Uri, WrongUrl> {
        self.0[Position::BeforePath..Position::AfterQuery]
            .parse()
            .map_err(|_| WrongUrl::Unsendable)
    }

    /// Host and, unless it is the usual one, port.
    pub(super) fn authority(&self) -> &str {
        &self.0[Position::BeforeHost..Position::AfterPort]
    }
}

/// What stands between the scheme and the path, if the scheme is one of ours.
fn authority(text: &str) -> Option<&str> {
    let (scheme, rest) = text.split_once("://")?;
    let is = |other: &str| scheme.eq_ignore_ascii_case(other);
    (is("http") || is("https")).then(|| rest.split(['/', '?', '#']).next().unwrap_or_default())
}

impl TryFrom<Url> for OutboundUrl {
    type Error = WrongUrl;

    fn try_from(url: Url) -> Result<Self, WrongUrl> {
        match () {
            () if url.as_str().len() > LONGEST => Err(WrongUrl::TooLong),
            () if !matches!(url.scheme(), "http" | "https") => Err(WrongUrl::Scheme),
            () if !url.username().is_empty() || url.password().is_some() => {
                Err(WrongUrl::UserInformation)
            }
            () if url.fragment().is_some() => Err(WrongUrl::Fragment),
            () if url.port() == Some(0) => Err(WrongUrl::Port),
            () => {
                let url = Self(url);
                url.target().map(|_| url)
            }
        }
    }
}

impl fmt::Debug for OutboundUrl {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0[..Position::BeforePath])
    }
}

/// A URL, and on whose word it is called.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Destination {
    /// From the configuration: any address will do.
    Operator(OutboundUrl),
    /// From anybody else, a merchant included: public addresses only, and what the operator allows beside them.
    Stranger(OutboundUrl),
}

impl Destination {
    /// The URL.
    #[must_use]
    pub fn url(&self) -> &OutboundUrl {
        match self {
            Self::Operator(url) | Self::Stranger(url) => url,
        }
    }

    /// Another URL of the same server, on the same word; see [`OutboundUrl::join`].
    ///
    /// # Errors
    /// What is wrong with the outcome.
    pub fn join(&self, reference: &str) -> Result<Self, WrongUrl> {
        match self {
            Self::Operator(url) => url.join(reference).map(Self::Operator),
            Self::Stranger(url) => url.join(reference).map(Self::Stranger),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(text: &str) -> WrongUrl {
        OutboundUrl::parse(text).expect_err(text)
    }

    #[test]
    fn usual_urls_are_taken_and_normalised() {
        for (text, normal) in [
            ("https://shop.example", "https://shop.example/"),
            ("HTTP://Shop.Example:80/a?b=c", "http://shop.example/a?b=c"),
            ("https://[2001:db8::1]:8443/", "https://[2001:db8::1]:8443/"),
            (
                "http://bücher.example/ü",
                "http://xn--bcher-kva.example/%C3%BC",
            ),
            ("http://shop.example/a@b", "http://shop.example/a@b"),
        ] {
            assert_eq!(OutboundUrl::parse(text).unwrap().as_str(), normal);
        }
    }

    #[test]
    fn others_are_refused() {
        for (text, reason) in [
            ("ftp://shop.example/", WrongUrl::Scheme),
            ("shop.example", WrongUrl::Scheme),
            ("http:shop.example", WrongUrl::Scheme),
            ("http:/shop.example", WrongUrl::Scheme),
            ("//shop.example/", WrongUrl::Scheme),
            ("http://user@shop.example/", WrongUrl::UserInformation),
            ("http://@shop.example/", WrongUrl::UserInformation),
            ("http://:@shop.example/", WrongUrl::UserInformation),
            ("http://shop.example/#", WrongUrl::Fragment),
            ("http://shop.example:0/", WrongUrl::Port),
            (" http://shop.example/", WrongUrl::Character),
            ("http://shop.example/\n", WrongUrl::Character),
            ("http://sh\top.example/", WrongUrl::Character),
            ("http:\\\\shop.example\\", WrongUrl::Character),
            ("http://", WrongUrl::Malformed(url::ParseError::EmptyHost)),
            (
                "http:///shop.example/",
                WrongUrl::Malformed(url::ParseError::EmptyHost),
            ),
        ] {
            assert_eq!(refused(text), reason, "{text:?}");
        }
        for text in [
            "http://:80/",
            "http://shop.example:65536/",
            "http://shop.example:x/",
            "http://[fe80::1%25eth0]/",
            "http://[::1/",
            "http://1.2.3.4.5/",
            "http://256.1.1.1/",
            "http://sh%00op.example/",
        ] {
            assert!(matches!(refused(text), WrongUrl::Malformed(_)), "{text:?}");
        }
    }

    #[test]
    fn length_is_limited_before_and_after_normalising() {
        let path = "a".repeat(LONGEST - "http://h.example/".len());
        let longest = format!("http://h.example/{path}");
        assert!(OutboundUrl::parse(&longest).is_ok());
        assert_eq!(refused(&format!("{longest}a")), WrongUrl::TooLong);
        let unfolds = format!("http://h.example/{}", "ü".repeat(500));
        assert_eq!(refused(&unfolds), WrongUrl::TooLong);
    }

    #[test]
    fn joining_stays_on_the_server() {
        let base = OutboundUrl::parse("https://exchange.example/base/").unwrap();
        let keys = base.join("keys?since=1").unwrap();
        assert_eq!(keys.as_str(), "https://exchange.example/base/keys?since=1");
        for elsewhere in [
            "//other.example/",
            "http://exchange.example/",
            "https://exchange.example:8443/",
        ] {
            assert_eq!(base.join(elsewhere), Err(WrongUrl::OtherOrigin));
        }
        assert_eq!(base.join("file:///etc"), Err(WrongUrl::Scheme));
        assert_eq!(base.join("#x"), Err(WrongUrl::Fragment));
    }

    #[test]
    fn secrets_in_path_and_query_are_not_shown() {
        let url = OutboundUrl::parse("https://shop.example:8443/secret?secret").unwrap();
        assert_eq!(format!("{url:?}"), "https://shop.example:8443");
    }
}
