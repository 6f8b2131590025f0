//! What a request presents in its `Authorization` header, in every form that clients send.

use base64::Engine;
use base64::alphabet::STANDARD;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use poem::http::HeaderMap;
use poem::http::header::AUTHORIZATION;
use secrecy::{ExposeSecret, SecretString};
use zeroize::Zeroizing;

use super::access_token::{TokenDigest, looks_like_access_token};
use super::legacy_secret::LegacySecret;
use super::password::Password;

/// The credential of a request, not verified yet.
#[derive(Clone, Debug)]
pub enum Presented {
    /// No `Authorization` header, or an empty one.
    None,
    /// `Basic` with a user and a password.
    Basic {
        /// The text before the first colon; the API wants the instance id here.
        user: String,
        /// The text after it.
        password: PresentedSecret,
    },
    /// `Bearer` with a secret, or a bare `secret-token:...` as an old PHP client sends it.
    Bearer(PresentedSecret),
    /// Something that cannot be read: another scheme, bad base64, no colon, several headers.
    Malformed,
}

impl Presented {
    /// Reads the credential of a request.
    pub fn from_headers(headers: &HeaderMap) -> Self {
        let mut values = headers.get_all(AUTHORIZATION).iter();
        match (values.next(), values.next()) {
            (None, _) => Self::None,
            (Some(value), None) => Self::parse(value.as_bytes()),
            // Which of two counts would be a guess, and others on the way may guess otherwise.
            (Some(_), Some(_)) => Self::Malformed,
        }
    }

    /// Reads the value of an `Authorization` header. Scheme names may be in any letter case, with
    /// any number of spaces after them.
    pub fn parse(value: &[u8]) -> Self {
        match std::str::from_utf8(value) {
            Ok(text) => parse_text(text.trim_matches([' ', '\t'])).unwrap_or(Self::Malformed),
            Err(_) => Self::Malformed,
        }
    }
}

fn parse_text(text: &str) -> Option<Presented> {
    if text.is_empty() {
        return Some(Presented::None);
    }
    if text.starts_with(Password::PREFIX) {
        return Some(Presented::Bearer(PresentedSecret(text.into())));
    }
    let (scheme, credential) = text.split_once(' ')?;
    let credential = credential.trim_start_matches(' ');
    if credential.is_empty() {
        None
    } else if scheme.eq_ignore_ascii_case("bearer") {
        Some(Presented::Bearer(PresentedSecret(credential.into())))
    } else if scheme.eq_ignore_ascii_case("basic") {
        parse_basic(credential)
    } else {
        None
    }
}

