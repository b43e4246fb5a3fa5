//! Carries alerts out: as notifications, commands, webhooks, and texts to agents in their sessions.
//!
//! Invariants: an alert acts only after the ledger granted it; it is shown and runs its command at most once, its
//! message is delivered at least once. What is said holds names and numbers, and what the user wrote, nothing else.
//! Nothing waits for this crate: a notification service, a command or a web server that is absent, refuses or hangs
//! costs its own alert and a hint, no more.

mod command;
mod cycle;
#[cfg_attr(target_os = "linux", path = "desktop/xdg/mod.rs")]
#[cfg_attr(not(target_os = "linux"), path = "desktop/elsewhere.rs")]
mod desktop;
mod dispatch;
mod error;
mod feed;
mod in_session;
mod known;
mod message;
mod notice;
mod notifications;
mod once;
mod outcome;
mod recent;
mod showing;
mod webhook;

use std::sync::Arc;

use plimsoll_domain::Timestamp;

pub use command::{NOT_HANDED_ON, VARIABLES, run_command};
pub use dispatch::{Dispatch, DispatchPorts};
pub use error::ActionsError;
pub use in_session::{InSession, Inbox, sentence};
pub use message::Message;
pub use notice::Notice;
pub use notifications::{Notifications, Ports, Pressed};
pub use once::show;
pub use outcome::Upshot;
pub use webhook::post_webhook;

/// A clock handed in.
type Clock = Arc<dyn Fn() -> Timestamp + Send + Sync>;
