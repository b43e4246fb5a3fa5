//! One reading of files: threads read, the ledger takes.

use std::{
    collections::HashMap,
    ops::ControlFlow,
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
};

use plimsoll_domain::{Position, Statement};
use plimsoll_ledger::Ledger;
use plimsoll_sources::transcripts::{Batch, Reader, Transcript};
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use super::{Progress, TranscriptsError};
use crate::board::Now;

/// Threads that read: more would only wait for the disk and for the ledger.
const READERS: usize = 2;
/// Parts that wait for the ledger, at most.
const WAITING: usize = 2;

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
    now: Now,
    positions: HashMap<Arc<str>, Position>,
}

/// What a reading thread has to say.
enum Read {
    Part(Batch),
    /// A file was read to its end, or cannot be read now.
    File,
}

impl Round {
    pub(super) fn new(ledger: Ledger, now: Now, known: Vec<Position>) -> Self {
        let positions =
            known.into_iter().map(|position| (Arc::clone(&position.path), position)).collect();
        Self { ledger, now, positions }
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
        while let Some(read) = waiting.recv().await {
            match read {
                Read::Part(batch) => {
                    taken = self.enter(batch, progress).await;
                    if !taken {
                        break;
                    }
                }
                Read::File => progress.file_read(),
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

    fn start(
        &self,
        files: &Arc<[Unread]>,
        parts: &mpsc::Sender<Read>,
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

    async fn enter(&mut self, batch: Batch, progress: &mut Progress) -> bool {
        let Batch { mut facts, position, bytes, .. } = batch;
        // A line arrived when it was written: history does not live.
        facts.iter_mut().for_each(|fact| fact.envelope.arrived = fact.envelope.at);
        let requests =
            facts.iter().filter(|fact| matches!(fact.statement, Statement::Request(_))).count();
        if let Err(error) = self.ledger.record_read(facts, vec![position.clone()]).await {
            tracing::warn!(%error, "transcripts wait for the ledger");
            return false;
        }
        self.positions.insert(Arc::clone(&position.path), position);
        progress.add(bytes, requests.try_into().unwrap_or(u64::MAX));
        true
    }
}

/// What one reading thread works with.
struct Desk {
    files: Arc<[Unread]>,
    /// The file that is read next.
    next: Arc<AtomicUsize>,
    parts: mpsc::Sender<Read>,
    stop: CancellationToken,
    now: Now,
}

impl Desk {
    fn work(&self) {
        let mut reader = Reader::default();
        while let Some(unread) = self.files.get(self.next.fetch_add(1, Ordering::Relaxed)) {
            if self.read(&mut reader, unread).is_break() {
                return;
            }
        }
    }

    fn read(&self, reader: &mut Reader, unread: &Unread) -> ControlFlow<()> {
        let mut flow = ControlFlow::Continue(());
        let mut hand_on = |batch: Batch| {
            let gone =
                self.stop.is_cancelled() || self.parts.blocking_send(Read::Part(batch)).is_err();
            flow = if gone { ControlFlow::Break(()) } else { ControlFlow::Continue(()) };
            flow
        };
        let path: &Path = &unread.file.path;
        let outcome = reader.read(path, unread.from.as_ref(), (self.now)(), &mut hand_on);
        if let Err(error) = outcome {
            tracing::debug!(%error, "a transcript cannot be read now");
        }
        flow?;
        match self.parts.blocking_send(Read::File) {
            Ok(()) => ControlFlow::Continue(()),
            Err(_) => ControlFlow::Break(()),
        }
    }
}
