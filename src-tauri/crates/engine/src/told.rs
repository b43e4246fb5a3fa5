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

    /// Writes it down, until stopped, and then what still waits: what is not written is told again after a restart.
    pub(crate) async fn run(
        self,
        ledger: Ledger,
        stop: CancellationToken,
    ) -> Result<(), Infallible> {
        let mut waiting = self.waiting.lock().await;
        while let Some(Some(outcome)) = stop.run_until_cancelled(waiting.recv()).await {
            write(&ledger, outcome).await;
        }
        while let Ok(outcome) = waiting.try_recv() {
            write(&ledger, outcome).await;
        }
        Ok(())
    }
}

async fn write(ledger: &Ledger, outcome: Outcome) {
    if let Err(error) = ledger.note_outcome(outcome).await {
        tracing::warn!(%error, "note that an agent was told");
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

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use plimsoll_ledger::{Claim, LedgerOptions};

    use super::*;
    use crate::fixture::alert;

    /// Scenario: an agent is told at the last moment, when the task is asked to end already.
    /// Guarantees: it is written down, or the agent would be told again after a restart.
    #[tokio::test]
    async fn the_last_word_is_written_down() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("ledger.db");
        let options =
            LedgerOptions { path, queue: 8, busy: Duration::from_secs(5), prices: Arc::default() };
        let (ledger, mut writer) = Ledger::open(options).await.unwrap();
        tokio::spawn(async move { writer.run(CancellationToken::new()).await });
        let claim = ledger.claim(alert("one"), false).await.unwrap();
        let Claim::Granted(alert) = claim else { panic!("{claim:?}") };
        let (told, stop) = (Told::default(), CancellationToken::new());
        told.told(alert.revision.unwrap(), Timestamp::from_millis(30_000));
        stop.cancel();
        told.run(ledger.clone(), stop).await.unwrap();
        let (action, done) = (ActionKind::InSession, ActionResult::Done);
        assert_eq!(ledger.unfinished(action, done).await.unwrap().len(), 1);
    }
}
