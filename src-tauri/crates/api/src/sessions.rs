//! `GET /api/v1/sessions`, one of them, and its context.

use std::{collections::HashSet, sync::Arc};

use axum::{
    Json,
    extract::{Path, State, rejection::PathRejection},
    response::{IntoResponse, Response},
};
use plimsoll_domain::{SessionId, Timestamp, calendar::rfc3339};
use plimsoll_ledger::{LedgerError, SessionSummary};
use plimsoll_watch::{SessionView, Snapshot};

use crate::{
    Shared,
    dto::{Context, Session, SessionBooks, SessionContext, SessionPage},
    error::ApiError,
    query::Params,
    snapshot::newest,
};

/// Nothing of a session is known that is true now.
pub(crate) const NOT_LIVE: ApiError = ApiError::ContextUnknown(
    "Nothing of this session arrived lately, so its context is not known.",
);
/// Nobody told of the main thread's requests.
pub(crate) const NO_GAUGE: ApiError = ApiError::ContextUnknown(
    "No event told of this session's requests yet; metrics alone do not tell its context.",
);

/// The most that the ledger is asked for at once.
const MOST: u32 = 1000;

/// Answers with the books of sessions, the last active first.
pub(crate) async fn list(
    State(shared): State<Arc<Shared>>,
    params: Params,
) -> Result<Response, ApiError> {
    let limit = params.limit()?;
    let before = params.time("before", &shared.api.calendar)?;
    let (books, next) = page(&shared, before, limit).await?;
    let snapshot = newest(&shared.api).await;
    let live: HashSet<&SessionId> = snapshot.sessions.iter().map(|view| &view.session).collect();
    let shown = |one| SessionBooks::new(one, live.contains(&one.session));
    let page = SessionPage { sessions: books.iter().map(shown).collect(), next: next.map(cursor) };
    Ok(Json(page).into_response())
}

/// A page of at most `limit` sessions (or as many as were active at the very same time), and where the next
/// page begins.
async fn page(
    shared: &Shared,
    before: Option<Timestamp>,
    limit: u32,
) -> Result<(Vec<SessionSummary>, Option<Timestamp>), LedgerError> {
    let ledger = &shared.api.ledger;
    let books = ledger.sessions(before, limit.saturating_add(1)).await?;
    if let Some(page) = cut(books, limit) {
        return Ok(page);
    }
    let mut books = ledger.sessions(before, MOST).await?;
    let found = books.len();
    // All of the first moment together: a cursor cannot point between them.
    let moment = books.first().map(|first| first.last_arrival);
    books.retain(|one| Some(one.last_arrival) == moment);
    let next = moment.filter(|_| books.len() < found);
    Ok((books, next))
}

/// Cuts `limit` sessions off where the next page can begin: a page is told by a time, so sessions of the same
/// moment stay on one page. `None` when more than `limit` share the first moment.
fn cut(
    mut books: Vec<SessionSummary>,
    limit: u32,
) -> Option<(Vec<SessionSummary>, Option<Timestamp>)> {
    let limit = usize::try_from(limit).unwrap_or(usize::MAX);
    let Some(surplus) = books.get(limit) else { return Some((books, None)) };
    let moment = surplus.last_arrival;
    books.truncate(limit);
    while books.last().is_some_and(|last| last.last_arrival == moment) {
        books.pop();
    }
    let next = books.last()?.last_arrival;
    Some((books, Some(next)))
}

/// A time to the nanosecond: rounded, it would repeat or lose what lies at the edge of a page.
pub(crate) fn cursor(time: Timestamp) -> String {
    let millis = rfc3339(time);
    format!("{}{:06}Z", millis.trim_end_matches('Z'), time.nanos() % 1_000_000)
}

/// Answers with a live session, or with the books of one that is not.
pub(crate) async fn read(
    State(shared): State<Arc<Shared>>,
    path: Result<Path<String>, PathRejection>,
) -> Result<Response, ApiError> {
    let id = read_id(path)?;
    let snapshot = newest(&shared.api).await;
    if let Some(view) = find(&snapshot, &id) {
        return Ok(Json(Session::new(view)).into_response());
    }
    let books = books(&shared, &id).await?;
    Ok(Json(SessionBooks::new(&books, false)).into_response())
}

/// Answers with how full the main thread's context is.
pub(crate) async fn context(
    State(shared): State<Arc<Shared>>,
    path: Result<Path<String>, PathRejection>,
) -> Result<Response, ApiError> {
    let id = read_id(path)?;
    let snapshot = newest(&shared.api).await;
    let Some(view) = find(&snapshot, &id) else {
        books(&shared, &id).await?;
        return Err(NOT_LIVE);
    };
    let gauge = view.gauge.as_ref().ok_or(NO_GAUGE)?;
    let context = SessionContext { session_id: id.as_str(), context: Context::from(gauge) };
    Ok(Json(context).into_response())
}

pub(crate) fn read_id(path: Result<Path<String>, PathRejection>) -> Result<SessionId, ApiError> {
    let Path(id) = path.map_err(|_| ApiError::NotFound)?;
    Ok(SessionId::new(id))
}

/// The books of a session. One of which nothing but counters told is unknown, as in the list.
pub(crate) async fn books(shared: &Shared, id: &SessionId) -> Result<SessionSummary, ApiError> {
    let books = shared.api.ledger.session(id).await?;
    let books = books.filter(|books| books.last_arrival > Timestamp::EPOCH);
    books.ok_or_else(|| ApiError::SessionUnknown(id.to_string()))
}

pub(crate) fn find<'a>(snapshot: &'a Snapshot, id: &SessionId) -> Option<&'a Arc<SessionView>> {
    snapshot.sessions.iter().find(|view| view.session == *id)
}

#[cfg(test)]
mod tests {
    use plimsoll_domain::calendar::parse_rfc3339;

    use super::*;
    use crate::fixture::summary;

    fn page_of(times: &[i64], limit: u32) -> Option<(usize, Option<i64>)> {
        let at = |millis: &i64| summary("s", Timestamp::from_millis(*millis));
        let (page, next) = cut(times.iter().map(at).collect(), limit)?;
        Some((page.len(), next.map(Timestamp::millis)))
    }

    /// Scenario: pages that hold everything, end between moments, within one, and within the first.
    /// Guarantees: the next page begins where this one ends: none is lost, none comes twice.
    #[test]
    fn pages_end_between_moments() {
        assert_eq!(page_of(&[], 2), Some((0, None)));
        assert_eq!(page_of(&[9, 8], 2), Some((2, None)));
        assert_eq!(page_of(&[9, 8, 7], 2), Some((2, Some(8))));
        assert_eq!(page_of(&[9, 8, 8], 2), Some((1, Some(9))));
        assert_eq!(page_of(&[8, 8, 8], 2), None);
    }

    /// Scenario: a cursor is written and read back.
    /// Guarantees: not a nanosecond is lost.
    #[test]
    fn cursors_are_exact() {
        let time = Timestamp::from_stored(1_795_409_023_445_000_789);
        assert_eq!(parse_rfc3339(&cursor(time)), Some(time));
    }
}
