//! What page and message have in common, so that a person sees that one belongs to the other.

/// How many characters of a nonce are shown.
const SHOWN: usize = 8;

/// The beginning of a nonce as people compare it: `ABCD-EFGH`.
///
/// It is in the message too, which strangers may read: 8 of 52 characters leave 220 bits that they do not know.
#[must_use]
pub fn reference(nonce: &str) -> String {
    let shown: String = nonce
        .chars()
        .take(SHOWN)
        .map(|character| character.to_ascii_uppercase())
        .collect();
    match shown.char_indices().nth(SHOWN / 2) {
        Some((middle, _)) => format!("{}-{}", &shown[..middle], &shown[middle..]),
        None => shown,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_eight_characters_are_shown_in_two_groups() {
        for (nonce, expected) in [
            (
                "V09S83XPF1CE5ZS8QJ0YH3GSC6MZZ8GPP5XT2GZ8N1Q5KRCYXC5G",
                "V09S-83XP",
            ),
            ("v09s83xpf1", "V09S-83XP"),
            ("V09S83XP", "V09S-83XP"),
            ("V09S8", "V09S-8"),
            ("V09S", "V09S"),
            ("", ""),
            ("äöüéßabc", "äöüé-ßABC"),
        ] {
            assert_eq!(reference(nonce), expected, "{nonce}");
        }
    }
}
