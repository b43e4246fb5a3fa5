//! `GET /api/v1/events`: the snapshot, then what changes, as server-sent events.
//!
//! A connection is a [`follower::Follower`] that its body polls: no task, no queue of its own. It holds the
//! snapshot sent last and its place in the ledger's commits; a reader that lags is served from the ledger.

mod change;
mod follower;
mod frame;

use std::{convert::Infallible, sync::Arc};

use axum::{
    body::Body,
    extract::State,
    response::{IntoResponse, Response},
};
use futures_util::{Stream, stream};
use http::{HeaderMap, header};
use plimsoll_domain::Revision;

pub(crate) use frame::{Encoded, HEARTBEAT, comment, event};

use crate::{
    Shared,
    error::ApiError,
    query::{Params, read_revision, refuse},
};
use follower::Follower;

/// Answers with the stream.
pub(crate) async fn follow(
    State(shared): State<Arc<Shared>>,
    headers: HeaderMap,
    params: Params,
) -> Result<Response, ApiError> {
    let after = last_event(&headers, &params)?;
    let follower = Follower::new(shared, after);
    Ok(respond(stream::unfold(follower, async |mut follower| {
        let bytes = follower.next().await?;
        Some((Ok(bytes), follower))
    })))
}

/// The last event that a client has seen. A browser that reconnects says it in a header, which is newer than
/// what stands in the address.
fn last_event(headers: &HeaderMap, params: &Params) -> Result<Option<Revision>, ApiError> {
    match headers.get("last-event-id") {
        None => params.revision("lastEventId"),
        Some(id) if id.is_empty() => params.revision("lastEventId"),
        Some(id) => {
            let id = id.to_str().map_err(|_| refuse("Last-Event-ID must be a revision."))?;
            read_revision("Last-Event-ID", id).map(Some)
        }
    }
}

/// The answer whose body is a stream of events.
pub(crate) fn respond(
    events: impl Stream<Item = Result<bytes::Bytes, Infallible>> + Send + 'static,
) -> Response {
    let headers =
        [(header::CONTENT_TYPE, "text/event-stream"), (header::CACHE_CONTROL, "no-store")];
    (headers, Body::from_stream(events)).into_response()
}
