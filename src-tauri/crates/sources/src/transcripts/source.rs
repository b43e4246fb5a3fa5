//! One transcript file, opened.

use std::{
    fs::{self, File},
    io::{self, Read, Seek, SeekFrom},
    path::Path,
};

use memchr::memchr;
use plimsoll_domain::Position;
use xxhash_rust::xxh3::xxh3_64;

use super::identity::numbers;
use crate::project::existing;

/// How much of a file's first line tells it from others, in bytes.
const HEAD: usize = 4096;

/// A file that has at least one whole line.
#[derive(Debug)]
pub(super) struct Source {
    file: File,
    /// Its start.
    start: Position,
    bytes: u64,
}

/// What opening a file came to.
#[derive(Debug)]
pub(super) enum Opened {
    Source(Source),
    /// It holds no whole line yet.
    Begun,
    Gone,
}

impl Source {
    pub(super) fn open(path: &Path) -> io::Result<Opened> {
        // Asked before it is opened: opening a pipe would wait for who writes to it.
        let Some(metadata) = existing(fs::metadata(path))? else { return Ok(Opened::Gone) };
        if !metadata.is_file() {
            return Err(io::Error::new(io::ErrorKind::InvalidInput, "it is no file"));
        }
        let Some(file) = existing(File::open(path))? else { return Ok(Opened::Gone) };
        let metadata = file.metadata()?;
        let (device, inode) = numbers(&metadata);
        let path = path.to_string_lossy().into();
        let start = Position { path, device, inode, offset: 0, head: 0 };
        let mut source = Self { file, start, bytes: metadata.len() };
        let head = source.at(0, HEAD)?;
        let line = match memchr(b'\n', &head) {
            Some(end) => &head[..end],
            None if head.len() == HEAD => &head,
            None => return Ok(Opened::Begun),
        };
        source.start.head = xxh3_64(line).cast_signed();
        Ok(Opened::Source(source))
    }

    /// Where reading begins: at a position, if it is one of this file; else at the start.
    pub(super) fn begin(&self, from: &Position) -> io::Result<u64> {
        let file = |position: &Position| (position.device, position.inode, position.head);
        let same = file(from) == file(&self.start) && (1..=self.bytes).contains(&from.offset);
        // What lies before the place is a line, or the file was written anew under the same first line.
        let is_place = same && self.at(from.offset - 1, 1)? == b"\n";
        Ok(if is_place { from.offset } else { 0 })
    }

    /// Fills a buffer with what follows `offset`, and tells how much that is; 0 at the end.
    pub(super) fn fill(&self, offset: u64, buffer: &mut [u8]) -> io::Result<usize> {
        let mut file = &self.file;
        file.seek(SeekFrom::Start(offset))?;
        loop {
            match file.read(buffer) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                other => return other,
            }
        }
    }

    /// Up to `length` bytes from `offset`.
    pub(super) fn at(&self, offset: u64, length: usize) -> io::Result<Vec<u8>> {
        let mut bytes = Vec::new();
        let mut file = &self.file;
        file.seek(SeekFrom::Start(offset))?;
        file.take(length as u64).read_to_end(&mut bytes)?;
        Ok(bytes)
    }

    /// The position at `offset`.
    pub(super) fn position(&self, offset: u64) -> Position {
        Position { offset, ..self.start.clone() }
    }
}
