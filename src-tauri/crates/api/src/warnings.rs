//! `GET /api/v1/warnings`: what was warned of.

use std::sync::Arc;

use axum::{
    Json,
    extract::State,
    response::{IntoResponse, Response},
};

use crate::{Shared, dto, error::ApiError, query::Params, snapshot::newest};

/// Answers with warnings, the newest first.
pub(crate) async fn list(
    State(shared): State<Arc<Shared>>,
    params: Params,
) -> Result<Response, ApiError> {
    let limit = params.limit()?;
    let all = shared.api.ledger.warnings(params.revision("before")?, limit).await?;
    let full = u32::try_from(all.len()).is_ok_and(|found| found >= limit);
    let last = all.last().filter(|_| full).and_then(|warning| warning.revision);
    let snapshot = newest(&shared.api).await;
    let calendar = &shared.api.calendar;
    let warnings = all.iter().map(|one| dto::Warning::new(one, &snapshot, calendar)).collect();
    Ok(Json(dto::Warnings { warnings, next: last.map(|revision| revision.0) }).into_response())
}
