//! Whether the master key of a payment provider signed what it says of itself.

use kontor_openapi::scalar::{EddsaPublicKey, Timestamp};
use serde_json::Value;

use super::keys::{ExchangeAccount, ExchangeKeys, SignedRestriction, SigningKey, WireFee};
use crate::domain::{
    canonical_json,
    hash::{hash_text, short_hash_text},
    signature::{SignaturePurpose, SignedBlob},
};

/// What the operator trusts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Trusted {
    /// The master public key.
    pub master_pub: EddsaPublicKey,
    /// The currency.
    pub currency: String,
}

/// Why keys are refused. One wrong part makes all of them bad.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadKeys {
    /// The master key is not the configured one.
    #[error("the master key is {0}, not the configured one")]
    MasterKey(EddsaPublicKey),
    /// The currency is not the configured one, or some amount has another one.
    #[error("{0} is in another currency than the configured one")]
    Currency(&'static str),
    /// The version is none.
    #[error("the version of its protocol is not written as current:revision:age")]
    Version,
    /// No signing key is used any more.
    #[error("all signing keys have expired")]
    Expired,
    /// A signature does not hold.
    #[error("the master key's signature does not hold for {0}")]
    Signature(String),
    /// A restriction that cannot have been signed.
    #[error("a restriction of the account {0} holds a number that is no integer")]
    Restriction(String),
}

/// Checks everything that is kept of an answer.
///
/// # Errors
/// [`BadKeys`], the first that is found.
pub fn verify(keys: &ExchangeKeys, trusted: &Trusted, now_us: i64) -> Result<(), BadKeys> {
    if keys.master_public_key != trusted.master_pub {
        return Err(BadKeys::MasterKey(keys.master_public_key));
    }
    if !is_version(&keys.version) {
        return Err(BadKeys::Version);
    }
    check_currency(keys, &trusted.currency)?;
    let now = Timestamp::Seconds(u64::try_from(now_us / 1_000_000).unwrap_or(0));
    if keys.signing_ends().is_none_or(|end| end <= now) {
        return Err(BadKeys::Expired);
    }
    let master_pub = &trusted.master_pub.0;
    for key in &keys.signkeys {
        check_signing_key(key, master_pub)?;
    }
    for (method, fees) in &keys.wire_fees {
        for fee in fees {
            check_wire_fee(method, fee, master_pub)?;
        }
    }
    for account in &keys.accounts {
        check_account(account, master_pub)?;
    }
    Ok(())
}

/// Whether the text is `current:revision:age`, three numbers of which the last is no more than the first.
fn is_version(text: &str) -> bool {
    let numbers: Option<Vec<u32>> = text.split(':').map(|part| part.parse().ok()).collect();
    matches!(numbers.as_deref(), Some([current, _, age]) if age <= current)
}

fn check_currency(keys: &ExchangeKeys, trusted: &str) -> Result<(), BadKeys> {
    let wire_fees = keys.wire_fees.values().flatten();
    let wire_fees = wire_fees.flat_map(|fee| [&fee.wire_fee, &fee.closing_fee]);
    let limits = keys.hard_limits.iter().map(|limit| &limit.threshold);
    let amounts = wire_fees
        .map(|amount| ("a wire fee", amount.currency()))
        .chain(limits.map(|amount| ("a limit", amount.currency())))
        .chain(
            keys.tiny_amount
                .iter()
                .map(|amount| ("the smallest transfer", amount.currency())),
        );
    [("the payment provider", keys.currency.as_str())]
        .into_iter()
        .chain(amounts)
        .find(|(_, currency)| *currency != trusted)
        .map_or(Ok(()), |(what, _)| Err(BadKeys::Currency(what)))
}

fn check_signing_key(key: &SigningKey, master_pub: &[u8; 32]) -> Result<(), BadKeys> {
    signing_key_blob(key)
        .verify(master_pub, &key.master_sig.0)
        .map_err(|_| BadKeys::Signature(format!("the signing key {}", key.key)))
}

fn check_wire_fee(method: &str, fee: &WireFee, master_pub: &[u8; 32]) -> Result<(), BadKeys> {
    wire_fee_blob(method, fee)
        .verify(master_pub, &fee.sig.0)
        .map_err(|_| BadKeys::Signature(format!("a fee of the wire method {method}")))
}

fn check_account(account: &ExchangeAccount, master_pub: &[u8; 32]) -> Result<(), BadKeys> {
    account_blob(account)?
        .verify(master_pub, &account.master_sig.0)
        .map_err(|_| BadKeys::Signature(format!("the account {}", account.payto_uri)))
}

/// What the master key signs of a signing key.
fn signing_key_blob(key: &SigningKey) -> SignedBlob {
    SignedBlob::new(SignaturePurpose::MasterSigningKeyValidity)
        .timestamp(key.stamp_start)
        .timestamp(key.stamp_expire)
        .timestamp(key.stamp_end)
        .bytes(&key.key.0)
}

/// What the master key signs of a wire fee.
fn wire_fee_blob(method: &str, fee: &WireFee) -> SignedBlob {
    SignedBlob::new(SignaturePurpose::MasterWireFees)
        .bytes(&hash_text(&method.to_ascii_lowercase()))
        .timestamp(fee.start_date)
        .timestamp(fee.end_date)
        .amount(&fee.wire_fee)
        .amount(&fee.closing_fee)
}

/// What the master key signs of a bank account.
fn account_blob(account: &ExchangeAccount) -> Result<SignedBlob, BadKeys> {
    let restrictions = |list: &[SignedRestriction]| {
        let list = list.iter().map(|one| one.received().clone()).collect();
        canonical_json::hash(&Value::Array(list))
            .map_err(|_| BadKeys::Restriction(account.payto_uri.clone()))
    };
    let conversion_url = account.conversion_url.as_deref().map_or([0; 64], hash_text);
    Ok(SignedBlob::new(SignaturePurpose::MasterWireDetails)
        .bytes(&short_hash_text(&account.payto_uri))
        .bytes(&conversion_url)
        .bytes(&restrictions(&account.debit_restrictions)?)
        .bytes(&restrictions(&account.credit_restrictions)?))
}
