//! What agents were told in their sessions, on its way into the books.

use std::{convert::Infallible, sync::Arc};

use plimsoll_domain::{ActionKind, ActionResult, Outcome, Revision, Timestamp};
use plimsoll_ledger::Ledger;
use tokio::sync::{Mutex, mpsc};
use tokio_util::sync::CancellationToken;

/// How many may wait for the ledger: each is of another session.
const WAITING: usize = 64;

/// Where it is said that an agent was told. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Told {
    said: mpsc::Sender<Outcome>,
    waiting: Arc<Mutex<mpsc::Receiver<Outcome>>>,
}

impl Default for Told {
    fn default() -> Self {
        let (said, waiting) = mpsc::channel(WAITING);
        Self { said, waiting: Arc::new(Mutex::new(waiting)) }
    }
}

impl Told {
    /// The client took what an alert's agent is to know. Returns at once: a client waits for its answer. One of too
    /// many is not written down.
    pub(crate) fn told(&self, alert: Revision, at: Timestamp) {
        self.say(alert, at, ActionResult::Done, "the client took it");
    }

    /// The context was compacted before.
    pub(crate) fn missed(&self, alert: Revision, at: Timestamp) {
        self.say(alert, at, ActionResult::Failed, "the session was compacted before its next hook");
    }

    fn say(&self, alert: Revision, at: Timestamp, result: ActionResult, detail: &str) {
        let detail = Some(detail.into());
        let outcome = Outcome { alert, action: ActionKind::InSession, at, result, detail };
        let _full = self.said.try_send(outcome);
    }

    /// Writes it down, until stopped.
    pub(crate) async fn run(
        self,
        ledger: Ledger,
        stop: CancellationToken,
    ) -> Result<(), Infallible> {
        let write = async {
            let mut waiting = self.waiting.lock().await;
            while let Some(outcome) = waiting.recv().await {
                if let Err(error) = ledger.note_outcome(outcome).await {
                    tracing::warn!(%error, "note that an agent was told");
                }
            }
        };
        stop.run_until_cancelled(write).await;
        Ok(())
    }
}

#[cfg(test)]
impl Told {
    /// What waits to be written down.
    pub(crate) async fn waiting(&self) -> Vec<Outcome> {
        let mut waiting = self.waiting.lock().await;
        std::iter::from_fn(|| waiting.try_recv().ok()).collect()
    }
}
