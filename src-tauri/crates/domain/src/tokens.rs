//! Token counts by type.

use std::ops::{Index, IndexMut};

/// The four types of tokens that a request is billed by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum TokenKind {
    /// Fresh input, not cached.
    Input,
    /// What the model wrote.
    Output,
    /// Input re-read from the prompt cache.
    CacheRead,
    /// Input written to the prompt cache.
    CacheCreation,
}

impl TokenKind {
    /// All kinds, in the order of [`Tokens`]' fields.
    pub const ALL: [Self; 4] = [Self::Input, Self::Output, Self::CacheRead, Self::CacheCreation];
}

/// Token counts by type. Each is at most [`Tokens::LIMIT`] where it came from outside.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct Tokens {
    /// Fresh input.
    pub input: u64,
    /// Output.
    pub output: u64,
    /// Re-read from the cache.
    pub cache_read: u64,
    /// Written to the cache.
    pub cache_creation: u64,
}

impl Tokens {
    /// The largest count believed of a single record: 10^12, far above any window, and small enough that
    /// nine million of them fit a signed 64-bit sum.
    pub const LIMIT: u64 = 1_000_000_000_000;

    /// No tokens.
    pub const ZERO: Self = Self { input: 0, output: 0, cache_read: 0, cache_creation: 0 };

    /// Sum over the types, saturating.
    #[must_use]
    pub fn total(&self) -> u64 {
        self.input
            .saturating_add(self.output)
            .saturating_add(self.cache_read)
            .saturating_add(self.cache_creation)
    }

    /// What the thread's next request re-sends after this one: all four types.
    #[must_use]
    pub fn occupancy(&self) -> u64 {
        self.total()
    }

    /// Sum by type, saturating.
    #[must_use]
    pub fn plus(self, other: Self) -> Self {
        self.zip(other, u64::saturating_add)
    }

    /// Difference by type; zero where `other` is larger.
    #[must_use]
    pub fn minus(self, other: Self) -> Self {
        self.zip(other, u64::saturating_sub)
    }

    /// Whether every count is zero.
    #[must_use]
    pub fn is_zero(&self) -> bool {
        *self == Self::ZERO
    }

    /// Combines two by type.
    #[must_use]
    pub fn zip(self, other: Self, combine: impl Fn(u64, u64) -> u64) -> Self {
        Self {
            input: combine(self.input, other.input),
            output: combine(self.output, other.output),
            cache_read: combine(self.cache_read, other.cache_read),
            cache_creation: combine(self.cache_creation, other.cache_creation),
        }
    }
}

impl Index<TokenKind> for Tokens {
    type Output = u64;

    fn index(&self, kind: TokenKind) -> &u64 {
        match kind {
            TokenKind::Input => &self.input,
            TokenKind::Output => &self.output,
            TokenKind::CacheRead => &self.cache_read,
            TokenKind::CacheCreation => &self.cache_creation,
        }
    }
}

impl IndexMut<TokenKind> for Tokens {
    fn index_mut(&mut self, kind: TokenKind) -> &mut u64 {
        match kind {
            TokenKind::Input => &mut self.input,
            TokenKind::Output => &mut self.output,
            TokenKind::CacheRead => &mut self.cache_read,
            TokenKind::CacheCreation => &mut self.cache_creation,
        }
    }
}
