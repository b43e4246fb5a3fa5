//! The engine as a whole, in this process: real sockets on free ports, a real ledger in a temporary folder.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use std::{
    fs,
    net::SocketAddr,
    path::{Path, PathBuf},
    sync::Arc,
    time::SystemTime,
};

use plimsoll_client::{Client, ClientError, RuntimeInfo};
use plimsoll_domain::{
    Calendar, SessionId, Show, Timestamp, Tokens,
    health::{ListenerState, Status},
};
use plimsoll_engine::{
    Config, Engine, EngineError, Environment, Inherited, Key, Places, Running, Surroundings,
};
use plimsoll_replay::{Capture, Pace, Replayer, Report};
use sqlx::{Connection, SqliteConnection};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};
use tokio_util::sync::CancellationToken;

/// A user's machine in a temporary folder.
struct Machine {
    root: tempfile::TempDir,
}

impl Machine {
    fn new() -> Self {
        Self { root: tempfile::tempdir().unwrap() }
    }

    fn places(&self) -> Places {
        Places::under(self.root.path())
    }

    fn ledger(&self) -> PathBuf {
        self.places().data.join("ledger.db")
    }

    fn bind(&self) -> Engine {
        self.bind_at(self.places())
    }

    fn bind_at(&self, places: Places) -> Engine {
        let free = || "127.0.0.1:0".to_owned();
        let keys = [
            (Key::ReceiverHttp, "--http", free()),
            (Key::ReceiverGrpc, "--grpc", free()),
            (Key::DashboardListen, "--dashboard", free()),
        ];
        let config = Config::load(&places, &Environment::default(), &keys).unwrap();
        let around = Surroundings {
            places,
            now: Arc::new(now),
            calendar: Calendar::utc(),
            client_folders: vec![self.root.path().join("client")],
            program: "/opt/plimsoll".into(),
            version: "0.0.0-test",
            inherited: Inherited::default(),
        };
        Engine::bind(config, around)
    }

    async fn start(&self) -> Running {
        self.bind().start(&CancellationToken::new()).await.unwrap()
    }

    /// Another program's lock on the ledger's file.
    async fn lock(&self) -> SqliteConnection {
        let url = format!("sqlite://{}", self.ledger().display());
        let mut connection = SqliteConnection::connect(&url).await.unwrap();
        sqlx::query("BEGIN EXCLUSIVE").execute(&mut connection).await.unwrap();
        connection
    }
}

fn now() -> Timestamp {
    Timestamp::EPOCH.after(SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap())
}

fn capture(name: &str) -> Capture {
    let captures = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../tests/fixtures/captures");
    Capture::open(&captures.join(name)).unwrap()
}

fn address(url: Option<&String>) -> Option<SocketAddr> {
    url?.strip_prefix("http://")?.parse().ok()
}

async fn replay(running: &Running, name: &str) -> Report {
    let runtime = running.runtime();
    let (http, grpc) = (address(runtime.otlp_http.as_ref()), address(runtime.otlp_grpc.as_ref()));
    let replayer = Replayer { http, grpc, pace: Pace::AtOnce, ..Replayer::default() };
    replayer.run(&capture(name)).await
}

async fn totals(running: &Running, name: &str) -> Vec<(Tokens, u64)> {
    let mut totals = Vec::new();
    for session in capture(name).sessions() {
        let session = running.ledger().session(&SessionId::new(session)).await.unwrap();
        totals.extend(session.map(|session| (session.usage.tokens, session.usage.requests)));
    }
    totals
}

/// Asks the dashboard's address and reads until the connection ends.
async fn get(address: SocketAddr, path: &str, headers: &str) -> String {
    let mut stream = TcpStream::connect(address).await.unwrap();
    let request =
        format!("GET {path} HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\n{headers}\r\n");
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    answer
}

fn codes(status: &Status) -> Vec<&'static str> {
    status.problems.iter().map(|problem| problem.code).collect()
}

