//! What `docs/second-factor.md` shows, lived through: a stranger signs up, logs in, sets a new password and moves to another
//! address, each time with a code that was sent by the ways of `docs/sending-codes.md`.

use std::os::unix::fs::PermissionsExt as _;

use super::{
    page::{Page, takes_a_code},
    reader::{PATIENCE, Reader},
    serve,
};
use crate::{
    cli::program::on_place,
    support::smtp::{Encryption, SmtpServer},
    tan::documentation::{gateway, helper},
};

const PAGE: Page = Page(include_str!("../../docs/second-factor.md"));

/// The lines of the page that say how its reader is reached, at first and later: `CONTACT='"email":...'` and the like.
fn contacts(member: &str, channel: &str) -> String {
    [
        format!("CONTACT='\"{member}\":"),
        format!("NEW_CONTACT='\"{member}\":"),
        format!("CHANNEL={channel}"),
    ]
    .map(|begin| PAGE.line(&begin))
    .join("\n")
}

/// The commands by which a stranger signs up; `read` is how the code gets into `CODE`.
pub fn sign_up(read: &str) -> String {
    let contacts = contacts("email", "email");
    let blocks = PAGE.blocks("sh");
    format!("{contacts}\n{}\n{read}\n{}", blocks[0], blocks[1])
}

/// Whose turn it is to receive a code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum At {
    FirstAddress,
    NewAddress,
}

/// What a reader does who forgets to hand a code in. It has to fail in sight.
const TOO_EARLY: &str = "if repeat login 2>&1; then echo 'it went through'; fi";

/// Follows the page from its first command to its last; `code` is the reader's look into the mailbox or at the phone.
fn live_through(
    url: &str,
    contacts: &str,
    [validated, moved]: [&str; 2],
    code: impl Fn(At) -> String,
) {
    let mut reader = Reader::new(url);
    reader.run(contacts);
    let mut printed = Vec::new();
    let mut at = At::FirstAddress;
    for block in PAGE.blocks("sh") {
        if takes_a_code(block) {
            reader.run(&format!("CODE={}", code(at)));
        }
        printed.push(reader.run(block));
        if block.contains("begin login") {
            let refused = reader.run(TOO_EARLY);
            assert!(refused.contains("not done: codes are missing"), "{refused}");
            assert!(!refused.contains("it went through"), "{refused}");
        }
        if block == "another\n" {
            at = At::NewAddress;
        }
    }
    let [
        sign_up,
        _,
        login,
        logged_in,
        reset,
        after_reset,
        again,
        move_begun,
        _,
        end,
    ] = printed.as_slice()
    else {
        panic!("the page has other steps: {printed:#?}");
    };
    for (printed, expected) in [
        (sign_up, "\"combi_and\":true"),
        (sign_up, "\"earliest_retransmission\""),
        (login, "\"combi_and\":false"),
        (logged_in, validated),
        (reset, "\"combi_and\":true"),
        (after_reset, "401"),
        (after_reset, "\"combi_and\":false"),
        (again, validated),
        (move_begun, "\"combi_and\":true"),
        (end, validated),
        (end, moved),
    ] {
        assert!(
            printed.contains(expected),
            "{expected} is missing in:\n{printed}"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_second_factor_by_mail_works_as_printed() {
    on_place(async |place| {
        let login = Some(("kontor@shop.example", "a password"));
        let mailbox = SmtpServer::start_with(Encryption::StartTls, login);
        let server = serve(
            place,
            PAGE.blocks("toml")[0],
            &[
                (
                    "KONTOR_TAN__EMAIL__SMTP_URL",
                    &mailbox.url("kontor%40shop.example:a%20password@"),
                ),
                (
                    "KONTOR_TAN__EMAIL__SMTP_AUTHORITY",
                    &mailbox.authority().display().to_string(),
                ),
            ],
        );
        let code = |at| match at {
            At::FirstAddress => mailbox.wait_for("ada@tea.example").code(),
            At::NewAddress => mailbox.wait_for("ada@river.example").code(),
        };
        live_through(
            &server.merchant_url(),
            &contacts("email", "email"),
            [
                "\"email_validated\":true",
                "\"email\":\"ada@river.example\"",
            ],
            code,
        );
        for address in ["ada@tea.example", "ada@river.example"] {
            assert!(mailbox.mails(address).is_empty(), "a code too many");
        }
        assert!(server.stop("-TERM").0.success(), "{}", place.log());
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_second_factor_by_a_helper_for_sms_works_as_printed() {
    on_place(async |place| {
        let (address, asked) = gateway(&[202; 6]);
        // The helper that docs/sending-codes.md prints, installed here instead of in /usr/local.
        helper(place.folder.path(), address);
        let file = place.path("send-sms");
        let executable = std::fs::Permissions::from_mode(0o700);
        std::fs::set_permissions(&file, executable).expect("an executable file");
        let configuration = PAGE.blocks("toml")[1].replace(
            "/usr/local/lib/kontor/send-sms",
            &file.display().to_string(),
        );
        let server = serve(place, &configuration, &[]);
        let code = |at| {
            let (_, body) = asked.recv_timeout(PATIENCE).expect("a text message");
            let number = match at {
                At::FirstAddress => "41791234567",
                At::NewAddress => "41797654321",
            };
            let text = body.strip_prefix(&format!("to=%2B{number}&text="));
            let text = text.expect("a message for the reader");
            text[..9].to_owned()
        };
        live_through(
            &server.merchant_url(),
            &contacts("phone_number", "sms"),
            ["\"phone_validated\":true", "\"+41 79 765 43 21\""],
            code,
        );
        assert!(asked.try_recv().is_err(), "a code too many");
        assert!(server.stop("-TERM").0.success(), "{}", place.log());
    })
    .await;
}
