//! Alerts, checkpoints, compactions and wishes for quiet, on the wire.

use plimsoll_domain::{self as domain, AgentId, CompactionTrigger, NanoUsd, Scope};
use plimsoll_ledger as ledger;
use serde::Serialize;

use super::{LevelName, Permille, Time};
use crate::orders::Tried;

/// A thread reached a level, once a cycle and level.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(test, derive(ts_rs::TS))]
pub(crate) struct LevelReached<'a> {
    revision: i64,
    session_id: &'a str,
    agent_id: Option<&'a str>,
    project: Option<&'a str>,
    model: Option<&'a str>,
    level: LevelName,
    occupancy_tokens: u64,
    line_tokens: u64,
    /// Whether the client compacts at the line; else it is where the API refuses.
    compacts: bool,
    percent_of_line: Permille,
    /// Requests that were likely to fit before the line.
    turns_left: Option<u32>,
    /// The same in minutes of work.
    minutes_left: Option<u32>,
    cycle_started_at: Time,
    at: Time,
}

impl<'a> LevelReached<'a> {
    /// An alert, and the path of the project where it is known.
    pub(crate) fn new(alert: &'a domain::Alert, project: Option<&'a str>) -> Self {
        Self {
            revision: alert.revision.unwrap_or_default().0,
            session_id: alert.thread.session.as_str(),
            agent_id: alert.thread.agent.as_ref().map(AgentId::as_str),
            project: project.and_then(domain::text::folder),
            model: alert.model.as_ref().map(domain::Model::as_str),
            level: Some(alert.level).into(),
            occupancy_tokens: alert.occupancy,
            line_tokens: alert.line,
            compacts: alert.compacts,
            percent_of_line: Permille::ratio(alert.occupancy, alert.line),
            turns_left: alert.turns,
            minutes_left: alert.minutes,
            cycle_started_at: Time(alert.cycle),
            at: Time(alert.at),
        }
    }
}

/// What one action of an alert came to.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(test, derive(ts_rs::TS))]
pub(crate) struct Outcome<'a> {
    #[cfg_attr(test, ts(type = "\"notification\" | \"command\" | \"webhook\" | \"inSession\""))]
    action: &'static str,
    #[cfg_attr(test, ts(type = "\"begun\" | \"done\" | \"failed\" | \"quiet\""))]
    result: &'static str,
    detail: Option<&'a str>,
    at: Time,
}

impl<'a> From<&'a domain::Outcome> for Outcome<'a> {
    fn from(outcome: &'a domain::Outcome) -> Self {
        Self {
            action: outcome.action.name(),
            result: outcome.result.name(),
            detail: outcome.detail.as_deref(),
            at: Time(outcome.at),
        }
    }
}

/// An alert, what was done about it, and whether it was acknowledged.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(test, derive(ts_rs::TS))]
pub(crate) struct Alert<'a> {
    #[serde(flatten)]
    reached: LevelReached<'a>,
    outcomes: Vec<Outcome<'a>>,
    /// When a checkpoint was acknowledged after it, in the same cycle.
    acknowledged_at: Option<Time>,
}

impl<'a> From<&'a ledger::AlertRecord> for Alert<'a> {
    fn from(record: &'a ledger::AlertRecord) -> Self {
        Self {
            reached: LevelReached::new(&record.alert, record.project.as_deref()),
            outcomes: record.outcomes.iter().map(Outcome::from).collect(),
            acknowledged_at: record.acknowledged.map(Time),
        }
    }
}

/// Alerts, the newest first. `next` is the `before` of the following page.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(test, derive(ts_rs::TS))]
pub(crate) struct Alerts<'a> {
    pub(crate) alerts: Vec<Alert<'a>>,
    pub(crate) next: Option<i64>,
}

/// An acknowledged checkpoint.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(test, derive(ts_rs::TS))]
pub(crate) struct Checkpoint<'a> {
    session_id: &'a str,
    at: Time,
    note: Option<&'a str>,
    path: Option<&'a str>,
    tokens: Option<u64>,
    revision: Option<i64>,
}

impl<'a> From<&'a domain::Checkpoint> for Checkpoint<'a> {
    fn from(checkpoint: &'a domain::Checkpoint) -> Self {
        Self {
            session_id: checkpoint.session.as_str(),
            at: Time(checkpoint.at),
            note: checkpoint.note.as_deref(),
            path: checkpoint.path.as_deref(),
            tokens: checkpoint.tokens,
            revision: checkpoint.revision.map(|revision| revision.0),
        }
    }
}

/// Checkpoints, the newest first.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(test, derive(ts_rs::TS))]
pub(crate) struct Checkpoints<'a> {
    pub(crate) checkpoints: Vec<Checkpoint<'a>>,
}

