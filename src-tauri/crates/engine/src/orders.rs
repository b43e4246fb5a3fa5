//! The engine's end of what people and orchestrators ask of the watch.

use std::sync::Arc;

use plimsoll_actions::Inbox;
use plimsoll_api::orders::{Answer, OrderError, Orders, Tried};
use plimsoll_domain::{Checkpoint, Level, Scope, Silence, Timestamp};
use plimsoll_ledger::{Ledger, LedgerError};
use plimsoll_watch::SessionView;
use tokio::sync::{Mutex, watch};

use crate::{board::Now, rehearsal::Rehearsal};

/// Carries out what is asked.
pub(crate) struct Helm {
    pub(crate) ledger: Ledger,
    pub(crate) inbox: Inbox,
    pub(crate) quiet: Quiet,
    pub(crate) rehearsal: Rehearsal,
}

/// The wishes for quiet that hold, for those who show notifications. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Quiet {
    ledger: Ledger,
    told: watch::Sender<Arc<[Silence]>>,
    /// Held from before the wishes are read until they are told, so that none is told after one that was read later.
    turn: Arc<Mutex<()>>,
    now: Now,
}

impl Quiet {
    /// Nothing is known until [`Quiet::look`].
    pub(crate) fn new(ledger: Ledger, now: Now) -> Self {
        Self { ledger, told: watch::Sender::new(Arc::new([])), turn: Arc::default(), now }
    }

    /// What holds; the newest wins.
    pub(crate) fn silences(&self) -> watch::Receiver<Arc<[Silence]>> {
        self.told.subscribe()
    }

    /// Takes a wish.
    pub(crate) async fn silence(&self, silence: Silence) -> Result<(), OrderError> {
        self.ledger.set_silence(silence).await?;
        self.look().await?;
        Ok(())
    }

    /// Reads the wishes and tells of those that hold.
    pub(crate) async fn look(&self) -> Result<Vec<Silence>, LedgerError> {
        self.tell(self.ledger.silences()).await
    }

    /// Tells of those that hold of the wishes that are read, by a reading that begins when it is polled.
    async fn tell(
        &self,
        reading: impl Future<Output = Result<Vec<Silence>, LedgerError>>,
    ) -> Result<Vec<Silence>, LedgerError> {
        let _turn = self.turn.lock().await;
        let now: Timestamp = (self.now)();
        let mut silences = reading.await?;
        silences.retain(|silence| silence.holds(now));
        self.told.send_replace(silences.as_slice().into());
        Ok(silences)
    }
}

impl Orders for Helm {
    fn acknowledge(&self, checkpoint: Checkpoint) -> Answer<'_, Checkpoint> {
        Box::pin(async move {
            let written = self.ledger.acknowledge(checkpoint).await?;
            self.inbox.remember(&written);
            Ok(written)
        })
    }

    fn silences(&self) -> Answer<'_, Vec<Silence>> {
        Box::pin(async move { Ok(self.quiet.look().await?) })
    }

    fn silence(&self, silence: Silence) -> Answer<'_, ()> {
        Box::pin(self.quiet.silence(silence))
    }

    fn lift(&self, scope: Scope) -> Answer<'_, ()> {
        Box::pin(async move {
            self.ledger.lift_silence(scope).await?;
            self.quiet.look().await?;
            Ok(())
        })
    }

    fn rehearse(&self, level: Level, session: Option<Arc<SessionView>>) -> Answer<'_, Vec<Tried>> {
        Box::pin(async move { Ok(self.rehearsal.rehearse(level, session.as_deref()).await) })
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use plimsoll_domain::PriceTable;
    use plimsoll_ledger::LedgerOptions;
    use tokio::{sync::oneshot, time::timeout};

    use super::*;

    /// Scenario: somebody reads the wishes; before that comes to its end one is written, and read with the others.
    /// Guarantees: what holds in the end is what was read last, however long the earlier reading takes.
    #[tokio::test]
    async fn an_older_reading_is_not_told_after_a_newer_one() {
        let folder = tempfile::tempdir().unwrap();
        let options = LedgerOptions {
            path: folder.path().join("ledger.db"),
            queue: 4,
            busy: Duration::from_secs(1),
            prices: Arc::new(PriceTable::new("2026-11-28")),
        };
        let (ledger, _writer) = Ledger::open(options).await.unwrap();
        let quiet = Quiet::new(ledger, Arc::new(|| Timestamp::EPOCH));
        let (read, is_read) = oneshot::channel::<Vec<Silence>>();
        let slow = quiet.tell(async { Ok(is_read.await.unwrap()) });
        let snooze = Silence { scope: Scope::All, until: None };
        let after = quiet.tell(async { Ok(vec![snooze.clone()]) });
        let release = async {
            tokio::task::yield_now().await;
            read.send(Vec::new()).unwrap();
        };
        let all = async { tokio::join!(slow, after, release) };
        let (slow, after, ()) = timeout(Duration::from_secs(60), all).await.unwrap();
        assert_eq!((slow.unwrap(), after.unwrap()), (vec![], vec![snooze.clone()]));
        assert_eq!(**quiet.silences().borrow(), [snooze]);
    }
}
