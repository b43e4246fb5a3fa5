//! The roll-ups by quarter hour.

use plimsoll_domain::{NanoUsd, Quarter, QuerySource};
use sqlx::{Row as _, SqliteConnection, sqlite::SqliteRow};

use super::{Rows, Script, Values, bind_tokens, count, stored, time, tokens};
use crate::books::{CellKey, Side, Tally};

/// A row of `quarter`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct QuarterRow {
    pub(crate) session: i64,
    pub(crate) cell: CellKey,
    pub(crate) quarter: Quarter,
    pub(crate) side: Side,
    pub(crate) tally: Tally,
}

const OF_SESSION: &str = "SELECT * FROM quarter WHERE session = ?";
const OF_QUARTER: &str = "SELECT * FROM quarter WHERE quarter = ? AND side IN (0, 2)";
// `OR FAIL`: as for requests.
static INSERT: Rows = Rows::new(
    "INSERT OR FAIL INTO quarter (session, model, source, quarter, side, requests, unpriced, input, output, \
     cache_read, cache_creation, cost, first_at, last_at) VALUES",
    14,
    "ON CONFLICT DO NOTHING",
);
static UPSERT: Rows = Rows::new(
    "INSERT INTO quarter (session, model, source, quarter, side, requests, unpriced, input, output, \
     cache_read, cache_creation, cost, first_at, last_at) VALUES",
    14,
    "ON CONFLICT (session, model, source, quarter, side) DO UPDATE SET requests = excluded.requests, \
     unpriced = excluded.unpriced, input = excluded.input, output = excluded.output, \
     cache_read = excluded.cache_read, cache_creation = excluded.cache_creation, cost = excluded.cost, \
     first_at = excluded.first_at, last_at = excluded.last_at",
);

/// All sums of a session.
pub(crate) async fn of_session(
    connection: &mut SqliteConnection,
    session: i64,
) -> sqlx::Result<Vec<QuarterRow>> {
    let rows = sqlx::query(OF_SESSION).bind(session).fetch_all(connection).await?;
    rows.iter().map(read).collect()
}

/// What all sessions used in a quarter: what requests tell and what only metrics know.
pub(crate) async fn of_quarter(
    connection: &mut SqliteConnection,
    quarter: Quarter,
) -> sqlx::Result<Vec<QuarterRow>> {
    let rows = sqlx::query(OF_QUARTER).bind(quarter.0).fetch_all(connection).await?;
    rows.iter().map(read).collect()
}

/// Writes rows, new or changed.
pub(crate) fn upsert(script: &mut Script, rows: &[QuarterRow]) {
    script.add(&UPSERT, rows, bind);
}

/// Writes rows of cells that are not stored, which is faster.
pub(crate) fn insert(script: &mut Script, rows: &[QuarterRow]) {
    script.add(&INSERT, rows, bind);
}

fn bind(values: Values, row: &QuarterRow) -> Values {
    let tally = &row.tally;
    let values = values
        .bind(row.session)
        .bind(row.cell.0)
        .bind(row.cell.1.code())
        .bind(row.quarter.0)
        .bind(side_code(row.side))
        .bind(stored(tally.requests))
        .bind(stored(tally.unpriced));
    bind_tokens(values, &tally.tokens)
        .bind(tally.cost.0)
        .bind(tally.first_at.nanos())
        .bind(tally.last_at.nanos())
}

fn read(row: &SqliteRow) -> sqlx::Result<QuarterRow> {
    let side = match row.try_get::<i64, _>("side")? {
        0 => Side::Known,
        1 => Side::Metered,
        _ => Side::Unattributed,
    };
    let tally = Tally {
        requests: count(row.try_get("requests")?),
        unpriced: count(row.try_get("unpriced")?),
        tokens: tokens(row)?,
        cost: NanoUsd(row.try_get("cost")?),
        first_at: time(row, "first_at")?,
        last_at: time(row, "last_at")?,
    };
    Ok(QuarterRow {
        session: row.try_get("session")?,
        cell: (row.try_get("model")?, QuerySource::from_code(row.try_get("source")?)),
        quarter: Quarter(row.try_get("quarter")?),
        side,
        tally,
    })
}

const fn side_code(side: Side) -> i64 {
    match side {
        Side::Known => 0,
        Side::Metered => 1,
        Side::Unattributed => 2,
    }
}

#[cfg(test)]
pub(crate) const STATEMENTS: &[&str] = &[OF_SESSION, OF_QUARTER];
#[cfg(test)]
pub(crate) static ROWS: &[&Rows] = &[&INSERT, &UPSERT];
