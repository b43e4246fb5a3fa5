//! What an organisation's settings forbid.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use serde_json::Value;

use super::{
    document::{Document, scalar},
    hooks,
    installation::content,
    plimsoll::Plimsoll,
    telemetry::{self, HEADERS, SIGNAL_HEADERS},
};

/// Keys that, set by an organisation, take the user's destinations away.
const TAKING: [&str; 3] =
    [HEADERS, "OTEL_EXPORTER_OTLP_CLIENT_KEY", "OTEL_EXPORTER_OTLP_CLIENT_CERTIFICATE"];

/// What an organisation's settings forbid.
#[derive(Debug, Default)]
pub struct Managed {
    /// What is in the way.
    pub locks: Vec<Lock>,
    /// Files that could not be read, and why: nothing is known of them.
    pub unread: Vec<(PathBuf, String)>,
}

/// Something in the way.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lock {
    /// The file that says so.
    pub file: PathBuf,
    /// What it says.
    pub kind: LockKind,
}

/// What is in the way.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LockKind {
    /// A key of `env` has another value than ours; the user's is not heard.
    Telemetry {
        /// The key.
        key: String,
        /// Its value; `None` where that is a secret.
        value: Option<String>,
    },
    /// `disableAllHooks`: no hook is run, and no status line.
    NoHooks,
    /// `allowManagedHooksOnly`: no hook of the user's is run.
    ManagedHooksOnly,
    /// `allowedHttpHookUrls` leaves our address out.
    HookAddress,
}

impl Managed {
    /// Whether telemetry cannot be connected.
    #[must_use]
    pub fn locks_telemetry(&self) -> bool {
        self.locks.iter().any(|lock| matches!(lock.kind, LockKind::Telemetry { .. }))
    }

    /// Whether hooks cannot be connected.
    #[must_use]
    pub fn locks_hooks(&self) -> bool {
        self.locks.iter().any(|lock| !matches!(lock.kind, LockKind::Telemetry { .. }))
    }
}

/// Where this system keeps an organisation's settings: a file, and a folder of files.
#[must_use]
pub fn managed_paths() -> Vec<PathBuf> {
    let folder = Path::new(if cfg!(target_os = "macos") {
        "/Library/Application Support/ClaudeCode"
    } else if cfg!(windows) {
        r"C:\Program Files\ClaudeCode"
    } else {
        "/etc/claude-code"
    });
    vec![folder.join("managed-settings.json"), folder.join("managed-settings.d")]
}

/// Reads an organisation's settings: files, and folders of `*.json`. What is not there forbids nothing.
#[must_use]
pub fn managed(paths: &[PathBuf], plimsoll: &Plimsoll) -> Managed {
    let mut managed = Managed::default();
    for path in paths {
        let files = match fs::read_dir(path) {
            Ok(entries) => {
                let all = entries.flatten().map(|entry| entry.path());
                let mut files: Vec<PathBuf> = all
                    .filter(|path| path.extension().is_some_and(|extension| extension == "json"))
                    .collect();
                files.sort_unstable();
                files
            }
            Err(_) => vec![path.clone()],
        };
        files.iter().for_each(|file| managed.file(file, plimsoll));
    }
    managed
}

impl Managed {
    fn file(&mut self, file: &Path, plimsoll: &Plimsoll) {
        let text = match content(file) {
            Ok(bytes) => String::from_utf8(bytes).map_err(|error| error.to_string()),
            Err(error) if error.kind() == io::ErrorKind::NotFound => return,
            Err(error) => Err(error.to_string()),
        };
        match text.and_then(|text| Document::parse(&text).map_err(|error| error.to_string())) {
            Ok(document) => {
                let lock = |kind| Lock { file: file.to_owned(), kind };
                self.locks.extend(locks(&document, plimsoll).into_iter().map(lock));
            }
            Err(reason) => self.unread.push((file.to_owned(), reason)),
        }
    }
}

fn locks(document: &Document, plimsoll: &Plimsoll) -> Vec<LockKind> {
    let mut locks = Vec::new();
    for (key, want) in telemetry::wanted(&plimsoll.receiver) {
        if !want.decides() {
            continue;
        }
        let value = document.value(&["env", key]).as_ref().and_then(scalar);
        let Some(value) = value.filter(|value| want.next(Some(value)).is_some()) else { continue };
        locks.push(LockKind::Telemetry { key: key.to_owned(), value: Some(value) });
    }
    for key in TAKING.into_iter().chain(SIGNAL_HEADERS) {
        if telemetry::env(document, key).is_some() {
            locks.push(LockKind::Telemetry { key: key.to_owned(), value: None });
        }
    }
    let is_set = |key: &str| document.value(&[key]) == Some(Value::Bool(true));
    let allowed = document.value(&["allowedHttpHookUrls"]);
    let refused = allowed.is_some_and(|allowed| hooks::refuses(&allowed, plimsoll));
    let hooks = [
        (is_set("disableAllHooks"), LockKind::NoHooks),
        (is_set("allowManagedHooksOnly"), LockKind::ManagedHooksOnly),
        (refused, LockKind::HookAddress),
    ];
    locks.extend(hooks.into_iter().filter_map(|(is, kind)| is.then_some(kind)));
    locks
}
