//! Checkpoints, the newest first.

use plimsoll_domain::{Checkpoint, SessionId};
use sqlx::SqliteConnection;

use crate::table::checkpoint;

// Which rows they are is told by the index by session alone.
const LAST_OF_EACH: &str = "SELECT c.*, s.name AS session_name FROM \
    (SELECT MAX(revision) AS revision FROM checkpoint GROUP BY session ORDER BY 1 DESC LIMIT ?1) AS last \
    JOIN checkpoint c ON c.revision = last.revision JOIN session s ON s.id = c.session \
    ORDER BY c.revision DESC";
const OF_SESSION: &str = "SELECT c.*, s.name AS session_name FROM checkpoint c \
    JOIN session s ON s.id = c.session WHERE c.session = (SELECT id FROM session WHERE name = ?2) \
    ORDER BY c.revision DESC LIMIT ?1";

/// Checkpoints of a session, or the last one of each.
pub(crate) async fn checkpoints(
    connection: &mut SqliteConnection,
    session: Option<&SessionId>,
    limit: u32,
) -> sqlx::Result<Vec<Checkpoint>> {
    let query = match session {
        None => sqlx::query(LAST_OF_EACH).bind(i64::from(limit)),
        Some(session) => {
            let query = sqlx::query(OF_SESSION).bind(i64::from(limit));
            query.bind(session.as_str().to_owned())
        }
    };
    query.fetch_all(connection).await?.iter().map(checkpoint::read).collect()
}

#[cfg(test)]
pub(super) fn statements() -> Vec<String> {
    [LAST_OF_EACH, OF_SESSION].map(String::from).to_vec()
}

#[cfg(test)]
mod tests {
    use crate::query::plan;

    /// Scenario: the plans of both statements.
    /// Guarantees: which checkpoint is each session's last is read from the index by session, in its order; those of one
    /// session are found by it.
    #[tokio::test]
    async fn checkpoints_are_found_by_their_index() {
        let last = plan(super::LAST_OF_EACH).await;
        assert!(
            last.contains("SCAN checkpoint USING COVERING INDEX checkpoint_by_session"),
            "{last}"
        );
        assert!(!last.contains("GROUP BY"), "{last}");
        let one = plan(super::OF_SESSION).await;
        assert!(one.contains("SEARCH c USING INDEX checkpoint_by_session (session=?)"), "{one}");
    }
}
