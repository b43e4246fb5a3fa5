//! The stand-ins for the desktop, with real programs: a tray icon by ksni, a service that takes sockets over,
//! a client of notifications. Programs are this test binary, started anew with [`ROLE`] set.

#![allow(clippy::unwrap_used, reason = "a test stops where it fails")]

use std::collections::HashMap;
use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener};
use std::os::unix::net::UnixDatagram;
use std::os::unix::process::ExitStatusExt;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::{Sender, channel};
use std::thread;
use std::time::Duration;

use ksni::TrayMethods;
use ksni::menu::{MenuItem, StandardItem};
use listenfd::ListenFd;
use plimsoll_testkit::{
    NotificationServer, Panel, Pixmap, PrivateBus, Screen, SocketHolder, Start, TrayItem,
};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::{sleep, timeout};
use zbus::zvariant::Value;

/// Which program this binary is to be.
const ROLE: &str = "PLIMSOLL_DESK_ROLE";

const PATIENCE: Duration = Duration::from_secs(20);

fn plays(role: &str) -> bool {
    std::env::var(ROLE).is_ok_and(|named| named == role)
}

/// A tray icon whose title tells where it was pressed last.
struct Icon {
    title: String,
    pixels: u8,
    quit: Sender<()>,
}

impl ksni::Tray for Icon {
    fn id(&self) -> String {
        "desk".to_owned()
    }

    fn title(&self) -> String {
        self.title.clone()
    }

    fn tool_tip(&self) -> ksni::ToolTip {
        ksni::ToolTip { title: "tip".into(), description: "text".into(), ..Default::default() }
    }

    fn icon_pixmap(&self) -> Vec<ksni::Icon> {
        vec![ksni::Icon { width: 2, height: 1, data: vec![self.pixels; 8] }]
    }

    fn activate(&mut self, x: i32, y: i32) {
        self.title = format!("{x},{y}");
    }

    fn menu(&self) -> Vec<MenuItem<Self>> {
        let item = |label: &str, enabled, activate| {
            StandardItem { label: label.to_owned(), enabled, activate, ..Default::default() }.into()
        };
        vec![
            item("Draw my__icon", true, Box::new(|icon: &mut Self| icon.pixels += 1)),
            MenuItem::Separator,
            item("today", false, Box::new(|_| {})),
            item("_Quit", true, Box::new(|icon| icon.quit.send(()).unwrap())),
        ]
    }

    fn watcher_offline(&self, _: ksni::OfflineReason) -> bool {
        true
    }
}

/// The program behind the icon, where this binary was started as that; else nothing.
#[tokio::test]
async fn icon_as_a_program() {
    if plays("icon") {
        let (quit, wanted) = channel();
        let icon = Icon { title: "new".into(), pixels: 1, quit };
        let _handle = icon.assume_sni_available(true).spawn().await.unwrap();
        wanted.recv().unwrap();
    }
}

/// A process that ends with the test.
struct Running(Child);

impl Running {
    fn icon(bus: &PrivateBus) -> Self {
        let program = std::env::current_exe().unwrap();
        let child = Command::new(program)
            .args(["--exact", "icon_as_a_program"])
            .env(ROLE, "icon")
            .env("DBUS_SESSION_BUS_ADDRESS", bus.address())
            .stdout(Stdio::null())
            .spawn();
        Self(child.unwrap())
    }

