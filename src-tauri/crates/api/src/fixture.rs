//! Things as the rooms below hand them over, for the tests of this crate.

use std::sync::Arc;

use plimsoll_domain::{
    AgentId, Alert, CompactionRecord, CompactionTrigger, Estimate, Forecast, Level, Levels, Line,
    LineEvidence, Model, NanoUsd, ProcessId, QuerySource, RateLimit, RequestId, Revision,
    SessionId, ThreadKey, Timestamp, Tokens, Window, WindowEvidence, Witness, Witnesses,
    health::{
        Backfill, Counter, Health, Listener, ListenerState, Problem, Severity, Status, TaskHealth,
        UnknownSignal,
    },
};
use plimsoll_ledger::{SessionSummary, Usage, UsageRecord};
use plimsoll_watch::{Gauge, PlanLimits, SessionView, Source, State, Subagent, ToldLimit};

/// 2026-11-23T12:00:00.250Z.
pub(crate) const NOON: Timestamp = Timestamp::from_millis(1_795_435_200_250);

pub(crate) fn model(name: &str) -> Model {
    Model::parse(name).0
}

pub(crate) fn tokens() -> Tokens {
    Tokens { input: 17, output: 113, cache_read: 12_011, cache_creation: 3_307 }
}

pub(crate) fn usage() -> Usage {
    Usage {
        tokens: tokens(),
        cost: NanoUsd(17_750_550),
        requests: 1,
        unpriced: 0,
        unattributed: Tokens::ZERO,
    }
}

pub(crate) fn record(revision: i64) -> UsageRecord {
    UsageRecord {
        key: "req_011".into(),
        request: Some(RequestId::new("req_011")),
        session: Some(SessionId::new("s-1")),
        process: Some(ProcessId(1)),
        agent: None,
        agent_name: None,
        source: QuerySource::Main,
        subsystem: Some("sdk".into()),
        model: model("claude-sonnet-4-6"),
        tokens: tokens(),
        cost: Some(NanoUsd(17_750_550)),
        cost_by_table: false,
        finished: None,
        orchestration: None,
        duration_ms: Some(4_321),
        at: NOON,
        from: None,
        witnesses: Witnesses::only(Witness::Event),
        revision: Revision(revision),
    }
}

pub(crate) fn unattributed(revision: i64) -> UsageRecord {
    UsageRecord {
        key: "~s-1/claude-sonnet-4-6".into(),
        request: None,
        process: None,
        subsystem: None,
        cost: None,
        cost_by_table: false,
        finished: None,
        duration_ms: None,
        from: Some(Timestamp::from_millis(NOON.millis() - 10_000)),
        witnesses: Witnesses::only(Witness::Metric),
        ..record(revision)
    }
}

pub(crate) fn alert(revision: i64) -> Alert {
    let session = SessionId::new("s-1");
    Alert {
        thread: ThreadKey { session, process: Some(ProcessId(1)), agent: None },
        cycle: Timestamp::from_millis(NOON.millis() - 600_000),
        level: Level::Checkpoint,
        occupancy: 151_203,
        line: 167_000,
        compacts: true,
        model: Some(model("claude-opus-4-6")),
        turns: Some(4),
        minutes: Some(11),
        at: NOON,
        revision: Some(Revision(revision)),
    }
}

pub(crate) fn gauge(occupancy: u64) -> Gauge {
    let model = model("claude-opus-4-6");
    let window = Window::resolve(&model, WindowEvidence::default());
    let line = Line::resolve(&model, window, LineEvidence::default());
    let levels = Levels::default();
    Gauge {
        occupancy,
        estimated: false,
        added: 1_200,
        window,
        level: levels.reached(occupancy, line.tokens, None),
        marks: Level::ALL.map(|level| levels.tokens(level, line.tokens, None)),
        forecast: Some(Forecast {
            turns: Estimate { low: 3, likely: 4, high: 6 },
            minutes: Estimate { low: 8, likely: 11, high: 16 },
        }),
        line,
        cycle: Timestamp::from_millis(NOON.millis() - 600_000),
        requests: 12,
        as_of: NOON,
    }
}

