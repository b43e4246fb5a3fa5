//! `plimsoll sessions`: the live sessions as a table.

use std::io::{self, Write};

use anyhow::Context as _;
use plimsoll_client::Client;
use plimsoll_domain::{Timestamp, text::plain};
use plimsoll_programs::{Surroundings, now};
use serde::Deserialize;
use serde_json::Value;

use super::{
    asked, asked_of_ledger, command_runtime,
    snapshot::{Forecast, NAME, Session},
    table::Table,
    text::age,
};

#[derive(Debug, clap::Args)]
pub(crate) struct Flags {
    /// Those too that the client has left
    #[arg(long)]
    all: bool,
    /// Print the sessions as JSON, as the API gives them
    #[arg(long)]
    json: bool,
}

pub(crate) fn run(flags: &Flags, around: &Surroundings) -> anyhow::Result<()> {
    let client = asked(Client::find(&around.places.runtime))?;
    let body = command_runtime()?
        .block_on(async { asked_of_ledger(&client, client.get("/api/v1/snapshot").await).await })?;
    let told = read(&body, flags.all).context("Plimsoll gave an answer of another version")?;
    let mut out = io::stdout().lock();
    if flags.json {
        writeln!(out, "{}", serde_json::to_string_pretty(&told)?)?;
    } else {
        let sessions = told.iter().map(Session::deserialize).collect::<Result<Vec<_>, _>>();
        let sessions = sessions.context("Plimsoll gave an answer of another version")?;
        show(&mut out, &sessions, now())?;
    }
    Ok(out.flush()?)
}

/// The sessions of a snapshot; those that the client left only where that is wished.
fn read(snapshot: &[u8], all: bool) -> serde_json::Result<Vec<Value>> {
    #[derive(Deserialize)]
    struct Sessions {
        sessions: Vec<Value>,
    }
    let Sessions { mut sessions } = serde_json::from_slice(snapshot)?;
    sessions.retain(|session| all || session["endedAt"].is_null());
    Ok(sessions)
}

/// Writes the table.
pub(crate) fn show<'a>(
    out: &mut impl Write,
    sessions: impl IntoIterator<Item = &'a Session>,
    now: Timestamp,
) -> io::Result<()> {
    let mut table = Table::default();
    let head = ["project", "session", "model", "state", "", "", "context", "level", "left", "last"];
    table.push(head.map(str::to_owned).to_vec());
    let rows: Vec<_> = sessions.into_iter().map(|session| row(session, now)).collect();
    if rows.is_empty() {
        return writeln!(out, "No session is live.");
    }
    rows.into_iter().for_each(|row| table.push(row));
    table.write(out, "")
}

fn row(session: &Session, now: Timestamp) -> Vec<String> {
    let project = session.project.as_deref().unwrap_or("-");
    let context = session.context.as_ref();
    let cells = context.map_or(["(no gauge)", "", "", "", ""].map(str::to_owned), |context| {
        [
            context.gauge(),
            format!("{:>5}", context.percent()),
            context.occupancy_of_line(),
            context.level.clone(),
            context.forecast.as_ref().map(Forecast::turns).unwrap_or_default(),
        ]
    });
    let mut row = vec![
        plain(project, NAME),
        session.short_id(),
        session.model_name.clone().unwrap_or_default(),
        session.state().to_owned(),
    ];
    row.extend(cells);
    row.push(age(&session.last_activity_at, now));
    row
}

#[cfg(test)]
mod tests {
    use plimsoll_domain::calendar::parse_rfc3339;
    use serde_json::json;

    use super::{super::fixture, *};

    fn told() -> Vec<u8> {
        let near = fixture::json("0123456789", &fixture::context(151_203, "checkpoint"));
        let mut metered = fixture::json("feedface00", &Value::Null);
        metered["project"] = Value::Null;
        let mut left = fixture::json("abcdef0123", &fixture::context(20_000, "calm"));
        left["endedAt"] = json!("2026-11-23T11:59:48.000Z");
        serde_json::to_vec(&fixture::snapshot(&json!([near, metered, left]))).unwrap()
    }

    fn shown(all: bool) -> String {
        let sessions = read(&told(), all).unwrap();
        let sessions: Vec<Session> =
            sessions.iter().map(|one| Session::deserialize(one).unwrap()).collect();
        let mut out = Vec::new();
        show(&mut out, &sessions, parse_rfc3339("2026-11-23T12:00:00Z").unwrap()).unwrap();
        String::from_utf8(out).unwrap()
    }

    /// Scenario: a session near its line, one of which only metrics tell, one that the client left; none.
    /// Guarantees: columns with a head; what is not known is empty; those that were left only where that is wished.
    #[test]
    fn sessions_are_a_table() {
        let head = "project      session   model     state                                    context       level       left     last\n";
        let near = "harbour-api  01234567  Opus 4.6  working  [###############--|...]   91 %  151k of 167k  checkpoint  4 turns  12 s ago\n";
        let metered = "-            feedface  Opus 4.6  working  (no gauge)                                                         12 s ago\n";
        let left = "harbour-api  abcdef01  Opus 4.6  left     [##---------------|...]   12 %  20k of 167k   calm        4 turns  12 s ago\n";
        assert_eq!(shown(true), format!("{head}{near}{metered}{left}"));
        assert_eq!(shown(false), format!("{head}{near}{metered}"));
        let mut out = Vec::new();
        show(&mut out, &[], Timestamp::EPOCH).unwrap();
        assert_eq!(out, b"No session is live.\n");
    }
}
