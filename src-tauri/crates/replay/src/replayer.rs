//! Sends a capture to a receiver.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use tokio::task::JoinSet;
use tokio::time::{Instant, sleep, sleep_until, timeout};
use xxhash_rust::xxh3::xxh3_64_with_seed;

use crate::capture::{Capture, Entry, Signal, Transport};
use crate::report::{Failure, Report, SendError};
use crate::{grpc, http1};

/// After how long the client sends the same bytes again when the receiver is busy (HTTP only);
/// measured: five attempts in 8.3 s, then the request is dropped.
pub const CLIENT_RETRIES: [Duration; 4] = [
    Duration::from_millis(1000),
    Duration::from_millis(1500),
    Duration::from_millis(2300),
    Duration::from_millis(3400),
];

/// After how long the client gives an unanswered request up.
const CLIENT_PATIENCE: Duration = Duration::from_secs(10);

/// How fast requests follow each other.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Pace {
    /// At the times of the capture.
    AsRecorded,
    /// So many times faster; a factor that is not positive means at once.
    Times(f64),
    /// Each as soon as the one before it on the same connection is answered.
    AtOnce,
}

impl Pace {
    fn due(self, arrived: Duration) -> Duration {
        match self {
            Self::AsRecorded => arrived,
            Self::Times(factor) => {
                Duration::try_from_secs_f64(arrived.as_secs_f64() / factor).unwrap_or_default()
            }
            Self::AtOnce => Duration::ZERO,
        }
    }
}

/// In which order requests are sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Order {
    /// Each connection's requests as they came, connections beside each other.
    Recorded,
    /// One request at a time in an order that follows from the seed, each on its own connection, as
    /// fast as they are answered.
    Shuffled(u64),
}

/// One request that is done with, for whoever watches.
#[derive(Debug, Clone, Copy)]
pub struct Step<'a> {
    /// The body's file name.
    pub file: &'a str,
    /// What it carries.
    pub signal: Signal,
    /// How many are done, this one included.
    pub done: usize,
    /// How many there are.
    pub of: usize,
    /// Why it was not accepted, if it was not.
    pub error: Option<&'a SendError>,
}

