//! Who shows that what did not arrive held no request.
//!
//! What was lost took the events and the delta metrics of the same requests with it, and transcripts do not tell of all
//! that is asked beside the conversation. So only sums that reach over the loss show that nothing is missing.

use std::collections::BTreeSet;

use plimsoll_domain::Timestamp;

use super::{super::case::Case, client};
use crate::{Difference, MissedEvents, Teller};

/// Events that did not arrive, with who shows that no request is missing for them.
pub(super) fn closed(case: &Case, differences: &[Difference]) -> Vec<MissedEvents> {
    let close = |missed: &MissedEvents| MissedEvents {
        closed_by: shown(case, differences, missed.until),
        ..missed.clone()
    };
    case.missed.iter().map(close).collect()
}

/// Whether a prompt may have been answered in part, and nobody shows the contrary.
pub(super) fn unanswered(case: &Case, differences: &[Difference]) -> bool {
    case.unanswered_until.is_some_and(|until| shown(case, differences, until).is_empty())
}

/// Whose sums hold everything up to a time, and no more than is counted.
fn shown(case: &Case, differences: &[Difference], until: Timestamp) -> BTreeSet<Teller> {
    let agrees = |teller| !differences.iter().any(|one| one.teller == teller);
    let counts_on = case.row.has_metrics && !case.has_deltas && case.pruned.requests == 0;
    let shown = [
        (Teller::Metrics, counts_on && case.metered_at >= until && agrees(Teller::Metrics)),
        (Teller::Client, client::ended_normally(case) && agrees(Teller::Client)),
    ];
    shown.into_iter().filter_map(|(teller, shows)| shows.then_some(teller)).collect()
}
