//! One cell of the books: a session's use of one model from one source, by quarter hour, as requests tell it,
//! as metrics tell it, and what only metrics know.

use std::collections::BTreeMap;

use plimsoll_domain::{NanoUsd, Quarter, QuerySource, Timestamp, TokenKind, Tokens};

use super::Tally;

/// Which cell of a session: the model's number and the source.
pub(crate) type CellKey = (i64, QuerySource);

/// Who tells of a sum.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Side {
    /// Requests, each known by itself.
    Known,
    /// Metrics: the second entry, never added to the first.
    Metered,
    /// What only metrics know: derived from the other two.
    Unattributed,
}

/// Cost differences below one micro-dollar, the client's own unit, are rounding, not unattributed use.
const SMALLEST_COST: i64 = 1_000;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Sides {
    known: Tally,
    metered: Tally,
    unattributed: Tally,
}

impl Sides {
    const EMPTY: Self =
        Self { known: Tally::EMPTY, metered: Tally::EMPTY, unattributed: Tally::EMPTY };

    fn side(&mut self, side: Side) -> &mut Tally {
        match side {
            Side::Known => &mut self.known,
            Side::Metered => &mut self.metered,
            Side::Unattributed => &mut self.unattributed,
        }
    }
}

/// What only metrics know of a cell, over all quarters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Remainder {
    pub(crate) tokens: Tokens,
    pub(crate) cost: NanoUsd,
    /// Start of the span of the points that tell of it.
    pub(crate) from: Timestamp,
    /// End of that span.
    pub(crate) at: Timestamp,
}

impl Remainder {
    pub(crate) fn is_zero(&self) -> bool {
        self.tokens.is_zero() && self.cost == NanoUsd::ZERO
    }
}

/// A session's use of one model from one source.
#[derive(Debug, Clone, Default)]
pub(crate) struct Cell {
    quarters: BTreeMap<Quarter, Sides>,
}

impl Cell {
    /// Puts a stored sum back.
    pub(crate) fn restore(&mut self, quarter: Quarter, side: Side, tally: Tally) {
        *self.quarters.entry(quarter).or_insert(Sides::EMPTY).side(side) = tally;
    }

    /// The sum of one side in one quarter.
    pub(crate) fn tally(&self, quarter: Quarter, side: Side) -> Tally {
        self.quarters.get(&quarter).map_or(Tally::EMPTY, |sides| *{ *sides }.side(side))
    }

    /// Adds to what requests or metrics tell.
    pub(crate) fn add(&mut self, quarter: Quarter, side: Side, tally: Tally) {
        let sum = self.quarters.entry(quarter).or_insert(Sides::EMPTY).side(side);
        *sum = sum.plus(tally);
    }

    /// Takes back what was added.
    pub(crate) fn subtract(&mut self, quarter: Quarter, side: Side, tally: Tally) {
        let sum = self.quarters.entry(quarter).or_insert(Sides::EMPTY).side(side);
        *sum = sum.minus(tally);
    }

    /// Derives anew what only metrics know, and returns the quarters where it changed with the tally before
    /// and after.
    ///
    /// Over time, with M and K the running sums of metrics and requests, the unattributed part up to a quarter
    /// is the least M - K from there to the end, never below zero: it ends at what is missing in all, is never
    /// more, grows only, and does not depend on the order in which anything arrived. An event that is dated
    /// before the metric that counts it (always: metrics are exported after) makes no difference.
    pub(crate) fn derive_unattributed(&mut self) -> Vec<(Quarter, Tally, Tally)> {
        let running = self.running_differences();
        let mut changed = Vec::new();
        let mut up_to_here = running.last().copied().unwrap_or_default().floored();
        for (index, (quarter, sides)) in self.quarters.iter_mut().enumerate().rev() {
            let earlier = match index {
                0 => Difference::default(),
                _ => up_to_here.least(running[index - 1]),
            };
            let derived = sides.unattributed_between(&earlier, &up_to_here);
            if derived != sides.unattributed {
                changed.push((*quarter, sides.unattributed, derived));
                sides.unattributed = derived;
            }
            up_to_here = earlier;
        }
        changed
    }

    fn running_differences(&self) -> Vec<Difference> {
        let mut sum = Difference::default();
        self.quarters
            .values()
            .map(|sides| {
                sum = sum.plus(sides);
                sum
            })
            .collect()
    }

    /// What only metrics know, over all quarters.
    pub(crate) fn remainder(&self) -> Remainder {
        let loose = self.quarters.values().filter(|sides| sides.unattributed != Tally::EMPTY);
        let sum = loose.fold(Tally::EMPTY, |sum, sides| sum.plus(sides.unattributed));
        Remainder {
            tokens: sum.tokens,
            cost: sum.cost,
            from: if sum == Tally::EMPTY { Timestamp::EPOCH } else { sum.first_at },
            at: sum.last_at,
        }
    }

    /// Every side's sum of every quarter.
    #[cfg(test)]
    pub(crate) fn tallies(&self) -> impl Iterator<Item = (Quarter, Side, Tally)> {
        self.quarters.iter().flat_map(|(quarter, sides)| {
            [
                (*quarter, Side::Known, sides.known),
                (*quarter, Side::Metered, sides.metered),
                (*quarter, Side::Unattributed, sides.unattributed),
            ]
        })
    }
}

