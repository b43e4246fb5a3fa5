//! `plimsoll status`: the live sessions, once.

use std::io::{self, Write};

use anyhow::Context as _;
use plimsoll_client::Client;
use plimsoll_domain::{
    NanoUsd, Timestamp,
    text::{self, plain, tokens},
};

use plimsoll_programs::{Surroundings, now};

use super::{
    asked, command_runtime,
    snapshot::{Context, Listener, Session, Snapshot, Subagent, Tokens, Usage},
    table::Table,
    text::{age, gauge},
};

/// How wide a project's name may be.
const NAME: usize = 28;

#[derive(Debug, clap::Args)]
pub(crate) struct Flags {
    /// Print the snapshot as JSON, as the API gives it
    #[arg(long)]
    json: bool,
}

pub(crate) fn run(flags: &Flags, around: &Surroundings) -> anyhow::Result<()> {
    let client = asked(Client::find(&around.places.runtime))?;
    let body = command_runtime()?.block_on(client.get("/api/v1/snapshot"));
    let body = asked(body)?;
    let mut out = io::stdout().lock();
    if flags.json {
        out.write_all(&body)?;
        writeln!(out)?;
        return Ok(());
    }
    let snapshot =
        serde_json::from_slice(&body).context("Plimsoll gave an answer of another version")?;
    show(&mut out, &snapshot, now())?;
    if let Some(url) = &client.runtime().dashboard {
        writeln!(out, "Dashboard: {}", url.replace("127.0.0.1", "localhost"))?;
    }
    out.flush()?;
    Ok(())
}

fn show(out: &mut impl Write, snapshot: &Snapshot, now: Timestamp) -> io::Result<()> {
    writeln!(out, "{}", sentence(snapshot))?;
    for problem in snapshot.problems.iter().skip(1) {
        writeln!(out, "{}", plain(&problem.message, usize::MAX))?;
    }
    let mut table = Table::default();
    for session in &snapshot.sessions {
        table.push(session_row(session, now));
        for agent in &session.subagents {
            table.push(subagent_row(agent, now));
        }
    }
    if !snapshot.sessions.is_empty() {
        writeln!(out)?;
        table.write(out, "  ")?;
    }
    let used = &snapshot.today.usage;
    writeln!(out, "\nToday: {}, {}", in_detail(&used.tokens), cost(used))?;
    writeln!(out, "{}", receivers(snapshot, now))
}

/// Whether anything needs the user.
fn sentence(snapshot: &Snapshot) -> String {
    if let Some(problem) = snapshot.problems.first() {
        return plain(&problem.message, usize::MAX);
    }
    let nearest = snapshot
        .sessions
        .iter()
        .find_map(|session| session.context.as_ref().map(|context| (name(session), context)));
    match nearest {
        None if snapshot.sessions.is_empty() && snapshot.last_arrival_at.is_none() => {
            "Nothing has arrived yet. Start Claude Code with telemetry on; `plimsoll` prints how."
                .to_owned()
        }
        None if snapshot.sessions.is_empty() => "No session is active.".to_owned(),
        None => "Nothing needs you. No session has told its context yet.".to_owned(),
        Some((name, context)) if context.level == "calm" => format!(
            "Nothing needs you. The nearest, {name}, is at {} of its line.",
            percent(context)
        ),
        Some((name, context)) => format!(
            "{name} is at {} of its line: {} tokens left.",
            percent(context),
            tokens(context.headroom_tokens)
        ),
    }
}

fn name(session: &Session) -> String {
    match &session.project {
        Some(project) => plain(project, NAME),
        None => format!("session {}", plain(short(&session.session_id), NAME)),
    }
}

/// The first part of an id, enough for people to tell sessions apart.
fn short(id: &str) -> &str {
    id.split_at_checked(8).map_or(id, |(head, _)| head)
}

fn percent(context: &Context) -> String {
    text::percent(context.occupancy_tokens, context.line.tokens)
}

fn cost(usage: &Usage) -> String {
    text::cost(usage.cost_nano_usd.map(NanoUsd))
}

fn session_row(session: &Session, now: Timestamp) -> Vec<String> {
    let mut row = vec![name(session), session.model_name.clone().unwrap_or_default()];
    match &session.context {
        Some(context) => row.extend(gauge_cells(context)),
        None => row.extend(["(no gauge)", "", "", ""].map(str::to_owned)),
    }
    row.extend([session.state.clone(), age(&session.last_activity_at, now), cost(&session.usage)]);
    row
}

fn subagent_row(agent: &Subagent, now: Timestamp) -> Vec<String> {
    let name = agent.name.as_deref().unwrap_or(short(&agent.agent_id));
    let mut row = vec![format!("  {}", plain(name, NAME)), agent.model_name.clone()];
    row.extend(gauge_cells(&agent.context));
    row.extend([agent.state.clone(), age(&agent.last_activity_at, now), String::new()]);
    row
}

fn gauge_cells(context: &Context) -> [String; 4] {
    let (occupancy, line) = (context.occupancy_tokens, context.line.tokens);
    let about = if context.estimated { "about " } else { "" };
    [
        gauge(occupancy, line, context.window_tokens),
        format!("{:>5}", percent(context)),
        format!("{about}{} of {}", tokens(occupancy), tokens(line)),
        context.level.clone(),
    ]
}

fn in_detail(used: &Tokens) -> String {
    format!(
        "{} tokens ({} fresh, {} re-read, {} written, {} output)",
        tokens(used.total),
        tokens(used.input),
        tokens(used.cache_read),
        tokens(used.cache_creation),
        tokens(used.output)
    )
}

