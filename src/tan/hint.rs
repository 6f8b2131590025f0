//! Addresses masked: enough for their owners, too little for everybody else.

use super::channel::Channel;

const MASK: &str = "***";

/// Most digits of a phone number that are shown.
const MOST_DIGITS: usize = 4;

/// Digits of a phone number with the codes of country and network.
const WHOLE_NUMBER: usize = 10;

/// So much of an address that its owner knows which one is meant, and others do not learn it: `a***@e***.org`, `***1234`.
///
/// Of a phone number the last four digits are shown, of a short one at most a third; of a host without a dot its first letter; of a
/// postal address nothing. The text need not be an address: of one that is none the mask alone is left.
#[must_use]
pub fn hint(channel: Channel, text: &str) -> String {
    match channel {
        Channel::Email => email(text.trim()).unwrap_or_else(|| MASK.to_owned()),
        Channel::Sms => phone(text),
        Channel::Post => MASK.to_owned(),
    }
}

fn email(text: &str) -> Option<String> {
    let (user, host) = text.rsplit_once('@')?;
    let initial = |text: &str| text.chars().next().filter(|first| first.is_alphanumeric());
    let (user, first) = (initial(user)?, initial(host)?);
    match host.rsplit_once('.') {
        Some((_, top)) if !top.chars().all(char::is_alphanumeric) => None,
        Some((_, top)) => Some(format!("{user}{MASK}@{first}{MASK}.{top}")),
        None => Some(format!("{user}{MASK}@{first}{MASK}")),
    }
}

fn phone(text: &str) -> String {
    let digits: Vec<char> = text.chars().filter(char::is_ascii_digit).collect();
    // Of a whole number four digits are what people know it by; of a short one they would be too much.
    let shown = match digits.len() {
        WHOLE_NUMBER.. => MOST_DIGITS,
        length => length / 3,
    };
    let end: String = digits[digits.len() - shown..].iter().collect();
    format!("{MASK}{end}")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn owners_recognise_their_addresses() {
        for (channel, text, expected) in [
            (Channel::Email, "alice@example.org", "a***@e***.org"),
            (Channel::Email, "alice@mail.example.org", "a***@m***.org"),
            (Channel::Email, "a@localhost", "a***@l***"),
            (Channel::Email, "älice@example.org", "ä***@e***.org"),
            (Channel::Email, "nonsense", "***"),
            (Channel::Email, "@", "***"),
            (Channel::Email, "a@", "***"),
            (Channel::Email, "a@b.<script>", "***"),
            (Channel::Email, "", "***"),
            (Channel::Sms, "+41 79 123 45 67", "***4567"),
            (Channel::Sms, "+491701234567", "***4567"),
            (Channel::Sms, "112", "***2"),
            (Channel::Sms, "11", "***"),
            (Channel::Sms, "call me", "***"),
            (Channel::Post, "Main Street 1", "***"),
        ] {
            assert_eq!(hint(channel, text), expected, "{text}");
        }
    }

    proptest! {
        #[test]
        fn hints_show_little_of_a_phone_number(text in ".{0,24}|[0-9+ -]{0,24}") {
            let digits = text.chars().filter(char::is_ascii_digit).count();
            let shown = hint(Channel::Sms, &text).trim_start_matches('*').len();
            prop_assert!(shown <= 4 && (digits >= 10 || 3 * shown <= digits));
        }

        #[test]
        fn hints_of_other_text_are_plain(text in ".{0,24}|.{0,8}@.{0,12}") {
            let hint = hint(Channel::Email, &text);
            prop_assert!(hint.chars().all(|shown| shown.is_alphanumeric() || "*@.".contains(shown)), "{}", hint);
        }
    }
}
