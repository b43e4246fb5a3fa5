//! Chance that a seed gives back: which moments, which counts.

use std::time::Duration;

use plimsoll_domain::Tokens;

/// SplitMix64 (Steele, Lea and Flood, 2014).
pub(super) struct Dice(u64);

impl Dice {
    pub(super) fn new(seed: u64) -> Self {
        Self(seed)
    }

    fn roll(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// From 1 to `most`.
    pub(super) fn count(&mut self, most: u64) -> u64 {
        1 + self.roll() % most
    }

    /// Longer than nothing, at most `most`.
    pub(super) fn within(&mut self, most: Duration) -> Duration {
        Duration::from_micros(self.count(u64::try_from(most.as_micros()).unwrap()))
    }

    /// Counts that no two requests share, nor do their sums: some sixty random bits.
    pub(super) fn tokens(&mut self) -> Tokens {
        let mut some = || self.count(1 << 15);
        Tokens { input: some(), output: some(), cache_read: some(), cache_creation: some() }
    }
}
