use super::super::address::Address;
use super::super::code::Tan;
use super::*;

fn message(channel: Channel, languages: Option<&str>) -> Message {
    let address = match channel {
        Channel::Email => "alice@shop.example",
        Channel::Sms => "+41791234567",
        Channel::Post => "Main Street 1\nBern",
    };
    Message {
        channel,
        address: Address::parse(channel, address).unwrap(),
        tan: Tan::read("12345678").unwrap(),
        about: shop(Purpose::LogIn),
        service: "pay.example.com".to_owned(),
        valid_for: Duration::from_secs(300),
        languages: languages.map(str::to_owned),
    }
}

fn shop(purpose: Purpose) -> About {
    About::Shop {
        purpose,
        instance: "coffee-shop".to_owned(),
    }
}

fn address() -> About {
    About::Address {
        reference: "V09S-83XP".to_owned(),
    }
}

/// All that a message can be about.
fn all() -> impl Iterator<Item = About> {
    Purpose::ALL.into_iter().map(shop).chain([address()])
}

fn templates() -> Templates {
    Templates::load(None).unwrap()
}

#[test]
fn every_built_in_template_serves_all_that_it_is_for() {
    let templates = templates();
    for (name, _) in BUILT_IN {
        let (place, language) = Place::of_file(name).unwrap();
        assert_eq!(place.file(&language), name);
        templates.try_out(place, &language).unwrap();
        let channel = place.channel;
        for about in all().filter(|about| Kind::of(about) == place.kind) {
            let message = Message {
                about: about.clone(),
                ..message(channel, Some(&language))
            };
            let text = templates.render(&message).unwrap();
            assert_eq!(text.language, language);
            assert_eq!(text.subject.is_some(), channel == Channel::Email);
            let about = about.instance().or(about.reference()).unwrap();
            assert!(
                text.body.contains("1234-5678") && text.body.contains(about),
                "{}",
                *text.body
            );
            if channel != Channel::Sms {
                assert!(text.body.contains("pay.example.com"), "{}", *text.body);
                let longest = text.body.lines().map(|line| line.chars().count()).max();
                assert!(longest <= Some(76), "{}", *text.body);
                assert!(!text.body.contains("\n\n\n"), "{}", *text.body);
            }
            assert!(
                text.body
                    .chars()
                    .all(|shown| shown == '\n' || !shown.is_control())
            );
        }
    }
}

#[test]
fn a_text_message_is_one_short_line() {
    // Letters beyond ASCII that the alphabet of GSM 03.38 has: a message of others holds 70 characters instead of 160.
    const GSM: &str = "äöüÄÖÜßàèéìòùñÑÇ";
    let templates = templates();
    for language in ["en", "de", "fr"] {
        for about in all() {
            let message = Message {
                about,
                ..message(Channel::Sms, Some(language))
            };
            let text = templates.render(&message).unwrap().body;
            assert!(text.chars().count() <= 160, "{}", *text);
            assert!(
                text.chars().all(|letter| letter.is_ascii_graphic()
                    || letter == ' '
                    || GSM.contains(letter)),
                "{}",
                *text
            );
            assert!(text.starts_with("1234-5678 "), "{}", *text);
        }
    }
}

#[test]
fn a_text_message_names_the_server_where_that_makes_no_second_message_of_it() {
    let templates = templates();
    let long = format!("{}.example.com", "x".repeat(60));
    for (service, is_named) in [("pay.example.com", true), (long.as_str(), false)] {
        for (about, language) in [
            (shop(Purpose::LogIn), "en"),
            (address(), "de"),
            (address(), "fr"),
        ] {
            let message = Message {
                service: service.to_owned(),
                about,
                ..message(Channel::Sms, Some(language))
            };
            let text = templates.render(&message).unwrap().body;
            assert_eq!(text.contains(service), is_named, "{}", *text);
            assert!(text.chars().count() <= 160, "{}", *text);
        }
    }
}

#[test]
fn a_text_message_that_proves_a_number_says_for_which_page_it_is() {
    let message = Message {
        about: address(),
        ..message(Channel::Sms, None)
    };
    assert_eq!(
        *templates().render(&message).unwrap().body,
        "1234-5678 is the code to confirm this number at pay.example.com. Only for the page with V09S-83XP. \
         Valid for 5 minutes. Not asked for? Ignore it."
    );
}

#[test]
fn only_who_can_lose_codes_is_warned_of_it() {
    let templates = templates();
    for purpose in Purpose::ALL {
        let message = Message {
            about: shop(purpose),
            ..message(Channel::Email, None)
        };
        let text = templates.render(&message).unwrap().body;
        let is_warned = text.contains("somebody else is probably logged in");
        assert_eq!(is_warned, purpose == Purpose::ChangeFactor, "{}", *text);
    }
}

