//! `plimsoll backfill`: history from the client's transcripts, with a progress bar.

use std::{
    io::{self, Write},
    time::Duration,
};

use anyhow::Context;
use indicatif::{HumanBytes, HumanCount, HumanDuration, ProgressBar, ProgressStyle};
use plimsoll_client::{Client, ClientError};
use plimsoll_domain::{Timestamp, calendar::parse_rfc3339, health::Backfill};
use plimsoll_engine::{Config, Inherited, Running};
use plimsoll_programs::{
    self as programs, Exit, Signals, Surroundings, log, now, resident_runtime,
};
use serde::Deserialize;
use tracing::level_filters::LevelFilter;

use super::{asked, command_runtime};

/// How often the running engine is asked.
const PAUSE: Duration = Duration::from_millis(200);
/// Why nothing is read.
const OFF: &str = "transcripts: [transcripts] enabled is false in its configuration";

#[derive(Debug, clap::Args)]
pub(crate) struct Flags {}

/// Follows the running engine's reading; where none runs, reads by itself.
pub(crate) fn run(_: &Flags, around: Surroundings) -> anyhow::Result<()> {
    match Client::find(&around.places.runtime) {
        Ok(client) => {
            let read = command_runtime()?.block_on(follow(&client))?;
            conclude(read, now())
        }
        Err(ClientError::NotRunning) => alone(around),
        Err(error) => asked(Err(error)),
    }
}

/// Reads as a resident that ends when everything is read; telemetry that arrives meanwhile is received.
fn alone(around: Surroundings) -> anyhow::Result<()> {
    log::begin(&around.environment, LevelFilter::ERROR)?;
    let config = Config::load(&around.places, &around.environment, &[])
        .map_err(|error| Exit::Usage.because(error))?;
    if !config.transcripts.enabled {
        return Err(Exit::Usage.because(format!("Plimsoll reads no {OFF}")));
    }
    let engine = programs::bind(config, around, Inherited::default());
    let runtime = resident_runtime()?;
    let outcome = runtime.block_on(async {
        let mut signals = Signals::listen().context("cannot listen for signals")?;
        let Some(running) = programs::start(engine, &mut signals).await? else { return Ok(None) };
        let read = tokio::select! {
            read = watch(&running) => Some(read?),
            () = signals.next() => None,
        };
        programs::end(running, &mut signals).await?;
        anyhow::Ok(read)
    });
    runtime.shutdown_background();
    outcome?.map_or(Ok(()), |read| conclude(read, now()))
}

/// Shows how far the engine of this process is, until its end.
async fn watch(running: &Running) -> anyhow::Result<Backfill> {
    let mut status = running.status();
    let bar = Bar::default();
    loop {
        let state = status.borrow_and_update().backfill;
        if let Some(state) = state {
            bar.show(&state);
            if state.ended.is_some() {
                return Ok(state);
            }
        }
        status.changed().await.context("the engine ended")?;
    }
}

/// The part of the engine's health that tells of it.
#[derive(Debug, Deserialize)]
struct Health {
    backfill: Option<Told>,
    tasks: Vec<Task>,
}

#[derive(Debug, Deserialize)]
struct Task {
    name: String,
}