const AUTOCOMPACT: Tokens =
    Tokens { input: 2_285, output: 5_617, cache_read: 1_989_900, cache_creation: 166_527 };

/// Scenario: another program locks the ledger; two captures arrive meanwhile, with a restart of the engine
/// between them; then the lock is released, and one capture arrives once more.
/// Guarantees: every request is acknowledged at once, a problem is up meanwhile, and afterwards the totals
/// are exact.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_locked_ledger_costs_nothing() {
    let machine = Machine::new();
    let running = machine.start().await;
    let lock = machine.lock().await;
    let report = replay(&running, "tools-autocompact").await;
    assert_eq!((report.accepted, report.failed.len()), (report.sent, 0), "{:?}", report.failed);
    assert_eq!(totals(&running, "tools-autocompact").await, []);
    running.status().wait_for(|status| codes(status) == ["spool-in-use"]).await.unwrap();
    running.drain().await;

    let running = machine.start().await;
    let report = replay(&running, "simple-http-json").await;
    assert_eq!((report.accepted, report.failed.len()), (report.sent, 0), "{:?}", report.failed);
    assert!(*running.spooled().borrow() > report.sent as u64);
    lock.close().await.unwrap();
    running.spooled().wait_for(|waiting| *waiting == 0).await.unwrap();
    running.status().wait_for(|status| codes(status).is_empty()).await.unwrap();
    assert_eq!(totals(&running, "tools-autocompact").await, [(AUTOCOMPACT, 19)]);
    assert_eq!(totals(&running, "simple-http-json").await.len(), 1);
    replay(&running, "tools-autocompact").await;
    assert_eq!(totals(&running, "tools-autocompact").await, [(AUTOCOMPACT, 19)]);
    assert_eq!(*running.spooled().borrow(), 0);
    running.drain().await;
}

/// Scenario: hooks tell of sessions while another program locks the ledger, which then lets go; it locks it
/// again, and lets go only while the engine is ending.
/// Guarantees: each is answered at once, a problem says that they wait, nothing is restarted, and all sessions are in
/// the books.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_hooks_say_outlives_a_lock() {
    let machine = Machine::new();
    let running = machine.start().await;
    let dashboard = address(running.runtime().dashboard.as_ref()).unwrap();
    let lock = machine.lock().await;
    for session in ["s-1", "s-2"] {
        tell_of(dashboard, session).await;
    }
    running.status().wait_for(|status| codes(status) == ["hooks-waiting"]).await.unwrap();
    lock.close().await.unwrap();
    running.status().wait_for(|status| codes(status).is_empty()).await.unwrap();
    for session in ["s-1", "s-2"] {
        assert!(running.ledger().session(&SessionId::new(session)).await.unwrap().is_some());
    }
    let lock = machine.lock().await;
    tell_of(dashboard, "s-3").await;
    let restarts: u32 = running.health().tasks.iter().map(|task| task.restarts).sum();
    assert_eq!(restarts, 0);
    let drained = tokio::spawn(running.drain());
    lock.close().await.unwrap();
    drained.await.unwrap();
    let next = machine.start().await;
    assert!(next.ledger().session(&SessionId::new("s-3")).await.unwrap().is_some());
    next.drain().await;
}

