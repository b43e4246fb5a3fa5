//! Reading the lines of one file.

use std::{io, ops::ControlFlow, path::Path, sync::Arc};

use memchr::memchr_iter;
use plimsoll_domain::{Envelope, Fact, SessionId, Statement, Timestamp, Witness};

use super::{
    batch::Facts,
    compaction::compaction,
    line::{Answer, Boundary, CostState, Kind, Kinds, Timed, parse},
    names::Names,
    place::{Place, session_of},
    reader::Batch,
    request::{Amount, Ids, request},
    source::Source,
    time,
    totals::totals,
    value::Value,
};

/// The most facts of a batch, but for those that one line more tells.
const MOST_FACTS: usize = 2000;
/// The most of a file that a batch covers, but for the rest of the last line, in bytes.
const MOST_BYTES: u64 = 8 * 1024 * 1024;
/// How much before a line that has no time is searched for one, in bytes.
const TIME_WITHIN: u64 = 64 * 1024;
/// How much of a file is searched for where it works, in bytes: no more than a chunk.
const PLACE_WITHIN: usize = 256 * 1024;

/// Who takes the batches.
pub(super) type Deliver<'a> = dyn FnMut(Batch) -> ControlFlow<()> + 'a;

/// What is read of a file.
#[derive(Debug)]
pub(super) struct Scan<'a> {
    kinds: &'a Kinds,
    source: &'a Source,
    /// The session that the file is of.
    own: &'a str,
    arrived: Timestamp,
    names: Names,
    /// Where the session works.
    place: Option<Place>,
    looked_for_place: bool,
    facts: Facts,
    /// Where the batch begins.
    begin: u64,
    /// How far it goes.
    offset: u64,
    lines: u64,
    usage_lines: u64,
    malformed: u64,
}

