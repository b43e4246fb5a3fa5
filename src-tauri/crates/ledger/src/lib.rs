//! The durable books in SQLite: every API request once, whatever number of sources tell of it.
//!
//! Invariants: the only crate that knows SQL. One writer task changes the file; a call to
//! [`Ledger::record`] returns after COMMIT. Order and repetition of facts never change a total.

mod alert;
mod audit;
mod books;
mod checkpoint;
mod compaction;
mod error;
mod keeping;
mod ledger;
mod query;
mod silence;
mod table;
mod unfinished;
mod usage;
mod warning;
mod writer;

pub use alert::{AlertFilter, AlertRecord, Claim, Delivery, DeliveryState};
pub use audit::{
    Audit, AuditFilter, AuditLine, Balance, Difference, LoneRequest, MissedEvents, PriceCheck,
    Reason, SessionAudit, Shown, Sides, StatedTotal, Teller, Told, Verdict,
};
pub use compaction::CompactionFilter;
pub use error::{LedgerError, RecordError};
pub use keeping::{
    Backup, BackupError, Clock, FileInUse, LedgerFile, Pruned, Replacement, Use, UseFilter,
    UseKind, backup,
};
pub use ledger::{Ledger, LedgerOptions, TranscriptPart};
pub use unfinished::Unfinished;
pub use usage::{
    Activity, ActivityKind, Change, Commit, Grouping, History, RecordFilter, SessionSummary, Usage,
    UsageRecord, UsageRow,
};
pub use writer::Writer;
