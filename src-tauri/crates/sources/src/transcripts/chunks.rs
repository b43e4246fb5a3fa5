//! Whole lines of a file, a chunk at a time, in one buffer.

use std::{io, ops::Range};

use memchr::{memchr, memrchr};

/// How much is read at once, in bytes.
const USUAL: usize = 256 * 1024;
/// The size of a page of memory, in bytes: what the system copies at once.
const PAGE: usize = 4096;
/// The longest line that is read, in bytes.
const LONGEST: usize = 64 * 1024 * 1024;

/// A reader of whole lines. What it has read of a line that has no end yet, it keeps until the next chunk.
#[derive(Debug)]
pub(super) struct Chunks {
    buffer: Vec<u8>,
    /// The first byte that was not handed out.
    used: usize,
    /// The end of what was read.
    held: usize,
    limits: Limits,
}

/// Sizes in bytes; the first two are multiples of a page.
#[derive(Debug, Clone, Copy)]
struct Limits {
    page: usize,
    usual: usize,
    longest: usize,
}

/// What comes next in a file.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Chunk<'a> {
    /// Whole lines, each with its end.
    Lines(&'a [u8]),
    /// One line that is too long to be read, of so many bytes.
    TooLong(u64),
    /// No whole line is left.
    End,
}

impl Chunks {
    pub(super) fn new() -> Self {
        Self::with_limits(Limits { page: PAGE, usual: USUAL, longest: LONGEST })
    }

    fn with_limits(limits: Limits) -> Self {
        Self { buffer: vec![0; limits.usual + limits.page], used: 0, held: 0, limits }
    }

    /// Forgets what is left of the last file, and gives back what a long line took.
    pub(super) fn clear(&mut self) {
        (self.used, self.held) = (0, 0);
        if self.room() > self.limits.usual {
            *self = Self::with_limits(self.limits);
        }
    }

