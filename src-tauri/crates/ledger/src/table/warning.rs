//! Warnings, claimed before they act.

use plimsoll_domain::{Revision, SessionId, Warning, WarningKind};
use sqlx::{Row as _, SqliteConnection, sqlite::SqliteRow};

use super::{count, stored, text, time};

const CLAIM: &str = "INSERT INTO warning (revision, kind, session, period, amount, used_up, at) \
    VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING";
const LAST_REVISION: &str = "SELECT COALESCE(MAX(revision), 0) FROM warning";

/// Writes a warning unless it was claimed before; tells whether it was written.
pub(crate) async fn claim(
    connection: &mut SqliteConnection,
    session: Option<i64>,
    revision: Revision,
    warning: &Warning,
) -> sqlx::Result<bool> {
    let done = sqlx::query(CLAIM)
        .bind(revision.0)
        .bind(warning.kind.code())
        .bind(session)
        .bind(warning.period.nanos())
        .bind(stored(warning.amount))
        .bind(warning.is_used_up())
        .bind(warning.at.nanos())
        .execute(connection)
        .await?;
    Ok(done.rows_affected() == 1)
}

/// The largest revision of any warning.
pub(crate) async fn last_revision(connection: &mut SqliteConnection) -> sqlx::Result<i64> {
    sqlx::query_scalar(LAST_REVISION).fetch_one(connection).await
}

/// Reads a row of `warning` with the name of its session as `session_name`; `None` where a later version wrote a kind
/// that this one does not know.
pub(crate) fn read(row: &SqliteRow) -> sqlx::Result<Option<Warning>> {
    let Some(kind) = WarningKind::from_code(row.try_get("kind")?) else { return Ok(None) };
    Ok(Some(Warning {
        kind,
        session: text(row, "session_name")?.map(SessionId::new),
        period: time(row, "period")?,
        amount: count(row.try_get("amount")?),
        at: time(row, "at")?,
        revision: Some(Revision(row.try_get("revision")?)),
    }))
}

#[cfg(test)]
pub(crate) const STATEMENTS: &[&str] = &[CLAIM, LAST_REVISION];
