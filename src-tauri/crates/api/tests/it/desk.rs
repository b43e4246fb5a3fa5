//! An API with a ledger in a folder of its own, and what it is told.

use std::{
    net::SocketAddr,
    pin::Pin,
    sync::{
        Arc, Mutex,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use axum::{Router, body::Body};
use http::{Request, Response};
use http_body_util::BodyExt;
use plimsoll_api::{Api, Key, Pruner, Signal, Windows};
use plimsoll_domain::{
    Alert, ApiRequest, Calendar, Door, Envelope, Fact, Handed, Handled, Level, Levels, Line,
    LineEvidence, Model, NanoUsd, QuerySource, RequestId, Revision, SessionId, Statement, Taken,
    ThreadKey, Timestamp, Tokens, Window, WindowEvidence, Witness,
    health::{Health, HealthProbe, Status, TaskHealth},
};
use plimsoll_ledger::{Ledger, LedgerError, LedgerOptions, Pruned, Usage};
use plimsoll_loopback::{Connection, ConnectionIds, Inherited, Serve, bind};
use plimsoll_testkit::{Loopback, SseEvent, SseParser};
use plimsoll_watch::{Gauge, SessionView, Snapshot, Source, State};
use serde_json::Value;
use tokio::{
    sync::{broadcast, watch},
    task::JoinHandle,
};
use tokio_util::sync::CancellationToken;
use tower::ServiceExt;

use crate::{orders::TestOrders, setup::TestSetup};

/// 2026-11-23T12:00:00Z.
pub(crate) const NOON: i64 = 1_795_435_200_000;
pub(crate) const KEY: &str = "0123456789abcdef";
/// The port that requests without a socket pretend to come in on.
const PORT: u16 = 3030;

/// The rooms around the API, for as long as a test needs them.
pub(crate) struct Desk {
    pub(crate) ledger: Ledger,
    pub(crate) snapshots: watch::Sender<Arc<Snapshot>>,
    pub(crate) status: watch::Sender<Arc<Status>>,
    pub(crate) signals: broadcast::Sender<Arc<Signal>>,
    pub(crate) windows: Windows,
    pub(crate) door: Arc<TestDoor>,
    pub(crate) setup: Arc<TestSetup>,
    pub(crate) closing: CancellationToken,
    router: Router,
    writer: JoinHandle<Result<(), LedgerError>>,
    _folder: tempfile::TempDir,
}

struct Probe;

impl HealthProbe for Probe {
    fn health(&self) -> Health {
        Health {
            started: at(0),
            status: Status::default(),
            tasks: vec![TaskHealth { name: "watch", running: true, restarts: 0, last_error: None }],
            counters: Vec::new(),
            unknown: Vec::new(),
            last_arrival: None,
        }
    }
}

/// A door that keeps what is handed over, and says of it what the test wants.
#[derive(Default)]
pub(crate) struct TestDoor {
    pub(crate) handed: Mutex<Vec<(Handed, Vec<u8>)>>,
    pub(crate) answer: Mutex<Option<Taken>>,
    pub(crate) told: Mutex<Option<String>>,
    pub(crate) refused: AtomicU64,
}

impl Door for TestDoor {
    fn take(&self, kind: Handed, body: &[u8]) -> Handled {
        self.handed.lock().unwrap().push((kind, body.to_vec()));
        let taken = self.answer.lock().unwrap().unwrap_or(Taken::Accepted);
        Handled { taken, answer: self.told.lock().unwrap().clone() }
    }

    fn refuse(&self) {
        self.refused.fetch_add(1, Ordering::Relaxed);
    }
}

/// Prunes as the engine does.
struct TestPruner(Ledger);

impl Pruner for TestPruner {
    fn prune(
        &self,
        before: Timestamp,
    ) -> Pin<Box<dyn Future<Output = Result<Pruned, LedgerError>> + Send + '_>> {
        Box::pin(self.0.prune(before))
    }
}

impl Desk {
    /// From now on nothing can be written to the ledger.
    pub(crate) fn end_writer(&self) {
        self.writer.abort();
    }

    pub(crate) async fn open() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let options = LedgerOptions {
            path: folder.path().join("ledger.db"),
            queue: 64,
            busy: Duration::from_secs(1),
            prices: Arc::default(),
        };
        let (ledger, mut writer) = Ledger::open(options).await.unwrap();
        let stop = CancellationToken::new();
        let writer = tokio::spawn(async move { writer.run(stop).await });
        let snapshots = watch::Sender::new(Arc::new(snapshot(1, &[])));
        let status = watch::Sender::new(Arc::new(Status::default()));
        let signals = broadcast::Sender::new(4);
        let windows = Windows::default();
        let door = Arc::new(TestDoor::default());
        let setup = Arc::new(TestSetup::default());
        let closing = CancellationToken::new();
        let router = plimsoll_api::router(Api {
            ledger: ledger.clone(),
            snapshots: snapshots.subscribe(),
            status: status.subscribe(),
            probe: Arc::new(Probe),
            signals: signals.clone(),
            windows: windows.clone(),
            door: Arc::clone(&door) as Arc<dyn Door>,
            pruner: Arc::new(TestPruner(ledger.clone())),
            orders: Arc::new(TestOrders(ledger.clone())),
            setup: Arc::clone(&setup) as Arc<dyn plimsoll_api::setup::Setup>,
            key: Key::new(KEY),
            calendar: Calendar::named("Europe/Berlin").unwrap(),
            now: Arc::new(|| at(0)),
            closing: closing.clone(),
            started: at(-60_000),
            version: "0.1.0",
        });
        let _folder = folder;
        Self {
            ledger,
            snapshots,
            status,
            signals,
            windows,
            door,
            setup,
            closing,
            router,
            writer,
            _folder,
        }
    }

    /// Asks without a socket, as if over a connection to our port.
    pub(crate) async fn ask(&self, mut request: Request<Body>) -> Response<Body> {
        let end = |port| SocketAddr::from(([127, 0, 0, 1], port));
        let id = ConnectionIds::default().next_id();
        request.extensions_mut().insert(Connection { id, peer: end(50_000), local: end(PORT) });
        self.router.clone().oneshot(request).await.unwrap()
    }

    /// The status and the JSON of an answer to GET.
    pub(crate) async fn get(&self, path: &str) -> (u16, Value) {
        let answer = self.ask(request("GET", path).body(Body::empty()).unwrap()).await;
        json(answer).await
    }

    /// The JSON of an answer that must be good.
    pub(crate) async fn good(&self, path: &str) -> Value {
        let (status, body) = self.get(path).await;
        assert_eq!(status, 200, "{path}: {body}");
        body
    }

    /// Opens the stream without a socket: nothing is read of it but what the test reads.
    pub(crate) async fn follow(&self, path: &str) -> Events {
        let answer = self.ask(request("GET", path).body(Body::empty()).unwrap()).await;
        assert_eq!(answer.status(), 200);
        assert_eq!(answer.headers()["content-type"], "text/event-stream");
        Events { body: answer.into_body(), parser: SseParser::default(), ready: Vec::new() }
    }

    /// Serves on a port of the system's choice until `closing`.
    pub(crate) async fn serve(&self) -> Loopback {
        let bound = bind(SocketAddr::from(([127, 0, 0, 1], 0)), &Inherited::default()).unwrap();
        let address = bound.addresses()[0];
        tokio::spawn(bound.serve(self.router.clone(), Serve::default(), self.closing.clone()));
        Loopback::new(address)
    }

    pub(crate) async fn record(&self, facts: Vec<Fact>) {
        self.ledger.record(facts).await.unwrap();
    }

    pub(crate) fn show(&self, snapshot: Snapshot) {
        self.snapshots.send_replace(Arc::new(snapshot));
    }
}

