//! How long an alert matters.

use std::time::Duration;

use plimsoll_domain::{Alert, Timestamp};
use plimsoll_watch::Snapshot;

use crate::known::Known;

/// What happened longer ago than this (event time) is not shown any more.
pub(crate) const FRESH: Duration = Duration::from_secs(2 * 60);

pub(crate) fn is_fresh(alert: &Alert, now: Timestamp) -> bool {
    now.since(alert.at) <= FRESH
}

/// Whether what an alert says is no longer so: its thread was compacted, cleared or began anew since, or has
/// left.
pub(crate) fn is_over(alert: &Alert, snapshot: &Snapshot, now: Timestamp) -> bool {
    if Some(snapshot.revision) < alert.revision {
        return false;
    }
    match Known::of(alert, snapshot).gauge {
        // Another of the session's processes may be shown, with a cycle of its own; but what is fuller than the alert
        // says makes it no less true.
        Some(gauge) => gauge.cycle > alert.at && gauge.occupancy < alert.occupancy,
        // Only the fullest subagents are listed: one that spoke just now may be missing.
        None => !is_fresh(alert, now),
    }
}
