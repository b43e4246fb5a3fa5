//! Spans of time and the steps that reports divide them into. Pure.

use std::{collections::BTreeMap, time::Duration};

use plimsoll_domain::{Calendar, Quarter, Timestamp};
use plimsoll_ledger::Usage;

/// Steps without use are shown as zero in reports of at most so many steps; longer ones leave them out.
const MOST_FILLED: usize = 400;

const DAY: Duration = Duration::from_secs(86_400);

/// A span of time, never empty.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Span {
    /// Its first moment.
    pub(crate) from: Timestamp,
    /// The first moment after it.
    pub(crate) to: Timestamp,
}

impl Span {
    /// The span of whole quarters that holds this one: what the roll-ups can tell.
    pub(crate) fn in_quarters(self) -> Self {
        let last = Quarter::of(Timestamp::from_stored(self.to.nanos() - 1));
        Self { from: Quarter::of(self.from).start(), to: Quarter(last.0 + 1).start() }
    }

    /// Its length.
    pub(crate) fn length(self) -> Duration {
        self.to.since(self.from)
    }
}

/// What a report by time counts by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Step {
    /// Quarter hours.
    Quarter,
    /// Clock hours of a time zone.
    Hour,
    /// Days of a time zone.
    Day,
}

impl Step {
    /// The longest span that may be divided so, so that no report has more than about 5,000 lines.
    pub(crate) fn longest(self) -> Duration {
        match self {
            Self::Quarter => DAY * 32,
            Self::Hour => DAY * 200,
            Self::Day => Self::LONGEST_OF_ALL,
        }
    }

    /// The longest span of any report: ten years.
    pub(crate) const LONGEST_OF_ALL: Duration = DAY.saturating_mul(3_660);

    /// Start of the step that holds a time.
    pub(crate) fn start(self, calendar: &Calendar, time: Timestamp) -> Timestamp {
        match self {
            Self::Quarter => Quarter::of(time).start(),
            Self::Hour => calendar.hour_start(time),
            Self::Day => calendar.day_start(time),
        }
    }

    /// Start of the step after the one that starts at `start`.
    fn next(self, calendar: &Calendar, start: Timestamp) -> Timestamp {
        let quarter = |n: i64| Timestamp::from_stored(start.nanos() + n * Quarter::NANOS);
        match self {
            Self::Quarter => quarter(1),
            // A clock hour is two hours long where the clock is set back by one, and half an hour where it is
            // set by half an hour.
            Self::Hour => {
                let mut starts = (1..=8).map(|n| calendar.hour_start(quarter(n)));
                starts.find(|next| *next > start).unwrap_or(quarter(4))
            }
            Self::Day => calendar.next_day_start(start),
        }
    }

    /// The starts of the steps of a span; `None` when they are more than [`MOST_FILLED`].
    fn starts(self, calendar: &Calendar, span: Span) -> Option<Vec<Timestamp>> {
        let mut starts = Vec::new();
        let mut start = self.start(calendar, span.from);
        while start < span.to {
            if starts.len() == MOST_FILLED {
                return None;
            }
            starts.push(start);
            let next = self.next(calendar, start);
            // At the end of representable time there is no next step.
            if next <= start {
                break;
            }
            start = next;
        }
        Some(starts)
    }
}

/// Sums quarters up by step, in order of time, with zeros for the steps of `span` without use.
pub(crate) fn by_step(
    quarters: impl IntoIterator<Item = (Quarter, Usage)>,
    step: Step,
    calendar: &Calendar,
    span: Span,
) -> Vec<(Timestamp, Usage)> {
    let starts = step.starts(calendar, span).unwrap_or_default();
    let mut sums: BTreeMap<Timestamp, Usage> =
        starts.into_iter().map(|start| (start, Usage::default())).collect();
    for (quarter, usage) in quarters {
        let sum = sums.entry(step.start(calendar, quarter.start())).or_default();
        *sum = sum.plus(usage);
    }
    sums.into_iter().collect()
}

