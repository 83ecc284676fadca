//! Randomness comes in from outside, so that tests can repeat it.

use std::hash::{BuildHasher, RandomState};
use std::sync::atomic::{AtomicU64, Ordering};

/// A source of random numbers: for ids and jitter, not for secrets.
///
/// ```
/// use sspp_core::{Random, SeededRandom};
/// assert_eq!(SeededRandom::new(1).next_u64(), SeededRandom::new(1).next_u64());
/// ```
pub trait Random: Send + Sync + std::fmt::Debug {
    /// The next number, uniform over all 64-bit numbers.
    fn next_u64(&self) -> u64;

    /// The next number from 0 (included) to 1 (excluded).
    #[expect(clippy::cast_precision_loss, reason = "53 bits fit a double exactly")]
    fn next_unit(&self) -> f64 {
        (self.next_u64() >> 11) as f64 / (1_u64 << 53) as f64
    }
}

/// `SplitMix64` (Steele, Lea, Flood, OOPSLA 2014): the same numbers for the same seed.
///
/// ```
/// use sspp_core::{Random, SeededRandom};
/// let random = SeededRandom::new(7);
/// assert!((0.0..1.0).contains(&random.next_unit()));
/// ```
#[derive(Debug)]
pub struct SeededRandom(AtomicU64);

impl SeededRandom {
    /// A source that starts from a seed.
    pub const fn new(seed: u64) -> Self {
        Self(AtomicU64::new(seed))
    }
}

impl Random for SeededRandom {
    fn next_u64(&self) -> u64 {
        const STEP: u64 = 0x9e37_79b9_7f4a_7c15;
        let state = self.0.fetch_add(STEP, Ordering::Relaxed).wrapping_add(STEP);
        let mixed = (state ^ (state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }
}

/// Numbers from a seed of the operating system's randomness.
///
/// ```
/// use sspp_core::{Random, SystemRandom};
/// let random = SystemRandom::new();
/// assert_ne!(random.next_u64(), random.next_u64());
/// ```
#[derive(Debug)]
pub struct SystemRandom(SeededRandom);

impl SystemRandom {
    /// A source seeded by the operating system.
    #[expect(clippy::disallowed_methods, reason = "the one place where randomness is read")]
    pub fn new() -> Self {
        // Each RandomState is keyed by the operating system.
        Self(SeededRandom::new(RandomState::new().hash_one(std::process::id())))
    }
}

impl Default for SystemRandom {
    fn default() -> Self {
        Self::new()
    }
}

impl Random for SystemRandom {
    fn next_u64(&self) -> u64 {
        self.0.next_u64()
    }
}