/// Hands over a hook that tells of a session's start.
async fn tell_of(address: SocketAddr, session: &str) {
    let body = serde_json::json!({
        "session_id": session, "cwd": "/home/ada/engine", "hook_event_name": "SessionStart",
        "source": "startup"
    });
    let body = body.to_string();
    let mut stream = TcpStream::connect(address).await.unwrap();
    let request = format!(
        "POST /hooks/claude-code HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    );
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
}

/// Scenario: the ledger's file is locked so that it cannot even be opened when the engine starts; a capture
/// and a hook arrive; then the lock is released.
/// Guarantees: the receivers answer before the ledger is open; the engine is found meanwhile, its health says what is
/// wrong, and what needs the ledger is refused; the start goes on by itself, and what arrived is in the books.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_ledger_that_cannot_be_opened_is_waited_for() {
    let machine = Machine::new();
    let lock = machine.lock_at_start().await;
    let engine = machine.bind();
    let http = engine.http().first().copied();
    let start = tokio::spawn(async move { engine.start(&CancellationToken::new()).await });
    let replayer = Replayer { http, pace: Pace::AtOnce, ..Replayer::default() };
    let report = replayer.run(&capture("tools-autocompact")).await;
    assert_eq!((report.accepted, report.failed.len()), (report.sent, 0), "{:?}", report.failed);

    let dashboard = address(machine.found().await.dashboard.as_ref()).unwrap();
    let health = body(&get(dashboard, "/api/v1/health", "").await);
    assert_eq!(
        (&health["status"], &health["problems"][0]["code"]),
        (&"degraded".into(), &"ledger-closed".into())
    );
    let message = health["problems"][0]["message"].as_str().unwrap();
    assert!(message.contains("cannot be opened: another program locks it"), "{message}");
    for path in ["/api/v1/snapshot", "/api/v1/usage", "/"] {
        let refused = get(dashboard, path, "").await;
        assert!(refused.starts_with("HTTP/1.1 503"), "{refused}");
        assert_eq!(body(&refused)["error"]["code"], "ledger-closed", "{path}");
    }
    tell_of(dashboard, "s-1").await;
    assert!(!start.is_finished());

    lock.close().await.unwrap();
    let running = start.await.unwrap().unwrap();
    running.spooled().wait_for(|waiting| *waiting == 0).await.unwrap();
    assert_eq!(totals(&running, "tools-autocompact").await, [(AUTOCOMPACT, 19)]);
    let told = SessionId::new("s-1");
    while running.ledger().session(&told).await.unwrap().is_none() {
        tokio::task::yield_now().await;
    }
    assert_eq!(codes(&running.status().borrow()), Vec::<&str>::new());
    assert!(get(dashboard, "/api/v1/snapshot", "").await.starts_with("HTTP/1.1 200"));
    running.drain().await;
}

/// Scenario: the engine is stopped while the ledger cannot be opened.
/// Guarantees: it ends, nobody listens or finds it any more, and another one can start.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_engine_without_a_ledger_can_be_stopped() {
    let machine = Machine::new();
    let lock = machine.lock_at_start().await;
    let stop = CancellationToken::new();
    let (engine, stopped) = (machine.bind(), stop.clone());
    let start = tokio::spawn(async move { engine.start(&stopped).await });
    let dashboard = address(machine.found().await.dashboard.as_ref()).unwrap();
    stop.cancel();
    assert!(matches!(start.await.unwrap(), Err(EngineError::Stopped)));
    TcpStream::connect(dashboard).await.unwrap_err();
    assert_eq!(RuntimeInfo::find(&machine.places().runtime), None);
    lock.close().await.unwrap();
    machine.start().await.drain().await;
}

/// The JSON of an answer.
fn body(answer: &str) -> serde_json::Value {
    serde_json::from_str(answer.split_once("\r\n\r\n").unwrap().1).unwrap()
}

