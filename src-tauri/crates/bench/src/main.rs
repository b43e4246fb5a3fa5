//! `plimsoll-bench`: what the resident costs and how fast it is, beside a bare reference.
//!
//! Each part prints its figures with their goals. It fails only where something does not work: an
//! error answer, a lost record, a process that ends. A missed goal is a figure like any other.

#![allow(clippy::print_stdout, reason = "printing figures is what it is for")]

mod figures;
mod histogram;
mod ingest;
mod latency;
mod load;
mod payload;
mod process;
mod reference;
mod target;
mod weight;

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};
use clap::{Parser, Subcommand};

use crate::load::Protocol;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Measures the resident: ingest, latency, weight. All three without a command.
#[derive(Debug, Parser)]
#[command(name = "plimsoll-bench", version)]
struct Arguments {
    #[command(subcommand)]
    command: Option<Command>,
    /// The resident's program; by default the `plimsoll` beside this one.
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
    /// Start-up, memory, and processor time while idle.
    Weight,
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
            let bench = Bench::new(&arguments)?;
            runtime()?.block_on(ingest::run(&bench, protocol))
        }
        Some(Command::Latency) => {
            let bench = Bench::new(&arguments)?;
            runtime()?.block_on(latency::run(&bench))
        }
        Some(Command::Weight) => {
            let bench = Bench::new(&arguments)?;
            runtime()?.block_on(weight::run(&bench))
        }
        None => {
            let bench = Bench::new(&arguments)?;
            runtime()?.block_on(async {
                ingest::run(&bench, Protocol::Protobuf).await?;
                latency::run(&bench).await?;
                weight::run(&bench).await
            })
        }
    }
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
}
