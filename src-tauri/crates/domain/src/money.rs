//! Money as integers.

/// A cost in 10^-9 US dollars. Never negative where it came from outside. An unknown price is
/// `Option::None`, never zero.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct NanoUsd(pub i64);

impl NanoUsd {
    /// Nothing.
    pub const ZERO: Self = Self(0);

    /// The largest single cost believed: a million dollars.
    pub const LIMIT: Self = Self(1_000_000 * 1_000_000_000);

    /// From dollars as a client reports them, rounded to the nearest nano-dollar; `None` when it is not a
    /// number, negative, or above [`Self::LIMIT`].
    #[must_use]
    pub fn from_usd(usd: f64) -> Option<Self> {
        let nano = (usd * 1e9).round();
        if !(0.0..=1e15).contains(&nano) {
            return None;
        }
        #[expect(clippy::cast_possible_truncation, reason = "checked to lie within 0..=10^15")]
        let nano = nano as i64;
        Some(Self(nano))
    }

    /// From micro-dollars; `None` when negative or above [`Self::LIMIT`].
    #[must_use]
    pub fn from_micros(micros: i64) -> Option<Self> {
        let nano = micros.checked_mul(1000)?;
        (0..=Self::LIMIT.0).contains(&nano).then_some(Self(nano))
    }

    /// Dollars, for display and JSON only; totals stay integers.
    #[must_use]
    pub fn usd(self) -> f64 {
        #[expect(clippy::cast_precision_loss, reason = "for display; exact to 2^53 nano-dollars")]
        let nano = self.0 as f64;
        nano / 1e9
    }

    /// Sum, saturating.
    #[must_use]
    pub const fn plus(self, other: Self) -> Self {
        Self(self.0.saturating_add(other.0))
    }

    /// Difference; zero where `other` is larger.
    #[must_use]
    pub fn minus(self, other: Self) -> Self {
        Self(self.0.saturating_sub(other.0).max(0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Scenario: costs as the client writes them, as doubles.
    /// Guarantees: the nano-dollar is exact; what is no cost is refused.
    #[test]
    fn dollars_become_exact_nano_dollars() {
        assert_eq!(NanoUsd::from_usd(0.017_750_55), Some(NanoUsd(17_750_550)));
        assert_eq!(NanoUsd::from_usd(0.0), Some(NanoUsd::ZERO));
        for refused in [f64::NAN, f64::INFINITY, -0.01, 1e9] {
            assert_eq!(NanoUsd::from_usd(refused), None, "{refused}");
        }
    }
}
