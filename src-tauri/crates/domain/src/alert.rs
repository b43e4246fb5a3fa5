//! Alerts: a level that a thread newly reached, and what was done about it.

use std::sync::Arc;

use crate::{AgentId, Level, Model, ProcessId, Revision, SessionId, Timestamp};

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
    /// Whether the client compacts at the line; else it is where the API refuses.
    pub compacts: bool,
    /// The model; `None` for alerts of versions that did not note it.
    pub model: Option<Model>,
    /// The requests that were likely to fit before the line; `None` where nothing could be forecast.
    pub turns: Option<u32>,
    /// The same in minutes of work.
    pub minutes: Option<u32>,
    /// When it was reached, by the client's clock.
    pub at: Timestamp,
    /// The ledger's number for it; `None` until claimed.
    pub revision: Option<Revision>,
}

/// What a level can do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum ActionKind {
    /// A notification on the desktop.
    Notification,
    /// A command of the user's.
    Command,
    /// A message to a web address.
    Webhook,
    /// A sentence to the agent in its session.
    InSession,
}

/// What became of one action of an alert.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outcome {
    /// The alert.
    pub alert: Revision,
    /// Which of its actions.
    pub action: ActionKind,
    /// When that was known.
    pub at: Timestamp,
    /// What became of it.
    pub result: ActionResult,
    /// More of it for people, at most 4 KiB: an exit code and what a command printed, an answer's status, why it
    /// was kept quiet.
    pub detail: Option<Arc<str>>,
}

/// What became of an action.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ActionResult {
    /// It began; what came of it is not known yet, or never became known.
    Begun,
    /// It was done.
    Done,
    /// It failed for good.
    Failed,
    /// It was held back: the user wished for quiet.
    Quiet,
}

impl ActionKind {
    /// All kinds.
    pub const ALL: [Self; 4] = [Self::Notification, Self::Command, Self::Webhook, Self::InSession];

    /// The name used in the API.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Notification => "notification",
            Self::Command => "command",
            Self::Webhook => "webhook",
            Self::InSession => "inSession",
        }
    }

    /// The number to store, from 1.
    #[must_use]
    pub const fn code(self) -> i64 {
        self as i64 + 1
    }

    /// From the stored number.
    #[must_use]
    pub fn from_code(code: i64) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.code() == code)
    }
}

impl ActionResult {
    /// All results.
    pub const ALL: [Self; 4] = [Self::Begun, Self::Done, Self::Failed, Self::Quiet];

    /// The name used in the API.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Begun => "begun",
            Self::Done => "done",
            Self::Failed => "failed",
            Self::Quiet => "quiet",
        }
    }

    /// The number to store, from 1.
    #[must_use]
    pub const fn code(self) -> i64 {
        self as i64 + 1
    }

    /// From the stored number.
    #[must_use]
    pub fn from_code(code: i64) -> Option<Self> {
        Self::ALL.into_iter().find(|result| result.code() == code)
    }
}
