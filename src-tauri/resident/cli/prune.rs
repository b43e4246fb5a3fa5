//! `plimsoll prune`: removes requests that are older than you want to keep.

use std::{
    io::{self, Write},
    time::Duration,
};

use anyhow::Context;
use indicatif::HumanCount;
use plimsoll_client::Client;
use plimsoll_engine::Pruned;
use plimsoll_programs::{Exit, Surroundings, now};
use serde::Deserialize;

use super::{asked, asked_of_ledger, command_runtime, ledger};

const DAY: Duration = Duration::from_secs(86_400);
/// How long pruning may take: far more than millions of requests need.
const PATIENCE: Duration = Duration::from_secs(3_600);

#[derive(Debug, clap::Args)]
pub(crate) struct Flags {
    /// Requests that were completed more than so many days ago
    #[arg(long, value_name = "DAYS", value_parser = clap::value_parser!(u32).range(1..=36_500))]
    older_than: u32,
    /// Only say what would be removed
    #[arg(long)]
    dry_run: bool,
    #[command(flatten)]
    ledger: ledger::Choice,
}

/// What the engine removed.
#[derive(Debug, Deserialize)]
struct Removed {
    requests: u64,
    readings: u64,
    events: u64,
    alerts: u64,
    processes: u64,
}

impl From<Removed> for Pruned {
    fn from(removed: Removed) -> Self {
        let Removed { requests, readings, events, alerts, processes } = removed;
        Self { requests, readings, events, alerts, processes }
    }
}

pub(crate) fn run(flags: &Flags, around: &Surroundings) -> anyhow::Result<()> {
    if flags.ledger.is_named() && !flags.dry_run {
        let why =
            "--ledger needs --dry-run: only the running Plimsoll prunes, and only its own ledger";
        return Err(Exit::Usage.because(why));
    }
    let (done, pruned) = command_runtime()?.block_on(async {
        let pruned = if flags.dry_run {
            ("Would remove", count(flags, around).await?)
        } else {
            ("Removed", prune(flags, &asked(Client::find(&around.places.runtime))?).await?)
        };
        anyhow::Ok(pruned)
    })?;
    let mut out = io::stdout().lock();
    writeln!(out, "{done} {}.", sentence(&pruned, flags.older_than))?;
    writeln!(out, "All sums stay, and nothing of it is counted again.")?;
    Ok(())
}

async fn count(flags: &Flags, around: &Surroundings) -> anyhow::Result<Pruned> {
    let before = now().before(DAY.saturating_mul(flags.older_than));
    flags.ledger.open(around).await?.prunable(before).await.map_err(|error| ledger::failure(&error))
}

/// Only the running Plimsoll writes to its ledger.
async fn prune(flags: &Flags, client: &Client) -> anyhow::Result<Pruned> {
    let body = format!("{{\"olderThanDays\": {}}}", flags.older_than);
    let answer = client.change("/api/v1/prune", body, PATIENCE).await;
    let answer = asked_of_ledger(client, answer).await?;
    let removed: Removed =
        serde_json::from_slice(&answer).context("Plimsoll gave an answer of another version")?;
    Ok(removed.into())
}

fn sentence(pruned: &Pruned, days: u32) -> String {
    let Pruned { requests, readings, events, alerts, processes } = *pruned;
    let counts = [
        (requests, "request", "requests"),
        (readings, "metric reading", "metric readings"),
        (events, "event", "events"),
        (alerts, "alert", "alerts"),
        (processes, "process", "processes"),
    ];
    let counted = counts.map(|(count, one, many)| {
        format!("{} {}", HumanCount(count), if count == 1 { one } else { many })
    });
    let unit = if days == 1 { "day" } else { "days" };
    format!("{} older than {days} {unit}", counted.join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Scenario: many of some and one of others.
    /// Guarantees: each is counted, in words that fit.
    #[test]
    fn what_goes_is_counted() {
        let pruned = Pruned { requests: 12_345, readings: 1, events: 0, alerts: 2, processes: 1 };
        assert_eq!(
            sentence(&pruned, 90),
            "12,345 requests, 1 metric reading, 0 events, 2 alerts, 1 process older than 90 days"
        );
    }
}
