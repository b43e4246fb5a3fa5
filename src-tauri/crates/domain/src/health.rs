//! The state of the resident itself, for people and programs.

use std::{sync::Arc, time::Duration};

use crate::Timestamp;

/// What changes rarely and belongs on every screen.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Status {
    /// The receivers and the dashboard, in a fixed order.
    pub listeners: Vec<Listener>,
    /// What the user should know of, worst first.
    pub problems: Vec<Problem>,
    /// How far the last long reading of transcripts is, or what it came to; `None` before the first.
    pub backfill: Option<Backfill>,
}

impl Status {
    /// The listener of this name.
    #[must_use]
    pub fn listener(&self, name: &str) -> Option<&Listener> {
        self.listeners.iter().find(|listener| listener.name == name)
    }

    /// The first address that the listener of this name serves; `None` while it does not listen.
    #[must_use]
    pub fn served(&self, name: &str) -> Option<&str> {
        let listener = self.listener(name)?;
        let address = listener.addresses.first()?;
        (listener.state == ListenerState::Listening).then_some(address.as_str())
    }
}

/// How far the reading of history from transcripts is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Backfill {
    /// Transcript files of which something was unread.
    pub files: u64,
    /// Those of them that were read to their end.
    pub files_read: u64,
    /// What was unread of them, in bytes.
    pub bytes: u64,
    /// What was read of that.
    pub bytes_read: u64,
    /// Requests that were told, those that were known already included.
    pub requests: u64,
    /// When it began.
    pub began: Timestamp,
    /// When it ended; `None` while it goes on.
    pub ended: Option<Timestamp>,
}

impl Backfill {
    /// How long it will still take, by its speed so far; `None` while nothing tells, and at its end.
    #[must_use]
    pub fn left(&self, now: Timestamp) -> Option<Duration> {
        let spent = now.since(self.began);
        if self.ended.is_some() || self.bytes_read == 0 || spent.is_zero() {
            return None;
        }
        let rest = u128::from(self.bytes.saturating_sub(self.bytes_read));
        let nanos = spent.as_nanos() * rest / u128::from(self.bytes_read);
        u64::try_from(nanos).ok().map(Duration::from_nanos)
    }
}

/// One address that the resident listens on, or would.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listener {
    /// `otlp-http`, `otlp-grpc` or `dashboard`.
    pub name: &'static str,
    /// The bound addresses, e.g. `127.0.0.1:4318`; the wished ones where it is not listening.
    pub addresses: Vec<String>,
    /// Whether it listens.
    pub state: ListenerState,
}

/// Whether an address is served.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ListenerState {
    /// It accepts connections.
    Listening,
    /// Another program has the port; it is tried again.
    PortTaken,
    /// It failed otherwise; it is tried again.
    Failed,
}

/// How much a problem matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Severity {
    /// Numbers may be late or missing until it is mended.
    Fault,
    /// Worth knowing; no number suffers.
    Hint,
}

/// What the desktop lacks; the engine runs all the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Hint {
    /// Nothing shows tray icons.
    NoTray,
    /// Nothing shows notifications.
    NoNotifications,
    /// No window can be opened.
    NoWindows,
}

/// The port through which the parts that face the desktop say what it lacks.
pub trait Hints: Send + Sync + 'static {
    /// Raises a hint with one sentence for people, or changes its sentence.
    fn raise(&self, hint: Hint, message: String);
    /// Takes a hint down, if it is up.
    fn clear(&self, hint: Hint);
}

/// Something that the user should know of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// How much it matters.
    pub severity: Severity,
    /// Stable code, e.g. `port-taken`.
    pub code: &'static str,
    /// One sentence: what is wrong and what to do.
    pub message: String,
    /// Since when.
    pub since: Timestamp,
}

/// Everything known of the resident's state.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Health {
    /// When this run began.
    pub started: Timestamp,
    /// Listeners and problems.
    pub status: Status,
    /// The long-lived tasks.
    pub tasks: Vec<TaskHealth>,
    /// Running counts since the start, by name and label.
    pub counters: Vec<Counter>,
    /// Signals that no dialect knows, described without their text.
    pub unknown: Vec<UnknownSignal>,
    /// When a record last arrived; `None` before the first.
    pub last_arrival: Option<Timestamp>,
}

/// One long-lived task.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TaskHealth {
    /// Its name, e.g. `ledger-writer`.
    pub name: &'static str,
    /// Whether it runs now, rather than waiting to be restarted.
    pub running: bool,
    /// How often it was restarted.
    pub restarts: u32,
    /// Why it last ended early.
    pub last_error: Option<String>,
}

/// One running count.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Counter {
    /// What is counted, e.g. `otlp.requests.refused`.
    pub name: &'static str,
    /// Which of them, e.g. `http/logs/malformed`.
    pub label: String,
    /// How many.
    pub value: u64,
}

/// A signal that no dialect knows: counted and described, never rejected, never its text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnknownSignal {
    /// `metric`, `event` or `span`.
    pub kind: &'static str,
    /// Its scope and name, e.g. `com.anthropic.claude_code.events/tool_decision`.
    pub name: Arc<str>,
    /// Its attributes' keys and types, e.g. `duration_ms:int`.
    pub attributes: Vec<String>,
    /// How often it was seen since the start.
    pub seen: u64,
}

/// The port through which the API asks for the state.
pub trait HealthProbe: Send + Sync + 'static {
    /// The state now.
    fn health(&self) -> Health;
}
