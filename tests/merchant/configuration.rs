//! What a client learns before anything else.

use std::{collections::BTreeMap, time::Duration};

use kontor::config::{CurrencyOverride, Persona, PublicUrl, RoundingInterval, Settings};
use serde_json::json;

use crate::support::{on_app, on_app_with};

const DAY_US: u64 = 86_400_000_000;

#[tokio::test]
async fn get_config_tells_the_defaults() {
    on_app_with(
        |_| {},
        async |app| {
            let answer = app.get("/config").send().await;
            assert_eq!(answer.header("content-type"), Some("application/json"));
            assert_eq!(
                answer.expect(200),
                json!({
                    "version": "32:0:20",
                    "name": "taler-merchant",
                    "implementation": "urn:net:taler:specs:taler-merchant:kontor",
                    "currency": "KUDOS",
                    "default_persona": "expert",
                    "currencies": { "KUDOS": {
                        "name": "Kudos (Taler demonstrator)", "currency": "KUDOS",
                        "num_fractional_input_digits": 2, "num_fractional_normal_digits": 2,
                        "num_fractional_trailing_zero_digits": 2, "alt_unit_names": { "0": "ク" },
                        "common_amounts": [],
                    } },
                    "report_generators": {},
                    "exchanges": [],
                    "have_self_provisioning": false,
                    "have_donau": false,
                    "mandatory_tan_channels": ["email"],
                    "payment_target_types": "*",
                    "default_pay_delay": { "d_us": DAY_US },
                    "default_refund_delay": { "d_us": 15 * DAY_US },
                    "default_wire_transfer_delay": { "d_us": 7 * DAY_US },
                    "default_wire_transfer_rounding_interval": "NONE",
                })
            );
        },
    )
    .await;
}

#[tokio::test]
async fn get_config_covers_the_protocols_of_existing_clients() {
    on_app_with(
        |_| {},
        async |app| {
            let config = app.get("/config").send().await.expect(200);
            let version = config["version"].as_str().expect("a version");
            let parts: Vec<u32> = version
                .split(':')
                .map(|part| part.parse().expect("a number"))
                .collect();
            let [current, _, age] = parts[..] else {
                panic!("{version}")
            };
            for protocol in 20..=32 {
                assert!((current - age..=current).contains(&protocol), "{protocol}");
            }
        },
    )
    .await;
}

fn configured(settings: &mut Settings) {
    let merchant = &mut settings.merchant;
    merchant.currency = "CHF".to_owned();
    let euro = CurrencyOverride {
        name: Some("Euro-Geld".to_owned()),
        num_fractional_input_digits: Some(4),
        num_fractional_normal_digits: Some(3),
        num_fractional_trailing_zero_digits: Some(1),
        alt_unit_names: Some(BTreeMap::from([
            ("0".to_owned(), "€".to_owned()),
            ("-2".to_owned(), "ct".to_owned()),
        ])),
        common_amounts: Some(vec!["EUR:5".to_owned(), "EUR:10.50".to_owned()]),
    };
    merchant.currencies = BTreeMap::from([
        ("EUR".to_owned(), euro),
        ("JPY".to_owned(), CurrencyOverride::default()),
    ]);
    merchant.phone_regex =
        Some(serde_json::from_value(json!(r"^\+41[0-9]{9}$")).expect("a pattern"));
    merchant.default_persona = Persona::ECommerce;
    merchant.default_pay_delay = Duration::from_secs(1);
    merchant.default_refund_delay = Duration::from_millis(2);
    merchant.default_wire_transfer_delay = Duration::from_micros(3);
    merchant.default_wire_transfer_rounding_interval = RoundingInterval::Week;
}

