//! Live sessions: occupancy, line, levels, alerts.
//!
//! Invariants: [`Fleet`] is pure: no clock, no I/O, and the order in which facts arrive does not change
//! what it shows. Around it runs one task ([`WatchTask`]) that reads the ledger's commits. Nothing here
//! writes but the claim of an alert, and nothing waits for it.

mod books;
mod course;
mod day;
mod fleet;
mod limits;
mod name;
#[cfg(test)]
mod script;
mod session;
mod snapshot;
mod task;
mod thread;
mod timeline;

pub use books::Books;
pub use fleet::Fleet;
pub use snapshot::{Gauge, SessionView, Snapshot, State, Subagent, Today};
pub use task::{Watch, WatchError, WatchTask};
