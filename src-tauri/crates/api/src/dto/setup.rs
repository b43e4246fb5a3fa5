//! Setting up on the wire: what connects a client, what is wrong with that, and its proof.

use serde::{Deserialize, Serialize};

use super::Time;

/// How the client's settings could be changed, installation by installation.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct ConnectPlan {
    /// The address that clients would send to.
    pub endpoint: String,
    /// Every settings file that was found, or would be made.
    pub installations: Vec<Installation>,
    /// The same settings for other places, to copy.
    pub snippets: Vec<Snippet>,
}

/// One settings file of the client.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct Installation {
    /// The file, as it was found.
    pub settings: String,
    /// Whether telemetry comes here.
    #[cfg_attr(
        test,
        ts(
            type = "\"connected\" | \"partly\" | \"not-connected\" | \"elsewhere\" | \"locked\" | \"unusable\""
        )
    )]
    pub state: &'static str,
    /// Why it cannot be changed, or what stands against it; one sentence.
    pub trouble: Option<String>,
    /// Where its telemetry goes now, if that is elsewhere: host and port.
    pub destination: Option<String>,
    /// Whether hooks of ours are in it.
    pub hooks: bool,
    /// Whose status line is in it.
    #[cfg_attr(test, ts(type = "\"none\" | \"ours\" | \"theirs\""))]
    pub status_line: &'static str,
    /// What would change, as a unified diff; empty where nothing would. Secrets are masked.
    pub diff: String,
    /// What disconnecting would change; empty where nothing would.
    pub undo: String,
    /// Names the file's present content; to be sent with the wish to change it.
    pub fingerprint: String,
    /// When Plimsoll last changed it.
    pub connected_at: Option<Time>,
    /// The copy of what was there before that.
    pub backup: Option<String>,
}

/// Settings to copy into another place.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct Snippet {
    /// A stable name: `shell`, `ssh`, ...
    pub name: &'static str,
    /// The place, for people.
    pub title: &'static str,
    /// What to copy.
    pub text: String,
}

/// What is wished of connecting; each by its own consent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct ConnectChoices {
    /// Whether hooks are to tell of sessions.
    pub hooks: bool,
    /// Whether the status line is to be handed on.
    pub status_line: bool,
    /// Whether telemetry that goes elsewhere is to come here instead.
    pub replace: bool,
}

impl Default for ConnectChoices {
    fn default() -> Self {
        Self { hooks: true, status_line: true, replace: false }
    }
}

/// A settings file to change, with the choices that its diff was shown for.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ConnectWish {
    /// The file, as the plan names it.
    pub settings: String,
    /// The content that the diff was shown of.
    pub fingerprint: String,
    /// What is wished; not looked at when disconnecting.
    #[serde(default)]
    pub choices: ConnectChoices,
}

/// A settings file that was changed.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct Connected {
    /// The file.
    pub settings: String,
    /// The copy of what was there before; none where there was no file.
    pub backup: Option<String>,
    /// When it was written; nothing was to be changed otherwise.
    pub written_at: Option<Time>,
    /// Values of ours that somebody changed since, which therefore stayed.
    pub kept: Vec<String>,
}

/// The first request that telemetry told of, or why there is none.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct Proof {
    /// The request.
    pub arrived: Option<FirstRequest>,
    /// What is most likely wrong, when none came in time.
    pub likely: Option<Finding>,
}

/// The first request since.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct FirstRequest {
    /// Its session.
    pub session_id: String,
    /// The model that answered.
    pub model: String,
    /// When the answer was complete, by the client's clock.
    pub at: Time,
    /// From there until it was in the books, in milliseconds.
    pub after_ms: u64,
}

/// What was found of the clients on this machine.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct Doctor {
    /// When it was looked at.
    pub examined_at: Time,
    /// Every running client.
    pub clients: Vec<RunningClient>,
    /// What is wrong besides, the worst first.
    pub findings: Vec<Finding>,
}

/// One running client process.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct RunningClient {
    /// Its process.
    pub pid: u32,
    /// Whether its telemetry comes here.
    #[cfg_attr(
        test,
        ts(
            type = "\"sending\" | \"starting\" | \"needs-restart\" | \"silent\" | \"sending-elsewhere\" | \"telemetry-off\" | \"locked\""
        )
    )]
    pub state: &'static str,
    /// The folder it works in.
    pub project: Option<String>,
    /// Sessions that it told of, if it sends.
    pub sessions: Vec<String>,
    /// When it was started.
    pub started_at: Time,
    /// When it last sent anything.
    pub last_export_at: Option<Time>,
    /// What to do about it; nothing where all is well.
    pub finding: Option<Finding>,
}

/// Something that is wrong, and the way out.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct Finding {
    /// A stable code.
    pub code: &'static str,
    /// Whether something is missing, or could be better.
    #[cfg_attr(test, ts(type = "\"problem\" | \"advice\""))]
    pub severity: &'static str,
    /// What is wrong; one sentence.
    pub what: String,
    /// What to do; one sentence.
    pub remedy: String,
    /// What Plimsoll can do itself: on the Connect page, or with `plimsoll doctor --fix`.
    pub fix: Option<Fix>,
}

/// What Plimsoll can do itself without harm.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct Fix {
    /// Connect a client, or take from other users the right to read something.
    #[cfg_attr(test, ts(type = "\"connect\" | \"make-private\""))]
    pub name: String,
    /// The client's configuration folder, or what others can read.
    pub path: String,
}

/// Whether the welcome was shown.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub(crate) struct Welcome {
    /// It was, to its end or skipped.
    pub(crate) seen: bool,
}
