//! The alerts that a session's threads owe.

use std::{cmp::Reverse, sync::Arc};

use plimsoll_domain::{Alert, SessionId, ThreadKey, Timestamp};

use super::{Session, Spoke};
use crate::{
    lessons::Taught,
    limits::ALERT_AGE,
    rules::{Rules, Shared},
    thread::{Reach, Thread, ThreadId},
};

impl Session {
    /// Ends a batch: the gauges are brought up to date, and each thread whose highest level is new to its
    /// cycle owes an alert.
    pub(crate) fn settle(&mut self, now: Timestamp, shared: &Shared) -> Vec<Alert> {
        self.forget_surplus();
        self.timeline.settle(shared.rules(&self.books, &self.named));
        let rules = self.rules(shared);
        let threads = self.timeline.end().threads();
        let reached = threads.filter_map(|(id, thread)| {
            let reach = holds(thread, rules, now)?;
            Some((reach, thread.cycle(), self.alert(id, thread, reach), id.clone()))
        });
        let mut reached: Vec<_> = reached.collect();
        // Of processes that went on with one cycle the highest level speaks.
        reached.sort_by_key(|(reach, ..)| (Reverse(reach.level), reach.at));
        let mut alerts = Vec::new();
        for (reach, cycle, alert, id) in reached {
            if self.has_spoken(&id, cycle, &reach) {
                continue;
            }
            if let Some(presence) = self.presence.get_mut(&id) {
                presence.spoke = Some(Spoke { level: reach.level, at: reach.at, cycle });
                alerts.push(alert);
            }
        }
        alerts
    }

    /// What its threads teach of the line.
    pub(crate) fn lessons(&self, shared: &Shared) -> (SessionId, Option<Arc<str>>, Vec<Taught>) {
        let rules = self.rules(shared);
        let course = self.timeline.end();
        let mains = course.threads().filter(|(id, _)| id.agent.is_none());
        let passing = furthest(mains.map(|(_, thread)| thread.passing(rules)));
        let taught = course.lessons().iter().cloned().chain(passing).collect();
        (self.books.session.clone(), self.books.project.clone(), taught)
    }

    /// Whether a thread spoke of such a level in its cycle: itself, before its process was known, or as a process that
    /// it goes on with; or another one of the same request, which then belonged to it.
    fn has_spoken(&self, id: &ThreadId, cycle: Timestamp, reach: &Reach) -> bool {
        let others = self.presence.iter().filter(|(other, _)| other.agent == id.agent);
        others.filter_map(|(other, presence)| Some((other, presence.spoke?))).any(
            |(other, spoke)| {
                let own = other.process == id.process || other.process.is_none();
                let same_cycle = (own && spoke.at >= cycle) || spoke.cycle == cycle;
                spoke.level >= reach.level && (same_cycle || spoke.at == reach.at)
            },
        )
    }

    fn alert(&self, id: &ThreadId, thread: &Thread, reach: Reach) -> Alert {
        Alert {
            thread: ThreadKey {
                session: self.books.session.clone(),
                process: reach.process,
                agent: id.agent.clone(),
            },
            cycle: thread.cycle(),
            level: reach.level,
            occupancy: reach.occupancy,
            line: reach.line,
            compacts: reach.compacts,
            model: Some(thread.model().clone()),
            turns: reach.forecast.map(|forecast| forecast.turns.likely),
            minutes: reach.forecast.map(|forecast| forecast.minutes.likely),
            at: reach.at,
            revision: None,
        }
    }
}

/// Of what the processes of a session passed, the most of each kind: a session that is resumed again and again is one.
fn furthest(all: impl Iterator<Item = Taught>) -> Vec<Taught> {
    let mut kept: Vec<Taught> = Vec::new();
    for taught in all.filter(|taught| taught.lesson.passed > 0) {
        let kind = |one: &Taught| (one.model.clone(), one.window.tokens, one.believed);
        match kept.iter_mut().find(|known| kind(known) == kind(&taught)) {
            Some(known) if known.lesson.passed >= taught.lesson.passed => {}
            Some(known) => *known = taught,
            None => kept.push(taught),
        }
    }
    kept
}

/// The level that a thread has reached in its cycle, unless that was too long ago or what became known of the window
/// since has refuted it.
fn holds(thread: &Thread, rules: Rules<'_>, now: Timestamp) -> Option<Reach> {
    let reach = thread.reached().filter(|reach| now.since(reach.at) <= ALERT_AGE)?;
    let gauge = thread.gauge(rules);
    let mark = gauge.marks[usize::try_from(reach.level.code() - 1).unwrap_or(0)];
    (gauge.line.tokens == reach.line || reach.occupancy >= mark).then_some(reach)
}
