//! The audit of one session on the wire.

use plimsoll_domain as domain;
use plimsoll_ledger as ledger;
use serde::Serialize;

use super::{Line, PriceCheck, Sides, Told, Verdict, codes};
use crate::dto::{Time, usage::Tokens};

/// The audit of one session.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(test, derive(ts_rs::TS))]
pub(crate) struct SessionAudit<'a> {
    /// `null` for what came without a session id.
    session_id: Option<&'a str>,
    project: Option<&'a str>,
    project_path: Option<&'a str>,
    client_version: Option<&'a str>,
    started_at: Time,
    last_event_at: Time,
    last_activity_at: Time,
    verdict: Verdict,
    /// The codes of everything that explains what is there and what is not.
    reasons: Vec<&'static str>,
    lines: Vec<Line<'a>>,
    total: Sides,
    /// The client's own sums; after a fork those of the session it came from are in them.
    stated: Vec<StatedTotal<'a>>,
    status_line: Option<StatusLine<'a>>,
    /// Where witnesses tell otherwise than what is counted.
    differences: Vec<Difference<'a>>,
    missed_events: Vec<MissedEvents>,
    /// Requests that were told under more than one name, and are counted once.
    copies: u64,
    /// Requests whose answer did not come to its end.
    unfinished: u64,
    /// Requests that were pruned: they count, and nobody can tell any more who told of them.
    pruned: u64,
    prices: Vec<PriceCheck<'a>>,
    /// Requests that only one of events and transcripts tells of; where one session was asked for.
    lone_requests: Vec<LoneRequest<'a>>,
}

impl<'a> From<&'a ledger::SessionAudit> for SessionAudit<'a> {
    fn from(audit: &'a ledger::SessionAudit) -> Self {
        Self {
            session_id: audit.session.as_ref().map(domain::SessionId::as_str),
            project: audit.project.as_deref().and_then(domain::text::folder),
            project_path: audit.project.as_deref(),
            client_version: audit.client_version.as_deref(),
            started_at: Time(audit.first_at),
            last_event_at: Time(audit.last_at),
            last_activity_at: Time(audit.last_arrival),
            verdict: audit.verdict.into(),
            reasons: codes(&audit.reasons),
            lines: audit.lines.iter().map(Line::from).collect(),
            total: audit.total().into(),
            stated: audit.stated.iter().map(StatedTotal::from).collect(),
            status_line: audit.shown.as_ref().map(StatusLine::from),
            differences: audit.differences.iter().map(Difference::from).collect(),
            missed_events: audit.missed.iter().map(MissedEvents::from).collect(),
            copies: audit.copies,
            unfinished: audit.unfinished,
            pruned: audit.pruned,
            prices: audit.prices.iter().map(PriceCheck::from).collect(),
            lone_requests: audit.lone.iter().map(LoneRequest::from).collect(),
        }
    }
}

/// The client's own sum over one model of a session.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub(crate) struct StatedTotal<'a> {
    model: &'a str,
    at: Time,
    told: Told,
}

impl<'a> From<&'a ledger::StatedTotal> for StatedTotal<'a> {
    fn from(stated: &'a ledger::StatedTotal) -> Self {
        Self { model: stated.model.as_str(), at: Time(stated.at), told: stated.told.into() }
    }
}

/// What the status line last showed.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(test, derive(ts_rs::TS))]
pub(crate) struct StatusLine<'a> {
    at: Time,
    model: Option<&'a str>,
    window_tokens: Option<u64>,
    /// The tokens of the main thread's last request.
    context: Option<Tokens>,
    cost_nano_usd: Option<i64>,
}

impl<'a> From<&'a ledger::Shown> for StatusLine<'a> {
    fn from(shown: &'a ledger::Shown) -> Self {
        Self {
            at: Time(shown.at),
            model: shown.model.as_ref().map(domain::Model::as_str),
            window_tokens: shown.window,
            context: shown.context.map(Tokens::from),
            cost_nano_usd: shown.cost.map(|cost| cost.0),
        }
    }
}

