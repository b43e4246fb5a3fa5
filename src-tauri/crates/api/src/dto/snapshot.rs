//! Everything live at one moment, on the wire.

use plimsoll_domain::{Timestamp, health};
use plimsoll_watch as watch;
use serde::Serialize;

use super::{Backfill, Permille, Session, Time, Usage};

/// The resident that answers, at the moment it does.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Resident<'a> {
    /// The application's version.
    pub(crate) version: &'a str,
    /// When the run began.
    pub(crate) started: Timestamp,
    /// The time of the answer: a snapshot of an idle resident is old, and ages are counted from this.
    pub(crate) now: Timestamp,
}

/// Everything live at one moment.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(test, derive(ts_rs::TS))]
pub(crate) struct Snapshot<'a> {
    revision: i64,
    version: u64,
    as_of: Time,
    app_version: &'a str,
    started_at: Time,
    sessions: Vec<Session<'a>>,
    today: Today<'a>,
    limits: Limits,
    /// Of telemetry, hooks and status lines; what is read in files does not arrive.
    last_arrival_at: Option<Time>,
    listeners: Vec<Listener<'a>>,
    problems: Vec<Problem<'a>>,
    /// How far the last long reading of transcripts is, or what it came to; `null` before the first.
    backfill: Option<Backfill>,
}

impl<'a> Snapshot<'a> {
    /// A snapshot with the state of the resident.
    pub(crate) fn new(
        snapshot: &'a watch::Snapshot,
        status: &'a health::Status,
        resident: Resident<'a>,
    ) -> Self {
        let sessions = snapshot.sessions.iter();
        Self {
            revision: snapshot.revision.0,
            version: snapshot.version,
            as_of: Time(resident.now),
            app_version: resident.version,
            started_at: Time(resident.started),
            sessions: sessions.map(|view| Session::new(view)).collect(),
            today: Today::from(&snapshot.today),
            limits: snapshot.limits.into(),
            last_arrival_at: snapshot.last_arrival.map(Time),
            listeners: status.listeners.iter().map(Listener::from).collect(),
            problems: status.problems.iter().map(Problem::from).collect(),
            backfill: status.backfill.map(|state| Backfill::new(state, resident.now)),
        }
    }
}

/// Use since local midnight.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(test, derive(ts_rs::TS))]
pub(crate) struct Today<'a> {
    from: Time,
    time_zone: &'a str,
    usage: Usage,
}

impl<'a> From<&'a watch::Today> for Today<'a> {
    fn from(today: &'a watch::Today) -> Self {
        Self { from: Time(today.from), time_zone: &today.zone, usage: today.usage.into() }
    }
}

/// The limits of the user's plan, as a status line last told them; `null` where none did, or where the limit has
/// begun anew since.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(test, derive(ts_rs::TS))]
pub(crate) struct Limits {
    five_hour: Option<Limit>,
    seven_day: Option<Limit>,
}

impl From<watch::PlanLimits> for Limits {
    fn from(limits: watch::PlanLimits) -> Self {
        Self {
            five_hour: limits.five_hour.map(Limit::from),
            seven_day: limits.seven_day.map(Limit::from),
        }
    }
}

/// How much of a limit is used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(test, derive(ts_rs::TS))]
pub(crate) struct Limit {
    used_percent: Permille,
    resets_at: Time,
    /// When it was told: what its age is counted from.
    told_at: Time,
}

impl From<watch::ToldLimit> for Limit {
    fn from(told: watch::ToldLimit) -> Self {
        Self {
            used_percent: Permille::new(told.limit.used_permille),
            resets_at: Time(told.limit.resets),
            told_at: Time(told.told),
        }
    }
}

/// One address that the resident listens on, or would.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(test, derive(ts_rs::TS))]
pub(crate) struct Listener<'a> {
    #[cfg_attr(test, ts(type = "\"otlp-http\" | \"otlp-grpc\" | \"dashboard\""))]
    name: &'static str,
    addresses: &'a [String],
    #[cfg_attr(test, ts(type = "\"listening\" | \"portTaken\" | \"failed\""))]
    state: &'static str,
}

impl<'a> From<&'a health::Listener> for Listener<'a> {
    fn from(listener: &'a health::Listener) -> Self {
        let state = match listener.state {
            health::ListenerState::Listening => "listening",
            health::ListenerState::PortTaken => "portTaken",
            health::ListenerState::Failed => "failed",
        };
        Self { name: listener.name, addresses: &listener.addresses, state }
    }
}

/// Something that needs the user.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(test, derive(ts_rs::TS))]
pub(crate) struct Problem<'a> {
    code: &'static str,
    #[cfg_attr(test, ts(type = "\"fault\" | \"hint\""))]
    severity: &'static str,
    message: &'a str,
    since: Time,
}

impl<'a> From<&'a health::Problem> for Problem<'a> {
    fn from(problem: &'a health::Problem) -> Self {
        let severity = match problem.severity {
            health::Severity::Fault => "fault",
            health::Severity::Hint => "hint",
        };
        Self { code: problem.code, severity, message: &problem.message, since: Time(problem.since) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixture;

    /// Scenario: the first moment of a run: no session, nothing arrived, one port taken.
    /// Guarantees: the JSON that the page begins with; the last arrival is unknown, not 1970.
    #[test]
    fn an_empty_snapshot_on_the_wire() {
        let resident = Resident { version: "0.1.0", started: fixture::NOON, now: fixture::NOON };
        let snapshot = watch::Snapshot::default();
        let status = fixture::status();
        let json = Snapshot::new(&snapshot, &status, resident);
        insta::assert_json_snapshot!("snapshot_empty", json);
    }
}