impl Health {
    /// Whether the engine reads no transcripts: it has no task for it, and has the one that begins after it.
    fn is_off(&self) -> bool {
        let has = |name: &str| self.tasks.iter().any(|task| task.name == name);
        has("keeping") && !has("transcripts")
    }
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Told {
    files: u64,
    files_read: u64,
    bytes: u64,
    bytes_read: u64,
    requests: u64,
    began_at: String,
    ended_at: Option<String>,
}

impl Told {
    fn state(&self) -> Option<Backfill> {
        let ended = match &self.ended_at {
            Some(time) => Some(parse_rfc3339(time)?),
            None => None,
        };
        Some(Backfill {
            files: self.files,
            files_read: self.files_read,
            bytes: self.bytes,
            bytes_read: self.bytes_read,
            requests: self.requests,
            began: parse_rfc3339(&self.began_at)?,
            ended,
        })
    }
}

/// Shows how far the running engine is, until its end.
async fn follow(client: &Client) -> anyhow::Result<Backfill> {
    let bar = Bar::default();
    loop {
        let body = asked(client.get("/api/v1/health").await)?;
        let health: Health =
            serde_json::from_slice(&body).context("Plimsoll gave an answer of another version")?;
        if health.is_off() {
            return Err(Exit::Usage.because(format!("the Plimsoll that runs reads no {OFF}")));
        }
        if let Some(state) = health.backfill.as_ref().and_then(Told::state) {
            bar.show(&state);
            if state.ended.is_some() {
                return Ok(state);
            }
        }
        tokio::time::sleep(PAUSE).await;
    }
}

/// The bar, on the error stream where that is a terminal.
struct Bar(ProgressBar);

impl Default for Bar {
    fn default() -> Self {
        let template = "{bar:30} {msg}";
        let style = ProgressStyle::with_template(template).unwrap_or(ProgressStyle::default_bar());
        Self(ProgressBar::new(0).with_style(style.progress_chars("#--")))
    }
}

impl Bar {
    fn show(&self, state: &Backfill) {
        self.0.set_length(state.bytes);
        self.0.set_position(state.bytes_read);
        self.0.set_message(in_words(state, now()));
    }
}

impl Drop for Bar {
    fn drop(&mut self) {
        self.0.finish_and_clear();
    }
}

/// Files, bytes, requests and the time left.
fn in_words(state: &Backfill, now: Timestamp) -> String {
    let left =
        state.left(now).map_or_else(String::new, |left| format!(", {} left", HumanDuration(left)));
    format!(
        "{} of {} files, {} of {}, {} requests{left}",
        HumanCount(state.files_read),
        HumanCount(state.files),
        HumanBytes(state.bytes_read),
        HumanBytes(state.bytes),
        HumanCount(state.requests),
    )
}

fn conclude(state: Backfill, now: Timestamp) -> anyhow::Result<()> {
    let mut out = io::stdout().lock();
    writeln!(out, "{}", conclusion(&state, now))?;
    out.flush()?;
    Ok(())
}

fn conclusion(state: &Backfill, now: Timestamp) -> String {
    let took = state.ended.unwrap_or(now).since(state.began);
    match state.files {
        0 => "Nothing new in any transcript.".to_owned(),
        files => format!(
            "Read {} requests from {} files ({}) in {:.1} s.",
            HumanCount(state.requests),
            HumanCount(files),
            HumanBytes(state.bytes_read),
            took.as_secs_f64()
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn state(bytes_read: u64, ended: Option<i64>) -> Backfill {
        Backfill {
            files: 2_000,
            files_read: 500,
            bytes: 1_000_000,
            bytes_read,
            requests: 34_567,
            began: Timestamp::from_millis(1_000),
            ended: ended.map(Timestamp::from_millis),
        }
    }

    /// Scenario: a quarter is read after two seconds; all is read after 900 ms; there is nothing to read.
    /// Guarantees: what is read and what is left in words, and no time left where nothing tells it.
    #[test]
    fn progress_is_told_in_words() {
        let now = Timestamp::from_millis(3_000);
        assert_eq!(
            in_words(&state(250_000, None), now),
            "500 of 2,000 files, 244.14 KiB of 976.56 KiB, 34,567 requests, 6 seconds left"
        );
        assert!(!in_words(&state(0, None), now).contains("left"));
        assert_eq!(
            conclusion(&state(1_000_000, Some(1_900)), now),
            "Read 34,567 requests from 2,000 files (976.56 KiB) in 0.9 s."
        );
        let nothing = Backfill { files: 0, ..state(0, Some(1_000)) };
        assert_eq!(conclusion(&nothing, now), "Nothing new in any transcript.");
    }
}
