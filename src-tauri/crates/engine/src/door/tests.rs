//! The side door with a ledger that is locked, that dislikes some statements, or that is not there.

use std::{
    cell::{Cell, RefCell},
    fs,
    net::SocketAddr,
    ops::Range,
    sync::Mutex as Shared,
};

use plimsoll_domain::{
    ActionResult, Alert, Calendar, Checkpoint, Envelope, ProjectPlace, Revision, Statement,
    Timestamp, Witness,
};
use plimsoll_loopback::Inherited;
use sqlx::{Connection, SqliteConnection};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    time::{Instant, sleep},
};
use tracing::{
    Event, Metadata, Subscriber,
    field::{Field, Visit},
    span,
};

use super::*;
use crate::{Config, Engine, EngineError, Environment, Key, Places, Surroundings, fixture::alert};

/// A statement that can be told from others by its number.
fn fact(number: usize) -> Fact {
    let envelope = Envelope {
        witness: Witness::Hook,
        at: Timestamp::EPOCH,
        arrived: Timestamp::EPOCH,
        connection: None,
        client_version: None,
        sequence: None,
    };
    let place = ProjectPlace { path: "/p".into(), branch: None };
    let statement = Statement::Project(place);
    Fact { envelope, session: Some(SessionId::new(number.to_string())), statement }
}

fn number(fact: &Fact) -> usize {
    fact.session.as_ref().unwrap().as_str().parse().unwrap()
}

/// A ledger that refuses calls while it is locked, after a wait, and always those with a statement that it does not
/// like.
#[derive(Default)]
struct Books {
    entered: RefCell<Vec<usize>>,
    is_locked: Cell<bool>,
    disliked: Range<usize>,
}

impl Books {
    async fn enter(&self, facts: Vec<Fact>) -> Result<(), RecordError> {
        if self.is_locked.get() {
            sleep(Duration::from_millis(400)).await;
        }
        let numbers: Vec<_> = facts.iter().map(number).collect();
        if self.is_locked.get() || numbers.iter().any(|number| self.disliked.contains(number)) {
            return Err(RecordError::Commit("no".to_owned()));
        }
        self.entered.borrow_mut().extend(numbers);
        Ok(())
    }

    /// What was entered, each where it first was.
    fn in_order(&self) -> Vec<usize> {
        let mut known = std::collections::HashSet::new();
        self.entered.take().into_iter().filter(|number| known.insert(*number)).collect()
    }
}

fn board() -> Arc<Board> {
    Arc::new(Board::new(Arc::new(|| Timestamp::EPOCH)))
}

fn line(waiting: Range<usize>) -> (Line, Arc<Board>) {
    let (queue, rest) = mpsc::channel(WAITING);
    waiting.for_each(|number| queue.try_send(fact(number)).unwrap());
    let board = board();
    (Line::new(rest, Arc::clone(&board)), board)
}

/// Keeps how many statements are said to be lost.
#[derive(Clone, Default)]
struct Losses(Arc<Shared<Vec<u64>>>);

impl Losses {
    fn said(&self) -> Vec<u64> {
        self.0.lock().unwrap().clone()
    }
}

impl Visit for Losses {
    fn record_u64(&mut self, field: &Field, value: u64) {
        if field.name() == "statements" {
            self.0.lock().unwrap().push(value);
        }
    }

    fn record_debug(&mut self, _: &Field, _: &dyn std::fmt::Debug) {}
}

impl Subscriber for Losses {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        *metadata.level() == tracing::Level::WARN
    }

    fn event(&self, event: &Event<'_>) {
        event.record(&mut self.clone());
    }

    fn new_span(&self, _: &span::Attributes<'_>) -> span::Id {
        span::Id::from_u64(1)
    }

    fn record(&self, _: &span::Id, _: &span::Record<'_>) {}

    fn record_follows_from(&self, _: &span::Id, _: &span::Id) {}

    fn enter(&self, _: &span::Id) {}

    fn exit(&self, _: &span::Id) {}
}

/// Scenario: the ledger is locked for an hour while a thousand statements wait.
/// Guarantees: all are entered once, in their order, within seconds of its end; a problem says meanwhile how many
/// wait; none is given up.
#[tokio::test(start_paused = true)]
async fn a_lock_costs_nothing() {
    let (mut line, board) = line(0..1_000);
    let books = Books::default();
    books.is_locked.set(true);
    let begun = Instant::now();
    let (mut given_up, mut end) = (0, None);
    while line.fill_up() {
        given_up += line.advance(&|facts| books.enter(facts)).await;
        if end.is_none() {
            let problems = board.status().borrow().problems.clone();
            assert_eq!(problems[0].code, "hooks-waiting");
            assert!(problems[0].message.contains("1000 statements"), "{problems:?}");
            if begun.elapsed() > Duration::from_secs(3_600) {
                books.is_locked.set(false);
                end = Some(Instant::now());
            }
        }
    }
    assert!(end.unwrap().elapsed() < Duration::from_secs(3));
    assert_eq!(*books.entered.borrow(), (0..1_000).collect::<Vec<_>>());
    assert_eq!((given_up, board.status().borrow().problems.len()), (0, 0));
}

