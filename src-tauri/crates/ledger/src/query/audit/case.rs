//! What is known of one session, before it is judged.

use std::collections::BTreeMap;

use plimsoll_domain::{NanoUsd, QuerySource, Timestamp, Tokens};

use crate::{
    Balance, MissedEvents, Shown, Told,
    books::{CellKey, SessionRow},
};

/// A sum over requests.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Sum {
    pub(super) requests: u64,
    pub(super) tokens: Tokens,
    /// Known cost.
    pub(super) cost: NanoUsd,
}

impl Sum {
    pub(super) fn plus(self, other: Self) -> Self {
        Self {
            requests: self.requests.saturating_add(other.requests),
            tokens: self.tokens.plus(other.tokens),
            cost: self.cost.plus(other.cost),
        }
    }

    pub(super) fn minus(self, other: Self) -> Self {
        Self {
            requests: self.requests.saturating_sub(other.requests),
            tokens: self.tokens.minus(other.tokens),
            cost: self.cost.minus(other.cost),
        }
    }

    pub(super) fn total(sums: impl IntoIterator<Item = Self>) -> Self {
        sums.into_iter().fold(Self::default(), Self::plus)
    }
}

/// How a request lies to what a witness told that does not tell of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum Place {
    /// Amidst what it told, where it should have told of it.
    Amidst,
    /// Its answer did not come to its end.
    Unfinished,
    /// At the time of events that did not arrive.
    Gap,
    /// Before the first that it told.
    Before,
    /// Right after the last that a process told.
    SoonAfter,
    /// Long after the last that a process told.
    LongAfter,
    /// In no file that was read.
    NoFile,
}

impl Place {
    const ALL: [Self; 7] = [
        Self::Amidst,
        Self::Unfinished,
        Self::Gap,
        Self::Before,
        Self::SoonAfter,
        Self::LongAfter,
        Self::NoFile,
    ];

    /// The number by which statements tell it.
    pub(super) const fn code(self) -> i64 {
        self as i64
    }

    pub(super) fn of_code(code: i64) -> Self {
        Self::ALL.into_iter().find(|place| place.code() == code).unwrap_or(Self::Amidst)
    }
}

/// Requests of which a witness tells other tokens than those that count.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Dispute {
    pub(super) requests: u64,
    /// What it tells, less what counts.
    pub(super) tokens: Balance,
}

/// What one of events and transcripts does not tell as it is counted.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Lack {
    /// Requests that it does not tell of.
    pub(super) missing: BTreeMap<Place, Sum>,
    /// Of answers that came to their end.
    pub(super) disputed: Dispute,
    /// Of answers that did not.
    pub(super) disputed_unfinished: Dispute,
}

impl Lack {
    pub(super) fn missing(&self) -> Sum {
        Sum::total(self.missing.values().copied())
    }

    /// What it tells, less what counts.
    pub(super) fn balance(&self) -> Balance {
        let missing = Balance::of(Tokens::ZERO, self.missing().tokens);
        missing.plus(self.disputed.tokens).plus(self.disputed_unfinished.tokens)
    }

    /// How many requests it tells otherwise.
    pub(super) fn disputed(&self) -> u64 {
        self.disputed.requests.saturating_add(self.disputed_unfinished.requests)
    }
}

/// A session's use of one model from one source.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Cell {
    /// Request by request, as the books have it.
    pub(super) counted: Sum,
    /// Requests without a price among them.
    pub(super) unpriced: u64,
    /// As metrics tell it.
    pub(super) metered: Sum,
    /// What only metrics know, as the books have it.
    pub(super) unattributed: Sum,
    pub(super) events: Lack,
    /// Of auxiliary requests nothing is missing here: transcripts do not tell of most of them.
    pub(super) transcripts: Lack,
    /// What transcripts tell of auxiliary requests.
    pub(super) side: Sum,
    /// What was counted after the last metric of the session.
    pub(super) unmetered: Sum,
    /// What was counted before it, at times of which no delta reading tells.
    pub(super) unread: Sum,
    /// The same, of answers that did not come to their end.
    pub(super) unread_unfinished: Sum,
    /// The last requests, where metrics lack these to the token.
    pub(super) last: Sum,
}

