//! The options after the question mark, of which only one is read: the name of who holds the account.

use percent_encoding::percent_decode_str;

use super::PaytoError;

const RECEIVER_NAME: &str = "receiver-name";

/// The first `receiver-name`, decoded; an empty or blank one is none. Names of options have no case.
///
/// A `+` means a blank: so write and read libraries for URLs, with which wallets and banks make and take these apart.
pub fn receiver_name(options: &str) -> Result<Option<String>, PaytoError> {
    let value = options
        .split('&')
        .filter_map(|option| option.split_once('='))
        .find_map(|(name, value)| name.eq_ignore_ascii_case(RECEIVER_NAME).then_some(value));
    let Some(value) = value else {
        return Ok(None);
    };
    let name = decoded(value).ok_or(PaytoError::ReceiverNameMalformed)?;
    Ok((!name.trim().is_empty()).then_some(name))
}

fn decoded(value: &str) -> Option<String> {
    if !has_whole_escapes(value) {
        return None;
    }
    let value = value.replace('+', " ");
    let name = percent_decode_str(&value).decode_utf8().ok()?;
    (!name.chars().any(char::is_control)).then(|| name.into_owned())
}

fn has_whole_escapes(value: &str) -> bool {
    value.split('%').skip(1).all(|rest| {
        let digits = rest.as_bytes().first_chunk::<2>();
        digits.is_some_and(|digits| digits.iter().all(u8::is_ascii_hexdigit))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_name_counts() {
        for (options, name) in [
            ("receiver-name=Alice", Some("Alice")),
            ("a=b&Receiver-Name=Alice%20M", Some("Alice M")),
            ("receiver-name=Shop+AG", Some("Shop AG")),
            ("receiver-name=A%2BB", Some("A+B")),
            ("receiver-name=M%C3%BCller", Some("Müller")),
            ("receiver-name=A=B", Some("A=B")),
            ("receiver-name=A&receiver-name=B", Some("A")),
            ("", None),
            ("receiver-name", None),
            ("receiver-name=", None),
            ("receiver-name=%20+", None),
            ("sender-name=A", None),
            ("xreceiver-name=A", None),
        ] {
            assert_eq!(
                receiver_name(options).unwrap().as_deref(),
                name,
                "{options}"
            );
        }
    }

    #[test]
    fn a_name_that_cannot_be_read_is_refused() {
        for value in ["%", "%4", "%zz", "A%", "%ff", "A%00", "A%0AB"] {
            let refused = receiver_name(&format!("receiver-name={value}"));
            assert_eq!(refused, Err(PaytoError::ReceiverNameMalformed), "{value}");
        }
    }
}
