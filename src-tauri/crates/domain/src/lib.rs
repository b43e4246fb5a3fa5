//! The words of Plimsoll as types, and the arithmetic on them.
//!
//! Invariants: no I/O, no clock, no async, no vendor's attribute names, no serialisation. Every other
//! crate may use this one; this one uses none of them.

pub mod alert;
pub mod calendar;
pub mod door;
pub mod fact;
pub mod health;
pub mod ids;
pub mod key;
pub mod level;
pub mod line;
pub mod model;
pub mod money;
pub mod price;
pub mod show;
pub mod text;
pub mod time;
pub mod tokens;
pub mod transcript;
pub mod witness;

pub use alert::{Alert, ThreadKey};
pub use calendar::{Calendar, Quarter};
pub use door::{Door, Handed, Taken};
pub use fact::{
    ApiError, ApiRequest, Compaction, CompactionTrigger, ContentKind, ContentSize, CounterReading,
    End, Envelope, Fact, Heard, Life, ModelTotals, ProjectPlace, RateLimit, Start, Statement,
    StatusReport, SubagentCompleted, Temporality, ToolResult, UsageReading, UserPrompt,
};
pub use ids::{AgentId, ConnectionId, ProcessId, RequestId, Revision, SessionId};
pub use key::Key;
pub use level::{Level, Levels};
pub use line::{Line, LineKind, Window, WindowEvidence, WindowKind};
pub use model::Model;
pub use money::NanoUsd;
pub use price::{Price, PriceTable, Rates};
pub use show::{Point, Show};
pub use time::Timestamp;
pub use tokens::{TokenKind, Tokens};
pub use transcript::Position;
pub use witness::{QuerySource, Witness, Witnesses};