/// Scenario: one statement among others is refused for good; or two, three or a hundred that follow each other.
/// Guarantees: they are given up, the few after half a minute, and all others are entered in their order.
#[tokio::test(start_paused = true)]
async fn what_the_ledger_never_takes_holds_nobody_up() {
    for (count, seconds) in [(1, 25..40), (2, 25..40), (3, 25..40), (100, 25..300)] {
        let (mut line, board) = line(0..600);
        let disliked = 300..300 + count;
        let books = Books { disliked: disliked.clone(), ..Books::default() };
        let begun = Instant::now();
        let mut given_up = 0;
        while line.fill_up() && begun.elapsed() < Duration::from_secs(3_600) {
            given_up += line.advance(&|facts| books.enter(facts)).await;
        }
        assert!(seconds.contains(&begun.elapsed().as_secs()), "{count}: {:?}", begun.elapsed());
        let liked: Vec<_> = (0..600).filter(|number| !disliked.contains(number)).collect();
        assert_eq!(books.in_order(), liked, "{count}");
        assert_eq!((given_up, board.status().borrow().problems.len()), (count as u64, 0));
    }
}

/// Serves 600 statements while the ledger is locked; it is stopped after a while, and the lock goes some time after
/// that. Says how long the end took, and what was entered.
async fn stop_under_a_lock(stop_after: Duration, then: Duration) -> (Duration, Vec<usize>) {
    let door =
        SideDoor::new(Hints::default(), Default::default(), Arc::new(|| Timestamp::EPOCH), board());
    (0..600).for_each(|number| door.0.queue.try_send(fact(number)).unwrap());
    let (books, stop) = (Books::default(), CancellationToken::new());
    books.is_locked.set(true);
    let enter = |facts| books.enter(facts);
    let unlock = async {
        sleep(stop_after).await;
        stop.cancel();
        sleep(then).await;
        books.is_locked.set(false);
    };
    let serve = async {
        door.serve(&enter, &stop).await;
        Instant::now()
    };
    let begun = Instant::now();
    let (ended, ()) = tokio::join!(serve, unlock);
    (ended - begun - stop_after, books.in_order())
}

/// Scenario: it is stopped after three seconds, or a minute, of a lock, which goes half a second, or a second and a
/// half, after that.
/// Guarantees: everything is entered within the time that is left, and nothing is said to be lost; in order, but that
/// after half a minute one of them, asked for whether the ledger takes anything, may come early.
#[tokio::test(start_paused = true)]
async fn a_lock_that_goes_during_the_end_costs_nothing() {
    let losses = Losses::default();
    let _listening = tracing::subscriber::set_default(losses.clone());
    for seconds in [3, 5, 60] {
        for then in [500, 1_500] {
            let (took, mut entered) =
                stop_under_a_lock(Duration::from_secs(seconds), Duration::from_millis(then)).await;
            if seconds > 30 {
                let early = entered.remove(0);
                entered.insert(early, early);
            }
            assert_eq!(entered, (0..600).collect::<Vec<_>>(), "{seconds} s, then {then} ms");
            assert!(took < LAST, "{took:?}");
        }
    }
    assert_eq!(losses.said(), Vec::<u64>::new());
}

/// Scenario: it is stopped under a lock that stays.
/// Guarantees: it ends in time, and says how many statements are lost.
#[tokio::test(start_paused = true)]
async fn a_lock_that_stays_is_not_waited_for() {
    let losses = Losses::default();
    let _listening = tracing::subscriber::set_default(losses.clone());
    let (took, entered) = stop_under_a_lock(Duration::from_secs(3), Duration::from_secs(9)).await;
    assert_eq!((took, entered), (LAST, vec![]));
    assert_eq!(losses.said(), [600]);
}

