//! One spooled export as bytes: `length u32 | xxh3 u64 | content`, little-endian, where the content is
//! `version u8 | kind u8 | run i64 | connection u64 | arrival i64 | protobuf`.

use std::io::{self, Read};

use xxhash_rust::xxh3::xxh3_64;

const VERSION: u8 = 1;
/// Length and checksum.
const HEAD: usize = 4 + 8;
/// What stands before the protobuf.
const FIXED: usize = 1 + 1 + 8 + 8 + 8;

/// What is kept of one arrival.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Frame {
    /// Which of the three export requests `body` is.
    pub(super) kind: u8,
    /// The run of the engine that received it, by its start in nanoseconds: connection numbers are unique
    /// within a run only.
    pub(super) run: i64,
    /// The connection's number.
    pub(super) connection: u64,
    /// Time of arrival in nanoseconds since the epoch.
    pub(super) at: i64,
    /// The export request as protobuf.
    pub(super) body: Vec<u8>,
}

impl Frame {
    /// The bytes to append; `None` where the body is longer than a frame can say.
    pub(super) fn encode(&self) -> Option<Vec<u8>> {
        let length = u32::try_from(FIXED.checked_add(self.body.len())?).ok()?;
        let mut bytes = Vec::with_capacity(HEAD + FIXED + self.body.len());
        bytes.extend(length.to_le_bytes());
        bytes.extend([0; 8]);
        bytes.extend([VERSION, self.kind]);
        bytes.extend(self.run.to_le_bytes());
        bytes.extend(self.connection.to_le_bytes());
        bytes.extend(self.at.to_le_bytes());
        bytes.extend(&self.body);
        let checksum = xxh3_64(&bytes[HEAD..]);
        bytes[4..HEAD].copy_from_slice(&checksum.to_le_bytes());
        Some(bytes)
    }

    /// Reads the next frame and its length in bytes; `None` at the end, where the rest is torn, or where it
    /// claims to be longer than `most`.
    pub(super) fn read(from: &mut impl Read, most: u64) -> io::Result<Option<(Self, u64)>> {
        let Some(head) = filled(from, HEAD)? else { return Ok(None) };
        let (length, checksum) = head.split_at(4);
        let length = u32::from_le_bytes(array(length)) as usize;
        if length < FIXED || length as u64 > most {
            return Ok(None);
        }
        let Some(content) = filled(from, length)? else { return Ok(None) };
        if xxh3_64(&content) != u64::from_le_bytes(array(checksum)) {
            return Ok(None);
        }
        Ok(Self::of_content(&content).map(|frame| (frame, (HEAD + length) as u64)))
    }

    fn of_content(content: &[u8]) -> Option<Self> {
        let (fixed, body) = content.split_at_checked(FIXED)?;
        if fixed[0] != VERSION {
            return None;
        }
        Some(Self {
            kind: fixed[1],
            run: i64::from_le_bytes(array(&fixed[2..10])),
            connection: u64::from_le_bytes(array(&fixed[10..18])),
            at: i64::from_le_bytes(array(&fixed[18..26])),
            body: body.to_vec(),
        })
    }
}

fn array<const N: usize>(bytes: &[u8]) -> [u8; N] {
    bytes.try_into().expect("the caller cuts exactly N bytes")
}

/// Exactly `length` bytes, or `None` where the file ends before. Grows with what is there, so that a wrong
/// length costs no memory.
fn filled(from: &mut impl Read, length: usize) -> io::Result<Option<Vec<u8>>> {
    let mut bytes = Vec::new();
    from.take(length as u64).read_to_end(&mut bytes)?;
    Ok((bytes.len() == length).then_some(bytes))
}
