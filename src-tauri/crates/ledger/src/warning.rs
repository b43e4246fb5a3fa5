//! Warnings: claimed and told of.

use plimsoll_domain::{Revision, Warning};

use crate::{Ledger, LedgerError, RecordError, query, writer::Job};

impl Ledger {
    /// Claims a warning, at most once a kind, session and period, and of a limit once more when it is used up. Returns
    /// it with its revision; `None` where it was claimed before.
    ///
    /// # Errors
    /// [`RecordError`]: the claim was not made, and the call may be repeated.
    pub async fn claim_warning(&self, warning: Warning) -> Result<Option<Warning>, RecordError> {
        self.ask(|reply| Job::Warn(Box::new(warning), reply)).await
    }

    /// Warnings, the newest first, before a revision where one is given, at most `limit` (1 to 1000).
    ///
    /// # Errors
    /// When the file cannot be read.
    pub async fn warnings(
        &self,
        before: Option<Revision>,
        limit: u32,
    ) -> Result<Vec<Warning>, LedgerError> {
        let mut reader = self.reader().await?;
        query::warnings(&mut reader, before, limit).await.map_err(LedgerError::Read)
    }
}
