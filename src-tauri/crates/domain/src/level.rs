//! Levels: named thresholds on the way to the line.

/// A named threshold on the way to the line, lowest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Level {
    /// Worth knowing.
    Notice,
    /// Time to save the work.
    Checkpoint,
    /// Last call.
    Urgent,
}

impl Level {
    /// All levels, lowest first.
    pub const ALL: [Self; 3] = [Self::Notice, Self::Checkpoint, Self::Urgent];

    /// The name used in the API.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Notice => "notice",
            Self::Checkpoint => "checkpoint",
            Self::Urgent => "urgent",
        }
    }

    /// The number to store: 1, 2, 3.
    #[must_use]
    pub const fn code(self) -> i64 {
        self as i64 + 1
    }

    /// From the stored number.
    #[must_use]
    pub const fn from_code(code: i64) -> Option<Self> {
        match code {
            1 => Some(Self::Notice),
            2 => Some(Self::Checkpoint),
            3 => Some(Self::Urgent),
            _ => None,
        }
    }
}

/// Where each level lies, in permille of the way to the line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Levels {
    /// [`Level::Notice`].
    pub notice: u16,
    /// [`Level::Checkpoint`].
    pub checkpoint: u16,
    /// [`Level::Urgent`].
    pub urgent: u16,
}

impl Default for Levels {
    fn default() -> Self {
        Self { notice: 600, checkpoint: 800, urgent: 920 }
    }
}

impl Levels {
    /// The threshold in permille.
    #[must_use]
    pub const fn permille(&self, level: Level) -> u16 {
        match level {
            Level::Notice => self.notice,
            Level::Checkpoint => self.checkpoint,
            Level::Urgent => self.urgent,
        }
    }

    /// The threshold in tokens for a line, rounded up: reaching it is reaching the level.
    #[must_use]
    pub fn tokens(&self, level: Level, line: u64) -> u64 {
        line.saturating_mul(u64::from(self.permille(level))).div_ceil(1000)
    }

    /// The highest level that an occupancy has reached; `None` below the first.
    #[must_use]
    pub fn reached(&self, occupancy: u64, line: u64) -> Option<Level> {
        Level::ALL.into_iter().rev().find(|level| occupancy >= self.tokens(*level, line))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Scenario: occupancies around each threshold of a 167,000-token line.
    /// Guarantees: a level is reached exactly at its threshold, and only the highest is named.
    #[test]
    fn a_level_is_reached_at_its_threshold() {
        let levels = Levels::default();
        let reached = |occupancy| levels.reached(occupancy, 167_000);
        assert_eq!(reached(0), None);
        assert_eq!(reached(100_199), None);
        assert_eq!(reached(100_200), Some(Level::Notice));
        assert_eq!(reached(133_600), Some(Level::Checkpoint));
        assert_eq!(reached(153_640), Some(Level::Urgent));
        assert_eq!(reached(400_000), Some(Level::Urgent));
    }
}
