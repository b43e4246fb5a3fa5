//! `plimsoll compactions`: what every compaction was, and whether it came unprepared.

use plimsoll_domain::{
    NanoUsd,
    text::{cost, plain, tokens},
};
use serde::Deserialize;

use super::{
    history::{Moment, Page, UNKNOWN},
    snapshot::{NAME, short},
};

/// Compactions, the newest first.
#[derive(Debug, Deserialize)]
pub(crate) struct Compactions {
    compactions: Vec<Compaction>,
    /// There where there are older ones.
    next: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Compaction {
    session_id: String,
    agent_id: Option<String>,
    project: Option<String>,
    at: String,
    trigger: String,
    before_tokens: Option<u64>,
    estimated_before_tokens: Option<u64>,
    estimated_after_tokens: Option<u64>,
    after_tokens: Option<u64>,
    cost_nano_usd: Option<i64>,
    duration_ms: Option<u64>,
    alerted: String,
    checkpoint_at: Option<String>,
}

impl Page for Compactions {
    const PATH: &str = "/api/v1/compactions";
    const NOTHING: &str = "Nothing was compacted.";
    const HEAD: &[&str] = &[
        "when",
        "project",
        "session",
        "trigger",
        "tokens",
        "cost",
        "took",
        "alerted",
        "checkpoint",
    ];

    fn rows(&self, moment: Moment<'_>) -> Vec<Vec<String>> {
        self.compactions.iter().map(|one| row(one, moment)).collect()
    }

    fn has_older(&self) -> bool {
        self.next.is_some()
    }
}

fn row(one: &Compaction, moment: Moment<'_>) -> Vec<String> {
    let of = if one.agent_id.is_some() { " (subagent)" } else { "" };
    let before = size(one.before_tokens, one.estimated_before_tokens);
    let after = size(one.after_tokens, one.estimated_after_tokens);
    let took = one.duration_ms.map(|millis| format!("{} s", millis.div_ceil(1_000)));
    let alerted = if one.alerted == "calm" { UNKNOWN } else { &one.alerted };
    vec![
        moment.clock(&one.at),
        plain(one.project.as_deref().unwrap_or(UNKNOWN), NAME),
        format!("{}{of}", plain(short(&one.session_id), NAME)),
        plain(&one.trigger, NAME),
        format!("{before} -> {after}"),
        one.cost_nano_usd.map_or_else(|| UNKNOWN.to_owned(), |nano| cost(Some(NanoUsd(nano)))),
        took.unwrap_or_else(|| UNKNOWN.to_owned()),
        plain(alerted, NAME),
        if one.checkpoint_at.is_some() { "yes" } else { "no" }.to_owned(),
    ]
}

/// A count, else the client's estimate.
fn size(counted: Option<u64>, estimated: Option<u64>) -> String {
    match (counted, estimated) {
        (Some(counted), _) => tokens(counted),
        (None, Some(estimated)) => format!("about {}", tokens(estimated)),
        (None, None) => UNKNOWN.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use plimsoll_domain::{Calendar, calendar::parse_rfc3339};
    use serde_json::{Value, json};

    use super::*;
    use crate::cli::history::show;

    fn shown(compactions: &Value) -> String {
        let mut out = Vec::new();
        let now = parse_rfc3339("2026-11-23T12:00:00Z").unwrap();
        let page: Compactions = serde_json::from_value(compactions.clone()).unwrap();
        show(&mut out, &page, Moment { calendar: &Calendar::utc(), now }).unwrap();
        String::from_utf8(out).unwrap()
    }

    /// Scenario: a compaction of which everything is known, one of which next to nothing is; none at all.
    /// Guarantees: a line each; a count goes before an estimate, which says that it is one; what is not known is a dash,
    /// never a zero.
    #[test]
    fn compactions_are_a_table() {
        let told = json!({"compactions": [
            {"sessionId": "0123456789", "agentId": null, "project": "engine",
             "at": "2026-11-23T11:00:00Z", "trigger": "auto", "beforeTokens": 166_000,
             "estimatedBeforeTokens": 170_000, "estimatedAfterTokens": 24_000,
             "afterTokens": null, "costNanoUsd": 310_000_000, "durationMs": 41_200,
             "alerted": "urgent", "checkpointAt": "2026-11-23T10:58:00Z"},
            {"sessionId": "feedface00", "agentId": "a1", "project": null,
             "at": "2026-11-22T11:00:00Z", "trigger": "manual", "beforeTokens": null,
             "estimatedBeforeTokens": null, "estimatedAfterTokens": null, "afterTokens": null,
             "costNanoUsd": null, "durationMs": null, "alerted": "calm", "checkpointAt": null}],
            "next": null});
        assert_eq!(
            shown(&told),
            "when           project  session              trigger  tokens             cost   took  alerted  checkpoint\n\
             11:00          engine   01234567             auto     166k -> about 24k  $0.31  42 s  urgent   yes\n\
             22 Nov, 11:00  -        feedface (subagent)  manual   - -> -             -      -     -        no\n"
        );
        assert_eq!(shown(&json!({"compactions": [], "next": null})), "Nothing was compacted.\n");
    }
}
