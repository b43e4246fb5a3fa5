//! Live sessions: occupancy, line, levels, alerts, warnings.
//!
//! Invariants: [`Fleet`] is pure: no clock, no I/O, and the order in which facts arrive does not change
//! what it shows. Around it runs one task ([`WatchTask`]) that reads the ledger's commits. Nothing here
//! writes but the claim of an alert or a warning, and nothing waits for it.

mod books;
mod course;
mod day;
mod event;
mod fleet;
mod hearing;
mod lessons;
mod limits;
mod name;
mod plan;
mod rules;
#[cfg(test)]
mod script;
mod session;
mod sizes;
mod snapshot;
mod task;
mod tellings;
mod thread;
mod timeline;
mod warnings;
mod window;

pub use books::Books;
pub use fleet::Fleet;
pub use rules::ClientSettings;
pub use snapshot::{
    Gauge, Lack, PlanLimits, SessionView, Snapshot, Source, SourceKind, State, Subagent, Today,
    ToldLimit,
};
pub use task::{Laws, Watch, WatchError, WatchTask};
