//! Points in time as integers, so that identity and order never depend on floating point.

use std::time::Duration;

/// Nanoseconds since 1970-01-01T00:00:00Z. Range: the years 1970 to 2262; zero means 1970, never
/// "unknown" (use `Option`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Timestamp(i64);

impl Timestamp {
    /// The earliest representable time.
    pub const EPOCH: Self = Self(0);

    /// From nanoseconds since the epoch; `None` before 1970 or after 2262.
    #[must_use]
    pub fn from_nanos(nanos: u64) -> Option<Self> {
        i64::try_from(nanos).ok().map(Self)
    }

    /// From a stored value; negative values become the epoch.
    #[must_use]
    pub const fn from_stored(nanos: i64) -> Self {
        Self(if nanos < 0 { 0 } else { nanos })
    }

    /// From milliseconds since the epoch; saturates at the range's ends.
    #[must_use]
    pub const fn from_millis(millis: i64) -> Self {
        Self::from_stored(millis.saturating_mul(1_000_000))
    }

    /// Nanoseconds since the epoch, never negative.
    #[must_use]
    pub const fn nanos(self) -> i64 {
        self.0
    }

    /// Whole milliseconds since the epoch, rounded down.
    #[must_use]
    pub const fn millis(self) -> i64 {
        self.0 / 1_000_000
    }

    /// The time `duration` later, saturating.
    #[must_use]
    pub fn after(self, duration: Duration) -> Self {
        Self(self.0.saturating_add(i64::try_from(duration.as_nanos()).unwrap_or(i64::MAX)))
    }

    /// The time `duration` earlier, saturating at the epoch.
    #[must_use]
    pub fn before(self, duration: Duration) -> Self {
        Self::from_stored(
            self.0.saturating_sub(i64::try_from(duration.as_nanos()).unwrap_or(i64::MAX)),
        )
    }

    /// How long after `earlier` this is; zero when it is not.
    #[must_use]
    pub fn since(self, earlier: Self) -> Duration {
        Duration::from_nanos(u64::try_from(self.0.saturating_sub(earlier.0)).unwrap_or(0))
    }
}
