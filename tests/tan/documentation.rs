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

use super::{delivery, message};

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
async fn the_template_of_the_page_works() {
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::write(folder.path().join("email.it.txt"), block("jinja")).expect("a template");
    let mut settings = config::Tan {
        templates: Some(folder.path().to_owned()),
        ..config::Tan::default()
    };
    settings.email.spool = Some(folder.path().join("sent.jsonl"));
    let message = Message {
        purpose: Purpose::ResetPassword,
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
