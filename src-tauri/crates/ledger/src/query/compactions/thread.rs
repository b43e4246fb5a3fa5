//! One thread: what its requests and compactions tell of its cycles.

use plimsoll_domain::Timestamp;

use super::course::Request;

/// A thread as its requests, in order of time, leave it.
#[derive(Debug, Clone)]
pub(super) struct Thread {
    /// The model of its last request.
    model: i64,
    /// When it made its last request.
    pub(super) last_request: Timestamp,
    /// The occupancy after its last request of the cycle that counts.
    occupancy: Option<u64>,
    /// The occupancy after its last request, while that lies far below and no second one agrees.
    held: Option<u64>,
    /// The largest occupancy of the cycle that another request followed.
    passed: u64,
    /// When it was last compacted, and what the client then took for its occupancy.
    compacted: Option<(Timestamp, u64)>,
    /// The compaction, by its place among those found, after which it has made no request.
    pub(super) awaited: Option<usize>,
    /// Made of requests that name no subagent, before any main request.
    pub(super) provisional: bool,
}

/// A cycle that a compaction ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Cycle {
    /// The model of the last request.
    pub(super) model: Option<i64>,
    /// The compaction that it began with; `None`: it began otherwise.
    pub(super) began: Option<Timestamp>,
    /// The occupancy after the last request; `None` where there was none.
    pub(super) before: Option<u64>,
    /// The largest occupancy that another request followed.
    pub(super) passed: u64,
}

impl Thread {
    /// A thread of which the first request is about to come.
    pub(super) fn new(request: &Request) -> Self {
        Self {
            model: request.model,
            last_request: request.at,
            occupancy: None,
            held: None,
            passed: 0,
            compacted: None,
            awaited: None,
            provisional: request.stray,
        }
    }

    /// Whether a request of another process may be its next one: one of the same model that is not far below, or any
    /// after a compaction.
    pub(super) fn goes_on_with(&self, request: &Request) -> bool {
        let fits = |known| !is_far_below(request.occupancy, known);
        self.model == request.model && self.occupancy.is_none_or(fits)
    }

    /// It made a request. Returns the compaction that this is the first one after.
    pub(super) fn request(&mut self, request: &Request) -> Option<usize> {
        self.last_request = request.at;
        // What another model passed tells nothing of this one.
        if std::mem::replace(&mut self.model, request.model) != request.model {
            (self.occupancy, self.held, self.passed) = (None, None, 0);
        }
        match (self.occupancy, self.held) {
            (Some(known), Some(held)) if is_far_below(request.occupancy, known) => {
                // Two agree: it shrank without a compaction, and what it had passed is another cycle's.
                (self.occupancy, self.held, self.passed) = (Some(request.occupancy), None, held);
            }
            (Some(known), None) if is_far_below(request.occupancy, known) => {
                self.held = Some(request.occupancy);
            }
            (known, _) => {
                self.passed = self.passed.max(known.unwrap_or(0));
                (self.occupancy, self.held) = (Some(request.occupancy), None);
            }
        }
        self.awaited.take()
    }

    /// It was compacted to so many tokens by the client's estimate, which is the compaction `found`.
    pub(super) fn compact(&mut self, at: Timestamp, after: Option<u64>, found: usize) -> Cycle {
        let cycle = Cycle {
            model: Some(self.model),
            began: self.compacted.map(|(at, _)| at),
            before: self.held.or(self.occupancy),
            passed: self.passed,
        };
        (self.occupancy, self.held, self.passed) = (None, None, 0);
        self.compacted = Some((at, after.unwrap_or(0)));
        self.awaited = Some(found);
        cycle
    }

    /// How well a number of tokens fits as its occupancy, in millionths.
    pub(super) fn fit(&self, tokens: u64) -> u64 {
        let fit = |occupancy: u64| {
            let (low, high) = (occupancy.min(tokens), occupancy.max(tokens).max(1));
            u64::try_from(u128::from(low) * 1_000_000 / u128::from(high)).unwrap_or(1_000_000)
        };
        let estimate = self.compacted.map_or(0, |(_, after)| after);
        fit(self.occupancy.unwrap_or(estimate)).max(self.held.map_or(0, fit))
    }
}

/// Whether a context shrank by more than answers and attachments come and go: below 80 percent.
fn is_far_below(occupancy: u64, before: u64) -> bool {
    occupancy.saturating_mul(5) < before.saturating_mul(4)
}

#[cfg(test)]
mod tests {
    use super::{super::course::ThreadId, *};

    const OTHER: i64 = 2;

    fn request(model: i64, occupancy: u64) -> Request {
        let thread = ThreadId::default();
        Request { at: Timestamp::EPOCH, thread, stray: false, model, occupancy }
    }

    /// The cycle that a compaction ends after requests that left contexts of these sizes.
    fn cycle(occupancies: &[u64]) -> (Option<u64>, u64) {
        let mut thread = Thread::new(&request(1, occupancies[0]));
        for occupancy in occupancies {
            thread.request(&request(1, *occupancy));
        }
        let cycle = thread.compact(Timestamp::from_millis(1), None, 0);
        (cycle.before, cycle.passed)
    }

    /// Scenario: a context grows; one falls far once and comes back; one falls far twice in a row; one falls far right
    /// before the compaction.
    /// Guarantees: `before` is always the last; what the last one follows is passed; what was passed before a context
    /// that two requests agree on is another cycle's.
    #[test]
    fn a_cycle_knows_what_it_passed() {
        assert_eq!(cycle(&[10]), (Some(10), 0));
        assert_eq!(cycle(&[10, 50, 45, 90]), (Some(90), 50));
        assert_eq!(cycle(&[90, 100, 40, 105]), (Some(105), 100));
        assert_eq!(cycle(&[90, 100, 40, 45, 60]), (Some(60), 45));
        assert_eq!(cycle(&[90, 100, 40]), (Some(40), 90));
    }

    /// Scenario: requests, a compaction, another one at once, a request, and a third compaction.
    /// Guarantees: each request after a compaction is handed to the last one; each cycle knows only its own requests
    /// and the compaction that it began with.
    #[test]
    fn cycles_are_told_apart() {
        let at = Timestamp::from_millis;
        let mut thread = Thread::new(&request(1, 100));
        assert_eq!(thread.request(&request(1, 100)), None);
        assert_eq!(thread.request(&request(1, 110)), None);
        let first = Cycle { model: Some(1), began: None, before: Some(110), passed: 100 };
        assert_eq!(thread.compact(at(5), Some(20), 0), first);
        assert_eq!((thread.fit(20), thread.fit(110)), (1_000_000, 181_818));
        let empty = Cycle { model: Some(1), began: Some(at(5)), before: None, passed: 0 };
        assert_eq!(thread.compact(at(6), None, 1), empty);
        assert_eq!(thread.request(&request(1, 30)), Some(1));
        assert_eq!(thread.request(&request(1, 31)), None);
        let third = Cycle { model: Some(1), began: Some(at(6)), before: Some(31), passed: 30 };
        assert_eq!(thread.compact(at(9), None, 2), third);
    }

    /// Scenario: a thread goes on with another model.
    /// Guarantees: what the first one passed is not the second one's.
    #[test]
    fn another_model_passed_nothing() {
        let mut thread = Thread::new(&request(1, 300));
        for (model, occupancy) in [(1, 300), (1, 310), (OTHER, 315), (OTHER, 320)] {
            thread.request(&request(model, occupancy));
        }
        let cycle = thread.compact(Timestamp::from_millis(1), None, 0);
        assert_eq!((cycle.model, cycle.before, cycle.passed), (Some(OTHER), Some(320), 315));
    }
}
