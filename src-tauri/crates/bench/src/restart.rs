//! Killed and restarted under load, as the systemd units have it: the sockets stay open meanwhile.

mod clients;

use std::collections::HashSet;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use plimsoll_testkit::{Loopback, Panel, PrivateBus, SocketHolder, Start};
use tokio::time::{sleep, timeout};

use crate::Bench;
use crate::figures::{self, median, millis};
use crate::payload::Run;
use clients::{CLIENTS, Clients, Export, Fate};

/// The sockets of the units, and where the configuration names their addresses.
const SOCKETS: [(&str, &str); 3] = [
    ("otlp-http", "PLIMSOLL_RECEIVER_HTTP"),
    ("otlp-grpc", "PLIMSOLL_RECEIVER_GRPC"),
    ("dashboard", "PLIMSOLL_DASHBOARD_LISTEN"),
];
/// How long the clients send before and after each end.
const LOADED: Duration = Duration::from_secs(1);
/// How long a service may take to end; systemd kills it then.
const PATIENCE: Duration = Duration::from_secs(30);

/// How the service is ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Signal {
    /// `kill -9`, as in a crash.
    Kill,
    /// As in a restart or an update.
    Terminate,
}

impl Signal {
    fn name(self) -> &'static str {
        match self {
            Self::Kill => "SIGKILL",
            Self::Terminate => "SIGTERM",
        }
    }
}

/// One end of the service.
struct End {
    signalled: Instant,
    /// When the process was gone.
    gone: Instant,
}

/// Measures and prints.
///
/// # Errors
/// Also when an export that was answered is not in the books.
pub(crate) async fn run(bench: &Bench) -> Result<()> {
    let what = "clients, a connection for each export, sockets held as by systemd";
    figures::begin(&format!("restart: {CLIENTS} {what}")).await?;
    for signal in [Signal::Kill, Signal::Terminate] {
        measure(bench, signal).await?;
    }
    Ok(())
}

async fn measure(bench: &Bench, signal: Signal) -> Result<()> {
    let folder = tempfile::tempdir_in(&bench.folder).context("cannot make a folder")?;
    let bus = PrivateBus::start().await?;
    let _panel = Panel::on(&bus).await?;
    let start = Start::within(&bench.plimsoll, folder.path()).command(&[]).bus(&bus.address());
    let mut service = SocketHolder::hold(start, &SOCKETS)?;
    service.run().await.with_context(|| service.start().said())?;
    let run = Run::begin();
    let clients = Clients::begin(service.address("otlp-http")?, run);
    let mut ends = Vec::new();
    for number in 1..=if bench.quick { 2 } else { 5 } {
        sleep(LOADED).await;
        ends.push(end(&service, signal).await?);
        service.ready(number + 1).await.with_context(|| service.start().said())?;
    }
    sleep(LOADED).await;
    let exports = clients.end().await?;
    print(signal, &ends, &exports)?;
    let booked = booked(&Loopback::new(service.address("dashboard")?), run).await?;
    let answered = exports.iter().filter(|export| export.is_answered());
    let missing = answered.filter(|export| !booked.contains(&export.request)).count();
    figures::line("  answered but missing in the books", &missing.to_string(), "0");
    ensure!(missing == 0, "{missing} exports were answered and are lost");
    service.stop().await.map(drop).context("the service does not end")
}

async fn end(service: &SocketHolder, signal: Signal) -> Result<End> {
    let before = service.ends().len();
    let signalled = Instant::now();
    match signal {
        Signal::Kill => service.kill9()?,
        Signal::Terminate => service.restart()?,
    }
    let ended = async {
        loop {
            if let Some(status) = service.ends().get(before) {
                return *status;
            }
            sleep(Duration::from_millis(1)).await;
        }
    };
    let status = timeout(PATIENCE, ended).await.context("the service does not end")?;
    let asked = signal == Signal::Terminate;
    ensure!(!asked || status.success(), "it ended with {status}: {}", service.start().said());
    Ok(End { signalled, gone: Instant::now() })
}

fn print(signal: Signal, ends: &[End], exports: &[Export]) -> Result<()> {
    let back = ends.iter().map(|end| end.until_answered(exports).map(|time| time.as_secs_f64()));
    let back: Vec<_> = back.collect::<Option<_>>().context("it was never answered again")?;
    let worst = back.iter().copied().fold(0.0, f64::max);
    let shown = |seconds| millis(Duration::from_secs_f64(seconds));
    let (name, goal) = (signal.name(), "<= 1000 ms");
    let what = format!("{name} until it answers anew, median");
    figures::line(&what, &shown(median(back)), goal);
    figures::line(&format!("  worst of {}", ends.len()), &shown(worst), goal);
    let answered = || exports.iter().filter(|export| export.is_answered());
    let longest = answered().map(Export::took).max().unwrap_or_default();
    figures::line("  longest wait of an answered export", &millis(longest), goal);
    figures::line("  exports answered", &answered().count().to_string(), "");
    let of = |fate| exports.iter().filter(|export| export.fate == fate).count().to_string();
    figures::line("  connections refused", &of(Fate::Refused), "0");
    // What a killed process was about to answer, nobody can answer.
    let goal = if signal == Signal::Kill { "" } else { "0" };
    figures::line("  connections cut off", &of(Fate::CutOff), goal);
    Ok(())
}

impl End {
    /// The time until the next process answered an export: one that was begun when the last one was gone.
    fn until_answered(&self, exports: &[Export]) -> Option<Duration> {
        let next =
            exports.iter().filter(|export| export.is_answered() && export.begun >= self.gone);
        next.map(|export| export.ended - self.signalled).min()
    }
}

/// The requests to the model of this run that have a record.
async fn booked(api: &Loopback, run: Run) -> Result<HashSet<u64>> {
    let mut booked = HashSet::new();
    let mut path = "/api/v1/usage-records?limit=1000".to_owned();
    loop {
        let page = api.json(&path).await?;
        let records = page["records"].as_array().context("there are no records")?;
        let numbers = records.iter().filter_map(|it| run.number_of(it["requestId"].as_str()?));
        booked.extend(numbers);
        let Some(next) = page["next"].as_i64() else { return Ok(booked) };
        path = format!("/api/v1/usage-records?limit=1000&cursor={next}");
    }
}
