//! The task on a script of commits, in paused time.

mod ledger;
mod warnings;

use std::{
    sync::{
        Mutex,
        atomic::{AtomicU32, Ordering},
    },
    time::Duration,
};

use plimsoll_domain::{Checkpoint, CompactionRecord, Level};
use plimsoll_ledger::{Activity, Claim, History};
use tokio::{
    task::JoinHandle,
    time::{sleep, timeout},
};

use super::*;
use crate::{
    State,
    script::{Scripted, at, main_request, tool},
};

/// Books that a test writes.
#[derive(Clone)]
struct Script(Arc<Inner>);

struct Inner {
    commits: Mutex<Option<broadcast::Sender<Arc<Commit>>>>,
    history: Mutex<History>,
    /// Sent while the history is being read.
    meanwhile: Mutex<Vec<Commit>>,
    /// How many of the next readings of the history panic.
    panics: AtomicU32,
    /// How many of the next claims fail.
    refusals: AtomicU32,
    /// Whether claims are never answered.
    stuck: bool,
    claims: Mutex<Vec<Alert>>,
    warnings: Mutex<Vec<Warning>>,
}

/// The usual policy, and no settings of a client.
fn laws() -> Laws {
    let (_, settings) = watch::channel(Arc::default());
    Laws { policy: Arc::default(), warnings: Warnings::default(), settings }
}

fn take_one(counter: &AtomicU32) -> bool {
    let taken =
        counter.try_update(Ordering::Relaxed, Ordering::Relaxed, |left| left.checked_sub(1));
    taken.is_ok()
}

impl Books for Script {
    fn commits(&self) -> broadcast::Receiver<Arc<Commit>> {
        self.0.commits.lock().unwrap().as_ref().unwrap().subscribe()
    }

    async fn history(&self, _since: Timestamp) -> Result<History, LedgerError> {
        assert!(!take_one(&self.0.panics), "scripted panic");
        for commit in self.0.meanwhile.lock().unwrap().drain(..) {
            self.send(commit);
        }
        Ok(self.0.history.lock().unwrap().clone())
    }

    async fn compactions(&self, _limit: u32) -> Result<Vec<CompactionRecord>, LedgerError> {
        Ok(Vec::new())
    }

    async fn checkpoints(&self, _limit: u32) -> Result<Vec<Checkpoint>, LedgerError> {
        Ok(Vec::new())
    }

    async fn claim(&self, alert: Alert, _webhook: bool) -> Result<Claim, RecordError> {
        self.0.claims.lock().unwrap().push(alert.clone());
        if self.0.stuck {
            std::future::pending::<()>().await;
        }
        if take_one(&self.0.refusals) {
            return Err(RecordError::Full);
        }
        Ok(Claim::Granted(alert))
    }

    async fn claim_warning(&self, warning: Warning) -> Result<Option<Warning>, RecordError> {
        self.0.warnings.lock().unwrap().push(warning.clone());
        if take_one(&self.0.refusals) {
            return Err(RecordError::Full);
        }
        Ok(Some(warning))
    }
}

impl Script {
    fn new(stuck: bool) -> Self {
        Self(Arc::new(Inner {
            commits: Mutex::new(Some(broadcast::channel(4).0)),
            history: Mutex::default(),
            meanwhile: Mutex::default(),
            panics: AtomicU32::default(),
            refusals: AtomicU32::default(),
            stuck,
            claims: Mutex::default(),
            warnings: Mutex::default(),
        }))
    }

    fn send(&self, commit: Commit) {
        self.0.commits.lock().unwrap().as_ref().unwrap().send(Arc::new(commit)).unwrap();
    }

    fn tell(&self, revision: i64, activities: Vec<Activity>) {
        self.send(commit(revision, activities));
    }

    /// The levels for which a claim was asked, in order.
    fn claimed(&self) -> Vec<Level> {
        self.0.claims.lock().unwrap().iter().map(|alert| alert.level).collect()
    }
}

fn commit(revision: i64, activities: Vec<Activity>) -> Commit {
    Commit { revision: Revision(revision), activities, ..Commit::default() }
}

/// A watch over a script. Its clock begins at zero seconds and follows tokio's.
struct Scene {
    books: Script,
    task: WatchTask<Script>,
    cancel: CancellationToken,
    snapshots: watch::Receiver<Arc<Snapshot>>,
}

impl Scene {
    fn new(books: Script) -> Self {
        let began = Instant::now();
        let now: Clock = Arc::new(move || at(0).after(began.elapsed()));
        let (watch, task) = Watch::new(books.clone(), laws(), Calendar::utc(), now);
        let cancel = CancellationToken::new();
        Self { books, task, cancel, snapshots: watch.snapshots() }
    }

    /// A scene whose task runs, with its first snapshot published.
    async fn running(books: Script) -> Self {
        let mut scene = Self::new(books);
        scene.start();
        scene.next().await;
        scene
    }

    fn start(&self) -> JoinHandle<Result<(), WatchError>> {
        let (task, cancel) = (self.task.clone(), self.cancel.clone());
        tokio::spawn(async move { task.run(cancel).await })
    }