#[test]
fn the_language_is_the_reader_s() {
    let templates = templates();
    for (accepted, expected) in [
        (None, "en"),
        (Some("de-CH, fr;q=0.5"), "de"),
        (Some("it, fr;q=0.5"), "fr"),
        (Some("it"), "en"),
        (Some("*"), "en"),
        (Some("\u{1}"), "en"),
        (Some(""), "en"),
    ] {
        let text = templates
            .render(&message(Channel::Email, accepted))
            .unwrap();
        assert_eq!(text.language, expected, "{accepted:?}");
    }
}

#[test]
fn names_cannot_add_lines_or_grow() {
    let name = format!(
        "evil\r\nBcc: bob@shop.example\n\u{202e}\u{2028}{{{{ tan }}}}{}",
        "x".repeat(500)
    );
    let text = templates()
        .render(&Message {
            about: About::Shop {
                purpose: Purpose::LogIn,
                instance: name.clone(),
            },
            service: name,
            ..message(Channel::Email, None)
        })
        .unwrap();
    let subject = text.subject.unwrap();
    assert!(
        subject.starts_with("Confirmation code for evil Bcc: bob@shop.example {{ tan }}xxx"),
        "{subject}"
    );
    assert!(subject.chars().count() < 190, "{subject}");
    assert!(!text.body.contains("\nBcc"), "{}", *text.body);
}

#[test]
fn durations_are_told_in_whole_units() {
    let told = |seconds| {
        let (number, unit) = whole_units(Duration::from_secs(seconds));
        format!("{number} {unit}")
    };
    assert_eq!(
        [300, 90, 3_600, 7_200, 86_400, 21 * 86_400, 299].map(told),
        [
            "5 minutes",
            "90 seconds",
            "60 minutes",
            "2 hours",
            "24 hours",
            "21 days",
            "4 minutes"
        ]
    );
}

#[test]
fn operators_replace_and_add_templates() {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| std::fs::write(folder.path().join(name), text).unwrap();
    write("sms.en.txt", "Ours: {{ tan }}\n");
    write(
        "email.it.txt",
        "Subject: Il codice\n\n{{ tan }} per {{ instance }}\n",
    );
    write(
        "sms.validate-address.it.txt",
        "{{ tan }} per la pagina {{ reference }}",
    );
    write("README.md", "{{ not a template }}");
    let templates = Templates::load(Some(folder.path())).unwrap();
    let render = |channel, languages| {
        templates
            .render(&message(channel, Some(languages)))
            .unwrap()
    };
    assert_eq!(*render(Channel::Sms, "en").body, "Ours: 1234-5678");
    let text = render(Channel::Email, "it-CH");
    assert_eq!(
        (text.subject.as_deref(), text.body.as_str()),
        (Some("Il codice"), "1234-5678 per coffee-shop")
    );
    assert_eq!(render(Channel::Sms, "it").language, "en");
    let proof = Message {
        about: address(),
        ..message(Channel::Sms, Some("it"))
    };
    assert_eq!(
        *templates.render(&proof).unwrap().body,
        "1234-5678 per la pagina V09S-83XP"
    );
}

#[test]
fn wrong_templates_are_named_with_their_line() {
    for (name, text, expected) in [
        (
            "sms.en.txt",
            "a\n{{ tna }} {{ tan }}",
            "sms.en.txt: line 2: undefined value",
        ),
        (
            "sms.en.txt",
            "a\n\n{% if %}",
            "sms.en.txt: line 3: syntax error",
        ),
        (
            "sms.en.txt",
            "no code",
            "sms.en.txt: does not show the code, {{ tan }}, for \"log-in\"",
        ),
        (
            "sms.en.txt",
            "{% if purpose != 'sign-up' %}{{ tan }}{% endif %}",
            "does not show the code, {{ tan }}, for \"sign-up\"",
        ),
        (
            "email.en.txt",
            "{{ tan }}",
            "email.en.txt: the first line of an e-mail is \"Subject: ...\"",
        ),
        (
            "email.en.txt",
            "Subject: {{ tan }}\n\n{{ tan }}",
            "shows the code in the subject",
        ),
        (
            "sms.validate-address.en.txt",
            "{{ tan }}",
            "does not show {{ reference }}",
        ),
        (
            "sms.validate-address.en.txt",
            "{{ tan }} {{ reference }} {{ instance }}",
            "undefined value",
        ),
        ("sms.en.txt", "{{ tan }} {{ reference }}", "undefined value"),
        (
            "sms.log-in.en.txt",
            "",
            "the name of a template is CHANNEL.LANGUAGE.txt",
        ),
        (
            "mail.en.txt",
            "",
            "the name of a template is CHANNEL.LANGUAGE.txt",
        ),
        (
            "sms.txt",
            "",
            "the name of a template is CHANNEL.LANGUAGE.txt",
        ),
    ] {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join(name), text).unwrap();
        let Err(sentence) = Templates::load(Some(folder.path())) else {
            panic!("{name}: {text}");
        };
        assert!(sentence.contains(expected), "{sentence}");
    }
    assert!(Templates::load(Some(Path::new("/nowhere"))).is_err());
}
