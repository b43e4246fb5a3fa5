//! What the books say: sums and records of use.

use std::sync::Arc;

use plimsoll_domain::{
    AgentId, Alert, Checkpoint, Model, NanoUsd, ProcessId, Quarter, QuerySource, RequestId,
    Revision, SessionId, Timestamp, Tokens, Warning, Witness, Witnesses,
};

/// A sum of use.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Usage {
    /// Tokens by type, those of `unattributed` included.
    pub tokens: Tokens,
    /// Known cost, that of the unattributed part included.
    pub cost: NanoUsd,
    /// API requests.
    pub requests: u64,
    /// Requests whose cost nobody told and for which the price table has no price.
    pub unpriced: u64,
    /// The part of `tokens` that only metrics know.
    pub unattributed: Tokens,
}

impl Usage {
    /// Sum, saturating.
    #[must_use]
    pub fn plus(self, other: Self) -> Self {
        Self {
            tokens: self.tokens.plus(other.tokens),
            cost: self.cost.plus(other.cost),
            requests: self.requests.saturating_add(other.requests),
            unpriced: self.unpriced.saturating_add(other.unpriced),
            unattributed: self.unattributed.plus(other.unattributed),
        }
    }

    /// The cost; `None` where something was used and nobody told any price.
    #[must_use]
    pub fn known_cost(&self) -> Option<NanoUsd> {
        let used = self.requests > 0 || !self.tokens.is_zero();
        let told = self.cost != NanoUsd::ZERO || self.unpriced < self.requests;
        (told || !used).then_some(self.cost)
    }

    /// Whether nothing was used.
    #[must_use]
    pub fn is_zero(&self) -> bool {
        *self == Self::default()
    }
}

/// One row of the books: an API request, or what only metrics know of a session.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UsageRecord {
    /// Its permanent name: the request id, or `~...` where there is none.
    pub key: Arc<str>,
    /// The provider's id of the request; `None` for unattributed use and requests without one.
    pub request: Option<RequestId>,
    /// The session that made it; `None` where the client was told not to say.
    pub session: Option<SessionId>,
    /// The client process that told of it.
    pub process: Option<ProcessId>,
    /// The subagent that made it.
    pub agent: Option<AgentId>,
    /// The subagent's type name.
    pub agent_name: Option<Arc<str>>,
    /// The class of the asking part.
    pub source: QuerySource,
    /// The asking part as the client names it.
    pub subsystem: Option<Arc<str>>,
    /// The model.
    pub model: Model,
    /// Tokens by type.
    pub tokens: Tokens,
    /// Cost; `None` where nobody told and the price table has no price.
    pub cost: Option<NanoUsd>,
    /// Whether the cost is the price table's, because the client told none.
    pub cost_by_table: bool,
    /// Whether the answer came to its end; `None` where not told.
    pub finished: Option<bool>,
    /// The name under which an orchestrator ran the client.
    pub orchestration: Option<Arc<str>>,
    /// Duration in milliseconds.
    pub duration_ms: Option<u64>,
    /// When it was completed; for unattributed use, the end of the span.
    pub at: Timestamp,
    /// For unattributed use only: the start of the span that its points cover.
    pub from: Option<Timestamp>,
    /// Who tells of it.
    pub witnesses: Witnesses,
    /// Number of its last change.
    pub revision: Revision,
}

impl UsageRecord {
    /// Whether it is the remainder that only metrics know, rather than one request.
    #[must_use]
    pub fn is_unattributed(&self) -> bool {
        self.from.is_some()
    }
}

/// One numbered change of the ledger that subscribers see in order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Change {
    /// A usage record is new or improved.
    Usage(UsageRecord),
    /// A thread reached a level.
    Alert(Alert),
    /// A checkpoint was acknowledged.
    Checkpoint(Checkpoint),
    /// A warning was raised.
    Warning(Warning),
}

impl Change {
    /// Its number; zero only for what was not written.
    #[must_use]
    pub fn revision(&self) -> Revision {
        match self {
            Self::Usage(record) => record.revision,
            Self::Alert(alert) => alert.revision.unwrap_or_default(),
            Self::Checkpoint(checkpoint) => checkpoint.revision.unwrap_or_default(),
            Self::Warning(warning) => warning.revision.unwrap_or_default(),
        }
    }
}

/// The books of one session.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SessionSummary {
    /// The session.
    pub session: SessionId,
    /// Where it works.
    pub project: Option<Arc<str>>,
    /// The git branch.
    pub branch: Option<Arc<str>>,
    /// The client's version, as last told.
    pub client_version: Option<Arc<str>>,
    /// The first thing known of it, by event time.
    pub first_at: Timestamp,
    /// The last thing known of it, by event time.
    pub last_at: Timestamp,
    /// When something of it last arrived.
    pub last_arrival: Timestamp,
    /// What it used.
    pub usage: Usage,
    /// Whether events told of requests.
    pub has_events: bool,
    /// Whether metrics told of tokens.
    pub has_metrics: bool,
    /// Whether a transcript told of it.
    pub has_transcript: bool,
    /// Whether hooks or the status line told of it.
    pub has_hooks: bool,
    /// When telemetry of it last arrived; `None` where none ever did.
    pub last_telemetry: Option<Timestamp>,
}

