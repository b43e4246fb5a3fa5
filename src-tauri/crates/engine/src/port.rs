//! One of the engine's ports: taken before anything else starts, served, and tried again where it was taken.

use std::{
    net::SocketAddr,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use plimsoll_domain::health::ListenerState;
use plimsoll_loopback::{BindError, Bound, Inherited};
use tokio_util::sync::CancellationToken;

use crate::{
    backoff::Backoff,
    board::{Board, Trouble},
    config::Key,
    engine::{DASHBOARD, GRPC, HTTP},
};

/// The pause before a taken port is tried again; it doubles with every further attempt.
const FIRST_PAUSE: Duration = Duration::from_secs(1);
/// The longest pause between attempts.
const LONGEST_PAUSE: Duration = Duration::from_secs(60);

/// A port and who posts about it.
pub(crate) struct Port {
    /// As in the status, e.g. `otlp-http`.
    pub(crate) name: &'static str,
    wished: SocketAddr,
    key: Key,
    board: Arc<Board>,
    inherited: Inherited,
    /// Taken, and not served yet.
    bound: Mutex<Option<Bound>>,
}

impl Port {
    /// Takes the port if it is free, and posts what became of it. The dashboard, which is found by other means
    /// than its port, moves to a free one where another program has it.
    pub(crate) fn take(
        wished: SocketAddr,
        key: Key,
        board: Arc<Board>,
        inherited: Inherited,
    ) -> Arc<Self> {
        let name = name(key);
        let port = Self { name, wished, key, board, inherited, bound: Mutex::default() };
        port.try_bind();
        Arc::new(port)
    }

    /// The addresses it is taken on; empty while it is not, or once it is served.
    pub(crate) fn addresses(&self) -> Vec<SocketAddr> {
        let bound = self.bound.lock().unwrap_or_else(PoisonError::into_inner);
        bound.as_ref().map(Bound::addresses).unwrap_or_default()
    }

    /// The bound port, as soon as it can be had; `None` when stopped before.
    pub(crate) async fn obtain(&self, stop: &CancellationToken) -> Option<Bound> {
        let mut backoff = Backoff::new(FIRST_PAUSE, LONGEST_PAUSE);
        loop {
            let bound = self.bound.lock().unwrap_or_else(PoisonError::into_inner).take();
            if bound.is_some() {
                return bound;
            }
            if !self.try_bind() {
                stop.run_until_cancelled(tokio::time::sleep(backoff.pause())).await?;
            }
        }
    }

    /// Says whether there is a port now.
    fn try_bind(&self) -> bool {
        match plimsoll_loopback::bind(self.wished, &self.inherited) {
            Ok(bound) => {
                self.keep(bound);
                for trouble in [self.taken(), self.failed()] {
                    self.board.clear(trouble);
                }
                true
            }
            Err(BindError::PortTaken { .. }) if self.key == Key::DashboardListen => {
                self.move_away()
            }
            Err(error) => {
                self.report(&error);
                false
            }
        }
    }

    fn move_away(&self) -> bool {
        match plimsoll_loopback::bind(SocketAddr::new(self.wished.ip(), 0), &self.inherited) {
            Ok(bound) => {
                let port = bound.addresses().first().map_or(0, SocketAddr::port);
                self.board.raise(Trouble::DashboardMoved, self.moved_message(port));
                self.keep(bound);
                true
            }
            Err(error) => {
                self.report(&error);
                false
            }
        }
    }

    fn keep(&self, bound: Bound) {
        let addresses: Vec<_> = bound.addresses();
        tracing::info!(listener = self.name, ?addresses, "listening");
        let shown = addresses.iter().map(ToString::to_string).collect();
        self.board.post_listener(self.name, shown, ListenerState::Listening);
        *self.bound.lock().unwrap_or_else(PoisonError::into_inner) = Some(bound);
    }

    fn report(&self, error: &BindError) {
        let (state, trouble, message) = match error {
            BindError::PortTaken { .. } => {
                (ListenerState::PortTaken, self.taken(), self.taken_message())
            }
            error => (ListenerState::Failed, self.failed(), self.failed_message(error)),
        };
        self.board.post_listener(self.name, vec![self.wished.to_string()], state);
        if self.board.raise(trouble, message) {
            tracing::warn!(listener = self.name, %error, "cannot listen; it will be tried again");
        }
    }

    fn taken(&self) -> Trouble {
        Trouble::PortTaken(self.key)
    }

    fn failed(&self) -> Trouble {
        Trouble::ListenFailed(self.key)
    }

    fn taken_message(&self) -> String {
        format!(
            "Port {} ({}) is taken by another program. End that program, or choose another port with {}; it \
             is tried again every minute.",
            self.wished.port(),
            self.label(),
            self.setting()
        )
    }

    fn failed_message(&self, error: &BindError) -> String {
        let source = std::error::Error::source(error);
        let why = source.map_or_else(|| error.to_string(), |source| format!("{error}: {source}"));
        format!(
            "{} is not served: {why}. Choose another address with {}; it is tried again every minute.",
            self.label(),
            self.setting()
        )
    }

    fn moved_message(&self, port: u16) -> String {
        format!(
            "Port {} is taken by another program, so the dashboard is served on port {port} this time. Choose \
             another port with {}.",
            self.wished.port(),
            self.setting()
        )
    }

    fn label(&self) -> &'static str {
        match self.key {
            Key::ReceiverHttp => "OTLP over HTTP",
            Key::ReceiverGrpc => "OTLP over gRPC",
            _ => "the dashboard",
        }
    }

    /// How to choose another address, in the file and in the environment.
    fn setting(&self) -> String {
        let name = self.key.name();
        let (table, key) = name.split_once('.').unwrap_or_default();
        let port = self.wished.port();
        let other = port.checked_add(10_000).unwrap_or_else(|| port - 10_000);
        let other = SocketAddr::new(self.wished.ip(), other);
        format!("[{table}] {key} = \"{other}\" or {}", self.key.variable())
    }
}

