//! The wire types: the only place where words of the domain become JSON. Borrowed from what they show,
//! built and serialised at once.

mod audit;
mod change;
mod health;
mod scalar;
mod session;
pub(crate) mod setup;
mod signal;
mod snapshot;
mod usage;
mod window;

pub(crate) use audit::Audit;
pub(crate) use change::{Change, LevelReached};
pub(crate) use health::{Backfill, Health};
pub(crate) use scalar::Permille;
pub use scalar::Time;
pub(crate) use session::{Context, Session, SessionBooks, SessionContext, SessionPage};
pub(crate) use signal::SignalSeen;
pub(crate) use snapshot::{Limits, Listener, Problem, Resident, Snapshot, Today};
pub(crate) use usage::{Usage, UsageRecord, UsageRecords, UsageReport, UsageRow};
pub(crate) use window::Wish;

#[cfg(test)]
mod typescript;
