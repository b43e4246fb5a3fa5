//! Durable ingest: as much as is answered, and at 200 requests a second.

use std::fs::File;
use std::io::Write;
use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};

use crate::Bench;
use crate::figures::{self, median, millis};
use crate::histogram::Histogram;
use crate::load::{CONNECTIONS, End, Load, Outcome, Pace, Protocol};
use crate::payload::Run;
use crate::target::{Target, Which};

/// Requests a second of the open loop: about 66 sessions at the client's fastest intervals.
const RATE: u32 = 200;

struct Plan {
    rounds: usize,
    closed: Duration,
    open: Duration,
}

impl Plan {
    fn of(bench: &Bench) -> Self {
        let seconds = Duration::from_secs;
        if bench.quick {
            Self { rounds: 1, closed: seconds(1), open: seconds(2) }
        } else {
            Self { rounds: 3, closed: seconds(4), open: seconds(8) }
        }
    }
}

/// The figures of all rounds of one server.
#[derive(Default)]
struct Figures {
    closed: Vec<Outcome>,
    open: Vec<Outcome>,
    peak: u64,
}

/// Measures ours and the reference in turns and prints both.
pub(crate) async fn run(bench: &Bench, protocol: Protocol) -> Result<()> {
    let plan = Plan::of(bench);
    let reference = protocol == Protocol::Protobuf;
    let what = "connections, mix of metrics and logs, answered after the commit";
    figures::begin(&format!("ingest: {CONNECTIONS} {what}")).await?;
    let flush = flush_time(&bench.folder)?;
    figures::line("4 KiB append and fdatasync, median", &millis(flush), "");
    let mut ours = Figures::default();
    let mut theirs = Figures::default();
    for _ in 0..plan.rounds {
        if reference {
            theirs.measure(bench, Which::Reference, protocol, &plan).await?;
        }
        ours.measure(bench, Which::Resident, protocol, &plan).await?;
    }
    let mut servers = vec![(Which::Resident, &ours)];
    if reference {
        servers.push((Which::Reference, &theirs));
    }
    print_closed(&servers);
    print_open(&servers);
    if reference {
        print_ratios(&ours, &theirs, flush);
    }
    Ok(())
}

impl Figures {
    async fn measure(
        &mut self,
        bench: &Bench,
        which: Which,
        protocol: Protocol,
        plan: &Plan,
    ) -> Result<()> {
        let target = Target::start(bench, which).await?;
        let load = |pace, measured| -> Result<Load> {
            Ok(Load {
                address: target.address(protocol)?,
                protocol,
                connections: CONNECTIONS,
                pace,
                end: End::After { unmeasured: Duration::from_millis(500), measured },
                run: Run::begin(),
                watch: None,
            })
        };
        let wrong = || format!("{} does not bear the load", which.name());
        let open = load(Pace::Open(RATE), plan.open)?;
        self.open.push(open.put_on(target.process()).await.with_context(wrong)?);
        let closed = load(Pace::Closed, plan.closed)?;
        self.closed.push(closed.put_on(target.process()).await.with_context(wrong)?);
        self.peak = self.peak.max(target.process().peak_resident()?);
        Ok(())
    }

    fn closed(&self, figure: impl Fn(&Outcome) -> f64) -> f64 {
        median(self.closed.iter().map(figure).collect())
    }

    fn processor_share(&self) -> f64 {
        let share = |outcome: &Outcome| outcome.processor.div_duration_f64(outcome.elapsed);
        median(self.open.iter().map(share).collect())
    }
}

fn all(outcomes: &[Outcome]) -> Histogram {
    outcomes.iter().fold(Histogram::default(), |mut sum, outcome| {
        sum.add(&outcome.latencies);
        sum
    })
}

fn head(columns: &[&str]) -> Vec<String> {
    columns.iter().map(|&column| column.to_owned()).collect()
}

fn print_closed(servers: &[(Which, &Figures)]) {
    let columns = ["closed loop", "req/s", "kpts/cpu-s", "p50", "p90", "p99", "p99.9", "peak RSS"];
    let mut rows = vec![head(&columns)];
    for (which, figures) in servers {
        let latencies = all(&figures.closed);
        let mut row = vec![
            which.name().to_owned(),
            format!("{:.0}", figures.closed(Outcome::requests_per_second)),
            format!("{:.0}", figures.closed(Outcome::kilopoints_per_processor_second)),
        ];
        row.extend([500, 900, 990, 999].map(|permille| millis(latencies.quantile(permille))));
        row.push(figures::megabytes(figures.peak));
        rows.push(row);
    }
    figures::table(&rows);
}

fn print_open(servers: &[(Which, &Figures)]) {
    let mut rows = vec![head(&["200 requests/s", "requests", "cpu", "p50", "p90", "p99", "p99.9"])];
    for (which, figures) in servers {
        let latencies = all(&figures.open);
        let mut row = vec![
            which.name().to_owned(),
            latencies.count().to_string(),
            format!("{:.1} %", figures.processor_share() * 100.0),
        ];
        row.extend([500, 900, 990, 999].map(|permille| millis(latencies.quantile(permille))));
        rows.push(row);
    }
    figures::table(&rows);
}

fn print_ratios(ours: &Figures, theirs: &Figures, flush: Duration) {
    let ratio = |figure: fn(&Outcome) -> f64| {
        format!("{:.2} x", ours.closed(figure) / theirs.closed(figure))
    };
    let goal = ">= 0.7 x, aim 1.0 x";
    figures::line("requests/s against the reference", &ratio(Outcome::requests_per_second), goal);
    let efficiency = ratio(Outcome::kilopoints_per_processor_second);
    figures::line("kpts/cpu-s against the reference", &efficiency, goal);
    let (open, reference) = (all(&ours.open), all(&theirs.open));
    let p50 = flush + Duration::from_micros(400);
    let goal = format!("<= {} (flush + 0.4 ms)", millis(p50));
    figures::line("p50 at 200 requests/s", &millis(open.quantile(500)), &goal);
    let slowest = reference.quantile(990) * 3;
    let goal = format!("<= {} (3 x the reference)", millis(slowest));
    figures::line("p99 at 200 requests/s", &millis(open.quantile(990)), &goal);
}

/// How long the disk takes to make a page durable: what no commit can beat.
fn flush_time(folder: &Path) -> Result<Duration> {
    const TIMES: usize = 200;
    let mut file = tempfile::tempfile_in(folder).context("cannot write to the folder")?;
    let mut times = Histogram::default();
    for _ in 0..TIMES {
        times.record(append(&mut file)?);
    }
    Ok(times.quantile(500))
}

fn append(file: &mut File) -> Result<Duration> {
    let start = Instant::now();
    file.write_all(&[7; 4096])?;
    file.sync_data()?;
    Ok(start.elapsed())
}
