//! `plimsoll status`: the live sessions, once.

use std::io::{self, Write};

use anyhow::Context as _;
use plimsoll_client::Client;
use plimsoll_domain::{
    Calendar, NanoUsd, Timestamp,
    calendar::parse_rfc3339,
    text::{self, plain, tokens},
};

use plimsoll_programs::{Surroundings, now};

use super::{
    asked, asked_of_ledger, command_runtime, doctor,
    history::Moment,
    snapshot::{
        Context, Forecast, Limit, Listener, NAME, Session, Snapshot, Source, Subagent, Tokens,
        Usage, short,
    },
    table::Table,
    text::{age, room},
    warning,
};

const INDENT: &str = "  ";

#[derive(Debug, clap::Args)]
pub(crate) struct Flags {
    /// Print the snapshot as JSON, as the API gives it
    #[arg(long)]
    json: bool,
}

pub(crate) fn run(flags: &Flags, around: &Surroundings) -> anyhow::Result<()> {
    let client = asked(Client::find(&around.places.runtime))?;
    let (body, doctor, warned) = command_runtime()?.block_on(async {
        let answer = client.get("/api/v1/snapshot").await;
        let body = asked_of_ledger(&client, answer).await?;
        // What is asked for does not depend on it.
        if flags.json {
            return anyhow::Ok((body, None, None));
        }
        let doctor = client.get("/api/v1/doctor").await.ok();
        Ok((body, doctor, client.get(warning::LAST).await.ok()))
    })?;
    let mut out = io::stdout().lock();
    if flags.json {
        out.write_all(&body)?;
        writeln!(out)?;
        return Ok(());
    }
    let snapshot =
        serde_json::from_slice(&body).context("Plimsoll gave an answer of another version")?;
    let calendar = Calendar::system();
    show(&mut out, &snapshot, Moment { now: now(), calendar: &calendar }, room())?;
    if let Some(line) = warned.and_then(|answer| warning::line(&answer, now())) {
        writeln!(out, "Warned {line}")?;
    }
    if let Some(url) = &client.runtime().dashboard {
        writeln!(out, "Dashboard: {}", url.replace("127.0.0.1", "localhost"))?;
    }
    if let Some(report) = doctor.and_then(|answer| doctor::Report::read(&answer).ok()) {
        writeln!(out, "{}", report.sentence())?;
        if let Some(next) = report.next_step() {
            writeln!(out, "Next: {}", plain(&next, usize::MAX))?;
        }
    }
    out.flush()?;
    Ok(())
}

/// Where `room`, in characters, is enough for it, with what is left and how the line is known.
fn show(
    out: &mut impl Write,
    snapshot: &Snapshot,
    moment: Moment<'_>,
    room: usize,
) -> io::Result<()> {
    writeln!(out, "{}", snapshot.sentence())?;
    for problem in snapshot.problems.iter().skip(1) {
        writeln!(out, "{}", plain(&problem.message, usize::MAX))?;
    }
    if !snapshot.sessions.is_empty() {
        writeln!(out)?;
        let full = table(snapshot, moment, Detail::Full);
        let table = if full.width() + INDENT.len() <= room {
            full
        } else {
            table(snapshot, moment, Detail::Short)
        };
        table.write(out, INDENT)?;
    }
    let now = moment.now;
    let used = &snapshot.today.usage;
    writeln!(out, "\nToday: {}, {}", in_detail(&used.tokens), cost(used))?;
    let limits = [("5 h", &snapshot.limits.five_hour), ("7 day", &snapshot.limits.seven_day)];
    for (name, limit) in limits {
        if let Some(limit) = limit {
            writeln!(out, "{name} limit: {}", used_of(limit, now))?;
        }
    }
    writeln!(out, "{}", receivers(snapshot, now))
}

/// How much of a context is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Detail {
    Short,
    /// With the forecast, and how the line is known.
    Full,
}

fn table(snapshot: &Snapshot, moment: Moment<'_>, detail: Detail) -> Table {
    let mut table = Table::default();
    for session in &snapshot.sessions {
        table.push(session_row(session, moment, detail));
        for agent in &session.subagents {
            table.push(subagent_row(agent, moment.now, detail));
        }
    }
    table
}

fn cost(usage: &Usage) -> String {
    match usage.cost_nano_usd {
        None if usage.tokens.total == 0 => "not known".to_owned(),
        cost => text::cost(cost.map(NanoUsd)),
    }
}

