//! `GET /api/v1/usage-records`: what orchestrators store, paged by revision.

use std::sync::Arc;

use axum::{
    Json,
    extract::State,
    response::{IntoResponse, Response},
};
use plimsoll_domain::{Revision, SessionId};
use plimsoll_ledger::RecordFilter;

use crate::{
    Shared,
    dto::{UsageRecord, UsageRecords},
    error::ApiError,
    query::{Params, ordered},
};

/// Answers with the records after a cursor, in order of revision.
pub(crate) async fn list(
    State(shared): State<Arc<Shared>>,
    params: Params,
) -> Result<Response, ApiError> {
    let ledger = &shared.api.ledger;
    let filter = read_filter(&params, &shared)?;
    let limit = filter.limit;
    let records = ledger.usage_records(filter.clone()).await?;
    let cursor = records.last().map_or(filter.after, |last| last.revision);
    let full = u32::try_from(records.len()).unwrap_or(u32::MAX) >= limit;
    let more = full && {
        let rest = RecordFilter { after: cursor, limit: 1, ..filter };
        !ledger.usage_records(rest).await?.is_empty()
    };
    let page = UsageRecords {
        records: records.iter().map(UsageRecord::from).collect(),
        next: more.then_some(cursor.0),
        cursor: cursor.0,
    };
    Ok(Json(page).into_response())
}

fn read_filter(params: &Params, shared: &Shared) -> Result<RecordFilter, ApiError> {
    let calendar = params.calendar(&shared.api.calendar)?;
    let from = params.time("from", &calendar)?;
    let to = params.time("to", &calendar)?;
    ordered(from, to)?;
    Ok(RecordFilter {
        session: params.text("session").map(SessionId::new),
        from,
        to,
        after: params.revision("cursor")?.unwrap_or(Revision(0)),
        limit: params.limit()?,
    })
}
