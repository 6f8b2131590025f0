use data_encoding::HEXLOWER;
use ed25519_dalek::SigningKey;
use kontor_openapi::scalar::base32;
use serde_json::Value;

use super::*;

fn vectors() -> Value {
    let text = include_str!("../../../tests/data/merchant-signature-vectors.json");
    serde_json::from_str(text).unwrap()
}

fn purpose(number: u64) -> SignaturePurpose {
    use SignaturePurpose::*;
    [
        MasterSigningKeyValidity,
        MasterWireFees,
        ExchangeConfirmDeposit,
        ExchangeConfirmWire,
        ExchangeConfirmWireDeposit,
        ExchangeConfirmRefund,
        MerchantContract,
        MerchantRefund,
        MerchantTrackTransaction,
        MerchantPaymentOk,
        MerchantWireDetails,
        WalletCoinDeposit,
    ]
    .into_iter()
    .find(|purpose| u64::from(*purpose as u32) == number)
    .unwrap()
}

fn number(bytes: &[u8]) -> u64 {
    u64::from_be_bytes(bytes.try_into().unwrap())
}

fn amount(bytes: &[u8]) -> Amount {
    let (value, rest) = bytes.split_at(8);
    let (fraction, currency) = rest.split_at(4);
    let fraction = u32::from_be_bytes(fraction.try_into().unwrap());
    let currency = String::from_utf8(currency.to_vec()).unwrap();
    let currency = currency.trim_end_matches('\0');
    let text = format!("{currency}:{}.{fraction:08}", number(value));
    text.parse().unwrap()
}

/// Adds a field as what it is: a key or hash that the vectors name, a time, an amount.
fn field(blob: SignedBlob, inputs: &Value, name: &str, bytes: &[u8]) -> SignedBlob {
    let named = match name {
        "signkey_pub" => &inputs["exchange_pub"],
        name => &inputs[name],
    };
    match (bytes.len(), named.as_str()) {
        (_, Some(text)) => blob.bytes(&base32::decode(text).unwrap()),
        (24, None) => blob.amount(&amount(bytes)),
        (8, None) if name == "rtransaction_id" => blob.u64(number(bytes)),
        (8, None) => blob.timestamp(Timestamp::Seconds(number(bytes) / 1_000_000)),
        _ => blob.bytes(bytes),
    }
}

#[test]
fn blobs_and_signatures_agree_with_the_vectors() {
    let vectors = vectors();
    let inputs = &vectors["inputs"];
    for case in vectors["vectors"].as_array().unwrap() {
        let signed = case["signed_bytes_hex"].as_str().unwrap();
        let signed = HEXLOWER.decode(signed.as_bytes()).unwrap();
        let mut rest = &signed[8..];
        let mut blob = SignedBlob::new(purpose(case["purpose"].as_u64().unwrap()));
        for part in case["layout"].as_array().unwrap() {
            let length = usize::try_from(part[1].as_u64().unwrap()).unwrap();
            let (bytes, others) = rest.split_at(length);
            blob = field(blob, inputs, part[0].as_str().unwrap(), bytes);
            rest = others;
        }
        assert_eq!(blob.to_bytes(), signed, "{case}");

        let signer = case["signer"].as_str().unwrap().replace("exchange ", "");
        let key = |half: &str| {
            base32::decode_exact(inputs[format!("{signer}_{half}")].as_str().unwrap()).unwrap()
        };
        let signature = base32::decode_exact(case["signature"].as_str().unwrap()).unwrap();
        assert_eq!(blob.sign(&SigningKey::from_bytes(&key("priv"))), signature);
        assert_eq!(blob.verify(&key("pub"), &signature), Ok(()));
    }
}

#[test]
fn an_amount_has_24_bytes() {
    let examples = &vectors()["inputs"]["amount_nbo_example"];
    for (text, bytes) in examples.as_object().unwrap() {
        let amount = text.parse().unwrap();
        let blob = SignedBlob::new(SignaturePurpose::KycAuth).amount(&amount);
        assert_eq!(HEXLOWER.encode(&blob.to_bytes()[8..]), *bytes);
    }
}

#[test]
fn never_is_all_ones() {
    let blob = |time| {
        SignedBlob::new(SignaturePurpose::KycAuth)
            .timestamp(time)
            .to_bytes()
    };
    assert_eq!(blob(Timestamp::Never)[8..], [0xff; 8]);
    assert_eq!(blob(Timestamp::Seconds((1 << 53) - 1))[8..], [0xff; 8]);
    assert_eq!(
        blob(Timestamp::Seconds(1))[8..],
        [0, 0, 0, 0, 0, 0x0f, 0x42, 0x40]
    );
}

#[test]
fn a_signature_holds_for_its_purpose_fields_and_key_alone() {
    let key = SigningKey::from_bytes(&[7; 32]);
    let public = key.verifying_key().to_bytes();
    let blob = SignedBlob::new(SignaturePurpose::KycAuth);
    assert_eq!(blob.to_bytes(), [0, 0, 0, 8, 0, 0, 5, 0x50]);
    let signature = blob.sign(&key);
    assert_eq!(blob.verify(&public, &signature), Ok(()));

    let refused = Err(InvalidSignature);
    let other = SignedBlob::new(SignaturePurpose::MerchantContract);
    assert_eq!(other.verify(&public, &signature), refused);
    assert_eq!(blob.clone().u32(0).verify(&public, &signature), refused);
    let stranger = SigningKey::from_bytes(&[8; 32]).verifying_key().to_bytes();
    assert_eq!(blob.verify(&stranger, &signature), refused);
    let mut changed = signature;
    changed[0] ^= 1;
    assert_eq!(blob.verify(&public, &changed), refused);
}

#[test]
fn a_weak_key_is_refused() {
    // The neutral element as key, with which this signature would hold for every blob.
    let mut neutral = [0; 32];
    neutral[0] = 1;
    let mut signature = [0; 64];
    signature[0] = 1;
    for purpose in [
        SignaturePurpose::KycAuth,
        SignaturePurpose::MerchantContract,
    ] {
        let blob = SignedBlob::new(purpose);
        assert_eq!(blob.verify(&neutral, &signature), Err(InvalidSignature));
    }
}
