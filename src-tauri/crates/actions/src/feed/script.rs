//! A ledger's alerts, warnings and checkpoints as a test writes them.

use std::{
    io,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
    },
};

use plimsoll_domain::{Alert, Checkpoint, Revision, Warning};
use plimsoll_ledger::{Change, Commit, LedgerError};
use tokio::sync::broadcast;

use super::Books;

/// A ledger that a test writes, whose subscribers may be four commits behind.
#[derive(Clone)]
pub(crate) struct Script(Arc<Pages>);

struct Pages {
    commits: Mutex<Option<broadcast::Sender<Arc<Commit>>>>,
    changes: Mutex<Vec<Change>>,
    fails: AtomicBool,
}

impl Script {
    pub(crate) fn new() -> Self {
        Self(Arc::new(Pages {
            commits: Mutex::new(Some(broadcast::channel(4).0)),
            changes: Mutex::default(),
            fails: AtomicBool::default(),
        }))
    }

    /// Enters alerts, and tells of them as one commit.
    pub(crate) fn enter(&self, alerts: Vec<Alert>) {
        let mut book = self.0.changes.lock().unwrap();
        let before = book.len();
        for mut alert in alerts {
            alert.revision = Some(Revision(i64::try_from(book.len()).unwrap() + 1));
            book.push(Change::Alert(alert));
        }
        let revision = book.last().map(Change::revision).unwrap_or_default();
        let commit = Commit { revision, changes: book[before..].to_vec(), ..Commit::default() };
        if let Some(commits) = self.0.commits.lock().unwrap().as_ref() {
            // An error means that nobody listens.
            let _ = commits.send(Arc::new(commit));
        }
    }

    /// Enters a checkpoint, and tells of it.
    pub(crate) fn acknowledge(&self, checkpoint: Checkpoint) {
        self.push(|revision| Change::Checkpoint(Checkpoint { revision, ..checkpoint }));
    }

    /// Enters a warning, and tells of it.
    pub(crate) fn warn(&self, warning: Warning) {
        self.push(|revision| Change::Warning(Warning { revision, ..warning }));
    }

    fn push(&self, change: impl FnOnce(Option<Revision>) -> Change) {
        let mut book = self.0.changes.lock().unwrap();
        let revision = Revision(i64::try_from(book.len()).unwrap() + 1);
        book.push(change(Some(revision)));
        let commit =
            Commit { revision, changes: book[book.len() - 1..].to_vec(), ..Commit::default() };
        if let Some(commits) = self.0.commits.lock().unwrap().as_ref() {
            // An error means that nobody listens.
            let _ = commits.send(Arc::new(commit));
        }
    }

    /// The next reading fails.
    pub(crate) fn fail_once(&self) {
        self.0.fails.store(true, Ordering::SeqCst);
    }

    /// The writer is gone.
    pub(crate) fn close(&self) {
        self.0.commits.lock().unwrap().take();
    }
}

impl Books for Script {
    fn commits(&self) -> broadcast::Receiver<Arc<Commit>> {
        self.0.commits.lock().unwrap().as_ref().unwrap().subscribe()
    }

    fn revision(&self) -> Revision {
        self.0.changes.lock().unwrap().last().map(Change::revision).unwrap_or_default()
    }

    async fn changes(&self, after: Revision, limit: u32) -> Result<Vec<Change>, LedgerError> {
        tokio::task::yield_now().await;
        if self.0.fails.swap(false, Ordering::SeqCst) {
            return Err(LedgerError::Read(io::Error::other("scripted").into()));
        }
        let book = self.0.changes.lock().unwrap();
        let later = book.iter().filter(|change| change.revision() > after);
        Ok(later.take(limit as usize).cloned().collect())
    }
}
