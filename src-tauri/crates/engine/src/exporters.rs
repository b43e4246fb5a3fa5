//! Who sends: the open connections over which telemetry comes, and what it told of.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicI64, Ordering},
    },
};

use axum::{
    Router,
    extract::{Request, State},
    http::{HeaderValue, StatusCode},
    middleware::{self, Next},
    response::Response,
};
use plimsoll_domain::{ConnectionId, SessionId, Timestamp};
use plimsoll_loopback::{Connection, OnClose};

use crate::board::Now;

/// Sessions of one connection that are remembered, at most: a client process begins another with `/clear`.
const MOST_SESSIONS: usize = 64;
/// No clock is off by a day.
const MOST_SKEW_MILLIS: u64 = 86_400_000;
const UNKNOWN: i64 = i64::MIN;
/// gRPC's UNAUTHENTICATED: <https://grpc.io/docs/guides/status-codes/>.
const GRPC_UNAUTHENTICATED: &[u8] = b"16";

/// One open connection to a receiver.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Exporter {
    /// The port at the client's end, which tells its process.
    pub(crate) port: u16,
    /// When an export over it was last accepted.
    pub(crate) last_export: Option<Timestamp>,
    /// Whether its last export did not show the receiver's token.
    pub(crate) lacks_token: bool,
    /// The sessions that it told of.
    pub(crate) sessions: BTreeSet<SessionId>,
}

/// The open connections to the receivers. Cheap to clone; all clones share one list.
#[derive(Clone)]
pub(crate) struct Exporters {
    now: Now,
    open: Arc<Mutex<BTreeMap<ConnectionId, Exporter>>>,
    /// [`Self::skew`]; [`UNKNOWN`] before the first event.
    skew: Arc<AtomicI64>,
}

impl Exporters {
    pub(crate) fn new(now: Now) -> Self {
        Self { now, open: Arc::default(), skew: Arc::new(AtomicI64::new(UNKNOWN)) }
    }

    /// The receiver's routes, with everybody noted who exports.
    pub(crate) fn note(&self, routes: Router) -> Router {
        routes.layer(middleware::from_fn_with_state(self.clone(), note))
    }

    /// An export over this connection tells of these sessions.
    pub(crate) fn tell(&self, id: ConnectionId, sessions: impl Iterator<Item = SessionId>) {
        let mut open = self.lock();
        let Some(exporter) = open.get_mut(&id) else { return };
        for session in sessions {
            if exporter.sessions.len() < MOST_SESSIONS {
                exporter.sessions.insert(session);
            }
        }
    }

    /// An export holds an event of this time, and came now: it is the newest that the client had.
    pub(crate) fn compare(&self, newest: Timestamp, arrived: Timestamp) {
        let millis = (newest.nanos() - arrived.nanos()) / 1_000_000;
        // What is older is a recording, and says nothing of any clock.
        if millis.unsigned_abs() < MOST_SKEW_MILLIS {
            self.skew.store(millis, Ordering::Relaxed);
        }
    }

    /// How far the clients' clock is ahead of ours, in milliseconds, by the last event; `None` while none told.
    pub(crate) fn skew(&self) -> Option<i64> {
        Some(self.skew.load(Ordering::Relaxed)).filter(|millis| *millis != UNKNOWN)
    }

    /// Forgets a connection that has ended.
    pub(crate) fn on_close(&self) -> OnClose {
        let exporters = self.clone();
        Arc::new(move |id| {
            exporters.lock().remove(&id);
        })
    }

    /// Those whose connection is open.
    pub(crate) fn list(&self) -> Vec<Exporter> {
        self.lock().values().cloned().collect()
    }

    fn open(&self, connection: Connection) {
        let new = || Exporter {
            port: connection.peer.port(),
            last_export: None,
            lacks_token: false,
            sessions: BTreeSet::new(),
        };
        self.lock().entry(connection.id).or_insert_with(new);
    }

    /// How an export over this connection ended, if that is open still.
    fn ended(&self, id: ConnectionId, response: &Response) {
        let now = (self.now)();
        let mut open = self.lock();
        let Some(exporter) = open.get_mut(&id) else { return };
        let code = response.headers().get("grpc-status").map(HeaderValue::as_bytes);
        exporter.lacks_token =
            response.status() == StatusCode::UNAUTHORIZED || code == Some(GRPC_UNAUTHENTICATED);
        // gRPC says what went wrong in an answer with 200.
        if response.status().is_success() && code.is_none_or(|code| code == b"0") {
            exporter.last_export = Some(now);
        }
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<ConnectionId, Exporter>> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Known before the export is read, so that its sessions find their connection.
async fn note(State(exporters): State<Exporters>, request: Request, next: Next) -> Response {
    let Some(connection) = request.extensions().get::<Connection>().copied() else {
        return next.run(request).await;
    };
    exporters.open(connection);
    let response = next.run(request).await;
    exporters.ended(connection.id, &response);
    response
}

#[cfg(test)]
mod tests {
    use std::net::SocketAddr;

    use axum::{body::Body, routing::post};
    use tower::ServiceExt;

    use super::*;

    /// Scenario: two connections export, one of them without the token that is wanted; a session is told of over each,
    /// and over one that never came; then one is closed.
    /// Guarantees: each is known by its port, with its time and sessions, the refused one as refused; nothing is known
    /// of a connection that is gone.
    #[tokio::test]
    async fn connections_are_known_while_they_are_open() {
        let exporters = Exporters::new(Arc::new(|| Timestamp::from_millis(7)));
        let ok = post(|| async {});
        let refuse = post(|| async { StatusCode::UNAUTHORIZED });
        let routes = exporters.note(Router::new().route("/ok", ok).route("/no", refuse));
        for (id, path) in [(1, "/ok"), (2, "/no")] {
            let peer = SocketAddr::from(([127, 0, 0, 1], 50_000 + u16::try_from(id).unwrap()));
            let connection = Connection { id: ConnectionId(id), peer, local: peer };
            let mut request = Request::post(path).body(Body::empty()).unwrap();
            request.extensions_mut().insert(connection);
            routes.clone().oneshot(request).await.unwrap();
        }
        for id in [1, 3] {
            exporters.tell(ConnectionId(id), std::iter::once(SessionId::new("s")));
        }
        let known = exporters.list();
        let first = &known[0];
        assert_eq!((known.len(), first.port, first.lacks_token), (2, 50_001, false));
        assert_eq!(first.last_export, Some(Timestamp::from_millis(7)));
        assert_eq!(first.sessions.iter().map(SessionId::as_str).collect::<Vec<_>>(), ["s"]);
        assert_eq!((known[1].last_export, known[1].lacks_token), (None, true));
        exporters.on_close()(ConnectionId(1));
        assert_eq!(exporters.list().len(), 1);
    }

    /// Scenario: events of a clock that is two minutes ahead, then of one that was set right, then of a recording.
    /// Guarantees: the last event of now tells, and nothing is known before the first.
    #[test]
    fn clocks_are_compared_by_the_last_event() {
        let exporters = Exporters::new(Arc::new(|| Timestamp::EPOCH));
        let (now, at) = (Timestamp::from_millis(1_000_000_000), Timestamp::from_millis);
        assert_eq!(exporters.skew(), None);
        exporters.compare(at(1_000_120_000), now);
        assert_eq!(exporters.skew(), Some(120_000));
        exporters.compare(at(999_999_500), now);
        exporters.compare(at(5), now);
        assert_eq!(exporters.skew(), Some(-500));
    }
}
