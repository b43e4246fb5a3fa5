//! `plimsoll replay`: captured telemetry, sent to a receiver.

use std::{
    io::{self, IsTerminal, Write},
    net::{Ipv4Addr, SocketAddr},
    path::PathBuf,
    sync::Arc,
};

use anyhow::Context;
use plimsoll_client::{RuntimeInfo, address};
use plimsoll_domain::Timestamp;
use plimsoll_programs::{Exit, Surroundings, now};
use plimsoll_replay::{CLIENT_RETRIES, Capture, Pace, Replayer, Report, SendError, Shift, Step};

use super::command_runtime;

#[derive(Debug, clap::Args)]
pub(crate) struct Flags {
    /// A folder with a capture (requests.jsonl and bodies), or one captured body
    #[arg(value_name = "DIR|FILE")]
    path: PathBuf,
    /// Receiver for what was captured over HTTP [default: the running Plimsoll, else port 4318]
    #[arg(long, value_name = "URL", value_parser = receiver)]
    to: Option<SocketAddr>,
    /// Receiver for what was captured over gRPC [default: the running Plimsoll, else port 4317]
    #[arg(long, value_name = "URL", value_parser = receiver)]
    grpc: Option<SocketAddr>,
    /// So many times faster than it was captured
    #[arg(long, value_name = "N", value_parser = speed, conflicts_with = "at_once")]
    speed: Option<f64>,
    /// Without waiting between requests
    #[arg(long, alias = "now-timing")]
    at_once: bool,
    /// Move its times to now and give it new ids, so that it becomes new sessions
    #[arg(long)]
    shift: bool,
    /// Move its times to now and keep its ids
    #[arg(long, conflicts_with = "shift")]
    to_now: bool,
}

fn receiver(url: &str) -> Result<SocketAddr, String> {
    address(url).ok_or_else(|| "it is not a URL such as http://127.0.0.1:4318".to_owned())
}

fn speed(text: &str) -> Result<f64, String> {
    let factor = text.parse::<f64>().ok().filter(|factor| factor.is_finite() && *factor > 0.0);
    factor.ok_or_else(|| "it is not a number above zero".to_owned())
}

impl Flags {
    fn pace(&self) -> Pace {
        match self.speed {
            _ if self.at_once => Pace::AtOnce,
            Some(factor) => Pace::Times(factor),
            None => Pace::AsRecorded,
        }
    }

    /// Both receivers; where one is named, only that one.
    fn receivers(&self, around: &Surroundings) -> (Option<SocketAddr>, Option<SocketAddr>) {
        if self.to.is_some() || self.grpc.is_some() {
            return (self.to, self.grpc);
        }
        let running = RuntimeInfo::find(&around.places.runtime);
        let of = |url: Option<&String>, port| {
            let usual = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
            Some(url.and_then(|url| address(url)).unwrap_or(usual))
        };
        let http = running.as_ref().and_then(|running| running.otlp_http.as_ref());
        let grpc = running.as_ref().and_then(|running| running.otlp_grpc.as_ref());
        (of(http, 4318), of(grpc, 4317))
    }
}

pub(crate) fn run(flags: &Flags, around: &Surroundings) -> anyhow::Result<()> {
    let mut capture = Capture::open(&flags.path)
        .with_context(|| format!("cannot open the capture {}", flags.path.display()))?;
    if flags.shift || flags.to_now {
        let seed = if flags.to_now { Shift::SAME_IDS } else { now().nanos().unsigned_abs() };
        capture = shifted(&capture, flags.pace(), seed)?;
    }
    let (http, grpc) = flags.receivers(around);
    let replayer = Replayer {
        http,
        grpc,
        pace: flags.pace(),
        retries: CLIENT_RETRIES.to_vec(),
        progress: io::stderr().is_terminal().then(|| Arc::new(progress) as _),
        ..Replayer::default()
    };
    let report = command_runtime()?.block_on(replayer.run(&capture));
    tell(&report)
}

/// The capture at another time: beginning now where it keeps its timing, else ending now, so that nothing
/// lies in the future.
fn shifted(capture: &Capture, pace: Pace, seed: u64) -> anyhow::Result<Capture> {
    let time =
        if pace == Pace::AsRecorded { capture.first_time()? } else { capture.last_time()? };
    let from = time.and_then(Timestamp::from_nanos).unwrap_or_default();
    let shift = Shift { from, to: now(), stretch: 1, seed };
    Ok(shift.capture(capture)?)
}

fn progress(step: Step<'_>) {
    let mut errors = io::stderr().lock();
    // A terminal that goes away is no reason to stop sending.
    let _ = write!(errors, "\r{} of {}  {:<40}", step.done, step.of, step.file);
    if step.done == step.of {
        let _ = writeln!(errors);
    }
}

fn tell(report: &Report) -> anyhow::Result<()> {
    let mut out = io::stdout().lock();
    writeln!(
        out,
        "Sent {} requests: {} accepted, {} failed; {} records in accepted requests were refused.",
        report.sent,
        report.accepted,
        report.failed.len(),
        report.rejected
    )?;
    out.flush()?;
    let Some(first) = report.failed.first() else { return Ok(()) };
    let unreachable = |error: &SendError| {
        matches!(error, SendError::Connect { .. } | SendError::NoReceiver(_) | SendError::Late(_))
    };
    let nobody = report.accepted == 0 && report.failed.iter().all(|it| unreachable(&it.error));
    let exit = if nobody { Exit::Unavailable } else { Exit::Failed };
    Err(exit.because(first))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Scenario: speeds and receivers as people type them.
    /// Guarantees: only usable ones are taken.
    #[test]
    fn arguments_are_checked() {
        assert_eq!(speed("2.5"), Ok(2.5));
        for wrong in ["0", "-1", "NaN", "inf", "fast"] {
            assert!(speed(wrong).is_err(), "{wrong}");
        }
        assert_eq!(receiver("http://localhost:14318").unwrap().port(), 14318);
        assert!(receiver("localhost:14318").is_err());
    }
}
