//! What an examination finds.

use std::path::PathBuf;

use plimsoll_domain::{Timestamp, calendar::rfc3339};
use serde::{Serialize, Serializer};

/// All that was found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Report {
    /// The clients that run, by their number.
    pub clients: Vec<Client>,
    /// What concerns more than one client, or none; problems first.
    pub findings: Vec<Finding>,
    /// Whether the system tells which process sends. Where not, a client counts as sending while a session in its
    /// folder is heard of.
    pub knows_senders: bool,
}

/// A client that runs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Client {
    /// Its number.
    pub pid: u32,
    /// Whether it is seen.
    pub state: ClientState,
    /// When it began.
    #[serde(serialize_with = "time")]
    pub since: Timestamp,
    /// When its last export came.
    #[serde(serialize_with = "time_or_null")]
    pub last_export: Option<Timestamp>,
    /// The sessions that it told of.
    pub sessions: Vec<String>,
    /// The folder that it works in.
    pub project: Option<PathBuf>,
    /// The folder of its settings.
    pub config_dir: PathBuf,
    /// Its version.
    pub version: Option<String>,
    /// Why it is not seen, and what to do.
    pub finding: Option<Finding>,
}

/// Whether a client is seen.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "name", rename_all = "kebab-case")]
pub enum ClientState {
    /// Its exports arrive.
    Sending,
    /// It is set up, and so young that nothing need have arrived yet.
    Starting,
    /// It is set up now, but began before that.
    NeedsRestart,
    /// It is set up, and nothing arrives.
    Silent,
    /// It sends to another place.
    SendingElsewhere {
        /// Host and port of that place.
        endpoint: String,
    },
    /// It sends nothing anywhere.
    TelemetryOff,
    /// An administrator's settings send it to another place, or switch it off.
    Locked {
        /// Host and port of that place; `None` where it is switched off.
        endpoint: Option<String>,
    },
}

/// Something that is not as it should be.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Finding {
    /// Stable name, e.g. `needs-restart`.
    pub code: &'static str,
    /// How much it matters.
    pub severity: Severity,
    /// What is wrong, in one sentence.
    pub what: String,
    /// What to do, in one sentence.
    pub remedy: String,
    /// What Plimsoll can do itself, when asked.
    pub fix: Option<Fix>,
}

/// How much a finding matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Severity {
    /// Something is not seen, or may be lost.
    Problem,
    /// It works, and could be better.
    Advice,
}

/// What Plimsoll can do itself without harm.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "name", rename_all = "kebab-case", rename_all_fields = "camelCase")]
pub enum Fix {
    /// Connect the client whose settings lie in this folder.
    Connect {
        /// The folder.
        config_dir: PathBuf,
    },
    /// Take from other users the right to read this.
    MakePrivate {
        /// The file or folder.
        path: PathBuf,
    },
}

impl Finding {
    pub(super) fn problem(code: &'static str, what: String, remedy: String) -> Self {
        Self { code, severity: Severity::Problem, what, remedy, fix: None }
    }

    pub(super) fn advice(code: &'static str, what: String, remedy: String) -> Self {
        Self { severity: Severity::Advice, ..Self::problem(code, what, remedy) }
    }

    pub(super) fn with(self, fix: Option<Fix>) -> Self {
        Self { fix, ..self }
    }
}

fn time<S: Serializer>(time: &Timestamp, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&rfc3339(*time))
}

fn time_or_null<S: Serializer>(time: &Option<Timestamp>, to: S) -> Result<S::Ok, S::Error> {
    time.map(rfc3339).serialize(to)
}
