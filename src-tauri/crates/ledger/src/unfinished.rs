//! Alerts with an action that may have to be gone on with after a restart.

use std::sync::Arc;

use plimsoll_domain::{ActionKind, ActionResult, Alert};

use crate::{Ledger, LedgerError, query};

/// An alert of which an action was left in some state.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unfinished {
    /// The alert.
    pub alert: Alert,
    /// Where its session works.
    pub project: Option<Arc<str>>,
    /// Whether anything is known of the same action for a later alert of the session.
    pub replaced: bool,
    /// Whether the alert's thread reached a level in a later cycle. A compaction since may be a subagent's: of which thread
    /// it was is not in the ledger.
    pub over: bool,
}

impl Ledger {
    /// Of the last 1000 alerts those of which an action's last result is this one, in order of revision.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub async fn unfinished(
        &self,
        action: ActionKind,
        result: ActionResult,
    ) -> Result<Vec<Unfinished>, LedgerError> {
        let mut reader = self.reader().await?;
        query::unfinished(&mut reader, action, result).await.map_err(LedgerError::Read)
    }
}
