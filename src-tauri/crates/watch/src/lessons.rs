//! What compactions taught, of all sessions.

use std::{collections::HashMap, sync::Arc, time::Duration};

use plimsoll_domain::{Interval, Lesson, Line, LineKind, Model, SessionId, Window};

/// Lessons kept at most; the oldest go first, those without a compaction before others.
const KEPT: usize = 256;
/// Two lessons of one session within this time are of the same compaction.
const SAME: Duration = Duration::from_secs(10);
/// Settings differ by project: what other projects teach takes so many compactions that agree.
const FROM_OTHERS: u32 = 3;

/// A lesson, and what it holds for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Taught {
    pub(crate) model: Model,
    pub(crate) window: Window,
    /// Where the line was by what was set, in tokens: what another setting taught is another thing. `None` where that is not
    /// known, because Plimsoll did not run.
    pub(crate) believed: Option<u64>,
    pub(crate) lesson: Lesson,
}

impl Taught {
    /// Whether it says something of a model and window with the line that is set. What was seen while nobody knew what was
    /// set says nothing of what somebody has set now.
    pub(crate) fn is_of(&self, model: &Model, window: Window, set: &Line) -> bool {
        let same_line = match self.believed {
            Some(believed) => believed == set.tokens,
            None => set.kind() != LineKind::Configured,
        };
        same_line && self.window.tokens == window.tokens && self.model == *model
    }
}

/// A lesson of a session.
#[derive(Debug)]
struct Known {
    session: SessionId,
    project: Option<Arc<str>>,
    taught: Taught,
    /// Whether it was read from the ledger.
    recalled: bool,
}

/// The lessons of all sessions.
#[derive(Debug, Default)]
pub(crate) struct Lessons(Vec<Known>);

impl Lessons {
    /// Takes in what the threads of a live session teach, in place of what they taught before; whether that is news of
    /// a compaction.
    pub(crate) fn learn(
        &mut self,
        session: &SessionId,
        project: Option<&Arc<str>>,
        all: Vec<Taught>,
    ) -> bool {
        let before = self.compactions_of(session);
        self.0.retain(|known| {
            let again = |taught: &Taught| is_same(&known.taught.lesson, &taught.lesson);
            known.session != *session || (known.recalled && !all.iter().any(again))
        });
        for taught in all {
            let (session, project) = (session.clone(), project.cloned());
            self.put(Known { session, project, taught, recalled: false });
        }
        before != self.compactions_of(session)
    }

    fn compactions_of(&self, session: &SessionId) -> Vec<u64> {
        let own = self.0.iter().filter(|known| known.session == *session);
        let mut markers: Vec<u64> = own.filter_map(|one| one.taught.lesson.compacted).collect();
        markers.sort_unstable();
        markers
    }

    /// Takes a lesson in that was read from the ledger.
    pub(crate) fn recall(
        &mut self,
        session: &SessionId,
        project: Option<&Arc<str>>,
        taught: Taught,
    ) {
        let (session, project) = (session.clone(), project.cloned());
        self.put(Known { session, project, taught, recalled: true });
    }

    fn put(&mut self, known: Known) {
        self.0.push(known);
        if self.0.len() > KEPT {
            let worth = |known: &Known| {
                let lesson = &known.taught.lesson;
                (lesson.compacted.is_some(), lesson.at)
            };
            let least = self.0.iter().enumerate().min_by_key(|(_, one)| worth(one));
            if let Some((place, _)) = least {
                self.0.swap_remove(place);
            }
        }
    }

    /// What they teach of a case: those of the project where it has any, else all together, if enough agree.
    pub(crate) fn interval(&self, case: &Case<'_>) -> Interval {
        let here = |one: &&Known| case.project.is_some() && one.project.as_deref() == case.project;
        let meant = || self.0.iter().filter(|one| case.is_like(one));
        let own = Interval::of(meant().filter(here).map(|one| &one.taught.lesson));
        if own.up_to.is_some() {
            return own;
        }
        let all = Interval::of(meant().map(|one| &one.taught.lesson));
        if all.observations >= FROM_OTHERS {
            return all;
        }
        // One project that passes the line says nothing of the others.
        Interval { above: passed_by_two(meant().filter(here)), ..Interval::default() }
    }
}

