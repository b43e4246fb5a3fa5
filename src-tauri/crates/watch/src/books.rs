//! What watching needs of the ledger.

use std::sync::Arc;

use plimsoll_domain::{Alert, Checkpoint, CompactionRecord, Timestamp, Warning};
use plimsoll_ledger::{Claim, Commit, CompactionFilter, History, Ledger, LedgerError, RecordError};
use tokio::sync::broadcast;

/// The books as watching sees them: the ledger, or a script of commits in tests.
pub trait Books: Clone + Send + Sync + 'static {
    /// Every commit from now on.
    fn commits(&self) -> broadcast::Receiver<Arc<Commit>>;

    /// The recent past: at least every commit up to its revision.
    fn history(
        &self,
        since: Timestamp,
    ) -> impl Future<Output = Result<History, LedgerError>> + Send;

    /// Automatic compactions, the newest first, at most `limit`.
    fn compactions(
        &self,
        limit: u32,
    ) -> impl Future<Output = Result<Vec<CompactionRecord>, LedgerError>> + Send;

    /// The last checkpoint of each session, the newest first, at most `limit`.
    fn checkpoints(
        &self,
        limit: u32,
    ) -> impl Future<Output = Result<Vec<Checkpoint>, LedgerError>> + Send;

    /// Claims an alert, at most once per thread, cycle and level, and with it the message that it owes to a web
    /// address.
    fn claim(
        &self,
        alert: Alert,
        webhook: bool,
    ) -> impl Future<Output = Result<Claim, RecordError>> + Send;

    /// Claims a warning, at most once a kind, session and period; `None` where it was claimed before.
    fn claim_warning(
        &self,
        warning: Warning,
    ) -> impl Future<Output = Result<Option<Warning>, RecordError>> + Send;
}

impl Books for Ledger {
    fn commits(&self) -> broadcast::Receiver<Arc<Commit>> {
        Self::commits(self)
    }

    async fn history(&self, since: Timestamp) -> Result<History, LedgerError> {
        Self::history(self, since).await
    }

    async fn compactions(&self, limit: u32) -> Result<Vec<CompactionRecord>, LedgerError> {
        let filter = CompactionFilter { auto_only: true, limit, ..CompactionFilter::default() };
        Self::compactions(self, filter).await
    }

    async fn checkpoints(&self, limit: u32) -> Result<Vec<Checkpoint>, LedgerError> {
        Self::checkpoints(self, None, limit).await
    }

    async fn claim(&self, alert: Alert, webhook: bool) -> Result<Claim, RecordError> {
        Self::claim(self, alert, webhook).await
    }

    async fn claim_warning(&self, warning: Warning) -> Result<Option<Warning>, RecordError> {
        Self::claim_warning(self, warning).await
    }
}
