//! The hash by which contracts and exchanges name a merchant's bank account without showing it.

use std::fmt;
use std::str::FromStr;

use kontor_openapi::scalar::base32;

use super::kdf::kdf;
use super::payto::Payto;
use crate::random::Random;

/// What makes the wire hash unguessable: 16 random bytes, chosen once per account, shown to wallets and exchanges that are to know the account.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Salt([u8; Self::LENGTH]);

/// The wire hash of an account (`h_wire`): 64 bytes over its payto URI, exactly as given, and its salt.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct WireHash([u8; Self::LENGTH]);

/// Text that is no salt or no wire hash.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("expected {0} bytes in Crockford's base32")]
pub struct NotOfLength(usize);

impl Salt {
    /// Length in bytes.
    pub const LENGTH: usize = 16;

    /// A new salt.
    #[must_use]
    pub fn generate(random: &Random) -> Self {
        Self(random.bytes())
    }
}

impl WireHash {
    /// Length in bytes.
    pub const LENGTH: usize = 64;

    const INFO: &[u8] = b"merchant-wire-signature";

    /// The wire hash of an account.
    #[must_use]
    pub fn of(payto: &Payto, salt: &Salt) -> Self {
        let payto = [payto.as_str().as_bytes(), &[0]].concat();
        Self(kdf(&salt.0, &payto, Self::INFO))
    }
}

/// Both travel as bytes in the database and in signatures, and in Crockford's base32 elsewhere.
macro_rules! fixed_bytes {
    ($type:ty) => {
        impl $type {
            /// From its bytes.
            #[must_use]
            pub const fn from_bytes(bytes: [u8; Self::LENGTH]) -> Self {
                Self(bytes)
            }

            /// Its bytes.
            #[must_use]
            pub const fn as_bytes(&self) -> &[u8; Self::LENGTH] {
                &self.0
            }
        }

        impl TryFrom<&[u8]> for $type {
            type Error = NotOfLength;

            fn try_from(bytes: &[u8]) -> Result<Self, NotOfLength> {
                let bytes = bytes.try_into();
                bytes.map(Self).map_err(|_| NotOfLength(Self::LENGTH))
            }
        }

        impl FromStr for $type {
            type Err = NotOfLength;

            fn from_str(text: &str) -> Result<Self, NotOfLength> {
                let bytes = base32::decode_exact(text);
                bytes.map(Self).ok_or(NotOfLength(Self::LENGTH))
            }
        }

        impl fmt::Display for $type {
            fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str(&base32::encode(&self.0))
            }
        }
    };
}

fixed_bytes!(Salt);
fixed_bytes!(WireHash);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn vectors() {
        let signatures = include_str!("../../tests/data/merchant-signature-vectors.json");
        let signatures: serde_json::Value = serde_json::from_str(signatures).unwrap();
        let inputs = &signatures["inputs"];
        let input = |name: &str| inputs[name].as_str().unwrap();
        for (payto, salt, hash) in [
            (
                "payto://iban/DE75512108001245126199?receiver-name=Alice",
                "000G40R40M30E209185GR38E1W",
                "9E84VKRCKVCP08SMNYH1K1YK2EVM1RS35ZAM7KV8EMV86PXFJHHX9883H1BFR4Z11PTQ7570TF177T0XXYMWJ7EAADRXSXY1H5SXSXG",
            ),
            (input("payto_uri"), input("wire_salt"), input("h_wire")),
        ] {
            let payto = Payto::parse(payto).unwrap();
            let wire_hash = WireHash::of(&payto, &salt.parse().unwrap());
            assert_eq!(wire_hash.to_string(), hash);
            assert_eq!(hash.parse(), Ok(wire_hash));
        }
        let payto = Payto::parse(input("payto_uri")).unwrap();
        let hash = base32::encode(&payto.full_hash());
        assert_eq!(hash, input("h_payto_full"));
    }

    #[test]
    fn text_and_bytes_of_another_length_are_refused() {
        let salt = Salt::generate(&Random::seeded(5));
        assert_eq!(salt.to_string().parse(), Ok(salt));
        assert_eq!(Salt::try_from(&salt.as_bytes()[..]), Ok(salt));
        assert_eq!("".parse::<Salt>(), Err(NotOfLength(16)));
        assert_eq!(salt.to_string().parse::<WireHash>(), Err(NotOfLength(64)));
        assert!(WireHash::try_from(&[0; 63][..]).is_err());
    }
}
