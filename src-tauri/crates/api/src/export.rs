//! Use as files for people and programs: a table as CSV or JSON, or usage records as the API gives them.

use std::io;

use plimsoll_domain::{AgentId, NanoUsd, RequestId, SessionId, Witness};
use plimsoll_ledger::{LedgerError, LedgerFile, Use, UseFilter, UseKind};
use serde::Serialize;

use crate::dto::{Time, UsageRecord};

/// How use is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ExportFormat {
    /// A table with a head, quoted as RFC 4180 says.
    Csv,
    /// The table as one array of objects.
    Json,
    /// The table, one object a line.
    Jsonl,
    /// Usage records, one object a line, exactly as `GET /api/v1/usage-records` gives them.
    UsageRecords,
}

/// Why an export ended early.
#[derive(Debug, thiserror::Error)]
pub enum ExportError {
    /// The ledger cannot be read.
    #[error("cannot {0}")]
    Ledger(#[from] LedgerError),
    /// What was read cannot be written.
    #[error("cannot write the export")]
    Write(#[source] io::Error),
}

impl From<csv::Error> for ExportError {
    fn from(error: csv::Error) -> Self {
        Self::Write(match error.into_kind() {
            csv::ErrorKind::Io(source) => source,
            other => io::Error::other(format!("{other:?}")),
        })
    }
}

/// Writes everything that was used, from one view of the ledger; row by row, so that any amount of it needs little
/// memory. Returns the number of rows.
///
/// # Errors
/// When the ledger cannot be read, or `out` takes no more.
pub async fn export(
    ledger: &mut LedgerFile,
    filter: &UseFilter,
    format: ExportFormat,
    mut out: impl io::Write,
) -> Result<u64, ExportError> {
    let mut rows = 0;
    match format {
        ExportFormat::Csv => {
            let mut table = csv::WriterBuilder::new().has_headers(false).from_writer(out);
            table.write_record(HEAD)?;
            let write = |row: &Use| {
                rows += 1;
                table.serialize(Row::from(row)).map_err(ExportError::from)
            };
            ledger.each_use(filter, write).await?;
            table.flush().map_err(ExportError::Write)?;
        }
        ExportFormat::Json => {
            let write = |row: &Use| {
                rows += 1;
                line(&mut out, if rows == 1 { "[\n" } else { ",\n" }, &Row::from(row))
            };
            ledger.each_use(filter, write).await?;
            let end: &[u8] = if rows == 0 { b"[]\n" } else { b"\n]\n" };
            out.write_all(end).and_then(|()| out.flush()).map_err(ExportError::Write)?;
        }
        ExportFormat::Jsonl => {
            let write = |row: &Use| {
                rows += 1;
                line(&mut out, "", &Row::from(row)).and_then(|()| end_line(&mut out))
            };
            ledger.each_use(filter, write).await?;
            out.flush().map_err(ExportError::Write)?;
        }
        ExportFormat::UsageRecords => {
            let write = |record: &plimsoll_ledger::UsageRecord| {
                rows += 1;
                line(&mut out, "", &UsageRecord::from(record)).and_then(|()| end_line(&mut out))
            };
            ledger.each_record(filter, write).await?;
            out.flush().map_err(ExportError::Write)?;
        }
    }
    Ok(rows)
}

fn line(out: &mut impl io::Write, before: &str, row: &impl Serialize) -> Result<(), ExportError> {
    out.write_all(before.as_bytes()).map_err(ExportError::Write)?;
    serde_json::to_writer(out, row).map_err(|error| ExportError::Write(error.into()))
}

fn end_line(out: &mut impl io::Write) -> Result<(), ExportError> {
    out.write_all(b"\n").map_err(ExportError::Write)
}

/// The names of the columns, which are the keys of the JSON.
const HEAD: [&str; 24] = [
    "kind",
    "id",
    "timestamp",
    "from",
    "sessionId",
    "project",
    "agentId",
    "agentName",
    "querySource",
    "subsystem",
    "model",
    "requests",
    "inputTokens",
    "outputTokens",
    "cacheReadTokens",
    "cacheCreationTokens",
    "costUsd",
    "costNanoUsd",
    "costBasis",
    "finished",
    "durationMs",
    "requestId",
    "orchestrationId",
    "provenance",
];

/// A row of the table.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Row<'a> {
    /// `request`, `unattributed`: what only metrics know, `pruned`: a sum of requests that were pruned.
    kind: &'static str,
    id: &'a str,
    /// When the request was completed; the end of a sum.
    timestamp: Time,
    /// The beginning of a sum.
    from: Option<Time>,
    session_id: Option<&'a str>,
    project: Option<&'a str>,
    agent_id: Option<&'a str>,
    agent_name: Option<&'a str>,
    query_source: &'static str,
    subsystem: Option<&'a str>,
    model: &'a str,
    requests: u64,
    input_tokens: u64,
    output_tokens: u64,
    cache_read_tokens: u64,
    cache_creation_tokens: u64,
    /// Exact, as a decimal fraction.
    cost_usd: Option<String>,
    cost_nano_usd: Option<i64>,
    cost_basis: Option<&'static str>,
    finished: Option<bool>,
    duration_ms: Option<u64>,
    request_id: Option<&'a str>,
    orchestration_id: Option<&'a str>,
    /// The witnesses, with blanks between them.
    provenance: String,
}

impl<'a> From<&'a Use> for Row<'a> {
    fn from(row: &'a Use) -> Self {
        let Use { kind, record, project, requests } = row;
        let provenance: Vec<_> = record.witnesses.iter().map(Witness::name).collect();
        Self {
            kind: match kind {
                UseKind::Request => "request",
                UseKind::Unattributed => "unattributed",
                UseKind::Pruned => "pruned",
            },
            id: &record.key,
            timestamp: Time(record.at),
            from: record.from.map(Time),
            session_id: record.session.as_ref().map(SessionId::as_str),
            project: project.as_deref(),
            agent_id: record.agent.as_ref().map(AgentId::as_str),
            agent_name: record.agent_name.as_deref(),
            query_source: record.source.name(),
            subsystem: record.subsystem.as_deref(),
            model: record.model.as_str(),
            requests: *requests,
            input_tokens: record.tokens.input,
            output_tokens: record.tokens.output,
            cache_read_tokens: record.tokens.cache_read,
            cache_creation_tokens: record.tokens.cache_creation,
            cost_usd: record.cost.map(dollars),
            cost_nano_usd: record.cost.map(|cost| cost.0),
            cost_basis: basis(row),
            finished: record.finished,
            duration_ms: record.duration_ms,
            request_id: record.request.as_ref().map(RequestId::as_str),
            orchestration_id: record.orchestration.as_deref(),
            provenance: provenance.join(" "),
        }
    }
}