/// What was committed at once, but for what was read of long ago ([`TranscriptPart::told_from`]).
///
/// [`TranscriptPart::told_from`]: crate::TranscriptPart::told_from
#[derive(Debug, Clone, Default)]
pub struct Commit {
    /// The ledger's revision after it.
    pub revision: Revision,
    /// New and improved records, alerts, checkpoints and warnings, in order of revision.
    pub changes: Vec<Change>,
    /// Whether there are records that `changes` does not hold, because they are of long ago: they have to be read
    /// from the file. Then it holds none.
    pub unlisted: bool,
    /// What happened in sessions, only what was not known before, in order of arrival.
    pub activities: Vec<Activity>,
    /// The sessions whose books changed, as they now are.
    pub sessions: Vec<SessionSummary>,
    /// The quarters whose use changed, as it now is over all sessions.
    pub quarters: Vec<(Quarter, Usage)>,
}

impl Commit {
    /// Whether nobody has to be told of it.
    pub(crate) fn says_nothing(&self) -> bool {
        self.changes.is_empty()
            && !self.unlisted
            && self.activities.is_empty()
            && self.sessions.is_empty()
    }
}

/// Something that happened in a session and is new to the books.
#[derive(Debug, Clone, PartialEq)]
pub struct Activity {
    /// The session.
    pub session: SessionId,
    /// The client process that told of it.
    pub process: Option<ProcessId>,
    /// When it happened.
    pub at: Timestamp,
    /// When it arrived.
    pub arrived: Timestamp,
    /// What happened.
    pub kind: ActivityKind,
}

/// What happened.
#[derive(Debug, Clone, PartialEq)]
pub enum ActivityKind {
    /// A request was completed.
    Request {
        /// Its permanent name; told again under the same name, it is the same request, better known.
        key: Arc<str>,
        /// Who tells of it.
        witnesses: Witnesses,
        /// The class of the asking part.
        source: QuerySource,
        /// The asking part as the client names it.
        subsystem: Option<Arc<str>>,
        /// The subagent.
        agent: Option<AgentId>,
        /// The subagent's type name.
        agent_name: Option<Arc<str>>,
        /// The model.
        model: Model,
        /// Tokens by type.
        tokens: Tokens,
    },
    /// A turn began; the built-in command, where it was one.
    Prompt {
        /// E.g. `clear`, `compact`.
        command: Option<Arc<str>>,
    },
    /// A tool call ended.
    Tool {
        /// The tool's name.
        tool: Arc<str>,
        /// Size of its result in bytes.
        result_bytes: Option<u64>,
        /// Whether a subagent called it.
        subagent: bool,
    },
    /// A context was compacted, as this witness tells; others may tell of the same compaction.
    Compaction(plimsoll_domain::Compaction, Witness),
    /// A conversation began or ended.
    Life(plimsoll_domain::Life),
    /// The client showed its status line.
    Status(plimsoll_domain::StatusReport),
    /// Text went into a context.
    Size(plimsoll_domain::ContentSize),
    /// A subagent ended.
    SubagentCompleted {
        /// Its type name.
        agent_type: Option<Arc<str>>,
        /// Occupancy of its last request.
        total_tokens: Option<u64>,
    },
    /// The client gave up on a request.
    ApiError {
        /// HTTP status.
        status: Option<u64>,
    },
    /// Metrics told of tokens.
    Metered {
        /// The model.
        model: Model,
        /// Whether its name carried the suffix of the one-million-token window.
        million_window: bool,
    },
}

/// What a subscriber needs to begin: the recent past, as if its commits were seen one by one.
#[derive(Debug, Clone, Default)]
pub struct History {
    /// The ledger's revision at this point; commits after it have larger ones.
    pub revision: Revision,
    /// What happened since the asked time, ordered by event time.
    pub activities: Vec<Activity>,
    /// The books of every session that appears in `activities`.
    pub sessions: Vec<SessionSummary>,
    /// Use by quarter since the asked time.
    pub quarters: Vec<(Quarter, Usage)>,
}

/// Which usage records are asked for.
#[derive(Debug, Clone, Default)]
pub struct RecordFilter {
    /// Of this session only.
    pub session: Option<SessionId>,
    /// Completed at or after this time.
    pub from: Option<Timestamp>,
    /// Completed before this time.
    pub to: Option<Timestamp>,
    /// Changed after this revision.
    pub after: Revision,
    /// At most so many, 1 to 1000.
    pub limit: u32,
}

/// What a report of use is grouped by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Grouping {
    /// By quarter hour.
    Quarter,
    /// By model.
    Model,
    /// By project path.
    Project,
    /// By session.
    Session,
}

/// One line of a report of use.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UsageRow {
    /// The group: start of the quarter in milliseconds as text, model, project path or session id; `None`
    /// where it is not known.
    pub group: Option<Arc<str>>,
    /// What was used.
    pub usage: Usage,
}
