//! Where a message may be sent to.

use std::fmt;

use url::Host;

use super::channel::Channel;
use super::hint::hint;

/// Longest postal address, in bytes.
const LONGEST_POST: usize = 1024;
/// Longest e-mail address, in bytes: RFC 5321 §4.5.3.1.3, without the angle brackets.
const LONGEST_EMAIL: usize = 254;

/// An address that may be handed to a helper or a mail server: of the form of its channel, without control characters,
/// and nothing that a program could take for an option. Debug shows its hint alone.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Address {
    channel: Channel,
    text: String,
}

/// A text that is no address of its channel. It does not repeat the text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum UnusableAddress {
    /// No e-mail address.
    #[error("is not an e-mail address that can be written to")]
    Email,
    /// No phone number.
    #[error("is not a phone number: 3 to 15 digits, with a + in front or without")]
    Phone,
    /// No postal address.
    #[error("is not a postal address: 1 to 1024 bytes of text, not beginning with -")]
    Post,
}

impl Address {
    /// Reads an address.
    ///
    /// E-mail: one plain address (`user@host`, no quotes, no IP address as host); a host name in other letters becomes its
    /// ASCII form. Phone: blanks and `-./()[]` are taken out, and 3 to 15 digits with an optional `+` in front stay.
    /// Post: text, of several lines if need be.
    ///
    /// # Errors
    /// Everything else.
    pub fn parse(channel: Channel, text: &str) -> Result<Self, UnusableAddress> {
        let text = match channel {
            Channel::Email => email(text.trim()).ok_or(UnusableAddress::Email),
            Channel::Sms => phone(text).ok_or(UnusableAddress::Phone),
            Channel::Post => post(text).ok_or(UnusableAddress::Post),
        }?;
        Ok(Self { channel, text })
    }

    /// The channel that it is an address of.
    #[must_use]
    pub fn channel(&self) -> Channel {
        self.channel
    }

    /// The address as it is handed over.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// One spelling for all spellings of an address, to count by: e-mail and post in lower case, of a phone number the digits.
    #[must_use]
    pub fn key(&self) -> String {
        match self.channel {
            Channel::Email | Channel::Post => self.text.to_lowercase(),
            // A country's code begins with no zero; one or two in front are ways to dial it.
            Channel::Sms => self.text.trim_start_matches(['+', '0']).to_owned(),
        }
    }

    /// So much of it that its owner knows which one is meant, and others do not learn it.
    #[must_use]
    pub fn hint(&self) -> String {
        hint(self.channel, &self.text)
    }
}

impl fmt::Debug for Address {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "Address({}, {})", self.channel, self.hint())
    }
}

fn email(text: &str) -> Option<String> {
    let parsed: lettre::Address = text.parse().ok()?;
    let is_plain =
        |character: char| character.is_ascii_graphic() && !"\"(),:;<>[\\]".contains(character);
    let user = parsed.user();
    if user.starts_with('-') || !user.chars().all(is_plain) {
        return None;
    }
    let Host::Domain(host) = Host::parse(parsed.domain()).ok()? else {
        return None;
    };
    // Percent signs would be taken for what they encode by one program, and for themselves by the next.
    if parsed.domain().contains('%') {
        return None;
    }
    // The host keeps its spelling, unless it has letters that the mail system does not know.
    let host = match parsed.domain().is_ascii() {
        true => parsed.domain(),
        false => &host,
    };
    let address = format!("{user}@{host}");
    (address.len() <= LONGEST_EMAIL).then_some(address)
}

fn phone(text: &str) -> Option<String> {
    let is_filler = |character: char| {
        !character.is_control() && character.is_whitespace() || "-./()[]".contains(character)
    };
    let number: String = text
        .trim()
        .chars()
        .filter(|character| !is_filler(*character))
        .collect();
    let digits = number.strip_prefix('+').unwrap_or(&number);
    let is_number =
        (3..=15).contains(&digits.len()) && digits.bytes().all(|byte| byte.is_ascii_digit());
    is_number.then_some(number)
}

