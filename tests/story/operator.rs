//! The commands by which an operator looks after a server, on the pages that have nothing else to tell.

use std::collections::BTreeSet;

use serde_json::Value;

use super::{page::Page, reader::Reader, shop::install_oathtool};
use crate::cli::program::{Place, Running, on_place};

const OPERATE: Page = Page(include_str!("../../docs/operate.md"));
const CONFIGURATION: Page = Page(include_str!("../../docs/configuration.md"));
const OTP_DEVICES: Page = Page(include_str!("../../docs/otp-devices.md"));
const AUDIT: Page = Page(include_str!("../../docs/audit.md"));

/// Where the pages say that the management listener is.
const MANAGEMENT: &str = "127.0.0.1:9968";

/// A server, and a reader whose `kontor` has the same settings.
fn reader(place: &Place) -> (Running, Reader, String) {
    place.create_instance("shop");
    let server = place.start(&["serve"], &[]);
    let management = server.until("management");
    let management = management.trim_start_matches("http://");
    let listen = management
        .split(['/', ','])
        .next()
        .expect("an address")
        .to_owned();
    let mut reader = Reader::new("http://unused");
    let anywhere = "KONTOR_MANAGEMENT__LISTEN='127.0.0.1:0'";
    let there = format!("KONTOR_MANAGEMENT__LISTEN='{listen}'");
    reader.run(&place.as_command().replace(anywhere, &there));
    // It says where it is a moment before it answers.
    reader.run("until kontor health; do sleep 0.1; done");
    (server, reader, listen)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_is_looked_after_as_printed() {
    on_place(async |place| {
        let (_server, mut reader, management) = reader(place);
        let blocks = OPERATE.blocks("sh").into_iter();
        let printed: Vec<String> = blocks
            .map(|block| reader.run(&block.replace(MANAGEMENT, &management)))
            .collect();
        let [health, updates] = &printed[..] else {
            panic!("the page has other steps: {printed:#?}");
        };
        assert!(health.contains(r#""ready":true"#), "{health}");
        assert!(updates.contains("The tables are up to date"), "{updates}");
        let metrics = health
            .lines()
            .filter_map(|line| line.strip_prefix("# TYPE "));
        for line in metrics {
            let (name, kind) = line.split_once(' ').expect("a name and a kind");
            let suffix = match kind {
                "counter" => "_total",
                "info" => "_info",
                _ => "",
            };
            let name = format!("{name}{suffix}");
            assert!(named(OPERATE.0).contains(&*name), "the page lacks {name}");
        }
    })
    .await;
}

/// The metrics in the rows of tables, which may be those of a comment.
fn named(text: &str) -> BTreeSet<&str> {
    let rows = text.lines().map(|line| line.trim_start_matches("//! "));
    let cells = rows.filter_map(|row| row.strip_prefix("| `")?.split_once("` |"));
    let names = cells.map(|(name, _)| name);
    names
        .filter(|name| name.starts_with("kontor_") && !name.contains(' '))
        .collect()
}

/// Not each of them is told before there is something to count.
#[test]
fn every_metric_is_on_the_page() {
    let there = named(include_str!("../../src/metrics.rs"));
    assert!(there.len() > 10, "{there:?}");
    assert_eq!(named(OPERATE.0), there);
}

#[tokio::test(flavor = "multi_thread")]
async fn settings_are_printed_as_printed() {
    on_place(async |place| {
        let mut reader = Reader::new("http://unused");
        reader.run(&place.as_command());
        let printed: String = CONFIGURATION
            .blocks("sh")
            .into_iter()
            .map(|block| reader.run(block))
            .collect();
        assert!(printed.contains("The configuration is right"), "{printed}");
        assert!(printed.contains("merchant.currency"), "{printed}");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_audit_record_is_read_as_printed() {
    on_place(async |place| {
        place.create_instance("shop");
        let mut reader = Reader::new("http://unused");
        reader.run(&place.as_command());
        let blocks = AUDIT.blocks("sh").into_iter();
        let printed: Vec<String> = blocks.map(|block| reader.run(block)).collect();
        assert!(printed[0].contains("instance.created"), "{printed:?}");
        let shipped: Value =
            serde_json::from_str(printed[1].lines().next().expect("an event")).expect("JSON");
        assert_eq!(shipped["event"], "instance.created");
    })
    .await;
}

#[test]
fn codes_of_devices_are_made_as_printed() {
    install_oathtool();
    let mut reader = Reader::new("http://unused");
    let blocks = OTP_DEVICES.blocks("sh").into_iter();
    let printed: Vec<String> = blocks.map(|block| reader.run(block)).collect();
    let [code, key] = &printed[..] else {
        panic!("the page has other commands: {printed:#?}");
    };
    let row = format!("**{}**", code.trim());
    assert!(OTP_DEVICES.0.contains(&row), "{code}");
    assert_eq!(key.trim().len(), 32, "{key}");
}