    async fn ended(&mut self) -> ExitStatus {
        until(async || self.0.try_wait().unwrap()).await
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

async fn until<T>(mut look: impl AsyncFnMut() -> Option<T>) -> T {
    let waiting = async {
        loop {
            if let Some(found) = look().await {
                return found;
            }
            sleep(Duration::from_millis(2)).await;
        }
    };
    timeout(PATIENCE, waiting).await.unwrap()
}

fn pixmap(value: u8) -> Vec<Pixmap> {
    vec![Pixmap { width: 2, height: 1, argb: vec![value; 8] }]
}

async fn labels(item: &TrayItem) -> Vec<(String, bool, bool)> {
    let entries = item.menu().await.unwrap().into_iter();
    entries.map(|entry| (entry.label, entry.enabled, entry.separator)).collect()
}

/// Scenario: an icon by ksni is read, pressed, redrawn and quit by its menu.
/// Guarantees: the panel sees it as it is each time, hears of each change once and of nothing else, and a
/// program that ends by a click is no error.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_panel_reads_an_icon() {
    let bus = PrivateBus::start().await.unwrap();
    let panel = Panel::on(&bus).await.unwrap();
    let mut program = Running::icon(&bus);
    let item = panel.item().await.unwrap();
    assert_eq!(item.title().await.unwrap(), "new");
    assert_eq!(item.tooltip().await.unwrap(), ("tip".to_owned(), "text".to_owned()));
    assert_eq!(item.status().await.unwrap(), "Active");
    assert_eq!(item.icons().await.unwrap(), pixmap(1));
    let entries = [
        ("Draw my_icon".to_owned(), true, false),
        (String::new(), true, true),
        ("today".to_owned(), false, false),
        ("Quit".to_owned(), true, false),
    ];
    assert_eq!(labels(&item).await, entries);
    assert_eq!(panel.signals().await.unwrap(), Vec::<String>::new());
    item.activate(12, 34).await.unwrap();
    assert_eq!(item.title().await.unwrap(), "12,34");
    item.activate(12, 34).await.unwrap();
    assert_eq!(panel.signals().await.unwrap(), ["NewTitle"]);
    item.click("Draw my_icon").await.unwrap();
    until(async || (item.icons().await.unwrap() == pixmap(2)).then_some(())).await;
    assert_eq!(panel.signals().await.unwrap(), ["NewTitle", "NewIcon"]);
    let wrong = item.click("today").await.unwrap_err();
    assert!(wrong.to_string().contains("Draw my_icon"), "{wrong}");
    item.click("Quit").await.unwrap();
    assert!(program.ended().await.success());
    until(async || (panel.count().await.unwrap() == 0).then_some(())).await;
}

/// Scenario: the icon is there before the panel; the panel leaves and comes back; the bus ends and starts.
/// Guarantees: each time the panel comes the icon registers with it, as with a real one; a new bus is empty.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_panel_comes_and_goes() {
    let mut bus = PrivateBus::start().await.unwrap();
    let mut panel = Panel::absent(&bus);
    assert!(panel.item().await.is_err());
    let _program = Running::icon(&bus);
    let client = bus.connect().await.unwrap();
    let daemon = zbus::fdo::DBusProxy::new(&client).await.unwrap();
    let named = |name: &str| name.starts_with("org.kde.StatusNotifierItem");
    until(async || {
        let names = daemon.list_names().await.unwrap();
        names.iter().any(|name| named(name.as_str())).then_some(())
    })
    .await;
    for _ in 0..3 {
        panel.come().await.unwrap();
        assert_eq!(panel.item().await.unwrap().title().await.unwrap(), "new");
        assert_eq!(panel.count().await.unwrap(), 1);
        panel.leave().await.unwrap();
        assert!(panel.count().await.is_err());
    }
    bus.stop();
    assert!(bus.connect().await.is_err());
    bus.start_again().await.unwrap();
    panel.come().await.unwrap();
    assert_eq!(panel.count().await.unwrap(), 0);
}

/// Scenario: a client notifies, replaces what it said, and notifies while the server hangs and is away.
/// Guarantees: everything it said is noted, ids are handed out as the specification wants, and a server that
/// hangs or is away looks like one.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_of_notifications() {
    let bus = PrivateBus::start().await.unwrap();
    let mut server = NotificationServer::on(&bus).await.unwrap();
    let client = bus.connect().await.unwrap();
    let notify = async |replaces: u32, summary: &str| {
        let hints = HashMap::from([("urgency", Value::U8(2)), ("x", Value::from("y"))]);
        let body =
            ("app", replaces, "icon", summary, "body", vec!["default", "Open"], hints, -1_i32);
        let name = Some("org.freedesktop.Notifications");
        let path = "/org/freedesktop/Notifications";
        let answer = client.call_method(name, path, name, "Notify", &body).await?;
        answer.body().deserialize::<u32>()
    };
    assert_eq!(notify(0, "one").await.unwrap(), 1);
    assert_eq!(notify(0, "two").await.unwrap(), 2);
    assert_eq!(notify(1, "one again").await.unwrap(), 1);
    let calls = server.calls();
    let told: Vec<_> = calls.iter().map(|it| (it.id, it.replaces, it.summary.as_str())).collect();
    assert_eq!(told, [(1, 0, "one"), (2, 0, "two"), (1, 1, "one again")]);
    assert_eq!((calls[0].urgency, calls[0].hints["x"].as_str()), (Some(2), "\"y\""));
    assert_eq!(calls[0].actions, ["default", "Open"]);
    server.hang(true);
    let hanging = notify(0, "unanswered");
    assert!(timeout(Duration::from_millis(50), hanging).await.is_err());
    assert_eq!(server.calls().last().unwrap().summary, "unanswered");
    server.hang(false);
    server.leave().await.unwrap();
    assert!(notify(0, "nobody").await.is_err());
    assert!(server.choose(1, "default").await.is_err());
    server.come().await.unwrap();
    assert_eq!(notify(0, "back").await.unwrap(), 4);
    server.choose(4, "default").await.unwrap();
    server.dismiss(4).await.unwrap();
}