    /// The next snapshot that was not seen yet.
    async fn next(&mut self) -> Arc<Snapshot> {
        timeout(Duration::from_secs(100_000), self.snapshots.changed()).await.unwrap().unwrap();
        Arc::clone(&self.snapshots.borrow_and_update())
    }
}

fn requests(snapshot: &Snapshot) -> u32 {
    snapshot.sessions[0].gauge.clone().unwrap().requests
}

/// Scenario: before the first run, then a run over a history.
/// Guarantees: at first an empty snapshot of the right day; the history is published at once.
#[tokio::test(start_paused = true)]
async fn the_history_is_published_at_once() {
    let mut scene = Scene::new(Script::new(false));
    let empty = Arc::clone(&scene.snapshots.borrow());
    assert_eq!((empty.version, empty.sessions.len(), &*empty.today.zone), (0, 0, "UTC"));
    scene.books.0.history.lock().unwrap().activities = vec![main_request(0, 50_000)];
    scene.start();
    let first = scene.next().await;
    assert_eq!((first.version, requests(&first), first.as_of), (1, 1, at(0)));
}

/// Scenario: commits are made while the history is read: one that it holds already, of an older revision
/// and of the same, and one that it does not hold.
/// Guarantees: none is missed, none counts twice.
#[tokio::test(start_paused = true)]
async fn nothing_is_missed_or_doubled_at_the_start() {
    let scene = Scene::new(Script::new(false));
    let (old, same, new) =
        (main_request(0, 50_000), main_request(1, 51_000), main_request(2, 52_000));
    *scene.books.0.history.lock().unwrap() = History {
        revision: Revision(2),
        activities: vec![old.clone(), same.clone()],
        ..History::default()
    };
    scene.books.0.meanwhile.lock().unwrap().extend([
        commit(1, vec![old]),
        commit(2, vec![same]),
        commit(2, vec![new]),
    ]);
    let mut scene = scene;
    scene.start();
    assert_eq!(requests(&*scene.next().await), 2);
    let after = scene.next().await;
    assert_eq!((requests(&after), after.sessions[0].gauge.clone().unwrap().occupancy), (3, 52_000));
}

/// Scenario: a commit after a pause, then several in quick succession.
/// Guarantees: the first is published at once, the others together 20 ms later.
#[tokio::test(start_paused = true)]
async fn publications_are_twenty_milliseconds_apart() {
    let mut scene = Scene::running(Script::new(false)).await;
    sleep(Duration::from_secs(1)).await;
    let began = Instant::now();
    scene.books.tell(1, vec![main_request(1, 50_000)]);
    let first = scene.next().await;
    assert_eq!((began.elapsed(), requests(&first)), (Duration::ZERO, 1));
    for n in 2..5 {
        sleep(Duration::from_millis(1)).await;
        scene.books.tell(n, vec![main_request(1, 50_000 + n.unsigned_abs())]);
    }
    let together = scene.next().await;
    assert_eq!((began.elapsed(), requests(&together)), (PUBLICATION_GAP, 4));
    assert_eq!((together.version, together.revision), (first.version + 1, Revision(4)));
}

/// Scenario: nothing is there; later a session works and falls silent.
/// Guarantees: the task publishes by itself only at midnight, and when the session turns idle.
#[tokio::test(start_paused = true)]
async fn time_alone_is_published_when_it_changes_something() {
    let mut scene = Scene::running(Script::new(false)).await;
    let midnight = scene.next().await;
    assert_eq!((midnight.as_of, midnight.today.from), (at(16 * 3_600), at(16 * 3_600)));
    let second = 16 * 3_600 + 50;
    sleep(Duration::from_secs(50)).await;
    scene.books.tell(1, vec![tool(second)]);
    assert_eq!(scene.next().await.sessions[0].state, State::Working);
    let idle = scene.next().await;
    assert_eq!((idle.sessions[0].state, idle.as_of), (State::Idle, at(second + 120)));
    assert_eq!(idle.version, midnight.version + 2);
}

/// Scenario: the task cannot keep up with the commits.
/// Guarantees: it begins anew from the history; sessions that did not change stay the same `Arc`.
#[tokio::test(start_paused = true)]
async fn a_lag_is_healed_from_the_history() {
    let mut scene = Scene::running(Script::new(false)).await;
    let untouched = main_request(0, 150_000).of("untouched");
    scene.books.tell(1, vec![untouched.clone()]);
    let before = scene.next().await;
    let all: Vec<Activity> = (1..20).map(|n| main_request(0, 50_000 + n)).collect();
    for (revision, activity) in (2..).zip(&all) {
        scene.books.tell(revision, vec![activity.clone()]);
    }
    *scene.books.0.history.lock().unwrap() = History {
        revision: Revision(20),
        activities: [untouched].into_iter().chain(all).collect(),
        ..History::default()
    };
    let after = scene.next().await;
    assert_eq!((after.version, after.revision), (before.version + 1, Revision(20)));
    assert_eq!(after.sessions[1].gauge.clone().unwrap().requests, 19);
    assert!(Arc::ptr_eq(&after.sessions[0], &before.sessions[0]));
}

