//! Sessions and states of the resident for tests, in one line each.

use std::{sync::Arc, time::Duration};

use plimsoll_domain::{
    Calendar, Levels, Line, LineEvidence, Model, NanoUsd, SessionId, Timestamp, Tokens, Window,
    WindowEvidence,
    calendar::parse_rfc3339,
    health::{Listener, ListenerState, Problem, Severity, Status},
};
use plimsoll_watch::{Gauge, SessionView, Snapshot, Source, State};

use crate::Face;

/// `2026-11-23T14:02:00Z`, when the last signal arrived.
pub(crate) fn noon() -> Timestamp {
    parse_rfc3339("2026-11-23T14:02:00Z").unwrap()
}

pub(crate) fn minutes(count: u64) -> Duration {
    Duration::from_secs(count * 60)
}

/// A gauge before the line at 167,000 tokens.
pub(crate) fn gauge(occupancy: u64) -> Gauge {
    let model = Model::parse("claude-opus-4-6").0;
    let window = Window::resolve(&model, WindowEvidence::default());
    let line = Line::resolve(&model, window, LineEvidence::default());
    Gauge {
        occupancy,
        estimated: false,
        added: 0,
        marks: [100_200, 133_600, 153_640],
        forecast: None,
        window,
        level: Levels::default().reached(occupancy, line.tokens, None),
        line,
        cycle: noon().before(minutes(30)),
        requests: 12,
        as_of: noon(),
    }
}

/// A session that works in a folder of its name; no occupancy is no gauge.
pub(crate) fn session(name: &str, occupancy: impl Into<Option<u64>>) -> SessionView {
    SessionView {
        session: SessionId::new(format!("id of {name}")),
        project: Some(format!("/home/ada/{name}").into()),
        branch: None,
        client_version: None,
        state: State::Working,
        gauge: occupancy.into().map(gauge),
        model: None,
        subagents: Vec::new(),
        usage: Default::default(),
        compactions: 0,
        has_events: true,
        has_metrics: false,
        source: Source::EXACT,
        started: noon().before(minutes(30)),
        last_at: noon(),
        last_arrival: noon(),
        left: None,
        checkpoint: None,
    }
}

/// A session that nothing arrived of for so many minutes.
pub(crate) fn idle(name: &str, occupancy: impl Into<Option<u64>>, for_minutes: u64) -> SessionView {
    let last_arrival = noon().before(minutes(for_minutes));
    SessionView { state: State::Idle, last_arrival, ..session(name, occupancy) }
}

/// A snapshot of sessions, nearest to their line first, on a day of 4.2 million tokens.
pub(crate) fn snapshot(sessions: Vec<SessionView>) -> Snapshot {
    let mut snapshot = Snapshot {
        version: 1,
        as_of: noon(),
        sessions: sessions.into_iter().map(Arc::new).collect(),
        last_arrival: Some(noon()),
        ..Snapshot::default()
    };
    snapshot.today.usage.tokens = Tokens { cache_read: 4_186_000, ..Tokens::ZERO };
    snapshot.today.usage.cost = NanoUsd(18_400_000_000);
    snapshot.today.usage.requests = 12;
    snapshot
}

/// A resident that listens everywhere.
pub(crate) fn well() -> Status {
    let listener = |name, port| Listener {
        name,
        addresses: vec![format!("127.0.0.1:{port}"), format!("[::1]:{port}")],
        state: ListenerState::Listening,
    };
    let listeners =
        vec![listener("otlp-http", 4318), listener("otlp-grpc", 4317), listener("dashboard", 3030)];
    Status { listeners, ..Status::default() }
}

/// A resident of which the first receivers are in a state.
pub(crate) fn deaf(receivers: usize, state: ListenerState) -> Status {
    let mut status = well();
    status.listeners.iter_mut().take(receivers).for_each(|listener| listener.state = state);
    status
}

pub(crate) fn problem(severity: Severity, message: &str) -> Problem {
    Problem { severity, code: "some-code", message: message.to_owned(), since: noon() }
}

pub(crate) fn face(snapshot: &Snapshot, status: &Status) -> Face {
    Face::of(snapshot, status, &Calendar::utc(), noon())
}
