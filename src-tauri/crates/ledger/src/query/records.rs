//! Usage records and alerts, in order of revision.

use std::sync::Arc;

use plimsoll_domain::{AgentId, Alert, Level, Model, ProcessId, Revision, SessionId, ThreadKey};
use sqlx::{Connection as _, Row as _, SqliteConnection, sqlite::SqliteRow};

use super::record;
use crate::{
    Change, RecordFilter, UsageRecord,
    table::{count, remainder, request, time},
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
    let alerts =
        sqlx::query(ALERTS).bind(after.0).bind(i64::from(limit)).fetch_all(&mut *view).await?;
    view.rollback().await?;
    for row in &alerts {
        all.extend(read_alert(row)?.map(Change::Alert));
    }
    all.sort_by_key(Change::revision);
    all.truncate(limit as usize);
    Ok(all)
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

/// An alert; `None` where a later version wrote a level that this one does not know.
fn read_alert(row: &SqliteRow) -> sqlx::Result<Option<Alert>> {
    let Some(level) = Level::from_code(row.try_get("level")?) else { return Ok(None) };
    let process: i64 = row.try_get("process")?;
    let agent: String = row.try_get("agent")?;
    Ok(Some(Alert {
        thread: ThreadKey {
            session: SessionId::new(row.try_get::<String, _>("session_name")?),
            process: (process != 0).then_some(ProcessId(process)),
            agent: (!agent.is_empty()).then(|| AgentId::new(agent)),
        },
        cycle: time(row, "cycle")?,
        level,
        occupancy: count(row.try_get("occupancy")?),
        line: count(row.try_get("line")?),
        at: time(row, "at")?,
        revision: Some(Revision(row.try_get("revision")?)),
    }))
}

#[cfg(test)]
pub(super) fn statements() -> Vec<String> {
    [REQUESTS, REQUESTS_OF_SESSION, REMAINDERS, ALERTS].map(String::from).to_vec()
}