/// What the port of a key is called in the status.
fn name(key: Key) -> &'static str {
    match key {
        Key::ReceiverHttp => HTTP,
        Key::ReceiverGrpc => GRPC,
        _ => DASHBOARD,
    }
}

#[cfg(test)]
mod tests {
    use std::net::{Ipv4Addr, TcpListener};

    use plimsoll_domain::Timestamp;
    use tokio::time::Instant;

    use super::*;

    fn board() -> Arc<Board> {
        Arc::new(Board::new(Arc::new(|| Timestamp::EPOCH)))
    }

    fn occupied() -> (TcpListener, SocketAddr) {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let address = listener.local_addr().unwrap();
        (listener, address)
    }

    /// Scenario: a receiver's port is taken by another program, which ends a while later.
    /// Guarantees: the status names the port and both ways to change it, nothing else is bound instead, and
    /// the port is taken within a minute of becoming free, with the status put right.
    #[tokio::test(start_paused = true)]
    async fn a_taken_port_is_named_and_tried_again() {
        let (other, address) = occupied();
        let board = board();
        let port = Port::take(address, Key::ReceiverHttp, Arc::clone(&board), Inherited::default());
        let status = board.status().borrow().clone();
        assert_eq!(status.listeners[0].state, ListenerState::PortTaken);
        assert_eq!(status.listeners[0].addresses, [address.to_string()]);
        assert_eq!(status.problems[0].code, "port-taken");
        for part in [&address.port().to_string(), "[receiver] http = ", "PLIMSOLL_RECEIVER_HTTP"] {
            assert!(status.problems[0].message.contains(part), "{}", status.problems[0].message);
        }
        assert!(port.addresses().is_empty());

        let stop = CancellationToken::new();
        let freed = async {
            tokio::time::sleep(Duration::from_secs(600)).await;
            drop(other);
            Instant::now()
        };
        let (bound, freed) = tokio::join!(port.obtain(&stop), freed);
        assert_eq!(bound.unwrap().addresses()[0], address);
        assert!(freed.elapsed() <= LONGEST_PAUSE);
        let status = board.status().borrow().clone();
        assert_eq!(status.listeners[0].state, ListenerState::Listening);
        assert_eq!(status.problems, []);
    }

    /// Scenario: the dashboard's port is taken by another program.
    /// Guarantees: it is served on a free port, and one problem names both.
    #[test]
    fn the_dashboard_moves_and_says_so() {
        let (_other, address) = occupied();
        let board = board();
        let port =
            Port::take(address, Key::DashboardListen, Arc::clone(&board), Inherited::default());
        let moved = port.addresses()[0];
        assert_ne!(moved, address);
        let status = board.status().borrow().clone();
        assert_eq!(status.listeners[0].state, ListenerState::Listening);
        assert_eq!(status.listeners[0].addresses[0], moved.to_string());
        let [problem] = status.problems.as_slice() else { panic!("{:?}", status.problems) };
        assert_eq!(problem.code, "dashboard-moved");
        assert!(problem.message.contains(&address.port().to_string()));
        assert!(problem.message.contains(&moved.port().to_string()));
    }

    /// Scenario: a stop while a taken port is waited for.
    /// Guarantees: the wait ends at once.
    #[tokio::test(start_paused = true)]
    async fn a_stop_ends_the_wait() {
        let (_other, address) = occupied();
        let port = Port::take(address, Key::ReceiverGrpc, board(), Inherited::default());
        let stop = CancellationToken::new();
        stop.cancel();
        assert!(port.obtain(&stop).await.is_none());
    }
}
