//! What tests and benchmarks share: payloads as the client sends them, the expected books of the
//! recorded captures, a small HTTP and SSE client for loopback, the program as a process, (feature `engine`)
//! the engine inside the test's own process, and (feature `desk`) a desktop made of stand-ins.
//!
//! Invariants: no sleeping for a guess, only waiting for a state with a deadline; a process that was
//! started here ends with its owner; nothing outside the folder given to it is touched.

mod attribute;
mod books;
#[cfg(feature = "desk")]
mod desk;
#[cfg(feature = "engine")]
mod engine;
mod events;
mod expected;
mod http;
mod json;
mod metrics;
mod process;
mod resident;
mod runtime;
mod sse;
mod start;

pub use attribute::{double, flag, int, text};
pub use books::Books;
#[cfg(feature = "desk")]
pub use desk::{
    DeskError, MenuEntry, NotificationServer, Notified, Panel, Pixmap, PrivateBus, Screen,
    SocketHolder, TrayItem,
};
#[cfg(feature = "engine")]
pub use engine::{EngineSetup, TestEngine};
pub use events::{ApiCall, Events};
pub use expected::{Expected, ExpectedSession, FixtureError, Truth};
pub use http::{Answer, Loopback, LoopbackError};
pub use json::{logs_json, metrics_json};
pub use metrics::Metrics;
pub use resident::TestResident;
pub use runtime::Runtime;
pub use sse::{EventStream, SseEvent, SseParser};
pub use start::{Ended, ResidentError, Start};
