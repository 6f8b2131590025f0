//! E-mail to a real SMTP server, and to some that are none.

use std::{net::TcpListener, time::Duration};

use kontor::{
    config::{self, SmtpUrl},
    tan::{About, Channel, DeliveryError, Message, Purpose},
};

use super::{delivery, message, start};
use crate::support::smtp::{Encryption, SmtpServer};

const PATIENCE: Duration = Duration::from_secs(60);
const LOGIN: (&str, &str) = ("me@shop.example", "p:a ss");

fn settings(url: &str, limit: Duration) -> config::Tan {
    config::Tan {
        command_timeout: limit,
        email: config::EmailDelivery {
            smtp_url: Some(SmtpUrl::parse(url).expect("a URL")),
            from: Some("Our Shops <noreply@shops.example>".to_owned()),
            ..config::EmailDelivery::default()
        },
        ..config::Tan::default()
    }
}

fn settings_for(server: &SmtpServer, user: &str, encryption: Encryption) -> config::Tan {
    let mut settings = settings(&server.url(user), PATIENCE);
    settings.email.smtp_authority = (encryption != Encryption::None).then(|| server.authority());
    settings
}

fn mail(address: &str) -> Message {
    message(Channel::Email, address)
}

#[tokio::test]
async fn a_message_is_a_complete_e_mail() {
    let server = SmtpServer::start(Encryption::None);
    let delivery = delivery(&settings_for(&server, "", Encryption::None));
    let sent = Message {
        about: About::Shop {
            purpose: Purpose::ResetPassword,
            instance: "Café\r\nBcc: eve@shop.example".to_owned(),
        },
        languages: Some("de".to_owned()),
        ..mail("Alice@shop.example")
    };
    assert_eq!(delivery.deliver(sent).await, Ok(()));
    let mail = server.wait_for("Alice@shop.example");
    assert_eq!(
        mail.subject,
        "Bestätigungscode für Café Bcc: eve@shop.example auf pay.example.com"
    );
    assert!(
        mail.text.contains("ein neues Passwort zu setzen:"),
        "{}",
        mail.text
    );
    assert_eq!(mail.code(), "1234-5678");
    let (head, _) = mail.raw.split_once("\r\n\r\n").expect("head and body");
    for line in [
        "Date: Fri, 15 Jan 2027 08:00:00 +0000",
        "From: \"Our Shops\" <noreply@shops.example>",
        "To: Alice@shop.example",
        "Auto-Submitted: auto-generated",
        "Content-Language: de",
        "Content-Type: text/plain; charset=utf-8",
    ] {
        assert!(
            head.lines().any(|found| found == line),
            "{line} is not in\n{head}"
        );
    }
    let is_id = |line: &str| line.starts_with("Message-ID: <") && line.ends_with("@shops.example>");
    assert!(head.lines().any(is_id), "{head}");
    assert!(!head.lines().any(|line| line.starts_with("Bcc")), "{head}");
}

#[tokio::test]
async fn tls_is_used_and_the_certificate_checked() {
    for encryption in [Encryption::StartTls, Encryption::Tls] {
        let server = SmtpServer::start(encryption);
        let mut settings = settings_for(&server, "", encryption);
        assert_eq!(
            delivery(&settings)
                .deliver(mail("alice@shop.example"))
                .await,
            Ok(()),
            "{encryption:?}"
        );
        assert_eq!(server.wait_for("alice@shop.example").code(), "1234-5678");

        let stranger = SmtpServer::start(encryption);
        for authority in [Some(stranger.authority()), None] {
            settings.email.smtp_authority = authority;
            let outcome = delivery(&settings)
                .deliver(mail("alice@shop.example"))
                .await;
            assert_eq!(outcome, Err(DeliveryError::Misconfigured), "{encryption:?}");
        }
        assert_eq!(server.mails("alice@shop.example").len(), 0);
    }
}

#[tokio::test]
async fn nothing_is_sent_where_starttls_is_not_offered() {
    let server = SmtpServer::start(Encryption::None);
    let url = server.url("").replace("?tls=none", "");
    let outcome = delivery(&settings(&url, PATIENCE))
        .deliver(mail("alice@shop.example"))
        .await;
    assert_eq!(outcome, Err(DeliveryError::Misconfigured));
    assert_eq!(server.mails("alice@shop.example").len(), 0);
}

