//! The resident's own state on the wire.

use plimsoll_domain::{Revision, Timestamp, health};
use serde::Serialize;

use super::{Listener, Problem, Time};

/// Everything known of the resident's state.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(test, derive(ts_rs::TS))]
pub(crate) struct Health<'a> {
    #[cfg_attr(test, ts(type = "\"ok\" | \"degraded\""))]
    status: &'static str,
    app_version: &'a str,
    started_at: Time,
    uptime_seconds: u64,
    listeners: Vec<Listener<'a>>,
    problems: Vec<Problem<'a>>,
    backfill: Option<Backfill>,
    tasks: Vec<Task<'a>>,
    counters: Vec<Counter<'a>>,
    unknown_signals: Vec<UnknownSignal<'a>>,
    last_arrival_at: Option<Time>,
    revision: i64,
}

impl<'a> Health<'a> {
    /// The state as the probe tells it, at a moment and a revision of the books.
    pub(crate) fn new(
        health: &'a health::Health,
        app_version: &'a str,
        now: Timestamp,
        revision: Revision,
    ) -> Self {
        Self {
            status: if is_well(health) { "ok" } else { "degraded" },
            app_version,
            started_at: Time(health.started),
            uptime_seconds: now.since(health.started).as_secs(),
            listeners: health.status.listeners.iter().map(Listener::from).collect(),
            problems: health.status.problems.iter().map(Problem::from).collect(),
            backfill: health.status.backfill.map(|state| Backfill::new(state, now)),
            tasks: health.tasks.iter().map(Task::from).collect(),
            counters: health.counters.iter().map(Counter::from).collect(),
            unknown_signals: health.unknown.iter().map(UnknownSignal::from).collect(),
            last_arrival_at: health.last_arrival.map(Time),
            revision: revision.0,
        }
    }
}

fn is_well(health: &health::Health) -> bool {
    let listens = |listener: &health::Listener| listener.state == health::ListenerState::Listening;
    let is_fault = |problem: &health::Problem| problem.severity == health::Severity::Fault;
    !health.status.problems.iter().any(is_fault)
        && health.status.listeners.iter().all(listens)
        && health.tasks.iter().all(|task| task.running)
}

/// How far the reading of history from transcripts is.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(test, derive(ts_rs::TS))]
pub(crate) struct Backfill {
    files: u64,
    files_read: u64,
    bytes: u64,
    bytes_read: u64,
    requests: u64,
    began_at: Time,
    ended_at: Option<Time>,
    /// By its speed so far; `null` while nothing tells, and at its end.
    seconds_left: Option<u64>,
}

impl Backfill {
    /// The state at a moment, from which the time left is counted.
    pub(crate) fn new(state: health::Backfill, now: Timestamp) -> Self {
        Self {
            files: state.files,
            files_read: state.files_read,
            bytes: state.bytes,
            bytes_read: state.bytes_read,
            requests: state.requests,
            began_at: Time(state.began),
            ended_at: state.ended.map(Time),
            seconds_left: state.left(now).map(|left| left.as_secs()),
        }
    }
}

/// One long-lived task.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(test, derive(ts_rs::TS))]
pub(crate) struct Task<'a> {
    name: &'static str,
    running: bool,
    restarts: u32,
    last_error: Option<&'a str>,
}

impl<'a> From<&'a health::TaskHealth> for Task<'a> {
    fn from(task: &'a health::TaskHealth) -> Self {
        Self {
            name: task.name,
            running: task.running,
            restarts: task.restarts,
            last_error: task.last_error.as_deref(),
        }
    }
}

/// One running count.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(test, derive(ts_rs::TS))]
pub(crate) struct Counter<'a> {
    name: &'static str,
    label: &'a str,
    value: u64,
}

impl<'a> From<&'a health::Counter> for Counter<'a> {
    fn from(counter: &'a health::Counter) -> Self {
        Self { name: counter.name, label: &counter.label, value: counter.value }
    }
}

/// A signal that no dialect knows.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(test, derive(ts_rs::TS))]
pub(crate) struct UnknownSignal<'a> {
    kind: &'static str,
    name: &'a str,
    attributes: &'a [String],
    seen: u64,
}

impl<'a> From<&'a health::UnknownSignal> for UnknownSignal<'a> {
    fn from(signal: &'a health::UnknownSignal) -> Self {
        Self {
            kind: signal.kind,
            name: &signal.name,
            attributes: &signal.attributes,
            seen: signal.seen,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::fixture;

    /// Scenario: a run of 90 seconds with a taken port, a restarted task and an unknown event.
    /// Guarantees: the JSON of all of it, and that it is called degraded.
    #[test]
    fn health_on_the_wire() {
        let health = fixture::health();
        let now = health.started.after(Duration::from_secs(90));
        insta::assert_json_snapshot!("health", Health::new(&health, "0.1.0", now, Revision(42)));
    }

    /// Scenario: one after the other, a listener, a problem and a task are not well.
    /// Guarantees: each of them alone makes the state degraded.
    #[test]
    fn one_fault_degrades() {
        let well = fixture::well();
        assert!(is_well(&well));
        let faulty = fixture::health();
        let status = |listeners, problems| health::Status { listeners, problems, backfill: None };
        let listener = status(faulty.status.listeners.clone(), Vec::new());
        let problem = status(Vec::new(), faulty.status.problems.clone());
        assert!(!is_well(&health::Health { status: listener, ..well.clone() }));
        assert!(!is_well(&health::Health { status: problem, ..well.clone() }));
        assert!(!is_well(&health::Health { tasks: faulty.tasks, ..well }));
    }
}
