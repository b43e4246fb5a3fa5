//! Values that are written in a form of their own.

use plimsoll_domain::{Timestamp, calendar::rfc3339};
use serde::{Serialize, Serializer};

/// A time as RFC 3339 in UTC with milliseconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[cfg_attr(test, derive(ts_rs::TS), ts(type = "string"))]
pub(crate) struct Time(pub(crate) Timestamp);

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
    /// A threshold.
    pub(crate) fn of(permille: u16) -> Self {
        Self(u64::from(permille))
    }

    /// What `part` is of `whole`, rounded to the nearest permille. A whole of zero counts as one.
    pub(crate) fn ratio(part: u64, whole: u64) -> Self {
        let whole = u128::from(whole.max(1));
        let rounded = (u128::from(part) * 1000 + whole / 2) / whole;
        Self(u64::try_from(rounded).unwrap_or(u64::MAX))
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

/// The last part of a path, on whichever system it was written; `None` where there is none.
pub(crate) fn last_part(path: &str) -> Option<&str> {
    path.rsplit(['/', '\\']).find(|part| !part.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Scenario: parts of a line, around the rounding, beyond the line and at the largest numbers.
    /// Guarantees: one decimal, rounded to the nearest, none where it is whole; nothing overflows.
    #[test]
    fn percentages_have_one_decimal() {
        let json = |part, whole| serde_json::to_string(&Permille::ratio(part, whole)).unwrap();
        assert_eq!(json(151_203, 167_000), "90.5");
        assert_eq!(json(100_200, 167_000), "60");
        assert_eq!(json(83, 167_000), "0");
        assert_eq!(json(84, 167_000), "0.1");
        assert_eq!(json(250_500, 167_000), "150");
        assert_eq!(json(1, 0), "100");
        assert_eq!(json(u64::MAX, u64::MAX), "100");
        assert_eq!(serde_json::to_string(&Permille::of(925)).unwrap(), "92.5");
    }

    /// Scenario: project paths of several systems.
    /// Guarantees: the name that people know the project by.
    #[test]
    fn a_project_is_called_by_its_folder() {
        assert_eq!(last_part("/home/ada/work/engine"), Some("engine"));
        assert_eq!(last_part("/home/ada/work/engine/"), Some("engine"));
        assert_eq!(last_part(r"C:\work\engine"), Some("engine"));
        assert_eq!(last_part("/"), None);
    }
}
