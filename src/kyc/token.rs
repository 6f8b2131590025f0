//! What opens a payment provider's pages for an account: sealed in the database, shown to the owner alone.

use entity::{SecretBytes, kyc_check};
use zeroize::Zeroizing;

use crate::{
    error::Error,
    secrets::{Keyring, Purpose},
};

/// The token of an answer about an account, for the database, with the name of the key that seals it.
pub fn seal(
    keyring: &Keyring,
    account_serial: i64,
    exchange_url: &str,
    token: &str,
) -> (SecretBytes, String) {
    let context = context(account_serial, exchange_url);
    let sealed = keyring.seal(Purpose::KycAccessToken, &context, token.as_bytes());
    (SecretBytes::new(sealed), keyring.newest_id().to_string())
}

/// The token of a stored answer.
///
/// # Errors
/// [`Error::Internal`] if it does not open.
pub fn open(
    keyring: &Keyring,
    stored: &kyc_check::Model,
) -> Result<Option<Zeroizing<String>>, Error> {
    let Some(sealed) = &stored.access_token else {
        return Ok(None);
    };
    let defect = || {
        Error::Internal(format!(
            "the access token of KYC check {} does not open",
            stored.serial
        ))
    };
    let context = context(stored.account_serial, &stored.exchange_url);
    let opened = keyring.open(Purpose::KycAccessToken, &context, sealed.expose());
    let opened = opened.map_err(|_| defect())?;
    let text = std::str::from_utf8(&opened).map_err(|_| defect())?;
    Ok(Some(Zeroizing::new(text.to_owned())))
}

/// The number has a fixed length, so that two of them never give the same bytes.
fn context(account_serial: i64, exchange_url: &str) -> Vec<u8> {
    [&account_serial.to_be_bytes()[..], exchange_url.as_bytes()].concat()
}
