//! What was recorded: bodies, and how each of them travelled.

use std::collections::BTreeSet;
use std::fmt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use bytes::Bytes;

use crate::payload::{Payload, PayloadError};
use crate::{edit, index};

/// What an OTLP request carries.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Signal {
    /// Log records, which is what events are.
    Logs,
    /// Metric points.
    Metrics,
    /// Spans.
    Traces,
}

impl Signal {
    /// Its name in paths and file names: `logs`, `metrics` or `traces`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Logs => "logs",
            Self::Metrics => "metrics",
            Self::Traces => "traces",
        }
    }
}

impl fmt::Display for Signal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// The protocol a request came over.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Transport {
    /// OTLP over HTTP/1.1.
    Http,
    /// OTLP over gRPC.
    Grpc,
}

impl fmt::Display for Transport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Http => "HTTP",
            Self::Grpc => "gRPC",
        })
    }
}

/// How the message is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Content {
    /// Binary protobuf.
    Protobuf,
    /// OTLP's JSON mapping of it.
    Json,
}

/// How the message was compressed on the wire.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Encoding {
    /// Not at all.
    Identity,
    /// gzip. Over HTTP the stored body is compressed; over gRPC it is the inflated message.
    Gzip,
}

/// One captured request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// The body's file name, unique in the capture: what reports call the request.
    pub file: String,
    /// What it carries.
    pub signal: Signal,
    /// The protocol it came over.
    pub transport: Transport,
    /// How the body is written.
    pub content: Content,
    /// How it was compressed.
    pub encoding: Encoding,
    /// Which TCP connection of the capture it came on, from 1.
    pub connection: u32,
    /// When it arrived, counted from the first request.
    pub arrived: Duration,
    /// The body: over HTTP as on the wire, over gRPC the message without its five-byte frame.
    pub body: Bytes,
}

impl Entry {
    /// Whether `body` is compressed as it stands.
    #[must_use]
    pub fn is_deflated(&self) -> bool {
        self.transport == Transport::Http && self.encoding == Encoding::Gzip
    }
}

/// Recorded traffic, in order of arrival.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Capture {
    /// The folder's or file's name.
    pub name: String,
    /// The requests.
    pub entries: Vec<Entry>,
}

/// Why a capture could not be opened.
#[derive(Debug, thiserror::Error)]
pub enum CaptureError {
    /// A file could not be read.
    #[error("cannot read {}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// A line of `requests.jsonl` does not describe a request.
    #[error("line {line} of requests.jsonl does not describe a request")]
    Index {
        /// The line, from 1.
        line: usize,
        /// What is wrong with it.
        source: serde_json::Error,
    },
    /// A line of `requests.jsonl` names a compression that no captured client uses.
    #[error("line {line} of requests.jsonl has the unknown content encoding {encoding:?}")]
    Encoding {
        /// The line, from 1.
        line: usize,
        /// The encoding named.
        encoding: String,
    },
    /// A body file whose name does not tell what it holds.
    #[error(
        "the name {name:?} does not tell what the file holds; expected something like \
         0001_logs_http.pb, 0002_metrics_http.json.gz or 0003_traces_grpc.pb"
    )]
    Name {
        /// The file's name.
        name: String,
    },
}

impl Capture {
    /// Reads a folder with `requests.jsonl` and the bodies beside it, or a single body file whose
    /// name tells what it holds.
    ///
    /// # Errors
    /// When a file cannot be read, or does not say what it is.
    pub fn open(path: &Path) -> Result<Self, CaptureError> {
        let name = path.file_name().unwrap_or(path.as_os_str()).to_string_lossy().into_owned();
        if path.is_dir() {
            let lines = read(&path.join(index::FILE))?;
            let body = |file: &str| read(&path.join(file)).map(Bytes::from);
            return index::assemble(name, &lines, body);
        }
        let mut entry = index::from_name(&name)?;
        entry.body = read(path)?.into();
        Ok(Self { name, entries: vec![entry] })
    }

    /// The sessions it tells of, in order of their ids. Bodies that cannot be read are passed over.
    #[must_use]
    pub fn sessions(&self) -> Vec<String> {
        let mut found = Sessions::default();
        for entry in &self.entries {
            if let Ok(mut payload) = Payload::decode(entry) {
                payload.edit(&mut found);
            }
        }
        found.ids.into_iter().collect()
    }

    /// The earliest time that any record or point in it bears, in nanoseconds since 1970.
    ///
    /// # Errors
    /// When a body cannot be decoded.
    pub fn first_time(&self) -> Result<Option<u64>, PayloadError> {
        Ok(self.times()?.earliest)
    }

    /// The latest time that any record or point in it bears, in nanoseconds since 1970.
    ///
    /// # Errors
    /// When a body cannot be decoded.
    pub fn last_time(&self) -> Result<Option<u64>, PayloadError> {
        Ok(self.times()?.latest)
    }

    fn times(&self) -> Result<Times, PayloadError> {
        let mut times = Times::default();
        for entry in &self.entries {
            Payload::decode(entry)?.edit(&mut times);
        }
        Ok(times)
    }
}

fn read(path: &Path) -> Result<Vec<u8>, CaptureError> {
    std::fs::read(path).map_err(|source| CaptureError::Read { path: path.to_owned(), source })
}

#[derive(Default)]
struct Sessions {
    ids: BTreeSet<String>,
}

impl edit::Edit for Sessions {
    fn text(&mut self, key: &str, value: &mut String) {
        if key == edit::SESSION && !self.ids.contains(value) {
            self.ids.insert(value.clone());
        }
    }
}

/// The span of the times met; zero stands for "unknown" in OTLP and is passed over.
#[derive(Default)]
pub(crate) struct Times {
    pub(crate) earliest: Option<u64>,
    pub(crate) latest: Option<u64>,
}

impl edit::Edit for Times {
    fn time(&mut self, nanos: &mut u64) {
        if *nanos > 0 {
            self.earliest = Some(self.earliest.map_or(*nanos, |time| time.min(*nanos)));
            self.latest = self.latest.max(Some(*nanos));
        }
    }
}
