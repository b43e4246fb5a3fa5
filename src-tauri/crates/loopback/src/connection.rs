//! One connection from its first byte to its last.

use std::{
    net::SocketAddr,
    pin::pin,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use axum::{Router, body::Body, response::Response};
use http::Request;
use hyper::body::Incoming;
use hyper_util::{rt::TokioIo, server::conn::auto};
use plimsoll_domain::ConnectionId;
use tokio::net::TcpStream;
use tokio_util::{sync::CancellationToken, task::TaskTracker};
use tower::Service;

use crate::{
    head::{Exchange, HeadTimeout},
    owner::SameUser,
    serve::OnClose,
    tally::Tally,
};

/// How many requests of one HTTP/2 connection may be under way; it bounds what one client can make
/// us hold at once.
const CONCURRENT_STREAMS: u32 = 32;

/// How long a connection may take at the stop to send its first bytes.
const FIRST_BYTES: Duration = Duration::from_millis(500);

/// Which connection a request came over. In every request's extensions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Connection {
    /// Unique among all listeners that share their [`ConnectionIds`].
    pub id: ConnectionId,
    /// The client's end.
    pub peer: SocketAddr,
    /// Our end.
    pub local: SocketAddr,
}

/// Where connections get their numbers. Clones count on together: hand the same to every listener.
#[derive(Debug, Clone, Default)]
pub struct ConnectionIds(Arc<AtomicU64>);

impl ConnectionIds {
    /// The next number, from 1.
    #[must_use]
    pub fn next_id(&self) -> ConnectionId {
        ConnectionId(self.0.fetch_add(1, Ordering::Relaxed) + 1)
    }
}

/// What the connections of one listener have in common.
pub(crate) struct Reception {
    pub(crate) router: Router,
    pub(crate) http: auto::Builder<Tracked>,
    pub(crate) same_user: Option<SameUser>,
    pub(crate) on_close: Option<OnClose>,
    pub(crate) tally: Arc<Tally>,
    /// No further requests; those under way may finish.
    pub(crate) stop: CancellationToken,
    /// The time for that is over.
    pub(crate) close: CancellationToken,
}

impl Reception {
    /// Serves until the client leaves or we stop. Nothing is answered to a peer that is not ours.
    pub(crate) async fn serve(&self, stream: TcpStream, connection: Connection) {
        if !self.admits(connection).await {
            return;
        }
        self.tally.accepted.add();
        let _closing = self.on_close.clone().map(|call| Closing { call, id: connection.id });
        let exchange = Arc::new(Exchange::default());
        let io = TokioIo::new(HeadTimeout::new(stream, Arc::clone(&exchange)));
        let service = hyper::service::service_fn(|request: Request<Incoming>| {
            // Not in the future: the library reads on before it polls that.
            exchange.begin(request.version());
            answer(self.router.clone(), request, connection, Arc::clone(&exchange))
        });
        let mut http = pin!(self.http.serve_connection(io, service));
        let result = tokio::select! {
            biased;
            result = http.as_mut() => result,
            () = self.stopped(&exchange) => {
                http.as_mut().graceful_shutdown();
                self.close.run_until_cancelled(http).await.unwrap_or(Ok(()))
            }
        };
        if let Err(error) = result {
            tracing::debug!(%error, "connection ended early");
        }
    }

    /// Waits for the stop. Who has only just connected is about to ask: a client does not send again what finds its
    /// connection closed.
    async fn stopped(&self, exchange: &Exchange) {
        // A token of its own: all connections would meet at the lock of one.
        self.stop.child_token().cancelled().await;
        // Whoever says nothing is no client of ours.
        let _late = tokio::time::timeout(FIRST_BYTES, exchange.first_bytes()).await;
    }

    async fn admits(&self, connection: Connection) -> bool {
        let Some(same_user) = &self.same_user else { return true };
        match same_user.admits(connection).await {
            Ok(true) => true,
            Ok(false) => {
                tracing::warn!(peer = %connection.peer, "refused a connection of another user");
                self.tally.strangers.add();
                false
            }
            Err(error) => {
                tracing::warn!(peer = %connection.peer, %error, "refused: owner not known");
                self.tally.unverified.add();
                false
            }
        }
    }
}

async fn answer(
    mut router: Router,
    request: Request<Incoming>,
    connection: Connection,
    exchange: Arc<Exchange>,
) -> Result<Response, std::convert::Infallible> {
    let mut request = request.map(Body::new);
    request.extensions_mut().insert(connection);
    let response = router.call(request).await;
    exchange.end();
    response
}

/// Tells of the connection's end however it ends, by a panic too.
struct Closing {
    call: OnClose,
    id: ConnectionId,
}

impl Drop for Closing {
    fn drop(&mut self) {
        (self.call)(self.id);
    }
}

/// Starts the tasks that HTTP/2 needs, one for each request, where they are waited for.
#[derive(Debug, Clone)]
pub(crate) struct Tracked(pub(crate) TaskTracker);

impl<F> hyper::rt::Executor<F> for Tracked
where
    F: Future<Output: Send> + Send + 'static,
{
    fn execute(&self, task: F) {
        self.0.spawn(task);
    }
}

/// The server's settings that hold for every connection.
pub(crate) fn http(tasks: &TaskTracker) -> auto::Builder<Tracked> {
    let mut http = auto::Builder::new(Tracked(tasks.clone()));
    // Instead of the library's own head timeout: see `head`.
    http.http1().header_read_timeout(None);
    http.http2().max_concurrent_streams(CONCURRENT_STREAMS);
    http
}
