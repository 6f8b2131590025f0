//! URLs that are made to reach what only the server can reach.

use std::{sync::Arc, time::Duration};

use kontor::http::outbound::{
    OutboundClient, OutboundError, OutboundRequest, OutboundUrl, SystemResolver,
};

use super::support::{Canary, LOOPBACK, Names, Server, client, get, ok, operator, settings};

/// Ways to write 127.0.0.1. `PORT` is that of a listener there.
const LOOPBACK_SPELLINGS: [&str; 20] = [
    "http://127.0.0.1:PORT/",
    "HTTP://127.0.0.1:PORT/",
    "http://127.1:PORT/",
    "http://127.0.1:PORT/",
    "http://0x7f.1:PORT/",
    "http://0x7F.0x0.0x0.0x1:PORT/",
    "http://0x7f000001:PORT/",
    "http://2130706433:PORT/",
    "http://017700000001:PORT/",
    "http://0177.0.0.1:PORT/",
    "http://0177.0x0.1:PORT/",
    "http://00000000177.0.0.1:PORT/",
    "http://127.0.0.1.:PORT/",
    "http://2130706433.:PORT/",
    "http://%31%32%37.0.0.1:PORT/",
    "http://%30%78%37%66.1:PORT/",
    "http://１２７.０.０.１:PORT/",
    "http://127。0。0。1:PORT/",
    "http://①②⑦.⓪.⓪.①:PORT/",
    "http://127.0.0.1:PORT/?url=http://good.example/",
];

/// Other addresses, and the purpose of their network.
const ADDRESSES: [(&str, &str); 51] = [
    ("http://127.255.255.254:PORT/", "loopback"),
    ("http://0:PORT/", "this network"),
    ("http://0.0.0.0:PORT/", "this network"),
    ("http://0x0:PORT/", "this network"),
    ("http://0.1.2.3:PORT/", "this network"),
    ("http://10.0.0.1:PORT/", "private"),
    ("http://10.255.255.255:PORT/", "private"),
    ("http://012.1:PORT/", "private"),
    ("https://10.0.0.1:PORT/", "private"),
    ("http://172.16.0.1:PORT/", "private"),
    ("http://172.31.255.255:PORT/", "private"),
    ("http://192.168.0.1:PORT/", "private"),
    ("http://0xc0a80001:PORT/", "private"),
    ("http://100.64.0.1:PORT/", "shared by carriers"),
    ("http://100.127.255.255:PORT/", "shared by carriers"),
    ("http://169.254.169.254/latest/meta-data/", "link-local"),
    ("http://2852039166/latest/meta-data/", "link-local"),
    ("http://169.254.0.1:PORT/", "link-local"),
    ("http://192.0.0.1:PORT/", "protocol assignments"),
    ("http://192.0.2.1:PORT/", "documentation"),
    ("http://198.51.100.1:PORT/", "documentation"),
    ("http://203.0.113.1:PORT/", "documentation"),
    ("http://192.88.99.1:PORT/", "6to4 relay"),
    ("http://198.18.0.1:PORT/", "benchmarking"),
    ("http://198.19.255.255:PORT/", "benchmarking"),
    ("http://224.0.0.1:PORT/", "multicast"),
    ("http://239.255.255.255:PORT/", "multicast"),
    ("http://240.0.0.1:PORT/", "reserved"),
    ("http://255.255.255.255:PORT/", "broadcast"),
    ("http://[::]:PORT/", "unspecified"),
    ("http://[::1]:PORT/", "loopback"),
    ("http://[0:0:0:0:0:0:0:1]:PORT/", "loopback"),
    (
        "http://[0000:0000:0000:0000:0000:0000:0000:0001]:PORT/",
        "loopback",
    ),
    ("http://[::ffff:127.0.0.1]:PORT/", "IPv4-mapped"),
    ("http://[::ffff:7f00:1]:PORT/", "IPv4-mapped"),
    ("http://[::ffff:127.0.0.2]:PORT/", "IPv4-mapped"),
    ("http://[::127.0.0.1]:PORT/", "IPv4-compatible"),
    ("http://[::ffff:0:127.0.0.1]:PORT/", "reserved"),
    ("http://[64:ff9b::7f00:1]:PORT/", "IPv4 translation"),
    ("http://[64:ff9b:1::a00:1]:PORT/", "IPv4 translation"),
    ("http://[2002:7f00:1::]:PORT/", "6to4"),
    ("http://[2001:0:7f00:1::1]:PORT/", "Teredo"),
    ("http://[2001:10::1]:PORT/", "protocol assignments"),
    ("http://[2001:db8::1]:PORT/", "documentation"),
    ("http://[3fff::1]:PORT/", "documentation"),
    ("http://[100::1]:PORT/", "discard only"),
    ("http://[fd00:ec2::254]/latest/meta-data/", "unique local"),
    ("http://[fe80::1]:PORT/", "link-local"),
    ("http://[fec0::1]:PORT/", "site-local"),
    ("http://[ff02::1]:PORT/", "multicast"),
    ("http://[4000::1]:PORT/", "reserved"),
];

