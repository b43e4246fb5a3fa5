//! The books of sessions.

use plimsoll_domain::{SessionId, Timestamp};
use sqlx::{AssertSqlSafe, SqliteConnection, sqlite::SqliteRow};

use super::report::{SUMS, usage};
use crate::{SessionSummary, table};

/// Sessions that arrived within a span, the last one first. Sessions that nothing but counters told of never
/// "arrived" and are left out, as is what came without a session id.
pub(crate) async fn sessions(
    connection: &mut SqliteConnection,
    since: Timestamp,
    before: Option<Timestamp>,
    limit: u32,
) -> sqlx::Result<Vec<SessionSummary>> {
    let before = before.map_or(i64::MAX, Timestamp::nanos);
    let statement = sqlx::query(AssertSqlSafe(listing())).bind(since.nanos().max(1)).bind(before);
    let rows = statement.bind(i64::from(limit)).fetch_all(connection).await?;
    rows.iter().map(summary).collect()
}

/// The books of one session.
pub(crate) async fn session(
    connection: &mut SqliteConnection,
    session: &SessionId,
) -> sqlx::Result<Option<SessionSummary>> {
    let statement = sqlx::query(AssertSqlSafe(single())).bind(session.as_str().to_owned());
    statement.fetch_optional(connection).await?.as_ref().map(summary).transpose()
}

fn listing() -> String {
    format!(
        "SELECT s.*, {SUMS} FROM session s \
         LEFT JOIN quarter q ON q.session = s.id AND q.side IN (0, 2) \
         WHERE s.id IN (SELECT id FROM session WHERE last_arrival >= ?1 AND last_arrival < ?2 \
         AND name <> '' ORDER BY last_arrival DESC LIMIT ?3) \
         GROUP BY s.id ORDER BY s.last_arrival DESC"
    )
}

fn single() -> String {
    format!(
        "SELECT s.*, {SUMS} FROM session s \
         LEFT JOIN quarter q ON q.session = s.id AND q.side IN (0, 2) \
         WHERE s.name = ? AND s.name <> '' GROUP BY s.id"
    )
}

fn summary(row: &SqliteRow) -> sqlx::Result<SessionSummary> {
    let session = table::session::read(row)?;
    Ok(SessionSummary {
        session: SessionId::new(session.name),
        project: session.project,
        branch: session.branch,
        client_version: session.client_version,
        first_at: session.first_at,
        last_at: session.last_at,
        last_arrival: session.last_arrival,
        usage: usage(row)?,
        has_events: session.has_events,
        has_metrics: session.has_metrics,
        has_transcript: session.has_transcript,
        has_hooks: session.has_hooks,
        last_telemetry: (session.last_telemetry > Timestamp::EPOCH)
            .then_some(session.last_telemetry),
    })
}

#[cfg(test)]
pub(super) fn statements() -> Vec<String> {
    vec![listing(), single()]
}
