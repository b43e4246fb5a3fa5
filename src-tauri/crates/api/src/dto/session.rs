//! Sessions on the wire: live ones, and their books.

use plimsoll_domain::{self as domain, Level};
use plimsoll_ledger::SessionSummary;
use plimsoll_watch::{self as watch, Gauge, Lack, SessionView, SourceKind, State};
use serde::Serialize;

use super::{Checkpoint, Permille, Time, Usage};

/// The only client understood so far.
const CLIENT: &str = "claude-code";

/// A live session.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(test, derive(ts_rs::TS))]
pub(crate) struct Session<'a> {
    session_id: &'a str,
    /// The last part of the project's path.
    project: Option<&'a str>,
    project_path: Option<&'a str>,
    branch: Option<&'a str>,
    client: &'static str,
    client_version: Option<&'a str>,
    model: Option<&'a str>,
    model_name: Option<String>,
    state: StateName,
    /// `null` where nobody told of the main thread's requests.
    context: Option<Context>,
    subagents: Vec<Subagent<'a>>,
    usage: Usage,
    compactions: u32,
    telemetry: Telemetry,
    source: Source,
    started_at: Time,
    last_event_at: Time,
    /// The last arrival: what its age is counted from.
    last_activity_at: Time,
    /// When the client left it; `null` while it did something since, or nobody told.
    ended_at: Option<Time>,
    /// The checkpoint that was last acknowledged.
    checkpoint: Option<Checkpoint<'a>>,
}

impl<'a> Session<'a> {
    /// What is known of a live session.
    pub(crate) fn new(view: &'a SessionView) -> Self {
        Self {
            session_id: view.session.as_str(),
            project: view.project.as_deref().and_then(domain::text::folder),
            project_path: view.project.as_deref(),
            branch: view.branch.as_deref(),
            client: CLIENT,
            client_version: view.client_version.as_deref(),
            model: view.model.as_ref().map(domain::Model::as_str),
            model_name: view.model.as_ref().map(domain::Model::display_name),
            state: view.state.into(),
            context: view.gauge.as_ref().map(Context::from),
            subagents: view.subagents.iter().map(Subagent::from).collect(),
            usage: Usage::of(view.usage, view.source.kind),
            compactions: view.compactions,
            telemetry: Telemetry { events: view.has_events, metrics: view.has_metrics },
            source: view.source.into(),
            started_at: Time(view.started),
            last_event_at: Time(view.last_at),
            last_activity_at: Time(view.last_arrival),
            ended_at: view.left.map(Time),
            checkpoint: view.checkpoint.as_deref().map(Checkpoint::from),
        }
    }
}

/// What a thread is doing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(test, derive(ts_rs::TS), ts(rename = "SessionState"))]
pub(crate) enum StateName {
    Working,
    Idle,
    Compacted,
}

impl From<State> for StateName {
    fn from(state: State) -> Self {
        match state {
            State::Working => Self::Working,
            State::Idle => Self::Idle,
            State::JustCompacted => Self::Compacted,
        }
    }
}

/// Which kinds of telemetry told of the session.
#[derive(Debug, Clone, Copy, Serialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(test, derive(ts_rs::TS))]
pub(crate) struct Telemetry {
    events: bool,
    metrics: bool,
}

/// Where a session's numbers come from.
#[derive(Debug, Clone, Copy, Serialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(test, derive(ts_rs::TS))]
pub(crate) struct Source {
    /// `exact`: telemetry, as far as it came. `transcripts`: the client's own files. `statusLine`: the client's status
    /// line, which knows the last main request only. `sizes`: nobody tells tokens, the context is a rough estimate.
    #[cfg_attr(test, ts(type = "\"exact\" | \"transcripts\" | \"statusLine\" | \"sizes\""))]
    kind: &'static str,
    /// What is wrong with its telemetry: none ever came, because it is off or the client needs a restart, or what was
    /// due did not come, or its metrics go on without its events. `null` while it comes, or may still come.
    #[cfg_attr(
        test,
        ts(type = "\"telemetryOff\" | \"telemetrySilent\" | \"eventsSilent\" | null")
    )]
    reason: Option<&'static str>,
    /// When it last arrived, or its events did, where they are silent.
    since: Option<Time>,
}

