//! A process of its own, because the bus of notifications is the environment's.

use std::{
    io::{self, BufRead as _, Write as _},
    path::PathBuf,
    sync::Arc,
    time::{Duration, SystemTime},
};

use plimsoll_actions::{Notifications, Ports, Pressed};
use plimsoll_bus::Bus;
use plimsoll_domain::{
    AgentId, Alert, Calendar, Level, Line, LineReason, Model, Revision, SessionId, ThreadKey,
    Timestamp, Window, WindowKind,
    health::{Hint, Hints},
};
use plimsoll_ledger::{Claim, Ledger, LedgerOptions, Usage};
use plimsoll_watch::{Gauge, SessionView, Snapshot, Source, State, Subagent};
use tokio::{runtime::Runtime, sync::watch};
use tokio_util::sync::CancellationToken;

/// Names the folder of the child's ledger; where it is not set, this is no child.
pub(crate) const FOLDER: &str = "PLIMSOLL_TEST_CHILD_FOLDER";

/// The test that is the child.
pub(crate) const NAME: &str = "child::does_what_it_is_told";

/// Tells the parent of hints and buttons.
struct Told;

impl Hints for Told {
    fn raise(&self, _: Hint, message: String) {
        say(&format!("raised {message}"));
    }

    fn clear(&self, _: Hint) {
        say("cleared");
    }
}

impl Pressed for Told {
    fn open(&self, session: Option<&SessionId>) {
        say(&format!("open {}", session.map_or("all", SessionId::as_str)));
    }

    fn snooze(&self, session: &SessionId, _: Timestamp) {
        say(&format!("snooze {session}"));
    }
}

/// Past the test harness, which keeps what is printed.
pub(crate) fn say(line: &str) {
    let mut parent = io::stderr().lock();
    writeln!(parent, "{line}").unwrap();
}

/// Scenario: run by the harness; and run by the parent, which writes `claim SESSION AGENT LEVEL` and
/// `begin SESSION` lines.
/// Guarantees: the first passes; the other claims an alert and shows it, or has the session's main thread
/// begin a cycle, until there are no more lines. It says what hints and buttons tell.
#[test]
fn does_what_it_is_told() {
    let Some(folder) = std::env::var_os(FOLDER) else { return };
    let runtime = Runtime::new().unwrap();
    let snapshots = watch::Sender::new(Arc::new(snapshot(Vec::new())));
    let ledger = runtime.block_on(start(PathBuf::from(folder), snapshots.subscribe()));
    let mut begun = Vec::new();
    for line in io::stdin().lock().lines() {
        let line = line.unwrap();
        match line.split(' ').collect::<Vec<_>>()[..] {
            ["claim", session, agent, level] => {
                let alert = alert(session, agent, level.parse().unwrap());
                let claim = runtime.block_on(ledger.claim(alert, false)).unwrap();
                assert!(matches!(claim, Claim::Granted(_)));
            }
            ["begin", session] => {
                begun.retain(|view: &SessionView| view.session.as_str() != session);
                begun.push(view(session, None, now()));
                snapshots.send_replace(Arc::new(snapshot(begun.clone())));
            }
            _ => panic!("{line}"),
        }
    }
    runtime.shutdown_background();
}

/// A ledger with its writer, and notifications over it.
async fn start(folder: PathBuf, snapshots: watch::Receiver<Arc<Snapshot>>) -> Ledger {
    let path = folder.join("ledger.db");
    let busy = Duration::from_secs(5);
    let options = LedgerOptions { path, queue: 64, busy, prices: Arc::default() };
    let (ledger, mut writer) = Ledger::open(options).await.unwrap();
    tokio::spawn(async move { writer.run(CancellationToken::new()).await });
    let notifications = Notifications::new(Ports {
        since: ledger.revision(),
        ledger: ledger.clone(),
        snapshots,
        policy: watch::Sender::default().subscribe(),
        silences: watch::Sender::new(Arc::from([])).subscribe(),
        quiet_hours: watch::Sender::default().subscribe(),
        calendar: Calendar::utc(),
        pressed: Arc::new(Told),
        hints: Arc::new(Told),
        bus: Bus::of_user(),
        now: Arc::new(now),
    });
    tokio::spawn(notifications.run(CancellationToken::new()));
    ledger
}

pub(crate) fn now() -> Timestamp {
    let elapsed = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap();
    Timestamp::EPOCH.after(elapsed)
}

/// An alert of now; the agent `-` is the main thread.
pub(crate) fn alert(session: &str, agent: &str, level: i64) -> Alert {
    Alert {
        thread: ThreadKey {
            session: SessionId::new(session),
            process: None,
            agent: (agent != "-").then(|| AgentId::new(agent)),
        },
        cycle: Timestamp::EPOCH,
        level: Level::from_code(level).unwrap(),
        occupancy: 110_000,
        line: 167_000,
        compacts: true,
        model: None,
        turns: None,
        minutes: None,
        at: now(),
        revision: None,
    }
}

/// One that knows every alert, and session `one` in the project `harbour` beside others.
fn snapshot(others: Vec<SessionView>) -> Snapshot {
    let mut sessions = vec![view("one", Some("/home/me/harbour"), Timestamp::EPOCH)];
    sessions.retain(|known| others.iter().all(|other| other.session != known.session));
    let sessions = sessions.into_iter().chain(others).map(Arc::new).collect();
    Snapshot { revision: Revision(i64::MAX), sessions, ..Snapshot::default() }
}

/// A session with a subagent `agent`, whose main thread began its cycle then.
fn view(session: &str, project: Option<&str>, cycle: Timestamp) -> SessionView {
    let model = Model::parse("claude-sonnet-4-6").0;
    let gauge = Gauge {
        occupancy: 110_000,
        estimated: false,
        added: 0,
        window: Window { tokens: 200_000, kind: WindowKind::Table },
        line: Line { tokens: 167_000, reason: LineReason::Formula },
        level: None,
        marks: [100_200, 133_600, 153_640],
        forecast: None,
        cycle: Timestamp::EPOCH,
        requests: 1,
        as_of: Timestamp::EPOCH,
    };
    let subagent = Subagent {
        agent: AgentId::new("agent"),
        name: Some("R&D <b>".into()),
        model: model.clone(),
        state: State::Working,
        gauge: gauge.clone(),
        last_arrival: Timestamp::EPOCH,
    };
    SessionView {
        session: SessionId::new(session),
        project: project.map(Arc::from),
        branch: None,
        client_version: None,
        state: State::Working,
        gauge: Some(Gauge { cycle, occupancy: 2_000, ..gauge }),
        model: Some(model),
        subagents: vec![subagent],
        usage: Usage::default(),
        compactions: 0,
        has_events: true,
        has_metrics: false,
        source: Source::EXACT,
        started: Timestamp::EPOCH,
        last_at: Timestamp::EPOCH,
        last_arrival: Timestamp::EPOCH,
        left: None,
        checkpoint: None,
    }
}