/// One compaction.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(test, derive(ts_rs::TS))]
pub(crate) struct Compaction<'a> {
    session_id: &'a str,
    agent_id: Option<&'a str>,
    project: Option<&'a str>,
    project_path: Option<&'a str>,
    model: Option<&'a str>,
    client_version: Option<&'a str>,
    at: Time,
    #[cfg_attr(test, ts(type = "\"auto\" | \"manual\""))]
    trigger: &'static str,
    /// The occupancy after the thread's last request before it.
    before_tokens: Option<u64>,
    /// The client's own estimates.
    estimated_before_tokens: Option<u64>,
    estimated_after_tokens: Option<u64>,
    /// The occupancy after the thread's first request after it.
    after_tokens: Option<u64>,
    /// The request that wrote the summary.
    request_id: Option<&'a str>,
    cost_nano_usd: Option<i64>,
    duration_ms: Option<u64>,
    /// The highest level that spoke before it.
    alerted: LevelName,
    /// When a checkpoint was last acknowledged before it; `null`: none was.
    checkpoint_at: Option<Time>,
}

impl<'a> From<&'a domain::CompactionRecord> for Compaction<'a> {
    fn from(record: &'a domain::CompactionRecord) -> Self {
        Self {
            session_id: record.session.as_str(),
            agent_id: record.agent.as_ref().map(AgentId::as_str),
            project: record.project.as_deref().and_then(domain::text::folder),
            project_path: record.project.as_deref(),
            model: record.model.as_ref().map(domain::Model::as_str),
            client_version: record.client_version.as_deref(),
            at: Time(record.at),
            trigger: match record.trigger {
                CompactionTrigger::Auto => "auto",
                CompactionTrigger::Manual => "manual",
            },
            before_tokens: record.before,
            estimated_before_tokens: record.estimate_before,
            estimated_after_tokens: record.estimate_after,
            after_tokens: record.after,
            request_id: record.request.as_deref(),
            cost_nano_usd: record.cost.map(|NanoUsd(nano)| nano),
            duration_ms: record.duration_ms,
            alerted: record.alerted.into(),
            checkpoint_at: record.checkpoint.map(Time),
        }
    }
}

/// Compactions, the newest first. `next` is the `before` of the following page.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(test, derive(ts_rs::TS))]
pub(crate) struct Compactions<'a> {
    pub(crate) compactions: Vec<Compaction<'a>>,
    pub(crate) next: Option<String>,
}

/// A wish for quiet.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(test, derive(ts_rs::TS))]
pub(crate) struct Silence<'a> {
    /// The session it is about, or
    session_id: Option<&'a str>,
    /// the project's folder; neither: all sessions.
    project_path: Option<&'a str>,
    /// `null`: until it is taken back.
    until: Option<Time>,
}

impl<'a> From<&'a domain::Silence> for Silence<'a> {
    fn from(silence: &'a domain::Silence) -> Self {
        let (session_id, project_path) = match &silence.scope {
            Scope::All => (None, None),
            Scope::Project(path) => (None, Some(&**path)),
            Scope::Session(session) => (Some(session.as_str()), None),
        };
        Self { session_id, project_path, until: silence.until.map(Time) }
    }
}

/// The wishes for quiet that hold.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(test, derive(ts_rs::TS))]
pub(crate) struct Quiet<'a> {
    pub(crate) silences: Vec<Silence<'a>>,
}

/// What the actions of a level came to in a rehearsal.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(test, derive(ts_rs::TS))]
pub(crate) struct Rehearsed {
    pub(crate) actions: Vec<RehearsedAction>,
}

/// What one action came to in a rehearsal.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(test, derive(ts_rs::TS))]
pub(crate) struct RehearsedAction {
    #[cfg_attr(test, ts(type = "\"notification\" | \"command\" | \"webhook\" | \"inSession\""))]
    action: &'static str,
    #[cfg_attr(test, ts(type = "\"done\" | \"failed\" | \"off\""))]
    result: &'static str,
    detail: Option<String>,
}

impl From<Tried> for RehearsedAction {
    fn from(tried: Tried) -> Self {
        let result = match tried.worked {
            Some(true) => "done",
            Some(false) => "failed",
            None => "off",
        };
        Self { action: tried.action.name(), result, detail: tried.detail }
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

    /// Scenario: a compaction of which everything is known.
    /// Guarantees: the JSON of the ledger of compactions.
    #[test]
    fn a_compaction_on_the_wire() {
        insta::assert_json_snapshot!("compaction", Compaction::from(&fixture::compaction()));
    }
}
