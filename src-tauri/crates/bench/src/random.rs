//! Numbers that look random and are always the same.

const BASE_62: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

/// A stream of numbers (SplitMix64). Integers only: the functions of floating point differ between machines.
#[derive(Debug, Clone)]
pub(crate) struct Random(u64);

impl Random {
    /// The stream with this number, of those that belong to a seed.
    pub(crate) fn of(seed: u64, stream: u64) -> Self {
        let mut seeds = Self(seed);
        Self(seeds.next() ^ Self(stream).next())
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// A number below `limit`.
    pub(crate) fn below(&mut self, limit: u64) -> u64 {
        ((u128::from(self.next()) * u128::from(limit)) >> 64) as u64
    }

    /// A number from `least` to `most`.
    pub(crate) fn between(&mut self, least: u64, most: u64) -> u64 {
        least + self.below(most - least + 1)
    }

    /// `true` in so many of a thousand cases.
    pub(crate) fn chance(&mut self, permille: u64) -> bool {
        self.below(1000) < permille
    }

    /// One of some.
    pub(crate) fn pick<'a, T>(&mut self, some: &'a [T]) -> &'a T {
        &some[usize::try_from(self.below(some.len() as u64)).unwrap_or(0)]
    }

    /// The place in `weights` that a throw falls on.
    pub(crate) fn weighted(&mut self, weights: &[u64]) -> usize {
        let mut throw = self.below(weights.iter().sum());
        for (place, weight) in weights.iter().enumerate() {
            if throw < *weight {
                return place;
            }
            throw -= weight;
        }
        0
    }

    /// A number around `median` whose logarithm has the shape of a bell: at most `reach` times doubled or halved,
    /// half of the time less than a fifth of that.
    pub(crate) fn around(&mut self, median: u64, reach: u64) -> u64 {
        const ONE: u64 = 1 << 16;
        let bell: u64 = (0..4).map(|_| self.below(ONE)).sum();
        // From 0 to 2 * reach, in units of 2^-16.
        let doublings = bell * reach / 2;
        // Between whole doublings a straight line is near enough.
        let scaled = median * (ONE + doublings % ONE);
        ((scaled << (doublings / ONE)) >> reach) / ONE
    }

    /// A UUID of version 4.
    pub(crate) fn uuid(&mut self) -> String {
        let (high, low) = (self.next(), self.next());
        format!(
            "{:08x}-{:04x}-4{:03x}-a{:03x}-{:012x}",
            high >> 32,
            high >> 16 & 0xffff,
            high & 0xfff,
            low >> 52,
            low & 0xffff_ffff_ffff
        )
    }

    /// So many hexadecimal digits, at most 16.
    pub(crate) fn hexadecimal(&mut self, digits: usize) -> String {
        format!("{:016x}", self.next()).split_off(16 - digits)
    }

    /// A name such as providers give, with so many letters and digits behind `prefix`.
    pub(crate) fn id(&mut self, prefix: &str, length: usize) -> String {
        let letters = (0..length).map(|_| char::from(*self.pick(BASE_62)));
        prefix.chars().chain(letters).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Scenario: many throws of each kind.
    /// Guarantees: all stay in their limits, the middle lies where it should, and streams differ.
    #[test]
    fn numbers_keep_to_their_limits() {
        let mut random = Random::of(1, 2);
        let mut around: Vec<_> = (0..2001).map(|_| random.around(1000, 3)).collect();
        around.sort_unstable();
        assert!((900..1100).contains(&around[1000]), "{}", around[1000]);
        assert!(around[0] >= 125 && around[2000] <= 8000);
        assert!(around[500] > 600 && around[1500] < 1700, "{} {}", around[500], around[1500]);
        for _ in 0..1000 {
            assert!((7..=9).contains(&random.between(7, 9)) && random.weighted(&[0, 1, 0]) == 1);
        }
        assert_eq!(random.uuid().len(), 36);
        assert_eq!(random.hexadecimal(16).len(), 16);
        assert_ne!(Random::of(1, 2).next(), Random::of(1, 3).next());
        assert_ne!(Random::of(1, 2).next(), Random::of(2, 2).next());
        assert_eq!(Random::of(1, 2).id("msg_", 20), Random::of(1, 2).id("msg_", 20));
    }
}
