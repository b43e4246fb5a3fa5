//! An attendant with everything around it recorded or scripted.

use std::{
    collections::VecDeque,
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use plimsoll_bus::Presence;
use plimsoll_domain::{
    ActionKind, ActionResult, Alert, Calendar, Level, Policy, QuietHours, Revision, SessionId,
    Silence, ThreadKey, Timestamp,
    health::{Hint, Hints},
};
use plimsoll_ledger::{Unfinished, Usage};
use plimsoll_watch::{SessionView, Snapshot, Source, State};
use tokio::{
    sync::{Notify, watch},
    task::JoinHandle,
    time::{Instant, sleep, timeout},
};
use tokio_util::task::TaskTracker;

use super::super::{Attendant, Pressed, Quiet, Surroundings};
use crate::{
    ActionsError, Notice,
    feed::{Feed, Position, script::Script},
    outcome::{Scribe, tests::Noted},
    showing::{Button, Press, Refused, Showing},
};

/// How long anything may take; time is paused, so it costs nothing.
const DEADLINE: Duration = Duration::from_secs(600);

/// What the desktop does when told.
#[derive(Clone, Copy)]
pub(super) enum Answer {
    ShowsAfter(Duration),
    RefusesAfter(Duration),
    Hangs,
}

/// A shown notice: its session's name, which number it replaced, and its number.
pub(super) type Shown = (String, Option<u32>, u32);

/// A desktop that remembers what it showed.
#[derive(Clone)]
pub(super) struct Recorder(Arc<Record>);

struct Record {
    answer: Mutex<Answer>,
    shown: watch::Sender<Vec<Shown>>,
    refused: AtomicUsize,
    withdrawn: watch::Sender<Vec<u32>>,
    presses: Mutex<VecDeque<Press>>,
    pressed: Notify,
}

impl Recorder {
    pub(super) fn answer(&self, answer: Answer) {
        *self.0.answer.lock().unwrap() = answer;
    }

    pub(super) fn refused(&self) -> usize {
        self.0.refused.load(Ordering::SeqCst)
    }

    async fn answered(&self) -> Result<(), Refused> {
        let answer = *self.0.answer.lock().unwrap();
        match answer {
            Answer::ShowsAfter(delay) => pass(delay).await,
            Answer::Hangs => std::future::pending().await,
            Answer::RefusesAfter(delay) => {
                pass(delay).await;
                self.0.refused.fetch_add(1, Ordering::SeqCst);
                return Err(Refused("scripted".to_owned()));
            }
        }
        Ok(())
    }

    /// What it was asked to withdraw so far.
    pub(super) fn withdrawn(&self) -> Vec<u32> {
        self.0.withdrawn.borrow().clone()
    }
}

impl Showing for Recorder {
    async fn show(&mut self, notice: &Notice, replaced: Option<u32>) -> Result<u32, Refused> {
        self.answered().await?;
        let session = notice.summary.split(": ").next().unwrap().to_owned();
        let mut id = 0;
        self.0.shown.send_modify(|shown| {
            id = replaced.unwrap_or(u32::try_from(shown.len()).unwrap() + 1);
            shown.push((session, replaced, id));
        });
        Ok(id)
    }

    async fn withdraw(&mut self, id: u32) -> Result<(), Refused> {
        self.0.withdrawn.send_modify(|withdrawn| withdrawn.push(id));
        self.answered().await
    }

    async fn pressed(&mut self) -> Press {
        loop {
            if let Some(press) = self.0.presses.lock().unwrap().pop_front() {
                return press;
            }
            self.0.pressed.notified().await;
        }
    }

    fn forget(&mut self) {}
}

/// What the buttons told, in words.
#[derive(Default)]
struct Buttons(Mutex<Vec<String>>);

impl Pressed for Buttons {
    fn open(&self, session: Option<&SessionId>) {
        let session = session.map_or("all", SessionId::as_str);
        self.0.lock().unwrap().push(format!("open {session}"));
    }

    fn snooze(&self, session: &SessionId, until: Timestamp) {
        let until = Calendar::utc().clock(until, until);
        self.0.lock().unwrap().push(format!("snooze {session} until {until}"));
    }
}

/// Sleeping for no time at all would take a millisecond.
async fn pass(delay: Duration) {
    if !delay.is_zero() {
        sleep(delay).await;
    }
}

/// The hint that is up.
#[derive(Default)]
struct Board(Mutex<Option<String>>);

impl Hints for Board {
    fn raise(&self, hint: Hint, message: String) {
        assert_eq!(hint, Hint::NoNotifications);
        *self.0.lock().unwrap() = Some(message);
    }

    fn clear(&self, hint: Hint) {
        assert_eq!(hint, Hint::NoNotifications);
        self.0.lock().unwrap().take();
    }
}

/// An attendant and its world. The service is present, and snapshots know every alert.
pub(super) struct Scene {
    pub(super) began: Instant,
    pub(super) books: Script,
    pub(super) desktop: Recorder,
    pub(super) service: watch::Sender<Presence>,
    pub(super) hints: Arc<dyn Hints>,
    pub(super) noted: Noted,
    pub(super) policy: watch::Sender<Arc<Policy>>,
    pub(super) silences: watch::Sender<Arc<[Silence]>>,
    pub(super) hours: watch::Sender<Option<QuietHours>>,
    buttons: Arc<Buttons>,
    board: Arc<Board>,
    snapshots: watch::Sender<Arc<Snapshot>>,
    position: Position,
    /// What the ledger says was held back when a run begins.
    pub(super) left: Vec<Unfinished>,
    /// How often the clock was read.
    looks: Arc<AtomicUsize>,
    task: Option<JoinHandle<Result<(), ActionsError>>>,
}

impl Scene {
    pub(super) fn new() -> Self {
        let board = Arc::<Board>::default();
        let everything = Snapshot { revision: Revision(i64::MAX), ..Snapshot::default() };
        Self {
            began: Instant::now(),
            books: Script::new(),
            desktop: Recorder(Arc::new(Record {
                answer: Mutex::new(Answer::ShowsAfter(Duration::ZERO)),
                shown: watch::Sender::new(Vec::new()),
                refused: AtomicUsize::default(),
                withdrawn: watch::Sender::new(Vec::new()),
                presses: Mutex::default(),
                pressed: Notify::new(),
            })),
            service: watch::Sender::new(Presence::Present),
            hints: Arc::clone(&board) as Arc<dyn Hints>,
            noted: Noted::default(),
            policy: watch::Sender::default(),
            silences: watch::Sender::new(Arc::new([])),
            hours: watch::Sender::default(),
            buttons: Arc::default(),
            board,
            snapshots: watch::Sender::new(Arc::new(everything)),
            position: Position::at(Revision::default()),
            left: Vec::new(),
            looks: Arc::default(),
            task: None,
        }
    }

    pub(super) fn start() -> Self {
        Self::new().run()
    }

    /// Begins a run, after breaking off the one before, and has the bus say what is there.
    pub(super) fn run(self) -> Self {
        let scene = self.run_before_the_bus_speaks();
        scene.service.send_modify(|_| ());
        scene
    }

    /// Begins a run, after breaking off the one before.
    pub(super) fn run_before_the_bus_speaks(mut self) -> Self {
        if let Some(former) = self.task.take() {
            former.abort();
        }
        let (began, looks) = (self.began, Arc::clone(&self.looks));
        let around = Surroundings {
            snapshots: self.snapshots.subscribe(),
            service: self.service.subscribe(),
            hints: Arc::clone(&self.hints),
            policy: self.policy.subscribe(),
            quiet: Quiet {
                silences: self.silences.subscribe(),
                hours: self.hours.subscribe(),
                calendar: Calendar::utc(),
            },
            pressed: Arc::clone(&self.buttons) as Arc<dyn Pressed>,
            now: Arc::new(move || {
                looks.fetch_add(1, Ordering::SeqCst);
                at(began.elapsed())
            }),
        };
        let scribe = Scribe::new(
            self.noted.clone(),
            Arc::new(move || at(began.elapsed())),
            TaskTracker::new(),
        );
        let feed = Feed::after(self.position.clone(), self.books.clone());
        let mut attendant = Attendant::new(around, feed, scribe, self.desktop.clone());
        attendant.recall(std::mem::take(&mut self.left));
        self.task = Some(tokio::spawn(async move { attendant.attend().await }));
        self
    }

    /// Grants an alert of a session that happens now.
    pub(super) fn grant(&self, session: &str) {
        self.grant_at(session, self.now());
    }

    pub(super) fn grant_at(&self, session: &str, at: Timestamp) {
        self.books.enter(vec![alert(session, at)]);
    }

    pub(super) fn now(&self) -> Timestamp {
        at(self.began.elapsed())
    }

    /// What was shown, once it is so much.
    pub(super) async fn shown(&mut self, count: usize) -> Vec<Shown> {
        let mut shown = self.desktop.0.shown.subscribe();
        let enough = shown.wait_for(|shown| shown.len() >= count);
        let shown = timeout(DEADLINE, enough).await.unwrap().unwrap().clone();
        assert_eq!(shown.len(), count, "{shown:?}");
        shown
    }

    /// Whose alerts were shown, once they are so many and nothing more happens.
    pub(super) async fn shown_sessions(&mut self, count: usize) -> Vec<String> {
        self.shown(count).await;
        self.settle().await;
        self.shown(count).await.into_iter().map(|(session, _, _)| session).collect()
    }

    /// What was withdrawn, once it is so much.
    pub(super) async fn withdrawn(&self, count: usize) -> Vec<u32> {
        let mut withdrawn = self.desktop.0.withdrawn.subscribe();
        let enough = withdrawn.wait_for(|withdrawn| withdrawn.len() >= count);
        let withdrawn = timeout(DEADLINE, enough).await.unwrap().unwrap().clone();
        assert_eq!(withdrawn.len(), count, "{withdrawn:?}");
        withdrawn
    }

    /// Lets the attendant do what it can do within a millisecond: paused time goes on only when nothing else
    /// can.
    pub(super) async fn settle(&self) {
        sleep(Duration::from_millis(1)).await;
    }

    pub(super) fn hint(&self) -> Option<String> {
        self.board.0.lock().unwrap().clone()
    }

    /// Publishes a snapshot in which session `one` works in a project.
    pub(super) fn knows(&self, revision: Revision, project: &str) {
        self.publish(
            revision,
            vec![SessionView { project: Some(project.into()), ..self.view("one") }],
        );
    }

    pub(super) fn publish(&self, revision: Revision, sessions: Vec<SessionView>) {
        let sessions = sessions.into_iter().map(Arc::new).collect();
        let snapshot = Snapshot { revision, sessions, ..Snapshot::default() };
        self.snapshots.send_replace(Arc::new(snapshot));
    }

    /// A session that works, of which no gauge is known.
    pub(super) fn view(&self, session: &str) -> SessionView {
        SessionView {
            session: SessionId::new(session),
            project: None,
            branch: None,
            client_version: None,
            state: State::Working,
            gauge: None,
            model: None,
            subagents: Vec::new(),
            usage: Usage::default(),
            compactions: 0,
            has_events: true,
            has_metrics: false,
            source: Source::EXACT,
            started: self.now(),
            last_at: self.now(),
            last_arrival: self.now(),
            left: None,
            checkpoint: None,
        }
    }

    /// Presses a button of a notice about these sessions.
    pub(super) fn press(&self, button: Button, sessions: &[&str]) {
        let sessions = sessions.iter().map(|session| SessionId::new(*session)).collect();
        self.desktop.0.presses.lock().unwrap().push_back(Press { button, sessions });
        self.desktop.0.pressed.notify_one();
    }

    /// What the buttons told so far.
    pub(super) fn pressed(&self) -> Vec<String> {
        self.buttons.0.lock().unwrap().clone()
    }

    /// What was noted so far: the alert, what became of it, and more of it.
    pub(super) fn outcomes(&self) -> Vec<(i64, ActionResult, String)> {
        let all = self.noted.all.borrow();
        let said = all.iter().map(|outcome| {
            assert_eq!(outcome.action, ActionKind::Notification);
            let detail = outcome.detail.as_deref().unwrap_or_default().to_owned();
            (outcome.alert.0, outcome.result, detail)
        });
        said.collect()
    }

    /// How often the attendant read the clock.
    pub(super) fn looks(&self) -> usize {
        self.looks.load(Ordering::SeqCst)
    }

    /// How the run ended.
    pub(super) async fn ended(&mut self) -> ActionsError {
        let task = self.task.take().unwrap();
        timeout(DEADLINE, task).await.unwrap().unwrap().unwrap_err()
    }
}

impl Drop for Scene {
    fn drop(&mut self) {
        if let Some(task) = &self.task {
            task.abort();
        }
    }
}

/// A moment after the beginning.
fn at(elapsed: Duration) -> Timestamp {
    Timestamp::from_millis(1_700_000_000_000).after(elapsed)
}

pub(super) fn alert(session: &str, at: Timestamp) -> Alert {
    Alert {
        thread: ThreadKey { session: SessionId::new(session), process: None, agent: None },
        cycle: at,
        level: Level::Notice,
        occupancy: 110_000,
        line: 167_000,
        compacts: true,
        model: None,
        turns: None,
        minutes: None,
        at,
        revision: None,
    }
}
