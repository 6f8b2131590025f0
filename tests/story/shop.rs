//! What `docs/shop.md` shows, lived through: a shop signs up, has a bank account and devices that show codes, and is asked by a
//! payment provider who it is.

use std::{path::Path, process::Command};

use serde_json::json;

use super::{
    page::{Page, takes_a_code},
    reader::Reader,
    serve,
};
use crate::{
    cli::program::on_place,
    support::{
        exchange::TestExchange,
        smtp::{Encryption, SmtpServer},
    },
};

const PAGE: Page = Page(include_str!("../../docs/shop.md"));

const ADDRESS: &str = "ada@tea.example";

/// Where the page goes on with a payment provider.
const WITH_PROVIDER: &str = "## Verification, with one\n";

/// The page wants it, and tests get it where that is possible.
pub fn install_oathtool() {
    let program = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/oathtool.sh");
    let output = Command::new(program).arg("--version").output();
    let output = output.expect("tests/oathtool.sh");
    let trouble = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{trouble}");
}

/// A payment provider that knows nobody, at the time of this machine.
async fn provider() -> TestExchange {
    let provider = TestExchange::start_for("EUR", 7).await;
    provider.adjust(|keys| {
        for key in keys["signkeys"].as_array_mut().expect("a list") {
            key["stamp_expire"] = json!({ "t_s": "never" });
        }
    });
    provider
}

/// The second configuration of the page, for this payment provider.
fn configuration(provider: &TestExchange) -> String {
    let [before, added] = PAGE.blocks("toml")[..] else {
        panic!("the page has other configurations");
    };
    let settings = provider.settings();
    let added = added
        .replace("https://exchange.example/", &provider.base_url())
        .replace(
            "7N01FGZ88E4NN4NQ1AKMT6VYQJE9GB6F5V29D360SNAZ2AQMCR60",
            &settings.master_key.to_string(),
        );
    [before, &added].concat()
}

fn follow(reader: &mut Reader, mailbox: &SmtpServer, blocks: &[&str]) -> Vec<String> {
    let follow = |block: &&str| {
        if takes_a_code(block) {
            reader.run(&format!("CODE={}", mailbox.wait_for(ADDRESS).code()));
        }
        reader.run(block)
    };
    blocks.iter().map(follow).collect()
}

#[track_caller]
fn says(printed: &str, expected: &[&str]) {
    for expected in expected {
        assert!(
            printed.contains(expected),
            "{expected} is missing in:\n{printed}"
        );
    }
}

/// What is printed apart from empty lines, which stand for empty answers.
fn lines(printed: &str) -> Vec<&str> {
    printed.lines().filter(|line| !line.is_empty()).collect()
}

fn check_account(printed: &[String]) {
    let [added, shown, facade, deactivated, _, back] = printed else {
        panic!("the page has other steps: {printed:#?}");
    };
    says(added, &["\"h_wire\":", "\"salt\":"]);
    let payto = "payto://iban/DE89370400440532013000?receiver-name=Tea%20House";
    says(shown, &["\"accounts\":[", "\"active\":true"]);
    says(
        shown,
        &["\nAccount: payto://", payto, "\nActive: yes\n", "\nSalt: "],
    );
    says(facade, &["\"credit_facade_url\":\"https://bank.example/"]);
    assert!(!facade.contains("jasmine"), "{facade}");
    says(deactivated, &["\"active\":false"]);
    let [added, back] = [added, back].map(|printed| lines(printed));
    assert_eq!(added[0], back[0], "another wire hash or salt");
    says(back[1], &["\"active\":true"]);
    assert!(!back[1].contains("facade"), "{back:?}");
}

fn check_devices(till: &str, machine: &str) {
    let till = lines(till);
    assert_eq!(till.len(), 7, "{till:?}");
    assert!(till.iter().all(|code| code.len() == 8), "{till:?}");
    assert_eq!([till[5], till[5]], [till[2], till[6]], "{till:?}");
    let machine = lines(machine);
    let (codes, list) = machine.split_at(10);
    assert!(codes.iter().all(|code| code.len() == 8), "{codes:?}");
    assert_ne!(codes[..5], codes[5..], "the price does not matter");
    assert_ne!(codes[..5], till[..5], "the algorithm does not matter");
    says(list[0], &["\"till\"", "\"machine\""]);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_life_of_a_shop_works_as_printed() {
    install_oathtool();
    on_place(async |place| {
        let login = Some(("kontor@shop.example", "a password"));
        let mailbox = SmtpServer::start_with(Encryption::StartTls, login);
        let url = mailbox.url("kontor%40shop.example:a%20password@");
        let authority = mailbox.authority().display().to_string();
        let environment = [
            ("KONTOR_TAN__EMAIL__SMTP_URL", url.as_str()),
            ("KONTOR_TAN__EMAIL__SMTP_AUTHORITY", authority.as_str()),
        ];
        let parts = PAGE.0.split_once(WITH_PROVIDER).expect("its two parts");
        let [without, with] = [parts.0, parts.1].map(|part| Page(part).blocks("sh"));

        let server = serve(place, PAGE.blocks("toml")[0], &environment);
        let mut reader = Reader::new(&server.merchant_url());
        let printed = follow(&mut reader, &mailbox, &without);
        says(&printed[2], &["\"email_validated\":true"]);
        check_account(&printed[4..10]);
        check_devices(&printed[10], &printed[11]);
        says(&printed[12], &["204\n", "{\"exchanges\":[]}"]);
        assert!(server.stop("-TERM").0.success(), "{}", place.log());

        let provider = provider().await;
        let server = serve(place, &configuration(&provider), &environment);
        let url = server.merchant_url();
        let url = url.trim_end_matches('/');
        reader.run(&format!(
            "KONTOR={url} SHOP={url}/instances/tea-house EXCHANGE={}",
            provider.base_url()
        ));
        let printed = follow(&mut reader, &mailbox, &with);
        let [status, transfer] = &printed[..] else {
            panic!("the page has other steps: {printed:#?}");
        };
        says(
            status,
            &[
                "\"status\":\"kyc-wire-required\"",
                "EUR): kyc-wire-required\n    Make one of these transfers from the account.\n    last answer: HTTP 404",
                "\n    transfer payto://",
                "\"keys_ec\":0",
            ],
        );
        says(transfer, &["\"amount\":\"EUR:0.01\"", "\"subject\":\"KYC:"]);
        assert!(mailbox.mails(ADDRESS).is_empty(), "a code too many");
        assert!(server.stop("-TERM").0.success(), "{}", place.log());
    })
    .await;
}
