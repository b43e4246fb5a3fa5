//! `/api/v1/sessions/{id}/checkpoints`: work that was saved, as whoever saved it says.

use std::sync::Arc;

use axum::{
    Json,
    extract::{Path, State, rejection::JsonRejection, rejection::PathRejection},
    response::{IntoResponse, Response},
};
use http::StatusCode;
use plimsoll_domain::{Checkpoint, checkpoint::LONGEST_NOTE};
use serde::Deserialize;

use crate::{
    Shared, dto,
    error::ApiError,
    query::{Params, refuse},
    sessions::{books, find, read_id},
    snapshot::newest,
};

/// The longest path that is kept, in characters.
const LONGEST_PATH: usize = 4_096;

/// What is acknowledged. Everything may be missing.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub(crate) struct Wish {
    /// What the agent is to be reminded of after the compaction.
    note: Option<String>,
    /// Where the work was saved.
    path: Option<String>,
    /// The occupancy that is acknowledged; the present one unless told.
    tokens: Option<u64>,
}

/// Acknowledges a checkpoint of a session that is known; answers once it is on disk.
pub(crate) async fn acknowledge(
    State(shared): State<Arc<Shared>>,
    path: Result<Path<String>, PathRejection>,
    wish: Result<Json<Wish>, JsonRejection>,
) -> Result<Response, ApiError> {
    let session = read_id(path)?;
    let wish = wish.map_err(|_| {
        refuse("The body must be JSON such as {\"note\": \"...\", \"path\": \"...\", \"tokens\": 151203}.")
    })?;
    let Json(Wish { note, path, tokens }) = wish;
    short_enough("note", note.as_deref(), LONGEST_NOTE)?;
    short_enough("path", path.as_deref(), LONGEST_PATH)?;
    let snapshot = newest(&shared.api).await;
    let view = find(&snapshot, &session);
    if view.is_none() {
        books(&shared, &session).await?;
    }
    let shown = || view.and_then(|view| view.gauge.as_ref()).map(|gauge| gauge.occupancy);
    let checkpoint = Checkpoint {
        at: (shared.api.now)(),
        note: note.filter(|note| !note.is_empty()).map(Arc::from),
        path: path.filter(|path| !path.is_empty()).map(Arc::from),
        tokens: tokens.or_else(shown),
        session,
        revision: None,
    };
    let written = shared.api.orders.acknowledge(checkpoint).await?;
    Ok((StatusCode::CREATED, Json(dto::Checkpoint::from(&written))).into_response())
}

fn short_enough(name: &str, text: Option<&str>, most: usize) -> Result<(), ApiError> {
    match text {
        Some(text) if text.chars().count() > most => {
            Err(refuse(&format!("`{name}` is longer than {most} characters.")))
        }
        _ => Ok(()),
    }
}

/// Answers with a session's checkpoints, the newest first.
pub(crate) async fn list(
    State(shared): State<Arc<Shared>>,
    path: Result<Path<String>, PathRejection>,
    params: Params,
) -> Result<Response, ApiError> {
    let session = read_id(path)?;
    let limit = params.limit()?;
    let all = shared.api.ledger.checkpoints(Some(&session), limit).await?;
    let checkpoints = all.iter().map(dto::Checkpoint::from).collect();
    Ok(Json(dto::Checkpoints { checkpoints }).into_response())
}
