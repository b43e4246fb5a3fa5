//! `GET /api/v1/health`: the resident's own state.

use std::sync::Arc;

use axum::{
    Json,
    extract::State,
    response::{IntoResponse, Response},
};

use crate::{Shared, dto};

/// Answers with the state; 200 also when it is degraded, since the answer itself is good.
pub(crate) async fn read(State(shared): State<Arc<Shared>>) -> Response {
    let api = &shared.api;
    let health = api.probe.health();
    let now = (api.now)();
    Json(dto::Health::new(&health, api.version, now, api.ledger.revision())).into_response()
}
