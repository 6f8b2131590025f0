//! The URL of an SMTP server, which may hold a password.

use std::fmt;
use std::net::IpAddr;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use url::{Host, Url};
use zeroize::Zeroizing;

/// How the connection to an SMTP server is protected.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SmtpEncryption {
    /// Plain text at first, then STARTTLS, without which nothing is sent.
    StartTls,
    /// TLS from the first byte.
    Tls,
    /// Plain text to the end.
    None,
}

/// The URL of an SMTP server. It may hold a password, so that printing it in any way shows `***` instead.
#[derive(Clone, PartialEq, Eq)]
pub struct SmtpUrl {
    text: Zeroizing<String>,
    encryption: SmtpEncryption,
    host: String,
    port: u16,
    login: Option<Login>,
}

#[derive(Clone, PartialEq, Eq)]
struct Login {
    user: String,
    password: Zeroizing<String>,
}

impl SmtpUrl {
    /// Reads the URL of an SMTP server.
    ///
    /// # Errors
    /// A sentence that says what is wrong, without the text itself: it may hold a password.
    pub fn parse(text: &str) -> Result<Self, String> {
        let url = Url::parse(text)
            .map_err(|reason| format!("the URL of the SMTP server cannot be read ({reason})"))?;
        let encryption = encryption(&url)?;
        let host = url
            .host_str()
            .filter(|host| !host.is_empty())
            .ok_or("the URL of the SMTP server names no host")?
            .trim_matches(['[', ']'])
            .to_owned();
        if !matches!(url.path(), "" | "/") || url.fragment().is_some() {
            return Err("the URL of an SMTP server has no path and no fragment".to_owned());
        }
        let login = login(&url)?;
        if encryption == SmtpEncryption::None && login.is_some() && !is_this_machine(&host) {
            return Err(
                "a password is not sent in plain text to another machine: leave ?tls=none out, or the password"
                    .to_owned(),
            );
        }
        Ok(Self {
            port: url.port().unwrap_or(match encryption {
                SmtpEncryption::StartTls => 587,
                SmtpEncryption::Tls => 465,
                SmtpEncryption::None => 25,
            }),
            text: Zeroizing::new(text.to_owned()),
            encryption,
            host,
            login,
        })
    }

    /// How the connection is protected.
    #[must_use]
    pub fn encryption(&self) -> SmtpEncryption {
        self.encryption
    }

    /// Name or address of the server, without brackets.
    #[must_use]
    pub fn host(&self) -> &str {
        &self.host
    }

    /// Port of the server; if the URL names none 587 with STARTTLS, 465 with TLS, 25 in plain text.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.port
    }

    /// User and password to log in with, decoded.
    #[must_use]
    pub fn expose_login(&self) -> Option<(&str, &str)> {
        self.login
            .as_ref()
            .map(|login| (login.user.as_str(), login.password.as_str()))
    }
}

fn encryption(url: &Url) -> Result<SmtpEncryption, String> {
    match (url.scheme(), url.query()) {
        ("smtp", None | Some("tls=required")) => Ok(SmtpEncryption::StartTls),
        ("smtp", Some("tls=none")) => Ok(SmtpEncryption::None),
        ("smtps", None) => Ok(SmtpEncryption::Tls),
        ("smtp" | "smtps", _) => {
            Err("the URL of an SMTP server has no options but ?tls=none after smtp://".to_owned())
        }
        _ => Err("the URL of an SMTP server begins with smtp:// or smtps://".to_owned()),
    }
}

fn login(url: &Url) -> Result<Option<Login>, String> {
    if url.username().is_empty() && url.password().is_none() {
        return Ok(None);
    }
    let (user, password) = (decode(url.username())?, url.password().unwrap_or_default());
    if user.is_empty() || password.is_empty() {
        return Err("the URL of the SMTP server needs user and password, or neither".to_owned());
    }
    let password = Zeroizing::new(decode(password)?);
    Ok(Some(Login { user, password }))
}

fn decode(text: &str) -> Result<String, String> {
    percent_encoding::percent_decode_str(text)
        .decode_utf8()
        .map(|decoded| decoded.into_owned())
        .map_err(|_| {
            "user and password in the URL of the SMTP server must be UTF-8, percent-encoded"
                .to_owned()
        })
}

fn is_this_machine(host: &str) -> bool {
    match host.parse::<IpAddr>() {
        Ok(address) => address.is_loopback(),
        Err(_) => Host::parse(host).is_ok_and(|host| host == Host::Domain("localhost".to_owned())),
    }
}

impl fmt::Display for SmtpUrl {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Ok(mut url) = Url::parse(&self.text) else {
            return formatter.write_str("smtp://***");
        };
        if url.password().is_some() && url.set_password(Some("***")).is_err() {
            return formatter.write_str("smtp://***");
        }
        formatter.write_str(url.as_str())
    }
}

impl fmt::Debug for SmtpUrl {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, formatter)
    }
}

impl<'de> Deserialize<'de> for SmtpUrl {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = Zeroizing::new(String::deserialize(deserializer)?);
        Self::parse(&text).map_err(de::Error::custom)
    }
}

impl Serialize for SmtpUrl {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl JsonSchema for SmtpUrl {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "SmtpUrl".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({"type": "string", "writeOnly": true})
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn urls_say_how_the_connection_is_protected() {
        for (text, encryption, host, port) in [
            (
                "smtp://mail.example",
                SmtpEncryption::StartTls,
                "mail.example",
                587,
            ),
            (
                "smtp://mail.example:25/",
                SmtpEncryption::StartTls,
                "mail.example",
                25,
            ),
            (
                "smtps://mail.example",
                SmtpEncryption::Tls,
                "mail.example",
                465,
            ),
            (
                "smtp://localhost?tls=none",
                SmtpEncryption::None,
                "localhost",
                25,
            ),
            (
                "smtp://[::1]:2525?tls=none",
                SmtpEncryption::None,
                "::1",
                2525,
            ),
        ] {
            let url = SmtpUrl::parse(text).unwrap();
            assert_eq!(
                (url.encryption(), url.host(), url.port()),
                (encryption, host, port),
                "{text}"
            );
            assert_eq!(url.expose_login(), None);
        }
    }

    #[test]
    fn passwords_are_decoded_and_not_printed() {
        let url = SmtpUrl::parse("smtps://me%40shop.example:p%3Aa%20s@mail.example").unwrap();
        assert_eq!(url.expose_login(), Some(("me@shop.example", "p:a s")));
        assert_eq!(
            url.to_string(),
            "smtps://me%40shop.example:***@mail.example"
        );
        assert_eq!(format!("{url:?}"), url.to_string());
        assert_eq!(serde_json::to_value(&url).unwrap(), url.to_string());
    }

    #[test]
    fn plain_text_takes_no_password_to_another_machine() {
        for host in ["localhost", "127.0.0.1", "[::1]"] {
            assert!(
                SmtpUrl::parse(&format!("smtp://a:b@{host}?tls=none")).is_ok(),
                "{host}"
            );
        }
        for wrong in [
            "smtp://a:b@mail.example?tls=none",
            "smtp://a@mail.example",
            "smtp://:b@mail.example",
            "smtp://mail.example/x",
            "smtp://mail.example?tls=opportunistic",
            "smtps://mail.example?tls=none",
            "http://mail.example",
            "smtp:mail.example",
            "mail.example",
            "smtp://a:%ff@mail.example",
        ] {
            let reason = SmtpUrl::parse(wrong).expect_err(wrong);
            assert!(!reason.contains(wrong), "{reason}");
        }
    }
}
