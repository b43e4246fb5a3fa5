//! Sessions on the wire: live ones, and their books.

use plimsoll_domain::{self as domain, Level, Levels};
use plimsoll_ledger::SessionSummary;
use plimsoll_watch::{self as watch, Gauge, Lack, SessionView, SourceKind, State};
use serde::Serialize;

use super::{Permille, Time, Usage};

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
}

impl<'a> Session<'a> {
    /// What is known of a live session.
    pub(crate) fn new(view: &'a SessionView, levels: &Levels) -> Self {
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
            context: view.gauge.as_ref().map(|gauge| Context::new(gauge, levels)),
            subagents: view.subagents.iter().map(|one| Subagent::new(one, levels)).collect(),
            usage: Usage::of(view.usage, view.source.kind),
            compactions: view.compactions,
            telemetry: Telemetry { events: view.has_events, metrics: view.has_metrics },
            source: view.source.into(),
            started_at: Time(view.started),
            last_event_at: Time(view.last_at),
            last_activity_at: Time(view.last_arrival),
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

impl<'a> Subagent<'a> {
    fn new(subagent: &'a plimsoll_watch::Subagent, levels: &Levels) -> Self {
        Self {
            agent_id: subagent.agent.as_str(),
            name: subagent.name.as_deref(),
            model: subagent.model.as_str(),
            model_name: subagent.model.display_name(),
            state: subagent.state.into(),
            context: Context::new(&subagent.gauge, levels),
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
    window_tokens: u64,
    #[cfg_attr(test, ts(type = "\"named\" | \"observed\" | \"table\" | \"guessed\""))]
    window_kind: &'static str,
    line: Line,
    headroom_tokens: u64,
    percent_of_line: Permille,
    level: LevelName,
    levels: [LevelMark; 3],
    cycle_started_at: Time,
    requests_in_cycle: u32,
    as_of: Time,
}

impl Context {
    /// A gauge with the marks of the levels on its way to the line.
    pub(crate) fn new(gauge: &Gauge, levels: &Levels) -> Self {
        Self {
            occupancy_tokens: gauge.occupancy,
            estimated: gauge.estimated,
            window_tokens: gauge.window.tokens,
            window_kind: window_kind(gauge.window.kind),
            line: gauge.line.into(),
            headroom_tokens: gauge.headroom(),
            percent_of_line: Permille::ratio(gauge.occupancy, gauge.line.tokens),
            level: gauge.level.into(),
            levels: Level::ALL.map(|level| LevelMark::new(level, levels, gauge.line.tokens)),
            cycle_started_at: Time(gauge.cycle),
            requests_in_cycle: gauge.requests,
            as_of: Time(gauge.as_of),
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
#[derive(Debug, Clone, Copy, Serialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(test, derive(ts_rs::TS))]
pub(crate) struct Line {
    tokens: u64,
    #[cfg_attr(test, ts(type = "\"assumed\""))]
    kind: &'static str,
    observations: u32,
}

impl From<domain::Line> for Line {
    fn from(line: domain::Line) -> Self {
        Self { tokens: line.tokens, kind: line.kind.name(), observations: line.observations }
    }
}

/// Where a level lies for a line.
#[derive(Debug, Clone, Copy, Serialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(test, derive(ts_rs::TS))]
pub(crate) struct LevelMark {
    level: LevelName,
    percent: Permille,
    tokens: u64,
}

impl LevelMark {
    fn new(level: Level, levels: &Levels, line: u64) -> Self {
        Self {
            level: Some(level).into(),
            percent: Permille::of(levels.permille(level)),
            tokens: levels.tokens(level, line),
        }
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
    /// Turns and minutes until the line; not known yet.
    #[cfg_attr(test, ts(type = "null"))]
    pub(crate) forecast: (),
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
        let levels = Levels::default();
        insta::assert_json_snapshot!("session", Session::new(&fixture::view("s-1"), &levels));
        let metered = SessionView {
            gauge: None,
            project: None,
            branch: None,
            subagents: Vec::new(),
            has_events: false,
            ..fixture::view("s-2")
        };
        insta::assert_json_snapshot!("session_of_metrics", Session::new(&metered, &levels));
        insta::assert_json_snapshot!(
            "session_context",
            SessionContext {
                session_id: "s-1",
                context: Context::new(&fixture::gauge(151_203), &levels),
                forecast: (),
            }
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
