//! Rows as the records and activities that others see.

use std::sync::Arc;

use plimsoll_domain::{
    AgentId, Model, NanoUsd, ProcessId, QuerySource, RequestId, SessionId, Timestamp, Witness,
    Witnesses,
};
use sqlx::SqliteConnection;

use crate::{
    Activity, ActivityKind, UsageRecord,
    books::Cache,
    table::{event::EventRow, remainder::RemainderRow, request::RequestRow},
};

/// The record of a request whose session and model are in the cache or the file.
pub(crate) async fn of_request(
    connection: &mut SqliteConnection,
    cache: &mut Cache,
    row: &RequestRow,
) -> sqlx::Result<UsageRecord> {
    let model = cache.model_of(connection, row.model).await?;
    Ok(request(row, &cache.session(row.session).row.name, model))
}

/// The record of what only metrics know of a cell.
pub(crate) async fn of_remainder(
    connection: &mut SqliteConnection,
    cache: &mut Cache,
    row: &RemainderRow,
) -> sqlx::Result<UsageRecord> {
    let model = cache.model_of(connection, row.cell.0).await?;
    Ok(remainder(row, &cache.session(row.session).row.name, model))
}

/// The record of a request.
pub(crate) fn request(row: &RequestRow, session: &Arc<str>, model: Model) -> UsageRecord {
    UsageRecord {
        key: Arc::clone(&row.key),
        request: (!row.key.starts_with('~')).then(|| RequestId::new(Arc::clone(&row.key))),
        session: session_id(session),
        process: row.process.map(ProcessId),
        agent: row.agent.clone().map(AgentId::new),
        agent_name: row.agent_name.clone(),
        source: row.source,
        subsystem: row.subsystem.clone(),
        model,
        tokens: row.tokens,
        cost: row.known_cost(),
        cost_by_table: row.cost.is_none() && row.price.is_some(),
        finished: row.finished,
        orchestration: row.orchestration.clone(),
        duration_ms: row.duration_ms,
        at: row.at,
        from: None,
        witnesses: row.witnesses,
        revision: row.revision,
    }
}

/// The record of what only metrics know of a session's use of one model from one source.
pub(crate) fn remainder(row: &RemainderRow, session: &Arc<str>, model: Model) -> UsageRecord {
    let source: QuerySource = row.cell.1;
    UsageRecord {
        key: format!("~unattributed:{session}:{model}:{}", source.name()).into(),
        request: None,
        session: session_id(session),
        process: None,
        agent: None,
        agent_name: None,
        source,
        subsystem: None,
        model,
        tokens: row.remainder.tokens,
        cost: Some(row.remainder.cost).filter(|cost| *cost != NanoUsd::ZERO),
        cost_by_table: false,
        finished: None,
        orchestration: None,
        duration_ms: None,
        at: row.remainder.at,
        from: Some(row.remainder.from),
        witnesses: Witnesses::only(Witness::Metric),
        revision: row.revision,
    }
}

/// A request as something that happened.
pub(crate) fn request_activity(row: &RequestRow, session: SessionId, model: Model) -> Activity {
    Activity {
        session,
        process: row.process.map(ProcessId),
        at: row.at,
        arrived: row.arrived,
        kind: ActivityKind::Request {
            key: Arc::clone(&row.key),
            witnesses: row.witnesses,
            source: row.source,
            subsystem: row.subsystem.clone(),
            agent: row.agent.clone().map(AgentId::new),
            agent_name: row.agent_name.clone(),
            model,
            tokens: row.tokens,
        },
    }
}

/// An event as something that happened; `None` for kinds that this version does not know.
pub(crate) fn event_activity(row: &EventRow, session: SessionId) -> Option<Activity> {
    // Time zero: the client's clock was ahead, and it counts as of its arrival.
    let at = if row.key.0 == 0 { row.arrived } else { Timestamp::from_stored(row.key.0) };
    let process = row.process.map(ProcessId);
    Some(Activity { session, process, at, arrived: row.arrived, kind: row.what.activity()? })
}

fn session_id(name: &Arc<str>) -> Option<SessionId> {
    (!name.is_empty()).then(|| SessionId::new(Arc::clone(name)))
}
