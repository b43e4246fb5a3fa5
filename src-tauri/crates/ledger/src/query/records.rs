//! Usage records, alerts, checkpoints and warnings, in order of revision.

use std::sync::Arc;

use plimsoll_domain::{Model, Revision};
use sqlx::{Connection as _, Row as _, SqliteConnection, sqlite::SqliteRow};

use super::record;
use crate::{
    Change, RecordFilter, UsageRecord,
    table::{alert, checkpoint, remainder, request, warning},
};

const REQUESTS: &str = "SELECT r.*, s.name AS session_name, m.name AS model_name FROM request r \
    JOIN session s ON s.id = r.session JOIN model m ON m.id = r.model \
    WHERE r.revision > ?1 AND (?2 IS NULL OR r.at >= ?2) AND (?3 IS NULL OR r.at < ?3) \
    ORDER BY r.revision LIMIT ?4";
// Its own statement, so that the index by session is used.
const REQUESTS_OF_SESSION: &str = "SELECT r.*, s.name AS session_name, m.name AS model_name FROM request r \
    JOIN session s ON s.id = r.session JOIN model m ON m.id = r.model \
    WHERE r.session = (SELECT id FROM session WHERE name = ?5) AND r.revision > ?1 \
    AND (?2 IS NULL OR r.at >= ?2) AND (?3 IS NULL OR r.at < ?3) ORDER BY r.revision LIMIT ?4";
const REMAINDERS: &str = "SELECT r.*, s.name AS session_name, m.name AS model_name FROM remainder r \
    JOIN session s ON s.id = r.session JOIN model m ON m.id = r.model \
    WHERE r.revision > ?1 AND (?2 IS NULL OR r.at >= ?2) AND (?3 IS NULL OR r.at < ?3) \
    AND (?5 IS NULL OR s.name = ?5) ORDER BY r.revision LIMIT ?4";
const ALERTS: &str = "SELECT a.*, s.name AS session_name FROM alert a JOIN session s ON s.id = a.session \
    WHERE a.revision > ? ORDER BY a.revision LIMIT ?";
const CHECKPOINTS: &str = "SELECT c.*, s.name AS session_name FROM checkpoint c \
    JOIN session s ON s.id = c.session WHERE c.revision > ? ORDER BY c.revision LIMIT ?";
const WARNINGS: &str = "SELECT w.*, s.name AS session_name FROM warning w \
    LEFT JOIN session s ON s.id = w.session WHERE w.revision > ? ORDER BY w.revision LIMIT ?";

/// Usage records that a filter names, in order of revision.
pub(crate) async fn records(
    connection: &mut SqliteConnection,
    filter: &RecordFilter,
) -> sqlx::Result<Vec<UsageRecord>> {
    let mut view = connection.begin().await?;
    let all = records_in(&mut view, filter).await?;
    view.rollback().await?;
    Ok(all)
}

/// Within a view, or a commit between two statements would be skipped by whoever goes on after the last revision.
pub(crate) async fn records_in(
    connection: &mut SqliteConnection,
    filter: &RecordFilter,
) -> sqlx::Result<Vec<UsageRecord>> {
    let of_session = filter.session.is_some();
    let mut all = Vec::new();
    for text in [if of_session { REQUESTS_OF_SESSION } else { REQUESTS }, REMAINDERS] {
        let rows = sqlx::query(text)
            .bind(filter.after.0)
            .bind(filter.from.map(plimsoll_domain::Timestamp::nanos))
            .bind(filter.to.map(plimsoll_domain::Timestamp::nanos))
            .bind(i64::from(filter.limit))
            .bind(filter.session.as_ref().map(|session| session.as_str().to_owned()))
            .fetch_all(&mut *connection)
            .await?;
        let read = if text == REMAINDERS { read_remainder } else { read_request };
        for row in &rows {
            all.push(read(row)?);
        }
    }
    all.sort_by_key(|record| record.revision);
    all.truncate(filter.limit as usize);
    Ok(all)
}

/// Changes after a revision, in order.
pub(crate) async fn changes(
    connection: &mut SqliteConnection,
    after: Revision,
    limit: u32,
) -> sqlx::Result<Vec<Change>> {
    let filter = RecordFilter { after, limit, ..RecordFilter::default() };
    let mut view = connection.begin().await?;
    let mut all: Vec<_> =
        records_in(&mut view, &filter).await?.into_iter().map(Change::Usage).collect();
    for row in &after_revision(&mut view, ALERTS, (after, limit)).await? {
        all.extend(alert::read(row)?.map(Change::Alert));
    }
    for row in &after_revision(&mut view, CHECKPOINTS, (after, limit)).await? {
        all.push(Change::Checkpoint(checkpoint::read(row)?));
    }
    for row in &after_revision(&mut view, WARNINGS, (after, limit)).await? {
        all.extend(warning::read(row)?.map(Change::Warning));
    }
    view.rollback().await?;
    all.sort_by_key(Change::revision);
    all.truncate(limit as usize);
    Ok(all)
}

async fn after_revision(
    view: &mut SqliteConnection,
    statement: &'static str,
    (after, limit): (Revision, u32),
) -> sqlx::Result<Vec<SqliteRow>> {
    sqlx::query(statement).bind(after.0).bind(i64::from(limit)).fetch_all(view).await
}

fn read_request(row: &SqliteRow) -> sqlx::Result<UsageRecord> {
    let (session, model) = names(row)?;
    Ok(record::request(&request::read(row)?, &session, model))
}

fn read_remainder(row: &SqliteRow) -> sqlx::Result<UsageRecord> {
    let (session, model) = names(row)?;
    Ok(record::remainder(&remainder::read(row)?, &session, model))
}

fn names(row: &SqliteRow) -> sqlx::Result<(Arc<str>, Model)> {
    let model = Model::parse(&row.try_get::<String, _>("model_name")?).0;
    Ok((row.try_get::<String, _>("session_name")?.into(), model))
}

#[cfg(test)]
pub(super) fn statements() -> Vec<String> {
    let all = [REQUESTS, REQUESTS_OF_SESSION, REMAINDERS, ALERTS, CHECKPOINTS, WARNINGS];
    all.map(String::from).to_vec()
}
