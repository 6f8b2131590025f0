//! The transfer that proves to a payment provider who owns an account: a small amount with the key of the instance as its
//! subject.

use kontor_openapi::scalar::{Amount, EddsaPublicKey};

use super::account::reachable;
use crate::{domain::payto::Payto, exchange::keys::ExchangeKeys};

/// One way to make the transfer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProvingTransfer {
    /// The payment provider's account, as a full payto URI.
    pub target_payto: String,
    /// How much.
    pub amount: Amount,
    /// With which subject.
    pub subject: String,
}

/// The ways to make the transfer from this account; none where the payment provider has no account that it can reach.
#[must_use]
pub fn proving_transfers(
    keys: &ExchangeKeys,
    payto: &Payto,
    merchant_pub: EddsaPublicKey,
) -> Vec<ProvingTransfer> {
    let Some(amount) = keys.smallest_transfer() else {
        return Vec::new();
    };
    reachable(keys, payto)
        .map(|account| ProvingTransfer {
            target_payto: account.payto_uri.clone(),
            amount: amount.clone(),
            subject: format!("KYC:{merchant_pub}"),
        })
        .collect()
}

impl ProvingTransfer {
    /// As a payto URI that a banking app can open. Every character of amount and subject may stand in one.
    #[must_use]
    pub fn payto_uri(&self) -> String {
        let Self {
            target_payto,
            amount,
            subject,
        } = self;
        let separator = if target_payto.contains('?') { '&' } else { '?' };
        format!("{target_payto}{separator}amount={amount}&message={subject}")
    }
}
