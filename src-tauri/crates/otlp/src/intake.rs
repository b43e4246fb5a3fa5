//! What the receivers hand on, and what they are told in return.

use std::sync::Arc;

use plimsoll_domain::{ConnectionId, Timestamp};

use crate::Export;

/// The clock, as an argument.
pub type Now = Arc<dyn Fn() -> Timestamp + Send + Sync>;

/// One decoded export.
#[derive(Debug, Clone, PartialEq)]
pub struct Arrival {
    /// What was sent.
    pub export: Export,
    /// The connection it came over.
    pub connection: ConnectionId,
    /// When it had arrived completely.
    pub at: Timestamp,
}

/// The export is kept, apart from what could not be used.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Receipt {
    /// How many log records, data points or spans could not be used.
    pub rejected: u64,
    /// Why, in one sentence without content; with nothing rejected, a warning.
    pub reason: Option<String>,
}

/// The export is not kept, and may be sent again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// Too much is waiting already.
    #[error("too many exports are waiting; send it again")]
    Full,
    /// It could not be stored.
    #[error("the export could not be stored; send it again")]
    Unavailable,
}

/// Where exports go.
pub trait Intake: Clone + Send + Sync + 'static {
    /// Returns once the export is kept for good, or refused.
    fn take(&self, arrival: Arrival) -> impl Future<Output = Result<Receipt, Refusal>> + Send;
}
