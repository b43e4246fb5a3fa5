//! The load generator: connections that send the mix, as fast as they are answered or at a rate.

mod connection;
mod grpc;
mod http1;
mod lane;

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use clap::{Args, ValueEnum};
use tokio::task::JoinSet;

use crate::figures;
use crate::histogram::Histogram;
use crate::payload::Run;
use crate::process::Process;

pub(crate) use connection::{Connection, Signal};
pub(crate) use lane::Watch;

/// Sessions that the mix tells of.
pub(crate) const SESSIONS: usize = 64;
/// Connections that carry it.
pub(crate) const CONNECTIONS: usize = 16;

/// What requests are sent as.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Protocol {
    /// Protobuf over HTTP/1.1.
    Protobuf,
    /// JSON over HTTP/1.1.
    Json,
    /// gRPC.
    Grpc,
}

/// When the next request of a connection is sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Pace {
    /// When the one before it is answered.
    Closed,
    /// At so many requests a second over all connections, whatever is answered.
    Open(u32),
}

/// When the load ends.
#[derive(Debug, Clone, Copy)]
pub(crate) enum End {
    /// After this time, the first part of which is not measured.
    After { unmeasured: Duration, measured: Duration },
    /// After so many requests, all of them measured.
    Requests(u64),
}

/// One load.
#[derive(Clone)]
pub(crate) struct Load {
    pub(crate) address: SocketAddr,
    pub(crate) protocol: Protocol,
    pub(crate) connections: usize,
    pub(crate) pace: Pace,
    pub(crate) end: End,
    pub(crate) run: Run,
    /// Is told of each logs request before it is sent.
    pub(crate) watch: Option<Watch>,
}

/// What a load did, its unmeasured part left out.
#[derive(Debug, Clone, Default)]
pub(crate) struct Outcome {
    pub(crate) requests: u64,
    pub(crate) points: u64,
    pub(crate) latencies: Histogram,
    pub(crate) elapsed: Duration,
    /// What the server spent.
    pub(crate) processor: Duration,
}

#[expect(clippy::cast_precision_loss, reason = "figures for people")]
impl Outcome {
    pub(crate) fn requests_per_second(&self) -> f64 {
        self.requests as f64 / self.elapsed.as_secs_f64()
    }

    /// Thousand points per second of the server's processor time.
    pub(crate) fn kilopoints_per_processor_second(&self) -> f64 {
        self.points as f64 / 1000.0 / self.processor.as_secs_f64()
    }
}

impl Load {
    /// Runs it against the process `server`.
    ///
    /// # Errors
    /// When a request is not accepted; the load stops there.
    pub(crate) async fn put_on(&self, server: Process) -> Result<Outcome> {
        let start = Instant::now();
        let measured_from = match self.end {
            End::After { unmeasured, .. } => start + unmeasured,
            End::Requests(_) => start,
        };
        let shared = Arc::new(lane::Shared::new(self.clone(), start, measured_from));
        let mut lanes = JoinSet::new();
        for number in 0..self.connections {
            lanes.spawn(lane::run(Arc::clone(&shared), number));
        }
        tokio::time::sleep_until(measured_from.into()).await;
        let before = server.processor_time()?;
        let mut outcome = Outcome::default();
        while let Some(lane) = lanes.join_next().await {
            let lane = lane.context("a connection of the load ended early")??;
            outcome.requests += lane.requests;
            outcome.points += lane.points;
            outcome.latencies.add(&lane.latencies);
        }
        outcome.elapsed = measured_from.elapsed();
        outcome.processor = server.processor_time()?.saturating_sub(before);
        Ok(outcome)
    }
}

/// Load on a receiver that somebody else started.
#[derive(Debug, Clone, Args)]
pub(crate) struct Arguments {
    /// Its address.
    address: SocketAddr,
    /// Its process, whose cost is measured.
    #[arg(long)]
    pid: u32,
    /// What requests are sent as.
    #[arg(long, value_enum, default_value_t = Protocol::Protobuf)]
    protocol: Protocol,
    /// Connections.
    #[arg(long, default_value_t = CONNECTIONS)]
    connections: usize,
    /// Requests a second; without it as many as are answered.
    #[arg(long)]
    rate: Option<u32>,
    /// Measured seconds.
    #[arg(long, default_value_t = 5)]
    seconds: u64,
}

/// Puts load on any receiver and prints what it did.
pub(crate) async fn run(arguments: &Arguments) -> Result<()> {
    let server = Process::new(arguments.pid);
    let load = Load {
        address: arguments.address,
        protocol: arguments.protocol,
        connections: arguments.connections,
        pace: arguments.rate.map_or(Pace::Closed, Pace::Open),
        end: End::After {
            unmeasured: Duration::from_millis(500),
            measured: Duration::from_secs(arguments.seconds),
        },
        run: Run::begin(),
        watch: None,
    };
    let outcome = load.put_on(server).await?;
    let quantile = |permille| figures::millis(outcome.latencies.quantile(permille));
    let processor = outcome.processor.as_secs_f64() / outcome.elapsed.as_secs_f64();
    figures::line("requests/s", &format!("{:.0}", outcome.requests_per_second()), "");
    let efficiency = outcome.kilopoints_per_processor_second();
    figures::line("kpts/cpu-s", &format!("{efficiency:.0}"), "");
    for (name, permille) in [("p50", 500), ("p90", 900), ("p99", 990), ("p99.9", 999)] {
        figures::line(name, &quantile(permille), "");
    }
    figures::line("max", &figures::millis(outcome.latencies.max()), "");
    figures::line("server's processors", &format!("{:.1} %", processor * 100.0), "");
    figures::line("peak resident", &figures::megabytes(server.peak_resident()?), "");
    Ok(())
}
