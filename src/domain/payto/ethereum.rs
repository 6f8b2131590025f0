//! `payto://eth/ADDRESS[@CHAIN]`, or `payto://ethereum/...`.

use sha3::{Digest, Keccak256};

use super::PaytoError;

/// Digits of an address.
const LENGTH: usize = 40;

pub fn check(target: &str) -> Result<(), PaytoError> {
    let (address, chain) = target
        .split_once('@')
        .map_or((target, None), |(address, chain)| (address, Some(chain)));
    let digits = address.strip_prefix("0x").unwrap_or(address);
    if digits.len() != LENGTH || !digits.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return Err(PaytoError::EthereumAddress);
    }
    if !has_right_case(digits) {
        return Err(PaytoError::EthereumChecksum);
    }
    match chain {
        Some(chain) if !is_chain(chain) => Err(PaytoError::EthereumChain),
        _ => Ok(()),
    }
}

/// ERC-55: a letter is a capital where the same digit of the hash of the address is 8 or more. Letters of one case only have no checksum.
fn has_right_case(digits: &str) -> bool {
    let lower = digits.to_ascii_lowercase();
    if digits == lower || digits == digits.to_ascii_uppercase() {
        return true;
    }
    let hash = Keccak256::digest(&lower);
    let nibbles = hash.iter().flat_map(|byte| [byte >> 4, byte & 0x0f]);
    let mut letters = digits.bytes().zip(nibbles);
    letters.all(|(digit, nibble)| {
        digit.is_ascii_digit() || digit.is_ascii_uppercase() == (nibble >= 8)
    })
}

fn is_chain(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_digit())
        && text.parse::<u64>().is_ok_and(|chain| chain > 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses() {
        for target in [
            // Examples of ERC-55.
            "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed",
            "0xfB6916095ca1df60bB79Ce92cE3Ea74c37c5d359",
            "0xdbF03B407c01E7cD3CBea99509d93f8DDDC8C6FB",
            "0xD1220A0cf47c7B9Be7A2E6BA89F429762e7b9aDb",
            "0x52908400098527886E0F7030069857D2E4169EE7",
            "0xde709f2102306220921060314715629080e2fb77",
            "5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed@137",
        ] {
            assert_eq!(check(target), Ok(()), "{target}");
        }
    }

    #[test]
    fn what_is_no_address() {
        for (target, reason) in [
            (
                "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1Beaed",
                PaytoError::EthereumChecksum,
            ),
            (
                "0x5aaeb6053f3e94c9b9a09f33669435e7ef1beae",
                PaytoError::EthereumAddress,
            ),
            (
                "0x5aaeb6053f3e94c9b9a09f33669435e7ef1beaeg",
                PaytoError::EthereumAddress,
            ),
            ("0x", PaytoError::EthereumAddress),
            (
                "0x5aaeb6053f3e94c9b9a09f33669435e7ef1beaed@",
                PaytoError::EthereumChain,
            ),
            (
                "0x5aaeb6053f3e94c9b9a09f33669435e7ef1beaed@0",
                PaytoError::EthereumChain,
            ),
            (
                "0x5aaeb6053f3e94c9b9a09f33669435e7ef1beaed@+1",
                PaytoError::EthereumChain,
            ),
            (
                "0x5aaeb6053f3e94c9b9a09f33669435e7ef1beaed@main",
                PaytoError::EthereumChain,
            ),
        ] {
            assert_eq!(check(target), Err(reason), "{target}");
        }
    }
}
