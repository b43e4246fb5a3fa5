//! Accepting, and draining in the end.

use std::{fmt, io, net::SocketAddr, sync::Arc, time::Duration};

use axum::Router;
use futures_util::future::join_all;
use plimsoll_domain::ConnectionId;
use tokio::{
    net::{TcpListener, TcpStream},
    sync::{OwnedSemaphorePermit, Semaphore},
};
use tokio_util::{sync::CancellationToken, task::TaskTracker};
use tracing::Instrument;

use crate::{
    Bound, Connection, ConnectionIds, Tally,
    connection::{self, Reception},
    owner::SameUser,
};

/// How long to wait after the first failed accept; doubled up to [`LONGEST_PAUSE`].
const FIRST_PAUSE: Duration = Duration::from_millis(10);
const LONGEST_PAUSE: Duration = Duration::from_secs(1);

/// Told when a connection has ended.
pub type OnClose = Arc<dyn Fn(ConnectionId) + Send + Sync>;

/// How to serve.
#[derive(Clone)]
pub struct Serve {
    /// Whether to answer only this user's programs (Linux; elsewhere without effect).
    pub same_user: bool,
    /// Told of every served connection's end, once.
    pub on_close: Option<OnClose>,
    /// How long requests under way may take to finish at the end.
    pub drain: Duration,
    /// How many connections are served at once; further ones wait in the kernel's queue. At least
    /// 1.
    pub max_connections: usize,
    /// Where connections get their numbers.
    pub ids: ConnectionIds,
    /// Where connections are counted.
    pub tally: Arc<Tally>,
}

impl Default for Serve {
    fn default() -> Self {
        Self {
            same_user: true,
            on_close: None,
            drain: Duration::from_secs(5),
            max_connections: 512,
            ids: ConnectionIds::default(),
            tally: Arc::default(),
        }
    }
}

impl fmt::Debug for Serve {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Serve")
            .field("same_user", &self.same_user)
            .field("drain", &self.drain)
            .field("max_connections", &self.max_connections)
            .finish_non_exhaustive()
    }
}

/// Why serving could not begin.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    /// The user that this process runs as is not known, so strangers could not be told.
    #[error("find out the own user")]
    OwnUser(#[source] io::Error),
    /// The runtime could not take the listener over.
    #[error("register the listener on {address}")]
    Register {
        /// Which listener.
        address: SocketAddr,
        /// What the system said.
        source: io::Error,
    },
}

impl Bound {
    /// Serves the router over HTTP/1 and HTTP/2 without TLS until `cancel`, then lets requests
    /// under way finish. Every request carries a [`Connection`] in its extensions.
    ///
    /// A stream that never ends by itself has to end on a token of the caller's, or it is cut off
    /// when `drain` is over. Dropping the returned future closes all connections at once.
    ///
    /// # Errors
    /// Only before the first connection is accepted.
    pub async fn serve(
        self,
        router: Router,
        options: Serve,
        cancel: CancellationToken,
    ) -> Result<(), ServeError> {
        let same_user = if options.same_user {
            Some(SameUser::new().map_err(ServeError::OwnUser)?)
        } else {
            None
        };
        self.receive(router, options, same_user, cancel).await
    }

    async fn receive(
        self,
        router: Router,
        options: Serve,
        same_user: Option<SameUser>,
        cancel: CancellationToken,
    ) -> Result<(), ServeError> {
        let listeners = self.register()?;
        let (stop, close) = (cancel.child_token(), CancellationToken::new());
        let _end_when_dropped = (stop.clone().drop_guard(), close.clone().drop_guard());
        let connections = TaskTracker::new();
        let acceptor = Acceptor {
            reception: Arc::new(Reception {
                router: router.with_state(()),
                http: connection::http(&connections),
                same_user,
                on_close: options.on_close,
                tally: options.tally,
                stop,
                close: close.clone(),
            }),
            ids: options.ids,
            places: Arc::new(Semaphore::new(options.max_connections)),
            connections,
        };
        let accepting = listeners.iter().map(|listener| acceptor.run(listener));
        cancel.run_until_cancelled(join_all(accepting)).await;
        drop(listeners);
        acceptor.connections.close();
        if tokio::time::timeout(options.drain, acceptor.connections.wait()).await.is_err() {
            tracing::warn!(left = acceptor.connections.len(), "closing what has not finished");
            close.cancel();
            acceptor.connections.wait().await;
        }
        Ok(())
    }

