//! A sum of use within one quarter hour.

use plimsoll_domain::{NanoUsd, Timestamp, Tokens};

/// What one side of a cell adds up to in one quarter.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Tally {
    /// API requests.
    pub(crate) requests: u64,
    /// Requests without a known cost.
    pub(crate) unpriced: u64,
    /// Tokens by type.
    pub(crate) tokens: Tokens,
    /// Known cost.
    pub(crate) cost: NanoUsd,
    /// The earliest moment it covers.
    pub(crate) first_at: Timestamp,
    /// The latest moment it covers.
    pub(crate) last_at: Timestamp,
}

impl Tally {
    /// Nothing yet; its span is empty.
    pub(crate) const EMPTY: Self = Self {
        requests: 0,
        unpriced: 0,
        tokens: Tokens::ZERO,
        cost: NanoUsd::ZERO,
        first_at: Timestamp::from_stored(i64::MAX),
        last_at: Timestamp::EPOCH,
    };

    /// Sum, saturating; the span covers both.
    pub(crate) fn plus(self, other: Self) -> Self {
        Self {
            requests: self.requests.saturating_add(other.requests),
            unpriced: self.unpriced.saturating_add(other.unpriced),
            tokens: self.tokens.plus(other.tokens),
            cost: self.cost.plus(other.cost),
            first_at: self.first_at.min(other.first_at),
            last_at: self.last_at.max(other.last_at),
        }
    }

    /// Takes back what was added before; the span stays.
    pub(crate) fn minus(self, other: Self) -> Self {
        Self {
            requests: self.requests.saturating_sub(other.requests),
            unpriced: self.unpriced.saturating_sub(other.unpriced),
            tokens: self.tokens.minus(other.tokens),
            cost: self.cost.minus(other.cost),
            ..self
        }
    }
}
