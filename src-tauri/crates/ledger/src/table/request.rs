//! API requests, one row each.

use std::sync::Arc;

use plimsoll_domain::{NanoUsd, QuerySource, Revision, Timestamp, Tokens, Witnesses};
use sqlx::{Row as _, SqliteConnection, sqlite::SqliteRow};

use super::{
    Rows, Script, Values, bind_tokens, maybe_cost, maybe_count, stored, text, time, tokens,
};

/// A row of `request`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct RequestRow {
    pub(crate) revision: Revision,
    pub(crate) key: Arc<str>,
    pub(crate) session: i64,
    pub(crate) process: Option<i64>,
    pub(crate) model: i64,
    pub(crate) source: QuerySource,
    pub(crate) subsystem: Option<Arc<str>>,
    pub(crate) agent: Option<Arc<str>>,
    pub(crate) agent_name: Option<Arc<str>>,
    pub(crate) at: Timestamp,
    pub(crate) arrived: Timestamp,
    pub(crate) tokens: Tokens,
    pub(crate) cache_creation_1h: Option<u64>,
    pub(crate) cost: Option<NanoUsd>,
    pub(crate) duration_ms: Option<u64>,
    pub(crate) ttft_ms: Option<u64>,
    pub(crate) effort: Option<Arc<str>>,
    pub(crate) orchestration: Option<Arc<str>>,
    pub(crate) witnesses: Witnesses,
}

static INSERT: Rows = Rows::new(
    "INSERT INTO request (revision, key, session, process, model, source, subsystem, agent, agent_name, at, \
     arrived, input, output, cache_read, cache_creation, cache_creation_1h, cost, duration_ms, ttft_ms, \
     effort, orchestration, witnesses) VALUES",
    22,
    "ON CONFLICT DO NOTHING",
);
static FIND: Rows = Rows::new("SELECT * FROM request WHERE key IN (VALUES", 1, ")");
static DELETE: Rows = Rows::new("DELETE FROM request WHERE key IN (VALUES", 1, ")");
const LAST_REVISION: &str = "SELECT COALESCE(MAX(revision), 0) FROM request";

/// Writes rows whose keys are not known; which the script expects all to be new.
pub(crate) fn insert(script: &mut Script, rows: &[RequestRow]) {
    script.add(&INSERT, rows, bind);
}

/// The rows of the given keys, as far as they are known.
pub(crate) async fn find(
    connection: &mut SqliteConnection,
    keys: &[Arc<str>],
) -> sqlx::Result<Vec<RequestRow>> {
    let rows = FIND.find(connection, keys, |values, key| values.bind(key.clone())).await?;
    rows.iter().map(read).collect()
}

/// Writes improved rows in the place of the former ones.
pub(crate) fn replace(script: &mut Script, rows: &[RequestRow]) {
    script.add(&DELETE, rows, |values, row| values.bind(row.key.clone()));
    insert(script, rows);
}

/// The largest revision of any request.
pub(crate) async fn last_revision(connection: &mut SqliteConnection) -> sqlx::Result<i64> {
    sqlx::query_scalar(LAST_REVISION).fetch_one(connection).await
}

fn bind(values: Values, row: &RequestRow) -> Values {
    let values = values
        .bind(row.revision.0)
        .bind(row.key.clone())
        .bind(row.session)
        .bind(row.process)
        .bind(row.model)
        .bind(row.source.code())
        .bind(row.subsystem.clone())
        .bind(row.agent.clone())
        .bind(row.agent_name.clone())
        .bind(row.at.nanos())
        .bind(row.arrived.nanos());
    bind_tokens(values, &row.tokens)
        .bind(row.cache_creation_1h.map(stored))
        .bind(row.cost.map(|cost| cost.0))
        .bind(row.duration_ms.map(stored))
        .bind(row.ttft_ms.map(stored))
        .bind(row.effort.clone())
        .bind(row.orchestration.clone())
        .bind(row.witnesses.bits())
}

/// Reads a row of `request`.
pub(crate) fn read(row: &SqliteRow) -> sqlx::Result<RequestRow> {
    Ok(RequestRow {
        revision: Revision(row.try_get("revision")?),
        key: row.try_get::<String, _>("key")?.into(),
        session: row.try_get("session")?,
        process: row.try_get("process")?,
        model: row.try_get("model")?,
        source: QuerySource::from_code(row.try_get("source")?),
        subsystem: text(row, "subsystem")?,
        agent: text(row, "agent")?,
        agent_name: text(row, "agent_name")?,
        at: time(row, "at")?,
        arrived: time(row, "arrived")?,
        tokens: tokens(row)?,
        cache_creation_1h: maybe_count(row, "cache_creation_1h")?,
        cost: maybe_cost(row, "cost")?,
        duration_ms: maybe_count(row, "duration_ms")?,
        ttft_ms: maybe_count(row, "ttft_ms")?,
        effort: text(row, "effort")?,
        orchestration: text(row, "orchestration")?,
        witnesses: Witnesses::from_bits(row.try_get("witnesses")?),
    })
}

#[cfg(test)]
pub(crate) const STATEMENTS: &[&str] = &[LAST_REVISION];
#[cfg(test)]
pub(crate) static ROWS: &[&Rows] = &[&INSERT, &FIND, &DELETE];
