//! The outbox: alerts that owe a message to a web address.

use plimsoll_domain::{Revision, Timestamp};
use sqlx::SqliteConnection;

use crate::DeliveryState;

const INSERT: &str = "INSERT INTO delivery (alert, session, attempts, next_at, ended, project) \
    SELECT ?1, id, 0, ?3, 0, project FROM session WHERE id = ?2";
const AGAIN: &str =
    "UPDATE delivery SET attempts = ?2, next_at = ?3 WHERE alert = ?1 AND ended = 0";
const END: &str = "UPDATE delivery SET ended = 1 WHERE alert = ?";

/// Enters an alert of a session that is stored, due at a time, with the session's project: a message that is sent again
/// says what it said before.
pub(crate) async fn insert(
    connection: &mut SqliteConnection,
    alert: Revision,
    session: i64,
    due: Timestamp,
) -> sqlx::Result<()> {
    let query = sqlx::query(INSERT).bind(alert.0).bind(session).bind(due.nanos());
    query.execute(connection).await.map(drop)
}

/// Notes how far it came. One that ended stays so.
pub(crate) async fn note(
    connection: &mut SqliteConnection,
    alert: Revision,
    state: DeliveryState,
) -> sqlx::Result<()> {
    let query = match state {
        DeliveryState::Again { attempts, next_at } => {
            sqlx::query(AGAIN).bind(alert.0).bind(attempts).bind(next_at.nanos())
        }
        DeliveryState::Ended => sqlx::query(END).bind(alert.0),
    };
    query.execute(connection).await.map(drop)
}

#[cfg(test)]
pub(crate) const STATEMENTS: &[&str] = &[INSERT, AGAIN, END];
