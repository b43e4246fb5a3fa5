//! Taking the ports, before anything else starts.

use std::{
    io,
    net::{Ipv4Addr, Ipv6Addr, SocketAddr, TcpListener},
};

use crate::Inherited;

/// The listeners of one port: on 127.0.0.1 and, where the machine has IPv6, on ::1. Connections
/// wait in the kernel's queue until [`Bound::serve`] accepts them.
#[derive(Debug)]
pub struct Bound {
    pub(crate) listeners: Vec<(SocketAddr, TcpListener)>,
}

/// Why a port could not be taken.
#[derive(Debug, thiserror::Error)]
pub enum BindError {
    /// Another program listens there.
    #[error("port {} on {} is taken by another program", address.port(), address.ip())]
    PortTaken {
        /// The address that was wanted.
        address: SocketAddr,
    },
    /// The address is reachable from other machines.
    #[error("{address} is not a loopback address")]
    NotLoopback {
        /// The address that was wanted.
        address: SocketAddr,
    },
    /// The system refused otherwise.
    #[error("listen on {address}")]
    Bind {
        /// The address that was wanted.
        address: SocketAddr,
        /// What the system said.
        source: io::Error,
    },
}

/// Takes the port of `address`; a listener handed over for it is used instead of opening one. An address on 127.0.0.1 takes the same port on ::1 too, because
/// `localhost` may mean either; that part is left out where the machine has no IPv6. With port 0
/// the system chooses, and ::1 follows where it can.
///
/// # Errors
/// When the address is not loopback, or one of the two ports cannot be had.
pub fn bind(address: SocketAddr, inherited: &Inherited) -> Result<Bound, BindError> {
    if !address.ip().is_loopback() {
        return Err(BindError::NotLoopback { address });
    }
    let first = listen(address, inherited)?;
    let mut listeners = vec![first];
    if address.ip() == Ipv4Addr::LOCALHOST {
        let twin = SocketAddr::from((Ipv6Addr::LOCALHOST, listeners[0].0.port()));
        match listen(twin, inherited) {
            Ok(second) => listeners.push(second),
            Err(taken @ BindError::PortTaken { .. }) if address.port() != 0 => return Err(taken),
            Err(error) => tracing::info!(%error, "serving on IPv4 only"),
        }
    }
    Ok(Bound { listeners })
}

impl Bound {
    /// The addresses in use, IPv4 first.
    #[must_use]
    pub fn addresses(&self) -> Vec<SocketAddr> {
        self.listeners.iter().map(|(address, _)| *address).collect()
    }
}

/// On Unix the standard library sets SO_REUSEADDR, so that a restart need not wait for old
/// connections; nothing sets SO_REUSEPORT, which would let two programs share the port unknowingly.
fn listen(
    address: SocketAddr,
    inherited: &Inherited,
) -> Result<(SocketAddr, TcpListener), BindError> {
    let failed = |source: io::Error| match source.kind() {
        io::ErrorKind::AddrInUse => BindError::PortTaken { address },
        _ => BindError::Bind { address, source },
    };
    let listener = inherited.get(address).unwrap_or_else(|| TcpListener::bind(address));
    let listener = listener.map_err(failed)?;
    listener.set_nonblocking(true).map_err(failed)?;
    let bound = listener.local_addr().map_err(failed)?;
    Ok((bound, listener))
}
