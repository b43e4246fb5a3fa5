//! The audit on the wire.

pub(super) mod session;

use std::collections::BTreeSet;

use plimsoll_ledger as ledger;
use serde::Serialize;

use super::{Time, usage::Tokens};

use session::SessionAudit;

/// What every witness tells of the same use, and what that says of the books.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(test, derive(ts_rs::TS))]
pub(crate) struct Audit<'a> {
    as_of: Time,
    verdict: Verdict,
    /// The verdict in one sentence.
    sentence: String,
    counts: Counts,
    /// Use over all audited sessions by model and part of the client.
    lines: Vec<Line<'a>>,
    /// Over all audited sessions and models.
    total: Sides,
    /// Every reason that any audited session has.
    reasons: Vec<Reason>,
    prices: Vec<PriceCheck<'a>>,
    /// The unexplained ones first, then the last active ones.
    sessions: Vec<SessionAudit<'a>>,
    /// Audited sessions that are not listed.
    more: usize,
}

impl<'a> Audit<'a> {
    /// An audit with at most so many sessions listed.
    pub(crate) fn new(
        audit: &'a ledger::Audit,
        (lines, prices): (&'a [ledger::AuditLine], &'a [ledger::PriceCheck]),
        most: usize,
    ) -> Self {
        let mut listed: Vec<_> = audit.sessions.iter().collect();
        listed.sort_by_key(|session| session.verdict != ledger::Verdict::Unexplained);
        let more = listed.len().saturating_sub(most);
        let reasons = ledger::Reason::ALL.into_iter().filter(|reason| audit.with(*reason) > 0);
        let total = lines.iter().map(|line| line.told).reduce(ledger::Sides::plus);
        Self {
            as_of: Time(audit.as_of),
            verdict: audit.verdict().into(),
            sentence: audit.sentence(),
            counts: Counts {
                exact: audit.count(ledger::Verdict::Exact),
                explained: audit.count(ledger::Verdict::Explained),
                unexplained: audit.count(ledger::Verdict::Unexplained),
            },
            lines: lines.iter().map(Line::from).collect(),
            total: total.unwrap_or_default().into(),
            reasons: reasons.map(|reason| Reason::new(reason, audit.with(reason))).collect(),
            prices: prices.iter().map(PriceCheck::from).collect(),
            sessions: listed.into_iter().take(most).map(SessionAudit::from).collect(),
            more,
        }
    }
}

/// Sessions by verdict.
#[derive(Debug, Clone, Copy, Serialize)]
#[cfg_attr(test, derive(ts_rs::TS), ts(rename = "VerdictCounts"))]
pub(crate) struct Counts {
    exact: usize,
    explained: usize,
    unexplained: usize,
}

/// What follows for the books.
#[derive(Debug, Clone, Copy, Serialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(test, derive(ts_rs::TS))]
pub(crate) enum Verdict {
    Exact,
    Explained,
    Unexplained,
}

impl From<ledger::Verdict> for Verdict {
    fn from(verdict: ledger::Verdict) -> Self {
        match verdict {
            ledger::Verdict::Exact => Self::Exact,
            ledger::Verdict::Explained => Self::Explained,
            ledger::Verdict::Unexplained => Self::Unexplained,
        }
    }
}

/// Why witnesses differ.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(ts_rs::TS), ts(rename = "AuditReason"))]
pub(crate) struct Reason {
    /// Stable code, e.g. `receiver-missed`.
    code: &'static str,
    sentence: &'static str,
    /// How many audited sessions have it.
    sessions: usize,
}

impl Reason {
    fn new(reason: ledger::Reason, sessions: usize) -> Self {
        Self { code: reason.code(), sentence: reason.sentence(), sessions }
    }
}

fn codes(reasons: &BTreeSet<ledger::Reason>) -> Vec<&'static str> {
    reasons.iter().map(|reason| reason.code()).collect()
}

/// A sum that somebody tells.
#[derive(Debug, Clone, Copy, Serialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(test, derive(ts_rs::TS))]
pub(crate) struct Told {
    /// `null` where only sums are told.
    requests: Option<u64>,
    tokens: Tokens,
    cost_nano_usd: Option<i64>,
}

impl From<ledger::Told> for Told {
    fn from(told: ledger::Told) -> Self {
        Self {
            requests: told.requests,
            tokens: told.tokens.into(),
            cost_nano_usd: told.cost.map(|cost| cost.0),
        }
    }
}

/// A sum of use as each witness tells it; `null` where it never told of the session.
#[derive(Debug, Clone, Copy, Serialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub(crate) struct Sides {
    events: Option<Told>,
    metrics: Option<Told>,
    /// Transcripts never tell of compactions and titles.
    transcripts: Option<Told>,
    /// What is known request by request: what the witnesses are compared with.
    counted: Told,
    /// What only metrics know.
    unattributed: Told,
    /// What reports say: `counted` and `unattributed`.
    books: Told,
}

impl From<ledger::Sides> for Sides {
    fn from(sides: ledger::Sides) -> Self {
        Self {
            events: sides.events.map(Told::from),
            metrics: sides.metrics.map(Told::from),
            transcripts: sides.transcripts.map(Told::from),
            counted: sides.counted.into(),
            unattributed: sides.unattributed.into(),
            books: sides.books().into(),
        }
    }
}

/// The use of one model by one part of the client.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(test, derive(ts_rs::TS), ts(rename = "AuditLine"))]
pub(crate) struct Line<'a> {
    model: &'a str,
    model_name: String,
    #[cfg_attr(test, ts(type = "\"main\" | \"subagent\" | \"auxiliary\""))]
    source: &'static str,
    told: Sides,
}

impl<'a> From<&'a ledger::AuditLine> for Line<'a> {
    fn from(line: &'a ledger::AuditLine) -> Self {
        Self {
            model: line.model.as_str(),
            model_name: line.model.display_name(),
            source: line.source.name(),
            told: line.told.into(),
        }
    }
}

/// The client's prices of one model beside those of the price table.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(test, derive(ts_rs::TS))]
pub(crate) struct PriceCheck<'a> {
    model: &'a str,
    /// What the books say that it cost.
    cost_nano_usd: i64,
    /// Requests whose two prices are more than a hundredth apart.
    requests: u64,
    /// By how much the client's prices of these are above those of the table.
    drift_nano_usd: i64,
    /// Requests apart from these: begun anew, aborted, or with web searches.
    apart_requests: u64,
    apart_nano_usd: i64,
    /// Whether the two are more than a hundredth apart, in all.
    drifts: bool,
}

impl<'a> From<&'a ledger::PriceCheck> for PriceCheck<'a> {
    fn from(check: &'a ledger::PriceCheck) -> Self {
        Self {
            model: check.model.as_str(),
            cost_nano_usd: check.cost.0,
            requests: check.requests,
            drift_nano_usd: check.drift,
            apart_requests: check.apart,
            apart_nano_usd: check.apart_drift,
            drifts: check.drifts(),
        }
    }
}
