//! Activities for tests, in one line each. Times are seconds after the morning of a day in UTC.

use std::{sync::Arc, time::Duration};

use plimsoll_domain::{
    AgentId, Alert, Calendar, Compaction, CompactionTrigger, ContentKind, ContentSize, Level, Life,
    Model, ProcessId, QuerySource, SessionId, StatusReport, Timestamp, Tokens, Warnings, Witness,
    Witnesses, calendar::parse_rfc3339,
};
use plimsoll_ledger::{Activity, ActivityKind, Commit, SessionSummary, Usage};

use crate::{Fleet, SessionView};

/// A model with a window of 200,000 tokens and the line at 167,000.
pub(crate) const SONNET: &str = "claude-sonnet-4-6";
/// A model with a window of 200,000 tokens and the line at 167,000.
pub(crate) const OPUS: &str = "claude-opus-4-6";

pub(crate) fn at(seconds: u64) -> Timestamp {
    parse_rfc3339("2026-11-23T08:00:00Z").unwrap().after(Duration::from_secs(seconds))
}

pub(crate) fn activity(seconds: u64, kind: ActivityKind) -> Activity {
    Activity {
        session: SessionId::new("one"),
        process: Some(ProcessId(1)),
        at: at(seconds),
        arrived: at(seconds),
        kind,
    }
}

/// A request of which everything but the answer lies in the cache.
pub(crate) fn request(
    seconds: u64,
    source: QuerySource,
    agent: Option<&str>,
    model: &str,
    occupancy: u64,
) -> Activity {
    let answer = occupancy.min(100);
    let kind = ActivityKind::Request {
        key: format!("req_{seconds}_{occupancy}_{source:?}_{agent:?}_{model}").into(),
        witnesses: Witnesses::only(Witness::Event),
        source,
        subsystem: None,
        agent: agent.map(AgentId::new),
        agent_name: agent.map(|agent| format!("type of {agent}").into()),
        model: Model::parse(model).0,
        tokens: Tokens { cache_read: occupancy - answer, output: answer, ..Tokens::ZERO },
    };
    activity(seconds, kind)
}

pub(crate) fn main_request(seconds: u64, occupancy: u64) -> Activity {
    request(seconds, QuerySource::Main, None, SONNET, occupancy)
}

pub(crate) fn main_request_to(seconds: u64, model: &str, occupancy: u64) -> Activity {
    request(seconds, QuerySource::Main, None, model, occupancy)
}

pub(crate) fn subagent_request(seconds: u64, agent: &str, occupancy: u64) -> Activity {
    request(seconds, QuerySource::Subagent, Some(agent), SONNET, occupancy)
}

/// A subagent's request that does not name the subagent.
pub(crate) fn stray_request(seconds: u64, occupancy: u64) -> Activity {
    request(seconds, QuerySource::Subagent, None, SONNET, occupancy)
}

pub(crate) fn compaction(
    seconds: u64,
    before: impl Into<Option<u64>>,
    after: impl Into<Option<u64>>,
) -> Activity {
    let (before, after) = (before.into(), after.into());
    let trigger = CompactionTrigger::Auto;
    let compaction = Compaction { trigger, success: true, before, after };
    activity(seconds, ActivityKind::Compaction(compaction, Witness::Event))
}

pub(crate) fn manual_compaction(seconds: u64, before: u64, after: u64) -> Activity {
    let (before, after) = (Some(before), Some(after));
    let trigger = CompactionTrigger::Manual;
    let compaction = Compaction { trigger, success: true, before, after };
    activity(seconds, ActivityKind::Compaction(compaction, Witness::Event))
}

pub(crate) fn command(seconds: u64, command: &str) -> Activity {
    activity(seconds, ActivityKind::Prompt { command: Some(command.into()) })
}

pub(crate) fn tool(seconds: u64) -> Activity {
    activity(
        seconds,
        ActivityKind::Tool { tool: "Bash".into(), result_bytes: Some(17), subagent: false },
    )
}

/// What a hook or the status line hands over: it names no process.
pub(crate) fn handed(seconds: u64, kind: ActivityKind) -> Activity {
    activity(seconds, kind).by(None)
}

pub(crate) fn life(seconds: u64, life: Life) -> Activity {
    handed(seconds, ActivityKind::Life(life))
}

/// So many bytes that a hook saw go into the main thread.
pub(crate) fn size(seconds: u64, bytes: u64) -> Activity {
    let kind = ContentKind::ToolResult;
    handed(seconds, ActivityKind::Size(ContentSize { agent: None, kind, bytes }))
}

/// A status line of a model with a window of 200,000 tokens.
pub(crate) fn status(seconds: u64, context: impl Into<Option<u64>>) -> Activity {
    status_of(seconds, SONNET, 200_000, context)
}

