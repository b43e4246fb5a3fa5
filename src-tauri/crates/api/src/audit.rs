//! `GET /api/v1/audit`: what every witness tells of the same use, and the same as a file.

use std::sync::Arc;

use axum::{
    Json,
    extract::State,
    response::{IntoResponse, Response},
};
use plimsoll_domain::SessionId;
use plimsoll_ledger::{Audit, AuditFilter};

use crate::{Shared, dto, error::ApiError, query::Params};

/// Answers with the audit of sessions, or of one.
pub(crate) async fn read(
    State(shared): State<Arc<Shared>>,
    params: Params,
) -> Result<Response, ApiError> {
    let filter = AuditFilter {
        session: params.text("session").map(SessionId::new),
        since: params.time("since", &shared.api.calendar)?,
    };
    let limit = usize::try_from(params.limit()?).unwrap_or(usize::MAX);
    let audit = shared.api.ledger.audit(&filter, (shared.api.now)()).await?;
    if let (Some(session), true) = (&filter.session, audit.sessions.is_empty()) {
        return Err(ApiError::SessionUnknown(session.to_string()));
    }
    let (lines, prices) = (audit.total(), audit.prices());
    Ok(Json(dto::Audit::new(&audit, (&lines, &prices), limit)).into_response())
}

/// An audit as JSON, exactly as `GET /api/v1/audit` gives it, with every session.
///
/// # Errors
/// Never but for a fault in this version: what it is made of can be written as JSON.
pub fn audit_json(audit: &Audit) -> Result<Vec<u8>, serde_json::Error> {
    let (lines, prices) = (audit.total(), audit.prices());
    serde_json::to_vec(&dto::Audit::new(audit, (&lines, &prices), usize::MAX))
}
