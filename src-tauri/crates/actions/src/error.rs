//! What can end carrying alerts out.

use plimsoll_ledger::LedgerError;

/// Why carrying alerts out ended early. Another run goes on where it ended.
#[derive(Debug, thiserror::Error)]
pub enum ActionsError {
    /// What was missed could not be read.
    #[error("read missed alerts: {0}")]
    Read(#[source] LedgerError),
    /// The checkpoints of sessions could not be read.
    #[error("read the last checkpoints: {0}")]
    ReadCheckpoints(#[source] LedgerError),
    /// The texts that still wait for agents could not be read.
    #[error("read the texts that wait for agents: {0}")]
    ReadTexts(#[source] LedgerError),
    /// The notifications that were held back could not be read.
    #[error("read the notifications that were held back: {0}")]
    ReadHeld(#[source] LedgerError),
    /// The ledger's writer is gone.
    #[error("the ledger sends no more commits")]
    Closed,
}
