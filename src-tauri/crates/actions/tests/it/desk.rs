//! A private bus, a notification service on it, and the child that talks to it.

use std::{collections::HashMap, fmt::Debug, process::Stdio, time::Duration};

use tempfile::TempDir;
use tokio::{
    io::{AsyncBufReadExt as _, BufReader, Lines},
    process::{Child, ChildStderr, Command},
    sync::{mpsc, watch},
    time::timeout,
};
use zbus::{
    Connection,
    connection::Builder,
    fdo::{self, DBusProxy},
    interface,
    message::Header,
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
    pub(crate) actions: Vec<String>,
    pub(crate) sender: String,
}

/// What a service lets a connection do with what another one brought.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Manners {
    /// Replace and close it, as most do.
    Anyone,
    /// Neither, while that other one is there; and it is told alone of its buttons: GNOME Shell's
    /// `dbusServices/notifications`.
    Owner,
    /// As the first, and it shows no buttons.
    Plain,
}

/// The notification service. It numbers notifications from one.
struct Service {
    manners: Manners,
    next: u32,
    /// Who brought what is shown.
    owners: HashMap<u32, String>,
    calls: watch::Sender<Vec<Notified>>,
    closed: watch::Sender<Vec<u32>>,
}

impl Service {
    fn check(&self, id: u32, sender: &str) -> fdo::Result<()> {
        let owner = self.owners.get(&id).filter(|_| self.manners == Manners::Owner);
        if owner.is_some_and(|owner| owner != sender) {
            return Err(fdo::Error::InvalidArgs("Invalid notification ID".to_owned()));
        }
        Ok(())
    }
}

#[interface(name = "org.freedesktop.Notifications")]
impl Service {
    fn get_capabilities(&self) -> Vec<&str> {
        let buttons = (self.manners != Manners::Plain).then_some("actions");
        ["body", "body-markup"].into_iter().chain(buttons).collect()
    }

    #[expect(clippy::too_many_arguments, reason = "the specification has so many")]
    #[expect(clippy::needless_pass_by_value, reason = "zbus hands the header over so")]
    fn notify(
        &mut self,
        app: String,
        replaces: u32,
        icon: String,
        summary: String,
        body: String,
        actions: Vec<String>,
        mut hints: HashMap<String, OwnedValue>,
        _timeout: i32,
        #[zbus(header)] header: Header<'_>,
    ) -> fdo::Result<u32> {
        let sender = header.sender().unwrap().to_string();
        self.check(replaces, &sender)?;
        let id = if replaces == 0 { self.next + 1 } else { replaces };
        self.next = self.next.max(id);
        self.owners.insert(id, sender.clone());
        let urgency = hints.remove("urgency").map(|value| value.try_into().unwrap());
        let desktop_entry = hints.remove("desktop-entry").map(|value| value.try_into().unwrap());
        let call = Notified {
            app,
            replaces,
            icon,
            summary,
            body,
            urgency,
            desktop_entry,
            actions,
            sender,
        };
        self.calls.send_modify(|calls| calls.push(call));
        Ok(id)
    }

    #[expect(clippy::needless_pass_by_value, reason = "zbus hands the header over so")]
    fn close_notification(
        &mut self,
        id: u32,
        #[zbus(header)] header: Header<'_>,
    ) -> fdo::Result<()> {
        self.check(id, header.sender().unwrap())?;
        self.owners.remove(&id);
        self.closed.send_modify(|closed| closed.push(id));
        Ok(())
    }
}

/// The bus and what is on it.
pub(crate) struct Desk {
    folder: TempDir,
    address: String,
    calls: watch::Sender<Vec<Notified>>,
    closed: watch::Sender<Vec<u32>>,
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
        let (calls, closed) = (watch::Sender::default(), watch::Sender::default());
        Self { folder, address, calls, closed, service: None, looking, _daemon: daemon }
    }

    /// The service goes.
    pub(crate) async fn leave(&mut self) {
        self.service.take().unwrap().close().await.unwrap();
    }

    /// A new service comes.
    pub(crate) async fn come(&mut self, manners: Manners) {
        let service = connect(&self.address).await;
        let object = Service {
            manners,
            next: 0,
            owners: HashMap::new(),
            calls: self.calls.clone(),
            closed: self.closed.clone(),
        };
        service.object_server().at("/org/freedesktop/Notifications", object).await.unwrap();
        service.request_name("org.freedesktop.Notifications").await.unwrap();
        self.service = Some(service);
    }

    /// Somebody presses a button of a notification; who brought it is told, or everybody is.
    pub(crate) async fn press(&self, id: u32, button: &str, alone: Option<&str>) {
        let service = self.service.as_ref().unwrap();
        let name = "org.freedesktop.Notifications";
        let object = "/org/freedesktop/Notifications";
        service.emit_signal(alone, object, name, "ActionInvoked", &(id, button)).await.unwrap();
    }

    /// Every call so far, once they are so many.
    pub(crate) async fn shown(&self, count: usize) -> Vec<Notified> {
        so_many(&self.calls, count, "shown").await
    }

    /// The numbers of all that were closed so far, once they are so many.
    pub(crate) async fn closed(&self, count: usize) -> Vec<u32> {
        so_many(&self.closed, count, "closed").await
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
        let (lines, mut told) = mpsc::unbounded_channel::<String>();
        tokio::spawn(async move {
            while let Some(line) = told.recv().await {
                tokio::io::AsyncWriteExt::write_all(&mut input, line.as_bytes()).await.unwrap();
            }
        });
        Told { lines, said, _child: child }
    }
}

/// The child.
pub(crate) struct Told {
    lines: mpsc::UnboundedSender<String>,
    said: Lines<BufReader<ChildStderr>>,
    _child: Child,
}

impl Told {
    /// Has it claim an alert; an agent `-` is the main thread.
    pub(crate) fn claim(&self, session: &str, agent: &str, level: u8) {
        self.tell(&format!("claim {session} {agent} {level}"));
    }

    /// Has a session's main thread begin a cycle.
    pub(crate) fn begin(&self, session: &str) {
        self.tell(&format!("begin {session}"));
    }

    fn tell(&self, line: &str) {
        self.lines.send(format!("{line}\n")).unwrap();
    }

    /// The next line that it says.
    pub(crate) async fn next(&mut self) -> String {
        let line = timeout(DEADLINE, self.said.next_line()).await.expect("it says something");
        line.unwrap().expect("it goes on")
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

async fn so_many<T: Clone + Debug>(
    list: &watch::Sender<Vec<T>>,
    count: usize,
    what: &str,
) -> Vec<T> {
    let mut list = list.subscribe();
    let enough = list.wait_for(|list| list.len() >= count);
    let enough = timeout(DEADLINE, enough).await;
    let list = enough.unwrap_or_else(|_| panic!("{count} are {what}")).unwrap().clone();
    assert_eq!(list.len(), count, "{what}: {list:?}");
    list
}

async fn connect(address: &str) -> Connection {
    timeout(DEADLINE, Builder::address(address).unwrap().build()).await.unwrap().unwrap()
}
