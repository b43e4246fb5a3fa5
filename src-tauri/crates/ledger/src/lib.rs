//! The durable books in SQLite: every API request once, whatever number of sources tell of it.
//!
//! Invariants: the only crate that knows SQL. One writer task changes the file; a call to
//! [`Ledger::record`] returns after COMMIT. Order and repetition of facts never change a total.

mod books;
mod error;
mod ledger;
mod query;
mod table;
mod usage;
mod writer;

pub use error::{LedgerError, RecordError};
pub use ledger::{Ledger, LedgerOptions};
pub use usage::{
    Activity, ActivityKind, Change, Claim, Commit, Grouping, History, RecordFilter, SessionSummary,
    Usage, UsageRecord, UsageRow,
};
pub use writer::Writer;
