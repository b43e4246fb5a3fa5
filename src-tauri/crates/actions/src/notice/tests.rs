use std::sync::Arc;

use plimsoll_domain::{
    AgentId, Line, LineKind, Model, SessionId, ThreadKey, Timestamp, Window, WindowKind,
};
use plimsoll_ledger::Usage;
use plimsoll_watch::{SessionView, Source, State, Subagent};

use super::*;

const WINDOW: u64 = 200_000;

fn gauge(window: u64) -> Gauge {
    Gauge {
        occupancy: 151_203,
        estimated: false,
        window: Window { tokens: window, kind: WindowKind::Table },
        line: Line { tokens: 167_000, kind: LineKind::Assumed, observations: 0 },
        level: None,
        cycle: Timestamp::EPOCH,
        requests: 1,
        as_of: Timestamp::EPOCH,
    }
}

/// A session that works in a project, with a subagent `a1`.
fn session(project: Option<&str>, agent_name: Option<&str>) -> Snapshot {
    let model = Model::parse("claude-sonnet-4-6").0;
    let subagent = Subagent {
        agent: AgentId::new("a1"),
        name: agent_name.map(Arc::from),
        model: model.clone(),
        state: State::Working,
        gauge: gauge(WINDOW),
        last_arrival: Timestamp::EPOCH,
    };
    let view = SessionView {
        session: SessionId::new("0a1b2c3d-session"),
        project: project.map(Arc::from),
        branch: None,
        client_version: None,
        state: State::Working,
        gauge: Some(gauge(WINDOW)),
        model: Some(model),
        subagents: vec![subagent],
        usage: Usage::default(),
        compactions: 0,
        has_events: true,
        has_metrics: false,
        source: Source::EXACT,
        started: Timestamp::EPOCH,
        last_at: Timestamp::EPOCH,
        last_arrival: Timestamp::EPOCH,
    };
    Snapshot { sessions: vec![Arc::new(view)], ..Snapshot::default() }
}

fn alert(agent: Option<&str>, occupancy: u64, line: u64) -> Alert {
    Alert {
        thread: ThreadKey {
            session: SessionId::new("0a1b2c3d-session"),
            process: None,
            agent: agent.map(AgentId::new),
        },
        cycle: Timestamp::EPOCH,
        level: Level::Checkpoint,
        occupancy,
        line,
        at: Timestamp::EPOCH,
        revision: None,
    }
}

fn body(agent: Option<&str>, occupancy: u64, line: u64) -> String {
    let snapshot = session(Some("/home/me/api-server"), Some("Explore"));
    Notice::of(&alert(agent, occupancy, line), &snapshot).body
}

/// Scenario: threads before, at and beyond their line, and such whose line is the whole window.
/// Guarantees: the numbers, what is left, and what comes next, in plain words.
#[test]
fn a_body_says_what_is_left() {
    for (occupancy, line, wished) in [
        (151_203, 167_000, "151k of 167k tokens: 16k left before it compacts."),
        (166_600, 167_000, "167k of 167k tokens: 400 left before it compacts."),
        (167_000, 167_000, "167k of 167k tokens: at the line, it compacts next."),
        (171_400, 167_000, "171k of 167k tokens: 4.4k beyond the line, it compacts next."),
        (184_000, WINDOW, "184k of 200k tokens: 16k left before requests fail."),
        (WINDOW, WINDOW, "200k of 200k tokens: at the line, its next request may fail."),
        (201_000, WINDOW, "201k of 200k tokens: 1k beyond the line, its next request may fail."),
    ] {
        assert_eq!(body(None, occupancy, line), wished);
    }
}

/// Scenario: subagents whose name is known, and that are known no more.
/// Guarantees: a subagent's notice says so, by name where there is one.
#[test]
fn a_subagent_is_named() {
    let named = "Subagent Explore at 151k of 167k tokens: 16k left before it compacts.";
    assert_eq!(body(Some("a1"), 151_203, 167_000), named);
    let nameless = "A subagent at 151k of 167k tokens: 16k left before it compacts.";
    assert_eq!(body(Some("gone"), 151_203, 167_000), nameless);
    let unnamed = Notice::of(&alert(Some("a1"), 151_203, 167_000), &session(None, None));
    assert_eq!(unnamed.body, nameless);
}

/// Scenario: sessions with a project, without one, and that no snapshot knows; names with control
/// characters and of great length.
/// Guarantees: one line with the session's name and the level.
#[test]
fn a_summary_names_session_and_level() {
    let long = format!("/home/me/{}", "x".repeat(300));
    for (snapshot, wished) in [
        (session(Some("/home/me/api-server"), None), "api-server: checkpoint".to_owned()),
        (session(Some("/home/me/a\nb\u{1b}"), None), "a?b?: checkpoint".to_owned()),
        (session(Some(&long), None), format!("{}..: checkpoint", "x".repeat(58))),
        (session(None, None), "0a1b2c3d: checkpoint".to_owned()),
        (Snapshot::default(), "0a1b2c3d: checkpoint".to_owned()),
    ] {
        let notice = Notice::of(&alert(None, 151_203, 167_000), &snapshot);
        assert_eq!((notice.summary, notice.level), (wished, Level::Checkpoint));
    }
}

/// Scenario: a line at the window's end of a session that no snapshot knows.
/// Guarantees: compaction is what is assumed.
#[test]
fn an_unknown_window_is_taken_to_compact() {
    let notice = Notice::of(&alert(None, 184_000, WINDOW), &Snapshot::default());
    assert_eq!(notice.body, "184k of 200k tokens: 16k left before it compacts.");
}
