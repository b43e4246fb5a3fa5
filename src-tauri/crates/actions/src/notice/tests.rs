use std::sync::Arc;

use plimsoll_domain::{
    AgentId, Line, LineReason, Model, SessionId, ThreadKey, Timestamp, Window, WindowKind,
};
use plimsoll_ledger::Usage;
use plimsoll_watch::{Gauge, SessionView, Source, State, Subagent};

use super::*;

const WINDOW: u64 = 200_000;

fn gauge() -> Gauge {
    Gauge {
        occupancy: 151_203,
        estimated: false,
        added: 0,
        window: Window { tokens: WINDOW, kind: WindowKind::Table },
        line: Line { tokens: 167_000, reason: LineReason::Formula },
        level: None,
        marks: [100_200, 133_600, 153_640],
        forecast: None,
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
        gauge: gauge(),
        last_arrival: Timestamp::EPOCH,
    };
    let view = SessionView {
        session: SessionId::new("0a1b2c3d-session"),
        project: project.map(Arc::from),
        branch: None,
        client_version: None,
        state: State::Working,
        gauge: Some(gauge()),
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
        left: None,
        checkpoint: None,
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
        compacts: line < WINDOW,
        model: None,
        turns: None,
        minutes: None,
        at: Timestamp::EPOCH,
        revision: None,
    }
}

fn body(agent: Option<&str>, occupancy: u64, line: u64) -> String {
    let snapshot = session(Some("/home/me/api-server"), Some("Explore"));
    Notice::of(&alert(agent, occupancy, line), &snapshot).body
}

/// Scenario: threads before, at and beyond their line, and such that the client does not compact.
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

/// Scenario: forecasts of many turns, of one, of none, and without minutes.
/// Guarantees: the forecast is said as far as it is known; beyond the line nothing of it.
#[test]
fn a_body_says_how_far_that_is() {
    let said = |turns, minutes, occupancy| {
        let alert = Alert { turns, minutes, ..alert(None, occupancy, 167_000) };
        let body = Notice::of(&alert, &session(None, None)).body;
        body.split_once("compacts").map(|(_, rest)| rest.to_owned()).unwrap()
    };
    assert_eq!(said(Some(4), Some(11), 151_203), ", about 4 turns, 11 min.");
    assert_eq!(said(Some(1), Some(1), 151_203), ", about 1 turn, 1 min.");
    assert_eq!(said(Some(2), Some(0), 151_203), ", about 2 turns.");
    assert_eq!(said(Some(0), Some(0), 166_000), ", likely with the next request.");
    assert_eq!(said(Some(0), Some(0), 168_000), " next.");
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

/// Scenario: notices of six sessions, of three levels.
/// Guarantees: together they say how many, the four that matter most in a line each, and that there are more; the highest
/// level counts, and every session is known.
#[test]
fn several_notices_say_their_most_together() {
    let levels = [Level::Notice, Level::Urgent, Level::Notice, Level::Checkpoint];
    let all: Vec<Notice> = (1..)
        .zip(levels.iter().cycle())
        .take(6)
        .map(|(number, level)| {
            let mut alert = Alert { level: *level, ..alert(None, 151_203, 167_000) };
            alert.thread.session = SessionId::new(format!("session{number}"));
            Notice::of(&alert, &Snapshot::default())
        })
        .collect();
    let together = Notice::together(&all);
    assert_eq!(together.summary, "6 sessions near their line");
    let wished = "session2: urgent, 151k of 167k\nsession6: urgent, 151k of 167k\n\
                  session4: checkpoint, 151k of 167k\nsession1: notice, 151k of 167k\nand 2 more";
    assert_eq!((together.body.as_str(), together.level), (wished, Level::Urgent));
    assert_eq!(together.sessions.len(), 6);
    assert_eq!(Notice::together(&all[..4]).body.lines().count(), 4);
}

/// Scenario: a warning of each kind, of a session with a name and of all.
/// Guarantees: what it is of in the title, one sentence below; the session's button only where there is one; it never
/// joins others.
#[test]
fn a_warning_says_what_it_is_of() {
    use WarningKind::{CacheBreak, DailyCost, Errors, FiveHourLimit, SevenDayLimit, Silent};
    let snapshot = session(Some("/home/me/harbour"), None);
    for (kind, amount, title) in [
        (FiveHourLimit, 934, "Five-hour limit: 93 % used"),
        (SevenDayLimit, 1_000, "Seven-day limit: 100 % used"),
        (DailyCost, 20_400_000_000, "Cost of the day: $20.40"),
        (Silent, 0, "harbour: telemetry is silent"),
        (Errors, 5, "The API refuses requests"),
        (CacheBreak, 80_900, "harbour: prompt cache lost"),
    ] {
        let of_session = matches!(kind, Silent | CacheBreak);
        let warning = Warning {
            kind,
            session: of_session.then(|| SessionId::new("0a1b2c3d-session")),
            period: Timestamp::EPOCH,
            amount,
            at: Timestamp::EPOCH,
            revision: None,
        };
        let notice = Notice::of_warning(&warning, &snapshot, &Calendar::utc());
        assert_eq!(notice.summary, title);
        assert_eq!(
            notice.body,
            warning.sentence(of_session.then_some("harbour"), &Calendar::utc())
        );
        assert_eq!((notice.sessions.len(), notice.joins), (usize::from(of_session), false));
    }
}
