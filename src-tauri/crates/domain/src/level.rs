//! Levels: named thresholds on the way to the line.

use std::sync::Arc;

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

    /// From the name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|level| level.name() == name)
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

/// One way to say where a level lies.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Threshold {
    /// So many permille of the way to the line, 1 to 1000.
    Way(u16),
    /// When only so many tokens are left before the line.
    TokensLeft(u64),
    /// When only so many turns are left before the line, at the present growth.
    TurnsLeft(u32),
}

impl Threshold {
    /// The occupancy in tokens at which it is reached, where that can be told: reaching it is reaching the level.
    /// `growth` is the usual growth of a turn in tokens.
    #[must_use]
    pub fn tokens(self, line: u64, growth: Option<u64>) -> Option<u64> {
        match self {
            Self::Way(permille) => Some(line.saturating_mul(u64::from(permille)).div_ceil(1000)),
            Self::TokensLeft(left) => Some(line.saturating_sub(left)),
            Self::TurnsLeft(turns) => {
                growth.map(|growth| line.saturating_sub(growth.saturating_mul(u64::from(turns))))
            }
        }
    }
}

/// Where each level lies: any number of thresholds each, of which the one that is reached first counts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Levels {
    /// [`Level::Notice`].
    pub notice: Arc<[Threshold]>,
    /// [`Level::Checkpoint`].
    pub checkpoint: Arc<[Threshold]>,
    /// [`Level::Urgent`].
    pub urgent: Arc<[Threshold]>,
}

impl Default for Levels {
    fn default() -> Self {
        Self {
            notice: Arc::new([Threshold::Way(600)]),
            checkpoint: Arc::new([Threshold::Way(800), Threshold::TurnsLeft(3)]),
            urgent: Arc::new([Threshold::Way(920), Threshold::TokensLeft(8_000)]),
        }
    }
}

impl Levels {
    /// The thresholds of a level.
    #[must_use]
    pub fn thresholds(&self, level: Level) -> &Arc<[Threshold]> {
        match level {
            Level::Notice => &self.notice,
            Level::Checkpoint => &self.checkpoint,
            Level::Urgent => &self.urgent,
        }
    }

    /// The occupancy in tokens at which a level is reached; at most the line. Thresholds in turns need the usual
    /// growth of a turn, in tokens.
    #[must_use]
    pub fn tokens(&self, level: Level, line: u64, growth: Option<u64>) -> u64 {
        let thresholds = self.thresholds(level).iter();
        thresholds.filter_map(|one| one.tokens(line, growth)).min().unwrap_or(line)
    }

    /// The highest level that an occupancy has reached; `None` below the first.
    #[must_use]
    pub fn reached(&self, occupancy: u64, line: u64, growth: Option<u64>) -> Option<Level> {
        let mut falling = Level::ALL.into_iter().rev();
        falling.find(|level| occupancy >= self.tokens(*level, line, growth))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Scenario: occupancies around each threshold of a 167,000-token line, the growth unknown.
    /// Guarantees: a level is reached exactly at its threshold, and only the highest is named.
    #[test]
    fn a_level_is_reached_at_its_threshold() {
        let levels = Levels::default();
        let reached = |occupancy| levels.reached(occupancy, 167_000, None);
        assert_eq!(reached(0), None);
        assert_eq!(reached(100_199), None);
        assert_eq!(reached(100_200), Some(Level::Notice));
        assert_eq!(reached(133_600), Some(Level::Checkpoint));
        assert_eq!(reached(153_640), Some(Level::Urgent));
        assert_eq!(reached(400_000), Some(Level::Urgent));
    }

    /// Scenario: a level by percent, tokens left and turns left, at slow, fast and unknown growth.
    /// Guarantees: whichever comes first; turns count only where the growth is known; no level lies below zero.
    #[test]
    fn whichever_comes_first_counts() {
        let at = |thresholds: &[Threshold], growth| {
            let levels = Levels { checkpoint: thresholds.into(), ..Levels::default() };
            levels.tokens(Level::Checkpoint, 100_000, growth)
        };
        let all = [Threshold::Way(800), Threshold::TokensLeft(15_000), Threshold::TurnsLeft(3)];
        assert_eq!(at(&all, None), 80_000);
        assert_eq!(at(&all, Some(2_000)), 80_000);
        assert_eq!(at(&all, Some(10_000)), 70_000);
        assert_eq!(at(&all, Some(50_000)), 0);
        assert_eq!(at(&all[1..], None), 85_000);
        assert_eq!(at(&all[2..], None), 100_000);
    }
}
