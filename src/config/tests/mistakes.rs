//! What is said of a configuration that cannot be used.

use std::path::PathBuf;

use super::*;

#[test]
fn every_mistake_is_one_sentence_with_its_place() {
    let files = Files::new(
        "[merchant]\ncurency = \"EUR\"\nbody_size = 5\nenabled = \"yes\"\ndefault_pay_delay = \"1 dya\"\n\
         public_url = \"ftp://x/\"\ndefault_persona = \"point_of_sale\"\nlisten = 9966\n[management]\nlisten = \"localhost:9\"\n[databse]\nurl = \"x\"\n\
         [database]\nmax_connections = -1\nurl = \"mysql://u:pw@h\"\n[limits]\ntrusted_proxies = [\"10.0.0.0/8\", \"x\"]\n\
         body_size = \"a lot\"\n",
    );
    snapbox::assert_data_eq!(
        files.mistakes(),
        snapbox::str![[r#"
kontor.toml:2: unknown key "merchant.curency"; did you mean "merchant.currency"?
kontor.toml:3: unknown key "merchant.body_size"; did you mean "limits.body_size"?
kontor.toml:4: "merchant.enabled": must be true or false, not "yes"
kontor.toml:5: "merchant.default_pay_delay": "1 dya" is not a duration; write for example "30 s", "5 min" or "1 day"
kontor.toml:6: "merchant.public_url": "ftp://x/" must begin with http:// or https://
kontor.toml:7: "merchant.default_persona": must be one of expert, offline-vending-machine, point-of-sale, digital-publishing, e-commerce, developer, not "point_of_sale"; did you mean "point-of-sale"?
kontor.toml:8: "merchant.listen": must be an IP address and a port such as "127.0.0.1:9966", not 9966
kontor.toml:10: "management.listen": must be an IP address and a port such as "127.0.0.1:9966"
kontor.toml:11: unknown key "databse"; did you mean "database"?
kontor.toml:14: "database.max_connections": must be a whole number from 0 to 4294967295, not -1
kontor.toml:15: "database.url": a database URL begins with sqlite:// or postgres://
kontor.toml:17: "limits.trusted_proxies": "x" is not an IP network; write for example "10.0.0.0/8" or "::1"
kontor.toml:18: "limits.body_size": "a lot" is not a size; write for example "1 MiB" or a number of bytes
"#]]
    );
}

#[test]
fn values_must_fit_each_other() {
    let files = Files::new(
        "[merchant]\nlisten = \"127.0.0.1:9968\"\ncurrency = \"euro\"\ntoken_lifetime_default = \"2 days\"\n\
         token_lifetime_max = \"1 day\"\nterms = \"nowhere\"\n[merchant.currencies.EUR]\nnum_fractional_input_digits = 9\n\
         alt_unit_names = { \"3\" = \"k€\" }\ncommon_amounts = [\"USD:1\"]\n[passwords]\nmemory_kib = 1\nqueue = 0\n[log]\nlevel = \"a=b=c\"\n",
    );
    snapbox::assert_data_eq!(
        files.mistakes(),
        snapbox::str![[r#"
kontor.toml:2: "merchant.listen": is the same address as "management.listen" (127.0.0.1:9968); each needs one of its own
kontor.toml:3: "merchant.currency": "euro" is not a currency code: 1 to 11 upper-case letters
kontor.toml:4: "merchant.token_lifetime_default": must not be longer than "merchant.token_lifetime_max"
kontor.toml:6: "merchant.terms": nowhere is not a folder
kontor.toml:8: "merchant.currencies.EUR.num_fractional_input_digits": must be at most 8
kontor.toml:9: "merchant.currencies.EUR.alt_unit_names": needs the key "0", the symbol of the unit itself
kontor.toml:10: "merchant.currencies.EUR.common_amounts": has "USD:1"; write amounts of this currency such as "EUR:5"
kontor.toml:12: "passwords.memory_kib": argon2 does not take these numbers (memory cost is too small)
kontor.toml:13: "passwords.queue": must be at least 1
kontor.toml:15: "log.level": "a=b=c" is not a log level; write for example "info" or "info,kontor=debug"
"#]]
    );
}

#[test]
fn a_broken_file_names_its_line() {
    snapbox::assert_data_eq!(
        Files::new("[merchant]\nenabled = yes\n").mistakes(),
        snapbox::str![
            "kontor.toml:2: this is not TOML: string values must be quoted, expected literal string"
        ]
    );
    let missing = Settings::load(&Sources {
        file: Some(PathBuf::from("no/kontor.toml")),
        ..Sources::default()
    });
    let text = missing.expect_err("no file").to_string();
    assert_eq!(
        text,
        "cannot read the configuration file no/kontor.toml: No such file or directory (os error 2)"
    );
}
