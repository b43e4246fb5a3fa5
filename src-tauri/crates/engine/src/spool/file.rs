//! The spool's file: appended and synced, read from the front, emptied as a whole.

use std::{
    fs::File,
    io::{self, BufReader, Seek, SeekFrom, Write},
    path::Path,
};

use super::{SpoolError, frame::Frame};
use crate::runtime_file::private;

/// The open file and where its sound frames end. All methods block.
#[derive(Debug)]
pub(super) struct SpoolFile {
    file: File,
    /// Bytes of sound frames.
    length: u64,
    /// Frames in it.
    frames: u64,
    /// How long it may grow.
    limit: u64,
    /// Set where a failed append could not be taken back: what follows it would not be read.
    broken: bool,
}

/// Frames read from the front.
#[derive(Debug)]
pub(super) struct Front {
    pub(super) frames: Vec<Frame>,
    /// Where the next ones begin.
    pub(super) next: u64,
}

impl SpoolFile {
    /// Opens or creates the file. A torn end, as a crash leaves it, is cut off: it was never acknowledged.
    pub(super) fn open(path: &Path, limit: u64) -> io::Result<Self> {
        let file = private().create(true).truncate(false).open(path)?;
        let mut spool = Self { file, length: 0, frames: 0, limit, broken: false };
        let end = spool.file.metadata()?.len();
        let mut reader = BufReader::new(&spool.file);
        while let Some((_, length)) = Frame::read(&mut reader, limit)? {
            spool.length += length;
            spool.frames += 1;
        }
        if spool.length < end {
            tracing::warn!(bytes = end - spool.length, "the spool's torn end was cut off");
            spool.file.set_len(spool.length)?;
        }
        Ok(spool)
    }

    pub(super) fn frames(&self) -> u64 {
        self.frames
    }

    /// Appends an encoded frame; returns when it is on disk.
    pub(super) fn append(&mut self, frame: &[u8]) -> Result<(), SpoolError> {
        let length = self.length.saturating_add(frame.len() as u64);
        if self.is_broken() || length > self.limit {
            return Err(SpoolError::Full);
        }
        if let Err(source) = self.write_at_end(frame) {
            self.broken = self.file.set_len(self.length).is_err();
            return Err(SpoolError::Append { source });
        }
        self.length = length;
        self.frames += 1;
        Ok(())
    }

    /// Whether there is room for a usual request, on the disk and below the limit.
    pub(super) fn probe(&mut self) -> Result<(), SpoolError> {
        const USUAL: usize = 64 * 1024;
        if self.is_broken() || self.length.saturating_add(USUAL as u64) > self.limit {
            return Err(SpoolError::Full);
        }
        let written = self.write_at_end(&[0; USUAL]);
        // Zeros are no frame: should this fail, they are cut off at the next start.
        self.broken = self.file.set_len(self.length).is_err();
        written.map_err(|source| SpoolError::Append { source })
    }

    /// Whether what a failed append left behind cannot be cut off even now.
    fn is_broken(&mut self) -> bool {
        self.broken = self.broken && self.file.set_len(self.length).is_err();
        self.broken
    }

    fn write_at_end(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.file.seek(SeekFrom::Start(self.length))?;
        self.file.write_all(bytes)?;
        self.file.sync_data()
    }

    /// Reads frames from `offset` on until they hold at least `bytes`, at most `frames` of them.
    pub(super) fn front(&mut self, offset: u64, bytes: u64, frames: usize) -> io::Result<Front> {
        self.file.seek(SeekFrom::Start(offset))?;
        let mut front = Front { frames: Vec::new(), next: offset };
        let mut reader = BufReader::new(&self.file);
        while front.next < self.length.min(offset.saturating_add(bytes))
            && front.frames.len() < frames
        {
            let Some((frame, length)) = Frame::read(&mut reader, self.limit)? else {
                tracing::error!(bytes = self.length - front.next, "the spool was damaged on disk");
                self.length = front.next;
                break;
            };
            front.next += length;
            front.frames.push(frame);
        }
        Ok(front)
    }

    /// Empties the file if everything before `offset` is all there is. Says whether it is empty now.
    pub(super) fn empty(&mut self, offset: u64) -> io::Result<bool> {
        if offset < self.length {
            return Ok(false);
        }
        self.file.set_len(0)?;
        self.length = 0;
        self.frames = 0;
        self.broken = false;
        Ok(true)
    }
}
