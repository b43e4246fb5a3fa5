//! What the tray shows, as pure data, and the loop that keeps it true.
//!
//! Invariants: [`Face::of`] and [`Icon::pixels`] are pure: no I/O and no clock. Nothing here knows D-Bus or a
//! toolkit; both shapes of the application show the same [`Face`] through a [`Port`] of their own. [`drive`]
//! sleeps until something that is shown changes.

mod drive;
mod face;
mod icon;
#[cfg(test)]
mod script;

pub use drive::{Clock, Port, Sources, drive};
pub use face::{Action, Entry, Face};
pub use icon::{Icon, SIZES, Shape};
