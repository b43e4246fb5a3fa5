//! `/api/v1/quiet`: whose notifications are held back, and until when.

use std::{sync::Arc, time::Duration};

use axum::{
    Json,
    extract::{State, rejection::JsonRejection},
    response::{IntoResponse, Response},
};
use plimsoll_domain::{Scope, SessionId, Silence};
use serde::Deserialize;

use crate::{Shared, dto, error::ApiError, query::refuse};

/// The longest snooze, in minutes: a week.
const LONGEST: u32 = 7 * 24 * 60;

/// What is wished for. Without session and project it is about all sessions.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct Wish {
    session_id: Option<String>,
    project_path: Option<String>,
    /// For so long; missing: until it is taken back; zero: no more.
    minutes: Option<u32>,
}

impl Wish {
    fn scope(&self) -> Option<Scope> {
        match (&self.session_id, &self.project_path) {
            (None, None) => Some(Scope::All),
            (Some(session), None) => Some(Scope::Session(SessionId::new(session.as_str()))),
            (None, Some(path)) => Some(Scope::Project(path.as_str().into())),
            (Some(_), Some(_)) => None,
        }
    }
}

/// Whether our own pages ask for changes at this path.
pub(crate) fn is_for_page(path: &str) -> bool {
    path == "/api/v1/quiet"
}

/// Answers with the wishes that hold.
pub(crate) async fn list(State(shared): State<Arc<Shared>>) -> Result<Response, ApiError> {
    let silences = shared.api.orders.silences().await?;
    let silences = silences.iter().map(dto::Silence::from).collect();
    Ok(Json(dto::Quiet { silences }).into_response())
}

/// Takes a wish; answers with those that hold then.
pub(crate) async fn set(
    State(shared): State<Arc<Shared>>,
    wish: Result<Json<Wish>, JsonRejection>,
) -> Result<Response, ApiError> {
    let wish = wish.ok().map(|Json(wish)| wish);
    let wish = wish.filter(|wish| wish.minutes.is_none_or(|minutes| minutes <= LONGEST));
    let (scope, minutes) =
        wish.and_then(|wish| Some((wish.scope()?, wish.minutes))).ok_or_else(|| {
            refuse(
                "The body must be {\"sessionId\" or \"projectPath\" or neither, and \"minutes\": from 0 to 10080, or no minutes}.",
            )
        })?;
    let orders = &shared.api.orders;
    match minutes {
        Some(0) => orders.lift(scope).await?,
        _ => {
            let ends =
                |minutes| (shared.api.now)().after(Duration::from_secs(60).saturating_mul(minutes));
            orders.silence(Silence { scope, until: minutes.map(ends) }).await?;
        }
    }
    list(State(shared)).await
}
