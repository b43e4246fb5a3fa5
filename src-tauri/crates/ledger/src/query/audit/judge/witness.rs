//! Where events, metrics and transcripts tell otherwise than what is counted request by request.

use std::collections::BTreeSet;

use plimsoll_domain::{QuerySource, Tokens};

use super::{
    super::case::{Case, Cell, Lack, Place, Sum},
    Losses, difference, end, fits,
};
use crate::{Difference, Reason, Teller, books::CellKey};

/// The client's first version whose metrics count every stream once.
const COUNTS_ONCE: (u64, u64, u64) = (2, 1, 214);

/// What events do not tell as it is counted.
pub(super) fn events(case: &Case, cell: &Cell, losses: &Losses) -> Option<Difference> {
    lacking(Teller::Events, &cell.events, losses).filter(|_| case.has_events)
}

/// What transcripts do not tell as it is counted.
pub(super) fn transcripts(case: &Case, cell: &Cell, losses: &Losses) -> Option<Difference> {
    lacking(Teller::Transcripts, &cell.transcripts, losses).filter(|_| case.row.has_transcript)
}

fn lacking(teller: Teller, lack: &Lack, losses: &Losses) -> Option<Difference> {
    let missing = lack.missing().requests;
    if missing == 0 && lack.disputed() == 0 {
        return None;
    }
    let mut reasons: Option<BTreeSet<_>> =
        lack.missing.keys().map(|place| losses.reason(*place)).collect();
    if lack.disputed.requests > 0 {
        reasons = None;
    }
    if lack.disputed_unfinished.requests > 0
        && let Some(reasons) = &mut reasons
    {
        reasons.insert(Reason::Aborted);
    }
    Some(Difference {
        missing: Some(missing),
        disputed: lack.disputed(),
        reasons: reasons.unwrap_or_default(),
        ..difference(teller, lack.balance())
    })
}

/// What metrics tell more or less than is counted, where requests are told of at all.
pub(super) fn metrics(
    case: &Case,
    (key, cell): (CellKey, &Cell),
    losses: &Losses,
) -> Option<Difference> {
    let balance = cell.metered_balance();
    let tells_requests = case.has_events || case.row.has_transcript;
    if !case.row.has_metrics || !tells_requests || balance.is_zero() {
        return None;
    }
    let (more, less) = (balance.more(), balance.less());
    let mut reasons = Some(BTreeSet::new());
    for part in [
        (!more.is_zero()).then(|| surplus(case, key.1, more)),
        (!less.is_zero()).then(|| shortfall(case, cell, less, losses)),
    ]
    .into_iter()
    .flatten()
    {
        reasons = reasons.zip(part).map(|(all, part)| &all | &part);
    }
    let reasons = reasons.unwrap_or_default();
    Some(Difference { reasons, ..difference(Teller::Metrics, balance) })
}

/// Why metrics know more. Whatever was asked of a model gave output, and of an aborted answer the rest may be told.
fn surplus(case: &Case, source: QuerySource, more: Tokens) -> Option<BTreeSet<Reason>> {
    let whole = more.total() > more.output;
    let reason = match source {
        _ if more.output == 0 => return None,
        QuerySource::Auxiliary if whole => Reason::SideRequests,
        _ if whole && is_old(case) => Reason::OldClientCountedTwice,
        _ if !case.row.has_transcript && !case.missed.is_empty() => Reason::ReceiverMissed,
        _ => Reason::Aborted,
    };
    Some(BTreeSet::from([reason]))
}

/// Why metrics know less: they never told of the end, or not of requests of which no event tells either, or they
/// were lost with events.
fn shortfall(case: &Case, cell: &Cell, less: Tokens, losses: &Losses) -> Option<BTreeSet<Reason>> {
    let end = || BTreeSet::from([end(case, case.metered_at)]);
    if fits(less, cell.unmetered.tokens) {
        return Some(end());
    }
    let lost = [Place::Gap, Place::Before, Place::SoonAfter, Place::LongAfter];
    let lost = cell.events.missing.iter().filter(|(place, _)| lost.contains(place));
    let with_events = Sum::total(lost.clone().map(|(_, sum)| *sum));
    if fits(less, cell.unmetered.plus(with_events).tokens) {
        let mut reasons: BTreeSet<_> =
            lost.map(|(place, _)| losses.reason(*place)).collect::<Option<_>>()?;
        if cell.unmetered.requests > 0 {
            reasons.extend(end());
        }
        return Some(reasons);
    }
    (!case.missed.is_empty()).then(|| BTreeSet::from([Reason::ReceiverMissed]))
}

/// Whether the client's metrics counted some streams more than once.
fn is_old(case: &Case) -> bool {
    let Some(version) = &case.row.client_version else { return false };
    let mut numbers = version.split(['.', '-', ' ']).map(|part| part.parse::<u64>().ok());
    let mut next = || numbers.next().flatten();
    let (Some(major), Some(minor), Some(patch)) = (next(), next(), next()) else { return false };
    (major, minor, patch) < COUNTS_ONCE
}
