//! What `runtime.json` says.

use std::{
    net::SocketAddr,
    path::{Path, PathBuf},
};

use serde::{Deserialize, Serialize};

/// The file's name in its folder.
pub const RUNTIME_FILE: &str = "runtime.json";

/// Which engine runs, where, and the key to it.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct RuntimeInfo {
    /// Its process.
    pub pid: u32,
    /// When it began, RFC 3339.
    pub started_at: String,
    /// Its version.
    pub version: String,
    /// What a program must show to change something; 64 hexadecimal digits.
    pub key: String,
    /// The dashboard's and API's URL; `None` while it is not served.
    pub dashboard: Option<String>,
    /// The OTLP/HTTP receiver's URL; `None` while it is not served.
    pub otlp_http: Option<String>,
    /// The OTLP/gRPC receiver's URL; `None` while it is not served.
    pub otlp_grpc: Option<String>,
    /// The ledger's file.
    pub ledger: PathBuf,
}

impl std::fmt::Debug for RuntimeInfo {
    /// Without the key, so that it gets into no log.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("RuntimeInfo")
            .field("pid", &self.pid)
            .field("dashboard", &self.dashboard)
            .finish_non_exhaustive()
    }
}

impl RuntimeInfo {
    /// What the first of the folders that holds the file says. It may be left over from an engine that
    /// was killed: only an answer from its address proves that it runs.
    #[must_use]
    pub fn find(folders: &[impl AsRef<Path>]) -> Option<Self> {
        folders.iter().find_map(|folder| {
            let text = std::fs::read(folder.as_ref().join(RUNTIME_FILE)).ok()?;
            serde_json::from_slice(&text).ok()
        })
    }
}

/// The address in a URL such as `http://127.0.0.1:3030`.
#[must_use]
pub fn address(url: &str) -> Option<SocketAddr> {
    let authority = url.strip_prefix("http://")?.trim_end_matches('/');
    authority.replace("localhost", "127.0.0.1").parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Scenario: URLs as people and `runtime.json` write them.
    /// Guarantees: the address of those that have one on this machine's own names.
    #[test]
    fn urls_are_read() {
        for url in ["http://127.0.0.1:4318", "http://localhost:4318/"] {
            assert_eq!(address(url).unwrap().to_string(), "127.0.0.1:4318", "{url}");
        }
        assert_eq!(address("http://[::1]:80").unwrap().to_string(), "[::1]:80");
        for wrong in ["", "127.0.0.1:1", "https://127.0.0.1:1", "http://host", "http://host:1"] {
            assert_eq!(address(wrong), None, "{wrong}");
        }
    }
}
