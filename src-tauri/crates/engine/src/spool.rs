//! The spool: takes requests while the ledger cannot, so that what a client sends once is not lost.
//!
//! Invariants: an append returns after the bytes are on disk; requests leave in the order in which they came;
//! the file is emptied only after the ledger has committed all of it. Entering a request twice is harmless,
//! so that a crash in between is too.

mod drain;
mod file;
mod frame;

use std::{
    collections::HashMap,
    io,
    path::{Path, PathBuf},
    sync::Arc,
};

use plimsoll_domain::{ConnectionId, Timestamp};
use plimsoll_loopback::ConnectionIds;
use plimsoll_otlp::{Arrival, Export};
use prost::Message;
use tokio::{
    sync::{Mutex, watch},
    task::spawn_blocking,
};

pub(crate) use drain::Drain;
use file::SpoolFile;
use frame::Frame;

/// How long the spool's file may grow, in bytes.
pub(crate) const LIMIT: u64 = 64 * 1024 * 1024;

/// Why the spool cannot take or give a request.
#[derive(Debug, thiserror::Error)]
pub(crate) enum SpoolError {
    /// The file cannot be opened.
    #[error("open the spool {}: {source}", path.display())]
    Open {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The file is as long as it may be.
    #[error("the spool is full")]
    Full,
    /// The bytes could not be brought to disk.
    #[error("append to the spool: {source}")]
    Append {
        /// Why.
        source: io::Error,
    },
    /// The file cannot be read or emptied.
    #[error("read the spool: {source}")]
    Read {
        /// Why.
        source: io::Error,
    },
    /// The thread that did the work panicked.
    #[error("the spool's work was not finished")]
    Unfinished,
}

impl SpoolError {
    /// Whether the disk is full.
    pub(crate) fn is_disk_full(&self) -> bool {
        let full = |source: &io::Error| source.kind() == io::ErrorKind::StorageFull;
        matches!(self, Self::Open { source, .. } | Self::Append { source } if full(source))
    }
}

/// The spool beside one ledger. Cheap to clone.
#[derive(Debug, Clone)]
pub(crate) struct Spool {
    file: Arc<Mutex<SpoolFile>>,
    /// Requests that wait.
    waiting: Arc<watch::Sender<u64>>,
    /// This run's mark in frames.
    run: i64,
}

/// Requests from the front, with where the next ones begin.
#[derive(Debug)]
struct Front {
    arrivals: Arc<[Arrival]>,
    next: u64,
}

impl Spool {
    /// Opens the file, or makes it. `run` is when this run began. Blocks for as long as reading takes.
    pub(crate) fn open(path: &Path, run: Timestamp, limit: u64) -> Result<Self, SpoolError> {
        let file = SpoolFile::open(path, limit)
            .map_err(|source| SpoolError::Open { path: path.to_owned(), source })?;
        let waiting = Arc::new(watch::Sender::new(file.frames()));
        Ok(Self { file: Arc::new(Mutex::new(file)), waiting, run: run.nanos() })
    }

    /// Whether nothing waits.
    pub(crate) fn is_empty(&self) -> bool {
        *self.waiting.borrow() == 0
    }

    /// How many requests wait, and changes of it.
    pub(crate) fn waiting(&self) -> watch::Receiver<u64> {
        self.waiting.subscribe()
    }

    /// Appends a request; returns when it is on disk.
    pub(crate) async fn append(&self, arrival: &Arrival) -> Result<(), SpoolError> {
        // What may be content is never stored, not even for a moment.
        let (kind, body) = encode(&plimsoll_sources::redact(&arrival.export));
        let ConnectionId(connection) = arrival.connection;
        let frame = Frame { kind, run: self.run, connection, at: arrival.at.nanos(), body };
        let bytes = frame.encode().ok_or(SpoolError::Full)?;
        self.blocking(move |file| file.append(&bytes)).await
    }

    /// Whether the disk and the limit leave room for further requests.
    pub(crate) async fn has_room(&self) -> bool {
        self.blocking(SpoolFile::probe).await.is_ok()
    }

    async fn empty(&self, offset: u64) -> Result<bool, SpoolError> {
        self.blocking(move |file| file.empty(offset).map_err(|source| SpoolError::Read { source }))
            .await
    }

    /// Works on the file off the runtime's workers, one caller at a time, and posts how many wait then.
    async fn blocking<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut SpoolFile) -> Result<T, SpoolError> + Send + 'static,
    ) -> Result<T, SpoolError> {
        let mut file = Arc::clone(&self.file).lock_owned().await;
        let waiting = Arc::clone(&self.waiting);
        let work = move || {
            let done = work(&mut file);
            waiting.send_if_modified(|known| std::mem::replace(known, file.frames()) != *known);
            done
        };
        spawn_blocking(work).await.map_err(|_| SpoolError::Unfinished)?
    }
}

/// Gives requests of earlier runs connection numbers of this one, one for each connection they came over.
#[derive(Debug, Clone)]
struct Connections {
    run: i64,
    ids: ConnectionIds,
    renamed: HashMap<(i64, u64), ConnectionId>,
}

impl Connections {
    fn name(&mut self, run: i64, connection: u64) -> ConnectionId {
        if run == self.run {
            return ConnectionId(connection);
        }
        *self.renamed.entry((run, connection)).or_insert_with(|| self.ids.next_id())
    }

    /// The request as it arrived; `None` where it is of a kind that this version does not know.
    fn arrival(&mut self, frame: &Frame) -> Option<Arrival> {
        let export = decode(frame.kind, &frame.body)?;
        let connection = self.name(frame.run, frame.connection);
        Some(Arrival { export, connection, at: Timestamp::from_stored(frame.at) })
    }
}

fn encode(export: &Export) -> (u8, Vec<u8>) {
    match export {
        Export::Metrics(request) => (1, request.encode_to_vec()),
        Export::Logs(request) => (2, request.encode_to_vec()),
        Export::Traces(request) => (3, request.encode_to_vec()),
    }
}

fn decode(kind: u8, body: &[u8]) -> Option<Export> {
    match kind {
        1 => Message::decode(body).ok().map(Export::Metrics),
        2 => Message::decode(body).ok().map(Export::Logs),
        3 => Message::decode(body).ok().map(Export::Traces),
        _ => None,
    }
}

#[cfg(test)]
mod tests;
