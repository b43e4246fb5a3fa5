//! What the resident knows.

use std::{
    collections::BTreeMap,
    net::SocketAddr,
    path::{Path, PathBuf},
};

use plimsoll_domain::Timestamp;

use super::{machine::Socket, report::Finding};

/// The state of the resident.
#[derive(Debug, Clone, Default)]
pub struct Resident {
    /// Whether it runs.
    pub is_running: bool,
    /// Where it takes OTLP over HTTP.
    pub http: Door,
    /// Where it takes OTLP over gRPC.
    pub grpc: Door,
    /// Where it serves the dashboard and hooks.
    pub dashboard: Door,
    /// Whether exports must show a token.
    pub wants_token: bool,
    /// Ports of open connections whose exports were refused because of their token.
    pub refused: Vec<u16>,
    /// The connections over which exports came, the open ones and some that were closed.
    pub peers: Vec<Peer>,
    /// When `plimsoll connect` last wrote into these configuration folders.
    pub connected: BTreeMap<PathBuf, Timestamp>,
    /// How far the clients' clock is ahead of ours, in milliseconds; `None` while nothing tells.
    pub skew_millis: Option<i64>,
    /// What else is wrong with it.
    pub problems: Vec<Finding>,
}

/// Addresses of the resident.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Door {
    /// Those it listens on, or would.
    pub addresses: Vec<SocketAddr>,
    /// Whether it listens.
    pub is_served: bool,
}

/// A connection over which exports came.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Peer {
    /// The client's port.
    pub port: u16,
    /// When the last export came.
    pub last_export: Timestamp,
    /// The sessions that it told of.
    pub sessions: Vec<String>,
    /// Where these sessions work, as far as that is known.
    pub folders: Vec<PathBuf>,
    /// Whether the connection is open still.
    pub is_open: bool,
}

impl Resident {
    /// Whether this connection leads to a receiver.
    pub(super) fn receives(&self, socket: &Socket) -> bool {
        let ports = self.http.addresses.iter().chain(&self.grpc.addresses).map(SocketAddr::port);
        socket.peer.ip().to_canonical().is_loopback()
            && ports.into_iter().any(|port| port == socket.peer.port())
    }

    /// The open connection with this port at the client's end.
    pub(super) fn peer(&self, port: u16) -> Option<&Peer> {
        self.peers.iter().find(|peer| peer.is_open && peer.port == port)
    }

    /// The latest of these connections, if one told of a session in this folder since then.
    pub(super) fn latest(
        &self,
        folder: &Path,
        since: Timestamp,
        is_asked: impl Fn(&Peer) -> bool,
    ) -> Option<&Peer> {
        let told = |peer: &&Peer| {
            is_asked(peer)
                && peer.last_export >= since
                && peer.folders.iter().any(|known| known == folder)
        };
        self.peers.iter().filter(told).max_by_key(|peer| peer.last_export)
    }
}
