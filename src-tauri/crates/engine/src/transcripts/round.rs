//! One reading of files: threads read, the ledger takes.

use std::{
    collections::HashMap,
    ops::ControlFlow,
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use plimsoll_domain::{Fact, Position, Statement};
use plimsoll_ledger::{FileInUse, Ledger, TranscriptPart};
use plimsoll_sources::transcripts::{Batch, Reader, Transcript};
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use super::{Progress, TranscriptsError};
use crate::board::Now;

/// Threads that read: more would only wait for the disk and for the ledger.
const READERS: usize = 2;
/// Parts that wait for the ledger, at most.
const WAITING: usize = 2;
/// A part is handed on with so many facts, or when so many bytes were read for it.
const PART_FACTS: usize = 1_000;
const PART_BYTES: u64 = 32 * 1024 * 1024;
/// Parts that wait are committed together, up to about so many facts: live commits wait for that.
const COMMIT_FACTS: usize = 4_000;
/// What is older is booked and not told: it is of no session that anybody watches, nor of this day.
const PAST: Duration = Duration::from_hours(48);

/// A file of which something is unread.
#[derive(Debug, Clone)]
pub(super) struct Unread {
    file: Transcript,
    from: Option<Position>,
}

impl Unread {
    /// How much is unread, as far as the file's size tells.
    pub(super) fn bytes(&self) -> u64 {
        let read = self.from.as_ref().map_or(0, |from| from.offset);
        if read <= self.file.bytes { self.file.bytes - read } else { self.file.bytes }
    }

    fn is_known(&self) -> bool {
        self.from.as_ref().is_some_and(|from| self.file.is_read(from))
    }
}

/// How far each file was read, and where what is read goes.
pub(super) struct Round {
    ledger: Ledger,
    /// Which file the positions are of.
    file: FileInUse,
    now: Now,
    positions: HashMap<Arc<str>, Position>,
}

/// What a reading thread has to say: what it read of one file after the other.
#[derive(Default)]
struct Part {
    facts: Vec<Fact>,
    positions: Vec<Position>,
    bytes: u64,
    /// Files that were read to their end, or cannot be read now.
    files: u64,
}

impl Part {
    fn add(&mut self, batch: Batch) {
        let Batch { mut facts, position, bytes, .. } = batch;
        // A line arrived when it was written: history does not live.
        facts.iter_mut().for_each(|fact| fact.envelope.arrived = fact.envelope.at);
        self.facts.append(&mut facts);
        self.positions.push(position);
        self.bytes += bytes;
    }

    fn append(&mut self, mut other: Self) {
        self.facts.append(&mut other.facts);
        self.positions.append(&mut other.positions);
        self.bytes += other.bytes;
        self.files += other.files;
    }

    fn is_full(&self) -> bool {
        self.facts.len() >= PART_FACTS || self.bytes >= PART_BYTES
    }
}

impl Round {
    pub(super) fn new((ledger, file): (Ledger, FileInUse), now: Now, known: Vec<Position>) -> Self {
        let positions =
            known.into_iter().map(|position| (Arc::clone(&position.path), position)).collect();
        Self { ledger, file, now, positions }
    }

    /// The files of which anything was read.
    pub(super) fn paths(&self) -> impl Iterator<Item = &Path> {
        self.positions.keys().map(|path| Path::new(&**path))
    }

    /// Those of the files of which something is unread.
    pub(super) fn unread(&self, files: Vec<Transcript>) -> Vec<Unread> {
        let files = files.into_iter().map(|file| {
            let from = self.positions.get(&*file.path.to_string_lossy()).cloned();
            Unread { file, from }
        });
        files.filter(|file| !file.is_known()).collect()
    }

    /// Reads files and enters what they say. Gives those back that the ledger did not take.
    pub(super) async fn read(
        &mut self,
        files: Vec<Unread>,
        progress: &mut Progress,
        stop: &CancellationToken,
    ) -> Result<Vec<Unread>, TranscriptsError> {
        let files: Arc<[Unread]> = files.into();
        let (parts, mut waiting) = mpsc::channel(WAITING);
        let readers = self.start(&files, &parts, stop);
        drop(parts);
        let mut taken = true;
        while let Some(mut part) = waiting.recv().await {
            while part.facts.len() < COMMIT_FACTS
                && let Ok(more) = waiting.try_recv()
            {
                part.append(more);
            }
            taken = self.enter(part, progress).await;
            if !taken {
                break;
            }
        }
        // Ends the readers: what they still send is read again.
        drop(waiting);
        for reader in readers {
            reader.await.map_err(|_| TranscriptsError::Unfinished)?;
        }
        if taken {
            return Ok(Vec::new());
        }
        let files = files.iter().map(|unread| unread.file.path.clone()).collect::<Vec<_>>();
        Ok(self.unread(plimsoll_sources::transcripts::look(&files)))
    }

    /// Keeps what has to stay away from what was needed for reading only: a name that lies among it would hold all of
    /// its memory.
    pub(super) fn settle(&mut self) {
        let positions = std::mem::take(&mut self.positions).into_values().map(|position| {
            let path: Arc<str> = Arc::from(&*position.path);
            (Arc::clone(&path), Position { path, ..position })
        });
        self.positions = positions.collect();
    }

    fn start(
        &self,
        files: &Arc<[Unread]>,
        parts: &mpsc::Sender<Part>,
        stop: &CancellationToken,
    ) -> Vec<tokio::task::JoinHandle<()>> {
        let next = Arc::new(AtomicUsize::new(0));
        let readers = READERS.min(files.len());
        let start = |_| {
            let desk = Desk {
                files: Arc::clone(files),
                next: Arc::clone(&next),
                parts: parts.clone(),
                stop: stop.clone(),
                now: Arc::clone(&self.now),
            };
            tokio::task::spawn_blocking(move || desk.work())
        };
        (0..readers).map(start).collect()
    }

    async fn enter(&mut self, part: Part, progress: &mut Progress) -> bool {
        let Part { facts, positions, bytes, files } = part;
        let requests =
            facts.iter().filter(|fact| matches!(fact.statement, Statement::Request(_))).count();
        let told_from = (self.now)().before(PAST);
        let file = self.file;
        let read = TranscriptPart { facts, positions: positions.clone(), told_from, file };
        if !positions.is_empty()
            && let Err(error) = self.ledger.record_read(read).await
        {
            tracing::warn!(%error, "transcripts wait for the ledger");
            return false;
        }
        self.positions
            .extend(positions.into_iter().map(|position| (Arc::clone(&position.path), position)));
        progress.add(bytes, requests.try_into().unwrap_or(u64::MAX), files);
        true
    }
}

/// What one reading thread works with.
struct Desk {
    files: Arc<[Unread]>,
    /// The file that is read next.
    next: Arc<AtomicUsize>,
    parts: mpsc::Sender<Part>,
    stop: CancellationToken,
    now: Now,
}

impl Desk {
    fn work(&self) {
        let mut reader = Reader::default();
        let mut part = Part::default();
        while let Some(unread) = self.files.get(self.next.fetch_add(1, Ordering::Relaxed)) {
            if self.read(&mut reader, unread, &mut part).is_break() {
                return;
            }
        }
        // An error means that nothing more is wanted.
        let _ = self.hand_on(&mut part);
    }

    fn read(&self, reader: &mut Reader, unread: &Unread, part: &mut Part) -> ControlFlow<()> {
        let mut flow = ControlFlow::Continue(());
        let mut take = |batch: Batch| {
            part.add(batch);
            if part.is_full() || self.stop.is_cancelled() {
                flow = self.hand_on(part);
            }
            flow
        };
        let path: &Path = &unread.file.path;
        let outcome = reader.read(path, unread.from.as_ref(), (self.now)(), &mut take);
        if let Err(error) = outcome {
            tracing::debug!(%error, "a transcript cannot be read now");
        }
        part.files += 1;
        flow
    }

    /// Hands on what was read so far. `Break`: nobody wants more.
    fn hand_on(&self, part: &mut Part) -> ControlFlow<()> {
        let gone =
            self.stop.is_cancelled() || self.parts.blocking_send(std::mem::take(part)).is_err();
        if gone { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    }
}
