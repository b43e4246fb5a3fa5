//! Which tellings of a compaction are of the same one.

use std::time::Duration;

use plimsoll_domain::{ProcessId, Timestamp, Witness};

use crate::event::{Event, Telling, What};

/// Witnesses tell of one compaction within so much time of each other.
const NEAR: Duration = Duration::from_secs(10);

/// A compaction, as all its witnesses tell.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Compacted {
    /// When.
    pub(crate) at: Timestamp,
    /// The client process.
    pub(crate) process: Option<ProcessId>,
    /// The client's estimate of the occupancy before.
    pub(crate) before: Option<u64>,
    /// The client's estimate of the occupancy after.
    pub(crate) after: Option<u64>,
    /// Whether the user asked for it.
    pub(crate) manual: bool,
}

/// The compactions of which more may be told.
#[derive(Debug, Clone, Default)]
pub(crate) struct Tellings(Vec<Group>);

/// The tellings of one compaction: at most one by each witness.
#[derive(Debug, Clone)]
struct Group {
    began: Timestamp,
    manual: bool,
    told: Vec<(Timestamp, Witness)>,
}

impl Group {
    fn fits(&self, at: Timestamp, telling: &Telling) -> bool {
        let told_by = |witness| self.told.iter().any(|(_, known)| *known == witness);
        at.since(self.began) <= NEAR && self.manual == telling.manual && !told_by(telling.witness)
    }

    fn holds(&self, at: Timestamp, telling: &Telling) -> bool {
        self.manual == telling.manual && self.told.contains(&(at, telling.witness))
    }
}

impl Tellings {
    /// The compaction that a telling is the first of, with what is told of it in the events that follow; `None` where
    /// it was told before. Events come in order of time.
    pub(crate) fn first<'a>(
        &mut self,
        at: Timestamp,
        telling: &Telling,
        later: impl Iterator<Item = &'a Event>,
    ) -> Option<Compacted> {
        self.0.retain(|group| at.since(group.began) <= NEAR);
        if self.0.iter().any(|group| group.holds(at, telling)) {
            return None;
        }
        if let Some(group) = self.0.iter_mut().find(|group| group.fits(at, telling)) {
            group.told.push((at, telling.witness));
            return None;
        }
        let told = vec![(at, telling.witness)];
        let mut group = Group { began: at, manual: telling.manual, told };
        let mut all = vec![(at, telling)];
        for event in later.take_while(|event| event.at.since(at) <= NEAR) {
            let What::Compaction(other) = &event.what else { continue };
            let taken = self.0.iter().any(|known| known.holds(event.at, other));
            if !taken && group.fits(event.at, other) {
                group.told.push((event.at, other.witness));
                all.push((event.at, other));
            }
        }
        self.0.push(group);
        merged(all)
    }
}

/// The event's word before the transcript's, and that before a hook's.
fn merged(mut tellings: Vec<(Timestamp, &Telling)>) -> Option<Compacted> {
    tellings.sort_by_key(|(_, telling)| telling.witness);
    let (at, best) = *tellings.first()?;
    Some(Compacted {
        at,
        process: tellings.iter().find_map(|(_, telling)| telling.process),
        before: tellings.iter().find_map(|(_, telling)| telling.before),
        after: tellings.iter().find_map(|(_, telling)| telling.after),
        manual: best.manual,
    })
}
