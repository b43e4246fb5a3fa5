//! Checkpoints: work that was saved, as an agent or an orchestrator acknowledges it.

use std::sync::Arc;

use crate::{Revision, SessionId, Timestamp};

/// The longest note that is kept, in characters.
pub const LONGEST_NOTE: usize = 4_000;

/// An acknowledged checkpoint.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Checkpoint {
    /// The session.
    pub session: SessionId,
    /// When it was acknowledged.
    pub at: Timestamp,
    /// What the agent is to be reminded of after the compaction, at most [`LONGEST_NOTE`] characters.
    pub note: Option<Arc<str>>,
    /// Where the work was saved.
    pub path: Option<Arc<str>>,
    /// The occupancy in tokens that was acknowledged; `None` where nobody told.
    pub tokens: Option<u64>,
    /// The ledger's number for it; `None` until written.
    pub revision: Option<Revision>,
}
