//! Differences of token counts.

use plimsoll_domain::{TokenKind, Tokens};

/// What one sum of tokens has more or less than another, by type.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Balance {
    /// Fresh input.
    pub input: i64,
    /// Output.
    pub output: i64,
    /// Re-read from the cache.
    pub cache_read: i64,
    /// Written to the cache.
    pub cache_creation: i64,
}

impl Balance {
    /// `one` less `other`, saturating.
    #[must_use]
    pub fn of(one: Tokens, other: Tokens) -> Self {
        let less = |kind| {
            let signed = |count: u64| i64::try_from(count).unwrap_or(i64::MAX);
            signed(one[kind]).saturating_sub(signed(other[kind]))
        };
        let [input, output, cache_read, cache_creation] = TokenKind::ALL.map(less);
        Self { input, output, cache_read, cache_creation }
    }

    /// Sum by type, saturating.
    #[must_use]
    pub fn plus(self, other: Self) -> Self {
        Self {
            input: self.input.saturating_add(other.input),
            output: self.output.saturating_add(other.output),
            cache_read: self.cache_read.saturating_add(other.cache_read),
            cache_creation: self.cache_creation.saturating_add(other.cache_creation),
        }
    }

    /// Whether the two are the same.
    #[must_use]
    pub fn is_zero(&self) -> bool {
        *self == Self::default()
    }

    /// What there is more, by type.
    #[must_use]
    pub fn more(self) -> Tokens {
        self.part(1)
    }

    /// What there is less, by type.
    #[must_use]
    pub fn less(self) -> Tokens {
        self.part(-1)
    }

    /// How many tokens the two are apart, over all types; saturating.
    #[must_use]
    pub fn size(&self) -> u64 {
        self.more().total().saturating_add(self.less().total())
    }

    /// Sum over the types, in which more and less make up for each other; saturating.
    #[must_use]
    pub fn net(&self) -> i64 {
        let all = [self.input, self.output, self.cache_read, self.cache_creation];
        all.into_iter().fold(0, i64::saturating_add)
    }

    fn part(self, sign: i64) -> Tokens {
        let part = |count: i64| u64::try_from(count.saturating_mul(sign)).unwrap_or(0);
        Tokens {
            input: part(self.input),
            output: part(self.output),
            cache_read: part(self.cache_read),
            cache_creation: part(self.cache_creation),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Scenario: two sums, of which each has more of one type.
    /// Guarantees: both parts are told apart, and together they lead from one sum to the other.
    #[test]
    fn more_and_less_are_told_apart() {
        let one = Tokens { input: 5, output: 9, ..Tokens::ZERO };
        let other = Tokens { input: 7, cache_read: u64::MAX, ..Tokens::ZERO };
        let balance = Balance::of(one, other);
        assert_eq!(balance.more(), Tokens { output: 9, ..Tokens::ZERO });
        assert_eq!((balance.less().input, balance.input, balance.cache_read), (2, -2, -i64::MAX));
        assert!(Balance::of(one, one).is_zero() && !balance.is_zero());
    }
}
