//! Where the client's own sums are not what is counted request by request.

use std::{collections::BTreeSet, time::Duration};

use plimsoll_domain::{Timestamp, Tokens};

use super::{
    super::case::{Case, Place, Stated},
    Losses,
};
use crate::{Balance, Difference, Reason, Teller};

/// A client writes its sums right after its last request; they bear the time of the line before.
const SHORTLY: Duration = Duration::from_secs(10);

type Reasons = BTreeSet<Reason>;

/// Whether the client wrote its own sums at its end, and they hold all that is counted.
pub(super) fn ended_normally(case: &Case) -> bool {
    let stated = case.stated.values().map(|stated| stated.at).max();
    let holds = |model: i64| {
        let stated = case.stated.get(&model).map_or(Tokens::ZERO, |stated| stated.told.tokens);
        case.counted(model).minus(stated).is_zero()
    };
    stated.is_some_and(|at: Timestamp| at.after(SHORTLY) >= case.recount.last_at)
        && case.cells.keys().all(|(model, _)| holds(*model))
}

/// Where the client's own sum over a model is not what is counted of it. `metered`: where metrics tell more or less
/// of that model.
pub(super) fn difference(
    case: &Case,
    (model, stated): (i64, &Stated),
    metered: &[Difference],
    losses: &Losses,
) -> Option<Difference> {
    let told = stated.told.tokens;
    let all = Balance::of(told, case.counted(model));
    // Sums that were written before the last requests cannot hold these.
    let until = Balance::of(told, stated.until);
    let balance = if all.size() <= until.size() { all } else { until };
    if balance.is_zero() {
        return None;
    }
    let loose = case.unattributed(model);
    let known = metered.iter().filter(|one| !loose.is_zero() && !one.tokens.more().is_zero());
    let mut reasons: Reasons = known.flat_map(|one| one.reasons.clone()).collect();
    let rest = balance.plus(Balance::of(Tokens::ZERO, loose));
    match explain(case, stated, rest, (metered, losses)) {
        Some(found) => reasons.extend(found),
        None => reasons.clear(),
    }
    Some(Difference { reasons, ..super::difference(Teller::Client, balance) })
}

/// Why the client's sums are not what is counted and what only metrics know.
fn explain(
    case: &Case,
    stated: &Stated,
    rest: Balance,
    (metered, losses): (&[Difference], &Losses),
) -> Option<Reasons> {
    if stated.forked {
        return Some(Reasons::from([Reason::ForkIncludesAncestor]));
    }
    let mut reasons = Reasons::new();
    if !rest.more().is_zero() {
        reasons.extend(beyond(case, rest.more(), (metered, losses))?);
    }
    if !rest.less().is_zero() {
        // One of several processes did not live to write its sums.
        let several = case.processes > 1 || !case.has_events;
        reasons.extend(several.then_some(Reason::Killed).map(|killed| Reasons::from([killed]))?);
    }
    Some(reasons)
}

/// Why the client states more than all other witnesses know. Whatever was asked of a model gave output.
fn beyond(
    case: &Case,
    more: Tokens,
    (metered, losses): (&[Difference], &Losses),
) -> Option<Reasons> {
    if more.output == 0 {
        return None;
    }
    let lost = [Place::Gap, Place::Before, Place::SoonAfter, Place::LongAfter];
    let lost = lost.into_iter().filter(|place| case.missing_events(*place) > 0);
    let mut reasons: Reasons = lost.map(|place| losses.reason(place)).collect::<Option<_>>()?;
    let short = metered.iter().filter(|one| !one.tokens.less().is_zero());
    reasons.extend(short.flat_map(|one| one.reasons.clone()));
    if !case.missed.is_empty() {
        reasons.insert(Reason::ReceiverMissed);
    }
    if !reasons.is_empty() {
        return Some(reasons);
    }
    match (case.has_events, case.row.has_metrics) {
        (false, false) if more.total() > more.output => Some(Reasons::from([Reason::SideRequests])),
        (_, false) => Some(Reasons::from([Reason::Aborted])),
        (_, true) => None,
    }
}
