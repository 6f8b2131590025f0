//! The list of payment providers.

use super::*;

const EXCHANGE_KEY: &str = "7N01FGZ88E4NN4NQ1AKMT6VYQJE9GB6F5V29D360SNAZ2AQMCR60";

#[test]
fn payment_providers_stand_in_a_list() {
    let files = Files::new(&format!(
        "[merchant]\ncurrency = \"EUR\"\n\
         [[merchant.exchanges]]\nbase_url = \"https://Exchange.example/pay\"\nmaster_key = \"{EXCHANGE_KEY}\"\ncurrency = \"EUR\"\n\
         [[merchant.exchanges]]\nbase_url = \"http://localhost:8081/\"\nmaster_key = \"{EXCHANGE_KEY}\"\ncurrency = \"EUR\"\nenabled = false\n"
    ));
    let merchant = files.load().settings.merchant;
    let urls: Vec<&str> = merchant
        .exchanges
        .iter()
        .map(|one| one.base_url.as_str())
        .collect();
    assert_eq!(
        urls,
        ["https://exchange.example/pay/", "http://localhost:8081/"]
    );
    assert_eq!(merchant.exchanges[0].master_key.to_string(), EXCHANGE_KEY);
    assert_eq!(merchant.enabled_exchanges().count(), 1);
    // As a variable it is one value, and takes the place of the whole list.
    let list = format!(
        r#"[{{ base_url = "https://other.example", master_key = "{EXCHANGE_KEY}", currency = "KUDOS" }}]"#
    );
    let loaded = with_environment(&[("KONTOR_MERCHANT__EXCHANGES", &list)]).expect("a list");
    let exchanges = &loaded.settings.merchant.exchanges;
    assert_eq!(exchanges.len(), 1);
    assert_eq!(exchanges[0].base_url.as_str(), "https://other.example/");
    assert!(exchanges[0].enabled);
}

#[test]
fn a_wrong_payment_provider_is_named() {
    let entry = |base_url: &str, key: &str, rest: &str| {
        let text = format!(
            "[[merchant.exchanges]]\nbase_url = {base_url:?}\nmaster_key = {key:?}\n{rest}\n"
        );
        Files::new(&text).mistakes()
    };
    let kudos = "currency = \"KUDOS\"";
    let mistakes = [
        entry("ftp://exchange.example/", EXCHANGE_KEY, kudos),
        entry("https://exchange.example/?a=b", EXCHANGE_KEY, kudos),
        entry("https://me:secret@exchange.example/", EXCHANGE_KEY, kudos),
        entry("https://exchange.example/", "7N01", kudos),
        entry("https://exchange.example/", &"Y".repeat(52), kudos),
        entry("https://exchange.example/", EXCHANGE_KEY, ""),
        entry(
            "https://exchange.example/",
            EXCHANGE_KEY,
            "currency = \"CHF\"",
        ),
        entry(
            "https://exchange.example/",
            EXCHANGE_KEY,
            "currency = \"KUDOS\"\nurl = \"x\"",
        ),
    ];
    let twice = format!(
        "[[merchant.exchanges]]\nbase_url = \"https://exchange.example\"\nmaster_key = \"{EXCHANGE_KEY}\"\n{kudos}\n"
    );
    let twice = Files::new(&format!("{twice}{}", twice.replace("example", "EXAMPLE"))).mistakes();
    let expected = [
        "\"merchant.exchanges.0.base_url\": \"ftp://exchange.example/\" must begin with http:// or https://",
        "\"merchant.exchanges.0.base_url\": \"https://exchange.example/?a=b\" must end with its path: no query and no fragment",
        "\"merchant.exchanges.0.base_url\": a base URL holds no user name and no password",
        "\"merchant.exchanges.0.master_key\": expected 52 characters of Crockford base32",
        "\"merchant.exchanges.0\" (https://exchange.example/): the master_key is no public key",
        "\"merchant.exchanges.0\": missing field `currency`",
        "\"merchant.exchanges.0\" (https://exchange.example/): \"CHF\" is no currency of this server; it is neither \"merchant.currency\" nor in \"merchant.currencies\"",
        "\"merchant.exchanges.0.url\": has the unknown key \"url\"",
        "\"merchant.exchanges.1\" (https://exchange.example/): this base_url stands in the list twice",
    ];
    let found: Vec<String> = mistakes.into_iter().chain([twice]).collect();
    let expected = expected.map(|sentence| format!("kontor.toml:1: {sentence}"));
    assert_eq!(found, expected);
}
