//! Where events, metrics and transcripts tell otherwise than what is counted request by request.

use std::collections::BTreeSet;

use plimsoll_domain::{QuerySource, Tokens};

use super::{
    super::case::{Case, Cell, Lack, Place, Sum},
    Losses, difference, end,
};
use crate::{Balance, Difference, Reason, Teller, books::CellKey};

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
    let reasons = match balance.less().is_zero() {
        true => surplus(case, key.1, balance.more()),
        false => shortfall(case, (key, cell), balance, losses),
    };
    Some(Difference {
        reasons: reasons.unwrap_or_default(),
        ..difference(Teller::Metrics, balance)
    })
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

/// Why metrics know less: they never told of the end, or not of requests of which no event tells either, or what they
/// told amidst was lost. What explains it to the token goes first; what metrics then know more of the rest needs a
/// reason of its own.
fn shortfall(
    case: &Case,
    (key, cell): (CellKey, &Cell),
    balance: Balance,
    losses: &Losses,
) -> Option<BTreeSet<Reason>> {
    let unread = cell.unmetered.plus(cell.unread);
    let with_unfinished = unread.plus(cell.unread_unfinished);
    // No reading covers any request: their times are of different clocks, or all readings were lost.
    let is_apart = with_unfinished.requests >= cell.counted.requests;
    let end = |lost: Sum| -> BTreeSet<_> {
        (lost.requests > 0).then(|| end(case, case.metered_at)).into_iter().collect()
    };
    let late = end(cell.unmetered);
    let amidst = &late | &BTreeSet::from([Reason::MetricsMissed]);
    let last = Some(cell.last).filter(|last| is_apart && last.requests < cell.counted.requests);
    let by_time =
        [(cell.unmetered, late.clone()), (unread, amidst.clone()), (with_unfinished, amidst)];
    let with_events =
        lost_with_events(cell, losses).map(|(lost, why)| (cell.unmetered.plus(lost), &late | &why));
    let others = with_events.into_iter().chain(last.map(|last| (last, end(last))));
    let rest = |lost: Sum| balance.plus(Balance::of(lost.tokens, Tokens::ZERO));
    let to_the_token = || {
        let mut all =
            by_time[..1].iter().cloned().chain(others).chain(by_time[1..].iter().cloned());
        all.find(|(lost, _)| rest(*lost).is_zero()).map(|(_, why)| why)
    };
    let beyond = || {
        let left = by_time.iter().filter(|(lost, _)| !is_apart && rest(*lost).less().is_zero());
        left.filter_map(|(lost, why)| Some(&surplus(case, key.1, rest(*lost).more())? | why)).next()
    };
    let missed = || (!case.missed.is_empty()).then(|| BTreeSet::from([Reason::ReceiverMissed]));
    to_the_token().or_else(beyond).or_else(missed)
}

/// The requests that were lost with their events, and why.
fn lost_with_events(cell: &Cell, losses: &Losses) -> Option<(Sum, BTreeSet<Reason>)> {
    let lost = [Place::Gap, Place::Before, Place::SoonAfter, Place::LongAfter];
    let lost = cell.events.missing.iter().filter(|(place, _)| lost.contains(place));
    let why = lost.clone().map(|(place, _)| losses.reason(*place)).collect::<Option<_>>()?;
    Some((Sum::total(lost.map(|(_, sum)| *sum)), why))
}

/// Whether the client's metrics counted some streams more than once.
fn is_old(case: &Case) -> bool {
    let Some(version) = &case.row.client_version else { return false };
    let mut numbers = version.split(['.', '-', ' ']).map(|part| part.parse::<u64>().ok());
    let mut next = || numbers.next().flatten();
    let (Some(major), Some(minor), Some(patch)) = (next(), next(), next()) else { return false };
    (major, minor, patch) < COUNTS_ONCE
}