    /// The next chunk. `read` fills a buffer with what follows, and tells how much; 0 at the end.
    pub(super) fn next(
        &mut self,
        mut read: impl FnMut(&mut [u8]) -> io::Result<usize>,
    ) -> io::Result<Chunk<'_>> {
        self.settle(self.used..self.held);
        // After a line that was too long, whole lines may be left.
        if let Some(end) = memrchr(b'\n', &self.buffer[self.used..self.held]) {
            return Ok(self.lines(self.used + end + 1));
        }
        let mut skipped = 0;
        loop {
            if self.held == self.end() && !self.grow() {
                skipped += (self.held - self.used) as u64;
                self.settle(0..0);
            }
            let (from, end) = (self.held, self.end());
            let count = read(&mut self.buffer[from..end])?;
            if count == 0 {
                return Ok(Chunk::End);
            }
            self.held += count;
            let new = &self.buffer[from..self.held];
            if skipped > 0 {
                if let Some(end) = memchr(b'\n', new) {
                    let begin = std::mem::replace(&mut self.used, from + end + 1);
                    return Ok(Chunk::TooLong(skipped + (self.used - begin) as u64));
                }
            } else if let Some(end) = memrchr(b'\n', new) {
                return Ok(self.lines(from + end + 1));
            }
        }
    }

    /// Hands out what lies before `end`.
    fn lines(&mut self, end: usize) -> Chunk<'_> {
        let begin = std::mem::replace(&mut self.used, end);
        Chunk::Lines(&self.buffer[begin..end])
    }

    /// Moves what is left so that it ends with a page, and what is read next begins with one: the system copies
    /// whole pages much faster than parts of two.
    fn settle(&mut self, left: Range<usize>) {
        let end = self.base() + left.len().next_multiple_of(self.limits.page);
        let begin = end - left.len();
        self.buffer.copy_within(left, begin);
        (self.used, self.held) = (begin, end);
    }

    /// The first byte of the first whole page in the buffer.
    fn base(&self) -> usize {
        self.buffer.as_ptr().align_offset(self.limits.page).min(self.limits.page)
    }

    fn room(&self) -> usize {
        self.buffer.len() - self.limits.page
    }

    fn end(&self) -> usize {
        self.base() + self.room()
    }

    /// Makes room for a longer line; tells whether there is any.
    fn grow(&mut self) -> bool {
        let room = (self.room() * 2).min(self.limits.longest);
        let grows = room > self.room();
        if grows {
            let mut larger = Self::with_limits(Limits { usual: room, ..self.limits });
            let left = &self.buffer[self.used..self.held];
            larger.buffer[..left.len()].copy_from_slice(left);
            larger.settle(0..left.len());
            *self = Self { limits: self.limits, ..larger };
        }
        grows
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Lines of at most 16 bytes, read by 4.
    const SMALL: Limits = Limits { page: 1, usual: 4, longest: 16 };

    /// What is handed out of a file that is read in pieces of these sizes, over and over: the lines' text, and the
    /// sizes of the lines that were too long.
    fn read(limits: Limits, content: &[u8], pieces: &[usize]) -> (Vec<u8>, Vec<u64>) {
        let (mut chunks, mut rest, mut turn) = (Chunks::with_limits(limits), content, 0);
        let (mut lines, mut too_long) = (Vec::new(), Vec::new());
        loop {
            let chunk = chunks.next(|buffer| {
                let count = pieces[turn % pieces.len()].min(buffer.len()).min(rest.len());
                turn += 1;
                buffer[..count].copy_from_slice(&rest[..count]);
                rest = &rest[count..];
                Ok(count)
            });
            match chunk.expect("readable") {
                Chunk::Lines(text) => lines.extend_from_slice(text),
                Chunk::TooLong(bytes) => too_long.push(bytes),
                Chunk::End => return (lines, too_long),
            }
        }
    }

    /// Scenario: lines shorter and longer than the buffer, one that is too long, and half a line at the end.
    /// Guarantees: whole lines in order; the too long one is told by its size alone; the half one is not told.
    #[test]
    fn whole_lines_are_handed_out() {
        let content = b"a\n\nbbbbbbbbbbbbbb\ncccccccccccccccccccccccc\nd\nhalf";
        let (lines, too_long) = read(SMALL, content, &[usize::MAX]);
        assert_eq!(lines, b"a\n\nbbbbbbbbbbbbbb\nd\n");
        assert_eq!(too_long, [25]);
    }

    /// Scenario: a line of 17 bytes that has no end, then nothing.
    /// Guarantees: nothing is handed out, and memory stays within the limit.
    #[test]
    fn memory_is_bounded() {
        let mut chunks = Chunks::with_limits(SMALL);
        let mut left = 1000_usize;
        let chunk = chunks.next(|buffer| {
            let count = buffer.len().min(left);
            left -= count;
            buffer[..count].fill(b'x');
            Ok(count)
        });
        assert_eq!(chunk.expect("readable"), Chunk::End);
        assert_eq!(chunks.room(), 16);
        chunks.clear();
        assert_eq!(chunks.room(), 4);
    }

    /// Scenario: a file longer than the buffer, whose lines end anywhere.
    /// Guarantees: what is asked for begins with a page, in memory and in the file.
    #[test]
    fn whole_pages_are_asked_for() {
        let mut chunks = Chunks::new();
        let mut read = 0;
        for _ in 0..6 {
            let chunk = chunks.next(|buffer| {
                assert_eq!((buffer.as_ptr().addr() % PAGE, read % PAGE), (0, 0));
                let count = buffer.len();
                (buffer[..count]).fill(b'x');
                buffer[count - 1 - read / 50 % 5000] = b'\n';
                read += count;
                Ok(count)
            });
            assert!(matches!(chunk.expect("readable"), Chunk::Lines(_)));
        }
        assert!(read > 5 * USUAL);
    }

    proptest! {
        /// Scenario: any lines, read in any pieces, into buffers of any page.
        /// Guarantees: each line that fits once and in order, of each longer one its size.
        #[test]
        fn pieces_do_not_matter(
            lengths in proptest::collection::vec(prop_oneof![0_usize..12, 20_usize..50], 0..12),
            half in 0_usize..10,
            pieces in proptest::collection::vec(1_usize..30, 1..6),
            page in prop_oneof![Just(1), Just(4)],
        ) {
            let line = |length: usize| [vec![b'x'; length], vec![b'\n']].concat();
            let mut content: Vec<u8> = lengths.iter().flat_map(|length| line(*length)).collect();
            content.resize(content.len() + half, b'h');
            let fits = |length: &usize| *length < 16;
            let expected: Vec<u8> = lengths.iter().copied().filter(fits).flat_map(line).collect();
            let long = lengths.iter().filter(|length| !fits(length));
            let long: Vec<u64> = long.map(|length| *length as u64 + 1).collect();
            prop_assert_eq!(read(Limits { page, ..SMALL }, &content, &pieces), (expected, long));
        }
    }
}
