//! Listeners that a service manager has opened and handed over, by systemd's protocol.
//!
//! Source: sd_listen_fds(3): `LISTEN_FDS` descriptors from 3 on, meant for the process `LISTEN_PID`.

use std::{
    io,
    net::{SocketAddr, TcpListener},
    sync::Arc,
};

use listenfd::ListenFd;

/// The listeners handed over. The manager keeps copies of its own open, so that while this process restarts,
/// connections wait instead of being refused.
#[derive(Debug, Clone, Default)]
pub struct Inherited {
    listeners: Arc<[(SocketAddr, TcpListener)]>,
}

impl Inherited {
    /// Takes over what the environment names; nothing where it names nothing. To be called once, at the
    /// start: a second call finds nothing.
    #[must_use]
    pub fn from_environment() -> Self {
        let mut handed = ListenFd::from_env();
        let mut listeners = Vec::new();
        for at in 0..handed.len() {
            let taken = handed.take_tcp_listener(at).ok().flatten();
            match taken.and_then(|listener| Some((listener.local_addr().ok()?, listener))) {
                Some(one) => listeners.push(one),
                None => tracing::warn!(at, "a socket handed over is no TCP listener"),
            }
        }
        Self { listeners: listeners.into() }
    }

    /// The addresses of what was handed over.
    #[must_use]
    pub fn addresses(&self) -> Vec<SocketAddr> {
        self.listeners.iter().map(|(address, _)| *address).collect()
    }

    /// The listener of an address. A copy: who serves may fail and begin anew, and nobody else can open this
    /// address again.
    pub(crate) fn get(&self, address: SocketAddr) -> Option<io::Result<TcpListener>> {
        let (_, listener) = self.listeners.iter().find(|(own, _)| *own == address)?;
        Some(listener.try_clone())
    }
}

impl FromIterator<TcpListener> for Inherited {
    /// Listeners that are open already.
    fn from_iter<I: IntoIterator<Item = TcpListener>>(listeners: I) -> Self {
        let named = |listener: TcpListener| Some((listener.local_addr().ok()?, listener));
        Self { listeners: listeners.into_iter().filter_map(named).collect() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Scenario: listeners handed over, one of them taken twice; another address.
    /// Guarantees: each gives the same socket again and again, an address that was not handed over none.
    #[test]
    fn a_listener_can_be_taken_again() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let handed: Inherited = [listener].into_iter().collect();
        assert_eq!(handed.addresses(), [address]);
        for _ in 0..2 {
            let taken = handed.get(address).unwrap().unwrap();
            assert_eq!(taken.local_addr().unwrap(), address);
        }
        assert!(handed.get("127.0.0.1:1".parse().unwrap()).is_none());
    }
}
