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

/// One line of plain text: what is no printable character becomes a blank, and blanks in a row become one. Characters
/// that turn the direction of writing are left out, as they make text read other than it is.
pub(super) fn plain(text: &str) -> String {
    let printable = |character: char| match character {
        '\u{200b}'..='\u{200f}'
        | '\u{2028}'..='\u{202e}'
        | '\u{2060}'..='\u{2069}'
        | '\u{feff}' => ' ',
        character if character.is_control() => ' ',
        character => character,
    };
    let printable: String = text.chars().map(printable).collect();
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
