//! What one connection of the load does.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use anyhow::Result;
use tokio::time::sleep_until;

use super::connection::{Connection, Signal};
use super::{End, Load, Pace, SESSIONS};
use crate::histogram::Histogram;
use crate::payload::{POINTS, RECORDS, Session};

/// When each numbered request to the model was sent, for whoever waits for its event.
#[derive(Debug, Clone, Default)]
pub(crate) struct Watch(Arc<Mutex<HashMap<u64, Instant>>>);

impl Watch {
    fn sent(&self, request: u64) {
        let mut sent = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        sent.insert(request, Instant::now());
    }

    /// How long ago the request was sent; `None` when it was not, or was asked for before.
    pub(crate) fn take(&self, request: u64) -> Option<Duration> {
        let mut sent = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        sent.remove(&request).map(|sent| sent.elapsed())
    }

    /// How many were sent and not asked for.
    pub(crate) fn outstanding(&self) -> usize {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).len()
    }
}

/// What the lanes of a load share.
pub(super) struct Shared {
    load: Load,
    start: Instant,
    measured_from: Instant,
    begun: AtomicU64,
}

impl Shared {
    pub(super) fn new(load: Load, start: Instant, measured_from: Instant) -> Self {
        Self { load, start, measured_from, begun: AtomicU64::new(0) }
    }

    /// The next request's number; `None` when enough were begun.
    fn begin(&self) -> Option<u64> {
        let number = self.begun.fetch_add(1, Ordering::Relaxed);
        let more = match self.load.end {
            End::After { measured, .. } => Instant::now() < self.measured_from + measured,
            End::Requests(requests) => number < requests,
        };
        more.then_some(number)
    }
}

/// What one lane did.
#[derive(Default)]
pub(super) struct Done {
    pub(super) requests: u64,
    pub(super) points: u64,
    pub(super) latencies: Histogram,
}

/// Sends the mix on one connection: of each of its sessions in turn, the metrics and then the logs.
pub(super) async fn run(shared: Arc<Shared>, lane: usize) -> Result<Done> {
    let load = &shared.load;
    let mut connection = Connection::open(load.address, load.protocol).await?;
    let mut sessions: Vec<_> = (lane..SESSIONS.max(load.connections))
        .step_by(load.connections)
        .map(|number| Session::new(load.run, number, load.protocol))
        .collect();
    let mut done = Done::default();
    let mut free = Instant::now();
    for turn in 0.. {
        let due = due(&shared, lane, turn);
        if let Some(due) = due {
            sleep_until(due.into()).await;
        }
        let Some(number) = shared.begin() else { break };
        // A request that could not be sent in time was waiting since it was due.
        let begin = due.filter(|due| *due < free).unwrap_or_else(Instant::now);
        let count = sessions.len();
        let session = &mut sessions[turn / 2 % count];
        let points = send(&shared, &mut connection, session, (turn, number)).await?;
        free = Instant::now();
        if begin >= shared.measured_from {
            done.requests += 1;
            done.points += points;
            done.latencies.record(free - begin);
        }
    }
    Ok(done)
}

/// At a rate, turns are dealt out to the lanes one after another.
fn due(shared: &Shared, lane: usize, turn: usize) -> Option<Instant> {
    let Pace::Open(rate) = shared.load.pace else { return None };
    let number = turn * shared.load.connections + lane;
    let number = u32::try_from(number).unwrap_or(u32::MAX);
    Some(shared.start + Duration::from_secs(1) / rate.max(1) * number)
}

async fn send(
    shared: &Shared,
    connection: &mut Connection,
    session: &mut Session,
    (turn, number): (usize, u64),
) -> Result<u64> {
    let run = shared.load.run;
    if turn % 2 == 0 {
        let fresh = session.next_export();
        connection.send(Signal::Metrics, &session.metrics, fresh, run).await?;
        return Ok(POINTS);
    }
    let fresh = session.next_events(number);
    if let Some(watch) = &shared.load.watch {
        watch.sent(number);
    }
    // Main conversation and subagent in turn; metrics tell of half of each.
    let round = usize::try_from(fresh.sequence / RECORDS).unwrap_or(0);
    connection.send(Signal::Logs, &session.logs[round % 2], fresh, run).await?;
    Ok(RECORDS)
}