fn receivers(snapshot: &Snapshot, now: Timestamp) -> String {
    let shown = |listener: &Listener| {
        let address = listener.addresses.first().map_or("", String::as_str);
        match listener.state.as_str() {
            "listening" => format!("{} on {address}", listener.name),
            "portTaken" => format!("{} NOT on {address} (port taken)", listener.name),
            _ => format!("{} NOT on {address} (failed)", listener.name),
        }
    };
    let listeners = snapshot.listeners.iter().filter(|listener| listener.name != "dashboard");
    let last = snapshot.last_arrival_at.as_ref();
    let last = last.map_or("nothing arrived yet".to_owned(), |time| {
        format!("last arrival {}", age(time, now))
    });
    format!("Receivers: {}; {last}", listeners.map(shown).collect::<Vec<_>>().join(", "))
}

#[cfg(test)]
mod tests {
    use plimsoll_domain::calendar::parse_rfc3339;
    use serde_json::{Value, json};

    use super::*;

    fn context(occupancy: u64, level: &str) -> Value {
        json!({
            "occupancyTokens": occupancy, "estimated": false, "windowTokens": 200_000,
            "windowKind": "table", "line": {"tokens": 167_000, "kind": "assumed", "observations": 0},
            "headroomTokens": 167_000 - occupancy, "level": level, "levels": [],
            "asOf": "2026-11-23T11:59:48.000Z"
        })
    }

    fn snapshot(sessions: &Value, problems: &Value) -> Value {
        let tokens = json!({"input": 12_000, "output": 20_000, "cacheRead": 1_100_000,
                            "cacheCreation": 80_000, "total": 1_212_000});
        json!({
            "revision": 4, "version": 2, "sessions": sessions,
            "today": {"from": "2026-11-23T00:00:00.000Z", "timeZone": "UTC",
                      "usage": {"tokens": tokens, "requests": 4, "costNanoUsd": 3_451_000_000_i64}},
            "lastArrivalAt": "2026-11-23T11:59:57.000Z",
            "listeners": [
                {"name": "otlp-http", "addresses": ["127.0.0.1:4318"], "state": "listening"},
                {"name": "otlp-grpc", "addresses": ["127.0.0.1:4317"], "state": "portTaken"},
                {"name": "dashboard", "addresses": ["127.0.0.1:3030"], "state": "listening"}],
            "problems": problems
        })
    }

    fn session(id: &str, project: &Value, context: &Value, subagents: &Value) -> Value {
        json!({
            "sessionId": id, "project": project, "modelName": "Opus 4.6", "state": "working",
            "context": context, "subagents": subagents,
            "usage": {"tokens": {"input": 1, "output": 1, "cacheRead": 1, "cacheCreation": 1,
                                 "total": 4}, "costNanoUsd": null},
            "lastActivityAt": "2026-11-23T11:59:48.000Z"
        })
    }

    fn shown(snapshot: Value) -> String {
        let mut out = Vec::new();
        let now = parse_rfc3339("2026-11-23T12:00:00Z").unwrap();
        show(&mut out, &serde_json::from_value(snapshot).unwrap(), now).unwrap();
        String::from_utf8(out).unwrap()
    }

    /// Scenario: a session near its line with a subagent, and one of which only metrics tell; a taken port.
    /// Guarantees: sentence, lined-up gauges with ages, today, and the receivers' state.
    #[test]
    fn sessions_are_shown_with_their_gauges() {
        let agent = json!([{"agentId": "a1", "name": "Explore", "model": "m",
            "modelName": "Haiku 4.5", "state": "idle", "context": context(20_000, "calm"),
            "lastActivityAt": "2026-11-23T11:58:00.000Z"}]);
        let near = session("s1", &json!("harbour-api"), &context(151_000, "checkpoint"), &agent);
        let metered = session("0123456789", &Value::Null, &Value::Null, &json!([]));
        assert_eq!(
            shown(snapshot(&json!([near, metered]), &json!([]))),
            "harbour-api is at 90 % of its line: 16k tokens left.\n\
             \n\
             \x20 harbour-api       Opus 4.6   [###############--|...]   90 %  151k of 167k  checkpoint  working  12 s ago   no price\n\
             \x20   Explore         Haiku 4.5  [##---------------|...]   12 %  20k of 167k   calm        idle     2 min ago\n\
             \x20 session 01234567  Opus 4.6   (no gauge)                                                working  12 s ago   no price\n\
             \n\
             Today: 1.2M tokens (12k fresh, 1.1M re-read, 80k written, 20k output), $3.45\n\
             Receivers: otlp-http on 127.0.0.1:4318, otlp-grpc NOT on 127.0.0.1:4317 (port taken); last arrival 3 s ago\n"
        );
    }

    /// Scenario: a calm session, no session, and a problem.
    /// Guarantees: the sentence says whether anything needs the user; a problem goes first.
    #[test]
    fn the_sentence_says_what_needs_the_user() {
        let first = |sessions: &Value, problems: &Value| {
            shown(snapshot(sessions, problems)).lines().next().unwrap_or_default().to_owned()
        };
        let calm = session("s1", &json!("logbook"), &context(16_700, "calm"), &json!([]));
        assert_eq!(
            first(&json!([calm.clone()]), &json!([])),
            "Nothing needs you. The nearest, logbook, is at 10 % of its line."
        );
        assert_eq!(first(&json!([]), &json!([])), "No session is active.");
        let problem =
            json!([{"code": "port-taken", "message": "Port 4318 is taken.", "since": "t"}]);
        assert_eq!(first(&json!([calm]), &problem), "Port 4318 is taken.");
    }
}