/// How far two sessions at least have gone, in tokens. One may be run with settings that nobody sees.
fn passed_by_two<'a>(lessons: impl Iterator<Item = &'a Known>) -> u64 {
    let mut furthest: HashMap<&SessionId, u64> = HashMap::new();
    for Known { session, taught, .. } in lessons {
        let passed = furthest.entry(session).or_default();
        *passed = taught.lesson.passed.max(*passed);
    }
    let mut all: Vec<u64> = furthest.into_values().collect();
    all.sort_unstable_by(|one, other| other.cmp(one));
    all.get(1).copied().unwrap_or(0)
}

/// Whose line is asked for.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Case<'a> {
    /// What this session taught since the start is counted elsewhere.
    pub(crate) session: &'a SessionId,
    pub(crate) project: Option<&'a str>,
    pub(crate) model: &'a Model,
    pub(crate) window: Window,
    /// Where the line is by what is set.
    pub(crate) set: &'a Line,
}

impl Case<'_> {
    fn is_like(&self, known: &Known) -> bool {
        let of_others = known.recalled || known.session != *self.session;
        of_others && known.taught.is_of(self.model, self.window, self.set)
    }
}

/// Whether two lessons of one session are of the same compaction.
fn is_same(one: &Lesson, other: &Lesson) -> bool {
    let apart = one.at.since(other.at).max(other.at.since(one.at));
    one.compacted.is_some() && other.compacted.is_some() && apart <= SAME
}

#[cfg(test)]
mod tests {
    use plimsoll_domain::{LineReason, Timestamp, WindowKind};

    use super::*;

    fn taught(minute: i64, passed: u64, compacted: impl Into<Option<u64>>) -> Taught {
        let lesson = Lesson {
            at: Timestamp::from_millis(minute * 60_000),
            version: None,
            passed,
            compacted: compacted.into(),
        };
        let window = Window { tokens: 200_000, kind: WindowKind::Table };
        let model = Model::parse("claude-opus-4-6").0;
        Taught { model, window, believed: Some(167_000), lesson }
    }

    fn learn(lessons: &mut Lessons, session: &str, project: &str, all: Vec<Taught>) -> bool {
        lessons.learn(&SessionId::new(session), Some(&project.into()), all)
    }

    fn interval(lessons: &Lessons, project: &str, set: &Line) -> Interval {
        let Taught { model, window, .. } = taught(0, 0, None);
        let session = SessionId::new("asks");
        let case = Case { session: &session, project: Some(project), model: &model, window, set };
        lessons.interval(&case)
    }

    fn usual() -> Line {
        Line { tokens: 167_000, reason: LineReason::Formula }
    }

    fn configured(tokens: u64) -> Line {
        Line { tokens, reason: LineReason::Client("set".into()) }
    }

    fn up_to(lessons: &Lessons, project: &str, set: &Line) -> Option<u64> {
        interval(lessons, project, set).up_to
    }

    /// Scenario: one project's sessions compact early, once, twice, three times; another project asks; one with other
    /// settings asks.
    /// Guarantees: the own project believes the first; others the third; other settings none.
    #[test]
    fn other_projects_teach_when_they_agree() {
        let mut lessons = Lessons::default();
        let mut seen = Vec::new();
        for (minute, marker) in [(1, 92_000), (30, 91_000), (60, 90_500)] {
            assert_eq!(up_to(&lessons, "/other", &usual()), None);
            seen.push(taught(minute, 80_000, marker));
            assert!(learn(&mut lessons, "one", "/early", seen.clone()));
            assert_eq!(up_to(&lessons, "/early", &usual()), Some(marker));
        }
        assert_eq!(up_to(&lessons, "/other", &usual()), Some(90_500));
        assert_eq!(up_to(&lessons, "/early", &configured(90_000)), None);
    }

