//! Plural forms and lengths of time.

use super::*;
use crate::challenger::pages::Language;

/// The lines of a table that are texts, with the names of their fields left out.
const SOURCES: [(&str, &str); 3] = [
    ("en", include_str!("en.rs")),
    ("de", include_str!("de.rs")),
    ("fr", include_str!("fr.rs")),
];

fn time(language: Language) -> &'static Units {
    &language.texts().time
}

#[test]
fn one_is_not_many() {
    for (language, one, two) in [
        (
            Language::En,
            "You have 1 attempt left.",
            "You have 2 attempts left.",
        ),
        (
            Language::De,
            "Sie haben noch 1 Versuch.",
            "Sie haben noch 2 Versuche.",
        ),
        (
            Language::Fr,
            "Il vous reste 1 essai.",
            "Il vous reste 2 essais.",
        ),
    ] {
        let attempts_left = &language.texts().attempts_left;
        assert_eq!(attempts_left.of(1_u32), one);
        assert_eq!(attempts_left.of(2_u32), two);
    }
}

#[test]
fn a_length_of_time_is_said_in_the_longest_unit_that_suits_it() {
    for (seconds, at_least, at_most) in [
        (1, "1 second", "1 second"),
        (2, "2 seconds", "2 seconds"),
        (60, "1 minute", "1 minute"),
        (61, "61 seconds", "61 seconds"),
        (119, "119 seconds", "119 seconds"),
        (120, "2 minutes", "2 minutes"),
        (121, "3 minutes", "2 minutes"),
        (290, "5 minutes", "4 minutes"),
        (299, "5 minutes", "5 minutes"),
        (3_600, "1 hour", "1 hour"),
        (7_199, "120 minutes", "120 minutes"),
        (7_200, "2 hours", "2 hours"),
        (86_400, "1 day", "1 day"),
        (172_799, "48 hours", "48 hours"),
        (21 * 86_400, "21 days", "21 days"),
    ] {
        let duration = Duration::from_secs(seconds);
        assert_eq!(time(Language::En).at_least(duration), at_least);
        assert_eq!(time(Language::En).at_most(duration), at_most);
    }
    let moment = Duration::from_millis(1);
    assert_eq!(time(Language::En).at_least(moment), "1 second");
    assert_eq!(time(Language::En).at_most(moment), "1 second");
    assert_eq!(
        time(Language::En).at_least(Duration::from_millis(29_001)),
        "30 seconds"
    );
    assert!(!time(Language::Fr).at_least(Duration::MAX).is_empty());
}

#[test]
fn german_days_stand_in_the_dative() {
    let text = Language::De
        .texts()
        .expires_in
        .fill(time(Language::De).at_most(Duration::from_secs(3 * 86_400)));
    assert_eq!(text, "Der Code läuft in 3 Tagen ab.");
}

#[test]
fn every_text_says_something_and_has_its_places() {
    for (language, source) in SOURCES {
        assert_eq!(source.matches("\"\"").count(), 1, "{language}: empty texts");
        let templates = source.matches("Template(").count();
        let counted = source.matches("more: ").count();
        assert_eq!(
            source.matches(PLACE).count(),
            templates + counted,
            "{language}: places"
        );
        assert!(!source.contains('ß'), "{language}");
        for text in source.split('"').skip(1).step_by(2) {
            assert!(!text.contains("  "), "{language}: {text}");
            assert_eq!(text, text.trim(), "{language}: {text}");
        }
    }
}