impl From<watch::Source> for Source {
    fn from(source: watch::Source) -> Self {
        let kind = match source.kind {
            SourceKind::Exact => "exact",
            SourceKind::Transcripts => "transcripts",
            SourceKind::StatusLine => "statusLine",
            SourceKind::Sizes => "sizes",
        };
        let (reason, since) = match source.lack {
            None => (None, None),
            Some(Lack::NoTelemetry) => (Some("telemetryOff"), None),
            Some(Lack::SilentSince(since)) => (Some("telemetrySilent"), Some(Time(since))),
            Some(Lack::EventsSilentSince(since)) => (Some("eventsSilent"), Some(Time(since))),
        };
        Self { kind, reason, since }
    }
}

/// A subagent of a live session.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(test, derive(ts_rs::TS))]
pub(crate) struct Subagent<'a> {
    agent_id: &'a str,
    name: Option<&'a str>,
    model: &'a str,
    model_name: String,
    state: StateName,
    context: Context,
    last_activity_at: Time,
}

impl<'a> From<&'a watch::Subagent> for Subagent<'a> {
    fn from(subagent: &'a watch::Subagent) -> Self {
        Self {
            agent_id: subagent.agent.as_str(),
            name: subagent.name.as_deref(),
            model: subagent.model.as_str(),
            model_name: subagent.model.display_name(),
            state: subagent.state.into(),
            context: Context::from(&subagent.gauge),
            last_activity_at: Time(subagent.last_arrival),
        }
    }
}

/// How deep a thread lies.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(test, derive(ts_rs::TS))]
pub(crate) struct Context {
    /// What the next request re-sends.
    occupancy_tokens: u64,
    /// Whether the occupancy is an estimate, the client's or by sizes, rather than a completed request's count.
    estimated: bool,
    /// About how many tokens went in since, by the sizes of tools' results; not part of the occupancy.
    added_tokens: u64,
    window_tokens: u64,
    #[cfg_attr(test, ts(type = "\"named\" | \"observed\" | \"table\" | \"guessed\""))]
    window_kind: &'static str,
    line: Line,
    headroom_tokens: u64,
    percent_of_line: Permille,
    level: LevelName,
    levels: Vec<LevelMark>,
    /// `null` while too little is known.
    forecast: Option<Forecast>,
    cycle_started_at: Time,
    requests_in_cycle: u32,
    as_of: Time,
}

impl From<&Gauge> for Context {
    fn from(gauge: &Gauge) -> Self {
        let marks = Level::ALL.into_iter().zip(gauge.marks);
        let mark = |(level, tokens)| LevelMark::new(level, tokens, gauge.line.tokens);
        Self {
            occupancy_tokens: gauge.occupancy,
            estimated: gauge.estimated,
            added_tokens: gauge.added,
            window_tokens: gauge.window.tokens,
            window_kind: window_kind(gauge.window.kind),
            line: (&gauge.line).into(),
            headroom_tokens: gauge.headroom(),
            percent_of_line: Permille::ratio(gauge.occupancy, gauge.line.tokens),
            level: gauge.level.into(),
            levels: marks.map(mark).collect(),
            forecast: gauge.forecast.map(Forecast::from),
            cycle_started_at: Time(gauge.cycle),
            requests_in_cycle: gauge.requests,
            as_of: Time(gauge.as_of),
        }
    }
}

