//! Facts: client-neutral statements read from signals, transcripts and hooks.

use std::sync::Arc;

use crate::{
    AgentId, ConnectionId, Model, NanoUsd, QuerySource, RequestId, SessionId, Timestamp, Tokens,
    Witness,
};

/// A statement with its envelope.
#[derive(Debug, Clone, PartialEq)]
pub struct Fact {
    /// How, when and from whom it came.
    pub envelope: Envelope,
    /// The session it speaks of; `None` where the client was told not to say.
    pub session: Option<SessionId>,
    /// What it says.
    pub statement: Statement,
}

/// How, when and from whom a fact came.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Envelope {
    /// The kind of source.
    pub witness: Witness,
    /// When it happened, by the client's clock; never later than `arrived`.
    pub at: Timestamp,
    /// When it reached Plimsoll.
    pub arrived: Timestamp,
    /// The connection it came over; `None` for files.
    pub connection: Option<ConnectionId>,
    /// The client's version, e.g. `2.1.330`.
    pub client_version: Option<Arc<str>>,
    /// The client process's running event number (`event.sequence`), from 0; events only.
    pub sequence: Option<u64>,
}

/// What a fact says.
#[derive(Debug, Clone, PartialEq)]
pub enum Statement {
    /// One API request was completed and used these tokens.
    Request(ApiRequest),
    /// One metric export's reading of one series of token and cost counters.
    Usage(UsageReading),
    /// One metric export's reading of any other counter.
    Counter(CounterReading),
    /// The user (or the host program) sent a prompt: a turn begins.
    Prompt(UserPrompt),
    /// A tool call ended.
    Tool(ToolResult),
    /// A thread's context was compacted.
    Compaction(Compaction),
    /// A subagent ended.
    SubagentCompleted(SubagentCompleted),
    /// The client gave up on a request.
    ApiError(ApiError),
    /// Where the session works.
    Project(ProjectPlace),
    /// A conversation began or ended.
    Life(Life),
    /// The client's own sum over one model of the whole session.
    Totals(ModelTotals),
    /// What the client shows of itself: window, context, limits, cost.
    Status(StatusReport),
    /// How much text went into a context, told by a source that knows no tokens.
    Size(ContentSize),
    /// Which of a process's events arrived, whatever they say.
    Heard(Heard),
}

/// One completed model call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ApiRequest {
    /// The provider's id; `None` where the provider gave none.
    pub id: Option<RequestId>,
    /// The model, without window suffix.
    pub model: Model,
    /// Tokens by type.
    pub tokens: Tokens,
    /// The part of `tokens.cache_creation` that is kept for one hour; `None` where not told.
    pub cache_creation_1h: Option<u64>,
    /// The client's own price; `None` where not told.
    pub cost: Option<NanoUsd>,
    /// The class of the asking part.
    pub source: QuerySource,
    /// The asking part as the client names it, e.g. `sdk`, `compact`, `agent:builtin:Explore`.
    pub subsystem: Option<Arc<str>>,
    /// The subagent, where one asked.
    pub agent: Option<AgentId>,
    /// The subagent's type name, e.g. `Explore`.
    pub agent_name: Option<Arc<str>>,
    /// Duration in milliseconds.
    pub duration_ms: Option<u64>,
    /// Time to the first token in milliseconds.
    pub ttft_ms: Option<u64>,
    /// Reasoning effort, e.g. `high`.
    pub effort: Option<Arc<str>>,
    /// The name under which an orchestrator runs the client (`orchestration.id`).
    pub orchestration: Option<Arc<str>>,
    /// A stable 64-bit hash of the provider's id of the answer, by which copies are recognised; transcripts only.
    pub message: Option<i64>,
    /// Whether it was read in a side log, which may repeat requests of the conversation under new ids.
    pub side_log: bool,
    /// Whether the answer came to its end; `None` where not told.
    pub finished: Option<bool>,
    /// Whether it was billed at the price of the fast mode; `None` where not told.
    pub fast: Option<bool>,
    /// Whether it was answered in the United States only, which is billed at a price of its own; `None` where not told.
    pub us_only: Option<bool>,
    /// Web searches that the provider made for it, which are billed each; `None` where not told.
    pub web_searches: Option<u64>,
}

impl ApiRequest {
    /// A request of which only this is told.
    #[must_use]
    pub fn new(id: Option<RequestId>, model: Model, source: QuerySource, tokens: Tokens) -> Self {
        Self {
            id,
            model,
            tokens,
            cache_creation_1h: None,
            cost: None,
            source,
            subsystem: None,
            agent: None,
            agent_name: None,
            duration_ms: None,
            ttft_ms: None,
            effort: None,
            orchestration: None,
            message: None,
            side_log: false,
            finished: None,
            fast: None,
            us_only: None,
            web_searches: None,
        }
    }
}

/// How a counter's values relate to each other.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Temporality {
    /// Each value is an increment of its own.
    Delta,
    /// Each value is the sum since `start`.
    Cumulative,
}

/// What one export says of one series of `token.usage` and `cost.usage`: all points that share every
/// attribute but the token type, the start and the time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UsageReading {
    /// Stable 64-bit hash over resource-independent attributes (all but the token type) and temporality.
    pub series: i64,
    /// Start of the counted span as received, in nanoseconds; part of the identity, unclamped.
    pub start: i64,
    /// End of the counted span as received, in nanoseconds; part of the identity, unclamped.
    pub time: i64,
    /// Delta or cumulative.
    pub temporality: Temporality,
    /// The model, without window suffix.
    pub model: Model,
    /// Whether the metric's model name carried the suffix of the one-million-token window.
    pub million_window: bool,
    /// The class of the asking part.
    pub source: QuerySource,
    /// Each type's value; `None` where the export did not hold that type.
    pub input: Option<u64>,
    /// Output tokens.
    pub output: Option<u64>,
    /// Tokens re-read from the cache.
    pub cache_read: Option<u64>,
    /// Tokens written to the cache.
    pub cache_creation: Option<u64>,
    /// Cost.
    pub cost: Option<NanoUsd>,
}

