//! The user's session bus: which services are there, and what the user's service manager knows.
//!
//! Invariants: asks and follows only; icons and notifications have adapters of their own. A connection has no thread of its own
//! and, while the bus is there, no timer: what happens wakes it, nothing else does. Off Linux every service
//! counts as present and nobody manages services; only `platform` differs.

mod bus;
mod error;
#[cfg_attr(target_os = "linux", path = "linux/mod.rs")]
#[cfg_attr(not(target_os = "linux"), path = "elsewhere.rs")]
mod platform;
mod presence;
pub mod systemd;

pub use bus::Bus;
pub use error::{BusError, Cause};
#[cfg(target_os = "linux")]
pub use platform::Link;
pub use presence::Presence;
