//! What delta metrics told, one row per series and span.

use plimsoll_domain::{NanoUsd, QuerySource, Timestamp};
use sqlx::{Row as _, SqliteConnection, sqlite::SqliteRow};

use super::{Rows, Script, Values, maybe_cost, maybe_count, stored, time};

/// Identity of a delta reading: end of its span, series, start of its span.
pub(crate) type PointKey = (i64, i64, i64);

/// A row of `point`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct PointRow {
    pub(crate) key: PointKey,
    pub(crate) session: i64,
    pub(crate) model: i64,
    pub(crate) source: QuerySource,
    /// The time it is booked under: the same for ever, whatever time a repetition arrives at.
    pub(crate) at: Timestamp,
    pub(crate) input: Option<u64>,
    pub(crate) output: Option<u64>,
    pub(crate) cache_read: Option<u64>,
    pub(crate) cache_creation: Option<u64>,
    pub(crate) cost: Option<NanoUsd>,
}

static INSERT: Rows = Rows::new(
    "INSERT INTO point (time, series, start, session, model, source, at, input, output, cache_read, \
     cache_creation, cost) VALUES",
    12,
    "ON CONFLICT DO NOTHING",
);
static FIND: Rows = Rows::new("SELECT * FROM point WHERE (time, series, start) IN (VALUES", 3, ")");
static COMPLETE: Rows = Rows::new(
    "INSERT INTO point (time, series, start, session, model, source, at, input, output, cache_read, \
     cache_creation, cost) VALUES",
    12,
    "ON CONFLICT (time, series, start) DO UPDATE SET input = excluded.input, output = excluded.output, \
     cache_read = excluded.cache_read, cache_creation = excluded.cache_creation, cost = excluded.cost",
);

/// Writes rows whose keys are not known; tells the script how many it expects.
pub(crate) fn insert(script: &mut Script, rows: &[PointRow]) {
    script.add(&INSERT, rows, bind);
}

/// The rows of the given keys, as far as they are known.
pub(crate) async fn find(
    connection: &mut SqliteConnection,
    keys: &[PointKey],
) -> sqlx::Result<Vec<PointRow>> {
    let rows = FIND.find(connection, keys, bind_key).await?;
    rows.iter().map(read).collect()
}

/// Writes rows anew that a further export completed.
pub(crate) fn complete(script: &mut Script, rows: &[PointRow]) {
    script.add(&COMPLETE, rows, bind);
}

fn bind_key(values: Values, key: &PointKey) -> Values {
    values.bind(key.0).bind(key.1).bind(key.2)
}

fn bind(values: Values, row: &PointRow) -> Values {
    let values = values
        .bind(row.key.0)
        .bind(row.key.1)
        .bind(row.key.2)
        .bind(row.session)
        .bind(row.model)
        .bind(row.source.code())
        .bind(row.at.nanos());
    values
        .bind(row.input.map(stored))
        .bind(row.output.map(stored))
        .bind(row.cache_read.map(stored))
        .bind(row.cache_creation.map(stored))
        .bind(row.cost.map(|cost| cost.0))
}

fn read(row: &SqliteRow) -> sqlx::Result<PointRow> {
    Ok(PointRow {
        key: (row.try_get("time")?, row.try_get("series")?, row.try_get("start")?),
        session: row.try_get("session")?,
        model: row.try_get("model")?,
        source: QuerySource::from_code(row.try_get("source")?),
        at: time(row, "at")?,
        input: maybe_count(row, "input")?,
        output: maybe_count(row, "output")?,
        cache_read: maybe_count(row, "cache_read")?,
        cache_creation: maybe_count(row, "cache_creation")?,
        cost: maybe_cost(row, "cost")?,
    })
}

#[cfg(test)]
pub(crate) static ROWS: &[&Rows] = &[&INSERT, &FIND, &COMPLETE];
