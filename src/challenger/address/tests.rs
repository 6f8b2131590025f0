use std::collections::BTreeMap;

use proptest::prelude::*;

use super::*;
use crate::config::{self, Challenger, RestrictionSettings};

fn settings(address_type: AddressType) -> Challenger {
    Challenger {
        address_type,
        ..Challenger::default()
    }
}

fn rules(address_type: AddressType) -> Rules {
    Rules::new(&settings(address_type)).unwrap()
}

fn swiss_numbers() -> Rules {
    Rules::new(&Challenger {
        phone_country: Some("CH".to_owned()),
        ..settings(AddressType::Phone)
    })
    .unwrap()
}

fn restricted(address_type: AddressType, field: &str, set: RestrictionSettings) -> Challenger {
    Challenger {
        restrictions: BTreeMap::from([(field.to_owned(), set)]),
        ..settings(address_type)
    }
}

fn pattern(regex: &str) -> RestrictionSettings {
    RestrictionSettings {
        regex: Some(regex.to_owned()),
        ..RestrictionSettings::default()
    }
}

fn read(rules: &Rules, fields: &[(Field, &str)]) -> Result<PlainAddress, AddressError> {
    rules.read(|wanted| {
        let mut given = fields.iter();
        given
            .find(|(field, _)| *field == wanted)
            .map(|(_, text)| *text)
    })
}

fn read_one(rules: &Rules, text: &str) -> Result<String, AddressError> {
    let field = rules.address_type().fields()[0];
    read(rules, &[(field, text)]).map(|address| address.get(field).unwrap().to_owned())
}

fn letter(name: &str, lines: &str, country: &str) -> Result<PlainAddress, AddressError> {
    let fields = [
        (Field::ContactName, name),
        (Field::AddressLines, lines),
        (Field::AddressCountry, country),
    ];
    read(&rules(AddressType::Postal), &fields)
}

#[test]
fn names_are_those_of_the_wire() {
    for address_type in AddressType::ALL {
        let name = address_type.as_str();
        assert_eq!(name.parse(), Ok(address_type));
        assert_eq!(serde_json::to_value(address_type).unwrap(), name);
        assert!(!address_type.fields().is_empty());
    }
    for address_type in [AddressType::Email, AddressType::Phone] {
        let example = address_type.example();
        assert!(read_one(&rules(address_type), example).is_ok(), "{example}");
    }
    for field in Field::ALL {
        assert_eq!(field.as_str().parse(), Ok(field));
    }
    assert_eq!("Email".parse::<AddressType>(), Err(UnknownAddressType));
    assert_eq!("email".parse::<Field>(), Err(UnknownField));
}

#[test]
fn mail_addresses_have_one_spelling() {
    let rules = rules(AddressType::Email);
    for (typed, expected) in [
        (" Alice@Example.ORG\n", Ok("Alice@example.org")),
        ("alice@bücher.example", Ok("alice@xn--bcher-kva.example")),
        ("", Err(AddressError::Missing(Field::ContactEmail))),
        (" \t", Err(AddressError::Missing(Field::ContactEmail))),
    ] {
        let expected = expected.map(str::to_owned);
        assert_eq!(read_one(&rules, typed), expected, "{typed}");
    }
    for typed in [
        "alice",
        "-a@example.org",
        "a@[127.0.0.1]",
        "a b@example.org",
    ] {
        let Err(AddressError::Malformed(Field::ContactEmail, _)) = read_one(&rules, typed) else {
            panic!("{typed}");
        };
    }
}

#[test]
fn phone_numbers_have_one_spelling() {
    for (typed, expected) in [
        ("+41 79 123 45 67", "+41791234567"),
        ("+41 (0)79 123 45 67", "+41791234567"),
        ("+1 (202) 555-0123", "+12025550123"),
        // The zero belongs to the number in Italy, and the 9 to mobile ones in Argentina.
        ("+39 06 1234 5678", "+390612345678"),
        ("+54 11 15 2345 6789", "+5491123456789"),
    ] {
        let read = read_one(&rules(AddressType::Phone), typed);
        assert_eq!(read.as_deref(), Ok(expected), "{typed}");
    }
    for (typed, expected) in [
        ("079 123 45 67", "+41791234567"),
        ("0041 79 123 45 67", "+41791234567"),
        ("+49 151 23456789", "+4915123456789"),
    ] {
        let read = read_one(&swiss_numbers(), typed);
        assert_eq!(read.as_deref(), Ok(expected), "{typed}");
    }
}

