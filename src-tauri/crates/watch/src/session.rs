//! One live session: what its activities leave, and the alerts its threads owe.

mod view;

use std::{collections::BTreeMap, sync::Arc};

use plimsoll_domain::{
    Alert, Compaction, CompactionTrigger, Level, Levels, Model, ProcessId, QuerySource, ThreadKey,
    Timestamp,
};
use plimsoll_ledger::{Activity, ActivityKind, SessionSummary, Usage};

use crate::{
    SessionView,
    course::{Compacted, Event, Request, What},
    limits::{ALERT_AGE, SESSION_KEPT, SUBAGENT_LISTED, THREADS, WORKING},
    thread::{Hints, Reach, Rules, Thread, ThreadId},
    timeline::Timeline,
};

/// A session of which something real happened.
#[derive(Debug)]
pub(crate) struct Session {
    levels: Levels,
    books: SessionSummary,
    /// When anything of it last arrived that the books did not know: metrics that an idle client sends again
    /// unchanged are no news.
    last_arrival: Timestamp,
    /// When an event of it last arrived.
    last_event: Option<Timestamp>,
    /// When metrics of it last arrived that told something new.
    last_metered: Option<Timestamp>,
    timeline: Timeline,
    hints: Hints,
    /// What metrics last named, and when.
    metered: Option<(Timestamp, Model)>,
    presence: BTreeMap<ThreadId, Presence>,
    view: Option<Arc<SessionView>>,
    /// When the view may next differ by time alone; `None` while facts are newer than the view.
    due: Option<Timestamp>,
}

/// What is known of a thread beside its gauge. The main thread of a process answers for the whole process.
#[derive(Debug)]
struct Presence {
    last_arrival: Timestamp,
    name: Option<Arc<str>>,
    /// The highest level that spoke last, and the event time of the request that reached it.
    spoke: Option<(Level, Timestamp)>,
}

impl Session {
    /// A session of which this is the first activity; the activity itself is still to be applied.
    pub(crate) fn first_seen(activity: &Activity, levels: Levels) -> Self {
        Self {
            levels,
            books: SessionSummary {
                session: activity.session.clone(),
                project: None,
                branch: None,
                client_version: None,
                first_at: activity.at,
                last_at: activity.at,
                last_arrival: activity.arrived,
                usage: Usage::default(),
                has_events: false,
                has_metrics: false,
            },
            last_arrival: activity.arrived,
            last_event: None,
            last_metered: None,
            timeline: Timeline::default(),
            hints: Hints::default(),
            metered: None,
            presence: BTreeMap::new(),
            view: None,
            due: None,
        }
    }

    /// Takes an activity in. [`Session::settle`] follows after the batch.
    pub(crate) fn apply(&mut self, activity: &Activity) {
        self.due = None;
        self.last_arrival = self.last_arrival.max(activity.arrived);
        self.books.first_at = self.books.first_at.min(activity.at);
        self.books.last_at = self.books.last_at.max(activity.at);
        let arrived = Some(activity.arrived);
        if let ActivityKind::Metered { model, million_window } = &activity.kind {
            self.last_metered = self.last_metered.max(arrived);
            self.metered = self.metered.take().max(Some((activity.at, model.clone())));
            if *million_window && self.hints.note(model, activity.at) {
                self.timeline.judge_anew();
            }
        } else {
            self.last_event = self.last_event.max(arrived);
            self.arrived(ThreadId::main(activity.process), activity.arrived, None);
        }
        if let Some(what) = self.moved(activity) {
            let rules = Rules { levels: self.levels, hints: &self.hints };
            self.timeline.insert(Event { at: activity.at, what }, rules);
        }
    }

    /// What an activity does to a gauge; `None` for most.
    fn moved(&mut self, activity: &Activity) -> Option<What> {
        match &activity.kind {
            // A request without any tokens tells nothing: some gateways report none.
            ActivityKind::Request { source, tokens, .. }
                if *source != QuerySource::Auxiliary && !tokens.is_zero() =>
            {
                self.request(activity).map(What::Request)
            }
            ActivityKind::Compaction(compaction) if compaction.success => {
                Some(What::Compaction(compacted(activity.process, compaction)))
            }
            ActivityKind::Prompt { command: Some(command) } if **command == *"clear" => {
                Some(What::Clear(activity.process))
            }
            _ => None,
        }
    }

    fn request(&mut self, activity: &Activity) -> Option<Request> {
        let ActivityKind::Request { source, agent, agent_name, model, tokens, .. } = &activity.kind
        else {
            return None;
        };
        let is_subagent = *source == QuerySource::Subagent;
        let agent = agent.clone().filter(|_| is_subagent);
        let stray = is_subagent && agent.is_none();
        let thread = ThreadId { process: activity.process, agent };
        if thread.agent.is_some() {
            self.arrived(thread.clone(), activity.arrived, agent_name.as_ref());
        }
        Some(Request { thread, occupancy: tokens.occupancy(), model: model.clone(), stray })
    }

