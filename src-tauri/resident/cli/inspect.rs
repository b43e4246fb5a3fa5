//! `plimsoll inspect`: signals as they arrive.

use std::{
    collections::BTreeMap,
    io::{self, Write},
};

use anyhow::Context;
use plimsoll_client::Client;
use plimsoll_domain::text::plain;
use plimsoll_programs::{Exit, Signals, Surroundings};
use serde::Deserialize;

use super::{asked, command_runtime};

/// How long a shown value may be.
const VALUE: usize = 80;

#[derive(Debug, clap::Args)]
pub(crate) struct Flags {
    /// Print each signal as one line of JSON
    #[arg(long)]
    json: bool,
}

/// One signal, as the engine tells of it.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Signal {
    at: String,
    kind: String,
    name: String,
    session_id: Option<String>,
    attributes: BTreeMap<String, String>,
    understood: String,
}

pub(crate) fn run(flags: &Flags, around: &Surroundings) -> anyhow::Result<()> {
    let client = asked(Client::find(&around.places.runtime))?;
    command_runtime()?.block_on(async {
        let mut signals = Signals::listen().context("cannot listen for signals")?;
        tokio::select! {
            ended = follow(&client, flags.json) => ended,
            () = signals.next() => Ok(()),
        }
    })
}

async fn follow(client: &Client, json: bool) -> anyhow::Result<()> {
    let mut events = asked(client.follow("/api/v1/inspect").await)?;
    if !json {
        let mut errors = io::stderr().lock();
        writeln!(errors, "Waiting for signals; Ctrl-C ends.")?;
    }
    while let Some(event) = asked(events.next().await)? {
        if event.event != "signal" {
            continue;
        }
        let mut out = io::stdout().lock();
        if json {
            writeln!(out, "{}", event.data)?;
        } else if let Ok(signal) = serde_json::from_str(&event.data) {
            writeln!(out, "{}", line(&signal))?;
        }
        out.flush()?;
    }
    Err(Exit::NotRunning.because("Plimsoll has ended."))
}

/// Time of day (UTC), kind, name, session, how it was understood, then the attributes.
fn line(signal: &Signal) -> String {
    let time = signal.at.split_once('T').map_or(signal.at.as_str(), |(_, time)| time);
    let session = signal.session_id.as_deref().unwrap_or("-");
    let session = session.split_at_checked(8).map_or(session, |(head, _)| head);
    let mut line = format!(
        "{time:<13} {:<6} {:<32} {:<8}  {}",
        signal.kind,
        plain(&signal.name, 32),
        plain(session, 8),
        plain(&signal.understood, 200)
    );
    for (key, value) in &signal.attributes {
        line.push_str(&format!("  {}={}", plain(key, VALUE), plain(value, VALUE)));
    }
    line
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Scenario: an event as the engine tells of it, and a metric of no session with a hostile name.
    /// Guarantees: one line each, in columns; nothing steers the terminal.
    #[test]
    fn signals_are_lines_in_columns() {
        let shown = |json: &str| line(&serde_json::from_str(json).unwrap());
        assert_eq!(
            shown(
                r#"{"at":"2026-11-23T04:43:43.445Z","kind":"event","scope":"s","name":"api_request",
                "sessionId":"0123456789","attributes":{"model":"m","prompt":"<9 chars>"},
                "understood":"request input=17"}"#
            ),
            "04:43:43.445Z event  api_request                      01234567  request input=17  \
             model=m  prompt=<9 chars>"
        );
        assert_eq!(
            shown(
                r#"{"at":"?","kind":"metric","scope":"s","name":"a\u001b[2J","sessionId":null,
                "attributes":{},"understood":"unknown"}"#
            ),
            "?             metric a?[2J                            -         unknown"
        );
    }
}
