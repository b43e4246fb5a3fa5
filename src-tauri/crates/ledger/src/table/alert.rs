//! Alerts, claimed before they act.

use plimsoll_domain::{Alert, Revision};
use sqlx::SqliteConnection;

use super::stored;

const CLAIM: &str = "INSERT INTO alert (revision, session, process, agent, cycle, level, occupancy, line, at) \
                     VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING";
const LAST_REVISION: &str = "SELECT COALESCE(MAX(revision), 0) FROM alert";

/// Writes an alert unless its thread, cycle and level were claimed before; tells whether it was written.
pub(crate) async fn claim(
    connection: &mut SqliteConnection,
    session: i64,
    revision: Revision,
    alert: &Alert,
) -> sqlx::Result<bool> {
    let done = sqlx::query(CLAIM)
        .bind(revision.0)
        .bind(session)
        .bind(alert.thread.process.map_or(0, |process| process.0))
        .bind(alert.thread.agent.as_ref().map_or_else(String::new, ToString::to_string))
        .bind(alert.cycle.nanos())
        .bind(alert.level.code())
        .bind(stored(alert.occupancy))
        .bind(stored(alert.line))
        .bind(alert.at.nanos())
        .execute(connection)
        .await?;
    Ok(done.rows_affected() == 1)
}

/// The largest revision of any alert.
pub(crate) async fn last_revision(connection: &mut SqliteConnection) -> sqlx::Result<i64> {
    sqlx::query_scalar(LAST_REVISION).fetch_one(connection).await
}

#[cfg(test)]
pub(crate) const STATEMENTS: &[&str] = &[CLAIM, LAST_REVISION];
