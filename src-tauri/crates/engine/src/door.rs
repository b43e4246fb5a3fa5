//! The engine's end of the side door: what hooks and the status line say, on its way into the books.

mod line;
#[cfg(test)]
mod tests;

use std::{
    convert::Infallible,
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use plimsoll_actions::Inbox;
use plimsoll_domain::{Door, Fact, Handed, Handled, SessionId, Taken, health::Counter};
use plimsoll_ledger::{Ledger, RecordError};
use plimsoll_sources::{Moment, read_handed, tell_agent};
use tokio::{
    sync::{Mutex, mpsc},
    time::timeout,
};
use tokio_util::sync::CancellationToken;

use crate::{
    board::{Board, Now},
    told::Told,
    transcripts::Hints,
};
use line::Line;

/// How many statements may wait for the ledger: those of a busy second of many sessions.
const WAITING: usize = 4096;
/// How long the ledger is tried for what waits at the end; less than the task has to end.
const LAST: Duration = Duration::from_millis(1_800);

/// Reads what is handed over and queues it. Cheap to clone.
#[derive(Clone)]
pub(crate) struct SideDoor(Arc<Parts>);

struct Parts {
    queue: mpsc::Sender<Fact>,
    /// Survives the task, so that one that is started again goes on with it.
    line: Mutex<Line>,
    /// Files that hooks name.
    hints: Hints,
    /// What waits for the agents, and where it is said that they were told.
    inbox: Inbox,
    told: Told,
    now: Now,
    taken: AtomicU64,
    malformed: AtomicU64,
    full: AtomicU64,
    too_large: AtomicU64,
    given_up: AtomicU64,
}

impl SideDoor {
    pub(crate) fn new(
        hints: Hints,
        (inbox, told): (Inbox, Told),
        now: Now,
        board: Arc<Board>,
    ) -> Self {
        let (queue, waiting) = mpsc::channel(WAITING);
        Self(Arc::new(Parts {
            queue,
            line: Mutex::new(Line::new(waiting, board)),
            hints,
            inbox,
            told,
            now,
            taken: AtomicU64::new(0),
            malformed: AtomicU64::new(0),
            full: AtomicU64::new(0),
            too_large: AtomicU64::new(0),
            given_up: AtomicU64::new(0),
        }))
    }

    /// Running counts: `door.handed` by what became of it.
    pub(crate) fn counters(&self) -> Vec<Counter> {
        let Parts { taken, malformed, full, too_large, given_up, .. } = &*self.0;
        let counts = [
            ("accepted", taken),
            ("malformed", malformed),
            ("full", full),
            ("too-large", too_large),
            ("given-up", given_up),
        ];
        let counter = |(label, count): (&str, &AtomicU64)| Counter {
            name: "door.handed",
            label: label.to_owned(),
            value: count.load(Ordering::Relaxed),
        };
        counts.into_iter().map(counter).collect()
    }

    /// Enters what is handed over, until stopped, and then what still waits, as far as the ledger takes it.
    pub(crate) async fn run(
        self,
        ledger: Ledger,
        stop: CancellationToken,
    ) -> Result<(), Infallible> {
        let enter = |facts| {
            let ledger = ledger.clone();
            async move { ledger.record(facts).await.map(drop) }
        };
        self.serve(&enter, &stop).await;
        Ok(())
    }

    async fn serve<Enter, Entered>(&self, enter: &Enter, stop: &CancellationToken)
    where
        Enter: Fn(Vec<Fact>) -> Entered,
        Entered: Future<Output = Result<(), RecordError>>,
    {
        let mut line = self.0.line.lock().await;
        let work = async {
            loop {
                line.wait().await;
                self.advance(&mut line, enter).await;
            }
        };
        stop.run_until_cancelled(work).await.unwrap_or(());
        line.hurry();
        let rest = async {
            while line.fill_up() {
                self.advance(&mut line, enter).await;
            }
        };
        // What still waits then is told of by `close`.
        let _ = timeout(LAST, rest).await;
        drop(line);
        self.close().await;
    }

    /// Says how much is lost, because it still waits when nobody will enter it any more.
    pub(crate) async fn close(&self) {
        let statements = self.0.line.lock().await.len();
        if statements > 0 {
            tracing::warn!(
                statements,
                "what hooks and the status line said is lost: the ledger did not take it in time"
            );
        }
    }

    async fn advance<Enter, Entered>(&self, line: &mut Line, enter: &Enter)
    where
        Enter: Fn(Vec<Fact>) -> Entered,
        Entered: Future<Output = Result<(), RecordError>>,
    {
        let given_up = line.advance(enter).await;
        self.0.given_up.fetch_add(given_up, Ordering::Relaxed);
    }

    fn read(&self, kind: Handed, body: &[u8]) -> Handled {
        let Ok(told) = read_handed(kind, body, (self.0.now)()) else {
            return Taken::Malformed.into();
        };
        if let Some(transcript) = &told.transcript {
            self.0.hints.name(Path::new(&**transcript));
        }
        let answer = told.moment.and_then(|moment| self.answer(moment, &told.session));
        for fact in told.facts {
            if self.0.queue.try_send(fact).is_err() {
                return Handled { taken: Taken::Full, answer };
            }
        }
        Handled { taken: Taken::Accepted, answer }
    }

    /// What the agent is told at this moment, once.
    fn answer(&self, moment: Moment, session: &SessionId) -> Option<String> {
        let Parts { inbox, told, .. } = &*self.0;
        let now = (self.0.now)();
        let text = if moment == Moment::Compacted {
            if let Some(alert) = inbox.drop_cycle(session, now) {
                told.missed(alert, now);
            }
            inbox.note_after_compaction(session)?
        } else {
            let message = inbox.take(session)?;
            told.told(message.alert, now);
            message.text
        };
        Some(tell_agent(moment, &text))
    }
}

impl Door for SideDoor {
    fn take(&self, kind: Handed, body: &[u8]) -> Handled {
        let handled = self.read(kind, body);
        let count = match handled.taken {
            Taken::Accepted => &self.0.taken,
            Taken::Malformed => &self.0.malformed,
            Taken::Full => &self.0.full,
        };
        count.fetch_add(1, Ordering::Relaxed);
        handled
    }

    fn refuse(&self) {
        self.0.too_large.fetch_add(1, Ordering::Relaxed);
    }
}