/// Is told of every request that is done with.
pub type Progress = Arc<dyn Fn(Step<'_>) + Send + Sync>;

/// Sends captures to a receiver.
#[derive(Clone)]
pub struct Replayer {
    /// The receiver for what came over HTTP; without it such requests fail.
    pub http: Option<SocketAddr>,
    /// The receiver for what came over gRPC; without it such requests fail.
    pub grpc: Option<SocketAddr>,
    /// How fast.
    pub pace: Pace,
    /// In which order.
    pub order: Order,
    /// The waits before the repetitions of a request that met a busy receiver; none by default,
    /// [`CLIENT_RETRIES`] for the client's. A longer `Retry-After` is obeyed.
    pub retries: Vec<Duration>,
    /// How long an answer may take; 10 s, as in the client.
    pub patience: Duration,
    /// Is told of every request that is done with.
    pub progress: Option<Progress>,
}

impl Default for Replayer {
    fn default() -> Self {
        Self {
            http: None,
            grpc: None,
            pace: Pace::AsRecorded,
            order: Order::Recorded,
            retries: Vec::new(),
            patience: CLIENT_PATIENCE,
            progress: None,
        }
    }
}

impl Replayer {
    /// Sends `capture` and returns when every request is answered or given up. Dropping the future
    /// stops it.
    pub async fn run(&self, capture: &Capture) -> Report {
        let run = Arc::new(Run {
            replayer: self.clone(),
            start: Instant::now(),
            done: AtomicUsize::new(0),
            of: capture.entries.len(),
        });
        let mut lanes = lanes(self, capture);
        let mut report = Report { sent: capture.entries.len(), ..Report::default() };
        match self.order {
            Order::Recorded => run.side_by_side(lanes, &mut report).await,
            Order::Shuffled(seed) => {
                for entry in shuffled(&capture.entries, seed) {
                    if let Some(lane) = lanes.get_mut(&key(entry)) {
                        report.add(entry, run.deliver(&mut lane.connection, entry).await);
                    }
                }
            }
        }
        report
    }
}

impl Report {
    fn add(&mut self, entry: &Entry, outcome: Result<u64, SendError>) {
        match outcome {
            Ok(rejected) => {
                self.accepted += 1;
                self.rejected += rejected;
            }
            Err(error) => {
                let (file, signal) = (entry.file.clone(), entry.signal);
                self.failed.push(Failure { file, signal, error });
            }
        }
    }
}

type LaneKey = (Transport, u32);

/// What one captured connection carried.
struct Lane {
    connection: Connection,
    entries: Vec<Entry>,
}

enum Connection {
    Http(http1::Connection),
    Grpc(grpc::Connection),
    None(Transport),
}

impl Connection {
    async fn send(&mut self, entry: &Entry) -> Result<u64, SendError> {
        match self {
            Self::Http(connection) => connection.send(entry).await,
            Self::Grpc(connection) => connection.send(entry).await,
            Self::None(transport) => Err(SendError::NoReceiver(*transport)),
        }
    }
}

fn key(entry: &Entry) -> LaneKey {
    (entry.transport, entry.connection)
}

fn lanes(replayer: &Replayer, capture: &Capture) -> BTreeMap<LaneKey, Lane> {
    let connection = |transport| match (transport, replayer.http, replayer.grpc) {
        (Transport::Http, Some(address), _) => Connection::Http(http1::Connection::new(address)),
        (Transport::Grpc, _, Some(address)) => Connection::Grpc(grpc::Connection::new(address)),
        (transport, ..) => Connection::None(transport),
    };
    let mut lanes = BTreeMap::new();
    for entry in &capture.entries {
        lanes
            .entry(key(entry))
            .or_insert_with(|| Lane {
                connection: connection(entry.transport),
                entries: Vec::new(),
            })
            .entries
            .push(entry.clone());
    }
    lanes
}

fn shuffled(entries: &[Entry], seed: u64) -> Vec<&Entry> {
    let mut order: Vec<_> = (0u64..)
        .zip(entries)
        .map(|(place, entry)| (xxh3_64_with_seed(&place.to_le_bytes(), seed), entry))
        .collect();
    order.sort_by_key(|(drawn, _)| *drawn);
    order.into_iter().map(|(_, entry)| entry).collect()
}

/// One run of a replayer, shared by its connections.
struct Run {
    replayer: Replayer,
    start: Instant,
    done: AtomicUsize,
    of: usize,
}

impl Run {
    async fn side_by_side(self: &Arc<Self>, lanes: BTreeMap<LaneKey, Lane>, report: &mut Report) {
        let mut running = JoinSet::new();
        for lane in lanes.into_values() {
            running.spawn(Arc::clone(self).in_order(lane));
        }
        while let Some(outcomes) = running.join_next().await {
            // A lane that panics brings its panic here; nothing else aborts one.
            let outcomes = outcomes.unwrap_or_else(|fault| match fault.try_into_panic() {
                Ok(panic) => std::panic::resume_unwind(panic),
                Err(_) => Vec::new(),
            });
            for (entry, outcome) in outcomes {
                report.add(&entry, outcome);
            }
        }
    }

    async fn in_order(self: Arc<Self>, mut lane: Lane) -> Vec<(Entry, Result<u64, SendError>)> {
        let mut outcomes = Vec::with_capacity(lane.entries.len());
        for entry in lane.entries {
            let due = self.replayer.pace.due(entry.arrived);
            if !due.is_zero() {
                sleep_until(self.start + due).await;
            }
            let outcome = self.deliver(&mut lane.connection, &entry).await;
            outcomes.push((entry, outcome));
        }
        outcomes
    }

    /// Sends `entry`, again where that is asked for, and tells of it.
    async fn deliver(&self, connection: &mut Connection, entry: &Entry) -> Result<u64, SendError> {
        let mut outcome = self.attempt(connection, entry).await;
        for wait in &self.replayer.retries {
            let Err(error) = &outcome else { break };
            if !error.is_retryable() {
                break;
            }
            sleep(error.retry_after().unwrap_or_default().max(*wait)).await;
            outcome = self.attempt(connection, entry).await;
        }
        let done = 1 + self.done.fetch_add(1, Ordering::Relaxed);
        if let Some(progress) = &self.replayer.progress {
            let error = outcome.as_ref().err();
            let (file, signal) = (entry.file.as_str(), entry.signal);
            progress(Step { file, signal, done, of: self.of, error });
        }
        outcome
    }

    async fn attempt(&self, connection: &mut Connection, entry: &Entry) -> Result<u64, SendError> {
        let patience = self.replayer.patience;
        timeout(patience, connection.send(entry)).await.unwrap_or(Err(SendError::Late(patience)))
    }
}
