use super::super::{About, Address, Channel, Tan};
use super::*;
use crate::clock::UnixMicros;

const TODAY: i64 = 1_800_000_000;

fn printer(window: Window) -> Printer {
    let (clock, _) = Clock::mock(UnixMicros::from_seconds(TODAY));
    Printer::new(window, clock).unwrap()
}

fn message(address: &str) -> Message {
    Message {
        channel: Channel::Post,
        address: Address::parse(Channel::Post, address).unwrap(),
        tan: Tan::read("12345678").unwrap(),
        about: About::Address {
            reference: "V09S-83XP".to_owned(),
        },
        service: "pay.example.com".to_owned(),
        valid_for: Duration::from_secs(21 * 86_400),
        languages: None,
    }
}

fn text(body: &str) -> Text {
    Text {
        language: "de".to_owned(),
        subject: None,
        body: Zeroizing::new(body.to_owned()),
    }
}

const BODY_TEXT: &str = "Guten Tag\n\n    1234-5678\n\nEr gilt 21 Tage.";

/// What a reader of the PDF finds in it, page by page.
fn extracted(pdf: &[u8]) -> Vec<String> {
    let document = lopdf::Document::load_mem(pdf).unwrap();
    let pages = document.get_pages();
    let text = |page| document.extract_text(&[page]).unwrap();
    pages.into_keys().map(text).collect()
}

fn lines<'a>(pages: &'a Pages<'_>) -> impl Iterator<Item = &'a page::Line> {
    pages.pages.iter().flatten()
}

fn laid_out<'a>(printer: &'a Printer, address: &str, body: &str) -> Pages<'a> {
    let address_lines = printer.lay_out_address(address).unwrap();
    let pages = printer.lay_out(&message(address), &text(body), &address_lines);
    pages.unwrap()
}

#[test]
fn a_letter_says_what_it_must() {
    let printer = printer(Window::Left);
    let address = "Zoë Muster\nRue du Four 1\n8000 Zürich\nCH";
    let pdf = printer.print(&message(address), &text(BODY_TEXT)).unwrap();
    let pages = extracted(&pdf);
    let found: Vec<&str> = pages[0].lines().map(str::trim).collect();
    assert_eq!(pages.len(), 1);
    for line in [
        "pay.example.com",
        "Zoë Muster",
        "Rue du Four 1",
        "8000 Zürich",
        "SWITZERLAND",
        "pay.example.com  ·  V09S-83XP",
        "2027-01-15",
        "Guten Tag",
        "1234-5678",
        "Er gilt 21 Tage.",
    ] {
        assert!(found.contains(&line), "{line}: {found:?}");
    }
}

#[test]
fn the_same_letter_has_the_same_bytes() {
    let print = |window| {
        let printed = printer(window).print(&message("Zoë\nBern"), &text(BODY_TEXT));
        printed.unwrap()
    };
    assert_eq!(print(Window::Left), print(Window::Left));
    assert_ne!(print(Window::Left), print(Window::Right));
}

#[test]
fn every_script_of_europe_comes_out() {
    let printer = printer(Window::Left);
    for name in [
        "Łukasz Őry, Ștefan Țepeș, Ġorġ Ħili, İpek Işık, Þór Eiðsson, Dvořák, ẞ",
        "Ολλανδία Ελλάς ἀρχή",
        "Щёлково Їжак Ђурић Ќосев Ўладзімір",
        "Երևան Հայաստան",
        "თბილისი საქართველო",
        "\u{201c}L’Œuvre\u{201d} – 5€ № 7",
    ] {
        let pdf = printer.print(&message(&format!("{name}\nWeg 1")), &text(BODY_TEXT));
        let pages = extracted(&pdf.unwrap());
        let words: Vec<&str> = pages[0].split_whitespace().collect();
        for word in name.split_whitespace() {
            assert!(words.contains(&word), "{word}: {words:?}");
        }
    }
}

#[test]
fn wrong_letters_are_never_printed() {
    let printer = printer(Window::Left);
    for name in ["أليس", "אליס", "爱丽丝", "अलीस", "อลิซ", "Alice 🙂", "ອາລິສ"]
    {
        let refused = printer.print(&message(&format!("{name}\nWeg 1")), &text(BODY_TEXT));
        let failure = refused.unwrap_err();
        assert_eq!(failure.error, DeliveryError::AddressUnusable, "{name}");
        let refused = printer.print(&message("Alice\nWeg 1"), &text(name));
        assert_eq!(refused.unwrap_err().error, DeliveryError::Misconfigured);
    }
}