/// Scenario: a hook is taken while another program's lock keeps the ledger from being opened; then the engine is
/// stopped.
/// Guarantees: it says how many statements are lost.
#[tokio::test]
async fn what_waits_for_a_ledger_that_never_opens_is_said_to_be_lost() {
    let losses = Losses::default();
    let _listening = tracing::subscriber::set_default(losses.clone());
    let root = tempfile::tempdir().unwrap();
    let places = Places::under(root.path());
    let _lock = lock(&places).await;
    let engine = engine(places);
    let (dashboard, stop) = (engine.dashboard()[0], CancellationToken::new());
    let hook = async {
        let answer = tell(dashboard).await;
        stop.cancel();
        answer
    };
    let (started, answer) = tokio::join!(engine.start(&stop), hook);
    assert!(matches!(started, Err(EngineError::Stopped)), "{started:?}");
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    assert_eq!(losses.said(), [2]);
}

/// Another program's lock on a ledger that was never opened.
async fn lock(places: &Places) -> SqliteConnection {
    fs::create_dir_all(&places.data).unwrap();
    let ledger = places.data.join("ledger.db");
    fs::write(&ledger, "").unwrap();
    let url = format!("sqlite://{}", ledger.display());
    let mut connection = SqliteConnection::connect(&url).await.unwrap();
    sqlx::query("BEGIN EXCLUSIVE").execute(&mut connection).await.unwrap();
    connection
}

/// An engine on free ports.
fn engine(places: Places) -> Engine {
    let keys = [
        (Key::ReceiverHttp, "--http", "127.0.0.1:0".to_owned()),
        (Key::ReceiverGrpc, "--grpc", "127.0.0.1:0".to_owned()),
        (Key::DashboardListen, "--dashboard", "127.0.0.1:0".to_owned()),
    ];
    let config = Config::load(&places, &Environment::default(), &keys).unwrap();
    let around = Surroundings {
        places,
        now: Arc::new(|| Timestamp::EPOCH),
        calendar: Calendar::utc(),
        client_folders: Vec::new(),
        program: "/opt/plimsoll".into(),
        version: "0.0.0-test",
        inherited: Inherited::default(),
    };
    Engine::bind(config, around)
}

/// Hands over a hook that tells of a session's start; returns the answer.
async fn tell(address: SocketAddr) -> String {
    let body =
        r#"{"session_id":"s-1","cwd":"/p","hook_event_name":"SessionStart","source":"startup"}"#;
    let mut stream = TcpStream::connect(address).await.unwrap();
    let request = format!(
        "POST /hooks/claude-code HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    );
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    answer
}

/// Scenario: an alert waits for its session; a hook of another session comes, one within a subagent, one before a
/// tool, and then those at which the agent can be told; the session is compacted while another alert waits.
/// Guarantees: the session's agent is told once, at the first of them, and it is said that it was; what waits at a
/// compaction is told no more; the last checkpoint's note is told then.
#[tokio::test]
async fn the_agent_is_told_once() {
    let (inbox, told) = (Inbox::new(), Told::default());
    let now: Now = Arc::new(|| Timestamp::from_millis(60_000));
    let behind = (inbox.clone(), told.clone());
    let door = SideDoor::new(Hints::default(), behind, now, board());
    let hook = |session: &str, event: &str, more: &str| {
        let body =
            format!("{{\"session_id\":\"{session}\",\"hook_event_name\":\"{event}\"{more}}}");
        door.take(Handed::Hook, body.as_bytes()).answer
    };
    let put = |revision| {
        let alert = Alert { revision: Some(Revision(revision)), ..alert("one") };
        inbox.put(&alert, format!("told {revision}"))
    };
    put(7);
    assert_eq!(hook("other", "PostToolUse", ""), None);
    assert_eq!(hook("one", "PostToolUse", ",\"agent_id\":\"a1\""), None);
    assert_eq!(hook("one", "PreToolUse", ""), None);
    let answer = hook("one", "PostToolUse", "").unwrap();
    assert!(answer.contains("told 7") && answer.contains("PostToolUse"), "{answer}");
    assert_eq!(hook("one", "UserPromptSubmit", ""), None);

    put(8);
    inbox.remember(&Checkpoint {
        session: SessionId::new("one"),
        at: Timestamp::from_millis(40_000),
        note: Some("step 3".into()),
        path: None,
        tokens: None,
        revision: None,
    });
    let answer = hook("one", "SessionStart", ",\"source\":\"compact\"").unwrap();
    assert!(answer.contains("step 3") && answer.contains("SessionStart"), "{answer}");
    assert_eq!(hook("one", "Stop", ""), None);
    let said: Vec<_> =
        told.waiting().await.into_iter().map(|one| (one.alert.0, one.result)).collect();
    assert_eq!(said, [(7, ActionResult::Done), (8, ActionResult::Failed)]);
}