#[cfg(test)]
mod tests {
    use plimsoll_domain::calendar::{parse_rfc3339, rfc3339};

    use super::*;

    fn at(text: &str) -> Timestamp {
        parse_rfc3339(text).unwrap()
    }

    fn span(from: &str, to: &str) -> Span {
        Span { from: at(from), to: at(to) }
    }

    fn requests(requests: u64) -> Usage {
        Usage { requests, ..Usage::default() }
    }

    /// Scenario: a span that begins and ends within quarters, and one that ends on a quarter.
    /// Guarantees: the whole quarters that hold it, and no further one.
    #[test]
    fn a_span_is_widened_to_quarters() {
        let widened = span("2026-11-23T04:43:43Z", "2026-11-23T05:00:01Z").in_quarters();
        assert_eq!(widened, span("2026-11-23T04:30:00Z", "2026-11-23T05:15:00Z"));
        let whole = span("2026-11-23T04:30:00Z", "2026-11-23T05:00:00Z");
        assert_eq!(whole.in_quarters(), whole);
    }

    /// Scenario: the two days around each change of the clock, in Berlin and on Lord Howe (half an hour).
    /// Guarantees: every quarter falls into a step that the walk over the span lists, days are as long as on
    /// the wall, and the sums hold every quarter once.
    #[test]
    fn no_quarter_is_lost_when_the_clock_changes() {
        for (zone, from, to, days, hours) in [
            ("Europe/Berlin", "2026-03-27T23:00:00Z", "2026-03-29T22:00:00Z", 2, 47),
            ("Europe/Berlin", "2026-10-23T22:00:00Z", "2026-10-25T23:00:00Z", 2, 49),
            ("Australia/Lord_Howe", "2026-04-03T13:00:00Z", "2026-04-05T13:30:00Z", 2, 49),
            ("Asia/Kathmandu", "2026-11-21T18:15:00Z", "2026-11-23T18:15:00Z", 2, 48),
        ] {
            let calendar = Calendar::named(zone).unwrap();
            let span = span(from, to);
            let first = Quarter::of(span.from).0;
            let count = i64::try_from(span.length().as_secs() / 900).unwrap();
            let quarters: Vec<_> =
                (first..first + count).map(|n| (Quarter(n), requests(1))).collect();
            for (step, expected) in [(Step::Day, days), (Step::Hour, hours)] {
                let listed = step.starts(&calendar, span).unwrap();
                let sums = by_step(quarters.clone(), step, &calendar, span);
                assert_eq!(listed, sums.iter().map(|(start, _)| *start).collect::<Vec<_>>());
                assert_eq!(sums.len(), expected, "{zone} {from} {step:?}");
                let total: u64 = sums.iter().map(|(_, usage)| usage.requests).sum();
                assert_eq!(total, quarters.len() as u64);
            }
        }
    }

    /// Scenario: one busy quarter in a day by hour, and in two years by day.
    /// Guarantees: the day has a line for each hour; the years have a line for the busy day only.
    #[test]
    fn gaps_are_zero_in_short_reports_only() {
        let utc = Calendar::utc();
        let busy = [(Quarter::of(at("2026-11-23T04:43:43Z")), requests(3))];
        let day = span("2026-11-23T00:00:00Z", "2026-11-24T00:00:00Z");
        let hours = by_step(busy, Step::Hour, &utc, day);
        assert_eq!(hours.len(), 24);
        assert_eq!(hours[4], (at("2026-11-23T04:00:00Z"), requests(3)));
        assert_eq!(hours[5].1, Usage::default());

        let years = span("2025-01-01T00:00:00Z", "2027-01-01T00:00:00Z");
        let days = by_step(busy, Step::Day, &utc, years);
        assert_eq!(days.len(), 1);
        assert_eq!(rfc3339(days[0].0), "2026-11-23T00:00:00.000Z");
    }
}
