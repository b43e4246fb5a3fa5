//! Client processes.

use plimsoll_domain::ProcessId;
use sqlx::{Row as _, SqliteConnection};

use super::{Rows, Script, count, stored, text, time};
use crate::books::Process;

const OF_SESSION: &str = "SELECT * FROM process WHERE session = ? ORDER BY id DESC LIMIT 16";
const LAST_ID: &str = "SELECT COALESCE(MAX(id), 0) FROM process";
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
    let rows = sqlx::query(OF_SESSION).bind(session).fetch_all(connection).await?;
    let read = |row: &sqlx::sqlite::SqliteRow| {
        Ok(Process {
            id: ProcessId(row.try_get("id")?),
            session: row.try_get("session")?,
            client_version: text(row, "client_version")?,
            first_arrival: time(row, "first_arrival")?,
            last_arrival: time(row, "last_arrival")?,
            last_sequence: count(row.try_get("last_sequence")?),
        })
    };
    rows.iter().map(read).collect()
}

/// The largest number given so far; zero before the first.
pub(crate) async fn last_id(connection: &mut SqliteConnection) -> sqlx::Result<i64> {
    sqlx::query_scalar(LAST_ID).fetch_one(connection).await
}

/// Writes rows, new or changed.
pub(crate) fn upsert(script: &mut Script, rows: &[Process]) {
    script.add(&UPSERT, rows, |values, row| {
        values
            .bind(row.id.0)
            .bind(row.session)
            .bind(row.client_version.clone())
            .bind(row.first_arrival.nanos())
            .bind(row.last_arrival.nanos())
            .bind(stored(row.last_sequence))
    });
}

#[cfg(test)]
pub(crate) const STATEMENTS: &[&str] = &[OF_SESSION, LAST_ID];
#[cfg(test)]
pub(crate) static ROWS: &[&Rows] = &[&UPSERT];
