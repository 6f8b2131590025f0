//! Letters that are printed.

use std::time::Duration;

use kontor::{
    config::{self, LetterFormat, Window},
    tan::{About, Channel, DeliveryError, Message},
};

use super::{delivery, message, start};

/// Letters by a shell script, with the address as `$1`, as PDF.
fn settings(script: &str) -> config::Tan {
    let command = ["/bin/sh", "-c", script, "helper"];
    let mut settings = config::Tan::default();
    settings.post.command = Some(command.map(str::to_owned).to_vec());
    settings.post.format = LetterFormat::Pdf;
    settings
}

fn letter(address: &str) -> Message {
    Message {
        about: About::Address {
            reference: "V09S-83XP".to_owned(),
        },
        valid_for: Duration::from_secs(21 * 86_400),
        languages: Some("fr".to_owned()),
        ..message(Channel::Post, address)
    }
}

#[tokio::test]
async fn a_helper_gets_a_letter_to_print() {
    let folder = tempfile::tempdir().expect("a folder");
    let script = format!(
        "cd '{}'; printf %s \"$1\" >address; cat >letter.pdf",
        folder.path().display()
    );
    let mut settings = settings(&script);
    settings.post.window = Window::Right;
    let sent = delivery(&settings)
        .deliver(letter("Zoë Muster\n8000 Zürich\nCH"))
        .await;
    assert_eq!(sent, Ok(()));
    let address = std::fs::read_to_string(folder.path().join("address")).expect("an address");
    assert_eq!(address, "Zoë Muster\n8000 Zürich\nCH");
    let letter = std::fs::read(folder.path().join("letter.pdf")).expect("a letter");
    assert!(letter.starts_with(b"%PDF-") && letter.trim_ascii_end().ends_with(b"%%EOF"));
    let letter = lopdf::Document::load_mem(&letter).expect("a PDF");
    let text = letter.extract_text(&[1]).expect("its text");
    for expected in [
        "Zoë Muster",
        "SWITZERLAND",
        "V09S-83XP",
        "1234-5678",
        "21 jours",
    ] {
        assert!(text.contains(expected), "{expected}: {text}");
    }
}

#[tokio::test]
async fn an_address_that_cannot_be_printed_is_not_sent_to() {
    let folder = tempfile::tempdir().expect("a folder");
    let called = folder.path().join("called");
    let delivery = delivery(&settings(&format!("touch '{}'", called.display())));
    let outcome = delivery.deliver(letter("爱丽丝\n3000 Bern")).await;
    assert_eq!(outcome, Err(DeliveryError::AddressUnusable));
    assert!(!called.exists());
}

#[test]
fn letters_need_a_program_and_texts_that_can_be_printed() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut spooled = settings("");
    spooled.post.command = None;
    spooled.post.spool = Some(folder.path().join("sent.jsonl"));
    let mut nothing = settings("");
    nothing.post.command = None;
    for settings in [spooled, nothing] {
        let wrong = start(&settings).err().expect("no program");
        assert_eq!(wrong.key, "tan.post.format");
    }
    let template = folder.path().join("post.validate-address.he.txt");
    std::fs::write(template, "{{ tan }} קוד {{ reference }}").expect("a template");
    let mut settings = settings("");
    settings.templates = Some(folder.path().to_owned());
    let wrong = start(&settings).err().expect("letters of another script");
    assert_eq!(
        (wrong.key.as_str(), wrong.reason.as_str()),
        (
            "tan.templates",
            "post.validate-address.he.txt has letters that cannot be printed"
        )
    );
    settings.post.format = LetterFormat::Text;
    assert!(start(&settings).is_ok());
}
