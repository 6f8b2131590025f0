//! What `docs/challenger.md` shows, lived through: an operator registers a client, and a person proves an address to it.

use serde_json::Value;

use super::{page::Page, reader::Reader, serve};
use crate::{
    cli::program::on_place,
    support::smtp::{Encryption, SmtpServer},
};

const PAGE: Page = Page(include_str!("../../docs/challenger.md"));

const ADDRESS: &str = "ada@tea.example";

/// Follows the page from its first command to its last; `code` is the reader's look into the mailbox.
fn live_through(reader: &mut Reader, code: impl Fn() -> String) -> Vec<String> {
    let follow = |block: &'static str| {
        if block.contains("$PIN") {
            reader.run(&format!("PIN={}", code()));
        }
        reader.run(block)
    };
    PAGE.blocks("sh").into_iter().map(follow).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn an_address_is_proven_as_printed() {
    on_place(async |place| {
        let login = Some(("kontor@challenger.example", "a password"));
        let mailbox = SmtpServer::start_with(Encryption::StartTls, login);
        let environment = [
            (
                "KONTOR_TAN__EMAIL__SMTP_URL",
                &*mailbox.url("kontor%40challenger.example:a%20password@"),
            ),
            (
                "KONTOR_TAN__EMAIL__SMTP_AUTHORITY",
                &*mailbox.authority().display().to_string(),
            ),
        ];
        let server = serve(place, &PAGE.blocks("toml").concat(), &environment);
        let line = server.until("challenger");
        let listen = line.strip_prefix("https://challenger.example/, listening on ");
        let (listen, _) = listen
            .and_then(|rest| rest.split_once(';'))
            .expect("an address");

        let mut reader = Reader::new(&format!("http://{listen}"));
        reader.run(&place.as_command());
        reader.run("CHALLENGER=$KONTOR");
        let code = || {
            let mail = mailbox.wait_for(ADDRESS);
            mail.code()
        };
        let printed = live_through(&mut reader, code);
        let [registered, _, link, asked, location, info] = &printed[..] else {
            panic!("the page has other steps: {printed:#?}");
        };
        assert!(
            registered.contains("https://client.example/done"),
            "{registered}"
        );
        assert!(link.contains("&code_challenge_method=S256"), "{link}");
        let answers: Vec<Value> = asked
            .lines()
            .map(|line| serde_json::from_str(line).expect("JSON"))
            .collect();
        assert_eq!(answers[0]["solved"], false);
        assert_eq!(answers[1]["type"], "created");
        assert_eq!(answers[1]["transmitted"], true);
        assert!(
            location.starts_with("https://client.example/done?code="),
            "{location}"
        );
        let info: Value = serde_json::from_str(info).expect("JSON");
        assert_eq!(info["address"]["CONTACT_EMAIL"], ADDRESS);
        let listed = place.output(&["client", "list", "--json"]);
        let listed: Value = serde_json::from_str(&listed).expect("JSON");
        for count in ["setups", "codes_sent", "validations"] {
            assert_eq!(listed["clients"][0][count], 1, "{count}");
        }
        assert!(mailbox.mails(ADDRESS).is_empty(), "a code too many");
        assert!(server.stop("-TERM").0.success(), "{}", place.log());
    })
    .await;
}
