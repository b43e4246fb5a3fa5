//! The engine's end of what people and orchestrators ask of the watch.

use std::sync::Arc;

use plimsoll_actions::Inbox;
use plimsoll_api::orders::{Answer, OrderError, Orders, Tried};
use plimsoll_domain::{Checkpoint, Level, Scope, Silence, Timestamp};
use plimsoll_ledger::{Ledger, LedgerError};
use plimsoll_watch::SessionView;
use tokio::sync::watch;

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
    now: Now,
}

impl Quiet {
    /// Nothing is known until [`Quiet::look`].
    pub(crate) fn new(ledger: Ledger, now: Now) -> Self {
        Self { ledger, told: watch::Sender::new(Arc::new([])), now }
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
        let now: Timestamp = (self.now)();
        let mut silences = self.ledger.silences().await?;
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