/// Where a witness tells otherwise than what is counted.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(test, derive(ts_rs::TS))]
pub(crate) struct Difference<'a> {
    #[cfg_attr(
        test,
        ts(type = "\"events\" | \"metrics\" | \"transcripts\" | \"client\" | \"books\"")
    )]
    teller: &'static str,
    model: Option<&'a str>,
    /// `null` where the teller does not tell the parts apart.
    #[cfg_attr(test, ts(type = "\"main\" | \"subagent\" | \"auxiliary\" | null"))]
    source: Option<&'static str>,
    /// What it tells, less what is counted.
    tokens: Balance,
    /// Requests that it does not tell of; `null` where it tells of sums only.
    missing_requests: Option<u64>,
    /// Requests of which it tells other tokens.
    disputed_requests: u64,
    /// Why; empty where nobody knows.
    reasons: Vec<&'static str>,
}

impl<'a> From<&'a ledger::Difference> for Difference<'a> {
    fn from(difference: &'a ledger::Difference) -> Self {
        Self {
            teller: difference.teller.name(),
            model: difference.model.as_ref().map(domain::Model::as_str),
            source: difference.source.map(domain::QuerySource::name),
            tokens: difference.tokens.into(),
            missing_requests: difference.missing,
            disputed_requests: difference.disputed,
            reasons: codes(&difference.reasons),
        }
    }
}

/// Tokens more (or less, below zero) by type.
#[derive(Debug, Clone, Copy, Serialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(test, derive(ts_rs::TS))]
pub(crate) struct Balance {
    input: i64,
    output: i64,
    cache_read: i64,
    cache_creation: i64,
}

impl From<ledger::Balance> for Balance {
    fn from(balance: ledger::Balance) -> Self {
        let ledger::Balance { input, output, cache_read, cache_creation } = balance;
        Self { input, output, cache_read, cache_creation }
    }
}

/// Events of a client process that did not arrive, as their running numbers show.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(test, derive(ts_rs::TS))]
pub(crate) struct MissedEvents {
    process: i64,
    first: u64,
    last: u64,
    /// When the event before them arrived; `null` where they are the first.
    since: Option<Time>,
    until: Time,
    /// Requests of that time that transcripts told of.
    found_requests: u64,
    /// Who shows that no request is missing for them; empty while nobody does.
    #[cfg_attr(test, ts(type = "Array<\"metrics\" | \"client\">"))]
    closed_by: Vec<&'static str>,
}

impl From<&ledger::MissedEvents> for MissedEvents {
    fn from(missed: &ledger::MissedEvents) -> Self {
        Self {
            process: missed.process.0,
            first: missed.first,
            last: missed.last,
            since: missed.since.map(Time),
            until: Time(missed.until),
            found_requests: missed.found,
            closed_by: missed.closed_by.iter().map(|teller| teller.name()).collect(),
        }
    }
}

/// A request that only one of events and transcripts tells of.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(test, derive(ts_rs::TS))]
pub(crate) struct LoneRequest<'a> {
    id: &'a str,
    /// Who tells of it.
    #[cfg_attr(test, ts(type = "\"events\" | \"transcripts\""))]
    teller: &'static str,
    at: Time,
    model: &'a str,
    #[cfg_attr(test, ts(type = "\"main\" | \"subagent\" | \"auxiliary\""))]
    source: &'static str,
    agent_id: Option<&'a str>,
    tokens: Tokens,
    /// Why the other one does not; `null` where nobody knows.
    reason: Option<&'static str>,
}

impl<'a> From<&'a ledger::LoneRequest> for LoneRequest<'a> {
    fn from(lone: &'a ledger::LoneRequest) -> Self {
        Self {
            id: &lone.key,
            teller: lone.teller.name(),
            at: Time(lone.at),
            model: lone.model.as_str(),
            source: lone.source.name(),
            agent_id: lone.agent.as_ref().map(domain::AgentId::as_str),
            tokens: lone.tokens.into(),
            reason: lone.reason.map(ledger::Reason::code),
        }
    }
}
