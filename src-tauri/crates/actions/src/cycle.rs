//! How long an alert or a warning matters.

use std::time::Duration;

use plimsoll_domain::{Alert, Timestamp, Warning, WarningKind};
use plimsoll_watch::{Snapshot, State};

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

/// Whether the alert's thread began a cycle since, however full it is by now. Of a session that several processes go on
/// with, that of another counts too: nobody tells which of them the next hook is of.
pub(crate) fn has_begun_anew(alert: &Alert, snapshot: &Snapshot) -> bool {
    Known::of(alert, snapshot).gauge.is_some_and(|gauge| gauge.cycle > alert.at)
}

/// Whether what a warning says is no longer so, or was of the moment only.
pub(crate) fn is_past(warning: &Warning, snapshot: &Snapshot, now: Timestamp) -> bool {
    let works_silently = || {
        let mut sessions = snapshot.sessions.iter();
        let view = sessions.find(|view| Some(&view.session) == warning.session.as_ref());
        view.is_some_and(|view| view.state == State::Working && view.source.lack.is_some())
    };
    match warning.kind {
        WarningKind::FiveHourLimit | WarningKind::SevenDayLimit => warning.period <= now,
        WarningKind::DailyCost => warning.period != snapshot.today.from,
        WarningKind::Silent => !works_silently(),
        WarningKind::Errors | WarningKind::CacheBreak => now.since(warning.at) > FRESH,
    }
}
