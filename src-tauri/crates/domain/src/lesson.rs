//! What compactions teach of the line: between the largest context that did not compact and the smallest that did.

use std::sync::Arc;

use crate::Timestamp;

/// How many compactions are remembered at most, the newest.
const REMEMBERED: usize = 32;
/// A compaction that far from the usual one, in permille of it, is an outlier: a refusal by the API, another setting.
const STRAY: u64 = 150;
/// So many contexts that grew past a compaction refute it.
const CONTRADICTIONS: usize = 2;

/// What one cycle of a thread taught.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lesson {
    /// When it was seen: the compaction, or the last request that followed.
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
    /// compacted count, and those of which the version is not known; of its compactions not those far from the usual one,
    /// nor those that other contexts passed since.
    #[must_use]
    pub fn of<'a>(lessons: impl IntoIterator<Item = &'a Lesson>) -> Self {
        let mut lessons: Vec<&Lesson> = lessons.into_iter().collect();
        lessons.sort_by_key(|lesson| std::cmp::Reverse(lesson.at));
        let mut compacted = lessons.iter().filter(|lesson| lesson.compacted.is_some());
        if let Some(newest) = compacted.find_map(|lesson| lesson.version.clone()) {
            let counts = |version: &Arc<str>| *version == newest;
            lessons.retain(|lesson| lesson.version.as_ref().is_none_or(counts));
        }
        let markers = lessons.iter().filter_map(|lesson| Some((lesson.at, lesson.compacted?)));
        let mut markers: Vec<_> = markers.take(REMEMBERED).collect();
        keep_usual(&mut markers);
        let contradicted = |(at, marker): (Timestamp, u64)| {
            let passed = |lesson: &&&Lesson| lesson.at > at && lesson.passed >= marker;
            lessons.iter().filter(passed).count() >= CONTRADICTIONS
        };
        markers.retain(|marker| !contradicted(*marker));
        let up_to = markers.iter().map(|(_, marker)| *marker).min();
        let passed = lessons.iter().map(|lesson| lesson.passed);
        let above = passed.filter(|passed| up_to.is_none_or(|up_to| *passed < up_to)).max();
        let observations = u32::try_from(markers.len()).unwrap_or(u32::MAX);
        Self { above: above.unwrap_or(0), up_to, observations }
    }
}

/// Of three and more compactions, the newest first, drops those far from the usual one: from the newest where the one
/// before agrees with it, so that a line that has moved is believed at the second; else from the median.
fn keep_usual(markers: &mut Vec<(Timestamp, u64)>) {
    let [(_, newest), (_, second), _, ..] = markers[..] else { return };
    let usual = if are_near(second, newest) { newest } else { median(markers) };
    markers.retain(|(_, marker)| are_near(*marker, usual));
}

fn are_near(marker: u64, usual: u64) -> bool {
    u128::from(marker.abs_diff(usual)) * 1000 <= u128::from(usual) * u128::from(STRAY)
}

fn median(markers: &[(Timestamp, u64)]) -> u64 {
    let mut sorted: Vec<u64> = markers.iter().map(|(_, marker)| *marker).collect();
    sorted.sort_unstable();
    sorted[sorted.len() / 2]
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

    /// Scenario: after three compactions at the usual place, which other contexts came near, it compacts lower: once, twice.
    /// Guarantees: one is an outlier, the second is believed: what was passed before does not speak against it.
    #[test]
    fn a_line_that_moves_down_is_believed_at_the_second() {
        let mut seen: Vec<_> =
            (1..=3).map(|day| lesson(day, "1", 160_000, Some(167_000))).collect();
        seen.push(lesson(4, "1", 110_000, Some(118_000)));
        assert_eq!(Interval::of(&seen), interval(160_000, 167_000, 3));
        seen.push(lesson(5, "1", 112_000, Some(117_500)));
        assert_eq!(Interval::of(&seen), interval(112_000, 117_500, 2));
    }

    /// Scenario: compactions, then so many contexts that were left early that they are more than are remembered; one whose
    /// client's version is not known.
    /// Guarantees: they push no compaction out, and the unknown version counts with any.
    #[test]
    fn short_contexts_push_nothing_out() {
        let mut seen =
            vec![lesson(1, "1", 80_000, Some(90_000)), lesson(2, "1", 81_000, Some(91_000))];
        seen.extend((3..100).map(|day| lesson(day, "1", 20_000, None)));
        assert_eq!(Interval::of(&seen), interval(81_000, 90_000, 2));
        let unknown = Lesson { version: None, ..lesson(200, "1", 85_000, Some(90_500)) };
        seen.push(unknown);
        assert_eq!(Interval::of(&seen), interval(85_000, 90_000, 3));
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
