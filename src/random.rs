//! Random bytes as an argument: the operating system's in the server, a seeded stream in tests.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use rand::rngs::{ChaCha20Rng, SysRng};
use rand::{Rng, SeedableRng, TryRng};

/// Where random bytes come from. Clones are cheap and draw from the same source.
#[derive(Clone)]
pub struct Random(Source);

#[derive(Clone)]
enum Source {
    System,
    Seeded(Arc<Mutex<ChaCha20Rng>>),
}

impl Random {
    /// The cryptographic generator of the operating system.
    pub const fn system() -> Self {
        Self(Source::System)
    }

    /// A stream that repeats itself for the same seed: for tests only, as it is no secret.
    pub fn seeded(seed: u64) -> Self {
        let generator = ChaCha20Rng::seed_from_u64(seed);
        Self(Source::Seeded(Arc::new(Mutex::new(generator))))
    }

    /// Overwrites `bytes` with random ones.
    ///
    /// # Panics
    /// Where the operating system has no random bytes to give: nothing can safely go on then.
    pub fn fill(&self, bytes: &mut [u8]) {
        match &self.0 {
            Source::System => SysRng
                .try_fill_bytes(bytes)
                .expect("the operating system gives random bytes"),
            Source::Seeded(generator) => generator
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .fill_bytes(bytes),
        }
    }

    /// `N` random bytes.
    ///
    /// # Panics
    /// As [`Random::fill`].
    pub fn bytes<const N: usize>(&self) -> [u8; N] {
        let mut bytes = [0; N];
        self.fill(&mut bytes);
        bytes
    }
}

impl fmt::Debug for Random {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self.0 {
            Source::System => "Random(system)",
            Source::Seeded(_) => "Random(seeded)",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn same_seed_same_bytes() {
        let first = Random::seeded(7).bytes::<32>();
        assert_eq!(first, Random::seeded(7).bytes::<32>());
        assert_ne!(first, Random::seeded(8).bytes::<32>());
    }

    #[test]
    fn clones_share_one_stream() {
        let random = Random::seeded(7);
        let first = random.clone().bytes::<32>();
        assert_ne!(first, random.bytes::<32>());
    }

    #[test]
    fn system_bytes_differ() {
        let random = Random::system();
        assert_ne!(random.bytes::<32>(), random.bytes::<32>());
    }
}