#[test]
fn numbers_that_nobody_has_are_refused() {
    for (typed, expected) in [
        ("079 123 45 67", "must begin with +"),
        ("0041 79 123 45 67", "must begin with +"),
        ("+41 79 123 45", "is not a number that"),
        ("+44 7700 900123", "is not a number that"),
        ("+999 123 456 789", "is not a number that"),
        ("+1 555 0100", "is not a number that"),
        ("112", "must begin with +"),
        ("+41 900 123 456", "is the number of a service"),
        ("+800 1234 5678", "is a number of no country"),
        ("+881 612 345 678", "is"),
        ("1-800-FLOWERS", "is not a phone number"),
        ("call me", "is not a phone number"),
        ("tel:+41791234567;ext=3", "is not a phone number"),
    ] {
        let Err(AddressError::Malformed(Field::ContactPhone, reason)) =
            read_one(&rules(AddressType::Phone), typed)
        else {
            panic!("{typed}");
        };
        assert!(reason.starts_with(expected), "{typed}: {reason}");
    }
    assert!(read_one(&swiss_numbers(), "112").is_err());
}

#[test]
fn postal_addresses_have_one_spelling() {
    let address = letter(
        "  Zoe\u{308}  Muster ",
        "\r\n c/o  Test AG\r\n\r\n\tRue du Four 1 \r\n8000 Zürich\r\n\r\n",
        "ch",
    )
    .unwrap();
    assert_eq!(address.get(Field::ContactName), Some("Zoë Muster"));
    let lines = "c/o Test AG\nRue du Four 1\n8000 Zürich";
    assert_eq!(address.get(Field::AddressLines), Some(lines));
    assert_eq!(address.get(Field::AddressCountry), Some("CH"));
    assert_eq!(address.get(Field::ContactEmail), None);
    let sent = address.tan_address().unwrap();
    assert_eq!(sent.channel(), Channel::Post);
    assert_eq!(sent.as_str(), format!("Zoë Muster\n{lines}\nCH"));
    assert_eq!(format!("{address:?}"), "PlainAddress(post, ***)");
    for country in ["CH", "xk", "Switzerland", " Côte  d’Ivoire"] {
        assert!(letter("A", "B 1", country).is_ok(), "{country}");
    }
}

#[test]
fn what_is_no_postal_address_is_refused() {
    let long = "x".repeat(101);
    let many = "line\n".repeat(9);
    let large = format!("{}\n", "ü".repeat(99)).repeat(8);
    for (field, name, lines, country) in [
        (Field::ContactName, "-n", "B 1", "CH"),
        (Field::ContactName, "\u{200b}-n", "B 1", "CH"),
        (Field::ContactName, "!", "B 1", "CH"),
        (Field::ContactName, "A\nB", "B 1", "CH"),
        (Field::ContactName, "A\u{7}", "B 1", "CH"),
        (Field::ContactName, long.as_str(), "B 1", "CH"),
        (Field::AddressLines, "A", long.as_str(), "CH"),
        (Field::AddressLines, "A", many.as_str(), "CH"),
        (Field::AddressLines, "A", large.as_str(), "CH"),
        (Field::AddressLines, "A", "-\n.", "CH"),
        (Field::AddressLines, "A", "B\u{1b}[1m", "CH"),
        (Field::AddressLines, "A", "B\rC", "CH"),
        (Field::AddressCountry, "A", "B 1", "ZZ"),
        (Field::AddressCountry, "A", "B 1", "12"),
        (Field::AddressCountry, "A", "B 1", "123"),
        (Field::AddressCountry, "A", "B 1", long.as_str()),
    ] {
        let Err(AddressError::Malformed(found, _)) = letter(name, lines, country) else {
            panic!("{name} {lines} {country}");
        };
        assert_eq!(found, field, "{name} {lines} {country}");
    }
    assert_eq!(
        letter("A", "B 1", " "),
        Err(AddressError::Missing(Field::AddressCountry))
    );
    let without_country = [(Field::ContactName, "A"), (Field::AddressLines, "B 1")];
    assert!(read(&rules(AddressType::PostalCh), &without_country).is_ok());
}

#[test]
fn printed_letters_are_of_the_scripts_of_europe() {
    let printed = config::PostDelivery {
        format: config::LetterFormat::Pdf,
        ..config::PostDelivery::default()
    };
    for (name, is_printed) in [
        ("Zoë Łuczak", true),
        ("Αλίκη", true),
        ("Алиса", true),
        ("Ալիսա", true),
        ("ალისა", true),
        ("أليس", false),
        ("אליס", false),
        ("爱丽丝", false),
    ] {
        let fields = [(Field::ContactName, name), (Field::AddressLines, "Weg 1")];
        let plain = rules(AddressType::PostalCh);
        assert!(read(&plain, &fields).is_ok(), "{name}");
        let rules = plain.with_letters(&printed);
        assert_eq!(read(&rules, &fields).is_ok(), is_printed, "{name}");
    }
}

