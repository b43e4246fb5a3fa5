//! Clients that send one export over each connection, and never the same twice.

use std::io::ErrorKind;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use http::StatusCode;
use plimsoll_testkit::{Loopback, LoopbackError};
use tokio::task::JoinSet;
use tokio::time::sleep;

use crate::load::Protocol;
use crate::payload::{Run, Session};

/// How many there are.
pub(super) const CLIENTS: usize = 8;
/// How long each waits after an answer.
const PAUSE: Duration = Duration::from_millis(5);

/// One export.
#[derive(Debug, Clone, Copy)]
pub(super) struct Export {
    /// Its request to the model.
    pub(super) request: u64,
    /// Before the connection was opened.
    pub(super) begun: Instant,
    pub(super) ended: Instant,
    pub(super) fate: Fate,
}

/// What became of an export.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fate {
    /// Accepted with 200.
    Answered,
    /// There was no connection.
    Refused,
    /// The connection ended without an answer.
    CutOff,
}

impl Export {
    pub(super) fn is_answered(&self) -> bool {
        self.fate == Fate::Answered
    }

    /// How long the client waited.
    pub(super) fn took(&self) -> Duration {
        self.ended - self.begun
    }
}

/// Clients at work.
pub(super) struct Clients {
    over: Arc<AtomicBool>,
    tasks: JoinSet<Result<Vec<Export>>>,
}

impl Clients {
    /// Begins to send to `receiver`.
    pub(super) fn begin(receiver: SocketAddr, run: Run) -> Self {
        let (over, requests) = (Arc::<AtomicBool>::default(), Arc::<AtomicU64>::default());
        let mut tasks = JoinSet::new();
        for number in 0..CLIENTS {
            let client = Client {
                receiver: Loopback::new(receiver),
                run,
                session: Session::new(run, number, Protocol::Protobuf),
                over: Arc::clone(&over),
                requests: Arc::clone(&requests),
            };
            tasks.spawn(client.send_all());
        }
        Self { over, tasks }
    }

    /// Lets them end; everything they sent.
    pub(super) async fn end(mut self) -> Result<Vec<Export>> {
        self.over.store(true, Ordering::Relaxed);
        let mut exports = Vec::new();
        while let Some(client) = self.tasks.join_next().await {
            exports.extend(client.context("a client ended early")??);
        }
        Ok(exports)
    }
}

struct Client {
    receiver: Loopback,
    run: Run,
    session: Session,
    over: Arc<AtomicBool>,
    /// The number of the next request to the model, of all clients.
    requests: Arc<AtomicU64>,
}

impl Client {
    async fn send_all(mut self) -> Result<Vec<Export>> {
        let mut exports = Vec::new();
        while !self.over.load(Ordering::Relaxed) {
            exports.push(self.send().await?);
            sleep(PAUSE).await;
        }
        Ok(exports)
    }

    async fn send(&mut self) -> Result<Export> {
        let request = self.requests.fetch_add(1, Ordering::Relaxed);
        let fresh = self.session.next_events(request);
        let mut body = Vec::new();
        self.session.logs[0].write(fresh, self.run, &mut body);
        let kind = [("content-type", "application/x-protobuf")];
        let begun = Instant::now();
        let answer = self.receiver.post("/v1/logs", &kind, body).await;
        let ended = Instant::now();
        let fate = match answer {
            Ok(answer) if answer.status == StatusCode::OK => Fate::Answered,
            Ok(answer) => bail!("answered with {}: {}", answer.status, answer.text()),
            Err(LoopbackError::Connect { source, .. })
                if source.kind() == ErrorKind::ConnectionRefused =>
            {
                Fate::Refused
            }
            Err(LoopbackError::Broken(_)) => Fate::CutOff,
            Err(error) => return Err(error).context("an export could not be sent"),
        };
        Ok(Export { request, begun, ended, fate })
    }
}
