//! `GET /api/v1/alerts`: which levels spoke and what was done; `POST /api/v1/alerts/rehearsal`: what would be done.

use std::sync::Arc;

use axum::{
    Json,
    extract::{State, rejection::JsonRejection},
    response::{IntoResponse, Response},
};
use plimsoll_domain::{Level, SessionId};
use plimsoll_ledger::AlertFilter;
use plimsoll_watch::SessionView;
use serde::Deserialize;

use crate::{
    Shared, dto,
    error::ApiError,
    query::{Params, refuse},
    sessions::{NOT_LIVE, books, find},
    snapshot::newest,
};

/// Answers with alerts, the newest first.
pub(crate) async fn list(
    State(shared): State<Arc<Shared>>,
    params: Params,
) -> Result<Response, ApiError> {
    let limit = params.limit()?;
    let filter = AlertFilter {
        session: params.text("session").map(SessionId::new),
        before: params.revision("before")?,
        limit,
    };
    let records = shared.api.ledger.alerts(filter).await?;
    let full = u32::try_from(records.len()).is_ok_and(|found| found >= limit);
    let last = records.last().filter(|_| full).and_then(|record| record.alert.revision);
    let alerts = records.iter().map(dto::Alert::from).collect();
    Ok(Json(dto::Alerts { alerts, next: last.map(|revision| revision.0) }).into_response())
}

/// What is to be rehearsed.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct Wish {
    level: String,
    session_id: Option<String>,
}

/// Does what a level does, marked as a rehearsal, for a live session or for an invented one; answers with what it came
/// to.
pub(crate) async fn rehearse(
    State(shared): State<Arc<Shared>>,
    wish: Result<Json<Wish>, JsonRejection>,
) -> Result<Response, ApiError> {
    let wish = wish.ok().and_then(|Json(wish)| {
        Some((Level::from_name(&wish.level)?, wish.session_id.map(SessionId::new)))
    });
    let (level, session) = wish.ok_or_else(|| {
        refuse("The body must be {\"level\": \"notice\", \"checkpoint\" or \"urgent\"}, with or without \"sessionId\".")
    })?;
    let session = match session {
        Some(id) => Some(live(&shared, &id).await?),
        None => None,
    };
    let tried = shared.api.orders.rehearse(level, session).await?;
    let actions = tried.into_iter().map(dto::RehearsedAction::from).collect();
    Ok(Json(dto::Rehearsed { actions }).into_response())
}

/// A live session.
async fn live(shared: &Shared, id: &SessionId) -> Result<Arc<SessionView>, ApiError> {
    let snapshot = newest(&shared.api).await;
    if let Some(view) = find(&snapshot, id) {
        return Ok(Arc::clone(view));
    }
    books(shared, id).await?;
    Err(NOT_LIVE)
}
