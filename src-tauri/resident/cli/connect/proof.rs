//! The first request after connecting, or why it does not come.

use std::{
    io::{self, Write},
    time::Duration,
};

use anyhow::Context;
use plimsoll_client::Client;
use plimsoll_domain::{Timestamp, calendar::rfc3339, text::plain};
use plimsoll_programs::now;
use serde::Deserialize;

use super::Desk;
use crate::cli::{asked_of_ledger, command_runtime};

/// The longest that the engine waits for one answer, in seconds.
const AT_ONCE: u64 = 20;

/// What the engine answers.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Proof {
    arrived: Option<First>,
    likely: Option<Likely>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct First {
    session_id: String,
    model: String,
    after_ms: u64,
}

#[derive(Debug, Deserialize)]
struct Likely {
    what: String,
    remedy: String,
}

/// Waits for the first request, where that is wished, and says what came of it.
pub(super) fn wait(desk: &Desk, patience: Option<u64>) -> anyhow::Result<()> {
    let mut out = io::stdout().lock();
    let runs = command_runtime()?.block_on(desk.engine());
    let Some(client) = runs else {
        return Ok(writeln!(
            out,
            "Plimsoll is not running: start it with `plimsoll`, then start Claude Code."
        )?);
    };
    writeln!(
        out,
        "Now start `claude` in another terminal and send any prompt. Sessions that run already must be restarted to be \
         seen exactly."
    )?;
    let Some(patience) = patience else { return Ok(()) };
    writeln!(out, "Waiting for the first request, {patience} s at most…")?;
    out.flush()?;
    match command_runtime()?.block_on(ask(client, patience)) {
        Ok(proof) => writeln!(out, "{}", in_words(&proof, patience))?,
        // What was to be done is done.
        Err(error) => writeln!(out, "Whether a request came is not known: {error:#}.")?,
    }
    Ok(())
}

async fn ask(client: &Client, patience: u64) -> anyhow::Result<Proof> {
    let since = rfc3339(now());
    let end = now().after(Duration::from_secs(patience));
    loop {
        let seconds = left(now(), end).clamp(1, AT_ONCE);
        let path = format!("/api/v1/proof?since={since}&timeout={seconds}");
        // As long as it was told to wait, and a little for the answer.
        let within = Duration::from_secs(seconds + 5);
        let answer = asked_of_ledger(client, client.wait(&path, within).await).await?;
        let proof: Proof = serde_json::from_slice(&answer)
            .context("Plimsoll gave an answer of another version")?;
        if proof.arrived.is_some() || left(now(), end) == 0 {
            return Ok(proof);
        }
    }
}

/// Whole seconds until then.
fn left(now: Timestamp, end: Timestamp) -> u64 {
    end.since(now).as_secs()
}

fn in_words(proof: &Proof, patience: u64) -> String {
    match (&proof.arrived, &proof.likely) {
        (Some(First { session_id, model, after_ms }), _) => {
            let session = plain(session_id.get(..8).unwrap_or(session_id), 8);
            let model = plain(model, 80);
            let (seconds, tenths) = (after_ms / 1_000, after_ms % 1_000 / 100);
            format!(
                "First request received from session {session} ({model}), {seconds}.{tenths} s after the response. \
                 It works."
            )
        }
        (None, Some(Likely { what, remedy })) => {
            let why = plain(&format!("{what} {remedy}"), usize::MAX);
            format!("No request came within {patience} s. {why}")
        }
        (None, None) => {
            format!("No request came within {patience} s. `plimsoll doctor` looks for the reason.")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Scenario: a request came, none came and a reason is likely, none came and nothing is known.
    /// Guarantees: each is said in a sentence that says what to do.
    #[test]
    fn what_came_is_said() {
        let first = First {
            session_id: "1f2e3d4c-aaaa".into(),
            model: "claude-sonnet-4-6".into(),
            after_ms: 849,
        };
        let came = Proof { arrived: Some(first), likely: None };
        assert_eq!(
            in_words(&came, 20),
            "First request received from session 1f2e3d4c (claude-sonnet-4-6), 0.8 s after the response. It works."
        );
        let likely = Likely { what: "It is off.".into(), remedy: "Switch it on.".into() };
        let none = Proof { arrived: None, likely: Some(likely) };
        assert_eq!(in_words(&none, 5), "No request came within 5 s. It is off. Switch it on.");
        let unknown = Proof { arrived: None, likely: None };
        assert!(in_words(&unknown, 20).contains("plimsoll doctor"));
    }
}
