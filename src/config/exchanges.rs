//! `[[merchant.exchanges]]`: the payment providers that this server trusts.

use std::collections::BTreeSet;

use kontor_openapi::scalar::EddsaPublicKey;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Merchant, PublicUrl};
use crate::http::outbound::OutboundUrl;

/// A payment provider that this server trusts.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Exchange {
    /// Base URL of the payment provider.
    #[schemars(with = "String", example = &"https://exchange.example/")]
    pub base_url: PublicUrl,
    /// Master public key, 52 characters of Crockford's base32. Everything that the payment provider says of itself must be
    /// signed with it, so take it from a place that you trust and not from the payment provider's own `/keys`.
    #[schemars(
        with = "String",
        example = &"7N01FGZ88E4NN4NQ1AKMT6VYQJE9GB6F5V29D360SNAZ2AQMCR60"
    )]
    pub master_key: EddsaPublicKey,
    /// Currency that it works with: `merchant.currency` or one of `merchant.currencies`.
    #[schemars(example = &"KUDOS")]
    pub currency: String,
    /// Whether it is used. A payment provider that is not used is neither asked nor shown.
    #[serde(default = "enabled")]
    pub enabled: bool,
}

impl Exchange {
    /// Whether this is its base URL, with or without the slash at its end.
    #[must_use]
    pub fn is_at(&self, url: &str) -> bool {
        let own = self.base_url.as_str();
        own == url || own.strip_suffix('/') == Some(url)
    }
}

const fn enabled() -> bool {
    true
}

/// What is wrong with the list, in sentences that name the entry.
pub(super) fn check(merchant: &Merchant) -> Vec<String> {
    let currencies = merchant.all_currencies();
    let mut known = BTreeSet::new();
    let mut problems = Vec::new();
    for (index, exchange) in merchant.exchanges.iter().enumerate() {
        let entry = format!("\"merchant.exchanges.{index}\" ({})", exchange.base_url);
        if !currencies.contains_key(&exchange.currency) {
            problems.push(format!(
                "{entry}: {:?} is no currency of this server; it is neither \"merchant.currency\" nor in \"merchant.currencies\"",
                exchange.currency
            ));
        }
        if !known.insert(exchange.base_url.as_str()) {
            problems.push(format!("{entry}: this base_url stands in the list twice"));
        }
        if let Err(wrong) = OutboundUrl::parse(exchange.base_url.as_str()) {
            problems.push(format!("{entry}: {wrong}"));
        }
        if ed25519_dalek::VerifyingKey::from_bytes(&exchange.master_key.0).is_err() {
            problems.push(format!("{entry}: the master_key is no public key"));
        }
    }
    problems
}
