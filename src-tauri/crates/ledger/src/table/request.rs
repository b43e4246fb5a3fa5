//! API requests, one row each.

use std::{borrow::Borrow, sync::Arc};

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
    /// A hash of the provider's id of the answer.
    pub(crate) message: Option<i64>,
    /// Whether only side logs told of it.
    pub(crate) side_log: bool,
    pub(crate) finished: Option<bool>,
    pub(crate) fast: Option<bool>,
    pub(crate) us_only: Option<bool>,
    pub(crate) web_searches: Option<u64>,
    /// What it costs by the price table.
    pub(crate) price: Option<NanoUsd>,
    /// Whether it turned out to be another one, so that it counts nothing any more.
    pub(crate) retracted: bool,
}

impl RequestRow {
    /// Whether the provider gave it no id.
    pub(crate) fn is_nameless(&self) -> bool {
        self.key.starts_with(NAMELESS)
    }

    fn extent(&self) -> Extent {
        let full = self.process.is_some()
            || self.subsystem.is_some()
            || self.cost.is_some()
            || self.duration_ms.is_some()
            || self.ttft_ms.is_some()
            || self.orchestration.is_some()
            || self.retracted;
        let read = self.agent_name.is_some()
            || self.effort.is_some()
            || self.fast.is_some()
            || self.us_only.is_some()
            || self.web_searches.is_some();
        match (full, read) {
            (true, _) => Extent::Full,
            (false, true) => Extent::Read,
            (false, false) => Extent::Told,
        }
    }

    /// Its cost: as the client says, else by the price table.
    pub(crate) fn known_cost(&self) -> Option<NanoUsd> {
        self.cost.or(self.price)
    }
}

/// Which columns of a row may have a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Extent {
    /// What every witness tells.
    Told,
    /// What transcripts of later clients tell besides.
    Read,
    Full,
}

/// What the keys of requests without an id begin with.
pub(crate) const NAMELESS: char = '~';

// Columns that no row of a statement has a value for are left out: each value costs as much as the row itself.
// `OR FAIL`: whatever fails ends the whole transaction, so that a statement needs no journal of its own.
static INSERT_TOLD: Rows = Rows::new(
    "INSERT OR FAIL INTO request (revision, key, session, model, source, agent, at, arrived, input, output, \
     cache_read, cache_creation, cache_creation_1h, witnesses, message, side_log, finished, price) VALUES",
    18,
    "ON CONFLICT DO NOTHING",
);
static INSERT_READ: Rows = Rows::new(
    "INSERT OR FAIL INTO request (revision, key, session, model, source, agent, at, arrived, input, output, \
     cache_read, cache_creation, cache_creation_1h, witnesses, message, side_log, finished, price, \
     agent_name, effort, fast, us_only, web_searches) VALUES",
    23,
    "ON CONFLICT DO NOTHING",
);
static INSERT: Rows = Rows::new(
    "INSERT OR FAIL INTO request (revision, key, session, model, source, agent, at, arrived, input, output, \
     cache_read, cache_creation, cache_creation_1h, witnesses, message, side_log, finished, price, \
     agent_name, effort, fast, us_only, web_searches, process, subsystem, cost, duration_ms, ttft_ms, \
     orchestration, retracted) VALUES",
    30,
    "ON CONFLICT DO NOTHING",
);
static FIND: Rows = Rows::new("SELECT * FROM request WHERE key IN (VALUES", 1, ")");
static DELETE: Rows = Rows::new("DELETE FROM request WHERE key IN (VALUES", 1, ")");
static OF_SIDE_LOGS: Rows =
    Rows::new("SELECT * FROM request WHERE side_log = 1 AND message IN (VALUES", 1, ")");
/// The messages are a JSON array: of a list of rows each would search the whole session.
const OF_MESSAGES: &str = "SELECT * FROM request WHERE session = ? AND retracted = 0 \
    AND message IN (SELECT value FROM json_each(?))";
const NAMELESS_NEAR: &str = "SELECT * FROM request WHERE session = ?1 AND at BETWEEN ?2 AND ?3 \
    AND key >= '~' AND key < char(127) AND retracted = 0";
const NEAR: &str =
    "SELECT * FROM request WHERE session = ?1 AND at BETWEEN ?2 AND ?3 AND retracted = 0";
const BETWEEN: &str =
    "SELECT * FROM request WHERE revision > ?1 AND revision <= ?2 AND retracted = 0";
static SET_PRICE: Rows = Rows::new(
    "UPDATE request SET price = told.column2 FROM (VALUES",
    2,
    ") AS told WHERE revision = told.column1",
);
const ANY_NAMELESS: &str =
    "SELECT EXISTS (SELECT 1 FROM request WHERE key >= '~' AND key < char(127))";
const LAST_REVISION: &str = "SELECT COALESCE(MAX(revision), 0) FROM request";

/// Writes rows whose keys are not known; which the script expects all to be new.
pub(crate) fn insert<R: Borrow<RequestRow>>(script: &mut Script, rows: &[R]) {
    let of = |extent| {
        let rows = rows.iter().map(Borrow::borrow);
        rows.filter(|row| row.extent() == extent).collect::<Vec<&RequestRow>>()
    };
    script.add(&INSERT_TOLD, &of(Extent::Told), |values, row| bind_told(values, row));
    script.add(&INSERT_READ, &of(Extent::Read), |values, row| bind_read(values, row));
    script.add(&INSERT, &of(Extent::Full), |values, row| bind(values, row));
}