/// Standard base64, with or without padding: some clients leave it out.
const BASIC: GeneralPurpose = GeneralPurpose::new(
    &STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

fn parse_basic(credential: &str) -> Option<Presented> {
    let bytes = Zeroizing::new(BASIC.decode(credential).ok()?);
    let (user, password) = std::str::from_utf8(&bytes).ok()?.split_once(':')?;
    Some(Presented::Basic {
        user: user.to_owned(),
        password: PresentedSecret(password.into()),
    })
}

/// A secret as it was presented. What it may be is for the following methods to tell: an access
/// token, a legacy secret, a password, or several of these at once.
#[derive(Clone, Debug)]
pub struct PresentedSecret(SecretString);

impl PresentedSecret {
    /// What to look it up by, if it has the form of an access token.
    pub fn access_token(&self) -> Option<TokenDigest> {
        let text = self.0.expose_secret();
        looks_like_access_token(text).then(|| TokenDigest::of(text))
    }

    /// The secret as it was presented, to be compared with one that is no instance's.
    pub fn expose(&self) -> &str {
        self.0.expose_secret()
    }

    /// The secret as a legacy secret, if it begins like one.
    pub fn legacy_secret(&self) -> Option<LegacySecret> {
        LegacySecret::parse(self.0.expose_secret()).ok()
    }

    /// The secret as a password, with `secret-token:` taken off once, if it can be one.
    pub fn password(&self) -> Option<Password> {
        Password::parse(self.0.expose_secret())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::auth::access_token::AccessToken;
    use crate::random::Random;

    /// One line of text for what was read, with the secrets in it.
    fn read(value: &str) -> String {
        show(&Presented::parse(value.as_bytes()))
    }

    fn show(presented: &Presented) -> String {
        match presented {
            Presented::None => "none".to_owned(),
            Presented::Basic { user, password } => {
                format!("basic [{user}] [{}]", password.0.expose_secret())
            }
            Presented::Bearer(secret) => format!("bearer [{}]", secret.0.expose_secret()),
            Presented::Malformed => "malformed".to_owned(),
        }
    }

    #[test]
    fn reads_every_form_that_clients_send() {
        for (value, expected) in [
            ("", "none"),
            ("  ", "none"),
            ("Bearer secret-token:ABC", "bearer [secret-token:ABC]"),
            ("bearer   secret-token:ABC", "bearer [secret-token:ABC]"),
            ("BEARER secret-token:a b:c ", "bearer [secret-token:a b:c]"),
            ("Bearer ABC", "bearer [ABC]"),
            ("Bearer secret-token:pä", "bearer [secret-token:pä]"),
            ("secret-token:ABC", "bearer [secret-token:ABC]"),
            ("Basic YWRtaW46cHc=", "basic [admin] [pw]"),
            ("basic  YWRtaW46cHc", "basic [admin] [pw]"),
            ("Basic YWRtaW46cDp3", "basic [admin] [p:w]"),
            ("Basic OnB3", "basic [] [pw]"),
            ("Basic YWRtaW46", "basic [admin] []"),
            ("Basic YWRtaW46cMOk", "basic [admin] [pä]"),
        ] {
            assert_eq!(read(value), expected, "{value}");
        }
    }

    #[test]
    fn anything_else_is_malformed() {
        for value in [
            "Bearer",
            "Bearer ",
            "Basic",
            "Basic !!!",
            "Basic YWRtaW4=",
            "Basic YWRtaW46cHc==",
            "Basic YTr/",
            "Digest username=\"admin\"",
            "Bearer\tABC",
            "ABC",
            "Secret-Token:ABC",
        ] {
            assert_eq!(read(value), "malformed", "{value}");
        }
        let latin1 = Presented::parse(b"Bearer secret-token:p\xe4");
        assert_eq!(show(&latin1), "malformed");
    }

    #[test]
    fn two_headers_are_malformed() {
        let mut headers = HeaderMap::new();
        assert_eq!(show(&Presented::from_headers(&headers)), "none");
        headers.append(AUTHORIZATION, "Bearer a".parse().unwrap());
        assert_eq!(show(&Presented::from_headers(&headers)), "bearer [a]");
        headers.append(AUTHORIZATION, "Bearer a".parse().unwrap());
        assert_eq!(show(&Presented::from_headers(&headers)), "malformed");
    }

    #[test]
    fn presented_secret_tells_what_it_may_be() {
        let token = AccessToken::generate(&Random::seeded(1));
        let secret = |text: &str| PresentedSecret(text.into());
        let presented = secret(token.expose());
        assert_eq!(presented.access_token(), Some(token.digest()));
        assert!(presented.legacy_secret().is_some());
        let chosen = secret("secret-token:sandbox");
        assert!(chosen.access_token().is_none() && chosen.legacy_secret().is_some());
        let bare = secret("sandbox");
        assert!(bare.legacy_secret().is_none() && bare.password().is_some());
        assert!(secret("").password().is_none());
    }

    #[test]
    fn debug_hides_secrets() {
        for value in ["Bearer secret-token:hunter2", "Basic YWRtaW46aHVudGVyMg=="] {
            let presented = Presented::parse(value.as_bytes());
            assert!(show(&presented).contains("hunter2"));
            assert!(!format!("{presented:?}").contains("hunter2"));
        }
    }

    proptest! {
        #[test]
        fn never_panics(value: Vec<u8>) {
            Presented::parse(&value);
        }

        #[test]
        fn basic_round_trips(user in "[^:]{0,20}", password in any::<String>(), padded: bool) {
            let text = format!("{user}:{password}");
            let encoded = base64::prelude::BASE64_STANDARD.encode(text);
            let encoded = if padded { &encoded } else { encoded.trim_end_matches('=') };
            let expected = format!("basic [{user}] [{password}]");
            prop_assert_eq!(read(&format!("Basic {encoded}")), expected);
        }
    }
}
