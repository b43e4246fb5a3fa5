//! Checkpoints, the newest first.

use plimsoll_domain::{Checkpoint, SessionId};
use sqlx::SqliteConnection;

use crate::table::checkpoint;

const CHECKPOINTS: &str = "SELECT c.*, s.name AS session_name FROM checkpoint c \
    JOIN session s ON s.id = c.session ORDER BY c.revision DESC LIMIT ?1";
// Its own statement, so that the index by session is used.
const CHECKPOINTS_OF_SESSION: &str = "SELECT c.*, s.name AS session_name FROM checkpoint c \
    JOIN session s ON s.id = c.session WHERE c.session = (SELECT id FROM session WHERE name = ?2) \
    ORDER BY c.revision DESC LIMIT ?1";

/// Checkpoints of a session or of all.
pub(crate) async fn checkpoints(
    connection: &mut SqliteConnection,
    session: Option<&SessionId>,
    limit: u32,
) -> sqlx::Result<Vec<Checkpoint>> {
    let query = match session {
        None => sqlx::query(CHECKPOINTS).bind(i64::from(limit)),
        Some(session) => {
            let query = sqlx::query(CHECKPOINTS_OF_SESSION).bind(i64::from(limit));
            query.bind(session.as_str().to_owned())
        }
    };
    query.fetch_all(connection).await?.iter().map(checkpoint::read).collect()
}

#[cfg(test)]
pub(super) fn statements() -> Vec<String> {
    [CHECKPOINTS, CHECKPOINTS_OF_SESSION].map(String::from).to_vec()
}
