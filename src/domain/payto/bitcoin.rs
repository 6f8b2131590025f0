//! `payto://bitcoin/ADDRESS`: addresses of the main network, and of those for tests.

use bech32::primitives::decode::SegwitHrpstring;

use super::PaytoError;

/// The versions of addresses in base58: keys and scripts, of the main network and of those for tests.
const VERSIONS: [u8; 4] = [0x00, 0x05, 0x6f, 0xc4];
/// Version and hash, in bytes.
const BASE58_LENGTH: usize = 21;
/// What these can have in characters at most. Reading base58 takes quadratic time.
const BASE58_LONGEST: usize = 35;

pub fn check(address: &str) -> Result<(), PaytoError> {
    if is_segwit(address) || is_base58(address) {
        Ok(())
    } else {
        Err(PaytoError::BitcoinAddress)
    }
}

/// An address by BIP 173 (bech32) or BIP 350 (bech32m).
fn is_segwit(address: &str) -> bool {
    SegwitHrpstring::new(address)
        .is_ok_and(|address| address.has_valid_hrp() || address.hrp().is_valid_on_regtest())
}

fn is_base58(address: &str) -> bool {
    address.len() <= BASE58_LONGEST
        && bs58::decode(address)
            .with_check(None)
            .into_vec()
            .is_ok_and(|bytes| bytes.len() == BASE58_LENGTH && VERSIONS.contains(&bytes[0]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses() {
        for address in [
            // Examples of BIP 173, BIP 350 and the first block.
            "bc1qar0srrr7xfkvy5l643lydnw9re59gtzzwf5mdq",
            "BC1QW508D6QEJXTDG4Y5R3ZARVARY0C5XW7KV8F3T4",
            "bc1p0xlxvlhemja6c4dqv22uapctqupfhlxm9h8z3k2e72q4k9hcz7vqzk5jj0",
            "tb1qrp33g0q5c5txsp9arysrx4k6zdkfs4nce4xj0gdcccefvpysxf3q0sl5k7",
            "1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNa",
            "3P14159f73E4gFr7JterCCQh9QjiTjiZrG",
            "mipcBbFg9gMiCh81Kj8tqqdgoZub1ZJRfn",
            "2MzQwSSnBHWHqSAqtTVQ6v47XtaisrJa1Vc",
        ] {
            assert_eq!(check(address), Ok(()), "{address}");
        }
    }

    #[test]
    fn an_address_for_regression_tests() {
        let program = [7; 20];
        let address = bech32::segwit::encode_v0(bech32::hrp::BCRT, &program).unwrap();
        assert_eq!(check(&address), Ok(()));
        let foreign = bech32::Hrp::parse("ltc").unwrap();
        let address = bech32::segwit::encode_v0(foreign, &program).unwrap();
        assert_eq!(check(&address), Err(PaytoError::BitcoinAddress));
    }

    #[test]
    fn what_is_no_address() {
        for address in [
            "bc1qar0srrr7xfkvy5l643lydnw9re59gtzzwf5mdp",
            "bc1Qar0srrr7xfkvy5l643lydnw9re59gtzzwf5mdq",
            // Version 1 with the checksum of version 0.
            "bc1p0xlxvlhemja6c4dqv22uapctqupfhlxm9h8z3k2e72q4k9hcz7vqh2y7hd",
            "1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNb",
            "1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfN0",
            "bc1",
            "1",
            "x/y",
        ] {
            assert_eq!(check(address), Err(PaytoError::BitcoinAddress), "{address}");
        }
        // A private key in base58 has another version and length.
        let secret = bs58::encode([&[0x80][..], &[1; 32]].concat())
            .with_check()
            .into_string();
        assert_eq!(check(&secret), Err(PaytoError::BitcoinAddress));
    }
}
