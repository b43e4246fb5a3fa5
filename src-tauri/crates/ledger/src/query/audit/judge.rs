//! What follows from what the witnesses tell: differences, their reasons, the verdict. Pure.
//!
//! A reason is given only where the numbers allow it: an aborted answer has output, what was lost at the end lies at
//! the end, and a gap explains no more requests than events are missing in it.

mod client;
mod proof;
mod witness;

use std::collections::BTreeSet;

use plimsoll_domain::{Model, NanoUsd, SessionId, Timestamp};

use super::{
    Models,
    case::{Case, Cell, Place, Sum},
    load::QUIET,
};
use crate::{
    AuditLine, Balance, Difference, MissedEvents, PriceCheck, Reason, SessionAudit, Shown, Sides,
    StatedTotal, Teller, Told, Verdict, books::CellKey,
};

/// Why requests are not told of, by where they lie.
#[derive(Debug, Clone, Copy)]
pub(super) struct Losses {
    in_flight: bool,
    in_gap: Option<Reason>,
    at_end: Reason,
}

impl Losses {
    fn of(case: &Case, in_flight: bool) -> Self {
        let gone = case.missed.iter().map(MissedEvents::count).fold(0, u64::saturating_add);
        let at_end = match case.missing_events(Place::LongAfter) {
            0 => end(case, case.recount.last_at),
            _ => Reason::TelemetryStopped,
        };
        let in_gap = (case.missing_events(Place::Gap) <= gone).then_some(Reason::ReceiverMissed);
        Self { in_flight, in_gap, at_end }
    }

    /// Why no event tells of a session.
    pub(super) fn silent(&self, case: &Case) -> Reason {
        match (self.in_flight, case.row.has_metrics) {
            (true, _) => Reason::InFlight,
            (false, true) => Reason::LogsOff,
            (false, false) => Reason::TelemetryNever,
        }
    }

    /// Why a request at this place is not told of; `None` where nobody knows.
    pub(super) fn reason(&self, place: Place) -> Option<Reason> {
        match place {
            _ if self.in_flight => Some(Reason::InFlight),
            Place::Amidst => None,
            Place::Unfinished => Some(Reason::Aborted),
            Place::Gap => self.in_gap,
            Place::Before => Some(Reason::TelemetryLate),
            Place::SoonAfter => Some(self.at_end),
            Place::LongAfter => Some(Reason::TelemetryStopped),
            Place::NoFile => Some(Reason::TranscriptMissing),
        }
    }
}

/// Why the last data of a session are missing, which told of it until `told_until`: a client that wrote its own sums
/// ended normally, and one that was killed loses less than two minutes.
fn end(case: &Case, told_until: Timestamp) -> Reason {
    if client::ended_normally(case) {
        return Reason::ReceiverMissed;
    }
    match case.recount.last_at.since(told_until) <= QUIET {
        true => Reason::Killed,
        false => Reason::TelemetryStopped,
    }
}

/// Judges a session.
pub(super) fn session(
    case: &Case,
    models: &Models,
    prices: Vec<PriceCheck>,
    now: Timestamp,
) -> (SessionAudit, Losses) {
    let in_flight =
        now.since(case.row.last_arrival) < QUIET && !case.ended && !client::ended_normally(case);
    let losses = Losses::of(case, in_flight);
    let mut differences = differences(case, models, &losses);
    if in_flight {
        let witnesses = differences.iter_mut().filter(|one| one.teller != Teller::Books);
        witnesses.for_each(|one| one.reasons = BTreeSet::from([Reason::InFlight]));
    }
    let missed = proof::closed(case, &differences);
    let unanswered = proof::unanswered(case, &differences);
    let verdict =
        verdict(case, &differences, unanswered || missed.iter().any(MissedEvents::is_open));
    let mut reasons =
        reasons(case, (&differences, &prices), in_flight && verdict != Verdict::Exact);
    reasons.extend((unanswered && !in_flight).then_some(Reason::Unanswered));
    let row = &case.row;
    let audit = SessionAudit {
        session: (!row.name.is_empty()).then(|| SessionId::new(row.name.clone())),
        project: row.project.clone(),
        client_version: row.client_version.clone(),
        first_at: row.first_at,
        last_at: row.last_at,
        last_arrival: row.last_arrival,
        lines: lines(case, models),
        stated: stated(case, models),
        shown: case.shown.clone().map(|(model, shown)| Shown {
            model: model.and_then(|model| models.get(&model).cloned()),
            ..shown
        }),
        differences,
        missed,
        copies: case.copies,
        unfinished: case.recount.unfinished,
        pruned: case.pruned.requests,
        prices,
        lone: Vec::new(),
        reasons,
        verdict,
    };
    (audit, losses)
}

