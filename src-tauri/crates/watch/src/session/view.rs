//! What is shown of a session at one moment.

use std::{cmp::Reverse, sync::Arc};

use plimsoll_domain::{Interval, Level, Model, Timestamp};

use super::{Presence, Session};
use crate::{
    Gauge, SessionView, Source, SourceKind, State, Subagent,
    limits::{SUBAGENT_LISTED, SUBAGENTS_LISTED, WORKING},
    rules::{Rules, Shared},
    snapshot::nearer,
    thread::{Thread, ThreadId},
    window::Seen,
};

/// A thread that is there, when something of it last arrived, and what it is called.
#[derive(Clone, Copy)]
struct Present<'a> {
    id: &'a ThreadId,
    thread: &'a Thread,
    last_arrival: Timestamp,
    name: Option<&'a Arc<str>>,
}

impl Session {
    pub(super) fn view_at(&self, now: Timestamp, shared: &Shared) -> SessionView {
        let rules = self.rules(shared);
        let main = self.shown_main(now, rules);
        let by_size = self.gauge_by_size(rules).filter(|_| main.is_none());
        let compacted = main.is_some_and(Thread::is_compacted);
        SessionView {
            session: self.books.session.clone(),
            project: self.books.project.clone(),
            branch: self.books.branch.clone(),
            client_version: self.books.client_version.clone(),
            state: self.state(compacted, self.last_active(), now),
            source: self.source(by_size.is_some(), now),
            gauge: main.map(|thread| thread.gauge(rules)).or(by_size),
            model: main.map(|thread| thread.model().clone()).or_else(|| self.named_model()),
            subagents: self.subagents(now, rules),
            usage: self.books.usage,
            compactions: self.timeline.end().compactions(),
            has_events: self.books.has_events,
            has_metrics: self.books.has_metrics,
            started: self.books.first_at,
            last_at: self.books.last_at,
            last_arrival: self.last_arrival,
            left: self.left.filter(|_| self.is_left()),
            checkpoint: self.checkpoint.clone(),
        }
    }

    /// The model that was named last by those who tell of no request.
    fn named_model(&self) -> Option<Model> {
        let last = self.metered.as_ref().max(self.model_told.as_ref());
        last.map(|(_, model)| model.clone())
    }

    /// Where the numbers come from. While telemetry may still come nothing is said against it.
    fn source(&self, by_size: bool, now: Timestamp) -> Source {
        let lack = self.hearing.lack(self.patience(), now);
        let kind = match lack {
            _ if by_size => SourceKind::Sizes,
            Some(_) if self.books.has_transcript => SourceKind::Transcripts,
            Some(_) if self.shown.is_some() => SourceKind::StatusLine,
            _ => SourceKind::Exact,
        };
        Source { kind, lack }
    }

    /// A gauge by the sizes of texts, where neither telemetry nor anything else tells tokens.
    fn gauge_by_size(&self, rules: Rules<'_>) -> Option<Gauge> {
        let sizes = self.timeline.end().sizes().filter(|_| !self.hearing.is_told())?;
        let model = self.named_model().unwrap_or_else(|| Model::parse("").0);
        let window = self.named.window(&model, Seen { main: true, largest: 0 }, None);
        let terms = rules.terms(&model);
        let line = rules.line(&model, window, terms.line, Interval::default());
        let levels = terms.levels;
        Some(Gauge {
            occupancy: sizes.occupancy(),
            estimated: true,
            added: 0,
            window,
            level: levels.reached(sizes.occupancy(), line.tokens, None),
            marks: Level::ALL.map(|level| levels.tokens(level, line.tokens, None)),
            forecast: None,
            line,
            cycle: sizes.since,
            requests: 0,
            as_of: sizes.as_of,
        })
    }

    /// The threads. What names no process shows that the heir of its thread lives.
    fn present(&self, now: Timestamp) -> impl Iterator<Item = Present<'_>> {
        let end = self.timeline.end();
        end.threads().filter_map(move |(id, thread)| {
            let agent = id.agent.as_ref();
            let own = self.presence.get(id);
            let inherits = |_: &&Presence| end.heir(agent, now, None).as_ref() == Some(id);
            let unplaced = self.unplaced(agent).filter(inherits);
            let known = || own.into_iter().chain(unplaced);
            let last_arrival = known().map(|presence| presence.last_arrival).max()?;
            let name = known().find_map(|presence| presence.name.as_ref());
            Some(Present { id, thread, last_arrival, name })
        })
    }

    /// The main thread of the process that was active last; of several that are working, the one nearest
    /// to its line.
    fn shown_main(&self, now: Timestamp, rules: Rules<'_>) -> Option<&Thread> {
        let mains = || self.present(now).filter(|one| one.id.agent.is_none());
        mains()
            .filter(|one| is_working(one.last_arrival, now))
            .min_by(|one, other| {
                nearer(&one.thread.gauge(rules), &other.thread.gauge(rules))
                    .then_with(|| other.last_arrival.cmp(&one.last_arrival))
            })
            .or_else(|| mains().max_by_key(|one| (one.last_arrival, one.id)))
            .map(|one| one.thread)
    }

    fn subagents(&self, now: Timestamp, rules: Rules<'_>) -> Vec<Subagent> {
        let mut listed: Vec<Subagent> = self
            .present(now)
            .filter(|one| now.since(one.last_arrival) < SUBAGENT_LISTED)
            .filter_map(|Present { id, thread, last_arrival, name }| {
                Some(Subagent {
                    agent: id.agent.clone()?,
                    name: name.cloned(),
                    model: thread.model().clone(),
                    state: self.state(thread.is_compacted(), last_arrival, now),
                    gauge: thread.gauge(rules),
                    last_arrival,
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

    fn state(&self, compacted: bool, last_arrival: Timestamp, now: Timestamp) -> State {
        if self.is_left() {
            State::Idle
        } else if compacted {
            State::JustCompacted
        } else if is_working(last_arrival, now) {
            State::Working
        } else {
            State::Idle
        }
    }
}

fn is_working(last_arrival: Timestamp, now: Timestamp) -> bool {
    now.since(last_arrival) < WORKING
}