impl<'a> Scan<'a> {
    /// Begins at a byte of the file.
    pub(super) fn new(
        kinds: &'a Kinds,
        source: &'a Source,
        (path, arrived): (&'a Path, Timestamp),
        begin: u64,
    ) -> Self {
        Self {
            kinds,
            source,
            own: session_of(path),
            arrived,
            names: Names::default(),
            place: None,
            looked_for_place: false,
            facts: Facts::default(),
            begin,
            offset: begin,
            lines: 0,
            usage_lines: 0,
            malformed: 0,
        }
    }

    /// Reads the next lines, each with its end, and hands over every batch that they fill.
    pub(super) fn lines(
        &mut self,
        lines: &[u8],
        deliver: &mut Deliver<'_>,
    ) -> io::Result<ControlFlow<()>> {
        self.find_place(lines)?;
        let mut start = 0;
        for end in memchr_iter(b'\n', lines) {
            self.line(&lines[start..end])?;
            start = end + 1;
            if self.is_full() && self.deliver(deliver).is_break() {
                return Ok(ControlFlow::Break(()));
            }
        }
        Ok(ControlFlow::Continue(()))
    }

    /// Passes over a line that is too long to be read.
    pub(super) fn too_long(&mut self, bytes: u64) {
        self.malformed += 1;
        self.pass(bytes);
    }

    /// Hands over what was read since the last batch, if anything was.
    pub(super) fn deliver(&mut self, deliver: &mut Deliver<'_>) -> ControlFlow<()> {
        if self.offset == self.begin {
            return ControlFlow::Continue(());
        }
        if let Some(place) = self.place.as_mut().filter(|place| place.news) {
            place.news = false;
            let (session, at) = (place.session.clone(), place.at);
            let statement = Statement::Project(place.place.clone());
            self.facts.push(fact(session, (at, self.arrived), None, statement));
        }
        deliver(Batch {
            facts: self.facts.take(),
            position: self.source.position(self.offset),
            bytes: self.offset - std::mem::replace(&mut self.begin, self.offset),
            lines: std::mem::take(&mut self.lines),
            usage_lines: std::mem::take(&mut self.usage_lines),
            malformed: std::mem::take(&mut self.malformed),
        })
    }

    /// Looks where the session works, in the start of its file. `lines` are the next, and often that start.
    fn find_place(&mut self, lines: &[u8]) -> io::Result<()> {
        if std::mem::replace(&mut self.looked_for_place, true) {
            return Ok(());
        }
        let first = if self.offset == 0 {
            let head = lines.get(..PLACE_WITHIN).unwrap_or(lines);
            Place::first(head, self.own, &mut self.names)
        } else {
            Place::first(&self.source.at(0, PLACE_WITHIN)?, self.own, &mut self.names)
        };
        self.place = first.map(|(place, end)| Place {
            at: place.at.min(self.arrived),
            news: end > self.offset,
            ..place
        });
        Ok(())
    }

    fn line(&mut self, line: &[u8]) -> io::Result<()> {
        let used = match self.kinds.of(line) {
            None => Some(()),
            Some(Kind::Answer) => self.answer(line),
            Some(Kind::Boundary) => self.boundary(line),
            Some(Kind::CostState) => self.cost_state(line)?,
        };
        self.malformed += u64::from(used.is_none());
        self.pass(line.len() as u64 + 1);
        Ok(())
    }

    fn pass(&mut self, bytes: u64) {
        self.lines += 1;
        self.offset += bytes;
    }

    fn is_full(&self) -> bool {
        self.facts.len() >= MOST_FACTS || self.offset - self.begin >= MOST_BYTES
    }

    /// `None` where the line cannot be used; the same of the others.
    fn answer(&mut self, line: &[u8]) -> Option<()> {
        let line: Answer<'_> = parse(line).ok()?;
        if line.kind.text() != Some("assistant") {
            return Some(());
        }
        let message = line.message.object()?;
        let is_synthetic = message.model.text() == Some("<synthetic>");
        if is_synthetic || line.is_api_error_message.is_true() || message.usage.is_missing() {
            return Some(());
        }
        self.usage_lines += 1;
        let at = self.time(&line.timestamp)?;
        let amount = Amount::of(message)?;
        let ids = Ids::of(&line, message)?;
        if line.session_id.text() == Some(self.own) && !line.is_sidechain.is_true() {
            self.place.iter_mut().for_each(|place| place.tell(line.git_branch.text(), at));
        }
        let (names, arrived) = (&mut self.names, self.arrived);
        self.facts.tell(ids.key(), (at, amount), || {
            let maker = line.request_session_id.name().or(line.session_id.text())?;
            let session = names.session(maker)?;
            let version = names.version(line.version.text());
            let request = request(&line, message, (ids, amount), names)?;
            Some(fact(session, (at, arrived), version, Statement::Request(request)))
        })
    }

    fn boundary(&mut self, line: &[u8]) -> Option<()> {
        let line: Boundary<'_> = parse(line).ok()?;
        if line.subtype.text() != Some("compact_boundary") {
            return Some(());
        }
        let at = self.time(&line.timestamp)?;
        let session = self.names.session(line.session_id.text()?)?;
        let version = self.names.version(line.version.text());
        let statement = Statement::Compaction(compaction(&line)?);
        self.facts.push(fact(session, (at, self.arrived), version, statement));
        Some(())
    }

    fn cost_state(&mut self, line: &[u8]) -> io::Result<Option<()>> {
        let at = self.time_before()?.unwrap_or(self.arrived);
        Ok(self.sums(line, at))
    }

    fn sums(&mut self, line: &[u8], at: Timestamp) -> Option<()> {
        let line: CostState<'_> = parse(line).ok()?;
        if line.kind.text() != Some("cost-state") {
            return Some(());
        }
        let session = self.names.session(line.session_id.text()?)?;
        for totals in totals(&line)? {
            let statement = Statement::Totals(totals);
            self.facts.push(fact(session.clone(), (at, self.arrived), None, statement));
        }
        Some(())
    }

    fn time(&self, told: &Value<'_>) -> Option<Timestamp> {
        Some(time::parse(told.text()?)?.min(self.arrived))
    }

    /// The time of the last line before this one that has one. It is looked for in the file, so that it does not
    /// matter from where the file is read.
    fn time_before(&self) -> io::Result<Option<Timestamp>> {
        let from = self.offset.saturating_sub(TIME_WITHIN);
        let before = self.source.at(from, usize::try_from(self.offset - from).unwrap_or(0))?;
        let mut lines = before.rsplit(|byte| *byte == b'\n');
        Ok(lines.find_map(|line| self.time(&parse::<Timed<'_>>(line).ok()?.timestamp)))
    }
}

fn fact(
    session: SessionId,
    (at, arrived): (Timestamp, Timestamp),
    client_version: Option<Arc<str>>,
    statement: Statement,
) -> Fact {
    let witness = Witness::Transcript;
    let envelope =
        Envelope { witness, at, arrived, connection: None, client_version, sequence: None };
    Fact { envelope, session: Some(session), statement }
}
