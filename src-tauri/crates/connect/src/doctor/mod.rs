//! Why a client is not seen, and what to do about it.
//!
//! [`gather`] looks at the machine; [`examine`] judges what it found, and looks at nothing itself. What a client
//! does counts before what its settings say: one whose exports arrive is fine, however it is set up.

mod advice;
mod aim;
mod bugs;
mod client;
mod endpoint;
mod examine;
mod gather;
mod hooks;
mod installation;
mod layers;
mod machine;
mod proxy;
mod report;
mod resident;
mod settings_file;
mod surroundings;
mod unseen;
mod variables;

#[cfg(test)]
mod tests;

pub use examine::examine;
pub use gather::{Places, gather, managed_settings};
pub use machine::{Ledger, Listener, Machine, Process, Socket};
pub use report::{Client, ClientState, Finding, Fix, Report, Severity};
pub use resident::{Door, Peer, Resident};
pub use settings_file::{Condition, SettingsFile};
pub use variables::Variables;
