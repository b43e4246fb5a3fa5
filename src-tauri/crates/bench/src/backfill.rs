//! Reading history from transcripts: the program on an empty ledger, beside other readers of the same files.

mod child;
mod figure;
mod house;
mod limit;
mod reader;
mod resident;

use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, Result, ensure};

use crate::Bench;
use crate::corpus::{Corpus, Plan, Sums};
use crate::figures::{self, median, megabytes, millis};
use figure::Figures;
use house::House;
use reader::{Ccusage, Reader};

/// How often a rescan is timed.
const RESCANS: usize = 7;

/// What is read, how often, and by whom.
#[derive(Debug, Clone, clap::Parser)]
pub(crate) struct Arguments {
    /// A home folder with `.claude/projects` and `truth.json` to read; by default one is made and removed again.
    #[arg(long, value_name = "DIR")]
    corpus: Option<PathBuf>,
    #[command(flatten)]
    plan: Plan,
    /// How often everybody reads everything, in turns.
    #[arg(long, default_value_t = 3)]
    rounds: usize,
    /// The program of ccusage 20, which is native.
    #[arg(long, env = "PLIMSOLL_BENCH_CCUSAGE", value_name = "PROGRAM")]
    ccusage: Option<PathBuf>,
    /// The `dist/index.js` of an earlier ccusage, which needs node.
    #[arg(long, env = "PLIMSOLL_BENCH_CCUSAGE_NODE", value_name = "SCRIPT")]
    ccusage_node: Option<PathBuf>,
}

impl Arguments {
    /// What is done where nothing else is asked for; the environment may still name other readers.
    pub(crate) fn usual() -> Self {
        clap::Parser::parse_from(["backfill"])
    }
}

/// Measures and prints.
///
/// # Errors
/// Also when the books are not the truth.
pub(crate) async fn run(bench: &Bench, arguments: &Arguments) -> Result<()> {
    let made = tempfile::tempdir_in(&bench.folder).context("cannot make a folder")?;
    let corpus = corpus(bench, arguments, made.path())?;
    let (truth, total) = (&corpus.truth, corpus.truth.total());
    let (files, size) = (truth.files, megabytes(truth.bytes));
    let what = format!("{files} transcripts, {size}, {} requests", total.requests);
    figures::begin(&format!("backfill: {what}")).await?;
    let readers = readers(bench, arguments)?;
    let mut all: Vec<_> = readers.iter().map(Figures::of).collect();
    // So that everybody finds the files in the system's cache.
    limit::read(&corpus)?;
    let mut house = House::within(bench)?;
    for _ in 0..if bench.quick { 1 } else { arguments.rounds.max(1) } {
        house = read_in_turns(bench, &corpus, &mut all)?;
    }
    figure::print(&all, &total);
    let exact = resident::check(bench, &house, &corpus).await?;
    rescan(bench, &house, &corpus)?;
    resident::weigh(bench, &corpus).await?;
    ensure!(exact, "the books are not what the transcripts tell");
    Ok(())
}

/// Writes a corpus that stays.
pub(crate) fn write(plan: Plan, home: &Path) -> Result<()> {
    let Corpus { truth, .. } = Corpus::write(plan, home)?;
    let Sums { tokens, requests, cost, .. } = truth.total();
    println!("{} files, {} bytes, {} lines", truth.files, truth.bytes, truth.lines);
    println!("{requests} requests, {} tokens, {cost} nano-USD", tokens.total());
    Ok(())
}

/// The one that is asked for; else one is made in a folder.
fn corpus(bench: &Bench, arguments: &Arguments, folder: &Path) -> Result<Corpus> {
    if let Some(home) = &arguments.corpus {
        return Corpus::open(home);
    }
    let plan = arguments.plan;
    let plan = if bench.quick { Plan { files: 100, mib: 50, ..plan } } else { plan };
    let corpus = Corpus::write(plan, folder)?;
    // Else the system brings it to the disk while it is read.
    rustix::fs::sync();
    Ok(corpus)
}

fn readers(bench: &Bench, arguments: &Arguments) -> Result<Vec<Reader>> {
    let mut readers = vec![Reader::Limit, Reader::Plimsoll(bench.plimsoll.clone())];
    if let Some(program) = &arguments.ccusage {
        readers.push(Reader::Ccusage(Ccusage::of(bench, vec![program.into()])?));
    }
    if let Some(script) = &arguments.ccusage_node {
        readers.push(Reader::Ccusage(Ccusage::of(bench, vec!["node".into(), script.into()])?));
    }
    Ok(readers)
}

/// Everybody reads once; returns the home that has our ledger.
fn read_in_turns(bench: &Bench, corpus: &Corpus, all: &mut [Figures<'_>]) -> Result<House> {
    let ours = House::within(bench)?;
    for figures in all {
        let theirs = House::within(bench)?;
        let house = if matches!(figures.reader, Reader::Plimsoll(_)) { &ours } else { &theirs };
        figures.add(figures.reader.read(house, corpus)?);
    }
    Ok(ours)
}

/// What looking through everything costs when nothing is new: the whole program, less what it takes without any
/// transcripts.
fn rescan(bench: &Bench, house: &House, corpus: &Corpus) -> Result<()> {
    let empty = House::within(bench)?;
    let time = |house: &House, claude: &Path| -> Result<f64> {
        let ran = child::run(&mut house.backfill(&bench.plimsoll, claude))?;
        Ok(ran.spent.wall.as_secs_f64())
    };
    let (claude, nothing) = (corpus.claude(), empty.nothing());
    // Makes its ledger.
    time(&empty, &nothing)?;
    let (mut with, mut without) = (Vec::new(), Vec::new());
    for _ in 0..RESCANS {
        with.push(time(house, &claude)?);
        without.push(time(&empty, &nothing)?);
    }
    let (with, without) = (median(with), median(without));
    let figure = |seconds: f64| millis(Duration::from_secs_f64(seconds.max(0.0)));
    figures::line("the program with nothing new, median", &figure(with), "");
    figures::line("the same without any transcripts", &figure(without), "");
    figures::line("so the rescan by itself", &figure(with - without), "< 20 ms");
    Ok(())
}
