//! A service manager that holds the sockets of a service.

use std::io;
use std::net::{Ipv6Addr, SocketAddr, TcpListener};
use std::os::fd::OwnedFd;
use std::process::ExitStatus;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use command_fds::{CommandFdExt, FdMapping};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use tokio::net::UnixDatagram;
use tokio::task::JoinHandle;
use tokio::time::sleep;

use super::{DeskError, until};
use crate::process::{LOOK, Owned};
use crate::start::{ResidentError, Start};

/// Passes on the number of the process, which stays the same when the shell becomes the service.
const STARTER: [&str; 4] = ["sh", "-c", "export LISTEN_PID=$$; exec \"$@\"", "sh"];

/// The first descriptor that a service gets.
const FIRST_FD: usize = 3;

/// How long systemd waits before it starts a service again, unless the unit says otherwise.
const RESTART_PAUSE: Duration = Duration::from_millis(100);

/// How often two ports are tried that have to be the same.
const PORT_TRIES: usize = 20;

/// What systemd is to a socket-activated service with `Restart=always`: it holds the listening sockets,
/// hands them over at each start, and starts the service again whenever it ended. The service is killed
/// with its owner.
#[derive(Debug)]
pub struct SocketHolder {
    service: Arc<Service>,
    tasks: Vec<JoinHandle<()>>,
}

#[derive(Debug)]
struct Service {
    start: Start,
    sockets: Vec<Socket>,
    state: Mutex<State>,
}

/// One listening socket and the name it is handed over by.
#[derive(Debug)]
struct Socket {
    name: String,
    address: SocketAddr,
    listener: TcpListener,
}

#[derive(Debug, Default)]
struct State {
    wanted: bool,
    child: Option<Owned>,
    starts: usize,
    ends: Vec<ExitStatus>,
    news: Vec<String>,
    fault: Option<ResidentError>,
}

impl SocketHolder {
    /// Listens for a service, which does not run yet: on 127.0.0.1 and ::1 for each name. The service is
    /// told its addresses by `variable`, as a configuration would.
    ///
    /// # Errors
    /// When there are no ports, or no folder for its messages.
    pub fn hold(mut start: Start, names: &[(&str, &str)]) -> Result<Self, DeskError> {
        let mut sockets = Vec::new();
        for (name, variable) in names {
            let pair = listen().map_err(DeskError::Sockets)?;
            start.set(variable, &pair[0].0.to_string());
            let named =
                |(address, listener)| Socket { name: (*name).to_owned(), address, listener };
            sockets.extend(pair.into_iter().map(named));
        }
        let path = start.root().join("notify");
        let failed = |source| DeskError::Prepare { path: path.clone(), source };
        let messages = UnixDatagram::bind(&path).map_err(failed)?;
        start.set("NOTIFY_SOCKET", &path.display().to_string());
        let service = Arc::new(Service { start, sockets, state: Mutex::default() });
        let tasks = vec![tokio::spawn(hear(Arc::clone(&service), messages))];
        Ok(Self { service, tasks })
    }

    /// The address on 127.0.0.1 of the sockets with this name.
    ///
    /// # Errors
    /// When there is no such name.
    pub fn address(&self, name: &str) -> Result<SocketAddr, DeskError> {
        let found = self.service.sockets.iter().find(|socket| socket.name == name);
        found.map(|socket| socket.address).ok_or(DeskError::Away("socket of that name"))
    }

    /// How the service is started.
    #[must_use]
    pub fn start(&self) -> &Start {
        &self.service.start
    }

    /// Starts the service now, waits until it says that it is ready, and keeps it running.
    ///
    /// # Errors
    /// When it cannot be started, or is not ready in time.
    pub async fn run(&mut self) -> Result<(), DeskError> {
        self.keep(false);
        self.ready(1).await
    }

    /// Starts the service when the first connection comes, and keeps it running from then on.
    pub fn run_on_demand(&mut self) {
        self.keep(true);
    }

    /// Waits until the service has said that it is ready in so many starts.
    ///
    /// # Errors
    /// When it does not in time, or could not be started.
    pub async fn ready(&self, starts: usize) -> Result<(), DeskError> {
        until("ready (READY=1)", async || {
            let mut state = self.service.state();
            if let Some(fault) = state.fault.take() {
                return Err(DeskError::Service(fault));
            }
            let ready = state.news.iter().filter(|news| *news == "READY=1").count();
            Ok((ready >= starts).then_some(()))
        })
        .await
    }

    /// How often the service was started.
    #[must_use]
    pub fn starts(&self) -> usize {
        self.service.state().starts
    }

    /// How the service ended each time.
    #[must_use]
    pub fn ends(&self) -> Vec<ExitStatus> {
        self.service.state().ends.clone()
    }

    /// What the service said to its manager, a line each, e.g. `READY=1`.
    #[must_use]
    pub fn news(&self) -> Vec<String> {
        self.service.state().news.clone()
    }

    /// The service's process; `None` while it does not run.
    #[must_use]
    pub fn pid(&self) -> Option<u32> {
        self.service.state().child.as_ref().map(Owned::id)
    }

