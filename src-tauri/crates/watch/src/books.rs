//! What watching needs of the ledger.

use std::sync::Arc;

use plimsoll_domain::{Alert, Timestamp};
use plimsoll_ledger::{Claim, Commit, History, Ledger, LedgerError, RecordError};
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

    /// Claims an alert, at most once per thread, cycle and level.
    fn claim(&self, alert: Alert) -> impl Future<Output = Result<Claim, RecordError>> + Send;
}

impl Books for Ledger {
    fn commits(&self) -> broadcast::Receiver<Arc<Commit>> {
        Self::commits(self)
    }

    async fn history(&self, since: Timestamp) -> Result<History, LedgerError> {
        Self::history(self, since).await
    }

    async fn claim(&self, alert: Alert) -> Result<Claim, RecordError> {
        Self::claim(self, alert).await
    }
}
