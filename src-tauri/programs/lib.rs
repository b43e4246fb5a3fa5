//! What the two programs of Plimsoll share: how they find their way, log, start and end.
//!
//! Invariants: with the programs themselves the only room of the product that uses `anyhow`, reads the process
//! environment and prints; knows no toolkit.

mod desktop;
mod drawing;
mod engine;
mod exit;
pub mod log;
mod second;
mod signals;
mod surroundings;
mod tray;

pub use desktop::{employ_notifications, ended_by_manager, is_managed, tray_sources, welcome};
pub use drawing::plain_drawing;
pub use engine::{bind, end, resident_runtime, start};
pub use exit::{Exit, exit_code};
pub use second::hand_over;
pub use signals::Signals;
pub use surroundings::{Surroundings, now};
pub use tray::{TRAY_WATCHER, hint_at_tray};
