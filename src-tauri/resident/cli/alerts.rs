//! `plimsoll alerts`: which levels spoke, what was done about it, and what was acknowledged.

use plimsoll_domain::text::{plain, tokens};
use serde::Deserialize;

use super::{
    history::{Moment, Page, UNKNOWN},
    snapshot::{NAME, short},
};

/// How much of what an action came to is shown, in characters.
const DETAIL: usize = 60;

/// Alerts, the newest first.
#[derive(Debug, Deserialize)]
pub(crate) struct Alerts {
    alerts: Vec<Alert>,
    /// There where there are older ones.
    next: Option<i64>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Alert {
    session_id: String,
    agent_id: Option<String>,
    project: Option<String>,
    level: String,
    occupancy_tokens: u64,
    line_tokens: u64,
    at: String,
    outcomes: Vec<Outcome>,
    acknowledged_at: Option<String>,
}

#[derive(Debug, Deserialize)]
struct Outcome {
    action: String,
    result: String,
    detail: Option<String>,
}

impl Page for Alerts {
    const PATH: &str = "/api/v1/alerts";
    const NOTHING: &str = "No level has spoken.";
    const HEAD: &[&str] =
        &["when", "project", "session", "level", "context", "acknowledged", "actions"];

    fn rows(&self, moment: Moment<'_>) -> Vec<Vec<String>> {
        self.alerts.iter().map(|one| row(one, moment)).collect()
    }

    fn has_older(&self) -> bool {
        self.next.is_some()
    }
}

fn row(alert: &Alert, moment: Moment<'_>) -> Vec<String> {
    let of = if alert.agent_id.is_some() { " (subagent)" } else { "" };
    let outcomes: Vec<String> = alert.outcomes.iter().map(in_words).collect();
    let acknowledged = alert.acknowledged_at.as_deref().map(|at| moment.clock(at));
    vec![
        moment.clock(&alert.at),
        plain(alert.project.as_deref().unwrap_or(UNKNOWN), NAME),
        format!("{}{of}", plain(short(&alert.session_id), NAME)),
        alert.level.clone(),
        format!("{} of {}", tokens(alert.occupancy_tokens), tokens(alert.line_tokens)),
        acknowledged.unwrap_or_else(|| "no".to_owned()),
        if outcomes.is_empty() { UNKNOWN.to_owned() } else { outcomes.join(", ") },
    ]
}

/// `command failed: exit code 1`
fn in_words(outcome: &Outcome) -> String {
    let Outcome { action, result, detail } = outcome;
    let begin = format!("{} {}", action_name(action), plain(result, NAME));
    match first_line(detail.as_deref()).filter(|_| result == "failed") {
        Some(detail) => format!("{begin}: {detail}"),
        None => begin,
    }
}

/// An action's name for people.
pub(crate) fn action_name(action: &str) -> String {
    if action == "inSession" { "in session".to_owned() } else { plain(action, NAME) }
}

/// The beginning of what an action came to.
pub(crate) fn first_line(detail: Option<&str>) -> Option<String> {
    let line = detail?.lines().next()?;
    Some(plain(line, DETAIL))
}

#[cfg(test)]
mod tests {
    use plimsoll_domain::{Calendar, calendar::parse_rfc3339};
    use serde_json::{Value, json};

    use super::*;
    use crate::cli::history::show;

    fn shown(alerts: &Value) -> String {
        let mut out = Vec::new();
        let now = parse_rfc3339("2026-11-23T12:00:00Z").unwrap();
        let page: Alerts = serde_json::from_value(alerts.clone()).unwrap();
        show(&mut out, &page, Moment { calendar: &Calendar::utc(), now }).unwrap();
        String::from_utf8(out).unwrap()
    }

    /// Scenario: an acknowledged alert whose command failed, an older one of a subagent about which nothing was done,
    /// and that there are more; none at all.
    /// Guarantees: a line each, with what failed and why; what was not acknowledged says so.
    #[test]
    fn alerts_are_a_table() {
        let failed = "exit code 1\nand more\u{1b}[2J";
        let alert = |at: &str, agent: Value, outcomes: Value, acknowledged: Value| {
            json!({"sessionId": "0123456789", "agentId": agent, "project": "engine",
                "level": "checkpoint", "occupancyTokens": 134_000, "lineTokens": 167_000,
                "at": at, "outcomes": outcomes, "acknowledgedAt": acknowledged})
        };
        let told = json!({"alerts": [
            alert("2026-11-23T11:00:00Z", Value::Null, json!([
                {"action": "notification", "result": "done", "detail": null},
                {"action": "command", "result": "failed", "detail": failed},
                {"action": "inSession", "result": "begun", "detail": "text"}]),
                json!("2026-11-23T11:02:00Z")),
            alert("2026-11-22T09:00:00Z", json!("a1"), json!([]), Value::Null)], "next": 7});
        assert_eq!(
            shown(&told),
            "when           project  session              level       context       acknowledged  actions\n\
             11:00          engine   01234567             checkpoint  134k of 167k  11:02         notification done, command failed: exit code 1, in session begun\n\
             22 Nov, 09:00  engine   01234567 (subagent)  checkpoint  134k of 167k  no            -\n\
             Older ones are not shown.\n"
        );
        assert_eq!(shown(&json!({"alerts": [], "next": null})), "No level has spoken.\n");
    }
}