/// A stream that is read by hand.
pub(crate) struct Events {
    pub(crate) body: Body,
    parser: SseParser,
    ready: Vec<SseEvent>,
}

impl Events {
    /// The next event; `None` at the end.
    pub(crate) async fn next(&mut self) -> Option<SseEvent> {
        while self.ready.is_empty() {
            let bytes = self.body.frame().await?.unwrap().into_data().unwrap();
            self.ready = self.parser.push(&bytes);
        }
        Some(self.ready.remove(0))
    }

    /// The next event, which must have this name, as JSON.
    pub(crate) async fn expect(&mut self, name: &str) -> Value {
        let event = self.next().await.unwrap();
        assert_eq!(event.event, name, "{}", event.data);
        event.json().unwrap()
    }
}

/// A request that names our address.
pub(crate) fn request(method: &str, path: &str) -> http::request::Builder {
    Request::builder().method(method).uri(path).header("host", format!("localhost:{PORT}"))
}

pub(crate) async fn json(answer: Response<Body>) -> (u16, Value) {
    let status = answer.status().as_u16();
    let body = answer.into_body().collect().await.unwrap().to_bytes();
    (status, serde_json::from_slice(&body).unwrap_or(Value::Null))
}

/// So many milliseconds after noon.
pub(crate) fn at(millis: i64) -> Timestamp {
    Timestamp::from_millis(NOON + millis)
}