impl Cell {
    /// What events tell.
    pub(super) fn by_events(&self) -> Sum {
        told(self.counted.minus(self.events.missing()), &self.events)
    }

    /// What transcripts tell.
    pub(super) fn by_transcripts(&self, source: QuerySource) -> Sum {
        let found = match source {
            QuerySource::Auxiliary => self.side,
            QuerySource::Main | QuerySource::Subagent => {
                self.counted.minus(self.transcripts.missing())
            }
        };
        told(found, &self.transcripts)
    }

    /// Whether any price of the counted requests is known.
    pub(super) fn is_priced(&self) -> bool {
        self.unpriced < self.counted.requests || self.counted.requests == 0
    }

    /// What metrics tell, less what is counted.
    pub(super) fn metered_balance(&self) -> Balance {
        Balance::of(self.metered.tokens, self.counted.tokens)
    }
}

/// A sum of what counts, as the witness itself tells it.
fn told(found: Sum, lack: &Lack) -> Sum {
    let otherwise = lack.disputed.tokens.plus(lack.disputed_unfinished.tokens);
    Sum { tokens: found.tokens.plus(otherwise.more()).minus(otherwise.less()), ..found }
}

/// The client's own sum over one model.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Stated {
    pub(super) at: Timestamp,
    pub(super) told: Told,
    /// What was counted up to then.
    pub(super) until: Tokens,
    /// Whether it holds the sums of the session that this one came from.
    pub(super) forked: bool,
}

/// What the rows of requests add up to, which the sums by quarter have to agree with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Recount {
    pub(super) sum: Sum,
    pub(super) unfinished: u64,
    pub(super) last_at: Timestamp,
    /// Requests that no event tells of.
    pub(super) no_event: u64,
    /// Requests of main thread and subagents that no transcript tells of.
    pub(super) no_line: u64,
}

/// One session.
#[derive(Debug)]
pub(super) struct Case {
    pub(super) row: SessionRow,
    /// Whether events of it arrived, of requests or of anything else.
    pub(super) has_events: bool,
    /// Whether the client left it.
    pub(super) ended: bool,
    pub(super) cells: BTreeMap<CellKey, Cell>,
    pub(super) recount: Recount,
    /// What pruned requests used, which count and can no more be looked at.
    pub(super) pruned: Sum,
    /// When metrics last told of it.
    pub(super) metered_at: Timestamp,
    pub(super) stated: BTreeMap<i64, Stated>,
    pub(super) shown: Option<(Option<i64>, Shown)>,
    pub(super) missed: Vec<MissedEvents>,
    /// Whether metrics told of what was used since the last export, and not of all that was used; looked at where
    /// events are missing or a prompt is unanswered.
    pub(super) has_deltas: bool,
    /// When the last prompt of whose answer nobody told was followed by another one; looked at where the client has
    /// not stated its own sums.
    pub(super) unanswered_until: Option<Timestamp>,
    pub(super) copies: u64,
    /// How many client processes told of its requests in events; counted where the client's sums differ.
    pub(super) processes: u64,
}

impl Case {
    /// What is counted of a model.
    pub(super) fn counted(&self, model: i64) -> Tokens {
        self.of_model(model, |cell| cell.counted.tokens)
    }

    /// What only metrics know of a model.
    pub(super) fn unattributed(&self, model: i64) -> Tokens {
        self.of_model(model, |cell| cell.unattributed.tokens)
    }

    fn of_model(&self, model: i64, tokens: impl Fn(&Cell) -> Tokens) -> Tokens {
        let cells = self.cells.iter().filter(|((of, _), _)| *of == model);
        cells.fold(Tokens::ZERO, |sum, (_, cell)| sum.plus(tokens(cell)))
    }

    /// Requests that no event tells of, at a place, over all cells.
    pub(super) fn missing_events(&self, place: Place) -> u64 {
        let sums = self.cells.values().filter_map(|cell| cell.events.missing.get(&place));
        Sum::total(sums.copied()).requests
    }

    /// Whether anything was used, or may have been.
    pub(super) fn tells_of_use(&self) -> bool {
        let told = !(self.cells.is_empty() && self.stated.is_empty());
        told || !self.missed.is_empty() || self.unanswered_until.is_some()
    }
}