fn differences(case: &Case, models: &Models, losses: &Losses) -> Vec<Difference> {
    let mut all = Vec::new();
    for (key, cell) in &case.cells {
        let place = |found: Difference| Difference {
            model: models.get(&key.0).cloned(),
            source: Some(key.1),
            ..found
        };
        let found = [
            witness::events(case, cell, losses),
            witness::metrics(case, (*key, cell), losses),
            witness::transcripts(case, cell, losses),
            loose(cell),
        ];
        all.extend(found.into_iter().flatten().map(place));
    }
    for (model, stated) in &case.stated {
        let name = models.get(model).cloned();
        let of_metrics = |one: &&Difference| one.teller == Teller::Metrics && one.model == name;
        let metered: Vec<_> = all.iter().filter(of_metrics).cloned().collect();
        let found = client::difference(case, (*model, stated), &metered, losses);
        all.extend(found.map(|found| Difference { model: name, ..found }));
    }
    all.extend(recounted(case));
    all
}

/// A difference of which nothing but the amount is known.
fn difference(teller: Teller, tokens: Balance) -> Difference {
    Difference {
        teller,
        model: None,
        source: None,
        tokens,
        missing: None,
        disputed: 0,
        reasons: BTreeSet::new(),
    }
}

/// The unattributed part of the books, where it is not what metrics know more.
fn loose(cell: &Cell) -> Option<Difference> {
    let balance = Balance::of(cell.unattributed.tokens, cell.metered_balance().more());
    (!balance.is_zero()).then(|| difference(Teller::Books, balance))
}

/// The books, where they are not what the rows of requests add up to.
fn recounted(case: &Case) -> Option<Difference> {
    let booked = Sum::total(case.cells.values().map(|cell| cell.counted));
    let counted = case.recount.sum.plus(case.pruned);
    let balance = Balance::of(booked.tokens, counted.tokens);
    let missing = counted.requests.abs_diff(booked.requests);
    (!balance.is_zero() || missing > 0)
        .then(|| Difference { missing: Some(missing), ..difference(Teller::Books, balance) })
}

/// `open`: something is missing, and nobody shows that it held no request.
fn verdict(case: &Case, differences: &[Difference], open: bool) -> Verdict {
    let row = &case.row;
    let tells = [case.has_events, row.has_metrics, row.has_transcript, !case.stated.is_empty()];
    let agree = differences.is_empty() && !open;
    match tells.into_iter().filter(|tells| *tells).count() {
        _ if differences.iter().any(|one| one.reasons.is_empty()) => Verdict::Unexplained,
        2.. if agree => Verdict::Exact,
        _ => Verdict::Explained,
    }
}

fn reasons(
    case: &Case,
    (differences, prices): (&[Difference], &[PriceCheck]),
    in_flight: bool,
) -> BTreeSet<Reason> {
    let mut all: BTreeSet<_> = differences.iter().flat_map(|one| one.reasons.clone()).collect();
    if prices.iter().any(PriceCheck::drifts) {
        all.insert(Reason::PriceDrift);
    }
    if in_flight {
        all.insert(Reason::InFlight);
        return all;
    }
    if !case.missed.is_empty() {
        all.insert(Reason::ReceiverMissed);
    }
    all.extend(silent(case));
    all
}

/// Why a witness never told of the session.
fn silent(case: &Case) -> Vec<Reason> {
    let row = &case.row;
    let telemetry = match (case.has_events, row.has_metrics) {
        (true, true) => None,
        (true, false) => Some(Reason::MetricsOff),
        (false, true) => Some(Reason::LogsOff),
        (false, false) => Some(Reason::TelemetryNever),
    };
    let transcript = (!row.has_transcript).then_some(Reason::TranscriptMissing);
    telemetry.into_iter().chain(transcript).collect()
}

fn lines(case: &Case, models: &Models) -> Vec<AuditLine> {
    let mut lines: Vec<_> =
        case.cells.iter().filter_map(|(key, cell)| line(case, (*key, cell), models)).collect();
    lines.sort_by(|one, other| (&one.model, one.source).cmp(&(&other.model, other.source)));
    lines
}

fn line(case: &Case, (key, cell): (CellKey, &Cell), models: &Models) -> Option<AuditLine> {
    let (model, source) = key;
    let told = |sum: Sum, cost: Option<NanoUsd>| Told {
        requests: Some(sum.requests),
        tokens: sum.tokens,
        cost,
    };
    let (events, counted, loose) = (cell.by_events(), cell.counted, cell.unattributed);
    let told = Sides {
        events: case.has_events.then(|| told(events, Some(events.cost))),
        metrics: case.row.has_metrics.then_some(Told {
            requests: None,
            tokens: cell.metered.tokens,
            cost: Some(cell.metered.cost),
        }),
        transcripts: case.row.has_transcript.then(|| told(cell.by_transcripts(source), None)),
        counted: told(counted, Some(counted.cost).filter(|_| cell.is_priced())),
        unattributed: Told {
            requests: None,
            tokens: loose.tokens,
            cost: Some(loose.cost).filter(|cost| *cost != NanoUsd::ZERO),
        },
    };
    Some(AuditLine { model: models.get(&model)?.clone(), source, told })
}

fn stated(case: &Case, models: &Models) -> Vec<StatedTotal> {
    let named = |(model, stated): (&i64, &super::case::Stated)| {
        let model: Model = models.get(model)?.clone();
        Some(StatedTotal { model, at: stated.at, told: stated.told })
    };
    let mut all: Vec<_> = case.stated.iter().filter_map(named).collect();
    all.sort_by(|one, other| one.model.cmp(&other.model));
    all
}