/// What is left before the line if it goes on as it went; the bands hold half of the cases.
#[derive(Debug, Clone, Copy, Serialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(test, derive(ts_rs::TS))]
pub(crate) struct Forecast {
    /// Requests of this thread that still fit.
    turns: u32,
    /// Minutes of work.
    minutes: u32,
    turns_band: [u32; 2],
    minutes_band: [u32; 2],
}

impl From<domain::Forecast> for Forecast {
    fn from(forecast: domain::Forecast) -> Self {
        let domain::Forecast { turns, minutes } = forecast;
        Self {
            turns: turns.likely,
            minutes: minutes.likely,
            turns_band: [turns.low, turns.high],
            minutes_band: [minutes.low, minutes.high],
        }
    }
}

fn window_kind(kind: domain::WindowKind) -> &'static str {
    match kind {
        domain::WindowKind::Named => "named",
        domain::WindowKind::Observed => "observed",
        domain::WindowKind::Table => "table",
        domain::WindowKind::Guessed => "guessed",
    }
}

/// A level, or `calm` below the first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(test, derive(ts_rs::TS))]
pub(crate) enum LevelName {
    Calm,
    Notice,
    Checkpoint,
    Urgent,
}

impl From<Option<Level>> for LevelName {
    fn from(level: Option<Level>) -> Self {
        match level {
            None => Self::Calm,
            Some(Level::Notice) => Self::Notice,
            Some(Level::Checkpoint) => Self::Checkpoint,
            Some(Level::Urgent) => Self::Urgent,
        }
    }
}

/// The line of a thread.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(test, derive(ts_rs::TS))]
pub(crate) struct Line {
    tokens: u64,
    #[cfg_attr(test, ts(type = "\"configured\" | \"learned\" | \"assumed\""))]
    kind: &'static str,
    /// How many automatic compactions it was learned from; zero unless learned.
    observations: u32,
    /// Whether the client compacts there; else it is where the API refuses.
    compacts: bool,
    /// How it is known, in a few words.
    reason: String,
}

impl From<&domain::Line> for Line {
    fn from(line: &domain::Line) -> Self {
        Self {
            tokens: line.tokens,
            kind: line.kind().name(),
            observations: line.observations(),
            compacts: line.compacts(),
            reason: line.reason.words(),
        }
    }
}

/// Where a level lies for a line.
#[derive(Debug, Clone, Copy, Serialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(test, derive(ts_rs::TS))]
pub(crate) struct LevelMark {
    level: LevelName,
    /// Of the way to the line.
    percent: Permille,
    tokens: u64,
}

impl LevelMark {
    fn new(level: Level, tokens: u64, line: u64) -> Self {
        Self { level: Some(level).into(), percent: Permille::ratio(tokens, line), tokens }
    }
}

/// The main thread's context of one session, as orchestrators ask for it.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(test, derive(ts_rs::TS))]
pub(crate) struct SessionContext<'a> {
    pub(crate) session_id: &'a str,
    #[serde(flatten)]
    pub(crate) context: Context,
}

/// A main thread was compacted just now.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(test, derive(ts_rs::TS))]
pub(crate) struct Compacted<'a> {
    session_id: &'a str,
    project: Option<&'a str>,
    /// How many of the session were seen.
    compactions: u32,
    /// The context as it now is: the client's estimate until the next request.
    context: Option<Context>,
}

impl<'a> Compacted<'a> {
    /// The session.
    pub(crate) fn new(view: &'a SessionView) -> Self {
        Self {
            session_id: view.session.as_str(),
            project: view.project.as_deref().and_then(domain::text::folder),
            compactions: view.compactions,
            context: view.gauge.as_ref().map(Context::from),
        }
    }
}

/// What waiting for a session's context came to.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(test, derive(ts_rs::TS))]
pub(crate) struct Waited<'a> {
    /// `reached`: what was waited for is so. `timeout`: it is not so yet. `ended`: the client left the session.
    #[cfg_attr(test, ts(type = "\"reached\" | \"timeout\" | \"ended\""))]
    pub(crate) outcome: &'static str,
    /// The context as it now is; `null` where nobody told of it.
    pub(crate) context: Option<SessionContext<'a>>,
}