#[test]
fn restrictions_match_the_whole_of_what_was_typed() {
    let allows = |regex: &str, typed: &str| {
        let settings = restricted(AddressType::Email, "CONTACT_EMAIL", pattern(regex));
        read_one(&Rules::new(&settings).unwrap(), typed).is_ok()
    };
    for (regex, typed, expected) in [
        (r"[^@]+@example\.org", "a@example.org", true),
        (r"[^@]+@example\.org", " a@example.org ", true),
        (r"^[^@]+@example\.org$", "a@example.org", true),
        (r"[^@]+@example\.org", "a@example.org.example.com", false),
        // As it was typed, not as it is normalised.
        (r"[^@]+@example\.org", "a@EXAMPLE.org", false),
        (
            r"[[:alpha:]]+@(example\.org|example\.com)",
            "ab@example.com",
            true,
        ),
        (
            r"[[:alpha:]]+@(example\.org|example\.com)",
            "1@example.com",
            false,
        ),
        // The longest of the alternatives counts.
        (r"a@example\.co|a@example\.com", "a@example.com", true),
    ] {
        assert_eq!(allows(regex, typed), expected, "{regex} {typed}");
    }
    let lines = restricted(
        AddressType::PostalCh,
        "ADDRESS_LINES",
        pattern(r".*[0-9]{4} [[:upper:]].*"),
    );
    let rules = Rules::new(&lines).unwrap();
    let typed = |lines| {
        read(
            &rules,
            &[(Field::ContactName, "A"), (Field::AddressLines, lines)],
        )
    };
    assert!(typed("Weg 1\r\n3000 Bern").is_ok());
    assert_eq!(
        typed("Weg 1\nBern"),
        Err(AddressError::Restricted(Field::AddressLines))
    );
}

#[test]
fn settings_that_restrict_nothing_well_are_named() {
    let email = |set| restricted(AddressType::Email, "CONTACT_EMAIL", set);
    let hint_in = |language: &str, hint: &str| RestrictionSettings {
        hint_i18n: Some(BTreeMap::from([(language.to_owned(), hint.to_owned())])),
        ..pattern(".*")
    };
    let hint = |hint: &str| RestrictionSettings {
        hint: Some(hint.to_owned()),
        ..pattern(".*")
    };
    let country = |address_type, code: &str| Challenger {
        phone_country: Some(code.to_owned()),
        ..settings(address_type)
    };
    for (settings, key, reason) in [
        (
            email(RestrictionSettings {
                regex: None,
                ..hint("x")
            }),
            "restrictions.CONTACT_EMAIL",
            "needs \"regex\"",
        ),
        (
            email(pattern("a)|(b")),
            "restrictions.CONTACT_EMAIL.regex",
            "is not a regular expression (",
        ),
        (
            email(pattern("(?x) a # b")),
            "restrictions.CONTACT_EMAIL.regex",
            "is not a regular expression (",
        ),
        (
            email(pattern(r"(\pL{1,500}){1,500}")),
            "restrictions.CONTACT_EMAIL.regex",
            "takes too much memory",
        ),
        (
            email(pattern(&"a".repeat(1025))),
            "restrictions.CONTACT_EMAIL.regex",
            "is longer than 1024 bytes",
        ),
        (
            email(hint(" ")),
            "restrictions.CONTACT_EMAIL.hint",
            "says nothing",
        ),
        (
            email(hint("a\nb")),
            "restrictions.CONTACT_EMAIL.hint",
            "must be one line",
        ),
        (
            email(hint(&"a".repeat(501))),
            "restrictions.CONTACT_EMAIL.hint",
            "is longer than 500",
        ),
        (
            email(hint_in("german!", "x")),
            "restrictions.CONTACT_EMAIL.hint_i18n.german!",
            "is no language",
        ),
        (
            email(hint_in("de", "")),
            "restrictions.CONTACT_EMAIL.hint_i18n.de",
            "says nothing",
        ),
        (
            restricted(AddressType::Email, "CONTACT_PHONE", pattern(".*")),
            "restrictions.CONTACT_PHONE",
            "is no field of the address type \"email\"",
        ),
        (
            restricted(AddressType::PostalCh, "ADDRESS_COUNTRY", pattern(".*")),
            "restrictions.ADDRESS_COUNTRY",
            "is no field of",
        ),
        (
            country(AddressType::Email, "CH"),
            "phone_country",
            "is of no use",
        ),
        (
            country(AddressType::Phone, "ch"),
            "phone_country",
            "\"ch\" is no country",
        ),
        (
            country(AddressType::Phone, "ZZ"),
            "phone_country",
            "\"ZZ\" is no country",
        ),
        (
            country(AddressType::Phone, "001"),
            "phone_country",
            "\"001\" is no country",
        ),
    ] {
        let wrong = Rules::new(&settings).unwrap_err();
        assert_eq!(wrong.key, format!("challenger.{key}"));
        assert!(wrong.reason.starts_with(reason), "{wrong}");
    }
}

