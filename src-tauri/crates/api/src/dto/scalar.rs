//! Values that are written in a form of their own.

use plimsoll_domain::{Timestamp, calendar::rfc3339, text};
use serde::{Serialize, Serializer};

/// A time as RFC 3339 in UTC with milliseconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[cfg_attr(test, derive(ts_rs::TS), ts(type = "string"))]
pub struct Time(pub Timestamp);

impl Serialize for Time {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&rfc3339(self.0))
    }
}

/// A percentage with at most one decimal, kept as an integer of permille: `60`, `90.5`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[cfg_attr(test, derive(ts_rs::TS), ts(type = "number"))]
pub(crate) struct Permille(u64);

impl Permille {
    /// So many permille.
    pub(crate) fn new(permille: u64) -> Self {
        Self(permille)
    }

    /// What `part` is of `whole`, as everywhere: the hundred only where it is reached.
    pub(crate) fn ratio(part: u64, whole: u64) -> Self {
        Self(text::permille(part, whole))
    }
}

impl Serialize for Permille {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if self.0.is_multiple_of(10) {
            return serializer.serialize_u64(self.0 / 10);
        }
        #[expect(clippy::cast_precision_loss, reason = "one decimal of a percentage, for display")]
        serializer.serialize_f64(self.0 as f64 / 10.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Scenario: parts of a line, around the rounding, beyond the line and at the largest numbers.
    /// Guarantees: one decimal, rounded to the nearest, none where it is whole; never 100 before the line; nothing
    /// overflows.
    #[test]
    fn percentages_have_one_decimal() {
        let json = |part, whole| serde_json::to_string(&Permille::ratio(part, whole)).unwrap();
        assert_eq!(json(151_203, 167_000), "90.5");
        assert_eq!(json(100_200, 167_000), "60");
        assert_eq!(json(83, 167_000), "0");
        assert_eq!(json(84, 167_000), "0.1");
        assert_eq!(json(166_999, 167_000), "99.9");
        assert_eq!(json(250_500, 167_000), "150");
        assert_eq!(json(1, 0), "100");
        assert_eq!(json(u64::MAX, u64::MAX), "100");
        assert_eq!(serde_json::to_string(&Permille::new(925)).unwrap(), "92.5");
    }
}
