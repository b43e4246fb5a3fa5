//! The ledger of compactions: nothing of it is stored, each is put together from what is told of it.

use plimsoll_domain::{CompactionRecord, SessionId, Timestamp};

use crate::{Ledger, LedgerError, query};

/// Which compactions are asked for.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct CompactionFilter {
    /// Of this session only.
    pub session: Option<SessionId>,
    /// Before this time.
    pub before: Option<Timestamp>,
    /// Only those that the client asked for.
    pub auto_only: bool,
    /// At most so many, 1 to 1000.
    pub limit: u32,
}

impl Ledger {
    /// Compactions that succeeded, the newest first.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub async fn compactions(
        &self,
        filter: CompactionFilter,
    ) -> Result<Vec<CompactionRecord>, LedgerError> {
        let mut reader = self.reader().await?;
        query::compactions(&mut reader, &filter).await.map_err(LedgerError::Read)
    }
}
