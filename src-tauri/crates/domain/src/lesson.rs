//! What compactions teach of the line: between the largest context that did not compact and the smallest that did.

use std::sync::Arc;

use crate::Timestamp;

/// How many cycles are remembered at most, the newest.
const REMEMBERED: usize = 32;
/// A compaction that far from the usual one, in permille of it, is an outlier: a refusal by the API, another setting.
const STRAY: u64 = 150;
/// So many contexts that grew past a compaction refute it.
const CONTRADICTIONS: usize = 2;

/// What one cycle of a thread taught.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lesson {
    /// When it was seen.
    pub at: Timestamp,
    /// The client's version.
    pub version: Option<Arc<str>>,
    /// The largest occupancy, in tokens, after which another request followed without compaction.
    pub passed: u64,
    /// Where it compacted by itself, in tokens, by the client's own estimate; `None` where it did not.
    pub compacted: Option<u64>,
}

/// Where a line lies by what was seen: above the one, up to the other.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Interval {
    /// The largest occupancy that did not compact; zero: none seen.
    pub above: u64,
    /// The smallest at which an automatic compaction was seen; `None`: never seen.
    pub up_to: Option<u64>,
    /// How many automatic compactions agree.
    pub observations: u32,
}

impl Interval {
    /// What lessons of the same model, window and settings teach together. Those of the newest client version that
    /// compacted count; of its compactions not those far from the usual one, nor those that other contexts passed.
    #[must_use]
    pub fn of<'a>(lessons: impl IntoIterator<Item = &'a Lesson>) -> Self {
        let mut lessons: Vec<&Lesson> = lessons.into_iter().collect();
        lessons.sort_by_key(|lesson| std::cmp::Reverse(lesson.at));
        if let Some(newest) = lessons.iter().find(|lesson| lesson.compacted.is_some()) {
            let version = newest.version.clone();
            lessons.retain(|lesson| lesson.version == version);
        }
        lessons.truncate(REMEMBERED);
        let mut markers: Vec<u64> = lessons.iter().filter_map(|lesson| lesson.compacted).collect();
        markers.sort_unstable();
        keep_usual(&mut markers);
        let contradicted = |marker: u64| {
            lessons.iter().filter(|lesson| lesson.passed >= marker).count() >= CONTRADICTIONS
        };
        markers.retain(|marker| !contradicted(*marker));
        let up_to = markers.first().copied();
        let passed = lessons.iter().map(|lesson| lesson.passed);
        let above = passed.filter(|passed| up_to.is_none_or(|up_to| *passed < up_to)).max();
        let observations = u32::try_from(markers.len()).unwrap_or(u32::MAX);
        Self { above: above.unwrap_or(0), up_to, observations }
    }
}

/// Of three and more, drops those far from the median. The markers are sorted.
fn keep_usual(markers: &mut Vec<u64>) {
    if markers.len() < 3 {
        return;
    }
    let median = markers[markers.len() / 2];
    let near = |marker: &u64| {
        u128::from(marker.abs_diff(median)) * 1000 <= u128::from(median) * u128::from(STRAY)
    };
    markers.retain(near);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lesson(day: i64, version: &str, passed: u64, compacted: Option<u64>) -> Lesson {
        let at = Timestamp::from_millis(day * 86_400_000);
        Lesson { at, version: Some(version.into()), passed, compacted }
    }

    fn interval(above: u64, up_to: impl Into<Option<u64>>, observations: u32) -> Interval {
        Interval { above, up_to: up_to.into(), observations }
    }

    /// Scenario: cycles that compacted around the line, and one that was left before it.
    /// Guarantees: the interval is the tightest that all of them allow; nothing seen is nothing known.
    #[test]
    fn cycles_close_in_on_the_line() {
        let seen = [
            lesson(1, "1", 150_000, Some(171_000)),
            lesson(2, "1", 162_000, Some(168_000)),
            lesson(3, "1", 166_000, None),
        ];
        assert_eq!(Interval::of(&seen), interval(166_000, 168_000, 2));
        assert_eq!(Interval::of(&seen[2..]), interval(166_000, None, 0));
        assert_eq!(Interval::of([]), Interval::default());
    }

    /// Scenario: among compactions at the line are one at half of it and one far beyond.
    /// Guarantees: neither moves the line.
    #[test]
    fn outliers_do_not_move_it() {
        let seen = [
            lesson(1, "1", 160_000, Some(167_500)),
            lesson(2, "1", 60_000, Some(80_000)),
            lesson(3, "1", 161_000, Some(168_500)),
            lesson(4, "1", 165_000, Some(167_900)),
            lesson(5, "1", 140_000, Some(250_000)),
        ];
        assert_eq!(Interval::of(&seen), interval(165_000, 167_500, 3));
    }

    /// Scenario: one early compaction, then two contexts that grew past it; then only one did.
    /// Guarantees: two refute it, one does not.
    #[test]
    fn what_others_passed_is_refuted() {
        let early = lesson(1, "1", 70_000, Some(90_000));
        let seen = [early.clone(), lesson(2, "1", 120_000, None), lesson(3, "1", 110_000, None)];
        assert_eq!(Interval::of(&seen), interval(120_000, None, 0));
        assert_eq!(Interval::of(&seen[..2]), interval(70_000, 90_000, 1));
        assert_eq!(Interval::of([&early]), interval(70_000, 90_000, 1));
    }

    /// Scenario: the client was updated and compacts elsewhere; the new version has not compacted yet; it has.
    /// Guarantees: the old version's compactions hold until there is one of the new, and then no more.
    #[test]
    fn old_versions_are_forgotten() {
        let old = [lesson(1, "1", 150_000, Some(167_000)), lesson(2, "1", 155_000, Some(168_000))];
        let fresh = [lesson(3, "2", 60_000, None), lesson(4, "2", 80_000, Some(92_000))];
        let before = [&old[..], &fresh[..1]].concat();
        assert_eq!(Interval::of(&before), interval(155_000, 167_000, 2));
        let after = [&old[..], &fresh[..]].concat();
        assert_eq!(Interval::of(&after), interval(80_000, 92_000, 1));
    }
}
