//! What a capture's own list, or a body file's name, says about a request.

use std::time::Duration;

use bytes::Bytes;
use serde::Deserialize;

use crate::capture::{Capture, CaptureError, Content, Encoding, Entry, Signal, Transport};

/// The list beside the bodies.
pub(crate) const FILE: &str = "requests.jsonl";

#[derive(Deserialize)]
struct Line {
    file: String,
    signal: SignalName,
    transport: TransportName,
    content_type: Option<String>,
    content_encoding: Option<String>,
    connection: u32,
    arrived_ms: f64,
}

#[derive(Deserialize)]
#[serde(rename_all = "lowercase")]
enum SignalName {
    Logs,
    Metrics,
    Traces,
}

#[derive(Deserialize)]
#[serde(rename_all = "lowercase")]
enum TransportName {
    Http,
    Grpc,
}

/// Puts a capture together from its list and a way to read the bodies.
pub(crate) fn assemble(
    name: String,
    lines: &[u8],
    body: impl Fn(&str) -> Result<Bytes, CaptureError>,
) -> Result<Capture, CaptureError> {
    let mut entries = Vec::new();
    for (number, line) in (1..).zip(lines.split(|byte| *byte == b'\n')) {
        if line.trim_ascii().is_empty() {
            continue;
        }
        let mut entry = entry(number, line)?;
        entry.body = body(&entry.file)?;
        entries.push(entry);
    }
    Ok(Capture { name, entries })
}

fn entry(number: usize, line: &[u8]) -> Result<Entry, CaptureError> {
    let line: Line = serde_json::from_slice(line)
        .map_err(|source| CaptureError::Index { line: number, source })?;
    let encoding = match line.content_encoding.as_deref() {
        None | Some("identity") => Encoding::Identity,
        Some("gzip") => Encoding::Gzip,
        Some(other) => {
            return Err(CaptureError::Encoding { line: number, encoding: other.to_owned() });
        }
    };
    let json = line.content_type.is_some_and(|kind| kind.starts_with("application/json"));
    Ok(Entry {
        file: line.file,
        signal: match line.signal {
            SignalName::Logs => Signal::Logs,
            SignalName::Metrics => Signal::Metrics,
            SignalName::Traces => Signal::Traces,
        },
        transport: match line.transport {
            TransportName::Http => Transport::Http,
            TransportName::Grpc => Transport::Grpc,
        },
        content: if json { Content::Json } else { Content::Protobuf },
        encoding,
        connection: line.connection,
        arrived: Duration::try_from_secs_f64(line.arrived_ms / 1000.0).unwrap_or_default(),
        body: Bytes::new(),
    })
}

/// What the name of a single body file tells: `0001_logs_http.pb`, `x-metrics.json.gz`, ...
pub(crate) fn from_name(name: &str) -> Result<Entry, CaptureError> {
    let unknown = || CaptureError::Name { name: name.to_owned() };
    let (stem, encoding) = match name.strip_suffix(".gz") {
        Some(stem) => (stem, Encoding::Gzip),
        None => (name, Encoding::Identity),
    };
    let (stem, kind) = stem.rsplit_once('.').ok_or_else(unknown)?;
    let content = match kind {
        "pb" => Content::Protobuf,
        "json" => Content::Json,
        _ => return Err(unknown()),
    };
    let signals = [Signal::Logs, Signal::Metrics, Signal::Traces];
    let signal =
        signals.into_iter().find(|signal| stem.contains(signal.name())).ok_or_else(unknown)?;
    let transport = if stem.contains("grpc") { Transport::Grpc } else { Transport::Http };
    if transport == Transport::Grpc && (content == Content::Json || encoding == Encoding::Gzip) {
        return Err(unknown());
    }
    Ok(Entry {
        file: name.to_owned(),
        signal,
        transport,
        content,
        encoding,
        connection: 1,
        arrived: Duration::ZERO,
        body: Bytes::new(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Scenario: names of single body files, good and bad.
    /// Guarantees: signal, protocol and compression are read from the name; a name that does not
    /// tell them is refused rather than guessed.
    #[test]
    fn a_name_tells_what_the_file_holds() {
        let told = |name: &str| {
            from_name(name).map(|entry| {
                (entry.signal, entry.transport, entry.content, entry.encoding == Encoding::Gzip)
            })
        };
        use Content::{Json, Protobuf};
        use Transport::{Grpc, Http};
        assert_eq!(told("0001_logs_http.pb").unwrap(), (Signal::Logs, Http, Protobuf, false));
        assert_eq!(told("my-metrics.json.gz").unwrap(), (Signal::Metrics, Http, Json, true));
        assert_eq!(told("0003_traces_grpc.pb").unwrap(), (Signal::Traces, Grpc, Protobuf, false));
        for bad in ["logs", "notes.json", "0001_logs_http.txt", "0001_logs_grpc.json"] {
            assert!(matches!(told(bad), Err(CaptureError::Name { .. })), "{bad}");
        }
    }

    /// Scenario: a list with an empty line, a line that is not JSON, and an unknown encoding.
    /// Guarantees: empty lines are passed over; the others are named by their number.
    #[test]
    fn a_bad_line_is_named() {
        let line = r#"{"file":"a.pb","signal":"logs","transport":"http","content_type":null,
            "content_encoding":null,"connection":2,"arrived_ms":1.5}"#
            .replace('\n', " ");
        let good = assemble("x".into(), format!("\n{line}\n").as_bytes(), |_| Ok(Bytes::new()));
        let good = good.unwrap();
        assert_eq!(good.entries.len(), 1);
        assert_eq!(good.entries[0].arrived, Duration::from_micros(1500));
        assert_eq!(good.entries[0].connection, 2);

        let zstd = line.replace(r#""content_encoding":null"#, r#""content_encoding":"br""#);
        let bad = assemble("x".into(), format!("{line}\n{zstd}").as_bytes(), |_| Ok(Bytes::new()));
        assert!(matches!(bad, Err(CaptureError::Encoding { line: 2, .. })));
        let bad = assemble("x".into(), b"{}", |_| Ok(Bytes::new()));
        assert!(matches!(bad, Err(CaptureError::Index { line: 1, .. })));
    }
}
