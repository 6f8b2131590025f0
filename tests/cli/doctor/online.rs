//! What is found where other servers are asked.

use super::found;
use crate::cli::program::on_place;
use crate::support::{
    exchange::{Keys, TestExchange},
    smtp::{Encryption, SmtpServer},
};

#[tokio::test(flavor = "multi_thread")]
async fn other_servers_are_asked_when_it_is_wished() {
    on_place(async |place| {
        place.create_instance("admin");
        let login = Some(("kontor@shop.example", "a password"));
        let mailbox = SmtpServer::start_with(Encryption::StartTls, login);
        let exchange = TestExchange::start().await;
        // Its keys are those of the tests' time, which is not this machine's.
        exchange.adjust(|keys| {
            for key in keys["signkeys"].as_array_mut().expect("signing keys") {
                key["stamp_expire"]["t_s"] = 4_102_444_800_u64.into();
            }
        });
        let entry = exchange.settings();
        let exchanges = format!(
            "[{{ base_url = \"{}\", master_key = \"{}\", currency = \"KUDOS\" }}]",
            entry.base_url, entry.master_key
        );
        let authority = mailbox.authority().display().to_string();
        let ask = |login: &str| {
            let url = mailbox.url(login);
            let environment = [
                ("KONTOR_MERCHANT__EXCHANGES", exchanges.as_str()),
                ("KONTOR_TAN__EMAIL__SMTP_URL", &url),
                ("KONTOR_TAN__EMAIL__SMTP_AUTHORITY", &authority),
                ("KONTOR_TAN__EMAIL__FROM", "kontor@shop.example"),
            ];
            found(place, &["--online"], &environment)
        };
        const RIGHT: &str = "kontor%40shop.example:a%20password@";
        // Nobody served yet, so that nobody asked yet.
        assert_eq!(ask(RIGHT), ["exchanges-never-reached"]);
        exchange.keys(Keys::Status(503));
        let wrong = ask("kontor%40shop.example:another@");
        assert_eq!(
            wrong,
            ["exchanges-never-reached", "exchanges-online", "smtp-online"]
        );
        assert!(mailbox.mails("kontor@shop.example").is_empty());
    })
    .await;
}
