//! What is said of addresses and URLs.

use super::*;

/// The settings of a merchant that listens there and is reached so.
fn merchant(listen: &str, public_url: &str) -> Settings {
    let mut settings = Settings::default();
    settings.merchant.listen = listen.parse().unwrap();
    settings.merchant.public_url =
        (!public_url.is_empty()).then(|| PublicUrl::parse(public_url).unwrap());
    settings
}

const LOCAL: &str = "127.0.0.1:9966";
const EVERYWHERE: &str = "0.0.0.0:9966";

#[test]
fn defaults_are_for_this_machine() {
    let settings = Settings::default();
    assert!(!is_public(&settings));
    assert!(plain_urls(&settings).is_empty());
    assert!(odd_urls(&settings).is_empty());
    assert!(missing_proxies(&settings).is_empty());
    assert!(wide_proxies(&settings).is_empty());
    assert!(wide_outbound(&settings).is_empty());
    assert_eq!(open_management(&settings), None);
}

#[test]
fn plain_text_is_for_this_machine_alone() {
    let found = |listen, url| plain_urls(&merchant(listen, url));
    assert!(found(LOCAL, "https://shop.example/").is_empty());
    assert!(found(LOCAL, "http://localhost:9966/").is_empty());
    assert_eq!(
        found(LOCAL, "http://shop.example/"),
        ["\"merchant.public_url\" is http://shop.example/, without encryption."]
    );
    assert_eq!(
        found(EVERYWHERE, ""),
        [
            "\"merchant.listen\" is 0.0.0.0:9966, which other machines reach without encryption, and \"merchant.public_url\" is not set."
        ]
    );
    let mut both = merchant(LOCAL, "http://shop.example/");
    both.challenger.enabled = true;
    both.challenger.public_url = Some(PublicUrl::parse("http://proof.example/").unwrap());
    assert_eq!(plain_urls(&both).len(), 2);
    both.merchant.enabled = false;
    assert_eq!(plain_urls(&both).len(), 1, "what does not run has no say");
}

#[test]
fn odd_urls_are_told_with_what_is_odd() {
    for (listen, url, oddity) in [
        (EVERYWHERE, "https://localhost/", "this machine"),
        (EVERYWHERE, "https://shop.example:9966/", "no TLS"),
        (LOCAL, "https://shop.example:80/", "different protocols"),
        (LOCAL, "http://shop.example:443/", "different protocols"),
        (LOCAL, "https://192.0.2.7/", "names rather than addresses"),
        (LOCAL, "https://shop/", "without a dot"),
    ] {
        let found = odd_urls(&merchant(listen, url));
        assert_eq!(found.len(), 1, "{url}");
        assert!(found[0].contains(oddity), "{}", found[0]);
    }
    for (listen, url) in [
        (LOCAL, "https://shop.example/"),
        (EVERYWHERE, "https://shop.example:8443/kontor/"),
        (EVERYWHERE, "http://192.0.2.7:9966/"),
        (LOCAL, "http://localhost:9966/"),
    ] {
        assert!(odd_urls(&merchant(listen, url)).is_empty(), "{url}");
    }
}

#[test]
fn a_proxy_in_front_has_to_be_trusted() {
    for (listen, url) in [(LOCAL, "https://shop.example/"), (EVERYWHERE, "")] {
        let mut settings = merchant(listen, url);
        assert_eq!(missing_proxies(&settings).len(), 1, "{url}");
        settings.limits.trusted_proxies = vec!["127.0.0.1/32".parse().unwrap()];
        assert!(missing_proxies(&settings).is_empty(), "{url}");
    }
}

#[test]
fn wide_networks_are_named() {
    let mut settings = Settings::default();
    for network in ["0.0.0.0/0", "::/0", "64.0.0.0/2", "2000::/3"] {
        settings.limits.trusted_proxies = vec![network.parse().unwrap()];
        settings.outbound.allowed_networks = vec![network.parse().unwrap()];
        assert!(wide_proxies(&settings)[0].contains(network));
        assert!(wide_outbound(&settings)[0].contains(network));
    }
    for network in ["10.0.0.0/8", "192.168.1.0/24", "fd00::/8", "fc00::/7"] {
        settings.limits.trusted_proxies = vec![network.parse().unwrap()];
        assert!(wide_proxies(&settings).is_empty(), "{network}");
    }
}

#[test]
fn management_is_for_this_machine() {
    let mut settings = Settings::default();
    settings.management.listen = "0.0.0.0:9968".parse().unwrap();
    assert!(open_management(&settings).is_some());
    settings.management.enabled = false;
    assert_eq!(open_management(&settings), None);
}

#[test]
fn a_server_for_others_is_public() {
    assert!(is_public(&merchant(LOCAL, "https://shop.example/")));
    assert!(is_public(&merchant(EVERYWHERE, "")));
}
