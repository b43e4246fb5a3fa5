//! Finds the running engine and talks to it.
//!
//! Invariants: what it knows of the engine is `runtime.json` and what is answered over HTTP; it starts
//! nothing and keeps nothing.

mod connection;
mod error;
mod frames;
mod refusal;
mod runtime;
mod show;

pub use connection::{Client, Events};
pub use error::ClientError;
pub use frames::Frame;
pub use runtime::{RUNTIME_FILE, RuntimeInfo, address};
