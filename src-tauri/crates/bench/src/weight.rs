//! What the resident weighs: start-up, memory, and processor time while nothing happens.

use std::net::{SocketAddr, TcpListener as Listener};
use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use plimsoll_testkit::{Loopback, Start, TestResident};
use tokio::net::TcpStream;
use tokio::task::JoinSet;
use tokio::time::{MissedTickBehavior, interval, sleep};

use crate::Bench;
use crate::figures::{self, median, megabytes, millis};
use crate::load::{CONNECTIONS, Connection, End, Load, Pace, Protocol, Signal};
use crate::payload::{Fresh, Run, now, unchanged};
use crate::process::{Process, as_duration};
use crate::target::{Target, Which};

/// Requests before the idle minute.
const REQUESTS: u64 = 10_000;
/// Clients that have nothing new to say.
const IDLE_CLIENTS: usize = 20;
/// How often each of them says it.
const RESEND: Duration = Duration::from_secs(10);

/// Measures and prints.
pub(crate) async fn run(bench: &Bench) -> Result<()> {
    figures::begin("weight: what the resident costs while it serves nobody").await?;
    start_up(bench).await?;
    let target = Target::start(bench, Which::Resident).await?;
    let process = target.process();
    figures::line("PSS after the start", &megabytes(process.proportional()?), "");
    ten_thousand_requests(target.address(Protocol::Protobuf)?, process).await?;
    figures::line("PSS right after 10,000 requests", &megabytes(process.proportional()?), "");
    idle_minute(bench, process).await?;
    idle_clients(bench, &target).await
}

/// The time from the start of the process until both receivers accept.
async fn start_up(bench: &Bench) -> Result<()> {
    let starts = if bench.quick { 3 } else { 11 };
    let folder = tempfile::tempdir_in(&bench.folder).context("cannot make a folder")?;
    let first = one_start(bench, folder.path()).await?;
    let mut accepting = Vec::new();
    let mut answering = Vec::new();
    for _ in 1..starts {
        let (accepts, answers) = one_start(bench, folder.path()).await?;
        accepting.push(accepts.as_secs_f64());
        answering.push(answers.as_secs_f64());
    }
    let figure = |times| millis(Duration::from_secs_f64(median(times)));
    figures::line("start to both receivers accepting, first", &millis(first.0), "<= 50 ms");
    figures::line("the same on a ledger that exists, median", &figure(accepting), "<= 50 ms");
    figures::line("start to the first answer, first", &millis(first.1), "");
    figures::line("the same on a ledger that exists, median", &figure(answering), "");
    Ok(())
}

async fn one_start(bench: &Bench, folder: &Path) -> Result<(Duration, Duration)> {
    let (http, grpc) = (free_port()?, free_port()?);
    let start = Start::within(&bench.plimsoll, folder)
        .variable("PLIMSOLL_RECEIVER_HTTP", &http.to_string())
        .variable("PLIMSOLL_RECEIVER_GRPC", &grpc.to_string());
    let begin = Instant::now();
    let accepting = async {
        tokio::join!(accepts(http), accepts(grpc));
        begin.elapsed()
    };
    let answering = async {
        accepts(http).await;
        let headers = [("content-type", "application/x-protobuf")];
        let answer = Loopback::new(http).post("/v1/metrics", &headers, "").await;
        answer.map(|answer| (begin.elapsed(), answer.status))
    };
    let (resident, accepting, answering) = tokio::join!(start.run(), accepting, answering);
    let mut resident: TestResident = resident?;
    let (answering, status) = answering?;
    anyhow::ensure!(status == 200, "the first export was answered with {status}");
    resident.terminate(Duration::from_secs(10)).await?;
    Ok((accepting, answering))
}

/// Tries until something listens. The resident's own start fails where it never does.
async fn accepts(address: SocketAddr) {
    while TcpStream::connect(address).await.is_err() {
        sleep(Duration::from_millis(1)).await;
    }
}

fn free_port() -> Result<SocketAddr> {
    let listener = Listener::bind("127.0.0.1:0").context("there is no free port")?;
    Ok(listener.local_addr()?)
}

/// Puts a burst of requests on the receiver `address` of the process `server`.
pub(crate) async fn ten_thousand_requests(address: SocketAddr, server: Process) -> Result<()> {
    let load = Load {
        address,
        protocol: Protocol::Protobuf,
        connections: CONNECTIONS,
        pace: Pace::Closed,
        end: End::Requests(REQUESTS),
        run: Run::begin(),
        watch: None,
    };
    load.put_on(server).await.context("plimsoll does not bear the load").map(drop)
}

async fn idle_minute(bench: &Bench, process: Process) -> Result<()> {
    // What the load left to do (a checkpoint, closing connections) is not idleness.
    sleep(Duration::from_secs(5)).await;
    let minute = minute(bench);
    let before = process.ticks()?;
    sleep(minute).await;
    let ticks = process.ticks()? - before;
    let what = format!("ticks in {} idle seconds", minute.as_secs());
    figures::line(&what, &ticks.to_string(), "0");
    figures::line("PSS after them", &megabytes(process.proportional()?), "<= 15 MB");
    for (part, bytes) in process.proportional_parts()? {
        figures::line(&format!("  of it {part}"), &megabytes(bytes), "");
    }
    figures::line("threads", &process.threads()?.to_string(), "");
    figures::line("peak RSS", &megabytes(process.peak_resident()?), "");
    Ok(())
}

async fn idle_clients(bench: &Bench, target: &Target) -> Result<()> {
    let (address, run) = (target.address(Protocol::Protobuf)?, Run::begin());
    let mut clients = JoinSet::new();
    for number in 0..IDLE_CLIENTS {
        clients.spawn(idle_client(address, run, number));
    }
    // The first round tells something new.
    sleep(RESEND + Duration::from_secs(1)).await;
    let minute = minute(bench);
    let before = target.process().ticks()?;
    let ended = tokio::time::timeout(minute, clients.join_next()).await;
    if let Ok(Some(client)) = ended {
        client.context("an idle client ended early")??;
    }
    let spent = as_duration(target.process().ticks()? - before);
    let share = spent.div_duration_f64(minute) * 100.0;
    let what = format!("processor with {IDLE_CLIENTS} idle clients, {} s", minute.as_secs());
    figures::line(&what, &format!("{share:.2} % of a core"), "< 0.2 %");
    figures::line("PSS after them", &megabytes(target.process().proportional()?), "");
    Ok(())
}

/// Sends its unchanged metrics for ever, at its own moment of the interval.
async fn idle_client(address: SocketAddr, run: Run, number: usize) -> Result<()> {
    let own = u32::try_from(number).unwrap_or(0);
    sleep(RESEND / u32::try_from(IDLE_CLIENTS).unwrap_or(1) * own).await;
    let mut connection = Connection::open(address, Protocol::Protobuf).await?;
    let body = unchanged(run, number);
    let mut due = interval(RESEND);
    due.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        due.tick().await;
        let fresh = Fresh { time: now(), ..Fresh::default() };
        connection.send(Signal::Metrics, &body, fresh, run).await?;
    }
}

/// How long idleness is watched.
pub(crate) fn minute(bench: &Bench) -> Duration {
    Duration::from_secs(if bench.quick { 10 } else { 60 })
}
