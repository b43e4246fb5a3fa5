//! Client processes.

use std::collections::BTreeMap;

use plimsoll_domain::ProcessId;
use sqlx::{Row as _, SqliteConnection, sqlite::SqliteRow};

use super::{Rows, Script, count, stored, text, time};
use crate::books::{Gap, Process};

const OF_SESSION: &str = "SELECT * FROM process WHERE session = ? ORDER BY id DESC LIMIT 16";
const LAST_ID: &str = "SELECT COALESCE(MAX(id), 0) FROM process";
const GAPS: &str = "SELECT * FROM gap WHERE process = ?";
static CLEAR_GAPS: Rows = Rows::new("DELETE FROM gap WHERE process IN (VALUES", 1, ")");
static INSERT_GAPS: Rows = Rows::new(
    "INSERT INTO gap (process, first, last, session, since, until) VALUES",
    6,
    "ON CONFLICT (process, first) DO UPDATE SET last = excluded.last",
);
static UPSERT: Rows = Rows::new(
    "INSERT INTO process (id, session, client_version, first_arrival, last_arrival, last_sequence) VALUES",
    6,
    "ON CONFLICT (id) DO UPDATE SET session = excluded.session, client_version = excluded.client_version, \
     last_arrival = excluded.last_arrival, last_sequence = MAX(process.last_sequence, excluded.last_sequence)",
);

/// The latest processes that last spoke of a session.
pub(crate) async fn of_session(
    connection: &mut SqliteConnection,
    session: i64,
) -> sqlx::Result<Vec<Process>> {
    let rows = sqlx::query(OF_SESSION).bind(session).fetch_all(&mut *connection).await?;
    let mut processes = Vec::new();
    for row in &rows {
        let id = row.try_get("id")?;
        processes.push(Process {
            id: ProcessId(id),
            session: row.try_get("session")?,
            client_version: text(row, "client_version")?,
            first_arrival: time(row, "first_arrival")?,
            last_arrival: time(row, "last_arrival")?,
            next_sequence: count(row.try_get("last_sequence")?) + 1,
            gaps: gaps(connection, id).await?,
        });
    }
    Ok(processes)
}

async fn gaps(connection: &mut SqliteConnection, process: i64) -> sqlx::Result<BTreeMap<u64, Gap>> {
    let rows = sqlx::query(GAPS).bind(process).fetch_all(connection).await?;
    let read = |row: &SqliteRow| {
        let gap = Gap {
            last: count(row.try_get("last")?),
            session: row.try_get("session")?,
            since: time(row, "since")?,
            until: time(row, "until")?,
        };
        Ok((count(row.try_get("first")?), gap))
    };
    rows.iter().map(read).collect()
}

/// The largest number given so far; zero before the first.
pub(crate) async fn last_id(connection: &mut SqliteConnection) -> sqlx::Result<i64> {
    sqlx::query_scalar(LAST_ID).fetch_one(connection).await
}

/// Writes rows, new or changed, with their gaps.
pub(crate) fn upsert(script: &mut Script, rows: &[Process]) {
    script.add(&UPSERT, rows, |values, row| {
        values
            .bind(row.id.0)
            .bind(row.session)
            .bind(row.client_version.clone())
            .bind(row.first_arrival.nanos())
            .bind(row.last_arrival.nanos())
            .bind(stored(row.next_sequence.saturating_sub(1)))
    });
    script.change(&CLEAR_GAPS, rows, |values, row| values.bind(row.id.0));
    let gaps: Vec<_> = rows
        .iter()
        .flat_map(|row| row.gaps.iter().map(|(first, gap)| (row.id.0, *first, *gap)))
        .collect();
    script.add(&INSERT_GAPS, &gaps, |values, (process, first, gap)| {
        values
            .bind(*process)
            .bind(stored(*first))
            .bind(stored(gap.last))
            .bind(gap.session)
            .bind(gap.since.nanos())
            .bind(gap.until.nanos())
    });
}

#[cfg(test)]
pub(crate) const STATEMENTS: &[&str] = &[OF_SESSION, LAST_ID, GAPS];
#[cfg(test)]
pub(crate) static ROWS: &[&Rows] = &[&UPSERT, &CLEAR_GAPS, &INSERT_GAPS];
