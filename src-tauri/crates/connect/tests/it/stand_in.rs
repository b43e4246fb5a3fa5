//! Stand-ins for the client: copies of a shell that run under its name.

use std::{
    io::{BufRead as _, BufReader, Read as _},
    net::{SocketAddr, TcpListener, TcpStream},
    path::PathBuf,
    process::{Child, ChildStdout, Command, Stdio},
};

use plimsoll_connect::doctor::Peer;
use plimsoll_domain::Timestamp;

use crate::desk::{Desk, Place, now};

/// What stands for every secret.
pub(super) const MARKER: &str = "MARKER";

/// What a client is connected to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) enum Link {
    #[default]
    Nothing,
    /// The receiver, to which it says nothing.
    Idle,
    /// The receiver, to which it sends.
    Sends,
    /// The receiver, which refuses what it sends.
    Refused,
    /// The other place, to which it sends.
    Elsewhere,
}

/// How a client is started.
#[derive(Debug, Clone, Default)]
pub(super) struct Start {
    pub(super) link: Link,
    pub(super) environment: Vec<(&'static str, String)>,
    /// Whether it starts a client of its own.
    pub(super) has_child: bool,
}

/// One that runs. It ends with the test.
pub(super) struct StandIn {
    child: Child,
    output: BufReader<ChildStdout>,
    pub(super) config: PathBuf,
    pub(super) project: PathBuf,
    pub(super) link: Link,
    connection: Option<(TcpStream, SocketAddr)>,
    /// When `plimsoll connect` wrote its settings, as far as the resident knows.
    pub(super) connected: Option<Timestamp>,
}

impl StandIn {
    /// Starts a client, and waits until it has done what it is to do.
    pub(super) fn start(desk: &Desk, place: &Place, start: &Start) -> Self {
        let receiver = desk.receiver(start.link);
        let address = receiver.map(local_addr);
        let mut child = Command::new(&place.program)
            .args(["-c", &script(start, address)])
            .env_clear()
            .env("PATH", "/usr/bin:/bin")
            .env("HOME", place.home())
            .env("CLAUDE_CONFIG_DIR", place.config())
            .env("ANTHROPIC_API_KEY", MARKER)
            .envs(start.environment.iter().map(|(name, value)| (*name, value)))
            .current_dir(place.project())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let output = BufReader::new(child.stdout.take().unwrap());
        let (config, project) = (place.config(), place.project());
        let (link, connection, connected) = (start.link, None, None);
        let mut client = Self { child, output, config, project, link, connection, connected };
        client.wait(1 + usize::from(start.has_child));
        client.connection = receiver.map(|receiver| receiver.accept().unwrap());
        client.receive();
        client
    }

    pub(super) fn pid(&self) -> u32 {
        self.child.id()
    }

    pub(super) fn port(&self) -> Option<u16> {
        self.connection.as_ref().map(|(_, peer)| peer.port())
    }

    /// What the resident knows of its connection.
    pub(super) fn peer(&self) -> Peer {
        Peer {
            port: self.port().unwrap(),
            last_export: now(),
            sessions: vec![format!("session-{}", self.pid())],
            folders: vec![self.project.clone()],
            is_open: true,
        }
    }

    /// Waits until it has said so many times that it is ready.
    fn wait(&mut self, times: usize) {
        for _ in 0..times {
            let mut line = String::new();
            self.output.read_line(&mut line).unwrap();
            assert_eq!(line, "ready\n");
        }
    }

    /// Takes what it sends.
    fn receive(&mut self) {
        if !matches!(self.link, Link::Nothing | Link::Idle) {
            let (connection, _) = self.connection.as_ref().unwrap();
            let mut line = String::new();
            BufReader::new(connection).read_line(&mut line).unwrap();
            assert_eq!(line, "export\n");
        }
    }
}

impl Drop for StandIn {
    /// The end of its input ends it and the client that it started; then nobody holds its output any more.
    fn drop(&mut self) {
        drop(self.child.stdin.take());
        let _silent = self.output.read_to_end(&mut Vec::new());
        let _killed = self.child.kill();
        let _ended = self.child.wait();
    }
}

/// What the client does: it connects, sends, starts a client of its own, says that it is ready, and waits for the end
/// of its input. The other client has no part in the connection, as with the real one.
fn script(start: &Start, receiver: Option<SocketAddr>) -> String {
    let connect = receiver.map(|to| format!("exec 3<>/dev/tcp/{}/{}; ", to.ip(), to.port()));
    let says_nothing = matches!(start.link, Link::Nothing | Link::Idle);
    let send = if says_nothing { "" } else { "echo export >&3; " };
    let wait = "echo ready; read -r line; wait";
    let part = format!("exec 4<&0; \"$0\" -c '{wait}' <&4 4<&- 3>&- & ");
    let part = if start.has_child { part } else { String::new() };
    format!("{}{send}{part}{wait}", connect.unwrap_or_default())
}

fn local_addr(listener: &TcpListener) -> SocketAddr {
    listener.local_addr().unwrap()
}