/// Who says what it cost. Of pruned requests it was not kept.
fn basis(row: &Use) -> Option<&'static str> {
    row.record.cost.filter(|_| row.kind != UseKind::Pruned)?;
    Some(if row.record.cost_by_table { "priceTable" } else { "client" })
}

/// Dollars with all nine digits of the fraction.
fn dollars(cost: NanoUsd) -> String {
    let (whole, fraction) = (cost.0 / 1_000_000_000, (cost.0 % 1_000_000_000).unsigned_abs());
    format!("{whole}.{fraction:09}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixture;

    /// Scenario: a request, and what only metrics know, as rows of the table.
    /// Guarantees: the JSON has the columns of the CSV, in their order.
    #[test]
    fn the_head_names_every_column() {
        let record = fixture::unattributed(0);
        let row = Use { kind: UseKind::Unattributed, record, project: None, requests: 0 };
        let text = serde_json::to_string(&Row::from(&row)).unwrap();
        let places = HEAD.map(|name| text.find(&format!("\"{name}\":")));
        assert!(places.iter().all(Option::is_some) && places.is_sorted(), "{text}");
        assert_eq!(text.matches("\":").count(), HEAD.len());
        insta::assert_snapshot!(text);
    }

    /// Scenario: costs with few and with all digits.
    /// Guarantees: the decimal fraction is the integer, digit by digit.
    #[test]
    fn dollars_are_exact() {
        assert_eq!(dollars(NanoUsd(17_750_550)), "0.017750550");
        assert_eq!(dollars(NanoUsd(12_000_000_001)), "12.000000001");
        assert_eq!(dollars(NanoUsd::ZERO), "0.000000000");
    }
}