#[tokio::test]
async fn get_config_tells_what_the_operator_set() {
    on_app_with(configured, async |app| {
        let config = app.get("/config").send().await.expect(200);
        assert_eq!(config["currency"], "CHF");
        assert_eq!(config["default_persona"], "e-commerce");
        assert_eq!(config["phone_regex"], r"^\+41[0-9]{9}$");
        assert_eq!(config["default_pay_delay"], json!({ "d_us": 1_000_000 }));
        assert_eq!(config["default_refund_delay"], json!({ "d_us": 2_000 }));
        assert_eq!(config["default_wire_transfer_delay"], json!({ "d_us": 3 }));
        assert_eq!(config["default_wire_transfer_rounding_interval"], "WEEK");
        let currencies = config["currencies"].as_object().expect("currencies");
        assert_eq!(currencies.keys().collect::<Vec<_>>(), ["CHF", "EUR", "JPY"]);
        assert_eq!(
            currencies["EUR"],
            json!({
                "name": "Euro-Geld", "currency": "EUR", "num_fractional_input_digits": 4,
                "num_fractional_normal_digits": 3, "num_fractional_trailing_zero_digits": 1,
                "alt_unit_names": { "-2": "ct", "0": "€" }, "common_amounts": ["EUR:5", "EUR:10.5"],
            })
        );
        assert_eq!(currencies["CHF"]["num_fractional_input_digits"], 2);
        assert_eq!(currencies["JPY"]["num_fractional_input_digits"], 0);
    })
    .await;
}

#[tokio::test]
async fn get_config_names_each_persona() {
    for (persona, name) in [
        (Persona::Expert, "expert"),
        (Persona::OfflineVendingMachine, "offline-vending-machine"),
        (Persona::PointOfSale, "point-of-sale"),
        (Persona::DigitalPublishing, "digital-publishing"),
        (Persona::ECommerce, "e-commerce"),
        (Persona::Developer, "developer"),
    ] {
        on_app_with(
            |settings| settings.merchant.default_persona = persona,
            async |app| {
                let config = app.get("/config").send().await.expect(200);
                assert_eq!(config["default_persona"], name);
            },
        )
        .await;
    }
}

#[tokio::test]
async fn get_config_is_the_same_below_an_instance() {
    on_app(async |app| {
        app.shop("coffee").await;
        let root = app.get("/config").send().await.expect(200);
        for path in [
            "/instances/coffee/config",
            "/instances/admin/config",
            "/config?x=1",
        ] {
            assert_eq!(app.get(path).send().await.expect(200), root);
        }
        app.get("/instances/nobody/config")
            .send()
            .await
            .refuses(404, 2000);
        app.get("/instances/COFFEE/config")
            .send()
            .await
            .refuses(404, 2000);
        let moved = app.get("/instances/default/config").send().await;
        moved.expect(308);
        assert_eq!(moved.header("location"), Some("http://kontor.test/config"));
        let head = app.call("HEAD", "/config").send().await;
        assert_eq!((head.status.as_u16(), head.body.len()), (200, 0));
        let wrong = app.call("POST", "/config").send().await;
        wrong.refuses(405, 20);
        assert_eq!(wrong.header("allow"), Some("GET, HEAD, OPTIONS"));
    })
    .await;
}

#[tokio::test]
async fn open_documentation_leads_to_the_documentation() {
    on_app(async |app| {
        app.shop("coffee").await;
        for path in ["/", "/instances/coffee/", "/instances/admin/"] {
            let answer = app.get(path).send().await;
            answer.expect(302);
            assert_eq!(
                answer.header("location"),
                Some("http://kontor.test/docs/"),
                "{path}"
            );
        }
        app.get("/docs/").send().await.expect(200);
        app.get("/instances/nobody/")
            .send()
            .await
            .refuses(404, 2000);
    })
    .await;
}

#[tokio::test]
async fn open_documentation_stays_below_the_public_url() {
    let below = |settings: &mut Settings| {
        let url = PublicUrl::parse("https://pay.example.com/taler/merchant");
        settings.merchant.public_url = Some(url.expect("a URL"));
    };
    on_app_with(below, async |app| {
        let answer = app.get("/").send().await;
        answer.expect(302);
        assert_eq!(
            answer.header("location"),
            Some("https://pay.example.com/taler/merchant/docs/")
        );
    })
    .await;
}
