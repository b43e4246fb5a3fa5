//! Whether compactions are foreseen: the number that the product exists for, and the forecast's error.

mod backtest;
mod client;
mod cycles;
mod recorded;
mod verdict;

use std::path::PathBuf;

use anyhow::{Result, ensure};

use crate::{Bench, figures};
use backtest::{ASKED, Cycle, Method};
use client::Shape;
use cycles::Run;
use verdict::Verdict;

/// Cycles of each shape, and of each of two sessions at once.
const CYCLES: usize = 18;
/// Cycles of each shape that the forecast is held against: those need no program to run.
const FORECAST: usize = 300;

/// The project's recorded sessions.
const CAPTURES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../../tests/fixtures/captures");

#[derive(Debug, Clone, clap::Args)]
pub(crate) struct Arguments {
    /// Another seed throws other conversations.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// More transcripts whose compactions are forecast, beside the project's own captures: a folder of the client's
    /// projects.
    #[arg(long)]
    transcripts: Vec<PathBuf>,
}

impl Default for Arguments {
    fn default() -> Self {
        Self { seed: 1, transcripts: Vec::new() }
    }
}

/// Measures and prints.
pub(crate) async fn run(bench: &Bench, arguments: &Arguments) -> Result<()> {
    foresee(bench, arguments.seed).await?;
    forecast(arguments)
}

/// Automatic compactions of generated conversations, sent to the running program as a client sends them.
async fn foresee(bench: &Bench, seed: u64) -> Result<()> {
    let cycles = if bench.quick { 2 } else { CYCLES };
    figures::begin("line: automatic compactions and the alerts before them").await?;
    let mut run = Run::start(bench, seed).await?;
    let mut rows = vec![head()];
    let mut all = Verdict::default();
    for shape in Shape::ALL {
        let verdict = run.alone(shape, cycles).await?;
        rows.push(verdict.row(shape.name()));
        all.add(&verdict);
    }
    let verdict = run.together([Shape::Tools, Shape::Steady], cycles).await?;
    rows.push(verdict.row("two at once"));
    all.add(&verdict);
    rows.push(all.row("all"));
    figures::table(&rows);
    let prepared = all.prepared_permille();
    let share = format!("{}.{} %", prepared / 10, prepared % 10);
    figures::line("foreseen two requests or 20k tokens before", &share, ">= 99 %");
    figures::line("alerts twice in a cycle", &all.doubled.to_string(), "0");
    figures::line("alerts without cause", &all.groundless.to_string(), "0");
    figures::line("occupancies that differ from the truth", &all.wrong.to_string(), "0");
    ensure!(all.wrong == 0, "an occupancy differs from what was sent");
    Ok(())
}

fn head() -> Vec<String> {
    ["", "compactions", "foreseen", "twice", "without cause", "wrong"].map(String::from).to_vec()
}

/// The forecast's median absolute error in turns, beside naive ones'.
fn forecast(arguments: &Arguments) -> Result<()> {
    println!(
        "line: median absolute error of the forecast, in turns, so many turns before the compaction"
    );
    let mut sets: Vec<(String, Vec<Cycle>)> = Shape::ALL
        .map(|shape| {
            (shape.name().to_owned(), backtest::generated(shape, arguments.seed, FORECAST))
        })
        .into();
    let folders: Vec<_> =
        [CAPTURES.into()].into_iter().chain(arguments.transcripts.iter().cloned()).collect();
    sets.push(("recorded".to_owned(), recorded::cycles(&folders)?));
    let mut rows =
        vec![["", "method", "10 turns", "5 turns", "2 turns", "cycles"].map(String::from).to_vec()];
    for (name, cycles) in sets.iter().filter(|(_, cycles)| !cycles.is_empty()) {
        rows.extend(Method::ALL.map(|method| error_row(name, method, cycles)));
    }
    figures::table(&rows);
    Ok(())
}

fn error_row(name: &str, method: Method, cycles: &[Cycle]) -> Vec<String> {
    let mut errors = method.errors(cycles);
    let shown = (0..ASKED.len()).map(|asked| match errors.median(asked) {
        Some(doubled) => format!("{}.{}", doubled / 2, doubled % 2 * 5),
        None => "-".to_owned(),
    });
    let shown: Vec<String> = shown.collect();
    let counts = (0..ASKED.len()).map(|asked| errors.count(asked)).max().unwrap_or(0);
    let mut row = vec![name.to_owned(), method.name().to_owned()];
    row.extend(shown);
    row.push(format!("{counts}"));
    row
}
