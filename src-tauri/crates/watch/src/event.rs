//! What moves a gauge.

use std::{
    cmp::Ordering,
    hash::{DefaultHasher, Hash, Hasher},
};

use plimsoll_domain::{Model, ProcessId, Timestamp, Tokens, Witness};

use crate::thread::ThreadId;

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
    /// A witness tells that some thread was compacted.
    Compaction(Telling),
    /// The main thread of a process was cleared.
    Clear(Option<ProcessId>),
    /// The client shows what its main thread's last request used.
    Report(Report),
    /// A tool's result of so many bytes went into the main thread of a process.
    Added(Option<ProcessId>, u64),
    /// So many bytes of text went into the main thread.
    Size(u64),
}

/// A completed request. One that is told again is the same to `==` and in order, whoever tells of it.
#[derive(Debug, Clone)]
pub(crate) struct Request {
    /// A hash of its permanent name.
    pub(crate) name: u64,
    /// The thread, without a process where only a transcript told of it.
    pub(crate) thread: ThreadId,
    /// What it used.
    pub(crate) tokens: Tokens,
    /// The model.
    pub(crate) model: Model,
    /// Whether it came from a subagent that it does not name.
    pub(crate) stray: bool,
    /// Whether an event of the telemetry told of it.
    pub(crate) by_event: bool,
}

/// What a witness tells of a successful compaction; it names no thread.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Telling {
    /// Who tells.
    pub(crate) witness: Witness,
    /// The client process that told of it.
    pub(crate) process: Option<ProcessId>,
    /// The client's estimate of the occupancy before.
    pub(crate) before: Option<u64>,
    /// The client's estimate of the occupancy after.
    pub(crate) after: Option<u64>,
    /// Whether the user asked for it.
    pub(crate) manual: bool,
}

/// What the client shows of its main thread.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Report {
    /// Occupancy after its last request.
    pub(crate) occupancy: u64,
    /// The model.
    pub(crate) model: Model,
}

impl Event {
    /// The request of this name, where it is one.
    pub(crate) fn is_request(&self, name: u64) -> bool {
        matches!(&self.what, What::Request(request) if request.name == name)
    }

    /// What two tellings of one request say together, at the earlier of their times; `None` where the other adds
    /// nothing to this one, or one of them is no request.
    pub(crate) fn improved(&self, other: &Self) -> Option<Self> {
        let (What::Request(known), What::Request(told)) = (&self.what, &other.what) else {
            return None;
        };
        let merged = known.merged(told);
        let at = self.at.min(other.at);
        let same = at == self.at && merged.trust() == known.trust();
        (!same).then_some(Self { at, what: What::Request(merged) })
    }
}

impl Request {
    /// What stands for a permanent name among a session's last requests.
    pub(crate) fn name(key: &str) -> u64 {
        let mut hasher = DefaultHasher::new();
        key.hash(&mut hasher);
        hasher.finish()
    }

    /// Occupancy after it.
    pub(crate) fn occupancy(&self) -> u64 {
        self.tokens.occupancy()
    }

    /// Two tellings of it: the more trusted one, with the subagent's name where only the other tells it.
    fn merged(&self, other: &Self) -> Self {
        let (best, second) =
            if self.trust() >= other.trust() { (self, other) } else { (other, self) };
        let mut merged = best.clone();
        if best.stray {
            merged.thread.agent.clone_from(&second.thread.agent);
            merged.stray = merged.thread.agent.is_none();
        }
        merged
    }

    /// The event before the transcript, which tells of an answer that is still being written with less.
    fn trust(&self) -> (bool, u64, &ThreadId, &Model, bool) {
        (self.by_event, self.occupancy(), &self.thread, &self.model, self.stray)
    }

    fn place(&self) -> (Option<&str>, u64, &Model, u64) {
        let agent = self.thread.agent.as_ref().map(|agent| agent.as_str());
        (agent, self.occupancy(), &self.model, self.name)
    }
}

impl PartialEq for Request {
    fn eq(&self, other: &Self) -> bool {
        self.place() == other.place()
    }
}

impl Eq for Request {}

impl PartialOrd for Request {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Request {
    fn cmp(&self, other: &Self) -> Ordering {
        self.place().cmp(&other.place())
    }
}