impl Sides {
    /// The unattributed tally that leads from one running remainder to the next.
    fn unattributed_between(&self, before: &Difference, after: &Difference) -> Tally {
        let mut tally = Tally::EMPTY;
        for (index, kind) in TokenKind::ALL.into_iter().enumerate() {
            tally.tokens[kind] =
                u64::try_from(after.tokens[index] - before.tokens[index]).unwrap_or(0);
        }
        tally.cost = NanoUsd((after.cost - before.cost).max(0));
        if tally != Tally::EMPTY {
            tally.first_at = self.metered.first_at;
            tally.last_at = self.metered.last_at;
        }
        tally
    }
}

/// Running sum of metrics less running sum of requests.
#[derive(Debug, Clone, Copy, Default)]
struct Difference {
    tokens: [i64; 4],
    cost: i64,
}

impl Difference {
    fn plus(self, sides: &Sides) -> Self {
        let mut sum = self;
        for (index, kind) in TokenKind::ALL.into_iter().enumerate() {
            sum.tokens[index] = sum.tokens[index]
                .saturating_add(signed(sides.metered.tokens[kind]))
                .saturating_sub(signed(sides.known.tokens[kind]));
        }
        sum.cost = sum.cost.saturating_add(sides.metered.cost.0).saturating_sub(sides.known.cost.0);
        sum
    }

    fn floored(self) -> Self {
        let cost = if self.cost < SMALLEST_COST { 0 } else { self.cost };
        Self { tokens: self.tokens.map(|count| count.max(0)), cost }
    }

    fn least(self, other: Self) -> Self {
        let mut least = self;
        for index in 0..4 {
            least.tokens[index] = self.tokens[index].min(other.tokens[index]).max(0);
        }
        least.cost = self.cost.min(other.cost).max(0);
        least
    }
}

fn signed(count: u64) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn tally(output: u64, at: i64) -> Tally {
        let at = Timestamp::from_stored(at);
        let tokens = Tokens { output, ..Tokens::ZERO };
        Tally { tokens, first_at: at, last_at: at, ..Tally::EMPTY }
    }

    fn outputs(cell: &Cell, side: Side) -> Vec<(i64, u64)> {
        let of_side =
            cell.tallies().filter(|(_, of, tally)| *of == side && tally.tokens.output > 0);
        of_side.map(|(quarter, _, tally)| (quarter.0, tally.tokens.output)).collect()
    }

    /// Scenario: a session that sends metrics only, over two quarters.
    /// Guarantees: everything is unattributed where its points lie, and its span is theirs.
    #[test]
    fn metrics_alone_are_counted_where_they_lie() {
        let mut cell = Cell::default();
        cell.add(Quarter(1), Side::Metered, tally(30, 100));
        cell.add(Quarter(3), Side::Metered, tally(12, 300));
        cell.derive_unattributed();
        assert_eq!(outputs(&cell, Side::Unattributed), [(1, 30), (3, 12)]);
        let remainder = cell.remainder();
        assert_eq!((remainder.from.nanos(), remainder.at.nanos()), (100, 300));
    }

    /// Scenario: requests complete in one quarter and are exported by metrics in the next; one request in
    /// between is known to metrics only.
    /// Guarantees: only that one is unattributed, in the quarter in which metrics told of it.
    #[test]
    fn a_metric_that_follows_its_event_leaves_nothing_over() {
        let mut cell = Cell::default();
        cell.add(Quarter(1), Side::Known, tally(50, 1));
        cell.add(Quarter(2), Side::Metered, tally(50, 2));
        assert!(cell.derive_unattributed().is_empty());
        cell.add(Quarter(2), Side::Metered, tally(7, 2));
        cell.add(Quarter(4), Side::Known, tally(9, 4));
        cell.add(Quarter(4), Side::Metered, tally(9, 4));
        cell.derive_unattributed();
        assert_eq!(outputs(&cell, Side::Unattributed), [(2, 7)]);
    }

    /// Scenario: events of a metrics-only session arrive after all.
    /// Guarantees: what was unattributed is taken back, nothing is counted twice.
    #[test]
    fn events_that_follow_replace_the_unattributed_part() {
        let mut cell = Cell::default();
        cell.add(Quarter(1), Side::Metered, tally(30, 1));
        cell.derive_unattributed();
        cell.add(Quarter(1), Side::Known, tally(30, 1));
        assert_eq!(cell.derive_unattributed().len(), 1);
        assert!(cell.remainder().is_zero());
    }

    proptest! {
        /// Scenario: any sums of requests and metrics over any quarters.
        /// Guarantees: the unattributed part is exactly what metrics know more in all, and in no span from the
        /// beginning more than metrics told there.
        #[test]
        fn the_unattributed_part_is_exactly_the_excess(
            known in prop::collection::vec((0_i64..8, 0_u64..100), 0..12),
            metered in prop::collection::vec((0_i64..8, 0_u64..100), 0..12),
        ) {
            let mut cell = Cell::default();
            for (quarter, output) in &known {
                cell.add(Quarter(*quarter), Side::Known, tally(*output, *quarter));
            }
            for (quarter, output) in &metered {
                cell.add(Quarter(*quarter), Side::Metered, tally(*output, *quarter));
            }
            cell.derive_unattributed();
            let sum = |rows: &[(i64, u64)]| rows.iter().map(|row| row.1).sum::<u64>();
            prop_assert_eq!(
                cell.remainder().tokens.output,
                sum(&metered).saturating_sub(sum(&known))
            );
            prop_assert!(cell.derive_unattributed().is_empty());
            for end in 0..8 {
                let told: u64 = metered.iter().filter(|row| row.0 <= end).map(|row| row.1).sum();
                let loose = outputs(&cell, Side::Unattributed);
                prop_assert!(loose.iter().filter(|row| row.0 <= end).map(|row| row.1).sum::<u64>() <= told);
            }
        }
    }
}
