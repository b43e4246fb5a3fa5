//! The alerts that a session's threads owe.

use plimsoll_domain::{Alert, ThreadKey, Timestamp};

use super::Session;
use crate::{
    limits::ALERT_AGE,
    thread::{Reach, Rules, Thread, ThreadId},
};

impl Session {
    /// Ends a batch: the gauges are brought up to date, and each thread whose highest level is new to its
    /// cycle owes an alert.
    pub(crate) fn settle(&mut self, now: Timestamp) -> Vec<Alert> {
        self.forget_surplus();
        let rules = Rules { levels: self.levels, named: &self.named };
        self.timeline.settle(rules);
        let threads = self.timeline.end().threads();
        let owed = threads.filter_map(|(id, thread)| {
            let reach =
                holds(thread, rules, now).filter(|reach| !self.has_spoken(id, thread, reach))?;
            Some((self.alert(id, thread, reach), id.clone()))
        });
        let owed: Vec<_> = owed.collect();
        let mut alerts = Vec::new();
        for (alert, id) in owed {
            if let Some(presence) = self.presence.get_mut(&id) {
                presence.spoke = Some((alert.level, alert.at));
                alerts.push(alert);
            }
        }
        alerts
    }

    /// Whether a thread spoke of such a level in its cycle, itself or before its process was known; or another one of
    /// the same request, which then belonged to it.
    fn has_spoken(&self, id: &ThreadId, thread: &Thread, reach: &Reach) -> bool {
        let others = self.presence.iter().filter(|(other, _)| other.agent == id.agent);
        others.filter_map(|(other, presence)| Some((other, presence.spoke?))).any(
            |(other, (level, at))| {
                let own = other.process == id.process || other.process.is_none();
                let same_cycle = own && at >= thread.cycle();
                level >= reach.level && (same_cycle || at == reach.at)
            },
        )
    }

    fn alert(&self, id: &ThreadId, thread: &Thread, reach: Reach) -> Alert {
        Alert {
            thread: ThreadKey {
                session: self.books.session.clone(),
                process: id.process,
                agent: id.agent.clone(),
            },
            cycle: thread.cycle(),
            level: reach.level,
            occupancy: reach.occupancy,
            line: reach.line,
            at: reach.at,
            revision: None,
        }
    }
}

/// The level that a thread has reached in its cycle, unless that was too long ago or what became known of the window
/// since has refuted it.
fn holds(thread: &Thread, rules: Rules<'_>, now: Timestamp) -> Option<Reach> {
    let reach = thread.reached().filter(|reach| now.since(reach.at) <= ALERT_AGE)?;
    let line = thread.gauge(rules).line.tokens;
    (rules.levels.reached(reach.occupancy, line) >= Some(reach.level)).then_some(reach)
}
