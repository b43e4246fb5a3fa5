//! `plimsoll compactions`: what every compaction was, and whether it came unprepared.

use std::io::{self, Write};

use anyhow::Context as _;
use plimsoll_domain::{
    Calendar, NanoUsd, Timestamp,
    text::{cost, plain, tokens},
};
use plimsoll_programs::{Surroundings, now};
use serde::Deserialize;

use super::{
    history::{Moment, UNKNOWN, of_session},
    snapshot::{NAME, short},
    table::Table,
};

#[derive(Debug, clap::Args)]
pub(crate) struct Flags {
    /// Only those of a session: its id, or the beginning of a live one's
    #[arg(long, value_name = "ID")]
    session: Option<String>,
    /// Print the compactions as JSON, as the API gives them
    #[arg(long)]
    json: bool,
}

/// Compactions, the newest first.
#[derive(Debug, Deserialize)]
struct Compactions {
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

pub(crate) fn run(flags: &Flags, around: &Surroundings) -> anyhow::Result<()> {
    let body = of_session("/api/v1/compactions", flags.session.as_deref(), around)?;
    let mut out = io::stdout().lock();
    if flags.json {
        out.write_all(&body)?;
        writeln!(out)?;
    } else {
        let compactions =
            serde_json::from_slice(&body).context("Plimsoll gave an answer of another version")?;
        show(&mut out, &compactions, &Calendar::system(), now())?;
    }
    Ok(out.flush()?)
}

fn show(
    out: &mut impl Write,
    compactions: &Compactions,
    calendar: &Calendar,
    now: Timestamp,
) -> io::Result<()> {
    if compactions.compactions.is_empty() {
        return writeln!(out, "Nothing was compacted.");
    }
    let moment = Moment { calendar, now };
    let mut table = Table::default();
    let head = [
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
    table.push(head.map(str::to_owned).to_vec());
    compactions.compactions.iter().for_each(|one| table.push(row(one, moment)));
    table.write(out, "")?;
    match compactions.next {
        None => Ok(()),
        Some(_) => writeln!(out, "Older ones are not shown."),
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
    use plimsoll_domain::calendar::parse_rfc3339;
    use serde_json::{Value, json};

    use super::*;

    fn shown(compactions: &Value) -> String {
        let mut out = Vec::new();
        let now = parse_rfc3339("2026-11-23T12:00:00Z").unwrap();
        let compactions = serde_json::from_value(compactions.clone()).unwrap();
        show(&mut out, &compactions, &Calendar::utc(), now).unwrap();
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
