//! Handing what the client said to the running Plimsoll, in bounded time.

use std::{
    io::{self, Read, Write},
    net::{SocketAddr, TcpStream},
    sync::mpsc::{self, Receiver, Sender},
    thread,
    time::{Duration, Instant},
};

use plimsoll_client::{RuntimeInfo, address};
use plimsoll_domain::Handed;
use plimsoll_programs::Surroundings;

/// The largest that is handed over, in bytes: what the API takes.
pub(crate) const LARGEST: usize = 16 * 1024 * 1024;

/// The largest answer that is read, in bytes.
const LARGEST_ANSWER: u64 = 256 * 1024;

/// Something on its way to Plimsoll.
///
/// It has arrived with the first byte of the answer, and not before: Plimsoll looks up who owns the other end of a
/// connection, and gives up a request whose client goes before it was read. What is lost is lost quietly.
#[derive(Debug)]
pub(crate) struct HandOver {
    engine: TcpStream,
    /// The answer: its first byte, and then the rest of it.
    answered: Receiver<Vec<u8>>,
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
            let _gone = read_answer(&mut answer, &waiting);
        })?;
        Ok(Self { engine, answered })
    }

    /// Waits until it has arrived, or cannot any more; at most as long as this.
    pub(crate) fn wait(&self, patience: Duration) {
        let _over = self.answered.recv_timeout(patience);
    }

    /// Waits for the whole answer, at most as long as this; its body, where it has one.
    pub(crate) fn answer(&self, patience: Duration) -> Option<Vec<u8>> {
        let until = Instant::now() + patience;
        let mut answer = Vec::new();
        while let Ok(part) =
            self.answered.recv_timeout(until.saturating_duration_since(Instant::now()))
        {
            answer.extend(part);
        }
        let end = answer.windows(4).position(|four| four == b"\r\n\r\n")?;
        answer.drain(..end + 4);
        (!answer.is_empty()).then_some(answer)
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

/// Reads the first byte and then the rest, which ends with the connection.
fn read_answer(engine: &mut TcpStream, answer: &Sender<Vec<u8>>) -> io::Result<()> {
    let mut first = [0];
    engine.read_exact(&mut first)?;
    let _unheard = answer.send(first.into());
    let mut rest = Vec::new();
    engine.take(LARGEST_ANSWER).read_to_end(&mut rest)?;
    let _unheard = answer.send(rest);
    Ok(())
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
