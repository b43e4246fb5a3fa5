//! Use on the wire: sums, reports, records.

use plimsoll_domain as domain;
use plimsoll_ledger as ledger;
use plimsoll_watch::SourceKind;
use serde::Serialize;

use super::Time;

/// Token counts by type.
#[derive(Debug, Clone, Copy, Serialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(test, derive(ts_rs::TS))]
pub(crate) struct Tokens {
    input: u64,
    output: u64,
    cache_read: u64,
    cache_creation: u64,
    total: u64,
}

impl From<domain::Tokens> for Tokens {
    fn from(tokens: domain::Tokens) -> Self {
        Self {
            input: tokens.input,
            output: tokens.output,
            cache_read: tokens.cache_read,
            cache_creation: tokens.cache_creation,
            total: tokens.total(),
        }
    }
}

/// A sum of use. Cost is `null` where something was used and nobody told any price.
#[derive(Debug, Clone, Copy, Serialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(test, derive(ts_rs::TS))]
pub(crate) struct Usage {
    /// All tokens, those of `unattributed` included.
    tokens: Tokens,
    /// The part that only metrics know.
    unattributed: Tokens,
    requests: u64,
    /// Requests whose price nobody told and for which the price table has none.
    unpriced_requests: u64,
    /// In billionths of a dollar.
    cost_nano_usd: Option<i64>,
    cost_usd: Option<f64>,
}

impl From<ledger::Usage> for Usage {
    fn from(usage: ledger::Usage) -> Self {
        let cost = usage.known_cost();
        Self {
            tokens: usage.tokens.into(),
            unattributed: usage.unattributed.into(),
            requests: usage.requests,
            unpriced_requests: usage.unpriced,
            cost_nano_usd: cost.map(|cost| cost.0),
            cost_usd: cost.map(domain::NanoUsd::usd),
        }
    }
}

impl Usage {
    /// The use of a session. Where nobody tells tokens, that nothing was counted does not mean that it cost nothing.
    pub(crate) fn of(usage: ledger::Usage, told_by: SourceKind) -> Self {
        let is_told = matches!(told_by, SourceKind::Exact | SourceKind::Transcripts);
        let all = Self::from(usage);
        match is_told || usage != ledger::Usage::default() {
            true => all,
            false => Self { cost_nano_usd: None, cost_usd: None, ..all },
        }
    }
}

/// A report of use.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(test, derive(ts_rs::TS))]
pub(crate) struct UsageReport<'a> {
    pub(crate) from: Time,
    pub(crate) to: Time,
    pub(crate) time_zone: &'a str,
    #[cfg_attr(
        test,
        ts(type = "\"quarter\" | \"hour\" | \"day\" | \"model\" | \"project\" | \"session\"")
    )]
    pub(crate) by: &'static str,
    pub(crate) rows: Vec<UsageRow>,
    pub(crate) total: Usage,
}

/// One line of a report.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(test, derive(ts_rs::TS))]
pub(crate) struct UsageRow {
    /// Model, project path or session id, `null` where it is not known; by day, the local date; by hour and
    /// quarter, `null`.
    pub(crate) group: Option<String>,
    /// Where the step begins, in reports by time.
    pub(crate) start: Option<Time>,
    pub(crate) usage: Usage,
}

/// One API request, or what only metrics know of a session.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(test, derive(ts_rs::TS))]
pub(crate) struct UsageRecord<'a> {
    /// Its permanent name.
    id: &'a str,
    request_id: Option<&'a str>,
    orchestration_id: Option<String>,
    session_id: Option<&'a str>,
    agent_id: Option<&'a str>,
    agent_name: Option<&'a str>,
    #[cfg_attr(test, ts(type = "\"main\" | \"subagent\" | \"auxiliary\""))]
    query_source: &'static str,
    subsystem: Option<&'a str>,
    model: &'a str,
    input_tokens: u64,
    output_tokens: u64,
    cache_read_tokens: u64,
    cache_creation_tokens: u64,
    cost_nano_usd: Option<i64>,
    cost_usd: Option<f64>,
    /// Who says what it cost: the client, or the price table, where the client does not; `null` without a cost.
    #[cfg_attr(test, ts(type = "\"client\" | \"priceTable\" | null"))]
    cost_basis: Option<&'static str>,
    /// Whether the answer came to its end; `null` where not told. One that was aborted has an output that is estimated.
    finished: Option<bool>,
    duration_ms: Option<u64>,
    /// When it was completed; for unattributed use, the end of the span.
    timestamp: Time,
    /// For unattributed use: where the span of its metric points begins.
    from: Option<Time>,
    unattributed: bool,
    #[cfg_attr(test, ts(type = "Array<\"event\" | \"metric\" | \"transcript\" | \"hook\">"))]
    provenance: Vec<&'static str>,
    revision: i64,
}

