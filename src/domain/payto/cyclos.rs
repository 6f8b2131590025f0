//! `payto://cyclos/HOST[:PORT]/[PATH/]ACCOUNT`: accounts of a bank that runs Cyclos.

use super::{PaytoError, taler_bank};

/// The form is that of Taler's own bank. That the receiver be named is not asked.
pub fn check(target: &str) -> Result<(), PaytoError> {
    taler_bank::check(target)
}