    fn arrived(&mut self, thread: ThreadId, arrived: Timestamp, name: Option<&Arc<str>>) {
        let presence = self.presence.entry(thread).or_insert_with(|| Presence {
            last_arrival: arrived,
            name: None,
            spoke: None,
        });
        presence.last_arrival = presence.last_arrival.max(arrived);
        if presence.name.is_none() {
            presence.name = name.cloned();
        }
    }

    /// Takes the session's books in as they now are.
    pub(crate) fn summarise(&mut self, books: &SessionSummary) {
        self.due = None;
        self.last_arrival = self.last_arrival.max(books.last_arrival);
        self.books.clone_from(books);
    }

    /// Ends a batch: the gauges are brought up to date, and each thread whose highest level is new to its
    /// cycle owes an alert.
    pub(crate) fn settle(&mut self, now: Timestamp) -> Vec<Alert> {
        self.forget_surplus();
        let rules = Rules { levels: self.levels, hints: &self.hints };
        self.timeline.settle(rules);
        let mut alerts = Vec::new();
        for (id, thread) in self.timeline.end().threads() {
            let Some(presence) = self.presence.get_mut(id) else { continue };
            if let Some(reach) = owed(thread, presence, rules, now) {
                presence.spoke = Some((reach.level, reach.at));
                alerts.push(Alert {
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
                });
            }
        }
        alerts
    }

    fn forget_surplus(&mut self) {
        while self.presence.len() > THREADS {
            let oldest = self.presence.iter().min_by_key(|(id, known)| (known.last_arrival, *id));
            let Some(id) = oldest.map(|(id, _)| id.clone()) else { return };
            self.presence.remove(&id);
            self.timeline.forget(&id);
        }
    }

    /// The view as of `now`: the same `Arc` as before where nothing in it changed.
    pub(crate) fn refreshed(&mut self, now: Timestamp) -> Arc<SessionView> {
        if let Some(view) = &self.view
            && self.due.is_some_and(|due| now < due)
        {
            return Arc::clone(view);
        }
        self.due = Some(self.next_change(now));
        let fresh = self.view_at(now);
        match &self.view {
            Some(view) if **view == fresh => Arc::clone(view),
            _ => Arc::clone(self.view.insert(Arc::new(fresh))),
        }
    }

    /// Hands over a view made by an earlier run, to be kept where nothing in it changed.
    pub(crate) fn adopt(&mut self, view: &Arc<SessionView>) {
        self.view = Some(Arc::clone(view));
        self.due = None;
    }

    /// When it last did something: by events, or by metrics where no event tells of it.
    fn last_active(&self) -> Timestamp {
        self.last_event.or(self.last_metered).unwrap_or(self.last_arrival)
    }

    /// When something of it last arrived.
    pub(crate) fn last_arrival(&self) -> Timestamp {
        self.last_arrival
    }

    /// When the view may next differ by time alone; the epoch while facts are newer than the view.
    pub(crate) fn due(&self) -> Timestamp {
        self.due.unwrap_or(Timestamp::EPOCH)
    }

    fn next_change(&self, now: Timestamp) -> Timestamp {
        let leaves = self.last_arrival.after(SESSION_KEPT);
        let threads = self.presence.iter().flat_map(|(id, presence)| {
            let delisted = id.agent.as_ref().map(|_| presence.last_arrival.after(SUBAGENT_LISTED));
            [Some(presence.last_arrival.after(WORKING)), delisted]
        });
        threads
            .flatten()
            .chain([self.last_active().after(WORKING), leaves])
            .filter(|moment| *moment > now)
            .min()
            .unwrap_or(leaves)
    }
}

/// The level that a thread has newly reached in its cycle, unless that was too long ago or what became
/// known of the window since has refuted it.
fn owed(thread: &Thread, presence: &Presence, rules: Rules<'_>, now: Timestamp) -> Option<Reach> {
    let reach = thread.reached().filter(|reach| now.since(reach.at) <= ALERT_AGE)?;
    let spoke =
        presence.spoke.is_some_and(|(level, at)| at >= thread.cycle() && level >= reach.level);
    let line = thread.gauge(rules).line.tokens;
    let holds = rules.levels.reached(reach.occupancy, line) >= Some(reach.level);
    (holds && !spoke).then_some(reach)
}

fn compacted(process: Option<ProcessId>, compaction: &Compaction) -> Compacted {
    Compacted {
        process,
        before: compaction.before,
        after: compaction.after,
        manual: compaction.trigger == CompactionTrigger::Manual,
    }
}
