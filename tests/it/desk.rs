//! A desktop for each test, and the program on it in one of its two shapes.

use std::{
    fs,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
    time::SystemTime,
};

use plimsoll_domain::{Timestamp, Tokens};
#[cfg(feature = "desktop")]
use plimsoll_testkit::Screen;
use plimsoll_testkit::{
    Answer, ApiCall, EventStream, Events, Loopback, NotificationServer, Panel, PrivateBus, Start,
    TestResident, TrayItem,
};
use prost::Message as _;
use serde_json::Value;
use tempfile::TempDir;

use crate::house::{PATIENCE, until};

/// Where sessions of `claude-sonnet-4-6` compact: the line that fills are measured against.
pub(crate) const LINE: u64 = 167_000;

/// Occupancies below the levels and beyond each of them.
pub(crate) const CALM: u64 = 50_000;
pub(crate) const NOTICE: u64 = 101_000;
pub(crate) const CHECKPOINT: u64 = 134_000;
pub(crate) const URGENT: u64 = 154_000;

/// What the application is made of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Shape {
    /// `plimsoll`, which has windows shown by another process.
    Separate,
    /// `plimsoll-window --standalone`: everything in one process.
    #[cfg(feature = "desktop")]
    InProcess,
}

/// Makes a test of each function, once for each shape, under the function's own description.
macro_rules! in_both_shapes {
    ($($test:ident),* $(,)?) => {
        mod separate {
            $(
                #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
                async fn $test() {
                    super::$test(crate::desk::Shape::Separate).await;
                }
            )*
        }

        #[cfg(feature = "desktop")]
        mod in_process {
            $(
                #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
                async fn $test() {
                    super::$test(crate::desk::Shape::InProcess).await;
                }
            )*
        }
    };
}
pub(crate) use in_both_shapes;

/// What is on the desk.
#[derive(Debug)]
pub(crate) struct Desk {
    pub(crate) bus: PrivateBus,
    pub(crate) panel: Panel,
    pub(crate) notifications: NotificationServer,
    /// Only where the program itself has windows.
    #[cfg(feature = "desktop")]
    pub(crate) screen: Option<Screen>,
    shape: Shape,
    programs: TempDir,
}

impl Desk {
    /// A desk with everything on it.
    pub(crate) async fn complete(shape: Shape) -> Self {
        let mut desk = Self::bare(shape).await;
        desk.panel.come().await.unwrap();
        desk.notifications.come().await.unwrap();
        desk
    }

    /// A desk with a bus, but neither panel nor notification server yet.
    pub(crate) async fn bare(shape: Shape) -> Self {
        let bus = PrivateBus::start().await.unwrap();
        let (panel, notifications) = (Panel::absent(&bus), NotificationServer::absent(&bus));
        #[cfg(feature = "desktop")]
        let screen = match shape {
            Shape::Separate => None,
            Shape::InProcess => Some(Screen::start().await.unwrap()),
        };
        // On the same file system as the programs, so that they need not be copied.
        let programs = TempDir::new_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
        place(&programs.path().join("xdg-open"), "echo \"$1\" >>\"$0.opened\"\n");
        Self {
            bus,
            panel,
            notifications,
            #[cfg(feature = "desktop")]
            screen,
            shape,
            programs,
        }
    }

    /// The application on this desk, not started yet.
    pub(crate) fn start(&self) -> Start {
        self.start_without_bus().bus(&self.bus.address())
    }

    /// The application where there is no session bus.
    pub(crate) fn start_without_bus(&self) -> Start {
        let path = std::env::var("PATH").unwrap();
        let path = format!("{}:{path}", self.programs.path().display());
        self.in_shape().variable("PATH", &path)
    }

    fn in_shape(&self) -> Start {
        match self.shape {
            Shape::Separate => alone_in(self.programs.path()),
            #[cfg(feature = "desktop")]
            Shape::InProcess => {
                let display = self.screen.as_ref().unwrap().name();
                let start = Start::new(env!("CARGO_BIN_EXE_plimsoll-window")).unwrap();
                // Accessibility would look for services that this bus does not have.
                start.command(&["--standalone"]).display(display).variable("NO_AT_BRIDGE", "1")
            }
        }
    }

    /// The running application.
    pub(crate) async fn run(&self) -> TestResident {
        self.start().run().await.unwrap()
    }

    /// The icon in the panel, as soon as it is complete.
    pub(crate) async fn icon(&self) -> TrayItem {
        let item = self.panel.item().await.unwrap();
        until("a menu", async || (!item.menu().await.unwrap().is_empty()).then_some(())).await;
        item
    }

    /// A stand-in for `plimsoll-window` beside the resident: it stays, shows nothing, and notes how it was
    /// started.
    pub(crate) fn place_window_program(&self) -> WindowProgram {
        let program = WindowProgram { path: self.programs.path().join("plimsoll-window") };
        let script = "echo \"$@\" >>\"$0.started\"\n\
                      while [ -e \"$0\" ]; do sleep 0.05; done\necho >>\"$0.ended\"\n";
        place(&program.path, script);
        program
    }

