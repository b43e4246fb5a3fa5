//! What the stream tells after the snapshot.

use plimsoll_domain::{self as domain, LineKind};
use serde::Serialize;

use super::{
    Backfill, Limits, Listener, Permille, Problem, Session, Time, Today,
    session::{LevelName, Line},
};

/// What differs between the snapshot sent last and the newest; versions skipped are contained in it.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(test, derive(ts_rs::TS))]
pub(crate) struct Change<'a> {
    pub(crate) revision: i64,
    /// Grows with every change of one stream.
    pub(crate) version: u64,
    pub(crate) as_of: Time,
    /// The changed and the new ones.
    pub(crate) sessions: Vec<Session<'a>>,
    pub(crate) removed: Vec<&'a str>,
    /// Every session's id, in the order to show.
    pub(crate) order: Vec<&'a str>,
    /// `null` where it did not change, as `limits`, `listeners`, `problems` and `backfill`.
    pub(crate) today: Option<Today<'a>>,
    pub(crate) limits: Option<Limits>,
    pub(crate) last_arrival_at: Option<Time>,
    pub(crate) listeners: Option<Vec<Listener<'a>>>,
    pub(crate) problems: Option<Vec<Problem<'a>>>,
    pub(crate) backfill: Option<Backfill>,
}

/// A thread reached a level, once a cycle and level.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(test, derive(ts_rs::TS))]
pub(crate) struct LevelReached<'a> {
    revision: i64,
    session_id: &'a str,
    agent_id: Option<&'a str>,
    project: Option<&'a str>,
    level: LevelName,
    occupancy_tokens: u64,
    line: Line,
    percent_of_line: Permille,
    cycle_started_at: Time,
    at: Time,
}

impl<'a> LevelReached<'a> {
    /// An alert, and the path of the project where it is known.
    pub(crate) fn new(alert: &'a domain::Alert, project: Option<&'a str>) -> Self {
        // Every line of an alert is by formula so far.
        let line = domain::Line { tokens: alert.line, kind: LineKind::Assumed, observations: 0 };
        Self {
            revision: alert.revision.unwrap_or_default().0,
            session_id: alert.thread.session.as_str(),
            agent_id: alert.thread.agent.as_ref().map(domain::AgentId::as_str),
            project: project.and_then(domain::text::folder),
            level: Some(alert.level).into(),
            occupancy_tokens: alert.occupancy,
            line: line.into(),
            percent_of_line: Permille::ratio(alert.occupancy, alert.line),
            cycle_started_at: Time(alert.cycle),
            at: Time(alert.at),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixture;

    /// Scenario: a main thread reaches the checkpoint level.
    /// Guarantees: the JSON that tells of it.
    #[test]
    fn a_level_on_the_wire() {
        let alert = fixture::alert(7);
        let reached = LevelReached::new(&alert, Some("/home/ada/work/engine"));
        insta::assert_json_snapshot!("session_level", reached);
    }
}