pub(crate) fn view(session: &str) -> SessionView {
    SessionView {
        session: SessionId::new(session),
        project: Some("/home/ada/work/engine".into()),
        branch: Some("main".into()),
        client_version: Some("2.1.330".into()),
        state: State::Working,
        gauge: Some(gauge(151_203)),
        model: Some(model("claude-opus-4-6")),
        subagents: vec![Subagent {
            agent: AgentId::new("a-1"),
            name: Some("Explore".into()),
            model: model("claude-haiku-4-5-20251001"),
            state: State::Idle,
            gauge: gauge(20_000),
            last_arrival: NOON,
        }],
        usage: usage(),
        compactions: 1,
        has_events: true,
        has_metrics: true,
        source: Source::EXACT,
        started: Timestamp::from_millis(NOON.millis() - 600_000),
        last_at: NOON,
        last_arrival: NOON,
        left: None,
        checkpoint: None,
    }
}

/// A compaction of which everything is known.
pub(crate) fn compaction() -> CompactionRecord {
    CompactionRecord {
        session: SessionId::new("s-1"),
        project: Some("/home/ada/work/engine".into()),
        agent: None,
        client_version: Some("2.1.330".into()),
        model: Some(model("claude-opus-4-6")),
        at: NOON,
        trigger: CompactionTrigger::Auto,
        before: Some(166_200),
        passed: 164_800,
        estimate_before: Some(167_245),
        estimate_after: Some(2_720),
        after: Some(24_310),
        request: Some("req_1".into()),
        cost: Some(NanoUsd(124_500_000)),
        duration_ms: Some(38_200),
        alerted: Some(Level::Urgent),
        checkpoint: Some(Timestamp::from_millis(NOON.millis() - 60_000)),
    }
}

pub(crate) fn limits() -> PlanLimits {
    let resets = Timestamp::from_millis(NOON.millis() + 4_800_000);
    let limit = RateLimit { used_permille: 425, resets };
    PlanLimits { five_hour: Some(ToldLimit { limit, told: NOON }), seven_day: None }
}

pub(crate) fn summary(session: &str, last_arrival: Timestamp) -> SessionSummary {
    SessionSummary {
        session: SessionId::new(session),
        project: Some("/home/ada/work/engine".into()),
        branch: None,
        client_version: Some("2.1.330".into()),
        first_at: Timestamp::from_millis(NOON.millis() - 600_000),
        last_at: NOON,
        last_arrival,
        usage: usage(),
        has_events: true,
        has_metrics: false,
        has_transcript: false,
        has_hooks: false,
        last_telemetry: Some(last_arrival),
    }
}

pub(crate) fn status() -> Status {
    Status {
        listeners: vec![Listener {
            name: "otlp-http",
            addresses: vec!["127.0.0.1:4318".into()],
            state: ListenerState::PortTaken,
        }],
        problems: vec![Problem {
            severity: Severity::Fault,
            code: "port-taken",
            message: "Another program listens on port 4318.".into(),
            since: NOON,
        }],
        backfill: Some(Backfill {
            files: 2_000,
            files_read: 500,
            bytes: 1_184_772_180,
            bytes_read: 296_193_045,
            requests: 34_567,
            began: NOON,
            ended: None,
        }),
    }
}

pub(crate) fn well() -> Health {
    Health {
        started: NOON,
        status: Status::default(),
        tasks: vec![TaskHealth { name: "watch", running: true, restarts: 1, last_error: None }],
        counters: Vec::new(),
        unknown: Vec::new(),
        last_arrival: None,
    }
}

pub(crate) fn health() -> Health {
    Health {
        status: status(),
        tasks: vec![TaskHealth {
            name: "ledger-writer",
            running: false,
            restarts: 2,
            last_error: Some("commit: disk full".into()),
        }],
        counters: vec![Counter {
            name: "otlp.refused",
            label: "http/logs/malformed".into(),
            value: 3,
        }],
        unknown: vec![UnknownSignal {
            kind: "event",
            name: Arc::from("com.anthropic.claude_code.events/novel"),
            attributes: vec!["duration_ms:int".into()],
            seen: 4,
        }],
        last_arrival: Some(NOON),
        ..well()
    }
}
