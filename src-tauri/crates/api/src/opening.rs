//! What is answered while the ledger is not open: the resident's state, its clients, and hooks are taken.

use std::{fmt, sync::Arc};

use axum::{
    Json, Router,
    extract::State,
    response::{IntoResponse, Response},
    routing::get,
};
use plimsoll_domain::{Door, Revision, Timestamp, health::HealthProbe};

use crate::{
    Key, dto,
    error::ApiError,
    guard, hooks,
    setup::{Doctor, Setup},
};

/// The part of the [`Api`](crate::Api) that needs no ledger.
pub struct Opening {
    /// The resident's own state.
    pub probe: Arc<dyn HealthProbe>,
    /// Who looks at the clients.
    pub setup: Arc<dyn Setup>,
    /// Where what hooks and the status line say is handed on.
    pub door: Arc<dyn Door>,
    /// The key of `runtime.json`.
    pub key: Key,
    /// The clock.
    pub now: Arc<dyn Fn() -> Timestamp + Send + Sync>,
    /// The application's version.
    pub version: &'static str,
}

impl fmt::Debug for Opening {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Opening").field("version", &self.version).finish_non_exhaustive()
    }
}

/// The routes while the ledger is not open: health, the doctor and hooks; everything else is refused with 503.
pub fn opening_router(opening: Opening) -> Router {
    let (door, key) = (Arc::clone(&opening.door), opening.key.clone());
    let routes = Router::new()
        .route("/api/v1/health", get(health))
        .route("/api/v1/doctor", get(doctor))
        .merge(hooks::routes(door))
        .fallback(async || ApiError::LedgerClosed)
        .method_not_allowed_fallback(async || ApiError::MethodNotAllowed);
    guard::stand_before(routes, key).with_state(Arc::new(opening))
}

async fn doctor(State(opening): State<Arc<Opening>>) -> Result<Json<Doctor>, ApiError> {
    Ok(Json(opening.setup.doctor().await?))
}

async fn health(State(opening): State<Arc<Opening>>) -> Response {
    let health = opening.probe.health();
    let now = (opening.now)();
    Json(dto::Health::new(&health, opening.version, now, Revision::default())).into_response()
}
