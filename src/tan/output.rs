//! What programs and servers say, made fit for the log.

use super::message::Message;

/// Longest excerpt that is logged, in characters.
const LONGEST: usize = 400;

/// The text as one line without control characters, of bounded length, with the message's code and address masked.
pub(super) fn cleaned(text: &str, message: &Message) -> String {
    let printed = message.tan.printed();
    let address = plain(message.address.as_str());
    let key = message.address.key();
    let secrets: [&str; 4] = [&printed, message.tan.digits(), &address, &key];
    let masked = secrets
        .into_iter()
        .fold(plain(text), |text, secret| mask(&text, secret));
    match masked.char_indices().nth(LONGEST) {
        Some((end, _)) => format!("{} ...", &masked[..end]),
        None => masked,
    }
}

/// The same text without what is no printable character, each of which becomes a blank; line ends too. So do characters that turn the
/// direction of writing.
pub(crate) fn printable(text: &str) -> String {
    let printable = |character: char| match character {
        '\u{200b}'..='\u{200f}'
        | '\u{2028}'..='\u{202e}'
        | '\u{2060}'..='\u{2069}'
        | '\u{feff}' => ' ',
        character if character.is_control() => ' ',
        character => character,
    };
    text.chars().map(printable).collect()
}

/// One line of plain text: what is no printable character becomes a blank, and blanks in a row become one. Characters
/// that turn the direction of writing are left out, as they make text read other than it is.
pub(crate) fn plain(text: &str) -> String {
    let printable = printable(text);
    printable.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn mask(text: &str, secret: &str) -> String {
    if secret.is_empty() {
        return text.to_owned();
    }
    let lower = text.to_ascii_lowercase();
    let secret = secret.to_ascii_lowercase();
    let mut replaced = String::new();
    let mut rest = 0;
    for (start, found) in lower.match_indices(&secret) {
        replaced.push_str(&text[rest..start]);
        replaced.push_str("***");
        rest = start + found.len();
    }
    replaced + &text[rest..]
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::super::{About, Address, Channel, Purpose, Tan};
    use super::*;

    fn message(channel: Channel, address: &str) -> Message {
        Message {
            channel,
            address: Address::parse(channel, address).unwrap(),
            tan: Tan::read("12345678").unwrap(),
            about: About::Shop {
                purpose: Purpose::LogIn,
                instance: "coffee-shop".to_owned(),
            },
            service: "pay.example.com".to_owned(),
            valid_for: Duration::from_secs(300),
            languages: None,
        }
    }

    #[test]
    fn codes_and_addresses_are_masked() {
        let mail = message(Channel::Email, "Alice@shop.example");
        for (said, expected) in [
            ("code 1234-5678 or 12345678", "code *** or ***"),
            (
                "<alice@SHOP.example>: no\r\nsuch\x07 user",
                "<***>: no such user",
            ),
            ("ärger with Alice@shop.example\n", "ärger with ***"),
            ("", ""),
        ] {
            assert_eq!(cleaned(said, &mail), expected);
        }
        let phone = message(Channel::Sms, "+41 79 123 45 67");
        assert_eq!(
            cleaned("no route to +41791234567, 41791234567", &phone),
            "no route to ***, ***"
        );
        let letter = message(Channel::Post, "Main Street 1\nBern");
        assert_eq!(cleaned("MAIN STREET 1\nBERN?", &letter), "***?");
    }

    #[test]
    fn excerpts_are_short_and_plain() {
        let mail = message(Channel::Email, "alice@shop.example");
        let long = cleaned(&"ä".repeat(1_000), &mail);
        assert_eq!(long.chars().count(), LONGEST + 4);
        assert_eq!(plain(" a\u{202e}b\u{2028}c\0\t d "), "a b c d");
    }
}
