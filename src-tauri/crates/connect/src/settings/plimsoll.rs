//! What the settings are to say.

use std::{fmt, path::PathBuf};

use super::error::SettingsError;

/// Plimsoll as settings name it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Plimsoll {
    /// Where telemetry is sent.
    pub receiver: Receiver,
    /// The address of the dashboard, `http://127.0.0.1:3030`, that hooks post to. `None`: they run the program instead,
    /// as they must where the dashboard wants a key.
    pub dashboard: Option<String>,
    /// The absolute path of `plimsoll`.
    pub program: PathBuf,
    /// Whether some level tells the agent in its session, which takes hooks of its own.
    pub in_session: bool,
}

impl Plimsoll {
    /// The program's path as text.
    pub(super) fn program(&self) -> Result<&str, SettingsError> {
        self.program.to_str().ok_or_else(|| SettingsError::Program(self.program.clone()))
    }

    /// The address that hooks post to.
    pub(super) fn hook_address(&self) -> Option<String> {
        let base = self.dashboard.as_ref()?;
        Some(format!("{}{HOOK_PATH}", base.trim_end_matches('/')))
    }
}

/// The path that hooks post to.
pub(super) const HOOK_PATH: &str = "/hooks/claude-code";

/// Where telemetry is sent.
#[derive(Clone, PartialEq, Eq)]
pub struct Receiver {
    /// The address for OTLP over HTTP, without a signal's path: `http://127.0.0.1:4318`.
    pub endpoint: String,
    /// Other addresses of the same receiver, as that for gRPC: what goes there arrives as well.
    pub also: Vec<String>,
    /// What it wants to be shown as `Authorization: Bearer ...`, where it wants anything.
    pub token: Option<String>,
}

/// Without the token.
impl fmt::Debug for Receiver {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Receiver")
            .field("endpoint", &self.endpoint)
            .field("also", &self.also)
            .field("token", &self.token.as_ref().map(|_| "***"))
            .finish()
    }
}

/// What is to be connected, and how.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wish {
    /// To what.
    pub plimsoll: Plimsoll,
    /// Whether telemetry is switched on and sent to the receiver.
    pub telemetry: bool,
    /// Whether hooks tell when sessions begin, end, are compacted and change models.
    pub hooks: bool,
    /// Whether the status line is handed on.
    pub status_line: bool,
    /// What becomes of telemetry that is sent elsewhere.
    pub destination: Destination,
}

/// What becomes of telemetry that is sent elsewhere.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Destination {
    /// It is left alone, with everything that belongs to it.
    Keep,
    /// It is sent to the receiver instead, without the headers that were meant for the other one.
    Move,
}
