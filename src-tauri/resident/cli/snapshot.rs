//! The part of the engine's snapshot that a terminal shows.

use serde::Deserialize;

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Snapshot {
    pub(crate) sessions: Vec<Session>,
    pub(crate) today: Today,
    pub(crate) limits: Limits,
    pub(crate) last_arrival_at: Option<String>,
    pub(crate) listeners: Vec<Listener>,
    pub(crate) problems: Vec<Problem>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Session {
    pub(crate) session_id: String,
    pub(crate) project: Option<String>,
    pub(crate) model_name: Option<String>,
    pub(crate) state: String,
    pub(crate) context: Option<Context>,
    pub(crate) subagents: Vec<Subagent>,
    pub(crate) usage: Usage,
    pub(crate) source: Source,
    pub(crate) last_activity_at: String,
}

#[derive(Debug, Deserialize)]
pub(crate) struct Source {
    pub(crate) kind: String,
    pub(crate) reason: Option<String>,
    pub(crate) since: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Subagent {
    pub(crate) agent_id: String,
    pub(crate) name: Option<String>,
    pub(crate) model_name: String,
    pub(crate) state: String,
    pub(crate) context: Context,
    pub(crate) last_activity_at: String,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Context {
    pub(crate) occupancy_tokens: u64,
    pub(crate) estimated: bool,
    pub(crate) window_tokens: u64,
    pub(crate) line: Line,
    pub(crate) headroom_tokens: u64,
    pub(crate) level: String,
}

#[derive(Debug, Deserialize)]
pub(crate) struct Line {
    pub(crate) tokens: u64,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Limits {
    pub(crate) five_hour: Option<Limit>,
    pub(crate) seven_day: Option<Limit>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Limit {
    pub(crate) used_percent: f64,
    pub(crate) resets_at: String,
    pub(crate) told_at: String,
}

#[derive(Debug, Deserialize)]
pub(crate) struct Today {
    pub(crate) usage: Usage,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Usage {
    pub(crate) tokens: Tokens,
    pub(crate) cost_nano_usd: Option<i64>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Tokens {
    pub(crate) input: u64,
    pub(crate) output: u64,
    pub(crate) cache_read: u64,
    pub(crate) cache_creation: u64,
    pub(crate) total: u64,
}

#[derive(Debug, Deserialize)]
pub(crate) struct Listener {
    pub(crate) name: String,
    pub(crate) addresses: Vec<String>,
    pub(crate) state: String,
}

#[derive(Debug, Deserialize)]
pub(crate) struct Problem {
    pub(crate) message: String,
}
