//! Reading what was added to a file.

use std::{
    io,
    ops::ControlFlow,
    path::{Path, PathBuf},
};

use plimsoll_domain::{Fact, Position, Timestamp};

use super::{
    chunks::{Chunk, Chunks},
    line::Kinds,
    scan::{Deliver, Scan},
    source::{Opened, Source},
};

/// Reads transcripts, one after the other, with one buffer: a quarter of a MiB, and more only while a line is longer.
#[derive(Debug)]
pub struct Reader {
    chunks: Chunks,
    kinds: Kinds,
}

/// What a part of a file told.
#[derive(Debug, Clone, PartialEq)]
pub struct Batch {
    /// The facts, each request once. Some may be known from an earlier batch, with less.
    pub facts: Vec<Fact>,
    /// Where the part ends.
    pub position: Position,
    /// Its size in bytes.
    pub bytes: u64,
    /// Its lines.
    pub lines: u64,
    /// Those that tell of use: one or several per request.
    pub usage_lines: u64,
    /// Those that look as if they told of something and could not be used.
    pub malformed: u64,
}

/// How reading a file ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// All whole lines are read. There may have been none.
    Complete,
    /// The receiver of the batches wanted no more.
    Stopped,
    /// There is no such file.
    Gone,
}

/// Why a file could not be read. Batches may have been handed over before.
#[derive(Debug, thiserror::Error)]
#[error("read the transcript {}: {source}", path.display())]
pub struct ReadError {
    /// The file.
    pub path: PathBuf,
    /// Why.
    pub source: io::Error,
}

impl Default for Reader {
    fn default() -> Self {
        Self { chunks: Chunks::new(), kinds: Kinds::new() }
    }
}

impl Reader {
    /// Reads the whole lines of a file after the position `from`, and hands them over in batches of about 2,000 facts
    /// or 8 MiB. A file that is not the position's any more, because it was replaced or has become shorter, is read
    /// from its start. `arrived` is now; no fact is dated later.
    ///
    /// # Errors
    ///
    /// When the file is there and cannot be read.
    pub fn read(
        &mut self,
        path: &Path,
        from: Option<&Position>,
        arrived: Timestamp,
        deliver: &mut dyn FnMut(Batch) -> ControlFlow<()>,
    ) -> Result<Outcome, ReadError> {
        let read = Source::open(path).and_then(|opened| match opened {
            Opened::Source(source) => self.read_lines(&source, (path, from, arrived), deliver),
            Opened::Begun => Ok(Outcome::Complete),
            Opened::Gone => Ok(Outcome::Gone),
        });
        read.map_err(|source| ReadError { path: path.to_owned(), source })
    }

    fn read_lines(
        &mut self,
        source: &Source,
        (path, from, arrived): (&Path, Option<&Position>, Timestamp),
        deliver: &mut Deliver<'_>,
    ) -> io::Result<Outcome> {
        let mut next = from.map_or(Ok(0), |from| source.begin(from))?;
        let mut scan = Scan::new(&self.kinds, source, (path, arrived), next);
        self.chunks.clear();
        loop {
            let chunk = self.chunks.next(|buffer| {
                let count = source.fill(next, buffer)?;
                next += count as u64;
                Ok(count)
            });
            let flow = match chunk? {
                Chunk::Lines(lines) => scan.lines(lines, deliver)?,
                Chunk::TooLong(bytes) => {
                    scan.too_long(bytes);
                    ControlFlow::Continue(())
                }
                Chunk::End => break,
            };
            if flow.is_break() {
                return Ok(Outcome::Stopped);
            }
        }
        match scan.deliver(deliver) {
            ControlFlow::Continue(()) => Ok(Outcome::Complete),
            ControlFlow::Break(()) => Ok(Outcome::Stopped),
        }
    }
}
