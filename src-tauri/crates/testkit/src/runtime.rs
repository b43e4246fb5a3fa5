//! What a running resident says of itself.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Deserializer};

/// The content of `runtime.json`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Runtime {
    /// The process.
    pub pid: u32,
    /// What requests that change something have to show.
    pub key: String,
    /// Where the page and the API are served.
    #[serde(deserialize_with = "address")]
    pub dashboard: Option<SocketAddr>,
    /// Where OTLP is received over HTTP.
    #[serde(deserialize_with = "address")]
    pub otlp_http: Option<SocketAddr>,
    /// Where OTLP is received over gRPC.
    #[serde(deserialize_with = "address")]
    pub otlp_grpc: Option<SocketAddr>,
    /// The ledger's file.
    pub ledger: PathBuf,
}

impl Runtime {
    /// Reads the file of the process `pid`; `None` while there is none, or only an older one.
    pub(crate) fn of(path: &Path, pid: u32) -> Option<Self> {
        let text = std::fs::read(path).ok()?;
        serde_json::from_slice(&text).ok().filter(|runtime: &Self| runtime.pid == pid)
    }
}

/// `http://127.0.0.1:4318` or `http://localhost:4318`
fn address<'de, D: Deserializer<'de>>(reader: D) -> Result<Option<SocketAddr>, D::Error> {
    let Some(url) = Option::<String>::deserialize(reader)? else { return Ok(None) };
    let host = url.strip_prefix("http://").unwrap_or(&url).trim_end_matches('/');
    let host = host.replace("localhost", "127.0.0.1");
    host.parse().map(Some).map_err(serde::de::Error::custom)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Scenario: the file of a process, of another one, half written, and absent.
    /// Guarantees: only the process's own complete file counts.
    #[test]
    fn only_its_own_file_counts() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("runtime.json");
        assert_eq!(Runtime::of(&path, 7), None);
        let text = r#"{"pid":7,"startedAt":"2026-11-23T04:43:43.445Z","version":"0.1.0","key":"k",
            "dashboard":"http://127.0.0.1:3030","otlpHttp":"http://127.0.0.1:4318","otlpGrpc":null,
            "ledger":"/tmp/ledger.db"}"#;
        std::fs::write(&path, &text[..80]).unwrap();
        assert_eq!(Runtime::of(&path, 7), None);
        std::fs::write(&path, text).unwrap();
        assert_eq!(Runtime::of(&path, 8), None);
        let runtime = Runtime::of(&path, 7).unwrap();
        assert_eq!(runtime.dashboard, Some("127.0.0.1:3030".parse().unwrap()));
        assert_eq!(runtime.otlp_grpc, None);
    }
}
