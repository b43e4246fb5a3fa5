//! `plimsoll actions`: tries what a level does.

use std::{
    io::{self, Write},
    time::Duration,
};

use anyhow::Context as _;
use plimsoll_client::Client;
use plimsoll_programs::{Exit, Surroundings};
use serde::{Deserialize, Serialize};

use super::{
    alerts::{action_name, first_line},
    asked, asked_of_ledger, command_runtime,
    session::{live, whole_id},
    table::Table,
};

/// How long a rehearsal may take: as long as the slowest command may be configured to, and a little more.
const PATIENCE: Duration = Duration::from_secs(3_660);

#[derive(Debug, clap::Args)]
pub(crate) struct Flags {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, clap::Subcommand)]
enum Action {
    /// Do now what a level does, marked as a rehearsal, and show what each action came to.
    Test(Rehearsal),
}

#[derive(Debug, clap::Args)]
struct Rehearsal {
    /// The level
    #[arg(value_name = "LEVEL", value_parser = ["notice", "checkpoint", "urgent"])]
    level: String,
    /// As if this session had reached it: its id, or the beginning of a live one's [default: an invented one]
    #[arg(long, value_name = "ID")]
    session: Option<String>,
}

/// What is to be rehearsed, as the API reads it.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Wish<'a> {
    level: &'a str,
    session_id: Option<String>,
}

#[derive(Debug, Deserialize)]
struct Rehearsed {
    actions: Vec<Tried>,
}

#[derive(Debug, Deserialize)]
struct Tried {
    action: String,
    result: String,
    detail: Option<String>,
}

impl Rehearsed {
    fn has_failed(&self) -> bool {
        self.actions.iter().any(|tried| tried.result == "failed")
    }
}

/// Ends with 1 where an action failed.
pub(crate) fn run(flags: &Flags, around: &Surroundings) -> anyhow::Result<()> {
    let Action::Test(rehearsal) = &flags.action;
    let rehearsed = command_runtime()?.block_on(rehearse(rehearsal, around))?;
    let mut out = io::stdout().lock();
    show(&mut out, &rehearsed)?;
    out.flush()?;
    if rehearsed.has_failed() { Err(Exit::Failed.quietly()) } else { Ok(()) }
}

async fn rehearse(rehearsal: &Rehearsal, around: &Surroundings) -> anyhow::Result<Rehearsed> {
    let client = asked(Client::find(&around.places.runtime))?;
    let session_id = match &rehearsal.session {
        None => None,
        Some(given) => Some(whole_id(given, &live(&client).await?)),
    };
    let wish = serde_json::to_string(&Wish { level: &rehearsal.level, session_id })?;
    let answer = client.change("/api/v1/alerts/rehearsal", wish, PATIENCE).await;
    let answer = asked_of_ledger(&client, answer).await?;
    serde_json::from_slice(&answer).context("Plimsoll gave an answer of another version")
}

fn show(out: &mut impl Write, rehearsed: &Rehearsed) -> io::Result<()> {
    let mut table = Table::default();
    for Tried { action, result, detail } in &rehearsed.actions {
        let detail = first_line(detail.as_deref()).unwrap_or_default();
        table.push(vec![action_name(action), result.clone(), detail]);
    }
    table.write(out, "")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    /// Scenario: an action that worked, one that failed with more than a line, two that are off.
    /// Guarantees: a line each; a failure is one of the whole, and what is off is none.
    #[test]
    fn what_each_action_came_to_is_shown() {
        let told = json!({"actions": [
            {"action": "notification", "result": "done", "detail": null},
            {"action": "command", "result": "failed", "detail": "exit code 1\nno such file"},
            {"action": "webhook", "result": "off", "detail": null},
            {"action": "inSession", "result": "off", "detail": null}]});
        let mut rehearsed: Rehearsed = serde_json::from_value(told).unwrap();
        let mut out = Vec::new();
        show(&mut out, &rehearsed).unwrap();
        assert_eq!(
            String::from_utf8(out).unwrap(),
            "notification  done\n\
             command       failed  exit code 1\n\
             webhook       off\n\
             in session    off\n"
        );
        assert!(rehearsed.has_failed());
        rehearsed.actions.remove(1);
        assert!(!rehearsed.has_failed());
    }
}