    /// Kills the service (SIGKILL); it is started again.
    ///
    /// # Errors
    /// When it does not run.
    pub fn kill9(&self) -> Result<(), DeskError> {
        let mut state = self.service.state();
        let child = state.child.as_mut().ok_or(DeskError::Away("service"))?;
        child.kill().map(drop).map_err(DeskError::Sockets)
    }

    /// Asks the service to end (SIGTERM); it is started again when it did.
    ///
    /// # Errors
    /// When it does not run.
    pub fn restart(&self) -> Result<(), DeskError> {
        let state = self.service.state();
        let child = state.child.as_ref().ok_or(DeskError::Away("service"))?;
        child.terminate().map_err(DeskError::Sockets)
    }

    /// Asks the service to end (SIGTERM), waits for that, and does not start it again. The sockets stay.
    ///
    /// # Errors
    /// When it does not run, or does not end in time.
    pub async fn stop(&self) -> Result<ExitStatus, DeskError> {
        self.service.state().wanted = false;
        let before = self.ends().len();
        self.restart()?;
        until("ended", async || Ok(self.ends().get(before).copied())).await
    }

    fn keep(&mut self, on_demand: bool) {
        self.service.state().wanted = true;
        self.tasks.push(tokio::spawn(keep(Arc::clone(&self.service), on_demand)));
    }
}

impl Drop for SocketHolder {
    fn drop(&mut self) {
        for task in &self.tasks {
            task.abort();
        }
        // A task that is just running sees this before it could start anything more.
        let mut state = self.service.state();
        state.wanted = false;
        state.child = None;
    }
}

impl Service {
    /// Starts the service with its sockets.
    fn start(&self) -> Result<Owned, ResidentError> {
        let mut command = self.start.prepare(&STARTER)?;
        let names: Vec<_> = self.sockets.iter().map(|socket| socket.name.as_str()).collect();
        command.env("LISTEN_FDS", names.len().to_string()).env("LISTEN_FDNAMES", names.join(":"));
        let mut mappings = Vec::new();
        for (socket, number) in self.sockets.iter().zip(FIRST_FD..) {
            let parent_fd = socket.listener.try_clone().map(OwnedFd::from);
            let parent_fd = parent_fd.map_err(ResidentError::Process)?;
            let child_fd = i32::try_from(number).unwrap_or(i32::MAX);
            mappings.push(FdMapping { parent_fd, child_fd });
        }
        let mapped = command.fd_mappings(mappings).map_err(io::Error::other);
        self.start.spawn_by(mapped.map_err(ResidentError::Process)?)
    }

    /// Starts the service where it is wanted; whether it is.
    fn start_if_wanted(&self) -> bool {
        let mut state = self.state();
        if state.wanted {
            state.starts += 1;
            match self.start() {
                Ok(child) => state.child = Some(child),
                Err(fault) => (state.fault, state.wanted) = (Some(fault), false),
            }
        }
        state.wanted
    }

    /// Whether the service ended just now.
    fn ended(&self) -> bool {
        let mut state = self.state();
        let status = state.child.as_mut().and_then(|child| child.status().ok().flatten());
        let Some(status) = status else { return false };
        state.ends.push(status);
        state.child = None;
        true
    }

    /// Whether a connection waits at one of the sockets.
    fn connected(&self) -> bool {
        let watch = |socket| PollFd::new(socket, PollFlags::IN);
        let mut watched: Vec<_> = self.sockets.iter().map(|it| watch(&it.listener)).collect();
        poll(&mut watched, Some(&Timespec::default())).is_ok_and(|waiting| waiting > 0)
    }

    /// What is behind it is whole after every statement, so a panic elsewhere does not matter.
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Keeps the service running as long as it is wanted.
async fn keep(service: Arc<Service>, on_demand: bool) {
    while on_demand && !service.connected() {
        sleep(LOOK).await;
    }
    while service.start_if_wanted() {
        while !service.ended() {
            sleep(LOOK).await;
        }
        sleep(RESTART_PAUSE).await;
    }
}

/// Notes what the service says.
async fn hear(service: Arc<Service>, messages: UnixDatagram) {
    let mut message = vec![0; 4096];
    while let Ok(length) = messages.recv(&mut message).await {
        let text = String::from_utf8_lossy(&message[..length]);
        service.state().news.extend(text.lines().map(str::to_owned));
    }
}

/// A port on 127.0.0.1 and, where the machine has IPv6, the same on ::1.
fn listen() -> io::Result<Vec<(SocketAddr, TcpListener)>> {
    for _ in 0..PORT_TRIES {
        let first = TcpListener::bind("127.0.0.1:0")?;
        let address = first.local_addr()?;
        let twin = SocketAddr::from((Ipv6Addr::LOCALHOST, address.port()));
        match TcpListener::bind(twin) {
            Ok(second) => return Ok(vec![(address, first), (twin, second)]),
            Err(error) if error.kind() == io::ErrorKind::AddrInUse => {}
            Err(_) => return Ok(vec![(address, first)]),
        }
    }
    Err(io::ErrorKind::AddrInUse.into())
}