/// Scenario: a level is reached, its claim fails, other things happen, and later the next level is reached.
/// Guarantees: the claim is tried again with the next change until it is answered, and then no more.
#[tokio::test(start_paused = true)]
async fn a_failed_claim_is_tried_again_with_the_next_change() {
    let mut scene = Scene::running(Script::new(false)).await;
    scene.books.0.refusals.store(2, Ordering::Relaxed);
    for (second, activity) in [
        (1, main_request(1, 110_000)),
        (2, tool(2)),
        (3, tool(3)),
        (4, tool(4)),
        (5, main_request(5, 135_000)),
    ] {
        sleep(Duration::from_secs(1)).await;
        scene.books.tell(second, vec![activity]);
        scene.next().await;
    }
    sleep(Duration::from_secs(1)).await;
    use Level::{Checkpoint, Notice};
    assert_eq!(scene.books.claimed(), [Notice, Notice, Notice, Checkpoint]);
}

/// Scenario: a level is reached, its claim fails twice, nothing else happens but that the client's settings are read.
/// Guarantees: it is tried again every second until it is answered, and then no more.
#[tokio::test(start_paused = true)]
async fn a_failed_claim_is_tried_again_by_time() {
    let mut scene = Scene::new(Script::new(false));
    let (settings, told) = watch::channel(Arc::default());
    scene.task.laws.settings = told;
    scene.start();
    scene.next().await;
    sleep(Duration::from_secs(1)).await;
    scene.books.0.refusals.store(2, Ordering::Relaxed);
    scene.books.tell(1, vec![main_request(1, 110_000)]);
    scene.next().await;
    sleep(Duration::from_millis(500)).await;
    assert_eq!(scene.books.claimed().len(), 1);
    sleep(Duration::from_secs(1)).await;
    assert_eq!(scene.books.claimed().len(), 2);
    settings.send_replace(Arc::default());
    sleep(Duration::from_secs(1)).await;
    assert_eq!(scene.books.claimed().len(), 3);
    sleep(Duration::from_secs(60)).await;
    assert_eq!(scene.books.claimed().len(), 3);
}

/// Scenario: the claim fails, and nothing happens for more than two minutes but the session turning idle.
/// Guarantees: what happened too long ago is claimed no more.
#[tokio::test(start_paused = true)]
async fn a_claim_that_came_too_late_is_given_up() {
    let mut scene = Scene::running(Script::new(false)).await;
    scene.books.0.refusals.store(u32::MAX, Ordering::Relaxed);
    scene.books.tell(1, vec![main_request(0, 110_000)]);
    scene.next().await;
    sleep(Duration::from_secs(121)).await;
    let tried = scene.books.claimed().len();
    scene.books.tell(2, vec![tool(121)]);
    scene.next().await;
    sleep(Duration::from_secs(1)).await;
    assert_eq!(scene.books.claimed().len(), tried);
}

/// Scenario: the ledger does not answer a claim.
/// Guarantees: publication goes on.
#[tokio::test(start_paused = true)]
async fn a_claim_never_blocks_publication() {
    let mut scene = Scene::running(Script::new(true)).await;
    scene.books.tell(1, vec![main_request(0, 110_000)]);
    scene.next().await;
    for second in 1..4 {
        scene.books.tell(2, vec![main_request(second, 110_000 + second)]);
        assert_eq!(
            scene.next().await.sessions[0].gauge.clone().unwrap().occupancy,
            110_000 + second
        );
    }
    assert_eq!(scene.books.claimed(), [Level::Notice]);
}

/// Scenario: a run panics, and the task is run again.
/// Guarantees: the second run begins from the history, and versions go on.
#[tokio::test(start_paused = true)]
async fn a_run_can_follow_a_panic() {
    let mut scene = Scene::running(Script::new(false)).await;
    scene.books.0.panics.store(1, Ordering::Relaxed);
    let second = scene.start();
    assert!(second.await.unwrap_err().is_panic());
    scene.books.0.history.lock().unwrap().activities = vec![main_request(0, 50_000)];
    scene.start();
    let snapshot = scene.next().await;
    assert_eq!((snapshot.version, requests(&snapshot)), (2, 1));
}

/// Scenario: one run is cancelled, another loses its ledger.
/// Guarantees: the first ends well, the second says why it ended.
#[tokio::test(start_paused = true)]
async fn a_run_ends_when_cancelled_or_without_a_ledger() {
    let mut scene = Scene::new(Script::new(false));
    let run = scene.start();
    scene.next().await;
    scene.cancel.cancel();
    assert!(run.await.unwrap().is_ok());

    let mut scene = Scene::new(Script::new(false));
    let run = scene.start();
    scene.next().await;
    scene.books.0.commits.lock().unwrap().take();
    assert!(matches!(run.await.unwrap(), Err(WatchError::Closed)));
}
