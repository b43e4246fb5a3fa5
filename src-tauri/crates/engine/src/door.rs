//! The engine's end of the side door: what hooks and the status line say, on its way into the books.

use std::{
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

use plimsoll_domain::{Door, Fact, Handed, Taken, health::Counter};
use plimsoll_ledger::Ledger;
use plimsoll_sources::read_handed;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use crate::{board::Now, transcripts::Hints};

/// How many statements may wait for the ledger: those of a busy second of many sessions.
const WAITING: usize = 4096;
/// How many are entered at once.
const AT_ONCE: usize = 256;

/// Reads what is handed over and queues it. Cheap to clone.
#[derive(Clone)]
pub(crate) struct SideDoor(Arc<Parts>);

struct Parts {
    queue: mpsc::Sender<Fact>,
    waiting: tokio::sync::Mutex<mpsc::Receiver<Fact>>,
    /// Files that hooks name.
    hints: Hints,
    now: Now,
    taken: AtomicU64,
    malformed: AtomicU64,
    full: AtomicU64,
}

/// The ledger's writer is gone.
#[derive(Debug, thiserror::Error)]
#[error("enter what hooks said: {0}")]
pub(crate) struct DoorError(#[from] plimsoll_ledger::RecordError);

impl SideDoor {
    pub(crate) fn new(hints: Hints, now: Now) -> Self {
        let (queue, waiting) = mpsc::channel(WAITING);
        Self(Arc::new(Parts {
            queue,
            waiting: tokio::sync::Mutex::new(waiting),
            hints,
            now,
            taken: AtomicU64::new(0),
            malformed: AtomicU64::new(0),
            full: AtomicU64::new(0),
        }))
    }

    /// Running counts: `door.handed` by what became of it.
    pub(crate) fn counters(&self) -> Vec<Counter> {
        let Parts { taken, malformed, full, .. } = &*self.0;
        let counts = [("accepted", taken), ("malformed", malformed), ("full", full)];
        let counter = |(label, count): (&str, &AtomicU64)| Counter {
            name: "door.handed",
            label: label.to_owned(),
            value: count.load(Ordering::Relaxed),
        };
        counts.into_iter().map(counter).collect()
    }

    /// Enters what is handed over, until stopped. What the books do not take is told by other witnesses too.
    pub(crate) async fn run(
        self,
        ledger: Ledger,
        stop: CancellationToken,
    ) -> Result<(), DoorError> {
        let mut waiting = self.0.waiting.lock().await;
        let mut facts = Vec::new();
        let work = async {
            while waiting.recv_many(&mut facts, AT_ONCE).await > 0 {
                ledger.record(std::mem::take(&mut facts)).await?;
            }
            Ok(())
        };
        stop.run_until_cancelled(work).await.unwrap_or(Ok(()))
    }

    fn read(&self, kind: Handed, body: &[u8]) -> Taken {
        let Ok(told) = read_handed(kind, body, (self.0.now)()) else { return Taken::Malformed };
        if let Some(transcript) = &told.transcript {
            self.0.hints.name(Path::new(&**transcript));
        }
        for fact in told.facts {
            if self.0.queue.try_send(fact).is_err() {
                return Taken::Full;
            }
        }
        Taken::Accepted
    }
}

impl Door for SideDoor {
    fn take(&self, kind: Handed, body: &[u8]) -> Taken {
        let taken = self.read(kind, body);
        let count = match taken {
            Taken::Accepted => &self.0.taken,
            Taken::Malformed => &self.0.malformed,
            Taken::Full => &self.0.full,
        };
        count.fetch_add(1, Ordering::Relaxed);
        taken
    }
}
