//! `payto://x-taler-bank/HOST[:PORT]/[PATH/]ACCOUNT`: accounts of Taler's own bank.

use super::{PaytoError, host};

pub fn check(target: &str) -> Result<(), PaytoError> {
    let (address, account) = target.split_once('/').ok_or(PaytoError::Account)?;
    host::check(address)?;
    if account.split('/').any(str::is_empty) {
        return Err(PaytoError::Account);
    }
    Ok(())
}

/// The host has no case, path and account have.
pub fn normalized(target: &str) -> String {
    let (address, account) = target.split_once('/').unwrap_or((target, ""));
    format!("{}/{account}", address.to_ascii_lowercase())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn host_port_path_and_account() {
        for target in [
            "bank.example.com/alice",
            "localhost:8082/alice",
            "my_bank:1/a/b/alice",
            "bank.example.com./alice",
            "10.0.0.1:65535/alice",
        ] {
            assert_eq!(check(target), Ok(()), "{target}");
        }
        for (target, reason) in [
            ("alice", PaytoError::Account),
            ("bank.example.com/", PaytoError::Account),
            ("bank.example.com/a//b", PaytoError::Account),
            ("bank.example.com/a/", PaytoError::Account),
            ("/alice", PaytoError::Host),
            ("bank..example/alice", PaytoError::Host),
            ("-bank/alice", PaytoError::Host),
            ("[::1]:80/alice", PaytoError::Host),
            ("bank:/alice", PaytoError::Port),
            ("bank:0/alice", PaytoError::Port),
            ("bank:+1/alice", PaytoError::Port),
            ("bank:65536/alice", PaytoError::Port),
            ("bank:1:2/alice", PaytoError::Port),
        ] {
            assert_eq!(check(target), Err(reason), "{target}");
        }
    }
}
