//! A bank account as the API shows it.

use entity::bank_account::Model;
use kontor_openapi::{
    merchant::{BankAccountDetail, BankAccountEntry, FacadeUrl, PaytoUri, WireSubjectMetadata},
    scalar::{HashCode, WireSalt},
};

use crate::error::Error;

/// The wire hash and the salt.
///
/// # Errors
/// [`Error::Internal`] for stored values of another length.
pub fn identity(stored: &Model) -> Result<(HashCode, WireSalt), Error> {
    let h_wire = <[u8; 64]>::try_from(&stored.h_wire[..]).map(HashCode);
    let salt = <[u8; 16]>::try_from(&stored.salt[..]).map(WireSalt);
    h_wire.ok().zip(salt.ok()).ok_or_else(|| {
        Error::Internal(format!(
            "wire hash and salt of bank account {} cannot be read",
            stored.serial
        ))
    })
}

/// As an entry of a list.
///
/// # Errors
/// Those of [`identity`].
pub fn entry(stored: Model) -> Result<BankAccountEntry, Error> {
    let (h_wire, _) = identity(&stored)?;
    Ok(BankAccountEntry {
        payto_uri: PaytoUri(stored.payto_uri),
        h_wire,
        active: stored.is_active,
    })
}

/// With everything that is no secret.
///
/// # Errors
/// Those of [`identity`].
pub fn detail(stored: Model) -> Result<BankAccountDetail, Error> {
    let (h_wire, salt) = identity(&stored)?;
    Ok(BankAccountDetail {
        payto_uri: PaytoUri(stored.payto_uri),
        h_wire,
        salt,
        credit_facade_url: stored.credit_facade_url.map(FacadeUrl),
        active: stored.is_active,
        extra_wire_subject_metadata: stored.extra_wire_subject_metadata.map(WireSubjectMetadata),
    })
}

/// For people.
pub fn text(account: &BankAccountDetail) -> String {
    let BankAccountDetail { h_wire, salt, .. } = account;
    let payto_uri = &account.payto_uri.0;
    let active = if account.active { "yes" } else { "no" };
    let mut text =
        format!("Account: {payto_uri}\nActive: {active}\nWire hash: {h_wire}\nSalt: {salt}\n");
    if let Some(url) = &account.credit_facade_url {
        text.push_str(&format!("Facade: {}\n", url.0));
    }
    if let Some(metadata) = &account.extra_wire_subject_metadata {
        text.push_str(&format!("Transfer subjects contain: {}\n", metadata.0));
    }
    text
}
