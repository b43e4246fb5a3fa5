//! D-Bus.

mod follow;
mod manager;
mod session;

pub(crate) use follow::follow;
pub(crate) use manager::{display_variables, stop_units};
pub use session::Link;
