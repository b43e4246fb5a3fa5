//! Unattributed use as it was published, and the windows that metrics named.

use plimsoll_domain::{NanoUsd, QuerySource, Revision, Timestamp};
use sqlx::{Row as _, SqliteConnection, sqlite::SqliteRow};

use super::{Rows, Script, bind_tokens, time, tokens};
use crate::books::{CellKey, Remainder};

/// A row of `remainder`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct RemainderRow {
    pub(crate) revision: Revision,
    pub(crate) session: i64,
    pub(crate) cell: CellKey,
    pub(crate) remainder: Remainder,
}

const OF_SESSION: &str = "SELECT * FROM remainder WHERE session = ?";
const LAST_REVISION: &str = "SELECT COALESCE(MAX(revision), 0) FROM remainder";
// Sessions whose unattributed use is not what was published of it. The partial index holds the few rows that count.
const UNSETTLED: &str = "WITH loose AS (SELECT session, model, source, SUM(input) AS input, \
    SUM(output) AS output, SUM(cache_read) AS cache_read, SUM(cache_creation) AS cache_creation, \
    SUM(cost) AS cost FROM quarter \
    WHERE side = 2 AND input + output + cache_read + cache_creation + cost > 0 \
    GROUP BY session, model, source) \
    SELECT l.session FROM loose l LEFT JOIN remainder r USING (session, model, source) \
    WHERE (r.input, r.output, r.cache_read, r.cache_creation, r.cost) \
    IS NOT (l.input, l.output, l.cache_read, l.cache_creation, l.cost) \
    UNION SELECT r.session FROM remainder r LEFT JOIN loose l USING (session, model, source) \
    WHERE l.session IS NULL AND r.input + r.output + r.cache_read + r.cache_creation + r.cost > 0";
static UPSERT: Rows = Rows::new(
    "INSERT INTO remainder (revision, session, model, source, input, output, cache_read, cache_creation, \
     cost, from_at, at) VALUES",
    11,
    "ON CONFLICT (session, model, source) DO UPDATE SET revision = excluded.revision, \
     input = excluded.input, output = excluded.output, cache_read = excluded.cache_read, \
     cache_creation = excluded.cache_creation, cost = excluded.cost, from_at = excluded.from_at, \
     at = excluded.at",
);
static NAME_WINDOW: Rows = Rows::new(
    "INSERT INTO million_window (session, model, at) VALUES",
    3,
    "ON CONFLICT (session, model) DO NOTHING",
);

/// What was published of a session.
pub(crate) async fn of_session(
    connection: &mut SqliteConnection,
    session: i64,
) -> sqlx::Result<Vec<RemainderRow>> {
    let rows = sqlx::query(OF_SESSION).bind(session).fetch_all(connection).await?;
    rows.iter().map(read).collect()
}

/// The sessions whose published remainder may be out of date.
pub(crate) async fn unsettled(connection: &mut SqliteConnection) -> sqlx::Result<Vec<i64>> {
    sqlx::query_scalar(UNSETTLED).fetch_all(connection).await
}

/// The largest revision of any remainder.
pub(crate) async fn last_revision(connection: &mut SqliteConnection) -> sqlx::Result<i64> {
    sqlx::query_scalar(LAST_REVISION).fetch_one(connection).await
}

/// Publishes remainders, new or changed.
pub(crate) fn upsert(script: &mut Script, rows: &[RemainderRow]) {
    script.add(&UPSERT, rows, |values, row| {
        let values =
            values.bind(row.revision.0).bind(row.session).bind(row.cell.0).bind(row.cell.1.code());
        bind_tokens(values, &row.remainder.tokens)
            .bind(row.remainder.cost.0)
            .bind(row.remainder.from.nanos())
            .bind(row.remainder.at.nanos())
    });
}

/// Notes that metrics named the one-million-token window: session, model, when.
pub(crate) fn name_window(script: &mut Script, rows: &[(i64, i64, Timestamp)]) {
    script
        .add(&NAME_WINDOW, rows, |values, row| values.bind(row.0).bind(row.1).bind(row.2.nanos()));
}

/// Reads a row of `remainder`.
pub(crate) fn read(row: &SqliteRow) -> sqlx::Result<RemainderRow> {
    Ok(RemainderRow {
        revision: Revision(row.try_get("revision")?),
        session: row.try_get("session")?,
        cell: (row.try_get("model")?, QuerySource::from_code(row.try_get("source")?)),
        remainder: Remainder {
            tokens: tokens(row)?,
            cost: NanoUsd(row.try_get("cost")?),
            from: time(row, "from_at")?,
            at: time(row, "at")?,
        },
    })
}

#[cfg(test)]
pub(crate) const STATEMENTS: &[&str] = &[OF_SESSION, LAST_REVISION, UNSETTLED];
#[cfg(test)]
pub(crate) static ROWS: &[&Rows] = &[&UPSERT, &NAME_WINDOW];
