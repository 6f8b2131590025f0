//! Passwords as they are presented, and their argon2id hashes as they are stored.

use std::fmt;

use argon2::password_hash::phc::{self, Output, ParamsString, Salt};
use argon2::{Algorithm, Argon2, Block, Params, Version};
pub use kontor_openapi::scalar::Password;
use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

use crate::random::Random;

/// The cost of a hash: how much memory and time every guess takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HashCost {
    /// Memory in KiB.
    pub memory_kib: u32,
    /// Passes over the memory.
    pub passes: u32,
    /// Lanes of the memory. They are worked through one after the other.
    pub lanes: u32,
}

impl Default for HashCost {
    /// 19 MiB, 2 passes, 1 lane: the OWASP recommendation for argon2id.
    fn default() -> Self {
        Self {
            memory_kib: 19 * 1024,
            passes: 2,
            lanes: 1,
        }
    }
}

/// argon2 does not work with such a cost.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "argon2 needs at least 1 pass, 1 lane and 8 KiB of memory for each lane, \
     and takes at most 2^24 - 1 lanes"
)]
pub struct InvalidHashCost;

impl HashCost {
    pub(super) fn parameters(self) -> Result<Params, InvalidHashCost> {
        Params::new(self.memory_kib, self.passes, self.lanes, None).map_err(|_| InvalidHashCost)
    }
}

/// A stored password: an argon2id hash as a PHC string (`$argon2id$v=19$m=...,t=...,p=...$salt$hash`).
#[derive(Clone, PartialEq, Eq)]
pub struct PasswordHash(String);

/// Why a hash could not be computed or compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PasswordHashError {
    /// The stored text is no argon2id hash.
    #[error("the stored password is no argon2id hash")]
    Stored,
    /// The memory that the hash needs is not to be had.
    #[error("there is not enough memory for a password hash")]
    Memory,
}

impl PasswordHash {
    /// The hash that the database stores.
    ///
    /// # Errors
    /// [`PasswordHashError::Stored`] where it is no argon2id hash.
    pub fn from_stored(text: String) -> Result<Self, PasswordHashError> {
        parse_stored(&text)?;
        Ok(Self(text))
    }

    /// The text to be stored.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Hashes with a fresh salt of 16 bytes.
    pub(super) fn compute(
        password: &Password,
        parameters: &Params,
        random: &Random,
        memory: &mut HashMemory,
    ) -> Result<Self, PasswordHashError> {
        let salt = random.bytes::<16>();
        let context = argon2id(Version::V0x13, parameters.clone());
        let mut digest = [0; Params::DEFAULT_OUTPUT_LEN];
        memory.hash(&context, password, &salt, &mut digest)?;
        let hash = phc::PasswordHash {
            algorithm: Algorithm::Argon2id.ident(),
            version: Some(Version::V0x13.into()),
            params: ParamsString::try_from(parameters).expect("argon2 parameters have a PHC form"),
            salt: Some(Salt::new(&salt).expect("16 bytes are a PHC salt")),
            hash: Some(Output::new(&digest).expect("32 bytes are a PHC hash")),
        };
        Ok(Self(hash.to_string()))
    }

    /// Compares in constant time, with the cost that the hash was made with.
    pub(super) fn verify(
        &self,
        password: &Password,
        memory: &mut HashMemory,
    ) -> Result<bool, PasswordHashError> {
        let stored = parse_stored(&self.0)?;
        let mut digest = Zeroizing::new(vec![0; stored.digest.len()]);
        memory.hash(&stored.context, password, &stored.salt, &mut digest)?;
        Ok(digest.ct_eq(stored.digest.as_bytes()).into())
    }
}

impl fmt::Debug for PasswordHash {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("PasswordHash([redacted])")
    }
}

struct Stored {
    context: Argon2<'static>,
    salt: Salt,
    digest: Output,
}

fn parse_stored(text: &str) -> Result<Stored, PasswordHashError> {
    let parse = || {
        let hash = phc::PasswordHash::new(text).ok()?;
        let parameters = Params::try_from(&hash).ok()?;
        let version = Version::try_from(hash.version?).ok()?;
        let salt = hash
            .salt
            .filter(|salt| salt.len() >= argon2::MIN_SALT_LEN)?;
        (hash.algorithm == Algorithm::Argon2id.ident()).then_some(Stored {
            context: argon2id(version, parameters),
            salt,
            digest: hash.hash?,
        })
    };
    parse().ok_or(PasswordHashError::Stored)
}

fn argon2id(version: Version, parameters: Params) -> Argon2<'static> {
    Argon2::new(Algorithm::Argon2id, version, parameters)
}

/// The memory of one worker, kept from hash to hash: getting it anew takes a third of the time.
#[derive(Default)]
pub(super) struct HashMemory(Vec<Block>);

impl HashMemory {
    /// Whether memory is held.
    pub(super) fn is_held(&self) -> bool {
        self.0.capacity() > 0
    }

    /// Gives the memory back.
    pub(super) fn release(&mut self) {
        self.0 = Vec::new();
    }

    fn hash(
        &mut self,
        context: &Argon2<'_>,
        password: &Password,
        salt: &[u8],
        digest: &mut [u8],
    ) -> Result<(), PasswordHashError> {
        let blocks = context.params().block_count();
        if self.0.len() != blocks {
            self.resize(blocks)?;
        }
        context
            .hash_password_into_with_memory(password.expose().as_bytes(), salt, digest, &mut self.0)
            .map_err(|_| PasswordHashError::Stored)
    }

    fn resize(&mut self, blocks: usize) -> Result<(), PasswordHashError> {
        // Given back first, so that a worker never holds more than one hash needs.
        self.release();
        self.0
            .try_reserve_exact(blocks)
            .map_err(|_| PasswordHashError::Memory)?;
        self.0.resize(blocks, Block::new());
        Ok(())
    }
}

#[cfg(test)]
mod tests;
