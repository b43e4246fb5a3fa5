//! The receiver: both protocols over one intake.

use std::{
    fmt,
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering},
    },
};

use ::http::{HeaderMap, HeaderValue, header::AUTHORIZATION};
use axum::Router;
use plimsoll_domain::{ConnectionId, Key, Timestamp, health::Counter};
use tokio_util::task::TaskTracker;

use crate::{
    counters::{Counters, Protocol, Reason},
    export::ExportRequest,
    grpc, http,
    intake::{Arrival, Intake, Now, Receipt, Refusal},
    json::Decoded,
    limits::Limits,
    shield::ToTheEnd,
};

/// Nothing has arrived yet.
const NEVER: i64 = -1;

/// Receives OTLP and hands it to an intake. Clones are the same receiver.
pub struct Receiver<I>(Arc<Desk<I>>);

impl<I> Clone for Receiver<I> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<I> fmt::Debug for Receiver<I> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Receiver").field("limits", &self.0.limits).finish_non_exhaustive()
    }
}

impl<I: Intake> Receiver<I> {
    /// A receiver with nothing counted yet. Where there is a token, only who shows it is heard.
    #[must_use]
    pub fn new(intake: I, limits: Limits, now: Now, token: Option<Key>) -> Self {
        Self(Arc::new(Desk {
            intake,
            token,
            limits,
            now,
            counters: Counters::default(),
            last_arrival: AtomicI64::new(NEVER),
            abandoned: TaskTracker::new(),
        }))
    }

    /// OTLP over HTTP: the three paths under `/v1`.
    pub fn http(&self) -> Router {
        http::router(&self.0)
    }

    /// OTLP over gRPC: the three services.
    pub fn grpc(&self) -> Router {
        grpc::router(&self.0)
    }

    /// What was accepted and refused since the start, by protocol, signal and reason.
    #[must_use]
    pub fn counters(&self) -> Vec<Counter> {
        self.0.counters.report()
    }

    /// When an export with at least one record last arrived; `None` before the first.
    #[must_use]
    pub fn last_arrival(&self) -> Option<Timestamp> {
        let nanos = self.0.last_arrival.load(Ordering::Relaxed);
        u64::try_from(nanos).ok().and_then(Timestamp::from_nanos)
    }

    /// Waits until the intake is done with exports whose clients have left. For the drain, after
    /// the listeners have stopped.
    pub async fn settle(&self) {
        self.0.abandoned.close();
        self.0.abandoned.wait().await;
        self.0.abandoned.reopen();
    }
}

/// What both protocols share.
pub(crate) struct Desk<I> {
    pub(crate) intake: I,
    token: Option<Key>,
    pub(crate) limits: Limits,
    pub(crate) now: Now,
    pub(crate) counters: Counters,
    /// Nanoseconds, or [`NEVER`].
    last_arrival: AtomicI64,
    /// Exports whose clients have left.
    abandoned: TaskTracker,
}

impl<I> Desk<I> {
    /// Whether the request shows the token, where one is wanted.
    pub(crate) fn is_shown_token(&self, headers: &HeaderMap) -> bool {
        let Some(token) = &self.token else { return true };
        let shown = headers.get(AUTHORIZATION).map(HeaderValue::as_bytes);
        shown
            .and_then(|shown| shown.strip_prefix(b"Bearer "))
            .is_some_and(|shown| token.opens(shown))
    }
}

impl<I: Intake> Desk<I> {
    /// Hands the export on and waits for its end, also when nobody waits for the answer any more.
    pub(crate) fn admit<R: ExportRequest>(
        self: &Arc<Self>,
        protocol: Protocol,
        connection: ConnectionId,
        decoded: Decoded<R>,
    ) -> impl Future<Output = Result<Receipt, Refusal>> + Send + use<I, R> {
        let desk = Arc::clone(self);
        let work = async move { desk.take(protocol, connection, decoded).await };
        ToTheEnd::new(work, &self.abandoned)
    }

    async fn take<R: ExportRequest>(
        &self,
        protocol: Protocol,
        connection: ConnectionId,
        decoded: Decoded<R>,
    ) -> Result<Receipt, Refusal> {
        let Decoded { value, rejected: unreadable, reason } = decoded;
        let (at, records) = ((self.now)(), value.records());
        if records > 0 {
            self.last_arrival.fetch_max(at.nanos(), Ordering::Relaxed);
        }
        let export = value.into_export();
        let result = self.intake.take(Arrival { export, connection, at }).await;
        match &result {
            Ok(receipt) => {
                let kept = records.saturating_sub(receipt.rejected);
                self.counters.accepted(protocol, R::SIGNAL, kept);
                let rejected =
                    [(Reason::Unreadable, unreadable), (Reason::Unusable, receipt.rejected)];
                for (why, count) in rejected {
                    self.counters.rejected(protocol, R::SIGNAL, why, count);
                }
            }
            Err(refusal) => {
                self.counters.refused(protocol, Some(R::SIGNAL), (*refusal).into());
            }
        }
        result.map(|receipt| Receipt {
            rejected: receipt.rejected + unreadable,
            reason: sentence(reason, receipt.reason),
        })
    }
}

/// What the reader says, then what the intake says.
fn sentence(reader: Option<String>, intake: Option<String>) -> Option<String> {
    match (reader, intake) {
        (Some(reader), Some(intake)) => Some(format!("{reader}; {intake}")),
        (reader, intake) => reader.or(intake),
    }
}
