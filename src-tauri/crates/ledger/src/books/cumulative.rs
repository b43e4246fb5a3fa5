//! Cumulative counters: increments from readings that come in any order, any number of times.

use std::collections::BTreeMap;

use plimsoll_domain::{NanoUsd, Quarter, TokenKind, Tokens, UsageReading};

/// Tokens and cost of one reading.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Counts {
    pub(crate) tokens: Tokens,
    pub(crate) cost: NanoUsd,
}

impl Counts {
    /// What a reading holds.
    pub(crate) fn of(reading: &UsageReading) -> Self {
        let UsageReading { input, output, cache_read, cache_creation, cost, .. } = reading;
        Self::told([*input, *output, *cache_read, *cache_creation], *cost)
    }

    /// Tokens in the order of [`TokenKind::ALL`] and cost; what was not told counts nothing.
    pub(crate) fn told(tokens: [Option<u64>; 4], cost: Option<NanoUsd>) -> Self {
        let mut counts = Self { tokens: Tokens::ZERO, cost: cost.unwrap_or(NanoUsd::ZERO) };
        for (kind, told) in TokenKind::ALL.into_iter().zip(tokens) {
            counts.tokens[kind] = told.unwrap_or(0);
        }
        counts
    }

    fn largest(self, other: Self) -> Self {
        Self { tokens: self.tokens.zip(other.tokens, u64::max), cost: self.cost.max(other.cost) }
    }
}

/// One series since one start: the largest counts seen in each quarter.
///
/// A counter never falls as long as its start stays the same, so the largest reading is the latest one and a
/// lower one is late. A reset has a new start, and so a tracker of its own.
#[derive(Debug, Clone, Default)]
pub(crate) struct Cumulative {
    quarters: BTreeMap<Quarter, Counts>,
}

/// A change of the increments that a reading caused in one quarter.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Increment {
    pub(crate) quarter: Quarter,
    /// What the quarter's increment was before.
    pub(crate) before: Counts,
    /// What it is now.
    pub(crate) after: Counts,
}

impl Cumulative {
    /// Puts stored counts back.
    pub(crate) fn restore(&mut self, quarter: Quarter, counts: Counts) {
        self.quarters.insert(quarter, counts);
    }

    /// Takes a reading in. Returns the quarters whose increments changed: none for a repeated or unchanged
    /// reading. The stored counts of `quarter` are then those of [`Self::stored`].
    pub(crate) fn read(&mut self, quarter: Quarter, counts: Counts) -> Vec<Increment> {
        let old = self.quarters.get(&quarter).copied();
        let new = counts.largest(old.unwrap_or_default()).largest(self.maximum_before(quarter));
        if new == old.unwrap_or_default() || (old.is_none() && new == self.maximum_before(quarter))
        {
            return Vec::new();
        }
        // All later ones: where a clock was set back, a large reading lies before smaller ones.
        let later = self.quarters.range(Quarter(quarter.0 + 1)..).map(|(later, _)| *later);
        let touched: Vec<_> = std::iter::once(quarter).chain(later).collect();
        let before: Vec<_> =
            touched.into_iter().map(|touched| (touched, self.increment(touched))).collect();
        self.quarters.insert(quarter, new);
        let changed = before.into_iter().map(|(quarter, before)| {
            let after = self.increment(quarter);
            Increment { quarter, before, after }
        });
        changed.filter(|increment| increment.before != increment.after).collect()
    }

    /// The counts to store for a quarter.
    pub(crate) fn stored(&self, quarter: Quarter) -> Counts {
        self.quarters.get(&quarter).copied().unwrap_or_default()
    }

    fn increment(&self, quarter: Quarter) -> Counts {
        let Some(counts) = self.quarters.get(&quarter) else { return Counts::default() };
        let before = self.maximum_before(quarter);
        Counts { tokens: counts.tokens.minus(before.tokens), cost: counts.cost.minus(before.cost) }
    }

    fn maximum_before(&self, quarter: Quarter) -> Counts {
        self.quarters
            .range(..quarter)
            .fold(Counts::default(), |most, (_, counts)| most.largest(*counts))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn counts(output: u64) -> Counts {
        Counts { tokens: Tokens { output, ..Tokens::ZERO }, cost: NanoUsd::ZERO }
    }

    /// Sums the increments by quarter as the books would.
    fn book(readings: &[(i64, u64)]) -> BTreeMap<i64, i64> {
        let mut tracker = Cumulative::default();
        let mut books = BTreeMap::new();
        for (quarter, value) in readings {
            for change in tracker.read(Quarter(*quarter), counts(*value)) {
                let moved = i64::try_from(change.after.tokens.total()).unwrap()
                    - i64::try_from(change.before.tokens.total()).unwrap();
                *books.entry(change.quarter.0).or_insert(0) += moved;
            }
        }
        books.retain(|_, sum| *sum != 0);
        books
    }

    /// Scenario: a counter grows, is re-sent unchanged, and an early reading comes late.
    /// Guarantees: increments lie where the counter grew; repetitions change nothing.
    #[test]
    fn increments_lie_where_the_counter_grew() {
        assert_eq!(book(&[(1, 53), (1, 53), (2, 60), (3, 60)]), BTreeMap::from([(1, 53), (2, 7)]));
        assert_eq!(book(&[(2, 60), (1, 53)]), BTreeMap::from([(1, 53), (2, 7)]));
        assert_eq!(Cumulative::default().read(Quarter(1), counts(0)), []);
    }

    proptest! {
        /// Scenario: any readings in any quarters, as when a clock is set back.
        /// Guarantees: the increments add up to the largest reading, and the order changes nothing.
        #[test]
        fn a_clock_that_steps_back_counts_nothing_twice(
            readings in prop::collection::vec((0_i64..6, 0_u64..100), 1..20),
        ) {
            let mut reversed = readings.clone();
            reversed.reverse();
            let books = book(&readings);
            prop_assert_eq!(&books, &book(&reversed));
            let largest = readings.iter().map(|reading| reading.1).max().unwrap_or(0);
            prop_assert_eq!(books.values().sum::<i64>(), i64::try_from(largest).unwrap());
        }

        /// Scenario: the readings of a growing counter in any order, some repeated.
        /// Guarantees: the increments are those of the ordered readings, their sum is the last value.
        #[test]
        fn order_and_repetition_change_nothing(
            steps in prop::collection::vec((0_i64..3, 0_u64..50), 1..12),
            order in prop::collection::vec(any::<prop::sample::Index>(), 1..40),
        ) {
            let (mut quarter, mut value) = (0, 0);
            let ordered: Vec<(i64, u64)> = steps.iter().map(|(gap, growth)| {
                quarter += gap;
                value += growth;
                (quarter, value)
            }).collect();
            let mut shuffled: Vec<_> = order.iter().map(|index| ordered[index.index(ordered.len())]).collect();
            shuffled.extend(ordered.iter().rev());
            let books = book(&shuffled);
            prop_assert_eq!(&books, &book(&ordered));
            prop_assert_eq!(books.values().sum::<i64>(), i64::try_from(value).unwrap());
        }
    }
}
