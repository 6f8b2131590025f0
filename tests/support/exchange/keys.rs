//! What a payment provider of today answers to `GET /keys`, signed as the protocol lays it down.

use ed25519_dalek::{Signer as _, SigningKey};
use kontor_openapi::scalar::base32;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha512};

use crate::database::support::NOW;

/// The account of the payment provider that anybody may be paid from.
pub const OPEN_ACCOUNT: &str = "payto://iban/CH9300762011623852957?receiver-name=Test+Exchange";
/// The one that sends to German accounts only.
pub const GERMAN_ACCOUNT: &str = "payto://iban/DE75512108001245126199?receiver-name=Test+Exchange";

/// Changes what was signed.
pub(super) fn forge(keys: &mut Value, what: &str) {
    match what {
        "signing key" => keys["signkeys"][1]["stamp_end"]["t_s"] = json!("never"),
        "wire fee" => {
            let fee = &mut keys["wire_fees"]["iban"][0]["wire_fee"];
            let text = fee.as_str().expect("an amount").replace("0.01", "0.02");
            *fee = json!(text);
        }
        "account" => keys["accounts"][0]["payto_uri"] = json!(GERMAN_ACCOUNT),
        "restriction" => keys["accounts"][1]["debit_restrictions"] = json!([]),
        other => panic!("nobody knows how to forge a {other}"),
    }
}

/// An answer to `GET /keys` with everything that a payment provider of today says. It is changed before it is signed.
pub fn keys(
    master: &SigningKey,
    currency: &str,
    base_url: &str,
    adjust: Option<&dyn Fn(&mut Value)>,
) -> Value {
    let mut keys = unsigned(master, currency, base_url);
    if let Some(adjust) = adjust {
        adjust(&mut keys);
    }
    sign_parts(master, &mut keys);
    keys
}

fn unsigned(master: &SigningKey, currency: &str, base_url: &str) -> Value {
    let now = NOW / 1_000_000;
    let (week, year) = (7 * 86_400, 365 * 86_400);
    let amount = |number: &str| json!(format!("{currency}:{number}"));
    let zeros = |bytes: usize| json!(base32::encode(&vec![0; bytes]));
    let signing_key = |seed: u8, start: i64| {
        let key = SigningKey::from_bytes(&[seed; 32]).verifying_key();
        json!({
            "key": base32::encode(&key.to_bytes()), "stamp_start": { "t_s": start },
            "stamp_expire": { "t_s": start + 8 * week }, "stamp_end": { "t_s": start + 2 * year },
            "master_sig": zeros(64),
        })
    };
    let fee = |start: i64| {
        json!({
            "wire_fee": amount("0.01"), "closing_fee": amount("0.01"),
            "start_date": { "t_s": start }, "end_date": { "t_s": start + year }, "sig": zeros(64),
        })
    };
    json!({
        "version": "31:0:9",
        "base_url": base_url,
        "currency": currency,
        "currency_specification": {
            "name": currency, "currency": currency, "num_fractional_input_digits": 2,
            "num_fractional_normal_digits": 2, "num_fractional_trailing_zero_digits": 2,
            "alt_unit_names": { "0": "¤" }, "common_amounts": [amount("5"), amount("10")],
        },
        "asset_type": "fiat",
        "shopping_url": "https://shops.example/",
        "tiny_amount": amount("0.01"),
        "stefan_abs": amount("0"), "stefan_log": amount("0"), "stefan_lin": 0.01,
        "master_public_key": base32::encode(&master.verifying_key().to_bytes()),
        "reserve_closing_delay": { "d_us": 2_419_200_000_000_u64 },
        "wallet_balance_limit_without_kyc": [amount("150"), amount("1000")],
        "kyc_enabled": true,
        "disable_direct_deposit": false,
        "hard_limits": [{
            "operation_type": "DEPOSIT", "timeframe": { "d_us": 86_400_000_000_u64 },
            "threshold": amount("5000"), "soft_limit": true,
        }, {
            "operation_type": "TELEPORT", "timeframe": { "d_us": "forever" }, "threshold": amount("1"),
        }],
        "zero_limits": [{ "operation_type": "AGGREGATE", "soft_limit": true }],
        "rewards_allowed": false,
        "list_issue_date": { "t_s": now },
        "signkeys": [signing_key(21, now - week), signing_key(22, now)],
        "denominations": [{
            "cipher": "RSA", "value": amount("0.1"), "fee_withdraw": amount("0"),
            "fee_deposit": amount("0.01"), "fee_refresh": amount("0"), "fee_refund": amount("0"),
            "denoms": [{
                "rsa_pub": "040000XT67C8KBD6B75TTQ3SK8FWXMNQW4372T3BDDGPAMB9RFCA03638W8T3F71WFEFK9NP32VKYVNFXPYRWQ1N1HDKV5J0DFEKHBPJCYSWCBJDRNWD7G8BN8PT97FA9AMV75MYEK4X",
                "master_sig": zeros(64), "stamp_start": { "t_s": now },
                "stamp_expire_withdraw": { "t_s": now + week }, "stamp_expire_deposit": { "t_s": now + year },
                "stamp_expire_legal": { "t_s": now + 4 * year },
            }],
        }],
        "global_fees": [{
            "start_date": { "t_s": now }, "end_date": { "t_s": now + year }, "history_fee": amount("0"),
            "account_fee": amount("0"), "purse_fee": amount("0"), "history_expiration": { "d_us": 1_u64 },
            "purse_account_limit": 5, "purse_timeout": { "d_us": 3_600_000_000_u64 }, "master_sig": zeros(64),
        }],
        "wire_fees": { "iban": [fee(now - week), fee(now - week + year)] },
        "accounts": [{
            "payto_uri": OPEN_ACCOUNT, "credit_restrictions": [], "debit_restrictions": [],
            "master_sig": zeros(64), "bank_label": "Bank of Tests", "priority": 1,
        }, {
            "payto_uri": GERMAN_ACCOUNT, "conversion_url": "https://bank.example/conversion/",
            "credit_restrictions": [{ "type": "deny" }],
            "debit_restrictions": [{
                "type": "regex", "payto_regex": "payto://iban/DE.*", "human_hint": "German accounts only",
                "human_hint_i18n": { "de": "Nur deutsche Konten", "fr": "Comptes allemands" },
            }],
            "master_sig": zeros(64),
        }],
        "recoup": [], "auditors": [], "extensions": {},
        "exchange_pub": zeros(32), "exchange_sig": zeros(64),
    })
}

