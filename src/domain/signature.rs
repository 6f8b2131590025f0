//! Signatures of the protocol: Ed25519 (RFC 8032) over a blob that says its size and what the signature is for.
//!
//! The blob is the size in bytes of all of it (4 bytes, most significant first, as are all numbers), the number of the purpose (4 bytes), and the fields of that
//! purpose in their order, nothing between them.

use ed25519_dalek::{Signature, Signer, VerifyingKey};
use kontor_openapi::scalar::{Amount, Timestamp};

/// What a signature is for: a number of the GNUnet registry. The fields stand in the order in which they are signed, numbers are bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u32)]
pub enum SignaturePurpose {
    /// An exchange's master key names a signing key: start, expire, end (times), key 32.
    MasterSigningKeyValidity = 1024,
    /// An exchange's master key sets wire fees: hash of the wire method 64, start, end (times), wire fee, closing fee (amounts).
    MasterWireFees = 1028,
    /// An exchange's master key names a bank account: hash of the full payto 32, of the conversion URL 64 (zeros without one), of the
    /// restrictions on debit 64 and on credit 64.
    MasterWireDetails = 1030,
    /// An exchange has taken a deposit.
    ExchangeConfirmDeposit = 1033,
    /// An exchange has sent, or will send, a deposit to the bank.
    ExchangeConfirmWire = 1036,
    /// An exchange lists what a transfer was made of.
    ExchangeConfirmWireDeposit = 1037,
    /// An exchange has refunded a coin.
    ExchangeConfirmRefund = 1038,
    /// A merchant offers a contract: its hash 64.
    MerchantContract = 1101,
    /// A merchant asks to refund a coin.
    MerchantRefund = 1102,
    /// A merchant asks what became of a deposit.
    MerchantTrackTransaction = 1103,
    /// A merchant confirms a payment: hash of the contract 64.
    MerchantPaymentOk = 1104,
    /// A merchant names a bank account: its wire hash 64.
    MerchantWireDetails = 1107,
    /// A wallet deposits a coin.
    WalletCoinDeposit = 1201,
    /// The owner of an account asks for its state of verification: no field.
    KycAuth = 1360,
}

/// A signature that does not hold, or a public key that is none.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the signature does not hold")]
pub struct InvalidSignature;

/// What is signed: a purpose and its fields, added one after the other.
#[derive(Clone, Debug)]
pub struct SignedBlob {
    purpose: SignaturePurpose,
    fields: Vec<u8>,
}

impl SignedBlob {
    const HEADER: usize = 8;

    /// A blob without fields.
    #[must_use]
    pub const fn new(purpose: SignaturePurpose) -> Self {
        Self {
            purpose,
            fields: Vec::new(),
        }
    }

    /// Adds bytes as they are: a hash, a key.
    #[must_use]
    pub fn bytes(mut self, bytes: &[u8]) -> Self {
        self.fields.extend_from_slice(bytes);
        self
    }

    /// Adds a number of 4 bytes.
    #[must_use]
    pub fn u32(self, number: u32) -> Self {
        self.bytes(&number.to_be_bytes())
    }

    /// Adds a number of 8 bytes.
    #[must_use]
    pub fn u64(self, number: u64) -> Self {
        self.bytes(&number.to_be_bytes())
    }

    /// Adds a point in time: 8 bytes, microseconds since 1970. All ones are never, which times beyond 2^64 microseconds are too.
    #[must_use]
    pub fn timestamp(self, time: Timestamp) -> Self {
        self.u64(match time {
            Timestamp::Seconds(seconds) => seconds.saturating_mul(1_000_000),
            Timestamp::Never => u64::MAX,
        })
    }

    /// Adds an amount: 24 bytes, see [`Amount::to_bytes`].
    #[must_use]
    pub fn amount(self, amount: &Amount) -> Self {
        self.bytes(&amount.to_bytes())
    }

    /// All that is signed, header and fields.
    ///
    /// # Panics
    /// Never: the longest purpose has less than 500 bytes.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        let size = u32::try_from(Self::HEADER + self.fields.len());
        let size = size.expect("a blob is short");
        let purpose = self.purpose as u32;
        let header = [size.to_be_bytes(), purpose.to_be_bytes()];
        [header.as_flattened(), &self.fields].concat()
    }

    /// Signs the blob.
    #[must_use]
    pub fn sign(&self, key: &impl Signer<Signature>) -> [u8; 64] {
        key.sign(&self.to_bytes()).to_bytes()
    }

    /// Checks a signature by the owner of this public key. As strict as libsodium, which everybody else checks with: weak keys are refused.
    ///
    /// # Errors
    /// [`InvalidSignature`].
    pub fn verify(
        &self,
        public_key: &[u8; 32],
        signature: &[u8; 64],
    ) -> Result<(), InvalidSignature> {
        VerifyingKey::from_bytes(public_key)
            .and_then(|key| key.verify_strict(&self.to_bytes(), &Signature::from_bytes(signature)))
            .map_err(|_| InvalidSignature)
    }
}

#[cfg(test)]
mod tests;