fn post(text: &str) -> Option<String> {
    let text = text.trim().replace("\r\n", "\n");
    let is_text = |character: char| character == '\n' || !character.is_control();
    let is_usable = (1..=LONGEST_POST).contains(&text.len())
        && !text.starts_with('-')
        && text.chars().all(is_text);
    is_usable.then_some(text)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn read(channel: Channel, text: &str) -> Option<String> {
        Address::parse(channel, text)
            .ok()
            .map(|address| address.as_str().to_owned())
    }

    #[test]
    fn mail_addresses_are_plain_ones() {
        for (text, expected) in [
            ("alice@shop.example", "alice@shop.example"),
            (" Alice.B+x@Shop.Example\n", "Alice.B+x@Shop.Example"),
            ("alice@localhost", "alice@localhost"),
            ("alice@bücher.example", "alice@xn--bcher-kva.example"),
            ("o'hara@shop.example", "o'hara@shop.example"),
        ] {
            assert_eq!(
                read(Channel::Email, text).as_deref(),
                Some(expected),
                "{text}"
            );
        }
        for text in [
            "",
            "@",
            "alice",
            "alice@",
            "@shop.example",
            "-alice@shop.example",
            "a b@shop.example",
            "\"a b\"@shop.example",
            "\"-x\"@shop.example",
            "a@b@shop.example",
            "alice@[127.0.0.1]",
            "alice@127.0.0.1",
            "alice@-shop.example",
            "alice@shop.example, bob@shop.example",
            "Alice <alice@shop.example>",
            "alice@shop.example\nBcc: bob@shop.example",
            "a\0@shop.example",
            "älice@shop.example",
            "alice@shop..example",
            "alice@sh%6fp.example",
        ] {
            assert_eq!(read(Channel::Email, text), None, "{text}");
        }
        assert_eq!(
            read(Channel::Email, &format!("a@{}example", "a.".repeat(130))),
            None
        );
    }

    #[test]
    fn phone_numbers_are_digits() {
        for (text, expected) in [
            ("+41 79 123 45 67", "+41791234567"),
            ("(079) 123-45.67", "0791234567"),
            ("+1/555/0100", "+15550100"),
            ("[112]", "112"),
        ] {
            assert_eq!(
                read(Channel::Sms, text).as_deref(),
                Some(expected),
                "{text}"
            );
        }
        for text in [
            "",
            "+",
            "12",
            "++123456",
            "12+3456",
            "1234567890123456",
            "0791234x",
            "12\n34",
            "٠٧٩١٢٣٤",
        ] {
            assert_eq!(read(Channel::Sms, text), None, "{text}");
        }
    }

    #[test]
    fn one_key_for_all_spellings() {
        let key = |channel, text| Address::parse(channel, text).unwrap().key();
        assert_eq!(
            key(Channel::Email, "Alice@SHOP.example"),
            "alice@shop.example"
        );
        assert_eq!(
            key(Channel::Sms, "+41 79 123 45 67"),
            key(Channel::Sms, "41791234567")
        );
        assert_eq!(
            key(Channel::Post, "Main Street 1\r\nBern"),
            "main street 1\nbern"
        );
    }

    #[test]
    fn debug_shows_the_hint_alone() {
        let address = Address::parse(Channel::Email, "alice@shop.example").unwrap();
        assert_eq!(format!("{address:?}"), "Address(email, a***@s***.example)");
    }

    proptest! {
        #[test]
        fn what_is_usable_is_no_option_and_stays_as_it_is(text in "[-+@a-z0-9. \"\n]{0,24}|.{0,24}") {
            for channel in Channel::ALL {
                if let Ok(address) = Address::parse(channel, &text) {
                    let usable = address.as_str();
                    prop_assert!(!usable.starts_with('-'));
                    prop_assert!(!usable.chars().any(|character| character != '\n' && character.is_control()));
                    let again = Address::parse(channel, usable).unwrap();
                    prop_assert_eq!(again.key(), address.key());
                    prop_assert_eq!(again, address);
                }
            }
        }

        #[test]
        fn usual_mail_addresses_are_usable(text in "[a-zA-Z0-9]{1,8}([.+_-][a-z0-9]{1,8})?@[a-z0-9]{1,8}\\.[a-z]{2,6}") {
            prop_assert_eq!(read(Channel::Email, &text), Some(text));
        }

        #[test]
        fn the_digits_of_phone_numbers_stay(text in "\\+?[1-9][0-9]([ ./()-]?[0-9]){1,13}") {
            let digits: String = text.chars().filter(char::is_ascii_digit).collect();
            prop_assert_eq!(Address::parse(Channel::Sms, &text).unwrap().key(), digits);
        }
    }
}