    /// What the user's browser was asked to open. There is no browser, only a stand-in for `xdg-open`.
    pub(crate) fn opened_in_browser(&self) -> Vec<String> {
        let noted = fs::read_to_string(self.programs.path().join("xdg-open.opened"));
        noted.unwrap_or_default().lines().map(str::to_owned).collect()
    }
}

fn place(path: &Path, script: &str) {
    fs::write(path, format!("#!/bin/sh\n{script}")).unwrap();
    fs::set_permissions(path, fs::Permissions::from_mode(0o700)).unwrap();
}

/// `plimsoll` in a folder of its own, where no other program lies beside it unless a test puts it there.
fn alone_in(folder: &Path) -> Start {
    let program = folder.join("plimsoll");
    if !program.exists() {
        let built = env!("CARGO_BIN_EXE_plimsoll");
        fs::hard_link(built, &program).or_else(|_| fs::copy(built, &program).map(drop)).unwrap();
    }
    Start::new(program).unwrap().command(&[])
}

/// A stand-in for `plimsoll-window`. It ends when it is taken away.
#[derive(Debug)]
pub(crate) struct WindowProgram {
    path: PathBuf,
}

impl WindowProgram {
    /// How often it was started so far.
    pub(crate) fn starts(&self) -> usize {
        self.noted("started")
    }

    /// Takes it away, and waits until every process of it has ended.
    pub(crate) async fn leave(self) {
        fs::remove_file(&self.path).unwrap();
        until("ended", async || (self.noted("ended") == self.starts()).then_some(())).await;
    }

    fn noted(&self, what: &str) -> usize {
        let file = self.path.with_extension(what);
        fs::read_to_string(file).unwrap_or_default().lines().count()
    }
}

impl Drop for WindowProgram {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.path);
    }
}

/// The time now.
pub(crate) fn now() -> Timestamp {
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap();
    Timestamp::from_nanos(u64::try_from(now.as_nanos()).unwrap()).unwrap()
}

/// Puts a transcript where the client would, so that the session is named after the folder it works in.
pub(crate) fn name_project(start: &Start, session: &str, project: &str) {
    let folder = start.home().join(format!(".claude/projects/-home-dev-{project}"));
    fs::create_dir_all(&folder).unwrap();
    let line = format!(
        r#"{{"type":"user","sessionId":"{session}","cwd":"/home/dev/{project}","gitBranch":"main","timestamp":"2026-11-23T04:43:43.000Z","message":{{}}}}"#
    );
    fs::write(folder.join(format!("{session}.jsonl")), line + "\n").unwrap();
}

/// Sends the turn of a session with this number, counted from 0, after which its context holds so many
/// tokens.
pub(crate) async fn turn(house: &TestResident, session: &str, number: i64, occupancy: u64) {
    let tokens = Tokens { input: 10, output: 90, cache_read: occupancy - 100, cache_creation: 0 };
    let call = ApiCall::new(&format!("req_{session}_{number}")).tokens(tokens);
    let export = Events::of(session, now()).sequence(number).api_request(&call).build();
    let kind = [("content-type", "application/x-protobuf")];
    let receiver = Loopback::new(house.http().unwrap());
    let answer = receiver.post("/v1/logs", &kind, export.encode_to_vec()).await.unwrap();
    assert_eq!(answer.status.as_u16(), 200, "{}", answer.text());
}

/// The codes of all problems and hints.
pub(crate) async fn problems(house: &TestResident) -> Vec<String> {
    let health = house.api().unwrap().json("/api/v1/health").await.unwrap();
    let problems = health["problems"].as_array().unwrap().iter();
    problems.map(|problem| problem["code"].as_str().unwrap().to_owned()).collect()
}

/// Waits until a hint is up, or no more.
pub(crate) async fn until_hint(house: &TestResident, code: &str, is_up: bool) {
    let what = format!("{code}: {is_up}");
    until(&what, async || {
        let up = problems(house).await.iter().any(|problem| problem == code);
        (up == is_up).then_some(())
    })
    .await;
}

/// What a test does in the place of `plimsoll-window`: it takes the wishes for windows.
pub(crate) struct Windows {
    stream: EventStream,
}

impl Windows {
    /// Attaches, also where another process just left.
    pub(crate) async fn attach(house: &TestResident) -> Self {
        let api = house.api().unwrap();
        let key = [("x-plimsoll-key", house.runtime().key.as_str())];
        let stream =
            until("attached", async || api.events_with("/api/v1/windows", &key).await.ok()).await;
        Self { stream }
    }

    /// The next wish.
    pub(crate) async fn next(&mut self) -> Value {
        self.ended_or_next().await.unwrap()
    }

    /// The next wish; `None` when the engine ended.
    pub(crate) async fn ended_or_next(&mut self) -> Option<Value> {
        let next = self.stream.until(PATIENCE, |event| event.event == "show").await;
        next.ok().flatten().map(|event| event.json().unwrap())
    }
}

/// Asks for a window as another program would.
pub(crate) async fn ask_for_window(house: &TestResident, wish: Value) -> Answer {
    let key = house.runtime().key.as_str();
    let headers = [("x-plimsoll-key", key), ("content-type", "application/json")];
    house.api().unwrap().post("/api/v1/windows", &headers, wish.to_string()).await.unwrap()
}
