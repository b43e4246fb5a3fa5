//! Alerts and warnings as the ledger grants them, and checkpoints as it writes them: each once, in order, none skipped.

#[cfg(test)]
pub(crate) mod script;

use std::{
    collections::VecDeque,
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering},
    },
};

use plimsoll_domain::{Alert, Checkpoint, Revision, Warning};
use plimsoll_ledger::{Change, Commit, Ledger, LedgerError};
use tokio::sync::broadcast::{self, error::RecvError};

use crate::ActionsError;

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

/// What a feed hands out.
#[derive(Debug, Clone)]
pub(crate) enum News {
    /// An alert was granted.
    Alert(Alert),
    /// A checkpoint was acknowledged.
    Checkpoint(Checkpoint),
    /// A warning was granted.
    Warning(Warning),
}

impl News {
    fn of(change: &Change) -> Option<Self> {
        match change {
            Change::Alert(alert) => Some(Self::Alert(alert.clone())),
            Change::Checkpoint(checkpoint) => Some(Self::Checkpoint(checkpoint.clone())),
            Change::Warning(warning) => Some(Self::Warning(warning.clone())),
            Change::Usage(_) => None,
        }
    }

    fn revision(&self) -> Revision {
        let revision = match self {
            Self::Alert(alert) => alert.revision,
            Self::Checkpoint(checkpoint) => checkpoint.revision,
            Self::Warning(warning) => warning.revision,
        };
        revision.unwrap_or_default()
    }
}

/// The news after a position.
pub(crate) struct Feed<B> {
    books: B,
    position: Position,
    commits: broadcast::Receiver<Arc<Commit>>,
    /// Up to which revision the ledger was read.
    read: Revision,
    /// Whether the ledger may hold changes after `read` that `commits` will not bring.
    behind: bool,
    /// Read and not yet handed out.
    waiting: VecDeque<News>,
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

    /// The next of them. May be dropped while it waits: nothing is lost.
    pub(crate) async fn news(&mut self) -> Result<News, ActionsError> {
        loop {
            let news = self.waiting.pop_front();
            // Before it is handed out: should that end badly, it is not handed out again.
            self.position.set(match (&news, self.waiting.is_empty()) {
                (Some(news), false) => news.revision(),
                _ => self.read,
            });
            if let Some(news) = news {
                return Ok(news);
            }
            if self.behind {
                self.catch_up().await?;
                continue;
            }
            match self.commits.recv().await {
                // No news is among what is not listed: each is committed by itself.
                Ok(commit) if commit.unlisted => self.read = self.read.max(commit.revision),
                Ok(commit) => self.take(&commit.changes),
                Err(RecvError::Lagged(_)) => self.behind = true,
                Err(RecvError::Closed) => return Err(ActionsError::Closed),
            }
        }
    }

    async fn catch_up(&mut self) -> Result<(), ActionsError> {
        let changes = self.books.changes(self.read, PAGE).await;
        let changes = changes.map_err(ActionsError::Read)?;
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
            self.waiting.extend(News::of(change));
        }
    }
}