impl<'a> From<&'a ledger::UsageRecord> for UsageRecord<'a> {
    fn from(record: &'a ledger::UsageRecord) -> Self {
        let session_id = record.session.as_ref().map(domain::SessionId::as_str);
        Self {
            id: &record.key,
            request_id: record.request.as_ref().map(domain::RequestId::as_str),
            orchestration_id: orchestration(record),
            session_id,
            agent_id: record.agent.as_ref().map(domain::AgentId::as_str),
            agent_name: record.agent_name.as_deref(),
            query_source: record.source.name(),
            subsystem: record.subsystem.as_deref(),
            model: record.model.as_str(),
            input_tokens: record.tokens.input,
            output_tokens: record.tokens.output,
            cache_read_tokens: record.tokens.cache_read,
            cache_creation_tokens: record.tokens.cache_creation,
            cost_nano_usd: record.cost.map(|cost| cost.0),
            cost_usd: record.cost.map(domain::NanoUsd::usd),
            cost_basis: record
                .cost
                .map(|_| if record.cost_by_table { "priceTable" } else { "client" }),
            finished: record.finished,
            duration_ms: record.duration_ms,
            timestamp: Time(record.at),
            from: record.from.map(Time),
            unattributed: record.is_unattributed(),
            provenance: record.witnesses.iter().map(domain::Witness::name).collect(),
            revision: record.revision.0,
        }
    }
}

/// The orchestrator's own name for the run, or one made of the session's.
fn orchestration(record: &ledger::UsageRecord) -> Option<String> {
    let made = || record.session.as_ref().map(|session| format!("telemetry-{session}"));
    record.orchestration.as_deref().map(str::to_owned).or_else(made)
}

/// Usage records in order of revision.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(test, derive(ts_rs::TS))]
pub(crate) struct UsageRecords<'a> {
    pub(crate) records: Vec<UsageRecord<'a>>,
    /// The cursor of the next page, while more exist now.
    pub(crate) next: Option<i64>,
    /// Where to poll from: the last revision seen.
    pub(crate) cursor: i64,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixture;

    fn cost(requests: u64, unpriced: u64, input: u64, cost: i64) -> Option<i64> {
        let tokens = domain::Tokens { input, ..domain::Tokens::ZERO };
        let usage = ledger::Usage {
            tokens,
            cost: domain::NanoUsd(cost),
            requests,
            unpriced,
            unattributed: domain::Tokens::ZERO,
        };
        Usage::from(usage).cost_nano_usd
    }

    /// Scenario: sessions of which nothing is counted: of one telemetry tells, of one the sizes of texts.
    /// Guarantees: the cost of the latter is unknown.
    #[test]
    fn what_nobody_tells_costs_an_unknown_sum() {
        let cost = |kind| Usage::of(ledger::Usage::default(), kind).cost_nano_usd;
        assert_eq!((cost(SourceKind::Exact), cost(SourceKind::Sizes)), (Some(0), None));
    }

    /// Scenario: sums whose price is known, partly known, unknown, and sums of nothing.
    /// Guarantees: an unknown price is never shown as zero, and nothing used costs zero.
    #[test]
    fn an_unknown_price_is_not_zero() {
        assert_eq!(cost(2, 0, 10, 7), Some(7));
        assert_eq!(cost(2, 1, 10, 7), Some(7));
        assert_eq!(cost(2, 2, 10, 0), None);
        assert_eq!(cost(0, 0, 10, 0), None, "metrics told of tokens, not of cost");
        assert_eq!(cost(1, 0, 10, 0), Some(0), "a request told to be free");
        assert_eq!(cost(0, 0, 0, 0), Some(0));
    }

    /// Scenario: a request told by an event, and the remainder that only metrics know.
    /// Guarantees: the JSON that orchestrators store.
    #[test]
    fn a_usage_record_on_the_wire() {
        insta::assert_json_snapshot!("usage_record", UsageRecord::from(&fixture::record(42)));
        insta::assert_json_snapshot!(
            "usage_record_unattributed",
            UsageRecord::from(&fixture::unattributed(43))
        );
    }
}