/// One reading of a counter that is neither tokens nor cost.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CounterReading {
    /// What is counted, in Plimsoll's words: `sessions`, `active_ms`, `lines`, `commits`,
    /// `pull_requests`, `edit_decisions`.
    pub name: &'static str,
    /// What tells series of the same counter apart for people, e.g. `added`, `fresh`, `accept`.
    pub detail: Option<Arc<str>>,
    /// Stable 64-bit hash over name, attributes and temporality.
    pub series: i64,
    /// Start of the counted span as received, in nanoseconds.
    pub start: i64,
    /// End of the counted span as received, in nanoseconds.
    pub time: i64,
    /// Delta or cumulative.
    pub temporality: Temporality,
    /// The value; milliseconds for durations.
    pub value: u64,
}

/// A prompt; its text is never kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UserPrompt {
    /// The client's id of the turn.
    pub prompt: Option<Arc<str>>,
    /// Length in characters.
    pub length: Option<u64>,
    /// The built-in command, e.g. `compact`, `clear`.
    pub command: Option<Arc<str>>,
}

/// A tool call that ended; its input and output are never kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ToolResult {
    /// The tool's name.
    pub tool: Arc<str>,
    /// Whether it succeeded; `None` where not told.
    pub success: Option<bool>,
    /// Duration in milliseconds.
    pub duration_ms: Option<u64>,
    /// Size of the result in bytes.
    pub result_bytes: Option<u64>,
    /// The subagent that called it; `None` for the main thread.
    pub agent: Option<AgentId>,
}

/// Who asked for a compaction.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum CompactionTrigger {
    /// The client, at the line.
    Auto,
    /// The user.
    Manual,
}

/// A compaction that ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Compaction {
    /// Who asked for it.
    pub trigger: CompactionTrigger,
    /// Whether it succeeded.
    pub success: bool,
    /// The client's estimate of the occupancy before: a marker, not a count.
    pub before: Option<u64>,
    /// The client's estimate of the occupancy after.
    pub after: Option<u64>,
}

/// A subagent that ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SubagentCompleted {
    /// Its type name.
    pub agent_type: Option<Arc<str>>,
    /// Occupancy of its last request.
    pub total_tokens: Option<u64>,
    /// Duration in milliseconds.
    pub duration_ms: Option<u64>,
}

/// A request that the client gave up on; its message is never kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ApiError {
    /// The model asked.
    pub model: Option<Model>,
    /// HTTP status; `None` for network errors.
    pub status: Option<u64>,
    /// How often it was tried.
    pub attempts: Option<u64>,
}

/// Where a session works.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProjectPlace {
    /// The working directory, absolute.
    pub path: Arc<str>,
    /// The git branch.
    pub branch: Option<Arc<str>>,
}

/// A moment in the life of a conversation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Life {
    /// It began in a new or an old process.
    Started(Start),
    /// The client left it.
    Ended(End),
}

/// How a conversation began.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Start {
    /// New.
    Startup,
    /// Continued from its transcript.
    Resume,
    /// Empty again after `/clear`; the id is new.
    Clear,
    /// Goes on after a compaction.
    Compact,
    /// A copy of another one.
    Fork,
}

/// Why the client left a conversation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum End {
    /// `/clear`.
    Clear,
    /// Another conversation was resumed in its place.
    Resume,
    /// The user left, or the program ended.
    Exit,
}

/// The client's own sum of use of one model, over the whole session and all its processes, as it states it at a
/// normal end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ModelTotals {
    /// The model, without window suffix.
    pub model: Model,
    /// Tokens by type.
    pub tokens: Tokens,
    /// Cost.
    pub cost: Option<NanoUsd>,
}

/// What the client shows of itself in its status line. Everything but the identity may be missing.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct StatusReport {
    /// The model of the main thread, without window suffix.
    pub model: Option<Model>,
    /// The window of the main thread, in tokens.
    pub window: Option<u64>,
    /// Tokens of the main thread's last request; `None` before the first and right after a compaction.
    pub context: Option<Tokens>,
    /// What the session has cost, by the client's count.
    pub cost: Option<NanoUsd>,
    /// The limit over five hours.
    pub five_hour: Option<RateLimit>,
    /// The limit over seven days.
    pub seven_day: Option<RateLimit>,
}

/// How much of a plan's limit is used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct RateLimit {
    /// Used, in permille of the limit; more than 1000 where it was exceeded.
    pub used_permille: u64,
    /// When it begins anew.
    pub resets: Timestamp,
}

/// How much text went into a context, in bytes of UTF-8; the text itself is never kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ContentSize {
    /// The subagent whose context it is.
    pub agent: Option<AgentId>,
    /// What the text was.
    pub kind: ContentKind,
    /// Its size.
    pub bytes: u64,
}

/// What a text was.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ContentKind {
    /// A prompt of the user.
    Prompt,
    /// What the model asked a tool.
    ToolInput,
    /// What a tool gave back.
    ToolResult,
    /// What the model wrote.
    Answer,
}

/// A run of a process's events, without a hole, that arrived together. Its envelope carries the first number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Heard {
    /// The running number of the last one.
    pub last: u64,
}
