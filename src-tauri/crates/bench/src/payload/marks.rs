//! Encoded bodies with places that can be written over.

use plimsoll_domain::Timestamp;
use plimsoll_domain::calendar::rfc3339;

use super::Run;

/// In place of a start; in the year 2227, and like every time of our century 19 digits long.
const START: u64 = 0x7117_5e17_7117_5e17;
/// In place of a time.
const TIME: u64 = 0x7218_5e18_7218_5e18;
/// In place of the first event's number: large enough that every number that follows needs five bytes
/// as a varint and nine digits as text.
pub(super) const SEQUENCE: i64 = 300_000_000;
/// In place of a request's id.
pub(super) const REQUEST: &str = "req_<-the-request's-number->";

pub(super) fn start() -> Timestamp {
    Timestamp::from_nanos(START).unwrap_or(Timestamp::EPOCH)
}

pub(super) fn time() -> Timestamp {
    Timestamp::from_nanos(TIME).unwrap_or(Timestamp::EPOCH)
}

/// What a request bears that none before it bore.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Fresh {
    /// Start of the points, nanoseconds since 1970.
    pub(crate) start: u64,
    /// Time of points and events, nanoseconds since 1970.
    pub(crate) time: u64,
    /// Number of the first event, from 0.
    pub(crate) sequence: u64,
    /// Number of the request to the model.
    pub(crate) request: u64,
}

#[derive(Debug, Clone, Copy)]
enum Mark {
    Start,
    Time,
    StartDigits,
    TimeDigits,
    Written,
    /// The varint of an event's number, that many after the first.
    Sequence(u64),
    SequenceDigits(u64),
    Request,
}

/// A body and its marks.
#[derive(Debug, Clone)]
pub(crate) struct Template {
    body: Vec<u8>,
    marks: Vec<(usize, Mark)>,
}

impl Template {
    pub(super) fn new(body: Vec<u8>) -> Self {
        let mut template = Self { body, marks: Vec::new() };
        template.mark(&START.to_le_bytes(), Mark::Start);
        template.mark(&TIME.to_le_bytes(), Mark::Time);
        template.mark(START.to_string().as_bytes(), Mark::StartDigits);
        template.mark(TIME.to_string().as_bytes(), Mark::TimeDigits);
        template.mark(rfc3339(time()).as_bytes(), Mark::Written);
        template.mark(REQUEST.as_bytes(), Mark::Request);
        for after in 0..super::RECORDS {
            let number = SEQUENCE.unsigned_abs() + after;
            template.mark(&varint(number), Mark::Sequence(after));
            template.mark(number.to_string().as_bytes(), Mark::SequenceDigits(after));
        }
        template
    }

    fn mark(&mut self, pattern: &[u8], mark: Mark) {
        let found = self.body.windows(pattern.len()).enumerate();
        let places: Vec<_> = found.filter(|(_, part)| *part == pattern).map(|(at, _)| at).collect();
        self.marks.extend(places.into_iter().map(|at| (at, mark)));
    }

    pub(crate) fn len(&self) -> usize {
        self.body.len()
    }

    /// Appends the body with its marks written over to `wire`.
    pub(crate) fn write(&self, fresh: Fresh, run: Run, wire: &mut Vec<u8>) {
        let begin = wire.len();
        wire.extend_from_slice(&self.body);
        let body = &mut wire[begin..];
        let sequence = |after: u64| SEQUENCE.unsigned_abs() + fresh.sequence + after;
        for &(at, mark) in &self.marks {
            match mark {
                Mark::Start => put(body, at, &fresh.start.to_le_bytes()),
                Mark::Time => put(body, at, &fresh.time.to_le_bytes()),
                Mark::StartDigits => put(body, at, format!("{:019}", fresh.start).as_bytes()),
                Mark::TimeDigits => put(body, at, format!("{:019}", fresh.time).as_bytes()),
                Mark::Written => put(body, at, written(fresh.time).as_bytes()),
                Mark::Sequence(after) => put(body, at, &varint(sequence(after))),
                Mark::SequenceDigits(after) => {
                    put(body, at, format!("{:09}", sequence(after)).as_bytes());
                }
                Mark::Request => put(body, at, run.request(fresh.request).as_bytes()),
            }
        }
    }
}

fn put(body: &mut [u8], at: usize, bytes: &[u8]) {
    body[at..at + bytes.len()].copy_from_slice(bytes);
}

fn written(nanos: u64) -> String {
    rfc3339(Timestamp::from_nanos(nanos).unwrap_or(Timestamp::EPOCH))
}

/// Five bytes for numbers from 2^28 to 2^35.
fn varint(number: u64) -> [u8; 5] {
    let group = |shift: u32| (number >> shift & 0x7f) as u8;
    [group(0) | 0x80, group(7) | 0x80, group(14) | 0x80, group(21) | 0x80, group(28)]
}
