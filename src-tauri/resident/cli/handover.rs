//! Handing what the client said to the running Plimsoll, in bounded time.

use std::{
    io::{self, Read, Write},
    net::{SocketAddr, TcpStream},
    sync::mpsc::{self, Receiver, Sender},
    thread,
    time::Duration,
};

use plimsoll_client::{RuntimeInfo, address};
use plimsoll_domain::Handed;
use plimsoll_programs::Surroundings;

/// The largest that is handed over, in bytes: what the API takes.
pub(crate) const LARGEST: usize = 16 * 1024 * 1024;

/// Something on its way to Plimsoll.
///
/// It has arrived with the first byte of the answer, and not before: Plimsoll looks up who owns the other end of a
/// connection, and gives up a request whose client goes before it was read. What is lost is lost quietly.
#[derive(Debug)]
pub(crate) struct HandOver {
    engine: TcpStream,
    answered: Receiver<()>,
}

impl HandOver {
    /// Sends what the client said; `None` where Plimsoll does not run, or does not take a connection within
    /// `patience`.
    pub(crate) fn begin(kind: Handed, said: &[u8], patience: Duration) -> Option<Self> {
        if said.len() > LARGEST {
            return None;
        }
        let around = Surroundings::look().ok()?;
        let info = RuntimeInfo::find(&around.places.runtime)?;
        let address = address(info.dashboard.as_deref()?)?;
        Self::send(address, &request(kind, said, address, &info.key), patience).ok()
    }

    fn send(address: SocketAddr, request: &[u8], patience: Duration) -> io::Result<Self> {
        let mut engine = TcpStream::connect_timeout(&address, patience)?;
        engine.set_nodelay(true)?;
        engine.set_write_timeout(Some(patience))?;
        engine.write_all(request)?;
        let mut answer = engine.try_clone()?;
        let (waiting, answered) = mpsc::channel();
        // A thread, because the system rounds the time that a read may take up to its own ticks.
        thread::Builder::new().spawn(move || {
            let _first = answer.read(&mut [0]);
            drop::<Sender<()>>(waiting);
        })?;
        Ok(Self { engine, answered })
    }

    /// Waits until it has arrived, or cannot any more; at most as long as this.
    pub(crate) fn wait(&self, patience: Duration) {
        // Nothing is ever sent: the other end goes with the first byte, or with the connection.
        let _over = self.answered.recv_timeout(patience);
    }

    /// Leaves the connection open to whatever takes the place of this process, so that what is late still arrives.
    #[cfg(unix)]
    pub(crate) fn bequeath(self) {
        use std::os::fd::IntoRawFd;

        if rustix::io::fcntl_setfd(&self.engine, rustix::io::FdFlags::empty()).is_ok() {
            let _inherited = self.engine.into_raw_fd();
        }
    }
}

fn request(kind: Handed, said: &[u8], address: SocketAddr, key: &str) -> Vec<u8> {
    let path = match kind {
        Handed::Hook => "/hooks/claude-code",
        Handed::StatusLine => "/hooks/status-line",
    };
    let length = said.len();
    let head = format!(
        "POST {path} HTTP/1.1\r\nHost: {address}\r\nX-Plimsoll-Key: {key}\r\n\
         Content-Type: application/json\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n"
    );
    [head.as_bytes(), said].concat()
}
