//! Carries alerts out; so far as notifications.
//!
//! Invariants: an alert acts only after the ledger granted it, and at most once. What is said holds names and
//! numbers, nothing else. Nothing waits for this crate: a notification service that is absent, refuses or
//! hangs costs its own notification and a hint, no more.

mod cycle;
#[cfg_attr(all(unix, not(target_os = "macos")), path = "desktop/xdg.rs")]
#[cfg_attr(not(all(unix, not(target_os = "macos"))), path = "desktop/elsewhere.rs")]
mod desktop;
mod feed;
mod known;
mod notice;
mod notifications;
mod recent;
mod showing;

pub use notice::Notice;
pub use notifications::{Notifications, NotificationsError, Ports};
