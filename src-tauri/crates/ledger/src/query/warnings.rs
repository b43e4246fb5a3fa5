//! Warnings, the newest first.

use plimsoll_domain::{Revision, Warning};
use sqlx::SqliteConnection;

use crate::table::warning;

const WARNINGS: &str = "SELECT w.*, s.name AS session_name FROM warning w \
    LEFT JOIN session s ON s.id = w.session WHERE w.revision < ?1 ORDER BY w.revision DESC LIMIT ?2";

/// Warnings before a revision, or the last ones.
pub(crate) async fn warnings(
    connection: &mut SqliteConnection,
    before: Option<Revision>,
    limit: u32,
) -> sqlx::Result<Vec<Warning>> {
    let rows = sqlx::query(WARNINGS)
        .bind(before.map_or(i64::MAX, |before| before.0))
        .bind(i64::from(limit))
        .fetch_all(connection)
        .await?;
    rows.iter().filter_map(|row| warning::read(row).transpose()).collect()
}

#[cfg(test)]
pub(super) fn statements() -> Vec<String> {
    vec![WARNINGS.to_owned()]
}