fn session_row(session: &Session, moment: Moment<'_>, detail: Detail) -> Vec<String> {
    let mut row = vec![session.name(), session.model_name.clone().unwrap_or_default()];
    match &session.context {
        Some(context) => row.extend(gauge_cells(context, detail)),
        None => {
            row.push("(no gauge)".to_owned());
            row.resize(row.len() + if detail == Detail::Full { 4 } else { 3 }, String::new());
        }
    }
    let last = age(&session.last_activity_at, moment.now);
    row.extend([session.state.clone(), last, cost(&session.usage)]);
    row.push(source(&session.source, moment));
    row
}

/// Where numbers come from that telemetry does not tell; empty while it does, or may still do.
fn source(source: &Source, moment: Moment<'_>) -> String {
    let (estimated, instead) = match source.kind.as_str() {
        "transcripts" => ("estimated from transcripts", "numbers from transcripts"),
        "statusLine" => ("estimated from the status line", "numbers from the status line"),
        "sizes" => ("estimate from sizes, about ±20 %", "estimate from sizes, about ±20 %"),
        _ => ("", ""),
    };
    let parts = match source.reason.as_deref() {
        Some(silent @ ("telemetrySilent" | "eventsSilent")) => {
            let what = silent.trim_end_matches("Silent");
            let since = source.since.as_deref().and_then(parse_rfc3339);
            let since = since.map(|since| moment.calendar.clock(since, moment.now));
            [format!("{what} silent since {}", since.unwrap_or_default()), instead.to_owned()]
        }
        Some(_) => [estimated.to_owned(), "telemetry off or needs restart".to_owned()],
        None => [estimated.to_owned(), String::new()],
    };
    parts.into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join("; ")
}

/// `42 % used, resets in 1 h 20 min, told 3 min ago`.
fn used_of(limit: &Limit, now: Timestamp) -> String {
    let used = limit.used_percent;
    let used = if used < 100.0 { used.round().min(99.0) } else { used.floor() };
    let left = parse_rfc3339(&limit.resets_at).map(|resets| resets.since(now).as_secs() / 60);
    let left = match left {
        None => "at an unknown time".to_owned(),
        Some(minutes @ 0..60) => format!("in {minutes} min"),
        Some(minutes @ 60..2_880) => format!("in {} h {} min", minutes / 60, minutes % 60),
        Some(minutes) => format!("in {} d", minutes / 1_440),
    };
    format!("{used} % used, resets {left}, told {}", age(&limit.told_at, now))
}

fn subagent_row(agent: &Subagent, now: Timestamp, detail: Detail) -> Vec<String> {
    let name = agent.name.as_deref().unwrap_or(short(&agent.agent_id));
    let mut row = vec![format!("  {}", plain(name, NAME)), agent.model_name.clone()];
    row.extend(gauge_cells(&agent.context, detail));
    row.extend([agent.state.clone(), age(&agent.last_activity_at, now), String::new()]);
    row
}

