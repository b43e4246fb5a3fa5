//! A private bus, a notification service on it, and the child that talks to it.

use std::{collections::HashMap, process::Stdio, time::Duration};

use tempfile::TempDir;
use tokio::{
    io::{AsyncBufReadExt as _, BufReader, Lines},
    process::{Child, ChildStderr, Command},
    sync::{mpsc, watch},
    time::timeout,
};
use zbus::{
    Connection, connection::Builder, fdo::DBusProxy, interface, message::Header,
    zvariant::OwnedValue,
};

use crate::child;

/// How long anything may take.
const DEADLINE: Duration = Duration::from_secs(20);

/// One call of `Notify`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Notified {
    pub(crate) app: String,
    pub(crate) replaces: u32,
    pub(crate) icon: String,
    pub(crate) summary: String,
    pub(crate) body: String,
    pub(crate) urgency: Option<u8>,
    pub(crate) desktop_entry: Option<String>,
    pub(crate) sender: String,
}

/// The notification service. It numbers notifications from one.
struct Service {
    next: u32,
    calls: watch::Sender<Vec<Notified>>,
}

#[interface(name = "org.freedesktop.Notifications")]
impl Service {
    #[expect(clippy::too_many_arguments, reason = "the specification has so many")]
    fn notify(
        &mut self,
        app: String,
        replaces: u32,
        icon: String,
        summary: String,
        body: String,
        _actions: Vec<String>,
        mut hints: HashMap<String, OwnedValue>,
        _timeout: i32,
        #[zbus(header)] header: Header<'_>,
    ) -> u32 {
        let sender = header.sender().unwrap().to_string();
        let urgency = hints.remove("urgency").map(|value| value.try_into().unwrap());
        let desktop_entry = hints.remove("desktop-entry").map(|value| value.try_into().unwrap());
        let call = Notified { app, replaces, icon, summary, body, urgency, desktop_entry, sender };
        self.calls.send_modify(|calls| calls.push(call));
        if replaces == 0 {
            self.next += 1;
            return self.next;
        }
        replaces
    }
}

/// The bus and what is on it.
pub(crate) struct Desk {
    folder: TempDir,
    address: String,
    calls: watch::Sender<Vec<Notified>>,
    /// The service, once it came.
    service: Option<Connection>,
    looking: Connection,
    _daemon: Child,
}

impl Desk {
    pub(crate) async fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let shown = folder.path().display();
        let text = format!(
            "<busconfig><type>session</type><listen>unix:path={shown}/bus</listen>\
             <policy context='default'><allow send_destination='*' eavesdrop='true'/>\
             <allow eavesdrop='true'/><allow own='*'/></policy></busconfig>"
        );
        let configuration = folder.path().join("bus.conf");
        std::fs::write(&configuration, text).unwrap();
        let mut daemon = Command::new("dbus-daemon")
            .arg(format!("--config-file={}", configuration.display()))
            .args(["--nofork", "--nopidfile", "--print-address=1"])
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .kill_on_drop(true)
            .spawn()
            .expect("dbus-daemon (package dbus) is installed");
        let mut lines = BufReader::new(daemon.stdout.take().unwrap()).lines();
        let address = timeout(DEADLINE, lines.next_line()).await.unwrap().unwrap().unwrap();
        let looking = connect(&address).await;
        let calls = watch::Sender::new(Vec::new());
        Self { folder, address, calls, service: None, looking, _daemon: daemon }
    }

    /// A new service comes; one that was there is gone.
    pub(crate) async fn come(&mut self) {
        if let Some(former) = self.service.take() {
            former.close().await.unwrap();
        }
        let service = connect(&self.address).await;
        let object = Service { next: 0, calls: self.calls.clone() };
        service.object_server().at("/org/freedesktop/Notifications", object).await.unwrap();
        service.request_name("org.freedesktop.Notifications").await.unwrap();
        self.service = Some(service);
    }

    /// Every call so far, once they are so many.
    pub(crate) async fn shown(&self, count: usize) -> Vec<Notified> {
        let mut calls = self.calls.subscribe();
        let enough = calls.wait_for(|calls| calls.len() >= count);
        let calls = timeout(DEADLINE, enough).await.expect("so many are shown").unwrap().clone();
        assert_eq!(calls.len(), count, "{calls:?}");
        calls
    }

    /// Waits until a connection is there, or is gone.
    pub(crate) async fn waits_for_connection(&self, name: &str, is_there: bool) {
        let daemon = DBusProxy::new(&self.looking).await.unwrap();
        let wait = async {
            while daemon.name_has_owner(name.try_into().unwrap()).await.unwrap() != is_there {
                tokio::task::yield_now().await;
            }
        };
        timeout(DEADLINE, wait).await.unwrap_or_else(|_| panic!("{name} is there: {is_there}"));
    }

    /// This test's program again, as the child on this bus.
    pub(crate) fn start_child(&self) -> Told {
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", child::NAME, "--nocapture"])
            .env(child::FOLDER, self.folder.path())
            .env("DBUS_SESSION_BUS_ADDRESS", &self.address)
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .unwrap();
        let said = BufReader::new(child.stderr.take().unwrap()).lines();
        let mut input = child.stdin.take().unwrap();
        let (claims, mut told) = mpsc::unbounded_channel::<String>();
        tokio::spawn(async move {
            while let Some(line) = told.recv().await {
                tokio::io::AsyncWriteExt::write_all(&mut input, line.as_bytes()).await.unwrap();
            }
        });
        Told { claims, said, _child: child }
    }
}

/// The child.
pub(crate) struct Told {
    claims: mpsc::UnboundedSender<String>,
    said: Lines<BufReader<ChildStderr>>,
    _child: Child,
}

impl Told {
    /// Has it claim an alert; an agent `-` is the main thread.
    pub(crate) fn claim(&self, session: &str, agent: &str, level: u8) {
        self.claims.send(format!("{session} {agent} {level}\n")).unwrap();
    }

    /// Waits until it says a line that begins so.
    pub(crate) async fn says(&mut self, beginning: &str) {
        let wait = async {
            while let Some(line) = self.said.next_line().await.unwrap() {
                if line.starts_with(beginning) {
                    return;
                }
            }
            panic!("the child ended before it said {beginning}");
        };
        timeout(DEADLINE, wait).await.unwrap_or_else(|_| panic!("it never said {beginning}"));
    }
}

async fn connect(address: &str) -> Connection {
    timeout(DEADLINE, Builder::address(address).unwrap().build()).await.unwrap().unwrap()
}