/// Signs what a master key signs, byte by byte, as the protocol lays it down: nothing here is shared with the server.
fn sign_parts(master: &SigningKey, keys: &mut Value) {
    for key in keys["signkeys"].as_array_mut().into_iter().flatten() {
        let mut fields = times(key, &["stamp_start", "stamp_expire", "stamp_end"]);
        fields.extend(base32::decode(text(&key["key"])).expect("a key"));
        key["master_sig"] = sign(master, 1024, &fields);
    }
    for (method, fees) in keys["wire_fees"].as_object_mut().into_iter().flatten() {
        for fee in fees.as_array_mut().into_iter().flatten() {
            let mut fields = hash(method).to_vec();
            fields.extend(times(fee, &["start_date", "end_date"]));
            fields.extend(amount(text(&fee["wire_fee"])));
            fields.extend(amount(text(&fee["closing_fee"])));
            fee["sig"] = sign(master, 1028, &fields);
        }
    }
    for account in keys["accounts"].as_array_mut().into_iter().flatten() {
        let mut fields = hash(text(&account["payto_uri"]))[..32].to_vec();
        let conversion_url = account.get("conversion_url").map(text);
        fields.extend(conversion_url.map_or([0; 64], hash));
        for side in ["debit_restrictions", "credit_restrictions"] {
            let mut sorted = account[side].clone();
            sorted.sort_all_objects();
            fields.extend(hash(&sorted.to_string()));
        }
        account["master_sig"] = sign(master, 1030, &fields);
    }
}

fn sign(master: &SigningKey, purpose: u32, fields: &[u8]) -> Value {
    let size = u32::try_from(8 + fields.len()).expect("a short blob");
    let blob = [&size.to_be_bytes(), &purpose.to_be_bytes(), fields].concat();
    json!(base32::encode(&master.sign(&blob).to_bytes()))
}

fn text(value: &Value) -> &str {
    value.as_str().expect("a text")
}

fn hash(text: &str) -> [u8; 64] {
    Sha512::new()
        .chain_update(text)
        .chain_update([0])
        .finalize()
        .into()
}

fn times(part: &Value, members: &[&str]) -> Vec<u8> {
    let bytes = |member: &&str| {
        let seconds = part[*member]["t_s"].as_u64();
        seconds
            .map_or(u64::MAX, |seconds| seconds * 1_000_000)
            .to_be_bytes()
    };
    members.iter().flat_map(bytes).collect()
}

fn amount(text: &str) -> Vec<u8> {
    let (currency, number) = text.split_once(':').expect("a currency");
    let (value, fraction) = number.split_once('.').unwrap_or((number, "0"));
    let value: u64 = value.parse().expect("a number");
    let fraction: u32 = format!("{fraction:0<8}").parse().expect("a number");
    let mut bytes = [
        &value.to_be_bytes()[..],
        &fraction.to_be_bytes(),
        currency.as_bytes(),
    ]
    .concat();
    bytes.resize(24, 0);
    bytes
}