#[tokio::test]
async fn the_login_is_used() {
    for encryption in [Encryption::None, Encryption::StartTls, Encryption::Tls] {
        let server = SmtpServer::start_with(encryption, Some(LOGIN));
        for (user, expected) in [
            ("me%40shop.example:p%3Aa%20ss@", Ok(())),
            (
                "me%40shop.example:wrong@",
                Err(DeliveryError::Misconfigured),
            ),
            ("", Err(DeliveryError::Misconfigured)),
        ] {
            let settings = settings_for(&server, user, encryption);
            let outcome = delivery(&settings)
                .deliver(mail("alice@shop.example"))
                .await;
            assert_eq!(outcome, expected, "{encryption:?} {user}");
        }
        assert_eq!(server.mails("alice@shop.example").len(), 1);
    }
    let open = SmtpServer::start(Encryption::None);
    let settings = settings_for(&open, "a:b@", Encryption::None);
    let outcome = delivery(&settings)
        .deliver(mail("alice@shop.example"))
        .await;
    assert_eq!(
        outcome,
        Err(DeliveryError::Misconfigured),
        "no login is offered"
    );
}

#[tokio::test]
async fn every_refusal_has_its_meaning() {
    let server = SmtpServer::start(Encryption::None);
    let delivery = delivery(&settings(&server.url(""), Duration::from_millis(500)));
    for (user, expected) in [
        ("unknown", DeliveryError::AddressUnusable),
        ("busy", DeliveryError::AddressUnreachable),
        ("forbidden", DeliveryError::Misconfigured),
        ("closing", DeliveryError::Failed),
        ("unwanted", DeliveryError::Failed),
        ("stalled", DeliveryError::OutcomeUnknown),
        ("dropped", DeliveryError::OutcomeUnknown),
        ("hanging", DeliveryError::OutcomeUnknown),
    ] {
        let outcome = delivery
            .deliver(mail(&format!("{user}@shop.example")))
            .await;
        assert_eq!(outcome, Err(expected), "{user}");
    }
    assert_eq!(delivery.deliver(mail("alice@shop.example")).await, Ok(()));
}

#[tokio::test]
async fn servers_that_are_none_fail() {
    let silent = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let address = silent.local_addr().expect("its address");
    for scheme in ["smtp", "smtps"] {
        let settings = settings(&format!("{scheme}://{address}"), Duration::from_millis(300));
        let outcome = delivery(&settings)
            .deliver(mail("alice@shop.example"))
            .await;
        assert_eq!(
            outcome,
            Err(DeliveryError::OutcomeUnknown),
            "{scheme}: it says nothing"
        );
    }
    drop(silent);
    let settings = settings(&format!("smtp://{address}"), PATIENCE);
    let outcome = delivery(&settings)
        .deliver(mail("alice@shop.example"))
        .await;
    assert_eq!(outcome, Err(DeliveryError::Failed), "nobody listens");
}

#[test]
fn settings_that_do_not_fit_are_named() {
    let folder = tempfile::tempdir().expect("a folder");
    let right = settings("smtp://mail.example", PATIENCE);
    let wrong = |change: &dyn Fn(&mut config::EmailDelivery)| {
        let mut settings = right.clone();
        change(&mut settings.email);
        start(&settings).err().expect("wrong settings").to_string()
    };
    let missing = wrong(&|email| email.from = None);
    assert_eq!(
        missing,
        "\"tan.email.from\": is needed beside \"tan.email.smtp_url\": the sender of the messages"
    );
    let sender = wrong(&|email| email.from = Some("our shops".to_owned()));
    assert!(
        sender.starts_with("\"tan.email.from\": \"our shops\" is not a sender"),
        "{sender}"
    );
    let idle = wrong(&|email| email.smtp_url = None);
    assert_eq!(
        idle,
        "\"tan.email.from\": is of no use without \"tan.email.smtp_url\""
    );
    let twice = wrong(&|email| email.spool = Some(folder.path().join("spool")));
    assert!(
        twice.starts_with("\"tan.email.smtp_url\": cannot be set together"),
        "{twice}"
    );
    for content in [
        None,
        Some("no certificate"),
        Some("-----BEGIN CERTIFICATE-----\nx\n-----END CERTIFICATE-----\n"),
    ] {
        let file = folder.path().join("authority.pem");
        if let Some(content) = content {
            std::fs::write(&file, content).expect("a file");
        }
        let authority = wrong(&|email| email.smtp_authority = Some(file.clone()));
        assert!(
            authority.starts_with("\"tan.email.smtp_authority\": "),
            "{authority}"
        );
    }
}
