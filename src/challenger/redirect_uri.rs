//! Where the clients of the Challenger want people to be sent back to.

use std::{fmt, str::FromStr};

use url::{Host, Url, form_urlencoded};

/// Longest redirect URI, in bytes.
const LONGEST: usize = 2048;

/// What the answer adds to the query: no parameter may come twice (RFC 6749 §3.1).
const OURS: [&str; 3] = ["code", "state", "error"];

/// The redirect URI of a client (RFC 6749 §3.1.2), exactly as it was registered, since it is compared byte by byte.
///
/// It begins with `https://`, `http://`, or a scheme of an application's own, which has a dot in it and a slash after it
/// (RFC 8252 §7.1: `com.example.app:/done`). Whatever a browser would run or read from the machine (`javascript:`,
/// `data:`, `file:`) is therefore none.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct RedirectUri {
    text: String,
    is_unencrypted: bool,
}

/// Why a text is no redirect URI. None of these repeats the text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum WrongRedirectUri {
    /// More than 2048 bytes.
    #[error("the redirect URI is longer than 2048 bytes")]
    TooLong,
    /// A part after `#`, which no server ever sees.
    #[error("the redirect URI holds a fragment (#)")]
    Fragment,
    /// A character that RFC 3986 does not know, such as a blank, or a percent sign without two digits.
    #[error("the redirect URI holds a character that must be percent-encoded")]
    Character,
    /// Another scheme, or none.
    #[error(
        "the redirect URI must begin with https://, http://, or the scheme of an application, \
         with a dot in it and a slash after it, such as com.example.app:/"
    )]
    Scheme,
    /// A user name or password.
    #[error("the redirect URI holds a user name or password before its host")]
    UserInformation,
    /// The query already has what the answer adds to it.
    #[error("the query of the redirect URI already has \"code\", \"state\" or \"error\"")]
    TakenParameter,
    /// Anything else, such as a host that is none.
    #[error("the redirect URI is not a URI ({0})")]
    Malformed(#[from] url::ParseError),
}

impl RedirectUri {
    /// Takes a redirect URI as somebody wrote it.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn parse(text: &str) -> Result<Self, WrongRedirectUri> {
        if text.len() > LONGEST {
            return Err(WrongRedirectUri::TooLong);
        }
        if text.contains('#') {
            return Err(WrongRedirectUri::Fragment);
        }
        if !is_written_as_uri(text) {
            return Err(WrongRedirectUri::Character);
        }
        // The parser forgives missing and surplus slashes; what a browser makes of them is not known.
        let (scheme, rest) = text.split_once(':').ok_or(WrongRedirectUri::Scheme)?;
        let authority = authority(rest);
        if authority.is_some_and(|authority| authority.contains('@')) {
            return Err(WrongRedirectUri::UserInformation);
        }
        let is = |other: &str| scheme.eq_ignore_ascii_case(other);
        match (is("http") || is("https"), authority) {
            (true, Some("")) => return Err(url::ParseError::EmptyHost.into()),
            (true, Some(_)) => {}
            (false, _) if scheme.contains('.') && rest.starts_with('/') => {}
            _ => return Err(WrongRedirectUri::Scheme),
        }
        let url = Url::parse(text)?;
        if url.query_pairs().any(|(name, _)| OURS.contains(&&*name)) {
            return Err(WrongRedirectUri::TakenParameter);
        }
        Ok(Self {
            text: text.to_owned(),
            is_unencrypted: url.scheme() == "http" && !is_loopback(&url),
        })
    }

    /// The URI as it was registered.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Whether the authorization code goes through a network in the clear: `http` to another machine.
    #[must_use]
    pub fn is_unencrypted(&self) -> bool {
        self.is_unencrypted
    }

    /// Where a person is sent in the end: the URI with its own query, the authorization code and, if the client gave one,
    /// its state, form-encoded (RFC 6749 §4.1.2).
    #[must_use]
    pub fn with_code(&self, code: &str, state: Option<&str>) -> String {
        let mut added = form_urlencoded::Serializer::new(String::new());
        added.append_pair("code", code);
        if let Some(state) = state {
            added.append_pair("state", state);
        }
        let separator = match self.text.split_once('?') {
            None => "?",
            Some((_, query)) if query.is_empty() || query.ends_with('&') => "",
            Some(_) => "&",
        };
        [&self.text, separator, &added.finish()].concat()
    }
}

impl FromStr for RedirectUri {
    type Err = WrongRedirectUri;

    fn from_str(text: &str) -> Result<Self, WrongRedirectUri> {
        Self::parse(text)
    }
}

impl fmt::Display for RedirectUri {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.text)
    }
}

/// Whether all characters are those of RFC 3986 §2, and all percent signs begin an encoded byte.
fn is_written_as_uri(text: &str) -> bool {
    let is_allowed =
        |byte: u8| byte.is_ascii_alphanumeric() || b"-._~:/?[]@!$&'()*+,;=%".contains(&byte);
    let is_encoded = |after: &str| {
        let digits = after.as_bytes().get(..2);
        digits.is_some_and(|digits| digits.iter().all(u8::is_ascii_hexdigit))
    };
    text.bytes().all(is_allowed) && text.split('%').skip(1).all(is_encoded)
}