#[test]
fn hints_are_told_in_the_language_of_the_reader() {
    let hints = [("de", "Nur hier"), ("de-CH", "Nur da")];
    let hints = hints.map(|(language, hint)| (language.to_owned(), hint.to_owned()));
    let set = RestrictionSettings {
        hint: Some("Only here".to_owned()),
        hint_i18n: Some(hints.into()),
        ..pattern(".*")
    };
    let rules = Rules::new(&restricted(AddressType::Email, "CONTACT_EMAIL", set)).unwrap();
    for (language, expected) in [
        ("de", "Nur hier"),
        ("DE-ch", "Nur da"),
        ("de-AT", "Nur hier"),
        ("fr", "Only here"),
        ("", "Only here"),
    ] {
        let hint = rules.hint(Field::ContactEmail, language);
        assert_eq!(hint, Some(expected), "{language}");
    }
    assert_eq!(rules.hint(Field::ContactPhone, "de"), None);
    let all: Vec<_> = rules.restrictions().iter().collect();
    assert_eq!((all.len(), all[0].1.regex()), (1, ".*"));
}

#[test]
fn stored_addresses_are_read_again() {
    let address = letter("Alice", "Weg 1\n3000 Bern", "CH").unwrap();
    let json = address.to_json();
    let text =
        r#"{"CONTACT_NAME":"Alice","ADDRESS_LINES":"Weg 1\n3000 Bern","ADDRESS_COUNTRY":"CH"}"#;
    assert_eq!(json.to_string(), text);
    assert_eq!(PlainAddress::from_json(&json), Ok(address));
    for text in [
        "null",
        "{}",
        r#"{"CONTACT_EMAIL":1}"#,
        r#"{"CONTACT_EMAIL":"a@b.c","read_only":true}"#,
        r#"{"CONTACT_NAME":"a"}"#,
    ] {
        let value = serde_json::from_str(text).unwrap();
        assert_eq!(PlainAddress::from_json(&value), Err(NotPlain), "{text}");
    }
}

proptest! {
    #[test]
    fn normalising_twice_is_the_same_as_once(
        name in "[-a-zé\u{301}\u{200b}\t ]{0,12}|.{0,40}",
        lines in "([-a-zé\u{301}\u{2028} ]{0,9}\r?\n){0,9}|.{0,40}",
        country in "[a-zA-Z]{2}|.{0,12}",
    ) {
        if let Ok(address) = letter(&name, &lines, &country) {
            let parts: Vec<&str> = address.iter().map(|(_, text)| text).collect();
            for part in &parts {
                prop_assert!(!part.chars().any(|found| found != '\n' && found.is_control()), "{:?}", part);
            }
            prop_assert_eq!(&letter(parts[0], parts[1], parts[2]).unwrap(), &address);
            prop_assert!(!address.tan_address().unwrap().as_str().starts_with('-'));
            prop_assert_eq!(PlainAddress::from_json(&address.to_json()).unwrap(), address);
        }
    }

    #[test]
    fn single_fields_are_normalised_once(
        typed in "\\+?[0-9 ()/.-]{3,20}|[-a-zA-Z.]{1,8}@[a-zA-Zü-]{1,8}\\.[a-z]{2}|.{0,30}",
    ) {
        for rules in [rules(AddressType::Email), rules(AddressType::Phone), swiss_numbers()] {
            if let Ok(normal) = read_one(&rules, &typed) {
                prop_assert_eq!(read_one(&rules, &normal), Ok(normal.clone()));
                prop_assert!(normal.bytes().all(|byte| byte.is_ascii_graphic()));
                prop_assert!(!normal.starts_with('-'));
            }
        }
    }

    #[test]
    fn numbers_are_found_by_their_digits(country in "41|49|33|1|44|39", rest in "[0-9]{6,10}") {
        let typed = format!("+{country}{rest}");
        if let Ok(number) = read_one(&rules(AddressType::Phone), &typed) {
            prop_assert!(number.starts_with('+') && number.len() <= 16, "{}", number);
            prop_assert!(number[1..].bytes().all(|byte| byte.is_ascii_digit()));
        }
    }
}
