//! `GET /api/v1/snapshot`: everything live, now.

use std::sync::Arc;

use axum::{
    Json,
    extract::State,
    response::{IntoResponse, Response},
};

use crate::{Shared, dto};

/// Answers with the newest snapshot.
pub(crate) async fn read(State(shared): State<Arc<Shared>>) -> Response {
    let snapshot = Arc::clone(&shared.api.snapshots.borrow());
    let status = Arc::clone(&shared.api.status.borrow());
    Json(dto::Snapshot::new(&snapshot, &status, shared.resident())).into_response()
}
