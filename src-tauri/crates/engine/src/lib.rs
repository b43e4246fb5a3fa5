//! Puts the parts together: configuration, sockets, the running engine, and its drain.
//!
//! Invariants: the only crate that spawns long-lived tasks, each with a name, a span and a supervisor. Ports
//! are taken before anything else is done. What a receiver acknowledged is in the ledger or in the spool.
//! Time, sockets, paths and the environment come in through arguments.

mod acting;
mod announce;
mod backoff;
mod board;
mod buttons;
mod client_settings;
mod config;
mod door;
mod engine;
mod environment;
mod exporters;
#[cfg(test)]
mod fixture;
mod health;
mod intake;
mod keeping;
mod orders;
mod page;
mod places;
mod port;
mod prices;
mod receiving;
mod rehearsal;
mod running;
mod runtime_file;
pub mod setup;
mod signals;
mod spool;
mod stage;
mod supervise;
mod told;
mod transcripts;

pub use board::Now;
pub use config::{
    ActionKey, Backend, Config, ConfigError, DashboardConfig, DesktopConfig, Key, LedgerConfig,
    Origin, ReceiverConfig, TranscriptsConfig, WarningKey,
};
pub use engine::{Engine, EngineError, Surroundings, program};
pub use environment::Environment;
pub use places::{ConfigFile, Places};
pub use plimsoll_api::{Attached, NoWindows, Offer, Windows};
pub use plimsoll_api::{ExportError, ExportFormat, audit_json, export};
pub use plimsoll_ledger::{
    Audit, AuditFilter, AuditLine, Balance, Difference, MissedEvents, PriceCheck, Reason,
    SessionAudit, Sides, Teller, Told, Verdict,
};
pub use plimsoll_ledger::{
    Backup, BackupError, LedgerError, LedgerFile, Pruned, UseFilter, backup,
};
pub use plimsoll_loopback::Inherited;
pub use running::Running;
pub use stage::Step;