/// Scenario: two displays at a time.
/// Guarantees: each has a number of its own and no windows.
#[tokio::test]
async fn screens_are_apart() {
    let (one, other) = (Screen::start().await.unwrap(), Screen::start().await.unwrap());
    assert_ne!(one.name(), other.name());
    assert_eq!(one.titles().unwrap(), Vec::<String>::new());
}

/// The service, where this binary was started as that; else nothing. It answers each connection with what it
/// was told of its sockets and its process, and ends when it is asked to.
#[test]
fn service_as_a_program() {
    if !plays("service") {
        return;
    }
    let variable = |name: &str| std::env::var(name).unwrap();
    let told = format!("{} {}", variable("LISTEN_FDNAMES"), std::process::id());
    let mut sockets = ListenFd::from_env();
    assert_eq!(sockets.len(), 4);
    let serve = |listener: TcpListener, told: String| {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            stream.read_exact(&mut [0]).unwrap();
            let address = stream.local_addr().unwrap();
            write!(stream, "{told} {address}").unwrap();
            stream.shutdown(Shutdown::Both).unwrap();
        }
    };
    let threads: Vec<_> = (0..4)
        .map(|index| {
            let listener = sockets.take_tcp_listener(index).unwrap().unwrap();
            let told = told.clone();
            thread::spawn(move || serve(listener, told))
        })
        .collect();
    let manager = UnixDatagram::unbound().unwrap();
    manager.send_to(b"STATUS=up\nREADY=1", variable("NOTIFY_SOCKET")).unwrap();
    threads.into_iter().for_each(|thread| thread.join().unwrap());
}

async fn ask(address: std::net::SocketAddr) -> String {
    let mut stream = TcpStream::connect(address).await.unwrap();
    let mut answer = String::new();
    stream.write_all(b"?").await.unwrap();
    stream.read_to_string(&mut answer).await.unwrap();
    answer
}

/// Scenario: a service is started by its first connection, killed, asked to end, and stopped.
/// Guarantees: it gets its sockets by number, name and process; connections wait while it is away; it is
/// started again each time but the last.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_service_gets_its_sockets() {
    let start = Start::new(std::env::current_exe().unwrap()).unwrap();
    let start = start.command(&["--exact", "service_as_a_program"]).variable(ROLE, "service");
    let names = [("one", "PORT_OF_ONE"), ("two", "PORT_OF_TWO")];
    let mut holder = SocketHolder::hold(start, &names).unwrap();
    let (one, two) = (holder.address("one").unwrap(), holder.address("two").unwrap());
    holder.run_on_demand();
    assert_eq!((holder.starts(), holder.pid()), (0, None));
    let told = |holder: &SocketHolder, address| {
        format!("one:one:two:two {} {address}", holder.pid().unwrap())
    };
    let answer = timeout(PATIENCE, ask(two)).await.unwrap();
    assert_eq!(answer, told(&holder, two));
    let twin = std::net::SocketAddr::from((std::net::Ipv6Addr::LOCALHOST, one.port()));
    assert_eq!(ask(twin).await, told(&holder, twin));
    holder.ready(1).await.unwrap();
    assert_eq!(holder.news(), ["STATUS=up", "READY=1"]);
    for (signal, end) in [(9, SocketHolder::kill9 as fn(&_) -> _), (15, SocketHolder::restart)] {
        end(&holder).unwrap();
        until(async || holder.ends().iter().find(|it| it.signal() == Some(signal)).map(drop)).await;
        assert_eq!(timeout(PATIENCE, ask(one)).await.unwrap(), told(&holder, one));
    }
    assert_eq!(holder.starts(), 3);
    assert_eq!(holder.stop().await.unwrap().signal(), Some(15));
    assert_eq!((holder.pid(), holder.starts()), (None, 3));
    TcpStream::connect(one).await.unwrap();
}