/// Scenario: a second engine is started by the same user, for the same ledger and for another one, and by a user with
/// another runtime folder for the same ledger; then the first ends.
/// Guarantees: the second says which process runs and where its dashboard is, takes no port and changes nothing of the
/// first's, and can start once the first has ended; a ledger has one writer whoever asks.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_user_has_one_engine() {
    let machine = Machine::new();
    let first = machine.start().await;
    let dashboard = first.runtime().dashboard.unwrap();
    machine.written(&first).await;
    let elsewhere = Places { data: machine.root.path().join("other"), ..machine.places() };
    for places in [machine.places(), elsewhere] {
        let second = machine.bind_at(places);
        assert!(second.is_second());
        assert_eq!(second.http(), []);
        let refused = second.start(&CancellationToken::new()).await.unwrap_err();
        let EngineError::Running { running: Some(found) } = &refused else { panic!("{refused:?}") };
        assert_eq!(found.pid, std::process::id());
        assert!(refused.to_string().contains(&dashboard), "{refused}");
    }
    let stranger = vec![machine.root.path().join("stranger")];
    let stranger = machine.bind_at(Places { runtime: stranger, ..machine.places() });
    let refused = stranger.start(&CancellationToken::new()).await.unwrap_err();
    assert!(matches!(refused, EngineError::LedgerHeld { running: None, .. }), "{refused:?}");
    assert_eq!(RuntimeInfo::find(&machine.places().runtime), Some(first.runtime()));
    first.drain().await;
    machine.start().await.drain().await;
}

impl Machine {
    /// Another program's lock on a ledger that was never opened.
    async fn lock_at_start(&self) -> SqliteConnection {
        fs::create_dir_all(self.places().data).unwrap();
        fs::write(self.ledger(), "").unwrap();
        self.lock().await
    }

    /// What `runtime.json` says, as soon as there is one.
    async fn found(&self) -> RuntimeInfo {
        loop {
            if let Some(found) = RuntimeInfo::find(&self.places().runtime) {
                return found;
            }
            tokio::task::yield_now().await;
        }
    }

    /// Waits until `runtime.json` is written.
    async fn written(&self, running: &Running) {
        let wanted = Some(running.runtime());
        while RuntimeInfo::find(&self.places().runtime) != wanted {
            tokio::task::yield_now().await;
        }
    }
}

/// Scenario: an engine runs, with a client that follows its events, and is drained.
/// Guarantees: the steps come in their order; the stream ends; then nobody listens, runtime.json is gone, the
/// write-ahead log is empty, and what was acknowledged is in the ledger of the next run.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_drain_ends_everything_in_order() {
    let machine = Machine::new();
    let running = machine.start().await;
    machine.written(&running).await;
    let runtime = running.runtime();
    let report = replay(&running, "tools-autocompact").await;
    assert_eq!(report.accepted, report.sent);
    let dashboard = address(runtime.dashboard.as_ref()).unwrap();
    let mut stream = read_until(dashboard, "/api/v1/events", "", "event: snapshot").await;
    let steps = running.drain().await;

    let steps: Vec<_> = steps.iter().map(|step| (step.name, step.forced)).collect();
    let wanted = ["desktop", "receivers", "side tasks", "dashboard", "side door", "ledger"];
    assert_eq!(steps, wanted.map(|name| (name, 0)));
    stream.read_to_end(&mut Vec::new()).await.unwrap();
    for url in [&runtime.dashboard, &runtime.otlp_http, &runtime.otlp_grpc] {
        TcpStream::connect(address(url.as_ref()).unwrap()).await.unwrap_err();
    }
    assert_eq!(RuntimeInfo::find(&machine.places().runtime), None);
    let log = fs::metadata(machine.ledger().with_extension("db-wal"));
    assert_eq!(log.map_or(0, |log| log.len()), 0);
    let next = machine.start().await;
    assert_eq!(totals(&next, "tools-autocompact").await, [(AUTOCOMPACT, 19)]);
    next.drain().await;
}

/// Scenario: an engine is asked for a window as soon as it runs; one for which nobody will show windows, one for which that
/// was promised before its start.
/// Guarantees: the first refuses; the other takes the wish, and it waits for whoever shows it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn windows_are_promised_before_the_engine_can_be_found() {
    let wish = Show::Dashboard { session: None };
    let machine = Machine::new();
    let running = machine.start().await;
    machine.found().await;
    let refused = Client::find(&machine.places().runtime).unwrap().show(&wish).await;
    assert!(matches!(refused, Err(ClientError::Refused { status, .. }) if status == 409));
    running.drain().await;

    let engine = machine.bind();
    let mut offer = engine.windows().offer();
    let running = engine.start(&CancellationToken::new()).await.unwrap();
    machine.found().await;
    Client::find(&machine.places().runtime).unwrap().show(&wish).await.unwrap();
    offer.wanted().await;
    assert_eq!(running.windows().attach().unwrap().next().await, wish);
    running.drain().await;
}

