//! `plimsoll serve`: the resident.

use std::{
    io::{self, Write},
    path::PathBuf,
    pin::pin,
};

use anyhow::Context;
use plimsoll_engine::{Config, Engine, EngineError, Key, Running, Surroundings as Around};
use tokio_util::sync::CancellationToken;
use tracing::level_filters::LevelFilter;

use super::{Exit, Surroundings, log, resident_runtime, signals::Signals};

#[derive(Debug, Default, clap::Args)]
pub(crate) struct Flags {
    /// Address for OTLP over HTTP [default: 127.0.0.1:4318]
    #[arg(long, value_name = "ADDRESS")]
    http: Option<String>,
    /// Address for OTLP over gRPC [default: 127.0.0.1:4317]
    #[arg(long, value_name = "ADDRESS")]
    grpc: Option<String>,
    /// Address of the dashboard [default: 127.0.0.1:3030]
    #[arg(long, value_name = "ADDRESS")]
    dashboard: Option<String>,
    /// The ledger's file [default: ledger.db in the data folder]
    #[arg(long, value_name = "FILE")]
    ledger: Option<String>,
    /// The configuration file [default: config.toml in the configuration folder]
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
}

impl Flags {
    /// The keys that are set by a flag.
    fn keys(&self) -> Vec<(Key, &'static str, String)> {
        let flags = [
            (Key::ReceiverHttp, "--http", &self.http),
            (Key::ReceiverGrpc, "--grpc", &self.grpc),
            (Key::DashboardListen, "--dashboard", &self.dashboard),
            (Key::LedgerPath, "--ledger", &self.ledger),
        ];
        let set =
            flags.into_iter().filter_map(|(key, flag, text)| Some((key, flag, text.clone()?)));
        set.collect()
    }
}

pub(crate) fn run(flags: &Flags, around: Surroundings) -> anyhow::Result<()> {
    let Surroundings { environment, mut places } = around;
    log::begin(&environment, LevelFilter::INFO)?;
    if let Some(path) = &flags.config {
        places.name_config(path);
    }
    let config = Config::load(&places, &environment, &flags.keys())
        .map_err(|error| Exit::Usage.because(error))?;
    // Before anything else: whoever connects from now on waits, and is not refused.
    let engine =
        Engine::bind(config, Around::of_user(places, &environment, env!("CARGO_PKG_VERSION")));
    let runtime = resident_runtime()?;
    let outcome = runtime.block_on(serve(engine));
    runtime.shutdown_background();
    outcome
}

async fn serve(engine: Engine) -> anyhow::Result<()> {
    let mut signals = Signals::listen().context("cannot listen for signals")?;
    let Some(running) = start(engine, &mut signals).await? else { return Ok(()) };
    greet(&running)?;
    signals.next().await;
    end(running, &mut signals).await
}

/// Starts the engine; `None` where it was asked to end before it could.
pub(crate) async fn start(
    engine: Engine,
    signals: &mut Signals,
) -> anyhow::Result<Option<Running>> {
    let stop = CancellationToken::new();
    let mut start = pin!(engine.start(&stop));
    let started = loop {
        tokio::select! {
            started = &mut start => break started,
            () = signals.next() => stop.cancel(),
        }
    };
    match started {
        Ok(running) => Ok(Some(running)),
        Err(EngineError::Stopped) => Ok(None),
        Err(error @ EngineError::LedgerHeld { .. }) => Err(Exit::Unavailable.because(error)),
        Err(error) => Err(Exit::Failed.because(error)),
    }
}

/// Drains the engine; a second signal ends at once.
pub(crate) async fn end(running: Running, signals: &mut Signals) -> anyhow::Result<()> {
    tokio::select! {
        _ = running.drain() => Ok(()),
        () = signals.next() => Err(Exit::Failed.because("ended before everything was closed")),
    }
}

fn greet(running: &Running) -> io::Result<()> {
    let runtime = running.runtime();
    let shown = |url: &Option<String>| url.clone().unwrap_or_else(|| "not served".to_owned());
    let mut out = io::stdout().lock();
    writeln!(out, "Plimsoll {} is running.", runtime.version)?;
    writeln!(out, "  dashboard  {}", shown(&runtime.dashboard).replace("127.0.0.1", "localhost"))?;
    writeln!(out, "  OTLP/HTTP  {}", shown(&runtime.otlp_http))?;
    writeln!(out, "  OTLP/gRPC  {}", shown(&runtime.otlp_grpc))?;
    writeln!(out, "  ledger     {}", runtime.ledger.display())?;
    for problem in &running.status().borrow().problems {
        writeln!(out, "\n{}", problem.message)?;
    }
    if let Some(endpoint) = &runtime.otlp_http {
        writeln!(out, "\nNext, start Claude Code with:")?;
        writeln!(out, "  CLAUDE_CODE_ENABLE_TELEMETRY=1 OTEL_METRICS_EXPORTER=otlp \\")?;
        writeln!(out, "  OTEL_LOGS_EXPORTER=otlp OTEL_EXPORTER_OTLP_PROTOCOL=http/protobuf \\")?;
        writeln!(out, "  OTEL_EXPORTER_OTLP_ENDPOINT={endpoint} claude")?;
    }
    out.flush()
}
