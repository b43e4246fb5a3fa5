//! `plimsoll serve`: the engine without a desktop.

use std::{
    io::{self, Write},
    path::PathBuf,
};

use anyhow::Context;
use plimsoll_engine::{Config, Engine, Inherited, Key, Running};
use plimsoll_programs::{self as programs, Exit, Signals, Surroundings, log, resident_runtime};
use tracing::level_filters::LevelFilter;

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

pub(crate) fn run(flags: &Flags, mut around: Surroundings) -> anyhow::Result<()> {
    let inherited = Inherited::from_environment();
    log::begin(&around.environment, LevelFilter::INFO)?;
    if let Some(path) = &flags.config {
        around.places.name_config(path);
    }
    let config = Config::load(&around.places, &around.environment, &flags.keys())
        .map_err(|error| Exit::Usage.because(error))?;
    let engine = programs::bind(config, around, inherited);
    let runtime = resident_runtime()?;
    let outcome = runtime.block_on(serve(engine));
    runtime.shutdown_background();
    outcome
}

async fn serve(engine: Engine) -> anyhow::Result<()> {
    let mut signals = Signals::listen().context("cannot listen for signals")?;
    let Some(running) = programs::start(engine, &mut signals).await? else { return Ok(()) };
    greet(&running)?;
    signals.next().await;
    programs::end(running, &mut signals).await
}

/// Says where everything is, and what to do next.
pub(crate) fn greet(running: &Running) -> io::Result<()> {
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
    if runtime.otlp_http.is_some() {
        writeln!(
            out,
            "\n`plimsoll connect` connects Claude Code; `plimsoll doctor` shows who is seen."
        )?;
    }
    out.flush()
}
