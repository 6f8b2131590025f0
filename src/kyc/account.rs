//! Which accounts of a payment provider can deal with an account of a shop.

use regex::bytes::RegexBuilder;

use crate::{
    domain::payto::Payto,
    exchange::keys::{AccountRestriction, ExchangeAccount, ExchangeKeys},
};

/// Bytes that a compiled expression of a payment provider may take.
const EXPRESSION_SIZE: usize = 1 << 16;

/// Whether the payment provider sends money to accounts like this one.
#[must_use]
pub fn is_supported(keys: &ExchangeKeys, payto: &Payto) -> bool {
    of_same_kind(keys, payto).any(|account| allows(account.debit_restriction(), payto))
}

/// The accounts of the payment provider that can be sent to from this one.
pub fn reachable<'k>(
    keys: &'k ExchangeKeys,
    payto: &'k Payto,
) -> impl Iterator<Item = &'k ExchangeAccount> {
    of_same_kind(keys, payto).filter(|account| allows(account.credit_restriction(), payto))
}

fn of_same_kind<'k>(
    keys: &'k ExchangeKeys,
    payto: &'k Payto,
) -> impl Iterator<Item = &'k ExchangeAccount> {
    keys.accounts.iter().filter(|account| {
        let theirs = Payto::parse_any(&account.payto_uri);
        theirs.is_ok_and(|theirs| theirs.target_type() == payto.target_type())
    })
}

/// An expression that cannot be read allows nothing.
fn allows(restriction: Option<&AccountRestriction>, payto: &Payto) -> bool {
    match restriction {
        None => true,
        Some(AccountRestriction::Deny | AccountRestriction::Unknown) => false,
        Some(AccountRestriction::Regex { payto_regex, .. }) => {
            let whole = format!("^(?:{payto_regex})$");
            let expression = RegexBuilder::new(&whole)
                .unicode(false)
                .size_limit(EXPRESSION_SIZE)
                .build();
            expression.is_ok_and(|expression| expression.is_match(payto.normalized().as_bytes()))
        }
    }
}
