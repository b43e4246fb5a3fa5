//! Captured OTLP traffic, sent to a receiver again.
//!
//! A [`Capture`] is the recorded traffic of one client: bodies byte for byte, with the protocol, the
//! TCP connection and the time of each. [`Replayer`] posts it as it was recorded: one connection per
//! captured connection, requests of one connection strictly in order. [`Shift`] moves a capture to
//! another time and gives it new identities, so that old traffic is a new session; [`Capture::spread`]
//! cuts batches into single records, so that a session unfolds event by event.
//!
//! Invariants: a capture that is not shifted is sent byte for byte; shifting never changes a number
//! that is counted; one failed request never stops the others.

mod answer;
mod bundled;
mod capture;
mod edit;
mod grpc;
mod http1;
mod index;
mod json;
mod payload;
mod protobuf;
mod replayer;
mod report;
mod shift;
mod spread;

pub use bundled::{Bundled, bundled};
pub use capture::{Capture, CaptureError, Content, Encoding, Entry, Signal, Transport};
pub use payload::PayloadError;
pub use replayer::{CLIENT_RETRIES, Order, Pace, Progress, Replayer, Step};
pub use report::{Failure, Report, SendError};
pub use shift::Shift;
