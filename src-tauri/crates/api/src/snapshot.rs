//! What is live: the newest snapshot, for `GET /api/v1/snapshot` and every other answer that tells of it.

use std::{sync::Arc, time::Duration};

use axum::{
    Json,
    extract::State,
    response::{IntoResponse, Response},
};
use plimsoll_watch::Snapshot;
use tokio::time::timeout;

use crate::{Api, Shared, dto};

/// How long an answer waits for the snapshot that it should tell: one is published within 20 ms of a commit.
const PATIENCE: Duration = Duration::from_secs(1);

/// Answers with the newest snapshot.
pub(crate) async fn read(State(shared): State<Arc<Shared>>) -> Response {
    let snapshot = newest(&shared.api).await;
    let status = Arc::clone(&shared.api.status.borrow());
    Json(dto::Snapshot::new(&snapshot, &status, shared.resident())).into_response()
}

/// A snapshot that knows of everything which was committed before it was asked for, so that whoever sends and then asks
/// finds what was sent; the newest there is, where that does not come.
pub(crate) async fn newest(api: &Api) -> Arc<Snapshot> {
    let committed = api.ledger.revision();
    let mut snapshots = api.snapshots.clone();
    let knows = |snapshot: &Arc<Snapshot>| snapshot.revision >= committed;
    let _ = timeout(PATIENCE, snapshots.wait_for(knows)).await;
    Arc::clone(&api.snapshots.borrow())
}