/// The rows of the given keys, as far as they are known.
pub(crate) async fn find(
    connection: &mut SqliteConnection,
    keys: &[Arc<str>],
) -> sqlx::Result<Vec<RequestRow>> {
    let rows = FIND.find(connection, keys, |values, key| values.bind(key.clone())).await?;
    rows.iter().map(read).collect()
}

/// Rows that only side logs told of, with one of these messages.
pub(crate) async fn of_side_logs(
    connection: &mut SqliteConnection,
    messages: &[i64],
) -> sqlx::Result<Vec<RequestRow>> {
    let rows = OF_SIDE_LOGS.find(connection, messages, |values, hash| values.bind(*hash)).await?;
    rows.iter().map(read).collect()
}

/// The rows of a session with one of these messages.
pub(crate) async fn of_messages(
    connection: &mut SqliteConnection,
    session: i64,
    messages: &[i64],
) -> sqlx::Result<Vec<RequestRow>> {
    let query = sqlx::query(OF_MESSAGES).bind(session).bind(format!("{messages:?}"));
    query.fetch_all(connection).await?.iter().map(read).collect()
}

/// Which rows of a session.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Near {
    pub(crate) session: i64,
    pub(crate) from: Timestamp,
    pub(crate) to: Timestamp,
    /// Those without an id only.
    pub(crate) nameless: bool,
}

/// The rows of a session within a span.
pub(crate) async fn near(
    connection: &mut SqliteConnection,
    near: Near,
) -> sqlx::Result<Vec<RequestRow>> {
    let text = if near.nameless { NAMELESS_NEAR } else { NEAR };
    let query = sqlx::query(text).bind(near.session).bind(near.from.nanos()).bind(near.to.nanos());
    query.fetch_all(connection).await?.iter().map(read).collect()
}

/// The rows after one revision, up to another, that count.
pub(crate) async fn between(
    connection: &mut SqliteConnection,
    (after, to): (i64, i64),
) -> sqlx::Result<Vec<RequestRow>> {
    let query = sqlx::query(BETWEEN).bind(after).bind(to);
    query.fetch_all(connection).await?.iter().map(read).collect()
}

/// Writes the prices of rows, by their revisions.
pub(crate) fn set_prices(script: &mut Script, prices: &[(Revision, Option<NanoUsd>)]) {
    script.change(&SET_PRICE, prices, |values, (revision, price)| {
        values.bind(revision.0).bind(price.map(|price| price.0))
    });
}

/// Whether there is any row without an id.
pub(crate) async fn any_nameless(connection: &mut SqliteConnection) -> sqlx::Result<bool> {
    sqlx::query_scalar(ANY_NAMELESS).fetch_one(connection).await
}

/// Writes improved rows in the place of the former ones.
pub(crate) fn replace<R: Borrow<RequestRow>>(script: &mut Script, rows: &[R]) {
    script.add(&DELETE, rows, |values, row| values.bind(Arc::clone(&row.borrow().key)));
    insert(script, rows);
}

/// The largest revision of any request.
pub(crate) async fn last_revision(connection: &mut SqliteConnection) -> sqlx::Result<i64> {
    sqlx::query_scalar(LAST_REVISION).fetch_one(connection).await
}

fn bind_told(values: Values, row: &RequestRow) -> Values {
    let values = values
        .bind(row.revision.0)
        .bind(Arc::clone(&row.key))
        .bind(row.session)
        .bind(row.model)
        .bind(row.source.code())
        .bind(row.agent.clone())
        .bind(row.at.nanos())
        .bind(row.arrived.nanos());
    bind_tokens(values, &row.tokens)
        .bind(row.cache_creation_1h.map(stored))
        .bind(row.witnesses.bits())
        .bind(row.message)
        .bind(row.side_log)
        .bind(row.finished)
        .bind(row.price.map(|price| price.0))
}

fn bind_read(values: Values, row: &RequestRow) -> Values {
    bind_told(values, row)
        .bind(row.agent_name.clone())
        .bind(row.effort.clone())
        .bind(row.fast)
        .bind(row.us_only)
        .bind(row.web_searches.map(stored))
}

fn bind(values: Values, row: &RequestRow) -> Values {
    bind_read(values, row)
        .bind(row.process)
        .bind(row.subsystem.clone())
        .bind(row.cost.map(|cost| cost.0))
        .bind(row.duration_ms.map(stored))
        .bind(row.ttft_ms.map(stored))
        .bind(row.orchestration.clone())
        .bind(row.retracted)
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
        message: row.try_get("message")?,
        side_log: row.try_get("side_log")?,
        finished: row.try_get("finished")?,
        fast: row.try_get("fast")?,
        us_only: row.try_get("us_only")?,
        web_searches: maybe_count(row, "web_searches")?,
        price: maybe_cost(row, "price")?,
        retracted: row.try_get("retracted")?,
    })
}

#[cfg(test)]
pub(crate) const STATEMENTS: &[&str] =
    &[OF_MESSAGES, NAMELESS_NEAR, NEAR, BETWEEN, ANY_NAMELESS, LAST_REVISION];
#[cfg(test)]
pub(crate) static ROWS: &[&Rows] =
    &[&INSERT_TOLD, &INSERT_READ, &INSERT, &FIND, &DELETE, &OF_SIDE_LOGS, &SET_PRICE];
