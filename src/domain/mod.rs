//! Rules without input or output: accounts, hashes, signatures and codes as wallets and exchanges compute them.

pub mod canonical_json;
pub mod hash;
pub mod kdf;
pub mod otp;
pub mod payto;
pub mod signature;
pub mod wire_hash;