/// Names, what they lead to, and the purpose of its network.
const NAMES: [(&str, &[&str], &str); 16] = [
    ("localhost", &["127.0.0.1", "::1"], "loopback"),
    ("localhost.", &["127.0.0.1"], "loopback"),
    ("loopback.example", &["127.0.0.1"], "loopback"),
    ("127.0.0.1.loopback.example", &["127.0.0.1"], "loopback"),
    ("six.example", &["::1"], "loopback"),
    ("zero.example", &["0.0.0.0"], "this network"),
    ("mapped.example", &["::ffff:127.0.0.1"], "IPv4-mapped"),
    ("compatible.example", &["::7f00:1"], "IPv4-compatible"),
    (
        "translated.example",
        &["64:ff9b::7f00:1"],
        "IPv4 translation",
    ),
    ("router.example", &["192.168.1.1"], "private"),
    ("carrier.example", &["100.64.0.1"], "shared by carriers"),
    ("metadata.example", &["169.254.169.254"], "link-local"),
    ("xn--bcher-kva.example", &["10.0.0.1"], "private"),
    ("local.example", &["fd00::1"], "unique local"),
    ("mixed.example", &["127.0.0.2", "127.0.0.1"], "loopback"),
    ("mixed-six.example", &["127.0.0.2", "::1"], "loopback"),
];

/// Texts that are no URLs to call at all.
const WRONG_FORMS: [&str; 34] = [
    "",
    "127.0.0.1:PORT",
    "//127.0.0.1:PORT/",
    "http:127.0.0.1:PORT/",
    "http:/127.0.0.1:PORT/",
    "http:///127.0.0.1:PORT/",
    "http://///127.0.0.1:PORT/",
    "http:\\\\127.0.0.1:PORT\\",
    "file:///etc/passwd",
    "file://127.0.0.1:PORT/",
    "ftp://127.0.0.1:PORT/",
    "gopher://127.0.0.1:PORT/_GET%20/",
    "dict://127.0.0.1:PORT/",
    "ws://127.0.0.1:PORT/",
    "unix:///run/kontor.sock",
    "data:text/plain,hello",
    "blob:http://127.0.0.1:PORT/",
    "http://good.example@127.0.0.1:PORT/",
    "http://good.example:80@127.0.0.1:PORT/",
    "http://good.example%40@127.0.0.1:PORT/",
    "http://@127.0.0.1:PORT/",
    "http://:@127.0.0.1:PORT/",
    "http://127.0.0.1:PORT#@good.example/",
    "http://good.example\\@127.0.0.1:PORT/",
    " http://127.0.0.1:PORT/",
    "http://127.0.0.1\t:PORT/",
    "http://127.0.0.1:PORT/ HTTP/1.1\r\nX: y",
    "http://127.0.0.1\0.good.example:PORT/",
    "http://127.0.0.1%00.good.example:PORT/",
    "http://[fe80::1%25lo]:PORT/",
    "http://[::1%lo]:PORT/",
    "http://0x100000000:PORT/",
    "http://127.0.0.0.1:PORT/",
    "http://127.0.0.1:0/",
];

