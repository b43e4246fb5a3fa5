//! Alerts: a level that a thread newly reached.

use crate::{AgentId, Level, ProcessId, Revision, SessionId, Timestamp};

/// One thread of a session: the main one of a process, or one of its subagents.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ThreadKey {
    /// The session.
    pub session: SessionId,
    /// The client process; `None` where it is not known.
    pub process: Option<ProcessId>,
    /// The subagent; `None` for the main thread.
    pub agent: Option<AgentId>,
}

/// A level newly reached, claimed in the ledger before anything acts on it: once a cycle and level.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Alert {
    /// The thread that reached it.
    pub thread: ThreadKey,
    /// Start of the cycle: the event time of the thread's first request after start, clear or compaction.
    pub cycle: Timestamp,
    /// The level.
    pub level: Level,
    /// Occupancy in tokens at that moment.
    pub occupancy: u64,
    /// The line in tokens at that moment.
    pub line: u64,
    /// When it was reached, by the client's clock.
    pub at: Timestamp,
    /// The ledger's number for it; `None` until claimed.
    pub revision: Option<Revision>,
}
