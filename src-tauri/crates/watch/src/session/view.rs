//! What is shown of a session at one moment.

use std::cmp::Reverse;

use plimsoll_domain::Timestamp;

use super::{Presence, Session};
use crate::{
    SessionView, State, Subagent,
    limits::{SUBAGENT_LISTED, SUBAGENTS_LISTED, WORKING},
    snapshot::nearer,
    thread::{Rules, Thread, ThreadId},
};

impl Session {
    pub(super) fn view_at(&self, now: Timestamp) -> SessionView {
        let main = self.shown_main(now);
        let metered = || self.metered.as_ref().map(|(_, model)| model.clone());
        let compacted = main.is_some_and(Thread::is_compacted);
        SessionView {
            session: self.books.session.clone(),
            project: self.books.project.clone(),
            branch: self.books.branch.clone(),
            client_version: self.books.client_version.clone(),
            state: state(compacted, self.last_active(), now),
            gauge: main.map(|thread| thread.gauge(self.rules())),
            model: main.map(|thread| thread.model().clone()).or_else(metered),
            subagents: self.subagents(now),
            usage: self.books.usage,
            compactions: self.timeline.end().compactions(),
            has_events: self.books.has_events,
            has_metrics: self.books.has_metrics,
            started: self.books.first_at,
            last_at: self.books.last_at,
            last_arrival: self.last_arrival,
        }
    }

    fn rules(&self) -> Rules<'_> {
        Rules { levels: self.levels, hints: &self.hints }
    }

    fn present(&self) -> impl Iterator<Item = (&ThreadId, &Thread, &Presence)> {
        self.timeline
            .end()
            .threads()
            .filter_map(|(id, thread)| Some((id, thread, self.presence.get(id)?)))
    }

    /// The main thread of the process that was active last; of several that are working, the one nearest
    /// to its line.
    fn shown_main(&self, now: Timestamp) -> Option<&Thread> {
        let mains = || self.present().filter(|(id, ..)| id.agent.is_none());
        mains()
            .filter(|(_, _, presence)| is_working(presence.last_arrival, now))
            .min_by(|(_, one, seen), (_, other, seen_other)| {
                nearer(&one.gauge(self.rules()), &other.gauge(self.rules()))
                    .then_with(|| seen_other.last_arrival.cmp(&seen.last_arrival))
            })
            .or_else(|| mains().max_by_key(|(id, _, presence)| (presence.last_arrival, *id)))
            .map(|(_, thread, _)| thread)
    }

    fn subagents(&self, now: Timestamp) -> Vec<Subagent> {
        let mut listed: Vec<Subagent> = self
            .present()
            .filter(|(_, _, presence)| now.since(presence.last_arrival) < SUBAGENT_LISTED)
            .filter_map(|(id, thread, presence)| {
                Some(Subagent {
                    agent: id.agent.clone()?,
                    name: presence.name.clone(),
                    model: thread.model().clone(),
                    state: state(thread.is_compacted(), presence.last_arrival, now),
                    gauge: thread.gauge(self.rules()),
                    last_arrival: presence.last_arrival,
                })
            })
            .collect();
        listed.sort_by(|one, other| {
            let by_age = || Reverse(one.last_arrival).cmp(&Reverse(other.last_arrival));
            nearer(&one.gauge, &other.gauge)
                .then_with(by_age)
                .then_with(|| one.agent.cmp(&other.agent))
        });
        listed.truncate(SUBAGENTS_LISTED);
        listed
    }
}

fn is_working(last_arrival: Timestamp, now: Timestamp) -> bool {
    now.since(last_arrival) < WORKING
}

fn state(compacted: bool, last_arrival: Timestamp, now: Timestamp) -> State {
    if compacted {
        State::JustCompacted
    } else if is_working(last_arrival, now) {
        State::Working
    } else {
        State::Idle
    }
}
