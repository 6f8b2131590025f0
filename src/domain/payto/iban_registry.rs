//! The forms of account numbers by country: the SWIFT IBAN registry, release 101.
//!
//! A form is a row of groups as the registry writes them: how many characters, `!` for exactly, and `n` for digits, `a` for
//! capitals, `c` for either. It is what follows the country's code and the check digits.

/// By code, in order.
const FORMS: &[(&str, &str)] = &[
    ("AD", "4!n4!n12!c"),
    ("AE", "3!n16!n"),
    ("AL", "8!n16!c"),
    ("AT", "5!n11!n"),
    ("AZ", "4!a20!c"),
    ("BA", "3!n3!n8!n2!n"),
    ("BE", "3!n7!n2!n"),
    ("BG", "4!a4!n2!n8!c"),
    ("BH", "4!a14!c"),
    ("BI", "5!n5!n11!n2!n"),
    ("BR", "8!n5!n10!n1!a1!c"),
    ("BY", "4!c4!n16!c"),
    ("CH", "5!n12!c"),
    ("CR", "4!n14!n"),
    ("CY", "3!n5!n16!c"),
    ("CZ", "4!n16!n"),
    ("DE", "8!n10!n"),
    ("DJ", "5!n5!n11!n2!n"),
    ("DK", "4!n9!n1!n"),
    ("DO", "4!c20!n"),
    ("EE", "2!n14!n"),
    ("EG", "4!n4!n17!n"),
    ("ES", "4!n4!n1!n1!n10!n"),
    ("FI", "3!n11!n"),
    ("FK", "2!a12!n"),
    ("FO", "4!n9!n1!n"),
    ("FR", "5!n5!n11!c2!n"),
    ("GB", "4!a6!n8!n"),
    ("GE", "2!a16!n"),
    ("GI", "4!a15!c"),
    ("GL", "4!n9!n1!n"),
    ("GR", "3!n4!n16!c"),
    ("GT", "4!c20!c"),
    ("HN", "4!a20!n"),
    ("HR", "7!n10!n"),
    ("HU", "3!n4!n1!n15!n1!n"),
    ("IE", "4!a6!n8!n"),
    ("IL", "3!n3!n13!n"),
    ("IQ", "4!a3!n12!n"),
    ("IS", "4!n2!n6!n10!n"),
    ("IT", "1!a5!n5!n12!c"),
    ("JO", "4!a4!n18!c"),
    ("KW", "4!a22!c"),
    ("KZ", "3!n13!c"),
    ("LB", "4!n20!c"),
    ("LC", "4!a24!c"),
    ("LI", "5!n12!c"),
    ("LT", "5!n11!n"),
    ("LU", "3!n13!c"),
    ("LV", "4!a13!c"),
    ("LY", "3!n3!n15!n"),
    ("MC", "5!n5!n11!c2!n"),
    ("MD", "2!c18!c"),
    ("ME", "3!n13!n2!n"),
    ("MK", "3!n10!c2!n"),
    ("MN", "4!n12!n"),
    ("MR", "5!n5!n11!n2!n"),
    ("MT", "4!a5!n18!c"),
    ("MU", "4!a2!n2!n12!n3!n3!a"),
    ("NI", "4!a20!n"),
    ("NL", "4!a10!n"),
    ("NO", "4!n6!n1!n"),
    ("OM", "3!n16!c"),
    ("PK", "4!a16!c"),
    ("PL", "8!n16!n"),
    ("PS", "4!a21!c"),
    ("PT", "4!n4!n11!n2!n"),
    ("QA", "4!a21!c"),
    ("RO", "4!a16!c"),
    ("RS", "3!n13!n2!n"),
    ("RU", "9!n5!n15!c"),
    ("SA", "2!n18!c"),
    ("SC", "4!a2!n2!n16!n3!a"),
    ("SD", "2!n12!n"),
    ("SE", "3!n16!n1!n"),
    ("SI", "5!n8!n2!n"),
    ("SK", "4!n6!n10!n"),
    ("SM", "1!a5!n5!n12!c"),
    ("SO", "4!n3!n12!n"),
    ("ST", "4!n4!n11!n2!n"),
    ("SV", "4!a20!n"),
    ("TL", "3!n14!n2!n"),
    ("TN", "2!n3!n13!n2!n"),
    ("TR", "5!n1!n16!c"),
    ("UA", "6!n19!c"),
    ("VA", "3!n15!n"),
    ("VG", "4!a16!n"),
    ("XK", "4!n10!n2!n"),
    ("YE", "4!a4!n18!c"),
];

/// The form of a country's account numbers; nothing where it has no IBANs.
pub fn form(country: &str) -> Option<&'static str> {
    let row = FORMS
        .binary_search_by_key(&country, |(code, _)| code)
        .ok()?;
    Some(FORMS[row].1)
}

/// Whether an account number, of capitals and digits, has this form.
pub fn fits(form: &str, number: &str) -> bool {
    let rest = form
        .split_inclusive(['n', 'a', 'c'])
        .try_fold(number.as_bytes(), |rest, group| {
            let (count, class) = group.split_once('!')?;
            let (characters, rest) = rest.split_at_checked(count.parse().ok()?)?;
            let fits = characters.iter().all(|byte| match class {
                "n" => byte.is_ascii_digit(),
                "a" => byte.is_ascii_uppercase(),
                _ => true,
            });
            fits.then_some(rest)
        });
    rest.is_some_and(<[u8]>::is_empty)
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;

    #[test]
    fn the_registry_is_complete_and_in_order() {
        let vectors = include_str!("../../../tests/data/iban.json");
        let vectors: Value = serde_json::from_str(vectors).unwrap();
        let countries = vectors["countries"].as_object().unwrap();
        assert_eq!(FORMS.len(), countries.len());
        assert!(FORMS.is_sorted_by(|one, other| one.0 < other.0));
        for (code, country) in countries {
            assert_eq!(form(code), country["bban"].as_str(), "{code}");
        }
    }

    #[test]
    fn a_form_has_the_length_of_its_country() {
        let vectors = include_str!("../../../tests/data/iban.json");
        let vectors: Value = serde_json::from_str(vectors).unwrap();
        for (code, country) in vectors["countries"].as_object().unwrap() {
            let form = form(code).unwrap();
            let length: usize = form
                .split(|character: char| !character.is_ascii_digit())
                .filter_map(|count| count.parse::<usize>().ok())
                .sum();
            assert_eq!(
                4 + length as u64,
                country["len"].as_u64().unwrap(),
                "{code}"
            );
        }
    }

    #[test]
    fn groups_are_checked() {
        assert!(fits("2!a3!n1!c", "AB123X"));
        assert!(fits("2!a3!n1!c", "AB1234"));
        for number in ["AB12X4", "A1123X", "AB123", "AB123XX", ""] {
            assert!(!fits("2!a3!n1!c", number), "{number}");
        }
    }
}
