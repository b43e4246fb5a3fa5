//! The threads of one session, as its events in order of event time leave them.

use std::collections::BTreeMap;

use plimsoll_domain::{Model, ProcessId, Timestamp};

use crate::{
    limits::SUBAGENT_LISTED,
    thread::{Rules, Thread, ThreadId},
};

/// An event that moves a gauge. Their order is total, so that it never depends on arrival: by time, then
/// requests before what empties a context, the smaller context first.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Event {
    /// When it happened.
    pub(crate) at: Timestamp,
    /// What happened.
    pub(crate) what: What,
}

/// What moves a gauge.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum What {
    /// A thread completed a request.
    Request(Request),
    /// Some thread was compacted.
    Compaction(Compacted),
    /// The main thread of a process was cleared.
    Clear(Option<ProcessId>),
}

/// A completed request.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Request {
    /// The thread.
    pub(crate) thread: ThreadId,
    /// Occupancy after it.
    pub(crate) occupancy: u64,
    /// The model.
    pub(crate) model: Model,
    /// Whether it came from a subagent that it does not name.
    pub(crate) stray: bool,
}

/// A successful compaction; it names no thread.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Compacted {
    /// The client process that told of it.
    pub(crate) process: Option<ProcessId>,
    /// The client's estimate of the occupancy before.
    pub(crate) before: Option<u64>,
    /// The client's estimate of the occupancy after.
    pub(crate) after: Option<u64>,
    /// Whether the user asked for it.
    pub(crate) manual: bool,
}

/// The threads of one session at one point of its events.
#[derive(Debug, Clone, Default)]
pub(crate) struct Course {
    threads: BTreeMap<ThreadId, Thread>,
    has_main: bool,
    compactions: u32,
}

impl Course {
    /// Takes in the next event in order of event time.
    pub(crate) fn apply(&mut self, event: &Event, rules: Rules<'_>) {
        match &event.what {
            What::Request(request) => self.request(event.at, request, rules),
            What::Compaction(compacted) => self.compaction(event.at, compacted),
            What::Clear(process) => {
                if let Some(thread) = self.threads.get_mut(&ThreadId::main(*process)) {
                    thread.clear(event.at);
                }
            }
        }
    }

    fn request(&mut self, at: Timestamp, request: &Request, rules: Rules<'_>) {
        let is_main = request.thread.agent.is_none() && !request.stray;
        if request.stray && self.has_main {
            return;
        }
        if is_main && !self.has_main {
            self.has_main = true;
            self.threads.retain(|_, thread| !thread.provisional);
        }
        let thread = self
            .threads
            .entry(request.thread.clone())
            .or_insert_with(|| Thread::new(request.model.clone(), at));
        thread.provisional = request.stray;
        thread.request(at, &request.model, request.occupancy, rules);
    }

    fn compaction(&mut self, at: Timestamp, compacted: &Compacted) {
        let id = self.compacted_thread(at, compacted);
        if id.as_ref().is_none_or(|id| id.agent.is_none()) {
            self.compactions = self.compactions.saturating_add(1);
        }
        if let Some(thread) = id.and_then(|id| self.threads.get_mut(&id)) {
            thread.compact(at, compacted.after);
        }
    }

    /// The thread that a compaction fits best: of the process that told of it where its main thread is
    /// known; a manual one only a main thread, for that is where the user types; a subagent only while it
    /// is young. Without a size, the main thread with the last request.
    fn compacted_thread(&self, at: Timestamp, compacted: &Compacted) -> Option<ThreadId> {
        let same_process = self.threads.contains_key(&ThreadId::main(compacted.process));
        let subagents_too = compacted.before.is_some() && !compacted.manual;
        self.threads
            .iter()
            .filter(|(id, _)| !same_process || id.process == compacted.process)
            .filter(|(id, thread)| {
                let young = at.since(thread.last_request()) <= SUBAGENT_LISTED;
                id.agent.is_none() || (subagents_too && young)
            })
            .max_by_key(|(id, thread)| {
                let fit = compacted.before.map_or(0, |before| thread.fit(before));
                (fit, id.agent.is_none(), thread.last_request(), *id)
            })
            .map(|(id, _)| id.clone())
    }

    /// Takes in what a request older than all kept events tells of its model's window.
    pub(crate) fn note_evidence(&mut self, request: &Request) {
        if let Some(thread) = self.threads.get_mut(&request.thread) {
            thread.note_evidence(&request.model, request.occupancy);
        }
    }

    /// The same request, its texts shared with those of its thread.
    pub(crate) fn shared(&self, request: Request) -> Request {
        match self.threads.get_key_value(&request.thread) {
            Some((id, thread)) if *thread.model() == request.model => {
                Request { thread: id.clone(), model: thread.model().clone(), ..request }
            }
            _ => request,
        }
    }

    /// Forgets a thread.
    pub(crate) fn forget(&mut self, id: &ThreadId) {
        self.threads.remove(id);
    }

    /// The threads known.
    pub(crate) fn threads(&self) -> impl Iterator<Item = (&ThreadId, &Thread)> {
        self.threads.iter()
    }

    /// Compactions that belong to a main thread, or to none that is known.
    pub(crate) fn compactions(&self) -> u32 {
        self.compactions
    }
}