fn at(url: &str, port: u16) -> String {
    url.replace("PORT", &port.to_string())
}

async fn refused(client: &OutboundClient, url: &str, expected: &str) {
    match get(client, url).await {
        Err(OutboundError::Refused { rule, .. }) => assert_eq!(rule.purpose, expected, "{url}"),
        other => panic!("{url}: {other:?}"),
    }
}

#[tokio::test]
async fn addresses_that_are_not_public_are_never_connected_to() {
    let canary = Canary::start();
    let names = Names::new(&[]);
    let client = client(&names);
    let spellings = LOOPBACK_SPELLINGS.into_iter().map(|url| (url, "loopback"));
    for (url, purpose) in spellings.chain(ADDRESSES) {
        refused(&client, &at(url, canary.port), purpose).await;
        assert_eq!(canary.hits(), 0, "{url}");
    }
    assert_eq!(names.asked(), [""; 0], "none of these is a name");
}

/// Otherwise the table would show nothing.
#[tokio::test]
async fn each_spelling_leads_to_loopback_where_the_operator_wrote_it() {
    let server = Server::start(LOOPBACK, ok("", b"reached")).await;
    let client = client(&Names::new(&[]));
    for url in LOOPBACK_SPELLINGS {
        let destination = operator(&at(url, server.address.port()));
        let fetched = client
            .get(&destination, Default::default())
            .await
            .expect(url);
        assert_eq!(fetched.body, "reached", "{url}");
    }
}

#[tokio::test]
async fn names_of_such_addresses_are_refused() {
    let canary = Canary::start();
    for (name, addresses, purpose) in NAMES {
        let names = Names::new(&[(name, &[addresses])]);
        let client = client(&names);
        for scheme in ["http", "https"] {
            let url = format!("{scheme}://{name}:{}/", canary.port);
            refused(&client, &url, purpose).await;
            assert_eq!(canary.hits(), 0, "{url}");
        }
        assert_eq!(names.asked(), [name; 2]);
    }
}

#[tokio::test]
async fn names_that_need_normalising_are_refused_too() {
    let canary = Canary::start();
    let client = client(&Names::new(&[
        ("localhost", &[&["127.0.0.1"]]),
        ("xn--bcher-kva.example", &[&["10.0.0.1"]]),
    ]));
    for (name, purpose) in [
        ("LOCALHOST", "loopback"),
        ("ｌｏｃａｌｈｏｓｔ", "loopback"),
        ("%6cocalhost", "loopback"),
        ("Bücher.example", "private"),
    ] {
        refused(&client, &format!("http://{name}:{}/", canary.port), purpose).await;
        assert_eq!(canary.hits(), 0, "{name}");
    }
}

#[tokio::test]
async fn the_hosts_file_is_no_way_around() {
    let canary = Canary::start();
    let client = OutboundClient::with_resolver(&settings(), Arc::new(SystemResolver::default()))
        .expect("a client");
    let url = format!("http://localhost:{}/", canary.port);
    refused(&client, &url, "loopback").await;
    assert_eq!(canary.hits(), 0);
}

#[test]
fn texts_that_are_read_in_different_ways_are_no_urls() {
    for text in WRONG_FORMS {
        assert!(OutboundUrl::parse(&at(text, 8080)).is_err(), "{text:?}");
    }
}

/// Otherwise "no hit" would show nothing, either.
#[tokio::test]
async fn the_canary_can_be_hit() {
    let canary = Canary::start();
    let client = client(&Names::new(&[("localhost", &[&["127.0.0.1"]])]));
    for host in ["127.0.0.1", "localhost"] {
        let destination = operator(&format!("http://{host}:{}/", canary.port));
        let request = OutboundRequest::get(destination).timeout(Duration::from_secs(1));
        let outcome = client.send(request).await;
        assert!(
            matches!(outcome, Err(OutboundError::TimedOut { .. })),
            "{outcome:?}"
        );
        assert_eq!(canary.hits(), 1);
    }
}