/// A request of a session, told by an event: 17 + 113 + 12,011 + 3,307 tokens for 5 nano-dollars.
pub(crate) fn told(session: &str, request: &str, millis: i64) -> Fact {
    priced(session, request, millis, Some(NanoUsd(5)))
}

/// The same, with or without a price.
pub(crate) fn priced(session: &str, request: &str, millis: i64, cost: Option<NanoUsd>) -> Fact {
    let statement = Statement::Request(ApiRequest {
        cost,
        duration_ms: Some(900),
        ..ApiRequest::new(
            Some(RequestId::new(request)),
            Model::parse("claude-sonnet-4-6").0,
            QuerySource::Main,
            Tokens { input: 17, output: 113, cache_read: 12_011, cache_creation: 3_307 },
        )
    });
    let envelope = Envelope {
        witness: Witness::Event,
        at: at(millis),
        arrived: at(millis),
        connection: None,
        client_version: Some("2.1.330".into()),
        sequence: None,
    };
    Fact { envelope, session: Some(SessionId::new(session)), statement }
}

/// A level that a session's main thread reached in a cycle of its own.
pub(crate) fn reached(session: &str, cycle: i64) -> Alert {
    Alert {
        thread: ThreadKey { session: SessionId::new(session), process: None, agent: None },
        cycle: at(cycle),
        level: Level::Notice,
        occupancy: 110_000,
        line: 167_000,
        compacts: true,
        model: None,
        turns: None,
        minutes: None,
        at: at(cycle),
        revision: None,
    }
}

/// A snapshot that knows of every commit.
pub(crate) fn snapshot(version: u64, sessions: &[Arc<SessionView>]) -> Snapshot {
    let revision = Revision(i64::MAX);
    Snapshot { version, revision, as_of: at(0), sessions: sessions.to_vec(), ..Snapshot::default() }
}

/// A live session, with a gauge where `occupancy` is known.
pub(crate) fn view(session: &str, occupancy: Option<u64>) -> Arc<SessionView> {
    let model = Model::parse("claude-opus-4-6").0;
    let window = Window::resolve(&model, WindowEvidence::default());
    let line = Line::resolve(&model, window, LineEvidence::default());
    let gauge = occupancy.map(|occupancy| Gauge {
        occupancy,
        estimated: false,
        added: 0,
        marks: [100_200, 133_600, 153_640],
        forecast: None,
        window,
        level: Levels::default().reached(occupancy, line.tokens, None),
        line: line.clone(),
        cycle: at(-600_000),
        requests: 3,
        as_of: at(0),
    });
    Arc::new(SessionView {
        session: SessionId::new(session),
        project: Some("/home/ada/engine".into()),
        branch: None,
        client_version: None,
        state: State::Working,
        gauge,
        model: Some(model),
        subagents: Vec::new(),
        usage: Usage::default(),
        compactions: 0,
        has_events: occupancy.is_some(),
        has_metrics: true,
        source: Source::EXACT,
        started: at(-600_000),
        last_at: at(0),
        last_arrival: at(0),
        left: None,
        checkpoint: None,
    })
}
