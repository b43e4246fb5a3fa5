//! The ledger of compactions: what each of them was, put together from everything that tells of it.

use std::sync::Arc;

use crate::{AgentId, CompactionTrigger, Level, Model, NanoUsd, SessionId, Timestamp};

/// One compaction of a thread.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CompactionRecord {
    /// The session.
    pub session: SessionId,
    /// Where it works.
    pub project: Option<Arc<str>>,
    /// The subagent whose context it was; `None` for a main thread.
    pub agent: Option<AgentId>,
    /// The client's version.
    pub client_version: Option<Arc<str>>,
    /// The model of the thread's last request before it; `None` where none is known.
    pub model: Option<Model>,
    /// When it ended, by the first witness.
    pub at: Timestamp,
    /// Who asked for it.
    pub trigger: CompactionTrigger,
    /// The occupancy in tokens after the thread's last request before it; `None` where none is known.
    pub before: Option<u64>,
    /// The largest occupancy, in tokens, after which the thread made another request in the same cycle.
    pub passed: u64,
    /// The client's estimate of the occupancy when it compacted.
    pub estimate_before: Option<u64>,
    /// The client's estimate of the occupancy after it.
    pub estimate_after: Option<u64>,
    /// The occupancy in tokens after the thread's first request after it; `None` before that.
    pub after: Option<u64>,
    /// The permanent name of the request that wrote the summary; `None` where none is known.
    pub request: Option<Arc<str>>,
    /// What that request cost; `None` where it is not known or has no price.
    pub cost: Option<NanoUsd>,
    /// How long that request took, in milliseconds.
    pub duration_ms: Option<u64>,
    /// The highest level that spoke in the cycle that it ended.
    pub alerted: Option<Level>,
    /// When a checkpoint was last acknowledged in that cycle; `None`: it was not.
    pub checkpoint: Option<Timestamp>,
}
