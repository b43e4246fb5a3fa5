//! `POST /api/v1/prune`: removes requests that are older than the user wants to keep.

use std::{pin::Pin, sync::Arc, time::Duration};

use axum::{
    Json,
    extract::{State, rejection::JsonRejection},
};
use plimsoll_domain::Timestamp;
use plimsoll_ledger::{LedgerError, Pruned};
use serde::{Deserialize, Serialize};

use crate::{Shared, error::ApiError, query::refuse};

const DAY: Duration = Duration::from_secs(86_400);
/// The most that can be asked for, in days.
const LONGEST: u32 = 36_500;

/// The port to whoever prunes the ledger: the API itself never writes to it.
pub trait Pruner: Send + Sync + 'static {
    /// Removes requests that were completed before a time, and what else happened before it.
    fn prune(
        &self,
        before: Timestamp,
    ) -> Pin<Box<dyn Future<Output = Result<Pruned, LedgerError>> + Send + '_>>;
}

/// What is asked for.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct Wish {
    older_than_days: u32,
}

/// What was removed.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Removed {
    requests: u64,
    readings: u64,
    events: u64,
    alerts: u64,
    processes: u64,
}

/// Prunes; answers when that is done.
pub(crate) async fn prune(
    State(shared): State<Arc<Shared>>,
    wish: Result<Json<Wish>, JsonRejection>,
) -> Result<Json<Removed>, ApiError> {
    let days = wish.ok().map(|Json(wish)| wish.older_than_days);
    let days = days.filter(|days| (1..=LONGEST).contains(days)).ok_or_else(|| {
        refuse("The body must be {\"olderThanDays\": a whole number from 1 to 36500}.")
    })?;
    let before = (shared.api.now)().before(DAY.saturating_mul(days));
    let Pruned { requests, readings, events, alerts, processes } =
        shared.api.pruner.prune(before).await.map_err(ApiError::NotPruned)?;
    Ok(Json(Removed { requests, readings, events, alerts, processes }))
}
