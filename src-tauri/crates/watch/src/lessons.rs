//! What compactions taught, of all sessions.

use std::{sync::Arc, time::Duration};

use plimsoll_domain::{Interval, Lesson, Line, Model, SessionId, Window};

use crate::rules::ClientSettings;

/// Lessons kept at most; the oldest go first.
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
    /// Where the line was by what was set, in tokens: what another setting taught is another thing.
    pub(crate) believed: u64,
    pub(crate) lesson: Lesson,
}

/// A lesson of a session.
#[derive(Debug)]
struct Known {
    session: SessionId,
    project: Option<Arc<str>>,
    taught: Taught,
    /// Whether it was read from the ledger: what was set then is taken to be what is set now.
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
            let oldest = self.0.iter().enumerate().min_by_key(|(_, one)| one.taught.lesson.at);
            if let Some((place, _)) = oldest {
                self.0.swap_remove(place);
            }
        }
    }

    /// What is set is known anew.
    pub(crate) fn believe(&mut self, settings: &ClientSettings) {
        for Known { project, taught, .. } in self.0.iter_mut().filter(|one| one.recalled) {
            let client = settings.of(project.as_deref());
            taught.believed = Line::by_settings(&taught.model, taught.window, Some(client)).tokens;
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
        // One project that passes the line says nothing of the others.
        if all.observations >= FROM_OTHERS { all } else { Interval { observations: 0, ..own } }
    }
}

/// Whose line is asked for.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Case<'a> {
    /// What this session taught since the start is counted elsewhere.
    pub(crate) session: &'a SessionId,
    pub(crate) project: Option<&'a str>,
    pub(crate) model: &'a Model,
    pub(crate) window: Window,
    /// Where the line is by what is set, in tokens.
    pub(crate) believed: u64,
}

impl Case<'_> {
    fn is_like(&self, known: &Known) -> bool {
        let Taught { model, window, believed, .. } = &known.taught;
        let same_line = (*believed, window.tokens) == (self.believed, self.window.tokens);
        let of_others = known.recalled || known.session != *self.session;
        same_line && model == self.model && of_others
    }
}

/// Whether two lessons of one session are of the same compaction.
fn is_same(one: &Lesson, other: &Lesson) -> bool {
    let apart = one.at.since(other.at).max(other.at.since(one.at));
    one.compacted.is_some() && other.compacted.is_some() && apart <= SAME
}

#[cfg(test)]
mod tests {
    use plimsoll_domain::{Compacting, Timestamp, WindowKind};

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
        Taught { model, window, believed: 167_000, lesson }
    }

    fn learn(lessons: &mut Lessons, session: &str, project: &str, all: Vec<Taught>) -> bool {
        lessons.learn(&SessionId::new(session), Some(&project.into()), all)
    }

    fn up_to(lessons: &Lessons, project: &str, believed: u64) -> Option<u64> {
        let Taught { model, window, .. } = taught(0, 0, None);
        let session = SessionId::new("asks");
        let case =
            Case { session: &session, project: Some(project), model: &model, window, believed };
        lessons.interval(&case).up_to
    }

    /// Scenario: one project's sessions compact early, once, twice, three times; another project asks; one with other
    /// settings asks.
    /// Guarantees: the own project believes the first; others the third; other settings none.
    #[test]
    fn other_projects_teach_when_they_agree() {
        let mut lessons = Lessons::default();
        let mut seen = Vec::new();
        for (minute, marker) in [(1, 92_000), (30, 91_000), (60, 90_500)] {
            assert_eq!(up_to(&lessons, "/other", 167_000), None);
            seen.push(taught(minute, 80_000, marker));
            assert!(learn(&mut lessons, "one", "/early", seen.clone()));
            assert_eq!(up_to(&lessons, "/early", 167_000), Some(marker));
        }
        assert_eq!(up_to(&lessons, "/other", 167_000), Some(90_500));
        assert_eq!(up_to(&lessons, "/early", 90_000), None);
    }

    /// Scenario: the same compaction is told again some seconds off; one is recalled from the ledger and then told
    /// live; the client's settings become known.
    /// Guarantees: it counts once, news are news once, and what was recalled follows the settings.
    #[test]
    fn a_compaction_teaches_once() {
        let mut lessons = Lessons::default();
        lessons.recall(&SessionId::new("one"), Some(&"/p".into()), taught(1, 80_000, 92_000));
        let half = Compacting { percent: Some((50_000, "half".into())), ..Compacting::default() };
        let projects = [("/p".into(), half.into())].into();
        lessons.believe(&ClientSettings { projects, ..ClientSettings::default() });
        assert_eq!(up_to(&lessons, "/p", 167_000), None);
        assert_eq!(up_to(&lessons, "/p", 90_000), Some(92_000));
        let mut again = taught(1, 80_000, 92_000);
        again.lesson.at = again.lesson.at.after(Duration::from_secs(3));
        assert!(!learn(&mut lessons, "one", "/p", vec![again.clone()]));
        assert!(learn(&mut lessons, "two", "/p", vec![again]));
        assert_eq!(lessons.0.len(), 2);
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
