//! `/api/v1/connect`, `/disconnect`, `/doctor`, `/proof` and `/welcome`: setting up, and finding out what is wrong.

use std::{pin::Pin, sync::Arc, time::Duration};

use axum::{
    Json,
    extract::{State, rejection::JsonRejection},
};
use plimsoll_domain::Timestamp;
use serde::de::DeserializeOwned;

pub use crate::dto::setup::{
    ConnectChoices, ConnectPlan, ConnectWish, Connected, Doctor, Finding, FirstRequest, Fix,
    Installation, Proof, RunningClient, Snippet,
};
use crate::{
    Shared,
    dto::setup::Welcome,
    error::ApiError,
    query::{Params, refuse},
};

/// How long a proof is waited for, unless the caller says otherwise, and at most, in seconds.
const PATIENCE: u64 = 20;
const LONGEST: u64 = 60;

/// An answer that takes a while.
pub type Answer<'a, T> = Pin<Box<dyn Future<Output = Result<T, SetupError>> + Send + 'a>>;

/// Why setting up did not go on.
#[derive(Debug, thiserror::Error)]
pub enum SetupError {
    /// The settings are not those that the diff was shown of.
    #[error("{0} has changed since. Look at the new difference and try again.")]
    Changed(String),
    /// There is no such settings file among those of the plan.
    #[error("{0} is no settings file of a client that was found.")]
    Unknown(String),
    /// The settings cannot be read or written; the sentence says why and what to do.
    #[error("{0}")]
    Refused(String),
    /// Nothing could be looked at.
    #[error("{0}")]
    Failed(String),
}

/// The port to whoever edits the client's settings and looks at its processes: the API knows neither.
pub trait Setup: Send + Sync + 'static {
    /// What connecting would change.
    fn plan(&self, choices: ConnectChoices) -> Answer<'_, ConnectPlan>;
    /// Connects a client.
    fn connect(&self, wish: ConnectWish) -> Answer<'_, Connected>;
    /// Takes that back.
    fn disconnect(&self, wish: ConnectWish) -> Answer<'_, Connected>;
    /// Looks at the clients that run on this machine.
    fn doctor(&self) -> Answer<'_, Doctor>;
    /// Waits for the first request that telemetry tells of after `since`, at most so long.
    fn proof(&self, since: Timestamp, patience: Duration) -> Answer<'_, Proof>;
    /// Whether the welcome was shown.
    fn welcomed(&self) -> Answer<'_, bool>;
    /// Remembers whether it was.
    fn set_welcomed(&self, seen: bool) -> Answer<'_, ()>;
}

/// Whether our own pages ask for changes at this path.
pub(crate) fn is_for_page(path: &str) -> bool {
    matches!(path, "/api/v1/connect" | "/api/v1/disconnect" | "/api/v1/welcome")
}

/// Shows what connecting would change; changes nothing.
pub(crate) async fn plan(
    State(shared): State<Arc<Shared>>,
    params: Params,
) -> Result<Json<ConnectPlan>, ApiError> {
    let usual = ConnectChoices::default();
    let choices = ConnectChoices {
        hooks: params.flag("hooks")?.unwrap_or(usual.hooks),
        status_line: params.flag("statusLine")?.unwrap_or(usual.status_line),
        replace: params.flag("replace")?.unwrap_or(usual.replace),
    };
    Ok(Json(shared.api.setup.plan(choices).await?))
}

/// Connects a client.
pub(crate) async fn connect(
    State(shared): State<Arc<Shared>>,
    wish: Result<Json<ConnectWish>, JsonRejection>,
) -> Result<Json<Connected>, ApiError> {
    Ok(Json(shared.api.setup.connect(read(wish)?).await?))
}

/// Takes back what connecting changed.
pub(crate) async fn disconnect(
    State(shared): State<Arc<Shared>>,
    wish: Result<Json<ConnectWish>, JsonRejection>,
) -> Result<Json<Connected>, ApiError> {
    Ok(Json(shared.api.setup.disconnect(read(wish)?).await?))
}

/// Looks at the clients on this machine.
pub(crate) async fn doctor(State(shared): State<Arc<Shared>>) -> Result<Json<Doctor>, ApiError> {
    Ok(Json(shared.api.setup.doctor().await?))
}

/// Answers when telemetry has told of a request, or when it did not in time.
pub(crate) async fn proof(
    State(shared): State<Arc<Shared>>,
    params: Params,
) -> Result<Json<Proof>, ApiError> {
    let since = params.time("since", &shared.api.calendar)?.unwrap_or_else(|| (shared.api.now)());
    let seconds = match params.text("timeout") {
        None => PATIENCE,
        Some(text) => {
            text.parse().ok().filter(|seconds| (1..=LONGEST).contains(seconds)).ok_or_else(
                || refuse("`timeout` must be a whole number of seconds from 1 to 60."),
            )?
        }
    };
    let waiting = shared.api.setup.proof(since, Duration::from_secs(seconds));
    match shared.api.closing.run_until_cancelled(waiting).await {
        Some(proof) => Ok(Json(proof?)),
        None => Ok(Json(Proof { arrived: None, likely: None })),
    }
}

/// Whether the welcome was shown.
pub(crate) async fn welcome(State(shared): State<Arc<Shared>>) -> Result<Json<Welcome>, ApiError> {
    Ok(Json(Welcome { seen: shared.api.setup.welcomed().await? }))
}

/// Remembers that it was, or shows it once more.
pub(crate) async fn set_welcome(
    State(shared): State<Arc<Shared>>,
    wish: Result<Json<Welcome>, JsonRejection>,
) -> Result<Json<Welcome>, ApiError> {
    let wish = read(wish)?;
    shared.api.setup.set_welcomed(wish.seen).await?;
    Ok(Json(wish))
}

fn read<T: DeserializeOwned>(body: Result<Json<T>, JsonRejection>) -> Result<T, ApiError> {
    let Json(body) = body.map_err(|rejection| refuse(&format!("{}.", rejection.body_text())))?;
    Ok(body)
}
