//! Alerts as the ledger grants them: each once, in order, none skipped.

use std::{
    collections::VecDeque,
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering},
    },
};

use plimsoll_domain::{Alert, Revision};
use plimsoll_ledger::{Change, Commit, Ledger, LedgerError};
use tokio::sync::broadcast::{self, error::RecvError};

use crate::NotificationsError;

/// How many changes of the ledger are read at once by a feed that is behind.
const PAGE: u32 = 1_000;

/// What a feed needs of the ledger.
pub(crate) trait Books: Clone + Send + Sync + 'static {
    /// Every commit from now on.
    fn commits(&self) -> broadcast::Receiver<Arc<Commit>>;

    /// The revision reached.
    fn revision(&self) -> Revision;

    /// Changes after a revision, in order.
    fn changes(
        &self,
        after: Revision,
        limit: u32,
    ) -> impl Future<Output = Result<Vec<Change>, LedgerError>> + Send;
}

impl Books for Ledger {
    fn commits(&self) -> broadcast::Receiver<Arc<Commit>> {
        Self::commits(self)
    }

    fn revision(&self) -> Revision {
        Self::revision(self)
    }

    async fn changes(&self, after: Revision, limit: u32) -> Result<Vec<Change>, LedgerError> {
        Self::changes(self, after, limit).await
    }
}

/// Up to which revision alerts were handed out. It outlives a feed, so that the next one goes on from there.
#[derive(Debug, Clone)]
pub(crate) struct Position(Arc<AtomicI64>);

impl Position {
    pub(crate) fn at(revision: Revision) -> Self {
        Self(Arc::new(AtomicI64::new(revision.0)))
    }

    fn get(&self) -> Revision {
        Revision(self.0.load(Ordering::Acquire))
    }

    fn set(&self, revision: Revision) {
        self.0.store(revision.0, Ordering::Release);
    }
}

/// The alerts after a position.
pub(crate) struct Feed<B> {
    books: B,
    position: Position,
    commits: broadcast::Receiver<Arc<Commit>>,
    /// Up to which revision the ledger was read.
    read: Revision,
    /// Whether the ledger may hold changes after `read` that `commits` will not bring.
    behind: bool,
    /// Read and not yet handed out.
    waiting: VecDeque<Alert>,
}

impl<B: Books> Feed<B> {
    pub(crate) fn after(position: Position, books: B) -> Self {
        // Subscribed before the books are looked at: what is committed in between comes twice, and the
        // second time is recognised by its revision.
        let commits = books.commits();
        let read = position.get();
        let behind = read < books.revision();
        Self { books, position, commits, read, behind, waiting: VecDeque::new() }
    }

    /// The next alert. May be dropped while it waits: nothing is lost.
    pub(crate) async fn next(&mut self) -> Result<Alert, NotificationsError> {
        loop {
            let alert = self.waiting.pop_front();
            // Before it is handed out: should that end badly, it is not handed out again.
            self.position.set(match (&alert, self.waiting.is_empty()) {
                (Some(alert), false) => alert.revision.unwrap_or_default(),
                _ => self.read,
            });
            if let Some(alert) = alert {
                return Ok(alert);
            }
            if self.behind {
                self.catch_up().await?;
                continue;
            }
            match self.commits.recv().await {
                // No alert is among what is not listed: each is committed by itself.
                Ok(commit) if commit.unlisted => self.read = self.read.max(commit.revision),
                Ok(commit) => self.take(&commit.changes),
                Err(RecvError::Lagged(_)) => self.behind = true,
                Err(RecvError::Closed) => return Err(NotificationsError::Closed),
            }
        }
    }

    async fn catch_up(&mut self) -> Result<(), NotificationsError> {
        let changes = self.books.changes(self.read, PAGE).await;
        let changes = changes.map_err(NotificationsError::Read)?;
        self.behind = u32::try_from(changes.len()).unwrap_or(PAGE) >= PAGE;
        self.take(&changes);
        Ok(())
    }

    fn take(&mut self, changes: &[Change]) {
        for change in changes {
            if change.revision() <= self.read {
                continue;
            }
            self.read = change.revision();
            if let Change::Alert(alert) = change {
                self.waiting.push_back(alert.clone());
            }
        }
    }
}