#[test]
fn addresses_stand_in_the_window() {
    let long = "Wohlfahrtsstiftung der Angestellten des Elektrizitätswerks zu Niederbipp an der Aare und Umgebung AG";
    for (window, left) in [(Window::Left, 25.0), (Window::Right, 118.0)] {
        let printer = printer(window);
        for address in [
            "Zoë\nBern".to_owned(),
            "Zoë\nc/o Test\nAbteilung\nWeg 1\nPostfach\n3000 Bern\nCH".to_owned(),
            format!("{long}\n{long}\nWeg 1\n3000 Bern"),
            format!(
                "Zoë\n{}\nWeg 1\nBern\nCH",
                "Donaudampfschifffahrt".repeat(4)
            ),
            "Zoë\nOne\nTwo\nThree\nFour\nFive\nSix\nSeven\nEight\nSwitzerland".to_owned(),
        ] {
            let pages = laid_out(&printer, &address, BODY_TEXT);
            let in_window = |line: &&page::Line| (30.0..ABOUT).contains(&line.at.1);
            let shown: Vec<&page::Line> = lines(&pages).filter(in_window).collect();
            let words: String = shown.iter().map(|line| line.text.as_str()).collect();
            let without_blanks = |text: &str| text.split_whitespace().collect::<String>();
            assert_eq!(without_blanks(&words), without_blanks(&address));
            for line in shown {
                let width = page::millimetres(printer.typeface.width(&line.text, line.size));
                assert!((line.at.0 - left).abs() < 0.1, "{address}");
                assert!(width <= ADDRESS_WIDTH, "{width} {}", *line.text);
                assert!(
                    (ADDRESS_ZONE_TOP..ADDRESS_ZONE.1).contains(&line.at.1),
                    "{}",
                    line.at.1
                );
            }
        }
        let huge = [long; 8].join("\n");
        assert_eq!(
            printer.lay_out_address(&huge),
            Err(Unprintable::AddressTooLarge)
        );
    }
}

#[test]
fn countries_are_written_out() {
    for (address, expected) in [
        ("Zoë\nBern\nCH", "Zoë\nBern\nSWITZERLAND"),
        ("Zoë\nPristina\nXK", "Zoë\nPristina\nKOSOVO"),
        ("Zoë\nBern\nSuisse", "Zoë\nBern\nSuisse"),
        ("Zoë\nBern\nch", "Zoë\nBern\nch"),
        ("CH", "CH"),
    ] {
        assert_eq!(printed_address(address), expected);
    }
}

#[test]
fn the_code_is_large_wherever_the_template_has_it() {
    let printer = printer(Window::Left);
    for (body, count) in [(BODY_TEXT, 1), ("Der Code 1234-5678 gilt 21 Tage.", 1)] {
        let pages = laid_out(&printer, "Zoë\nBern", body);
        let large = lines(&pages).filter(|line| line.size > 20.0 && *line.text == "1234-5678");
        assert_eq!(large.count(), count, "{body}");
    }
}

#[test]
fn long_texts_take_several_pages() {
    let printer = printer(Window::Left);
    let body: String = (0..120).map(|number| format!("Zeile {number}\n")).collect();
    let wide = format!("{body}{}", "sehr lang ".repeat(40));
    let pages = laid_out(&printer, "Zoë\nBern", &wide);
    assert_eq!(pages.pages.len(), 3);
    for line in lines(&pages) {
        let width = page::millimetres(printer.typeface.width(&line.text, line.size));
        assert!(line.at.0 + width <= RIGHT + 0.1, "{}", *line.text);
        assert!(line.at.1 < 275.0, "{}", line.at.1);
    }
    let pages = extracted(&pages.finish().unwrap());
    let words = pages.join(" ");
    for expected in ["Zeile 0 ", "Zeile 119 ", "1/3", "3/3"] {
        assert!(words.replace('\n', " ").contains(expected), "{expected}");
    }
    assert_eq!(words.matches("sehr").count(), 40);
    assert_eq!(words.matches("Bern").count(), 1);
}