fn gauge_cells(context: &Context, detail: Detail) -> Vec<String> {
    let mut cells = vec![
        context.gauge(),
        format!("{:>5}", context.percent()),
        context.occupancy_of_line(),
        context.level.clone(),
    ];
    if detail == Detail::Full {
        cells[2].push_str(&format!(" ({})", context.line.kind));
        cells.push(context.forecast.as_ref().map(Forecast::in_words).unwrap_or_default());
    }
    cells
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
    use serde_json::{Value, json};

    use super::{
        super::fixture::{self, context},
        *,
    };

    fn snapshot(sessions: &Value, problems: &Value) -> Value {
        let mut told = fixture::snapshot(sessions);
        told["problems"] = problems.clone();
        told["listeners"] = json!([
            {"name": "otlp-http", "addresses": ["127.0.0.1:4318"], "state": "listening"},
            {"name": "otlp-grpc", "addresses": ["127.0.0.1:4317"], "state": "portTaken"},
            {"name": "dashboard", "addresses": ["127.0.0.1:3030"], "state": "listening"}]);
        told
    }

    fn session(id: &str, project: &Value, context: &Value, subagents: &Value) -> Value {
        let mut told = fixture::json(id, context);
        told["project"] = project.clone();
        told["subagents"] = subagents.clone();
        told
    }

    fn shown(snapshot: Value) -> String {
        shown_in(snapshot, 100)
    }

    fn shown_in(snapshot: Value, room: usize) -> String {
        let mut out = Vec::new();
        let now = parse_rfc3339("2026-11-23T12:00:00Z").unwrap();
        let moment = Moment { now, calendar: &Calendar::utc() };
        show(&mut out, &serde_json::from_value(snapshot).unwrap(), moment, room).unwrap();
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

    /// Scenario: a session with a forecast and one without a gauge, on a wide screen and on one that is a column too
    /// narrow.
    /// Guarantees: where there is room the row says how the line is known and what is left, else neither.
    #[test]
    fn what_is_left_is_told_where_there_is_room() {
        let near = session("s1", &json!("web"), &context(151_000, "checkpoint"), &json!([]));
        let metered = session("0123456789", &Value::Null, &Value::Null, &json!([]));
        let told = snapshot(&json!([near, metered]), &json!([]));
        let full = "  web               Opus 4.6  [###############--|...]   90 %  151k of 167k (learned)  \
                    checkpoint  4 turns, 11 min  working  12 s ago  no price";
        let row = |room: usize| {
            let shown = shown_in(told.clone(), room);
            shown.lines().nth(2).unwrap().to_owned()
        };
        assert_eq!(row(usize::MAX), full);
        assert_eq!(row(full.len()), full);
        let short = row(full.len() - 1);
        assert!(!short.contains("learned") && !short.contains("turns"), "{short}");
    }

    /// Scenario: sessions whose numbers come from elsewhere than telemetry, each for another reason.
    /// Guarantees: their rows end in how the numbers are known, and why not better.
    #[test]
    fn rows_say_where_numbers_come_from() {
        let mut sessions = Vec::new();
        for (kind, reason, since) in [
            ("transcripts", json!("telemetryOff"), Value::Null),
            ("transcripts", json!("telemetrySilent"), json!("2026-11-23T11:48:00.000Z")),
            ("statusLine", json!("telemetryOff"), Value::Null),
            ("sizes", Value::Null, Value::Null),
            ("exact", json!("telemetrySilent"), json!("2026-11-22T21:05:00.000Z")),
            ("transcripts", json!("eventsSilent"), json!("2026-11-23T11:48:00.000Z")),
        ] {
            let mut shown = session("s1", &json!("web"), &context(16_700, "calm"), &json!([]));
            shown["source"] = json!({"kind": kind, "reason": reason, "since": since});
            sessions.push(shown);
        }
        let shown = shown(snapshot(&json!(sessions), &json!([])));
        let mut ends = shown.lines().filter_map(|line| line.split_once("no price"));
        for end in [
            "estimated from transcripts; telemetry off or needs restart",
            "telemetry silent since 11:48; numbers from transcripts",
            "estimated from the status line; telemetry off or needs restart",
            "estimate from sizes, about ±20 %",
            "telemetry silent since 22 Nov, 21:05",
            "events silent since 11:48; numbers from transcripts",
        ] {
            assert_eq!(ends.next().map(|(_, end)| end.trim()), Some(end));
        }
    }

    /// Scenario: limits that were told, near and beyond the limit, and one that was not.
    /// Guarantees: use, end and age of each that was told, after today's use.
    #[test]
    fn limits_are_told_with_their_age() {
        let limit = |used: f64, resets: &str| {
            json!({"usedPercent": used, "resetsAt": resets,
            "toldAt": "2026-11-23T11:57:00.000Z"})
        };
        let told = |five_hour: Value, seven_day: Value| {
            let mut told = snapshot(&json!([]), &json!([]));
            told["limits"] = json!({"fiveHour": five_hour, "sevenDay": seven_day});
            let shown = shown(told);
            shown
                .lines()
                .filter(|line| line.contains("limit"))
                .map(str::to_owned)
                .collect::<Vec<_>>()
        };
        assert_eq!(
            told(limit(99.6, "2026-11-23T13:20:00Z"), limit(104.0, "2026-11-27T13:00:00Z")),
            [
                "5 h limit: 99 % used, resets in 1 h 20 min, told 3 min ago",
                "7 day limit: 104 % used, resets in 4 d, told 3 min ago"
            ]
        );
        let soon = limit(42.5, "2026-11-23T12:20:30Z");
        let words = "5 h limit: 43 % used, resets in 20 min, told 3 min ago";
        assert_eq!(told(soon, Value::Null), [words]);
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
