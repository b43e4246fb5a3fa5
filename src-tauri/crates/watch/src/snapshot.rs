//! What is known of all live sessions at one moment.

use std::{cmp::Ordering, sync::Arc};

use plimsoll_domain::{
    AgentId, Checkpoint, Forecast, Level, Line, Model, RateLimit, Revision, SessionId, Timestamp,
    Window,
};
use plimsoll_ledger::Usage;

use crate::limits::EARLIER;

/// All live sessions at one moment. Sessions that did not change between two snapshots are the same `Arc`.
#[derive(Debug, Clone, Default)]
pub struct Snapshot {
    /// The ledger's revision it was made from.
    pub revision: Revision,
    /// Grows by one with every snapshot of a run.
    pub version: u64,
    /// When it was made.
    pub as_of: Timestamp,
    /// The sessions, nearest to their line first; those without a gauge last, by last arrival.
    pub sessions: Vec<Arc<SessionView>>,
    /// What was used since local midnight.
    pub today: Today,
    /// The limits of the user's plan.
    pub limits: PlanLimits,
    /// When any fact last arrived, apart from what was read in files; `None` before the first.
    pub last_arrival: Option<Timestamp>,
}

/// Use since local midnight.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Today {
    /// Local midnight.
    pub from: Timestamp,
    /// IANA name of the time zone.
    pub zone: Arc<str>,
    /// What was used.
    pub usage: Usage,
}

/// The limits of the user's plan, as a status line last told them; `None` where none did, or where the limit has
/// begun anew since.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct PlanLimits {
    /// The limit over five hours.
    pub five_hour: Option<ToldLimit>,
    /// The limit over seven days.
    pub seven_day: Option<ToldLimit>,
}

/// A limit, and when it was told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ToldLimit {
    /// The limit.
    pub limit: RateLimit,
    /// When it was told: what its age is counted from.
    pub told: Timestamp,
}

/// One session.
#[derive(Debug, Clone, PartialEq)]
pub struct SessionView {
    /// The session.
    pub session: SessionId,
    /// Where it works; `None` until known.
    pub project: Option<Arc<str>>,
    /// The git branch.
    pub branch: Option<Arc<str>>,
    /// The client's version.
    pub client_version: Option<Arc<str>>,
    /// What the main thread is doing.
    pub state: State,
    /// The main thread's gauge; `None` where nobody told of its requests.
    pub gauge: Option<Gauge>,
    /// The model of the main thread, or where there is none the one that was named last.
    pub model: Option<Model>,
    /// The subagents of the last turns, fullest first.
    pub subagents: Vec<Subagent>,
    /// What the session used in all.
    pub usage: Usage,
    /// Compactions of the main thread that were seen.
    pub compactions: u32,
    /// Whether events told of requests.
    pub has_events: bool,
    /// Whether metrics told of tokens.
    pub has_metrics: bool,
    /// Where its numbers come from.
    pub source: Source,
    /// First known moment, by event time.
    pub started: Timestamp,
    /// Last known moment, by event time.
    pub last_at: Timestamp,
    /// When something of it last arrived, or happened where a file tells of it: what its age is counted from.
    pub last_arrival: Timestamp,
    /// When the client left it, by event time; `None` while it did something since, or nobody told.
    pub left: Option<Timestamp>,
    /// The checkpoint that was last acknowledged.
    pub checkpoint: Option<Arc<Checkpoint>>,
}

/// Where a session's numbers come from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Source {
    /// Who tells them.
    pub kind: SourceKind,
    /// What is wrong with its telemetry; `None` while it comes, or may still come.
    pub lack: Option<Lack>,
}

impl Source {
    /// From telemetry, with which nothing is wrong.
    pub const EXACT: Self = Self { kind: SourceKind::Exact, lack: None };
}

/// Who tells a session's numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum SourceKind {
    /// Telemetry, as far as it came.
    Exact,
    /// The client's transcripts.
    Transcripts,
    /// The client's status line, which knows the last main request only.
    StatusLine,
    /// Nobody: the context is a rough estimate from the sizes of texts that hooks told.
    Sizes,
}

/// What is wrong with a session's telemetry.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Lack {
    /// None ever came: it is off, or the client needs a restart.
    NoTelemetry,
    /// What was due did not come since it last arrived.
    SilentSince(Timestamp),
    /// Events that were due did not come since one last arrived, while metrics go on.
    EventsSilentSince(Timestamp),
}

impl SessionView {
    /// From when on it is one of earlier, unless something of it arrives; `None` while it works or was just
    /// compacted.
    #[must_use]
    pub fn earlier_from(&self) -> Option<Timestamp> {
        (self.state == State::Idle).then(|| self.last_arrival.after(EARLIER))
    }

    /// Whether it has been idle for so long that it is no reason to disturb anyone.
    #[must_use]
    pub fn is_earlier(&self, now: Timestamp) -> bool {
        self.earlier_from().is_some_and(|from| from <= now)
    }
}

/// What a thread is doing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum State {
    /// Something of it arrived lately.
    Working,
    /// Nothing of it arrived lately, or the client left it.
    Idle,
    /// It was compacted and has made no request since; the occupancy is an estimate.
    JustCompacted,
}

/// How deep a thread lies.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Gauge {
    /// Tokens that the next request will re-send.
    pub occupancy: u64,
    /// Whether `occupancy` is an estimate, the client's or by sizes, rather than a completed request's count.
    pub estimated: bool,
    /// About how many tokens went in since, by the sizes of tools' results; not part of `occupancy`.
    pub added: u64,
    /// The model's window.
    pub window: Window,
    /// The line.
    pub line: Line,
    /// The highest level reached; `None` below the first ("calm").
    pub level: Option<Level>,
    /// The occupancy in tokens at which each level is reached, lowest first.
    pub marks: [u64; 3],
    /// What is left before the line; `None` while too little is known.
    pub forecast: Option<Forecast>,
    /// Start of the cycle.
    pub cycle: Timestamp,
    /// Completed requests of the thread in this cycle.
    pub requests: u32,
    /// When the occupancy was true, by event time.
    pub as_of: Timestamp,
}

impl Gauge {
    /// Line - occupancy; zero beyond the line.
    #[must_use]
    pub fn headroom(&self) -> u64 {
        self.line.tokens.saturating_sub(self.occupancy)
    }

    /// Permille of the way to the line, more than 1000 beyond it.
    #[must_use]
    pub fn permille(&self) -> u64 {
        self.occupancy.saturating_mul(1000) / self.line.tokens.max(1)
    }
}

/// Which of two gauges comes first in a list: the one that is further on the way to its line.
pub(crate) fn nearer(one: &Gauge, other: &Gauge) -> Ordering {
    let way =
        |gauge: &Gauge, line: &Gauge| u128::from(gauge.occupancy) * u128::from(line.line.tokens);
    way(other, one).cmp(&way(one, other))
}

/// A subagent of a session.
#[derive(Debug, Clone, PartialEq)]
pub struct Subagent {
    /// Its id.
    pub agent: AgentId,
    /// Its type name, e.g. `Explore`.
    pub name: Option<Arc<str>>,
    /// Its model.
    pub model: Model,
    /// What it is doing.
    pub state: State,
    /// Its gauge.
    pub gauge: Gauge,
    /// When something of it last arrived.
    pub last_arrival: Timestamp,
}
