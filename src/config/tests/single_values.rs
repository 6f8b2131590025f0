//! Single values: currencies, URLs, durations.

use std::path::Path;

use super::*;

#[test]
fn sqlite_urls_keep_their_options_and_special_names() {
    let url = |text: &str| DatabaseUrl::parse(text).expect("a database URL");
    let under = |text: &str, folder: &str| url(text).under(Path::new(folder)).expose().to_owned();
    assert_eq!(
        under("sqlite://a.db?mode=ro", "/var/50%/x?"),
        "sqlite:///var/50%25/x%3F/a.db?mode=ro"
    );
    assert_eq!(under("sqlite:///abs.db", "/var"), "sqlite:///abs.db");
    assert_eq!(under("sqlite::memory:", "/var"), "sqlite::memory:");
    assert_eq!(under("sqlite:a.db", "etc"), "sqlite://etc/a.db");
    assert_eq!(under("postgres://h/a", "/var"), "postgres://h/a");
    assert_eq!(under("sqlite://a.db", ""), "sqlite://a.db");
}

#[test]
fn known_currencies_have_their_digits() {
    assert_eq!(Currency::built_in("JPY").num_fractional_input_digits, 0);
    assert_eq!(Currency::built_in("EUR").name, "Euro");
    assert_eq!(Currency::built_in("XYZZY").name, "XYZZY");
    assert_eq!(Currency::built_in("USD").alt_unit_names["0"], "$");
}

#[test]
fn public_urls_end_with_a_slash() {
    let url = |text| PublicUrl::parse(text).map(|url| url.to_string());
    assert_eq!(
        url("https://shop.example/taler").as_deref(),
        Ok("https://shop.example/taler/")
    );
    assert_eq!(
        url("https://shop.example").as_deref(),
        Ok("https://shop.example/")
    );
    for wrong in [
        "shop.example",
        "ftp://x/",
        "https://u:p@x/",
        "https://x/?a",
        "https://x/#a",
    ] {
        assert!(url(wrong).is_err(), "{wrong}");
    }
    let listen = "0.0.0.0:80".parse().expect("an address");
    let merchant = Merchant {
        listen,
        ..Merchant::default()
    };
    assert_eq!(
        merchant.public_url().expect("a URL").as_str(),
        "http://127.0.0.1/"
    );
}

#[test]
fn durations_print_as_they_are_read() {
    for text in [
        "1 day", "15 days", "5 min", "30 s", "36 h", "1 s", "0s", "1s 500ms",
    ] {
        let value = values::duration::parse(text).expect("a duration");
        assert_eq!(values::duration::print(value), text);
    }
}

#[test]
fn a_parameter_that_the_driver_passes_over_is_refused() {
    for url in [
        "postgres://h/d?sslmode=verify-full&host=/run/postgresql",
        "postgres://h/d?options[search_path]=a&password=b",
    ] {
        assert!(DatabaseUrl::parse(url).is_ok(), "{url}");
    }
    let refused = DatabaseUrl::parse("postgres://h/d?Password=hunter2").unwrap_err();
    assert_eq!(
        refused,
        "the database URL has the parameter \"Password\", which means nothing to Kontor"
    );
}
