//! Commands of the user's: each at most once for an alert, a few at a time.

mod child;
mod folder;
mod group;
mod output;
mod queue;
mod variables;

pub(crate) use queue::{Commands, Order};

pub use child::run_command;
pub use variables::{NOT_HANDED_ON, VARIABLES};
