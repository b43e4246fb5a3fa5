//! The wire types: the only place where words of the domain become JSON. Borrowed from what they show,
//! built and serialised at once.

mod alert;
mod audit;
mod change;
mod health;
mod scalar;
mod session;
pub(crate) mod setup;
mod signal;
mod snapshot;
mod usage;
mod warning;
mod window;

pub(crate) use alert::{
    Alert, Alerts, Checkpoint, Checkpoints, Compaction, Compactions, LevelReached, Quiet,
    Rehearsed, RehearsedAction, Silence,
};
pub(crate) use audit::Audit;
pub(crate) use change::Change;
pub(crate) use health::{Backfill, Health};
pub(crate) use scalar::Permille;
pub use scalar::Time;
pub(crate) use session::{
    Compacted, Context, LevelName, Session, SessionBooks, SessionContext, SessionPage, Waited,
};
pub(crate) use signal::SignalSeen;
pub(crate) use snapshot::{Limits, Listener, Problem, Resident, Snapshot, Today};
pub(crate) use usage::{Usage, UsageRecord, UsageRecords, UsageReport, UsageRow};
pub(crate) use warning::{Warning, Warnings};
pub(crate) use window::Wish;

#[cfg(test)]
mod typescript;