pub(crate) fn status_of(
    seconds: u64,
    model: &str,
    window: u64,
    context: impl Into<Option<u64>>,
) -> Activity {
    let context = context.into().map(|cache_read| Tokens { cache_read, ..Tokens::ZERO });
    let model = Some(Model::parse(model).0);
    let report = StatusReport { model, window: Some(window), context, ..StatusReport::default() };
    handed(seconds, ActivityKind::Status(report))
}

/// Metrics, with the model as they name it.
pub(crate) fn metered(seconds: u64, name: &str) -> Activity {
    let (model, million_window) = Model::parse(name);
    activity(seconds, ActivityKind::Metered { model, million_window })
}

/// What makes an activity another session's or process's, or late.
pub(crate) trait Scripted {
    fn of(self, session: &str) -> Self;
    fn by(self, process: impl Into<Option<i64>>) -> Self;
    fn arriving(self, seconds: u64) -> Self;
    /// The same request or compaction as a transcript tells it.
    fn read(self) -> Self;
    /// The same compaction as a hook tells it.
    fn hooked(self) -> Self;
    /// Told of the same request as another activity.
    fn again(self, other: &Activity) -> Self;
}

impl Scripted for Activity {
    fn of(self, session: &str) -> Self {
        Self { session: SessionId::new(session), ..self }
    }

    fn by(self, process: impl Into<Option<i64>>) -> Self {
        let mut by = Self { process: process.into().map(ProcessId), ..self };
        if let ActivityKind::Request { key, .. } = &mut by.kind {
            *key = format!("{key} by {:?}", by.process).into();
        }
        by
    }

    fn arriving(self, seconds: u64) -> Self {
        Self { arrived: at(seconds), ..self }
    }

    fn read(self) -> Self {
        told_by(self, Witness::Transcript)
    }

    fn hooked(self) -> Self {
        told_by(self, Witness::Hook)
    }

    fn again(mut self, other: &Activity) -> Self {
        if let ActivityKind::Request { key, .. } = &mut self.kind
            && let ActivityKind::Request { key: known, .. } = &other.kind
        {
            key.clone_from(known);
        }
        self
    }
}

fn told_by(mut activity: Activity, by: Witness) -> Activity {
    activity.process = None;
    match &mut activity.kind {
        ActivityKind::Request { witnesses, .. } => *witnesses = Witnesses::only(by),
        ActivityKind::Compaction(_, witness) => *witness = by,
        other => panic!("{by:?} does not tell of {other:?}"),
    }
    activity
}

pub(crate) fn fleet() -> Fleet {
    Fleet::new(Arc::default(), Warnings::default(), Calendar::utc(), at(0))
}

/// A fleet that saw these activities in one batch.
pub(crate) fn fleet_of(activities: Vec<Activity>) -> Fleet {
    let mut fleet = fleet();
    let now = activities.iter().map(|activity| activity.arrived).max().unwrap_or(at(0));
    fleet.apply(&commit(activities), now);
    fleet
}

pub(crate) fn commit(activities: Vec<Activity>) -> Commit {
    Commit { activities, ..Commit::default() }
}

/// Feeds a batch at a moment; gives the alerts.
pub(crate) fn feed(fleet: &mut Fleet, now: u64, activities: Vec<Activity>) -> Vec<Alert> {
    fleet.apply(&commit(activities), at(now))
}

/// Feeds activities one by one as they arrive; gives the levels that spoke, each with its occupancy.
pub(crate) fn spoken(fleet: &mut Fleet, activities: Vec<Activity>) -> Vec<(Level, u64)> {
    let mut spoken = Vec::new();
    for activity in activities {
        let now = activity.arrived;
        let alerts = fleet.apply(&commit(vec![activity]), now);
        spoken.extend(alerts.iter().map(|alert| (alert.level, alert.occupancy)));
    }
    spoken
}

/// The only session at a moment.
pub(crate) fn only(fleet: &mut Fleet, now: u64) -> Arc<SessionView> {
    let sessions = fleet.snapshot(at(now), 1).sessions;
    let [session] = sessions.as_slice() else { panic!("one session, not {sessions:?}") };
    Arc::clone(session)
}

pub(crate) fn summary(session: &str, arrived: u64) -> SessionSummary {
    SessionSummary {
        session: SessionId::new(session),
        project: Some("/home/me/harbour".into()),
        branch: Some("main".into()),
        client_version: Some("2.1.330".into()),
        first_at: at(0),
        last_at: at(arrived),
        last_arrival: at(arrived),
        usage: Usage { requests: 3, ..Usage::default() },
        has_events: true,
        has_metrics: false,
        has_transcript: false,
        has_hooks: false,
        last_telemetry: Some(at(arrived)),
    }
}
