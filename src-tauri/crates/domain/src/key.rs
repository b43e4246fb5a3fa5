//! A secret that requests show: the key of `runtime.json`, which only programs of the same user can read, and the
//! receiver's token.

use std::{fmt, hint::black_box};

/// A secret that requests must show. Never logged.
#[derive(Clone, PartialEq, Eq)]
pub struct Key(String);

impl Key {
    /// The secret as text. An empty one opens nothing.
    #[must_use]
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// The text, to write it where only the user reads.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether `shown` is the key. Takes the same time wherever the two differ.
    #[must_use]
    pub fn opens(&self, shown: &[u8]) -> bool {
        let key = self.0.as_bytes();
        if key.is_empty() || key.len() != shown.len() {
            return false;
        }
        let pairs = key.iter().zip(shown);
        let difference = pairs.fold(0, |seen, (ours, theirs)| black_box(seen | (ours ^ theirs)));
        difference == 0
    }
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Key(..)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Scenario: the key itself, near misses, and an empty key.
    /// Guarantees: only the key opens, an empty one nothing, and logs never show it.
    #[test]
    fn only_the_key_opens() {
        let key = Key::new("abcdef");
        assert!(key.opens(b"abcdef"));
        for wrong in ["", "abcde", "abcdeg", "Abcdef", "abcdefg"] {
            assert!(!key.opens(wrong.as_bytes()), "{wrong}");
        }
        assert!(!Key::new("").opens(b""));
        assert_eq!(format!("{key:?}"), "Key(..)");
    }
}