/// What stands between `//` and the path.
fn authority(rest: &str) -> Option<&str> {
    let rest = rest.strip_prefix("//")?;
    rest.split(['/', '?']).next()
}

fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(name)) => name == "localhost" || name.ends_with(".localhost"),
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(text: &str) -> RedirectUri {
        RedirectUri::parse(text).unwrap_or_else(|reason| panic!("{text}: {reason}"))
    }

    #[test]
    fn it_is_kept_as_written() {
        for text in [
            "https://client.example",
            "HTTPS://Client.Example:443/a/../b?x=%20y&Code=1",
            "http://127.0.0.1:8080/done",
            "http://[::1]/done",
            "https://xn--bcher-kva.example/kyc-proof/phone",
            "com.example.app:/done",
            "com.example.app://done?from=kontor",
        ] {
            assert_eq!(parsed(text).as_str(), text);
        }
        let longest = format!("https://client.example/{}", "a".repeat(LONGEST - 23));
        assert!(RedirectUri::parse(&longest).is_ok());
        let reason = RedirectUri::parse(&(longest + "a"));
        assert_eq!(reason, Err(WrongRedirectUri::TooLong));
    }

    #[test]
    fn what_is_none_is_named() {
        use WrongRedirectUri::{Character, Fragment, Scheme, TakenParameter, UserInformation};
        for (text, reason) in [
            ("", Scheme),
            ("/done", Scheme),
            ("//client.example/done", Scheme),
            ("client.example/done", Scheme),
            ("client.example:8080/done", Scheme),
            ("https:client.example/done", Scheme),
            ("https:/client.example/done", Scheme),
            ("javascript:alert(1)", Scheme),
            ("JavaScript://client.example/%0aalert(1)", Scheme),
            ("data:text/html,hello", Scheme),
            ("file:///etc/passwd", Scheme),
            ("blob:https://client.example/1", Scheme),
            ("ftp://client.example/", Scheme),
            ("app:/done", Scheme),
            ("com.example.app:done", Scheme),
            ("https://client.example/#done", Fragment),
            ("https://client.example/#", Fragment),
            ("https://ada@client.example/", UserInformation),
            ("https://ada:secret@client.example/", UserInformation),
            ("https://@client.example/", UserInformation),
            ("com.example.app://ada@done/", UserInformation),
            ("https://client.example/a b", Character),
            (" https://client.example/", Character),
            ("https://client.example/\r\nSet-Cookie: a=b", Character),
            ("https://client.example\\@other.example/", Character),
            ("https://client.example/\"><script>", Character),
            ("https://bücher.example/", Character),
            ("https://client.example/%", Character),
            ("https://client.example/%4", Character),
            ("https://client.example/%zz", Character),
            ("https://client.example/?code=1", TakenParameter),
            ("https://client.example/?a=b&%73tate=", TakenParameter),
        ] {
            assert_eq!(RedirectUri::parse(text), Err(reason), "{text}");
        }
        for text in [
            "https:///done",
            "https://client.example:99999/",
            "https://%zz/",
            "https://[::g]/",
        ] {
            assert!(RedirectUri::parse(text).is_err(), "{text}");
        }
    }

    #[test]
    fn only_this_machine_may_be_reached_in_the_clear() {
        for (text, is_unencrypted) in [
            ("http://client.example/", true),
            ("HTTP://192.0.2.1/", true),
            ("http://localhost.example/", true),
            ("http://127.0.0.1/", false),
            ("http://[::1]:8080/", false),
            ("http://localhost:8080/", false),
            ("http://app.localhost/", false),
            ("https://client.example/", false),
            ("com.example.app:/done", false),
        ] {
            assert_eq!(parsed(text).is_unencrypted(), is_unencrypted, "{text}");
        }
    }

    #[test]
    fn code_and_state_come_after_what_is_there() {
        for (text, state, answer) in [
            ("https://a.example", None, "https://a.example?code=1.x"),
            (
                "https://a.example/b",
                Some("s"),
                "https://a.example/b?code=1.x&state=s",
            ),
            ("https://a.example/?", None, "https://a.example/?code=1.x"),
            (
                "https://a.example/?c=d",
                Some(""),
                "https://a.example/?c=d&code=1.x&state=",
            ),
            (
                "https://a.example/?c=d&",
                None,
                "https://a.example/?c=d&code=1.x",
            ),
            (
                "com.example.app:/b",
                Some("s"),
                "com.example.app:/b?code=1.x&state=s",
            ),
        ] {
            assert_eq!(parsed(text).with_code("1.x", state), answer);
        }
    }

    #[test]
    fn a_state_comes_back_as_it_was() {
        let state = "a b+c&d=e#%20\r\né\u{0}\"<";
        let answer = parsed("https://client.example/").with_code("1.x", Some(state));
        assert!(is_written_as_uri(&answer), "{answer}");
        let answer = Url::parse(&answer).expect("a URL");
        let pairs: Vec<_> = answer.query_pairs().into_owned().collect();
        let expected = [("code", "1.x"), ("state", state)];
        assert_eq!(
            pairs,
            expected.map(|(name, value)| (name.to_owned(), value.to_owned()))
        );
    }
}
