//! Mixed days: all captures as sessions of one resident at once, with faults.

mod files;
mod live;
mod plan;
mod story;
mod traffic;

use std::{
    collections::{BTreeMap, BTreeSet},
    ops::RangeInclusive,
};

use plimsoll_replay::Signal;

use super::{answered::Answered, audited::Audited, record::Record};
use crate::desk::now;
use live::{Lived, live, told_by};
use plan::{Plan, Role};
pub(super) use story::Story;
use traffic::{Export, Fate, exports, length};

/// What decides which fault happens to whom on each day, unless `PLIMSOLL_VALIDATION_SEED` names a single one.
const SEEDS: RangeInclusive<u8> = 1..=8;

/// The days to live.
pub(super) fn seeds() -> RangeInclusive<u8> {
    let asked = std::env::var("PLIMSOLL_VALIDATION_SEED").ok();
    asked.map_or(SEEDS, |seed| {
        let seed = seed.parse().unwrap();
        seed..=seed
    })
}

/// A day that is over.
pub(super) struct Day {
    pub(super) seed: u8,
    pub(super) stories: Vec<Story>,
    pub(super) done: Done,
    pub(super) known: Known,
    audit: BTreeMap<String, Audited>,
}

/// What was done to it.
#[derive(Default)]
pub(super) struct Done {
    pub(super) sent: usize,
    pub(super) twice: usize,
    pub(super) events_lost: usize,
    pub(super) metrics_lost: usize,
    pub(super) refused: usize,
    /// Captures by what became of their transcripts, and those without telemetry.
    pub(super) first: usize,
    pub(super) late: usize,
    pub(super) none: usize,
    pub(super) off: Vec<String>,
}

/// How many requests which witness knew.
pub(super) struct Known {
    pub(super) both: usize,
    pub(super) events: usize,
    pub(super) transcripts: usize,
}

/// The day before it was audited.
pub(super) struct Evening {
    seed: u8,
    stories: Vec<Story>,
    done: Done,
    known: Known,
    record: Record,
}

impl Evening {
    /// Lives the day.
    pub(super) async fn of(answered: &[Answered], seed: u8) -> Self {
        let names: Vec<_> = answered.iter().map(|of| of.capture.clone()).collect();
        let mut plan = Plan::new(&names, seed);
        // Nothing lies in the future.
        let day = now().before(length(&plan));
        let exports = exports(&mut plan, day);
        let Lived { record, records } = live(&plan, &exports, day, &late(&plan, answered)).await;
        let story = |of: &Answered| Story::of(of, plan.captures[&of.capture].1, &exports);
        let told = |witness| told_by(&records, witness).collect::<BTreeSet<_>>();
        let (events, transcripts) = (told("event"), told("transcript"));
        Self {
            seed,
            stories: answered.iter().flat_map(story).collect(),
            done: Done::of(&plan, &exports),
            known: Known {
                both: events.intersection(&transcripts).count(),
                events: events.difference(&transcripts).count(),
                transcripts: transcripts.difference(&events).count(),
            },
            record,
        }
    }

    /// Audits the day as soon as it can be judged.
    pub(super) async fn audit(self) -> Day {
        let audit = self.record.audit().await;
        Day { seed: self.seed, stories: self.stories, done: self.done, known: self.known, audit }
    }
}

impl Day {
    /// What neither a lost witness nor the audit explains.
    pub(super) fn faults(&self) -> Vec<String> {
        let known: BTreeSet<_> = self.stories.iter().map(|story| &story.session).collect();
        let foreign = self.audit.keys().filter(|session| !known.contains(session));
        let foreign = foreign.map(|session| format!("nobody opened session {session}"));
        let faults = self.pairs().flat_map(|(story, audited)| story.faults(audited)).chain(foreign);
        faults.map(|fault| format!("day {}, {fault}", self.seed)).collect()
    }

    /// Each session that used anything or was audited, with its audit.
    pub(super) fn pairs(&self) -> impl Iterator<Item = (&Story, Option<&Audited>)> {
        let all = self.stories.iter().map(|story| (story, self.audit.get(&story.session)));
        all.filter(|(story, audit)| story.used_anything() || audit.is_some())
    }

    /// What the audit says of each session that it knows.
    pub(super) fn audits(&self) -> impl Iterator<Item = &Audited> {
        self.audit.values()
    }
}

impl Done {
    fn of(plan: &Plan, exports: &[Export]) -> Self {
        let mut done = Self::default();
        for (name, (_, role)) in &plan.captures {
            match role {
                Role::TelemetryOff => done.off.push(name.clone()),
                Role::TranscriptsFirst => done.first += 1,
                Role::TranscriptsLate => done.late += 1,
                Role::NoTranscripts => done.none += 1,
            }
        }
        for export in exports {
            match (export.fate, export.entry.signal) {
                (Fate::Sent, _) => done.sent += 1,
                (Fate::SentTwice, _) => done.twice += 1,
                (Fate::Lost, Signal::Logs) => done.events_lost += 1,
                (Fate::Lost, _) => done.metrics_lost += 1,
                (Fate::Refused, _) => done.refused += 1,
                (Fate::Never, _) => {}
            }
        }
        done
    }
}

/// The requests that the late transcripts tell.
fn late(plan: &Plan, answered: &[Answered]) -> BTreeSet<String> {
    let of = |of: &Answered| {
        let late = plan.captures[&of.capture].1 == Role::TranscriptsLate;
        let text = if late { files::text(&of.capture) } else { String::new() };
        let told = of.completed().into_iter().filter(|id| text.contains(&**id));
        told.collect::<Vec<_>>()
    };
    answered.iter().flat_map(of).collect()
}
