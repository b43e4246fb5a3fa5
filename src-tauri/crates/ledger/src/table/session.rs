//! Sessions by number.

use std::sync::Arc;

use sqlx::{Row as _, SqliteConnection, sqlite::SqliteRow};

use super::{Rows, Script, text, time};
use crate::books::SessionRow;

const FIND: &str = "SELECT * FROM session WHERE name = ?";
static FIND_ALL: Rows = Rows::new("SELECT * FROM session WHERE name IN (VALUES", 1, ")");
const LAST_ID: &str = "SELECT COALESCE(MAX(id), 0) FROM session";
const NAME_OF: &str = "SELECT name FROM session WHERE id = ?";
static UPSERT: Rows = Rows::new(
    "INSERT INTO session (id, name, project, branch, client_version, first_at, last_at, last_arrival, \
     has_events, has_metrics, has_transcript, has_hooks, last_telemetry) VALUES",
    13,
    "ON CONFLICT (id) DO UPDATE SET project = excluded.project, branch = excluded.branch, \
     client_version = excluded.client_version, first_at = excluded.first_at, last_at = excluded.last_at, \
     last_arrival = excluded.last_arrival, has_events = excluded.has_events, \
     has_metrics = excluded.has_metrics, has_transcript = excluded.has_transcript, \
     has_hooks = excluded.has_hooks, last_telemetry = excluded.last_telemetry",
);

/// The row of a session, where there is one.
pub(crate) async fn find(
    connection: &mut SqliteConnection,
    name: &str,
) -> sqlx::Result<Option<SessionRow>> {
    let row = sqlx::query(FIND).bind(name.to_owned()).fetch_optional(connection).await?;
    row.map(|row| read(&row)).transpose()
}

/// The rows of those sessions that there are.
pub(crate) async fn find_all(
    connection: &mut SqliteConnection,
    names: &[Arc<str>],
) -> sqlx::Result<Vec<SessionRow>> {
    let rows = FIND_ALL.find(connection, names, |values, name| values.bind(name.clone())).await?;
    rows.iter().map(read).collect()
}

/// The name of a numbered session.
pub(crate) async fn name_of(connection: &mut SqliteConnection, id: i64) -> sqlx::Result<String> {
    sqlx::query_scalar(NAME_OF).bind(id).fetch_one(connection).await
}

/// The largest number given so far; zero before the first.
pub(crate) async fn last_id(connection: &mut SqliteConnection) -> sqlx::Result<i64> {
    sqlx::query_scalar(LAST_ID).fetch_one(connection).await
}

/// Writes rows, new or changed.
pub(crate) fn upsert(script: &mut Script, rows: &[SessionRow]) {
    script.add(&UPSERT, rows, |values, row| {
        values
            .bind(row.id)
            .bind(row.name.clone())
            .bind(row.project.clone())
            .bind(row.branch.clone())
            .bind(row.client_version.clone())
            .bind(row.first_at.nanos())
            .bind(row.last_at.nanos())
            .bind(row.last_arrival.nanos())
            .bind(row.has_events)
            .bind(row.has_metrics)
            .bind(row.has_transcript)
            .bind(row.has_hooks)
            .bind(row.last_telemetry.nanos())
    });
}

/// Reads a row of `session`.
pub(crate) fn read(row: &SqliteRow) -> sqlx::Result<SessionRow> {
    Ok(SessionRow {
        id: row.try_get("id")?,
        name: row.try_get::<String, _>("name")?.into(),
        project: text(row, "project")?,
        branch: text(row, "branch")?,
        client_version: text(row, "client_version")?,
        first_at: time(row, "first_at")?,
        last_at: time(row, "last_at")?,
        last_arrival: time(row, "last_arrival")?,
        has_events: row.try_get("has_events")?,
        has_metrics: row.try_get("has_metrics")?,
        has_transcript: row.try_get("has_transcript")?,
        has_hooks: row.try_get("has_hooks")?,
        last_telemetry: time(row, "last_telemetry")?,
    })
}

#[cfg(test)]
pub(crate) const STATEMENTS: &[&str] = &[FIND, LAST_ID, NAME_OF];
#[cfg(test)]
pub(crate) static ROWS: &[&Rows] = &[&FIND_ALL, &UPSERT];
