//! `plimsoll-bench`: what Plimsoll costs and how fast it is: the engine beside a bare reference, the tray and
//! the windows on a screen of their own.
//!
//! Each part prints its figures with their goals. It fails only where something does not work: an
//! error answer, a lost record, a process that ends. A missed goal is a figure like any other.

#![allow(clippy::print_stdout, reason = "printing figures is what it is for")]

mod backfill;
mod corpus;
mod desktop;
mod family;
mod figures;
mod histogram;
mod ingest;
mod latency;
mod line;
mod load;
mod payload;
mod process;
mod random;
mod reaction;
mod reference;
mod restart;
mod target;
mod weight;

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};
use clap::{Parser, Subcommand};

use crate::load::Protocol;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Measures Plimsoll: ingest, latency, line, reaction, weight, restart, backfill, desktop. All of them without a command.
#[derive(Debug, Parser)]
#[command(name = "plimsoll-bench", version)]
struct Arguments {
    #[command(subcommand)]
    command: Option<Command>,
    /// The resident's program; by default the `plimsoll` beside this one. The program with windows is
    /// looked for beside it.
    #[arg(long, global = true, env = "PLIMSOLL_BIN")]
    plimsoll: Option<PathBuf>,
    /// Where ledgers are put, on the disk that is to be measured; by default beside this program.
    #[arg(long, global = true)]
    folder: Option<PathBuf>,
    /// Short runs: to see that it works, not for figures.
    #[arg(long, global = true)]
    quick: bool,
}

#[derive(Debug, Clone, Subcommand)]
enum Command {
    /// Durable ingest, closed and open loop, in turns with the reference.
    Ingest {
        /// What the requests are sent as; only protobuf has a reference.
        #[arg(long, value_enum, default_value_t = Protocol::Protobuf)]
        protocol: Protocol,
    },
    /// From a request's arrival to its event in a client of the stream.
    Latency,
    /// Whether compactions are foreseen: generated cycles against the running program, and the forecast's error.
    Line(line::Arguments),
    /// From the export that reaches a level to the notification, the command, and the text in the session.
    Reaction,
    /// Start-up, memory, and processor time while idle.
    Weight,
    /// Killed and restarted under load, while a stand-in for systemd holds the sockets.
    Restart,
    /// Reads history from transcripts, in turns with other readers; exact or not, and what it costs.
    Backfill(backfill::Arguments),
    /// Writes the transcripts that are read so, and the truth about them, to stay.
    Corpus {
        #[command(flatten)]
        plan: corpus::Plan,
        /// The home folder to write them into.
        home: PathBuf,
    },
    /// Tray and windows in both shapes of the application: memory, and from a click to the painted popover.
    Desktop,
    /// Puts load on any receiver.
    Load(load::Arguments),
    /// The reference receiver: full decode, one writer with group commit, nothing else.
    Reference(reference::Arguments),
}

/// What every measurement needs.
#[derive(Debug)]
struct Bench {
    plimsoll: PathBuf,
    folder: PathBuf,
    quick: bool,
}

fn main() -> Result<()> {
    let arguments = Arguments::parse();
    match arguments.command.clone() {
        Some(Command::Reference(reference)) => reference::run(&reference),
        Some(Command::Load(load)) => runtime()?.block_on(load::run(&load)),
        Some(Command::Ingest { protocol }) => {
            measure(&arguments, async |bench| ingest::run(bench, protocol).await)
        }
        Some(Command::Latency) => measure(&arguments, latency::run),
        Some(Command::Line(line)) => {
            measure(&arguments, async |bench| line::run(bench, &line).await)
        }
        Some(Command::Reaction) => measure(&arguments, reaction::run),
        Some(Command::Weight) => measure(&arguments, weight::run),
        Some(Command::Restart) => measure(&arguments, restart::run),
        Some(Command::Backfill(backfill)) => {
            measure(&arguments, async |bench| backfill::run(bench, &backfill).await)
        }
        Some(Command::Corpus { plan, home }) => backfill::write(plan, &home),
        Some(Command::Desktop) => measure(&arguments, desktop::run),
        None => measure(&arguments, everything),
    }
}

fn measure(arguments: &Arguments, part: impl AsyncFnOnce(&Bench) -> Result<()>) -> Result<()> {
    let bench = Bench::new(arguments)?;
    runtime()?.block_on(part(&bench))
}

async fn everything(bench: &Bench) -> Result<()> {
    ingest::run(bench, Protocol::Protobuf).await?;
    latency::run(bench).await?;
    line::run(bench, &line::Arguments::default()).await?;
    reaction::run(bench).await?;
    weight::run(bench).await?;
    restart::run(bench).await?;
    backfill::run(bench, &backfill::Arguments::usual()).await?;
    desktop::run(bench).await
}

/// One thread: the load shares the machine with what it measures.
fn runtime() -> Result<tokio::runtime::Runtime> {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .context("cannot start the runtime")
}

impl Bench {
    fn new(arguments: &Arguments) -> Result<Self> {
        let own = std::env::current_exe().context("cannot tell where this program is")?;
        let beside = own.parent().unwrap_or(Path::new(".")).to_owned();
        let plimsoll = arguments.plimsoll.clone().unwrap_or_else(|| beside.join("plimsoll"));
        ensure!(
            plimsoll.is_file(),
            "there is no {}; build it with `cargo build --release --bin plimsoll`, or name it with \
             --plimsoll",
            plimsoll.display()
        );
        let folder = arguments.folder.clone().unwrap_or_else(|| beside.join("bench"));
        std::fs::create_dir_all(&folder)
            .with_context(|| format!("cannot make {}", folder.display()))?;
        Ok(Self { plimsoll, folder, quick: arguments.quick })
    }

    /// The program with windows; it may be missing.
    fn window(&self) -> PathBuf {
        self.plimsoll.with_file_name("plimsoll-window")
    }
}
