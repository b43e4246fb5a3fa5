//! The resident that reads: its books beside the truth, and what it weighs afterwards.

use std::collections::BTreeMap;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use plimsoll_domain::Tokens;
use plimsoll_domain::calendar::parse_rfc3339;
use plimsoll_testkit::TestResident;
use serde_json::Value;
use tokio::time::{sleep, timeout};

use super::house::House;
use crate::Bench;
use crate::corpus::{Corpus, Sums};
use crate::figures::{self, megabytes, millis};
use crate::process::Process;

/// How long reading may take.
const PATIENCE: Duration = Duration::from_secs(300);
/// After so much quiet the resident has given back what it worked with.
const QUIET: Duration = Duration::from_secs(20);
/// Before the first request of any corpus.
const BEGIN: &str = "2025-01-01";

/// One reading of everything.
struct Reading {
    took: Duration,
    requests: u64,
}

/// Starts a resident on the books of a home and prints whether they are the truth; tells it too.
pub(super) async fn check(bench: &Bench, house: &House, corpus: &Corpus) -> Result<bool> {
    let mut resident = house.resident(bench, &corpus.claude()).run().await?;
    let again = read(&resident).await?;
    let books = books(&resident).await?;
    resident.terminate(Duration::from_secs(10)).await?;
    let truth: BTreeMap<_, _> =
        corpus.truth.models.iter().map(|(name, sums)| (name.clone(), comparable(sums))).collect();
    let exact = books == truth;
    let verdict = if exact { "exact" } else { "WRONG" };
    figures::line("tokens, cost and requests, by model", verdict, "exact");
    for (model, sums) in truth.iter().filter(|(model, sums)| books.get(*model) != Some(*sums)) {
        println!("    {model}: {:?} instead of {sums:?}", books.get(model));
    }
    figures::line("nothing new, by the resident's own account", &millis(again.took), "");
    ensure!(again.requests == 0, "{} requests were read again", again.requests);
    Ok(exact)
}

/// Prints what a resident holds in memory after it read everything, beside one that read nothing.
pub(super) async fn weigh(bench: &Bench, corpus: &Corpus) -> Result<()> {
    let house = House::within(bench)?;
    let resident = house.resident(bench, &house.nothing()).run().await?;
    sleep(QUIET).await;
    let idle = Process::new(resident.pid()).proportional()?;
    drop(resident);
    figures::line("PSS of a resident that read nothing", &megabytes(idle), "");
    let house = House::within(bench)?;
    let resident = house.resident(bench, &corpus.claude()).run().await?;
    let reading = read(&resident).await?;
    figures::line("read by a resident, by its own account", &millis(reading.took), "");
    sleep(QUIET).await;
    let process = Process::new(resident.pid());
    let what = format!("PSS {} s after it read everything", QUIET.as_secs());
    figures::line(&what, &megabytes(process.proportional()?), "<= 15 MB");
    for (part, bytes) in process.proportional_parts()? {
        figures::line(&format!("  of it {part}"), &megabytes(bytes), "");
    }
    figures::line("peak RSS of that resident", &megabytes(process.peak_resident()?), "< 120 MB");
    Ok(())
}

/// Waits until a resident has read what there was at its start.
async fn read(resident: &TestResident) -> Result<Reading> {
    let api = resident.api()?;
    let ended = async {
        loop {
            let health = api.json("/api/v1/health").await?;
            if let Some(reading) = Reading::of(&health["backfill"]) {
                return anyhow::Ok(reading);
            }
            sleep(Duration::from_millis(50)).await;
        }
    };
    timeout(PATIENCE, ended).await.context("the transcripts were not read in time")?
}

impl Reading {
    /// `None` while it goes on.
    fn of(backfill: &Value) -> Option<Self> {
        let time = |name: &str| parse_rfc3339(backfill[name].as_str()?);
        let took = time("endedAt")?.since(time("beganAt")?);
        Some(Self { took, requests: backfill["requests"].as_u64()? })
    }
}

/// What the API says was used, by model. Nothing may be without a price.
async fn books(resident: &TestResident) -> Result<BTreeMap<String, Sums>> {
    let path = format!("/api/v1/usage?by=model&tz=UTC&from={BEGIN}");
    let report = resident.api()?.json(&path).await?;
    let rows = report["rows"].as_array().context("the report has no rows")?;
    rows.iter().map(row).collect()
}

fn row(row: &Value) -> Result<(String, Sums)> {
    let (usage, tokens) = (&row["usage"], &row["usage"]["tokens"]);
    let count = |value: &Value| value.as_u64().context("a count is missing");
    let model = row["group"].as_str().context("a row has no model")?.to_owned();
    let unpriced = count(&usage["unpricedRequests"])?;
    ensure!(unpriced == 0, "{unpriced} requests of {model} have no price");
    let tokens = Tokens {
        input: count(&tokens["input"])?,
        output: count(&tokens["output"])?,
        cache_read: count(&tokens["cacheRead"])?,
        cache_creation: count(&tokens["cacheCreation"])?,
    };
    let cost = usage["costNanoUsd"].as_i64().context("a cost is missing")?;
    Ok((model, Sums { tokens, hour: 0, requests: count(&usage["requests"])?, cost }))
}

/// The truth as the API can tell it: of one-hour cache writes only the cost.
fn comparable(sums: &Sums) -> Sums {
    Sums { hour: 0, ..*sums }
}
