//! What the documentation shows, tried out.

use std::{
    io::{BufRead as _, BufReader, Read as _, Write as _},
    net::{SocketAddr, TcpListener},
    path::Path,
    sync::mpsc::{Receiver, channel},
    time::Duration,
};

use kontor::{
    config,
    tan::{Channel, DeliveryError, Message, Purpose},
};

use super::{delivery, message, shop};

const PAGE: &str = include_str!("../../docs/sending-codes.md");

/// The one block of the page in this language.
fn block(language: &str) -> &'static str {
    let (_, after) = PAGE
        .split_once(&format!("```{language}\n"))
        .expect("a block");
    after.split_once("```").expect("its end").0
}

/// A gateway that answers each request with one status, and tells head and body of what it was asked.
pub fn gateway(statuses: &'static [u16]) -> (SocketAddr, Receiver<(String, String)>) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let address = listener.local_addr().expect("its address");
    let (send, asked) = channel();
    std::thread::spawn(move || {
        for status in statuses {
            let (mut stream, _) = listener.accept().expect("a connection");
            let mut reader = BufReader::new(stream.try_clone().expect("the connection"));
            let mut head = String::new();
            while !head.ends_with("\r\n\r\n") {
                reader.read_line(&mut head).expect("a line");
            }
            let length = head
                .lines()
                .find_map(|line| line.strip_prefix("Content-Length: "))
                .map_or(0, |length| length.parse().expect("a length"));
            let mut body = vec![0; length];
            reader.read_exact(&mut body).expect("a body");
            write!(
                stream,
                "HTTP/1.1 {status} -\r\ncontent-length: 0\r\nconnection: close\r\n\r\n"
            )
            .expect("an answer");
            let body = String::from_utf8(body).expect("text");
            // The test may have ended.
            drop(send.send((head, body)));
        }
    });
    (address, asked)
}

/// The helper of the page, for another gateway and with another key.
pub fn helper(folder: &Path, gateway: SocketAddr) -> config::Tan {
    let key = folder.join("key");
    let script = block("sh")
        .replace(
            "https://sms.example/v1/messages",
            &format!("http://{gateway}/v1/messages"),
        )
        .replace("/etc/kontor/sms-key", &key.display().to_string());
    let file = folder.join("send-sms");
    std::fs::write(&file, script).expect("the helper");
    std::fs::write(&key, "header = \"Authorization: Bearer k3y\"\n").expect("the key");
    let mut settings = config::Tan::default();
    settings.sms.command = Some(vec!["/bin/sh".to_owned(), file.display().to_string()]);
    settings
}

#[tokio::test(flavor = "multi_thread")]
async fn the_helper_of_the_page_works() {
    let folder = tempfile::tempdir().expect("a folder");
    let (address, asked) = gateway(&[202, 422, 401, 404, 429, 500]);
    let settings = helper(folder.path(), address);
    let delivery = delivery(&settings);
    let sms = || message(Channel::Sms, "+41 79 123 45 67");
    for expected in [
        Ok(()),
        Err(DeliveryError::AddressUnusable),
        Err(DeliveryError::Misconfigured),
        Err(DeliveryError::AddressUnusable),
        Err(DeliveryError::Failed),
        Err(DeliveryError::OutcomeUnknown),
    ] {
        assert_eq!(delivery.deliver(sms()).await, expected);
        let (head, body) = asked
            .recv_timeout(Duration::from_secs(20))
            .expect("a request");
        assert!(head.starts_with("POST /v1/messages "), "{head}");
        assert!(head.contains("\r\nAuthorization: Bearer k3y\r\n"), "{head}");
        assert!(
            body.starts_with("to=%2B41791234567&text=1234-5678"),
            "{body}"
        );
    }
    assert_eq!(
        delivery.deliver(sms()).await,
        Err(DeliveryError::Failed),
        "nobody listens"
    );
    let national = delivery
        .deliver(message(Channel::Sms, "079 123 45 67"))
        .await;
    assert_eq!(national, Err(DeliveryError::AddressUnusable));
    std::fs::remove_file(folder.path().join("key")).expect("the key");
    assert_eq!(
        delivery.deliver(sms()).await,
        Err(DeliveryError::Misconfigured)
    );
}

#[tokio::test]
async fn the_outbox_of_the_page_works() {
    let folder = tempfile::tempdir().expect("a folder");
    let outbox = folder.path().join("outbox");
    let script = block("bash").replace("/var/spool/kontor-letters", &outbox.display().to_string());
    let file = folder.path().join("send-letter");
    std::fs::write(&file, script).expect("the helper");
    let mut settings = config::Tan::default();
    let command = ["/bin/bash".to_owned(), file.display().to_string()];
    settings.post.command = Some(command.into());
    settings.post.format = config::LetterFormat::Pdf;
    let delivery = delivery(&settings);
    let letter = || message(Channel::Post, "Alice\n3000 Bern");
    assert_eq!(
        delivery.deliver(letter()).await,
        Err(DeliveryError::Misconfigured)
    );
    std::fs::create_dir(&outbox).expect("a folder");
    for _ in 0..2 {
        assert_eq!(delivery.deliver(letter()).await, Ok(()));
    }
    let letters: Vec<_> = std::fs::read_dir(&outbox).expect("letters").collect();
    assert_eq!(letters.len(), 2);
    for letter in letters {
        let letter = letter.expect("a letter").path();
        assert_eq!(letter.extension().and_then(|end| end.to_str()), Some("pdf"));
        let content = std::fs::read(&letter).expect("a letter");
        assert!(content.starts_with(b"%PDF-"));
    }
}

#[tokio::test]
async fn the_template_of_the_page_works() {
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::write(folder.path().join("email.it.txt"), block("jinja")).expect("a template");
    let mut settings = config::Tan {
        templates: Some(folder.path().to_owned()),
        ..config::Tan::default()
    };
    settings.email.spool = Some(folder.path().join("sent.jsonl"));
    let message = Message {
        about: shop(Purpose::ResetPassword),
        languages: Some("it".to_owned()),
        ..message(Channel::Email, "alice@shop.example")
    };
    assert_eq!(delivery(&settings).deliver(message).await, Ok(()));
    let sent = std::fs::read_to_string(folder.path().join("sent.jsonl")).expect("a file");
    let sent: serde_json::Value = serde_json::from_str(&sent).expect("a line of JSON");
    assert_eq!(
        sent["message"],
        "Il codice è 1234-5678. Vale 5 minuti.\nServe per scegliere una nuova password.\n\
         Se non l'ha chiesto Lei, non lo comunichi a nessuno."
    );
}
