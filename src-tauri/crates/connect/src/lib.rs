//! Connects clients to Plimsoll, and says why they are not: edits the client's settings with backup and undo, and
//! examines what runs on this machine.
//!
//! Invariants: a settings file is written only when asked, as a whole or not at all, and only after it was read as
//! what it is; what was there before comes back. Nothing here listens or spawns; time, paths and environment come in
//! through arguments. What is read of settings and processes is never logged.

mod compacting;
pub mod doctor;
pub mod settings;
mod sites;
mod strict;

pub use compacting::ClientSettings;
pub use sites::{Choices, Done, Plan, Site, SiteError, SiteState, Sites};