/// Scenario: a session whose transcript lies in the client's folder tells of requests.
/// Guarantees: its project and branch come into the books, and do not make it look newer than it is.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sessions_get_their_projects() {
    let machine = Machine::new();
    let id = capture("simple-http-protobuf").sessions().remove(0);
    let folder = machine.root.path().join("client/projects/any");
    fs::create_dir_all(&folder).unwrap();
    let line = serde_json::json!({
        "type": "user", "sessionId": id, "cwd": "/home/ada/engine", "gitBranch": "main",
        "timestamp": "2026-11-23T04:43:43.000Z"
    });
    fs::write(folder.join(format!("{id}.jsonl")), format!("{line}\n")).unwrap();
    let running = machine.start().await;
    replay(&running, "simple-http-protobuf").await;
    let mut snapshots = running.snapshots();
    let snapshot = snapshots
        .wait_for(|now| now.sessions.iter().any(|session| session.project.is_some()))
        .await
        .unwrap()
        .clone();
    assert_eq!(snapshot.sessions[0].project.as_deref(), Some("/home/ada/engine"));
    let books = running.ledger().session(&SessionId::new(id)).await.unwrap().unwrap();
    assert_eq!(books.branch.as_deref(), Some("main"));
    assert_eq!(Some(books.last_arrival), running.health().last_arrival);
    running.drain().await;
}

/// Scenario: a fresh engine is asked for its health over HTTP, and its signals with and without the key.
/// Guarantees: every long-lived task shows and runs, all listeners listen; signals need the key.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_state_is_served() {
    let machine = Machine::new();
    let running = machine.start().await;
    let dashboard = address(running.runtime().dashboard.as_ref()).unwrap();
    let answer = get(dashboard, "/api/v1/health", "").await;
    let health = body(&answer);
    assert_eq!(health["status"], "ok", "{health}");
    let tasks = health["tasks"].as_array().unwrap();
    let mut names: Vec<_> = tasks.iter().map(|task| task["name"].as_str().unwrap()).collect();
    names.sort_unstable();
    let wanted = [
        "actions",
        "client-settings",
        "dashboard",
        "in-session",
        "keeping",
        "ledger-writer",
        "otlp-grpc",
        "otlp-http",
        "runtime-file",
        "side-door",
        "spool",
        "transcripts",
        "watch",
    ];
    assert_eq!(names, wanted);
    let listening = |status: &Status| {
        status.listeners.iter().all(|listener| listener.state == ListenerState::Listening)
    };
    assert!(listening(&running.status().borrow()));
    assert!(get(dashboard, "/api/v1/inspect", "").await.starts_with("HTTP/1.1 4"));

    let key = format!("x-plimsoll-key: {}\r\n", running.runtime().key);
    let signals = read_until(dashboard, "/api/v1/inspect", &key, "event: signal");
    let sending = async {
        loop {
            replay(&running, "simple-http-json").await;
        }
    };
    tokio::select! {
        _ = signals => {}
        () = sending => {}
    }
    running.drain().await;
}

/// Asks for a stream and reads until it holds a text.
async fn read_until(address: SocketAddr, path: &str, headers: &str, text: &str) -> TcpStream {
    let mut stream = TcpStream::connect(address).await.unwrap();
    let request = format!("GET {path} HTTP/1.1\r\nhost: {address}\r\n{headers}\r\n");
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = Vec::new();
    while !String::from_utf8_lossy(&answer).contains(text) {
        assert_ne!(stream.read_buf(&mut answer).await.unwrap(), 0, "{answer:?}");
    }
    stream
}
