//! Whether a request found in the prompt cache what the one before it had left there.

use std::time::Duration;

use plimsoll_domain::{Timestamp, Tokens};

/// A smaller context is no loss worth telling of, in tokens.
const WORTHWHILE: u64 = 40_000;

/// The shortest life of what was written to the cache, which each reading prolongs. A request that comes later has
/// lost it by waiting.
const LIFE: Duration = Duration::from_secs(5 * 60);

/// What the requests of a thread's cycle found in the prompt cache.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Cache {
    last: Option<Last>,
    broke: Option<Broke>,
}

/// A request that found hardly anything of what had been left for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Broke {
    /// Event time of the request.
    pub(crate) at: Timestamp,
    /// What it sent anew, in tokens.
    pub(crate) anew: u64,
}

/// What the last request left.
#[derive(Debug, Clone, Copy)]
struct Last {
    at: Timestamp,
    occupancy: u64,
    /// Whether most of it is in the cache, and was not lost just before: a client whose cache never holds has
    /// nothing that breaks.
    kept: bool,
}

impl Cache {
    /// A request was completed.
    pub(super) fn take(&mut self, at: Timestamp, tokens: &Tokens) {
        let occupancy = tokens.occupancy();
        let anew = tokens.input.saturating_add(tokens.cache_creation);
        let due = self.last.filter(|last| at.since(last.at) <= LIFE);
        let misses = due.is_some_and(|last| tokens.cache_read < last.occupancy / 5);
        if misses && due.is_some_and(|last| last.is_worthwhile() && anew > last.occupancy / 2) {
            self.broke = Some(Broke { at, anew });
        }
        let cached = tokens.cache_read.saturating_add(tokens.cache_creation);
        self.last = Some(Last { at, occupancy, kept: cached > occupancy / 2 && !misses });
    }

    /// A new cycle: what was left before is not asked for any more.
    pub(super) fn begin(&mut self) {
        self.last = None;
    }

    /// The last request that lost what was left for it.
    pub(super) fn broke(&self) -> Option<Broke> {
        self.broke
    }
}

impl Last {
    fn is_worthwhile(&self) -> bool {
        self.kept && self.occupancy >= WORTHWHILE
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::script::at;

    /// A request by what it read, wrote and sent without cache.
    fn used(cache_read: u64, cache_creation: u64, input: u64) -> Tokens {
        Tokens { input, output: 0, cache_read, cache_creation }
    }

    fn broke(requests: &[(u64, Tokens)]) -> Vec<(u64, u64)> {
        let mut cache = Cache::default();
        let mut all = Vec::new();
        for (second, tokens) in requests {
            cache.take(at(*second), tokens);
            if let Some(broke) = cache.broke().filter(|broke| broke.at == at(*second)) {
                all.push((*second, broke.anew));
            }
        }
        all
    }

    /// Scenario: a context of 40,000 tokens in the cache, then requests around each bound: of what is read, of what is
    /// sent anew, of the time between, and of the size.
    /// Guarantees: it broke exactly where all four are over their bounds, written to the cache or not.
    #[test]
    fn it_breaks_beyond_all_bounds() {
        let first = (0, used(0, 40_000, 0));
        for (second, next, anew) in [
            (300, used(7_999, 32_001, 0), Some(32_001)),
            (300, used(0, 20_001, 0), Some(20_001)),
            (300, used(0, 0, 40_000), Some(40_000)),
            (300, used(8_000, 32_000, 0), None),
            (300, used(0, 20_000, 0), None),
            (301, used(0, 40_000, 0), None),
        ] {
            let expected: Vec<_> = anew.map(|anew| (second, anew)).into_iter().collect();
            assert_eq!(broke(&[first, (second, next)]), expected, "{next:?} at {second}");
        }
        assert_eq!(broke(&[(0, used(0, 39_999, 0)), (10, used(0, 40_000, 0))]), []);
    }

    /// Scenario: a client that uses no cache; one whose cache never holds; one whose cache broke and holds again before
    /// it breaks once more; one that loses its cache by waiting, and then again at once.
    /// Guarantees: the first loses nothing; the second is told of once, the third twice, the fourth once.
    #[test]
    fn what_never_holds_does_not_break_again() {
        assert_eq!(broke(&[(0, used(0, 0, 50_000)), (10, used(0, 0, 51_000))]), []);
        let never: Vec<_> = (0..5).map(|n| (n, used(0, 50_000, 0))).collect();
        assert_eq!(broke(&never), [(1, 50_000)]);
        let again = [
            (0, used(0, 50_000, 0)),
            (1, used(0, 51_000, 0)),
            (2, used(51_000, 1_000, 0)),
            (3, used(2_000, 51_000, 0)),
        ];
        assert_eq!(broke(&again), [(1, 51_000), (3, 51_000)]);
        let waited = [
            (0, used(0, 50_000, 0)),
            (400, used(0, 51_000, 0)),
            (410, used(0, 52_000, 0)),
            (420, used(52_000, 200_000, 0)),
        ];
        assert_eq!(broke(&waited), [(410, 52_000)]);
    }
}
