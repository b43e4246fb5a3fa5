//! Reports of use over a span of time.

use plimsoll_domain::{NanoUsd, Quarter, Timestamp};
use sqlx::{AssertSqlSafe, Row as _, SqliteConnection, sqlite::SqliteRow};

use crate::{
    Grouping, Usage, UsageRow,
    table::{count, text, tokens},
};

/// The sums of a usage, of rows named `q`: what requests tell and what only metrics know.
pub(super) const SUMS: &str = "COALESCE(SUM(q.requests), 0) AS requests, \
    COALESCE(SUM(q.unpriced), 0) AS unpriced, COALESCE(SUM(q.input), 0) AS input, \
    COALESCE(SUM(q.output), 0) AS output, COALESCE(SUM(q.cache_read), 0) AS cache_read, \
    COALESCE(SUM(q.cache_creation), 0) AS cache_creation, COALESCE(SUM(q.cost), 0) AS cost, \
    COALESCE(SUM(q.input) FILTER (WHERE q.side = 2), 0) AS loose_input, \
    COALESCE(SUM(q.output) FILTER (WHERE q.side = 2), 0) AS loose_output, \
    COALESCE(SUM(q.cache_read) FILTER (WHERE q.side = 2), 0) AS loose_cache_read, \
    COALESCE(SUM(q.cache_creation) FILTER (WHERE q.side = 2), 0) AS loose_cache_creation";

/// Use between two times, rounded outwards to quarters, by group.
pub(crate) async fn report(
    connection: &mut SqliteConnection,
    by: Grouping,
    from: Timestamp,
    to: Timestamp,
) -> sqlx::Result<Vec<UsageRow>> {
    let end = to.nanos().saturating_add(Quarter::NANOS - 1) / Quarter::NANOS;
    let rows = sqlx::query(AssertSqlSafe(statement(by)))
        .bind(Quarter::of(from).0)
        .bind(end)
        .fetch_all(connection)
        .await?;
    rows.iter().map(|row| Ok(UsageRow { group: text(row, "grp")?, usage: usage(row)? })).collect()
}

fn statement(by: Grouping) -> String {
    let (group, join) = match by {
        Grouping::Quarter => ("CAST(q.quarter * 900000 AS TEXT)", ""),
        Grouping::Model => ("m.name", "JOIN model m ON m.id = q.model"),
        Grouping::Project => ("s.project", "JOIN session s ON s.id = q.session"),
        Grouping::Session => ("NULLIF(s.name, '')", "JOIN session s ON s.id = q.session"),
    };
    format!(
        "SELECT {group} AS grp, {SUMS} FROM quarter q {join} \
         WHERE q.quarter >= ?1 AND q.quarter < ?2 AND q.side IN (0, 2) GROUP BY grp ORDER BY MIN(q.quarter), grp"
    )
}

/// Reads the sums.
pub(super) fn usage(row: &SqliteRow) -> sqlx::Result<Usage> {
    Ok(Usage {
        tokens: tokens(row)?,
        cost: NanoUsd(row.try_get("cost")?),
        requests: count(row.try_get("requests")?),
        unpriced: count(row.try_get("unpriced")?),
        unattributed: plimsoll_domain::Tokens {
            input: count(row.try_get("loose_input")?),
            output: count(row.try_get("loose_output")?),
            cache_read: count(row.try_get("loose_cache_read")?),
            cache_creation: count(row.try_get("loose_cache_creation")?),
        },
    })
}

#[cfg(test)]
pub(super) fn statements() -> Vec<String> {
    [Grouping::Quarter, Grouping::Model, Grouping::Project, Grouping::Session]
        .map(statement)
        .to_vec()
}
