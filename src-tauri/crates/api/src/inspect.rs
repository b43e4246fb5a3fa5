//! `GET /api/v1/inspect`: the signals as they arrive, as server-sent events. Needs the key.

use std::sync::Arc;

use axum::{extract::State, response::Response};
use bytes::Bytes;
use futures_util::stream;
use http::HeaderMap;
use tokio::{
    sync::broadcast::{self, error::RecvError},
    time::sleep,
};
use tokio_util::sync::CancellationToken;

use crate::{
    Shared, Signal,
    dto::SignalSeen,
    error::ApiError,
    stream::{HEARTBEAT, comment, event, respond},
};

/// Answers with the stream of signals from now on.
pub(crate) async fn follow(
    State(shared): State<Arc<Shared>>,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    shared.demand_key(&headers)?;
    let place = (shared.api.signals.subscribe(), shared.api.closing.clone());
    Ok(respond(stream::unfold(place, async |(mut signals, closing)| {
        let bytes = next(&mut signals, &closing).await?;
        Some((Ok(bytes), (signals, closing)))
    })))
}

/// The next bytes; `None` at the end of the stream. Who reads too slowly is told how much it missed.
async fn next(
    signals: &mut broadcast::Receiver<Arc<Signal>>,
    closing: &CancellationToken,
) -> Option<Bytes> {
    tokio::select! {
        biased;
        () = closing.cancelled() => None,
        signal = signals.recv() => match signal {
            Ok(signal) => Some(event("signal", &SignalSeen::from(&*signal))),
            Err(RecvError::Lagged(missed)) => Some(comment(&format!("{missed} signals missed"))),
            Err(RecvError::Closed) => None,
        },
        () = sleep(HEARTBEAT) => Some(comment("still here")),
    }
}
