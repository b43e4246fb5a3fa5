//! Dialects: what clients send, and what they write into their transcripts, becomes facts. Also says of every signal
//! how it was understood, and finds where a session works.
//!
//! Invariants: the only crate that knows a vendor's attribute names, scopes and file layouts. Everything but
//! [`project`] and [`transcripts`] is pure: no I/O; there is no clock anywhere. Which attributes are read is an
//! allow-list: prompts, answers, tool inputs, error texts and e-mail addresses are not on it, so they are in no
//! [`Reading`] and no [`Sighting`]. Bad input is data: what cannot be used is counted with a reason, and spoils
//! nothing beside it.

mod attributes;
#[cfg(test)]
mod builders;
mod claude_code;
mod handed;
pub mod prices;
pub mod project;
mod reading;
mod redact;
mod series;
mod sighting;
mod signal;
#[cfg(test)]
mod tests;
pub mod transcripts;
mod unknown;
mod usage;
mod walk;

pub use handed::{HandedFault, Moment, Told, read_handed, tell_agent};
pub use reading::{Reading, read};
pub use redact::redact;
pub use sighting::{Sighting, Understood, describe};
pub use signal::SignalKind;
pub use unknown::{Unknown, UnknownSignals};
