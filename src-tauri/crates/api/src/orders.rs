//! What people and orchestrators ask of the watch: to acknowledge a checkpoint, to be quiet, to rehearse.

use std::{pin::Pin, sync::Arc};

use plimsoll_domain::{ActionKind, Checkpoint, Level, Scope, Silence};
use plimsoll_ledger::{LedgerError, RecordError};
use plimsoll_watch::SessionView;

/// An answer that takes a while.
pub type Answer<'a, T> = Pin<Box<dyn Future<Output = Result<T, OrderError>> + Send + 'a>>;

/// Why an order was not carried out.
#[derive(Debug, thiserror::Error)]
pub enum OrderError {
    /// It could not be written down.
    #[error("The ledger did not take it. Try again.")]
    Record(#[from] RecordError),
    /// It could not be read.
    #[error("The ledger could not be read. Try again; the log has the reason.")]
    Read(#[from] LedgerError),
}

/// What an action came to in a rehearsal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tried {
    /// The action.
    pub action: ActionKind,
    /// Whether it worked; `None`: it is switched off.
    pub worked: Option<bool>,
    /// More of it for people.
    pub detail: Option<String>,
}

/// The port to whoever carries orders out: the API itself writes nothing and starts nothing.
pub trait Orders: Send + Sync + 'static {
    /// Writes an acknowledged checkpoint down; gives it with its number.
    fn acknowledge(&self, checkpoint: Checkpoint) -> Answer<'_, Checkpoint>;
    /// The wishes for quiet that hold.
    fn silences(&self) -> Answer<'_, Vec<Silence>>;
    /// Is quiet.
    fn silence(&self, silence: Silence) -> Answer<'_, ()>;
    /// Is quiet no more.
    fn lift(&self, scope: Scope) -> Answer<'_, ()>;
    /// Does what a level does, marked as a rehearsal, for a live session or for an invented one.
    fn rehearse(&self, level: Level, session: Option<Arc<SessionView>>) -> Answer<'_, Vec<Tried>>;
}