    fn register(self) -> Result<Vec<TcpListener>, ServeError> {
        let register = |(address, listener)| {
            TcpListener::from_std(listener)
                .map_err(|source| ServeError::Register { address, source })
        };
        self.listeners.into_iter().map(register).collect()
    }
}

/// Turns waiting connections into tasks.
struct Acceptor {
    reception: Arc<Reception>,
    ids: ConnectionIds,
    places: Arc<Semaphore>,
    connections: TaskTracker,
}

impl Acceptor {
    /// Never ends by itself: what goes wrong with one connection, or with accepting, is waited out.
    async fn run(&self, listener: &TcpListener) {
        let mut pause = FIRST_PAUSE;
        loop {
            match listener.accept().await {
                Ok((stream, peer)) => {
                    pause = FIRST_PAUSE;
                    // The semaphore is never closed.
                    let Ok(place) = Arc::clone(&self.places).acquire_owned().await else { return };
                    self.start(stream, peer, place);
                }
                Err(error) => {
                    tracing::warn!(%error, "accept failed");
                    self.reception.tally.accept_errors.add();
                    tokio::time::sleep(pause).await;
                    pause = LONGEST_PAUSE.min(pause * 2);
                }
            }
        }
    }

    fn start(&self, stream: TcpStream, peer: SocketAddr, place: OwnedSemaphorePermit) {
        // Either fails only when the client has left already.
        let (Ok(local), Ok(())) = (stream.local_addr(), stream.set_nodelay(true)) else { return };
        let connection = Connection { id: self.ids.next_id(), peer, local };
        let reception = Arc::clone(&self.reception);
        let span = tracing::info_span!("connection", id = connection.id.0, %local);
        let served = async move {
            reception.serve(stream, connection).await;
            drop(place);
        };
        self.connections.spawn(served.instrument(span));
    }
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use std::net::Ipv4Addr;

    use axum::routing::get;
    use tokio::io::{AsyncReadExt, AsyncWriteExt};

    use super::*;

    /// Scenario: a program of another user connects and sends a request.
    /// Guarantees: it gets not one byte, its connection is closed and counted, and the router sees
    /// nothing of it.
    #[tokio::test]
    async fn a_stranger_gets_no_answer() -> io::Result<()> {
        let bound = crate::bind((Ipv4Addr::LOCALHOST, 0).into(), &crate::Inherited::default())
            .map_err(io::Error::other)?;
        let address = bound.addresses()[0];
        let options = Serve::default();
        let (tally, cancel) = (Arc::clone(&options.tally), CancellationToken::new());
        let router = Router::new().route("/", get(|| async { "for friends" }));
        let another_user = SameUser::of(u32::MAX);
        let served =
            tokio::spawn(bound.receive(router, options, Some(another_user), cancel.clone()));

        let mut stream = TcpStream::connect(address).await?;
        stream.write_all(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n").await?;
        let mut answer = Vec::new();
        // Closing with unread bytes may show as a reset.
        let _closed = stream.read_to_end(&mut answer).await;
        assert_eq!(answer, b"");
        let report = tally.report("dashboard");
        assert_eq!((report[0].name, report[0].value), ("connections.accepted", 0));
        assert_eq!((report[1].label.as_str(), report[1].value), ("dashboard/stranger", 1));
        cancel.cancel();
        served.await?.map_err(io::Error::other)
    }
}
