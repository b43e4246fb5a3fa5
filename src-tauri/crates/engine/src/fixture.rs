//! What tests of several modules hand in.

use plimsoll_domain::{Alert, Level, SessionId, ThreadKey, Timestamp};
use plimsoll_ledger::Usage;
use plimsoll_watch::{SessionView, Source, State};

/// A session's main thread has reached its checkpoint; not claimed yet.
pub(crate) fn alert(session: &str) -> Alert {
    Alert {
        thread: ThreadKey { session: SessionId::new(session), process: None, agent: None },
        cycle: Timestamp::EPOCH,
        level: Level::Checkpoint,
        occupancy: 140_000,
        line: 167_000,
        compacts: true,
        model: None,
        turns: None,
        minutes: None,
        at: Timestamp::from_millis(20_000),
        revision: None,
    }
}

/// Session `one`, which works in a project and of whose context nobody told.
pub(crate) fn working_in(project: &str) -> SessionView {
    SessionView {
        session: SessionId::new("one"),
        project: Some(project.into()),
        branch: None,
        client_version: None,
        state: State::Working,
        gauge: None,
        model: None,
        subagents: Vec::new(),
        usage: Usage::default(),
        compactions: 0,
        has_events: true,
        has_metrics: false,
        source: Source::EXACT,
        started: Timestamp::EPOCH,
        last_at: Timestamp::EPOCH,
        last_arrival: Timestamp::EPOCH,
        left: None,
        checkpoint: None,
    }
}
