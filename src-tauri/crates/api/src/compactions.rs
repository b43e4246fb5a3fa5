//! `GET /api/v1/compactions`: every compaction, what it was, and whether it came unprepared.

use std::sync::Arc;

use axum::{
    Json,
    extract::State,
    response::{IntoResponse, Response},
};
use plimsoll_domain::SessionId;
use plimsoll_ledger::CompactionFilter;

use crate::{Shared, dto, error::ApiError, query::Params, sessions::cursor};

/// Answers with compactions, the newest first.
pub(crate) async fn list(
    State(shared): State<Arc<Shared>>,
    params: Params,
) -> Result<Response, ApiError> {
    let limit = params.limit()?;
    let filter = CompactionFilter {
        session: params.text("session").map(SessionId::new),
        before: params.time("before", &shared.api.calendar)?,
        auto_only: params.flag("auto")?.unwrap_or(false),
        limit,
    };
    let records = shared.api.ledger.compactions(filter).await?;
    let full = u32::try_from(records.len()).is_ok_and(|found| found >= limit);
    let next = records.last().filter(|_| full).map(|record| cursor(record.at));
    let compactions = records.iter().map(dto::Compaction::from).collect();
    Ok(Json(dto::Compactions { compactions, next }).into_response())
}
