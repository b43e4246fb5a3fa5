//! `POST /hooks/...`: what the client's hooks and status line hand over. The client waits for the answer, so nothing
//! here waits for anything but the body.

use std::sync::Arc;

use axum::{
    Router,
    body::Bytes,
    extract::{DefaultBodyLimit, State, rejection::BytesRejection},
    response::{IntoResponse, Response},
    routing::post,
};
use http::{StatusCode, header};
use plimsoll_domain::{Door, Handed};

use crate::{error::ApiError, query::refuse};

const HOOK: &str = "/hooks/claude-code";
const STATUS_LINE: &str = "/hooks/status-line";

/// The largest body that is taken: a hook carries the whole result of a tool.
const LIMIT: usize = 16 * 1024 * 1024;

/// The routes.
pub(crate) fn routes<S>(door: Arc<dyn Door>) -> Router<S> {
    Router::new()
        .route(HOOK, post(take_hook))
        .route(STATUS_LINE, post(take_status_line))
        .layer(DefaultBodyLimit::max(LIMIT))
        .with_state(door)
}

/// Whether something can be handed over at this path.
pub(crate) fn is_door(path: &str) -> bool {
    matches!(path, HOOK | STATUS_LINE)
}

async fn take_hook(
    State(door): State<Arc<dyn Door>>,
    body: Result<Bytes, BytesRejection>,
) -> Result<Response, ApiError> {
    take(&*door, Handed::Hook, body)
}

async fn take_status_line(
    State(door): State<Arc<dyn Door>>,
    body: Result<Bytes, BytesRejection>,
) -> Result<Response, ApiError> {
    take(&*door, Handed::StatusLine, body)
}

/// Hands the body on. Not asynchronous: once the body is whole, a client that leaves takes nothing back.
fn take(
    door: &dyn Door,
    kind: Handed,
    body: Result<Bytes, BytesRejection>,
) -> Result<Response, ApiError> {
    let body = body.map_err(|rejection| match rejection.status() {
        StatusCode::PAYLOAD_TOO_LARGE => {
            door.refuse();
            ApiError::BodyTooLarge(LIMIT)
        }
        _ => refuse("The body did not come to its end."),
    })?;
    // Whatever became of it, the client is to go on undisturbed; what cannot be used is counted behind the door.
    Ok(match door.take(kind, &body).answer {
        Some(answer) => ([(header::CONTENT_TYPE, "application/json")], answer).into_response(),
        None => StatusCode::OK.into_response(),
    })
}
