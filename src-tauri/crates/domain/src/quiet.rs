//! Quiet: when notifications are held back because the user wished so.

use std::sync::Arc;

use crate::{SessionId, Timestamp};

/// What a wish for quiet is about.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Scope {
    /// Every session.
    All,
    /// The sessions of a project: its folder, absolute.
    Project(Arc<str>),
    /// One session.
    Session(SessionId),
}

/// A wish for quiet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Silence {
    /// What it is about.
    pub scope: Scope,
    /// Until when (snooze); `None`: until it is taken back (mute).
    pub until: Option<Timestamp>,
}

/// The hours of a day in which nothing is shown, by local time: from the one minute of the day up to the other, over
/// midnight where that is the smaller one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct QuietHours {
    /// The first quiet minute of the day, 0 to 1439.
    pub from_minute: u16,
    /// The first minute that is not quiet any more, 0 to 1439; never the first one.
    pub to_minute: u16,
}

impl Scope {
    /// Whether it is about such a session.
    #[must_use]
    pub fn covers(&self, session: &SessionId, project: Option<&str>) -> bool {
        match self {
            Self::All => true,
            Self::Project(folder) => project == Some(&**folder),
            Self::Session(one) => one == session,
        }
    }
}

impl QuietHours {
    /// Whether a minute of the day, 0 to 1439, is quiet.
    #[must_use]
    pub const fn covers(self, minute: u16) -> bool {
        let Self { from_minute: from, to_minute: to } = self;
        if from <= to { from <= minute && minute < to } else { from <= minute || minute < to }
    }
}

impl Silence {
    /// Whether it still holds.
    #[must_use]
    pub fn holds(&self, now: Timestamp) -> bool {
        self.until.is_none_or(|until| now < until)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Scenario: quiet hours within a day and over midnight, asked for the minutes around their ends.
    /// Guarantees: the first minute is quiet, the last is not; midnight is where it lies between them.
    #[test]
    fn hours_may_span_midnight() {
        let at = |hour: u16, minute: u16| hour * 60 + minute;
        let lunch = QuietHours { from_minute: at(12, 0), to_minute: at(13, 30) };
        let night = QuietHours { from_minute: at(22, 0), to_minute: at(7, 0) };
        for (hours, minute, is_quiet) in [
            (lunch, at(11, 59), false),
            (lunch, at(12, 0), true),
            (lunch, at(13, 29), true),
            (lunch, at(13, 30), false),
            (night, at(21, 59), false),
            (night, at(22, 0), true),
            (night, at(23, 59), true),
            (night, at(0, 0), true),
            (night, at(6, 59), true),
            (night, at(7, 0), false),
        ] {
            assert_eq!(hours.covers(minute), is_quiet, "{hours:?} at {minute}");
        }
    }
}
