//! The words of Plimsoll as types, and the arithmetic on them.
//!
//! Invariants: no I/O, no clock, no async, no vendor's attribute names, no serialisation. Every other
//! crate may use this one; this one uses none of them.

pub mod alert;
pub mod calendar;
pub mod checkpoint;
pub mod compaction;
pub mod door;
pub mod fact;
pub mod forecast;
pub mod health;
pub mod ids;
pub mod key;
pub mod lesson;
pub mod level;
pub mod line;
pub mod model;
pub mod money;
pub mod policy;
pub mod price;
pub mod quiet;
pub mod show;
pub mod text;
pub mod time;
pub mod tokens;
pub mod transcript;
pub mod warning;
pub mod window;
pub mod witness;

pub use alert::{ActionKind, ActionResult, Alert, Outcome, ThreadKey};
pub use calendar::{Calendar, Quarter};
pub use checkpoint::Checkpoint;
pub use compaction::CompactionRecord;
pub use door::{Door, Handed, Handled, Taken};
pub use fact::{
    ApiError, ApiRequest, Compaction, CompactionTrigger, ContentKind, ContentSize, CounterReading,
    End, Envelope, Fact, Heard, Life, ModelTotals, ProjectPlace, RateLimit, Start, Statement,
    StatusReport, SubagentCompleted, Temporality, ToolResult, UsageReading, UserPrompt,
};
pub use forecast::{Estimate, Forecast, Growth};
pub use ids::{AgentId, ConnectionId, ProcessId, RequestId, Revision, SessionId};
pub use key::Key;
pub use lesson::{Interval, Lesson};
pub use level::{Level, Levels, Threshold};
pub use line::{Compacting, Line, LineEvidence, LineKind, LineReason};
pub use model::Model;
pub use money::NanoUsd;
pub use policy::{Action, ActionChange, Actions, CommandLine, Override, Policy, Terms, Webhook};
pub use price::{Price, PriceTable, Rates};
pub use quiet::{QuietHours, Scope, Silence};
pub use show::{Point, Show};
pub use time::Timestamp;
pub use tokens::{TokenKind, Tokens};
pub use transcript::Position;
pub use warning::{Warning, WarningKind, Warnings};
pub use window::{Window, WindowEvidence, WindowKind};
pub use witness::{QuerySource, Witness, Witnesses};
