//! Which request wrote a compaction's summary.

use std::{sync::Arc, time::Duration};

use plimsoll_domain::{NanoUsd, Timestamp};

/// It ends at most so long before the compaction does.
const LONGEST: Duration = Duration::from_secs(10 * 60);
/// The clocks of two witnesses may differ by so much.
pub(super) const SLACK: Duration = Duration::from_secs(2);

/// A request that wrote a summary.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Summary {
    pub(super) at: Timestamp,
    /// Its permanent name.
    pub(super) request: Arc<str>,
    pub(super) cost: Option<NanoUsd>,
    pub(super) duration_ms: Option<u64>,
}

/// The summaries of a session that belong to no compaction yet, in order of time.
#[derive(Debug, Default)]
pub(super) struct Summaries(Vec<Summary>);

impl Summaries {
    /// One more was written.
    pub(super) fn add(&mut self, summary: Summary) {
        self.0.retain(|known| summary.at.since(known.at) <= LONGEST);
        self.0.push(summary);
    }

    /// The last one before a compaction, after the one that its cycle began with.
    pub(super) fn take(
        &mut self,
        compacted: Timestamp,
        began: Option<Timestamp>,
    ) -> Option<Summary> {
        let last = self.0.iter().rposition(|known| {
            compacted.since(known.at) <= LONGEST && began.is_none_or(|began| known.at > began)
        });
        last.map(|place| self.0.remove(place))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seconds(seconds: i64) -> Timestamp {
        Timestamp::from_millis(seconds * 1_000)
    }

    fn taken(written: &[i64], compactions: &[(i64, Option<i64>)]) -> Vec<Option<i64>> {
        let mut summaries = Summaries::default();
        for at in written {
            let (at, request) = (seconds(*at), at.to_string().into());
            summaries.add(Summary { at, request, cost: None, duration_ms: None });
        }
        let take = |(at, began): &(i64, Option<i64>)| {
            let summary = summaries.take(seconds(*at), began.map(seconds))?;
            summary.request.parse().ok()
        };
        compactions.iter().map(take).collect()
    }

    /// Scenario: summaries before one compaction; of two compactions at a time; of long ago; of a former cycle.
    /// Guarantees: the last one belongs to the compaction, each to one only; what is too old or of another cycle to
    /// none.
    #[test]
    fn a_summary_belongs_to_one_compaction() {
        assert_eq!(taken(&[90, 95], &[(96, None)]), [Some(95)]);
        assert_eq!(
            taken(&[95, 96], &[(97, None), (98, None), (99, None)]),
            [Some(96), Some(95), None]
        );
        assert_eq!(taken(&[100], &[(700, None)]), [Some(100)]);
        assert_eq!(taken(&[100], &[(701, None)]), [None]);
        assert_eq!(taken(&[100], &[(300, Some(100))]), [None]);
    }
}