    /// Scenario: compactions from before Plimsoll ran, where nobody knows what was set; live ones while something was set; the
    /// same setting, another one and none.
    /// Guarantees: the old ones count where nothing is set, the live ones where the same is set: a setting that is new is
    /// never overruled by what was seen before it.
    #[test]
    fn what_was_seen_under_other_settings_says_nothing() {
        let mut lessons = Lessons::default();
        let old = Taught { believed: None, ..taught(1, 160_000, 167_200) };
        lessons.recall(&SessionId::new("old"), Some(&"/p".into()), old);
        assert_eq!(up_to(&lessons, "/p", &usual()), Some(167_200));
        assert_eq!(up_to(&lessons, "/p", &configured(117_000)), None);
        let live = Taught { believed: Some(117_000), ..taught(2, 80_000, 90_100) };
        learn(&mut lessons, "live", "/p", vec![live]);
        assert_eq!(up_to(&lessons, "/p", &configured(117_000)), Some(90_100));
        assert_eq!(up_to(&lessons, "/p", &configured(150_000)), None);
    }

    /// Scenario: a session of a project goes past the line without compacting; another one does.
    /// Guarantees: one alone moves no other session's line, two do.
    #[test]
    fn one_session_refutes_nothing_for_others() {
        let mut lessons = Lessons::default();
        let further = || vec![taught(1, 175_000, None)];
        learn(&mut lessons, "one", "/p", further());
        assert_eq!(interval(&lessons, "/p", &usual()).above, 0);
        learn(&mut lessons, "two", "/p", further());
        assert_eq!(interval(&lessons, "/p", &usual()).above, 175_000);
        assert_eq!(interval(&lessons, "/other", &usual()).above, 0);
    }

    /// Scenario: the same compaction is told again some seconds off; one is recalled from the ledger and then told
    /// live.
    /// Guarantees: it counts once, and news are news once.
    #[test]
    fn a_compaction_teaches_once() {
        let mut lessons = Lessons::default();
        lessons.recall(&SessionId::new("one"), Some(&"/p".into()), taught(1, 80_000, 92_000));
        let mut again = taught(1, 80_000, 92_000);
        again.lesson.at = again.lesson.at.after(Duration::from_secs(3));
        assert!(!learn(&mut lessons, "one", "/p", vec![again.clone()]));
        assert!(learn(&mut lessons, "two", "/p", vec![again]));
        assert_eq!(lessons.0.len(), 2);
    }

    /// Scenario: a compaction, then more sessions without one than are kept.
    /// Guarantees: the compaction is kept, and the newest of the others.
    #[test]
    fn compactions_outlast_short_sessions() {
        let mut lessons = Lessons::default();
        learn(&mut lessons, "first", "/p", vec![taught(0, 80_000, 92_000)]);
        for minute in 1..=i64::try_from(KEPT).unwrap() {
            learn(
                &mut lessons,
                &format!("session {minute}"),
                "/p",
                vec![taught(minute, 9_000, None)],
            );
        }
        assert_eq!(lessons.0.len(), KEPT);
        assert_eq!(up_to(&lessons, "/p", &usual()), Some(92_000));
    }

    /// Scenario: more lessons than are kept.
    /// Guarantees: the oldest is forgotten.
    #[test]
    fn the_oldest_is_forgotten() {
        let mut lessons = Lessons::default();
        for minute in 0..=i64::try_from(KEPT).unwrap() {
            let session = format!("session {minute}");
            learn(&mut lessons, &session, "/p", vec![taught(minute, 80_000, 92_000)]);
        }
        assert_eq!(lessons.0.len(), KEPT);
        let oldest = lessons.0.iter().map(|one| one.taught.lesson.at).min();
        assert_eq!(oldest, Some(Timestamp::from_millis(60_000)));
    }
}