/// The books of one session.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(test, derive(ts_rs::TS))]
pub(crate) struct SessionBooks<'a> {
    session_id: &'a str,
    project: Option<&'a str>,
    project_path: Option<&'a str>,
    branch: Option<&'a str>,
    client_version: Option<&'a str>,
    usage: Usage,
    telemetry: Telemetry,
    started_at: Time,
    last_event_at: Time,
    last_activity_at: Time,
    live: bool,
}

impl<'a> SessionBooks<'a> {
    /// The books of a session, and whether it is among the live ones.
    pub(crate) fn new(books: &'a SessionSummary, live: bool) -> Self {
        Self {
            session_id: books.session.as_str(),
            project: books.project.as_deref().and_then(domain::text::folder),
            project_path: books.project.as_deref(),
            branch: books.branch.as_deref(),
            client_version: books.client_version.as_deref(),
            usage: books.usage.into(),
            telemetry: Telemetry { events: books.has_events, metrics: books.has_metrics },
            started_at: Time(books.first_at),
            last_event_at: Time(books.last_at),
            last_activity_at: Time(books.last_arrival),
            live,
        }
    }
}

/// Books of sessions, the last active first. `next` is the `before` of the following page.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(test, derive(ts_rs::TS))]
pub(crate) struct SessionPage<'a> {
    pub(crate) sessions: Vec<SessionBooks<'a>>,
    pub(crate) next: Option<String>,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixture;

    /// Scenario: a session near its line with a subagent; one of which only metrics tell; its context alone.
    /// Guarantees: the JSON of both, and unknown things are null, never zero.
    #[test]
    fn a_session_on_the_wire() {
        insta::assert_json_snapshot!("session", Session::new(&fixture::view("s-1")));
        let metered = SessionView {
            gauge: None,
            project: None,
            branch: None,
            subagents: Vec::new(),
            has_events: false,
            ..fixture::view("s-2")
        };
        insta::assert_json_snapshot!("session_of_metrics", Session::new(&metered));
        insta::assert_json_snapshot!(
            "session_context",
            SessionContext { session_id: "s-1", context: Context::from(&fixture::gauge(151_203)) }
        );
    }

    /// Scenario: sessions of every source, with telemetry that never came and that stopped.
    /// Guarantees: kind, reason and time as the page reads them.
    #[test]
    fn sources_on_the_wire() {
        let json =
            |kind, lack| serde_json::to_value(Source::from(watch::Source { kind, lack })).unwrap();
        let silent = Some(Lack::SilentSince(fixture::NOON));
        let since = "2026-11-23T12:00:00.250Z";
        for (kind, lack, name, reason, since) in [
            (SourceKind::Exact, None, "exact", None, None),
            (SourceKind::Transcripts, silent, "transcripts", Some("telemetrySilent"), Some(since)),
            (
                SourceKind::StatusLine,
                Some(Lack::NoTelemetry),
                "statusLine",
                Some("telemetryOff"),
                None,
            ),
            (
                SourceKind::Transcripts,
                Some(Lack::EventsSilentSince(fixture::NOON)),
                "transcripts",
                Some("eventsSilent"),
                Some(since),
            ),
            (SourceKind::Sizes, None, "sizes", None, None),
        ] {
            let wished = serde_json::json!({"kind": name, "reason": reason, "since": since});
            assert_eq!(json(kind, lack), wished);
        }
    }

    /// Scenario: the books of a session that ended.
    /// Guarantees: the JSON of its books.
    #[test]
    fn the_books_of_a_session_on_the_wire() {
        let books = fixture::summary("s-1", fixture::NOON);
        insta::assert_json_snapshot!("session_books", SessionBooks::new(&books, false));
    }
}
