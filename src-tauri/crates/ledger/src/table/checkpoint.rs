//! Work that was saved, as it was acknowledged.

use plimsoll_domain::{Checkpoint, Revision, SessionId, Timestamp};
use sqlx::{Row as _, SqliteConnection, sqlite::SqliteRow};

use super::{maybe_count, stored, text, time};

const INSERT: &str =
    "INSERT INTO checkpoint (revision, session, at, note, path, tokens) VALUES (?, ?, ?, ?, ?, ?)";
const LAST_REVISION: &str = "SELECT COALESCE(MAX(revision), 0) FROM checkpoint";
const TIMES: &str = "SELECT at FROM checkpoint WHERE session = ? ORDER BY at";

/// Writes a checkpoint.
pub(crate) async fn insert(
    connection: &mut SqliteConnection,
    session: i64,
    revision: Revision,
    checkpoint: &Checkpoint,
) -> sqlx::Result<()> {
    let text = |text: Option<&std::sync::Arc<str>>| text.map(ToString::to_string);
    sqlx::query(INSERT)
        .bind(revision.0)
        .bind(session)
        .bind(checkpoint.at.nanos())
        .bind(text(checkpoint.note.as_ref()))
        .bind(text(checkpoint.path.as_ref()))
        .bind(checkpoint.tokens.map(stored))
        .execute(connection)
        .await
        .map(drop)
}

/// The largest revision of any checkpoint.
pub(crate) async fn last_revision(connection: &mut SqliteConnection) -> sqlx::Result<i64> {
    sqlx::query_scalar(LAST_REVISION).fetch_one(connection).await
}

/// When checkpoints of a session were acknowledged, in order.
pub(crate) async fn times(
    connection: &mut SqliteConnection,
    session: i64,
) -> sqlx::Result<Vec<Timestamp>> {
    let times: Vec<i64> = sqlx::query_scalar(TIMES).bind(session).fetch_all(connection).await?;
    Ok(times.into_iter().map(Timestamp::from_stored).collect())
}

/// Reads a row of `checkpoint` with the name of its session as `session_name`.
pub(crate) fn read(row: &SqliteRow) -> sqlx::Result<Checkpoint> {
    Ok(Checkpoint {
        session: SessionId::new(row.try_get::<String, _>("session_name")?),
        at: time(row, "at")?,
        note: text(row, "note")?,
        path: text(row, "path")?,
        tokens: maybe_count(row, "tokens")?,
        revision: Some(Revision(row.try_get("revision")?)),
    })
}

#[cfg(test)]
pub(crate) const STATEMENTS: &[&str] = &[INSERT, LAST_REVISION, TIMES];
