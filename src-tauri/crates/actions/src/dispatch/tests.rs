//! The loop on a scripted ledger, with real commands.

mod texts;

use std::{collections::BTreeMap, path::Path, sync::Mutex};

use plimsoll_domain::{
    Action, Actions, AgentId, CommandLine, Outcome, SessionId, Timestamp, Webhook,
};
use plimsoll_ledger::{Change, Commit, Delivery, DeliveryState, RecordError, Usage};
use plimsoll_watch::{Gauge, SessionView, Source, State};
use tempfile::TempDir;
use tokio::{
    sync::broadcast,
    task::JoinHandle,
    time::{Instant, sleep},
};

use super::*;
use crate::{
    feed::script::Script,
    message::{Message, tests::alert},
    outcome::tests::Noted,
    webhook::script::{Mailbox, Network},
};

/// How long anything may take.
const DEADLINE: Duration = Duration::from_secs(20);

/// A ledger of which a test writes the alerts and reads the rest.
#[derive(Clone)]
struct Scripted {
    alerts: Script,
    noted: Noted,
    mail: Mailbox,
    checkpoints: Arc<Mutex<Vec<Checkpoint>>>,
    untold: Arc<Mutex<Vec<Unfinished>>>,
}

impl Books for Scripted {
    fn commits(&self) -> broadcast::Receiver<Arc<Commit>> {
        self.alerts.commits()
    }

    fn revision(&self) -> Revision {
        self.alerts.revision()
    }

    async fn changes(&self, after: Revision, limit: u32) -> Result<Vec<Change>, LedgerError> {
        self.alerts.changes(after, limit).await
    }
}

impl Outcomes for Scripted {
    async fn begin(&self, outcome: Outcome) -> Result<bool, RecordError> {
        self.noted.begin(outcome).await
    }

    async fn note(&self, outcome: Outcome) -> Result<(), RecordError> {
        self.noted.note(outcome).await
    }
}

impl Mail for Scripted {
    async fn deliveries(&self) -> Result<Vec<Delivery>, LedgerError> {
        self.mail.deliveries().await
    }

    async fn note_delivery(
        &self,
        alert: Revision,
        state: DeliveryState,
    ) -> Result<(), RecordError> {
        self.mail.note_delivery(alert, state).await
    }
}

impl Desk for Scripted {
    async fn last_checkpoints(&self, _: u32) -> Result<Vec<Checkpoint>, LedgerError> {
        Ok(self.checkpoints.lock().unwrap().clone())
    }

    async fn untold(&self) -> Result<Vec<Unfinished>, LedgerError> {
        Ok(self.untold.lock().unwrap().clone())
    }
}

struct Scene {
    home: TempDir,
    began: Instant,
    desk: Scripted,
    network: Network,
    inbox: Inbox,
    policy: watch::Sender<Arc<Policy>>,
    snapshots: watch::Sender<Arc<Snapshot>>,
    dispatcher: Dispatcher<Scripted, Network>,
    stop: CancellationToken,
    task: Option<JoinHandle<Result<(), ActionsError>>>,
}

fn now(began: Instant) -> Timestamp {
    Timestamp::from_millis(1_795_435_200_000).after(began.elapsed())
}

impl Scene {
    /// At the level of checkpoint a command runs in the shell, and what `change` says.
    fn new(script: &str, change: impl FnOnce(&mut Action)) -> Self {
        let (home, began) = (tempfile::tempdir().unwrap(), Instant::now());
        let desk = Scripted {
            alerts: Script::new(),
            noted: Noted::default(),
            mail: Mailbox::default(),
            checkpoints: Arc::default(),
            untold: Arc::default(),
        };
        let (network, inbox) = (Network::new(), Inbox::new());
        let policy = watch::Sender::new(policy(script, change));
        let everything = Snapshot { revision: Revision(i64::MAX), ..Snapshot::default() };
        let snapshots = watch::Sender::new(Arc::new(everything));
        let around = Surroundings {
            snapshots: snapshots.subscribe(),
            policy: policy.subscribe(),
            inbox: inbox.clone(),
            home: home.path().to_owned(),
            now: Arc::new(move || now(began)),
        };
        let since = Revision::default();
        let dispatcher = Dispatcher::new(desk.clone(), network.clone(), around, since);
        let stop = CancellationToken::new();
        Self { home, began, desk, network, inbox, policy, snapshots, dispatcher, stop, task: None }
    }

    /// Begins a run, after breaking off the one before.
    fn run(&mut self) {
        if let Some(former) = self.task.take() {
            former.abort();
        }
        let dispatcher = self.dispatcher.clone();
        self.task = Some(tokio::spawn(dispatcher.run(self.stop.clone())));
    }

    /// As a supervisor does.
    fn run_again_if_ended(&mut self) {
        if self.task.as_ref().is_some_and(JoinHandle::is_finished) {
            self.run();
        }
    }

    async fn ended(&mut self) -> Result<(), ActionsError> {
        timeout(DEADLINE, self.task.take().unwrap()).await.unwrap().unwrap()
    }

    /// Grants an alert of the main thread of session `s-1` that happens now.
    fn grant(&self) -> Alert {
        self.grant_as(|_| ())
    }

    fn grant_as(&self, change: impl FnOnce(&mut Alert)) -> Alert {
        let revision = Revision(self.desk.alerts.revision().0 + 1);
        let mut alert = Alert { at: now(self.began), revision: Some(revision), ..alert() };
        change(&mut alert);
        self.desk.alerts.enter(vec![alert.clone()]);
        alert
    }

    /// A snapshot in which the session works in a project.
    fn knows(&self, revision: Revision, project: Option<&Path>) {
        self.shows(revision, project, None);
    }

    /// The same with the gauge of its main thread.
    fn shows(&self, revision: Revision, project: Option<&Path>, gauge: Option<Gauge>) {
        let at = now(self.began);
        let view = SessionView {
            session: SessionId::new("s-1"),
            project: project.map(|path| path.to_str().unwrap().into()),
            branch: None,
            client_version: None,
            state: State::Working,
            gauge,
            model: None,
            subagents: Vec::new(),
            usage: Usage::default(),
            compactions: 0,
            has_events: true,
            has_metrics: false,
            source: Source::EXACT,
            started: at,
            last_at: at,
            last_arrival: at,
            left: None,
            checkpoint: None,
        };
        let sessions = vec![Arc::new(view)];
        self.snapshots.send_replace(Arc::new(Snapshot {
            revision,
            sessions,
            ..Snapshot::default()
        }));
    }

    /// The detail of an outcome, once it is there.
    async fn became(&self, alert: &Alert, kind: ActionKind, result: ActionResult) -> String {
        let meant = |outcome: &Outcome| {
            (Some(outcome.alert), outcome.action, outcome.result) == (alert.revision, kind, result)
        };
        let outcome = timeout(DEADLINE, self.desk.noted.until(meant)).await.expect("an outcome");
        outcome.detail.as_deref().unwrap_or_default().to_owned()
    }

    async fn ran(&self, alert: &Alert) -> String {
        self.became(alert, ActionKind::Command, ActionResult::Done).await
    }

    fn told(&self) -> Option<String> {
        self.inbox.take(&SessionId::new("s-1")).map(|told| told.text)
    }
}

impl Drop for Scene {
    fn drop(&mut self) {
        if let Some(task) = &self.task {
            task.abort();
        }
    }
}

fn policy(script: &str, change: impl FnOnce(&mut Action)) -> Arc<Policy> {
    let arguments = vec!["-c".to_owned(), script.to_owned()];
    let line = CommandLine { program: "/bin/sh".to_owned(), arguments, limit: DEADLINE };
    let mut action = Action { command: Some(Arc::new(line)), ..Action::default() };
    change(&mut action);
    Arc::new(Policy {
        actions: Actions { checkpoint: action, ..Actions::default() },
        ..Policy::default()
    })
}

fn in_session(action: &mut Action) {
    action.in_session = true;
}

/// Scenario: an alert whose level runs a command, posts to a webhook and tells the session.
/// Guarantees: all three happen, with the session's project; the message is the same for both programs; each outcome
/// is noted.
#[tokio::test]
async fn a_level_does_everything_that_is_set() {
    let mut scene = Scene::new("cat", |action| {
        action.in_session = true;
        action.instruction = Some("Save {project}.".into());
        let webhook = Webhook { url: "http://a/".to_owned(), secret: None };
        action.webhook = Some(Arc::new(webhook));
    });
    let project = scene.home.path().join("engine");
    scene.knows(Revision::default(), Some(&project));
    scene.run();
    sleep(Duration::from_millis(1)).await;
    let mut alert = Alert { at: now(scene.began), revision: Some(Revision(1)), ..alert() };
    let path: Arc<str> = project.to_str().unwrap().into();
    let delivery =
        Delivery { alert: alert.clone(), project: Some(path), attempts: 0, next_at: alert.at };
    scene.desk.mail.0.lock().unwrap().rows = BTreeMap::from([(Revision(1), delivery)]);
    let at = alert.at;
    alert = scene.grant_as(|granted| granted.at = at);
    let message = Message::of(&alert, project.to_str(), false).json();
    let wished = format!("exit 0: {}", String::from_utf8_lossy(&message));
    assert_eq!(scene.ran(&alert).await, wished);
    assert_eq!(scene.became(&alert, ActionKind::Webhook, ActionResult::Done).await, "200");
    assert_eq!(scene.network.0.posted.borrow()[0].body, message);
    scene.became(&alert, ActionKind::InSession, ActionResult::Begun).await;
    let told = scene.told().unwrap();
    assert!(told.ends_with("about 4 requests are left.\nSave engine."), "{told}");
}

/// Scenario: alerts of more than two minutes ago, of a level without a command, and of a subagent.
/// Guarantees: what is past does nothing; a level does only what is set for it; a subagent's alert runs its command and
/// is not told to the session.
#[tokio::test]
async fn only_what_is_meant_is_done() {
    let mut scene = Scene::new("echo $PLIMSOLL_AGENT", in_session);
    scene.run();
    scene.grant_as(|alert| alert.at = alert.at.before(Duration::from_secs(121)));
    scene.grant_as(|alert| alert.level = plimsoll_domain::Level::Urgent);
    let last = scene.grant_as(|alert| alert.thread.agent = Some(AgentId::new("a-1")));
    assert_eq!(scene.ran(&last).await, "exit 0: a-1");
    assert_eq!(scene.desk.noted.all.borrow().len(), 2, "of the last one alone");
    assert_eq!(scene.told(), None);
}

/// Scenario: the policy changes while alerts come.
/// Guarantees: each alert does what is set when it comes.
#[tokio::test]
async fn the_policy_of_the_moment_holds() {
    let mut scene = Scene::new("echo one", |_| ());
    scene.run();
    assert_eq!(scene.ran(&scene.grant()).await, "exit 0: one");
    scene.policy.send_replace(policy("echo two", |_| ()));
    assert_eq!(scene.ran(&scene.grant()).await, "exit 0: two");
}

/// Scenario: two levels of a session, before it asks for what it is to be told.
/// Guarantees: it is told the later one; of the other it is noted that it never was.
#[tokio::test]
async fn a_later_level_takes_the_place() {
    let mut scene = Scene::new(":", in_session);
    scene.run();
    let (first, second) = (scene.grant(), scene.grant());
    let why = scene.became(&first, ActionKind::InSession, ActionResult::Failed).await;
    assert_eq!(why, "a later level took its place before it was told");
    scene.ran(&second).await;
    let told = scene.inbox.take(&second.thread.session).unwrap();
    assert_eq!(Some(told.alert), second.revision);
}

/// Scenario: an alert comes before the snapshot that knows its session's project; another for which none comes.
/// Guarantees: the first is carried out with the project as soon as that is known; the other a moment later without.
#[tokio::test(start_paused = true)]
async fn the_snapshot_that_knows_the_alert_is_waited_for() {
    let mut scene = Scene::new(":", |action| {
        action.command = None;
        action.in_session = true;
        action.instruction = Some("{project}".into());
    });
    scene.snapshots.send_replace(Arc::default());
    scene.run();
    let first = scene.grant();
    sleep(Duration::from_millis(20)).await;
    assert_eq!(scene.told(), None);
    scene.knows(Revision::default(), Some(Path::new("/home/ada/engine")));
    scene.became(&first, ActionKind::InSession, ActionResult::Begun).await;
    assert!(scene.told().unwrap().ends_with("\nengine"));
    scene.snapshots.send_replace(Arc::default());
    let began = Instant::now();
    let second = scene.grant();
    scene.became(&second, ActionKind::InSession, ActionResult::Begun).await;
    assert_eq!(began.elapsed(), SNAPSHOT_DELAY);
    assert!(scene.told().unwrap().ends_with("\nunknown"));
}

/// Scenario: the ledger cannot be read when that is needed, while a command runs; the next run begins.
/// Guarantees: the run ends and says why; the command goes on; no alert is carried out twice and none is missed.
#[tokio::test]
async fn a_run_that_fails_breaks_no_command_off() {
    let mut scene = Scene::new("until [ -e go ]; do sleep 0.01; done; echo ran", |_| ());
    scene.run();
    let first = scene.grant();
    scene.became(&first, ActionKind::Command, ActionResult::Begun).await;
    scene.task.take().unwrap().abort();
    let second = scene.grant();
    scene.desk.alerts.fail_once();
    scene.run();
    assert!(matches!(scene.ended().await, Err(ActionsError::Read(_))));
    scene.run();
    scene.became(&second, ActionKind::Command, ActionResult::Begun).await;
    std::fs::write(scene.home.path().join("go"), "").unwrap();
    for alert in [&first, &second] {
        assert_eq!(scene.ran(alert).await, "exit 0: ran");
    }
    scene.desk.alerts.close();
    assert!(matches!(scene.ended().await, Err(ActionsError::Closed)));
    assert_eq!(scene.desk.noted.all.borrow().len(), 4);
}

/// Scenario: the outbox cannot be read when an alert rings for it; the alert still waits for the snapshot that knows its
/// project.
/// Guarantees: its command runs and its text waits all the same.
#[tokio::test]
async fn an_outbox_that_cannot_be_read_costs_no_alert() {
    let mut scene = Scene::new("echo ran", in_session);
    scene.run();
    sleep(Duration::from_millis(10)).await;
    scene.snapshots.send_replace(Arc::default());
    scene.desk.mail.0.lock().unwrap().unreadable = 1;
    let alert = scene.grant();
    sleep(Duration::from_millis(10)).await;
    assert_eq!(scene.desk.mail.0.lock().unwrap().unreadable, 0);
    scene.run_again_if_ended();
    assert_eq!(scene.ran(&alert).await, "exit 0: ran");
    assert!(scene.told().is_some());
}

/// Scenario: it is stopped while a command runs that does not end.
/// Guarantees: within moments the command has ended, it is noted, and the run has ended well.
#[tokio::test]
async fn a_stop_ends_what_runs() {
    let mut scene = Scene::new("echo began; sleep 600", |_| ());
    scene.run();
    let alert = scene.grant();
    scene.became(&alert, ActionKind::Command, ActionResult::Begun).await;
    scene.stop.cancel();
    scene.ended().await.unwrap();
    let why = scene.became(&alert, ActionKind::Command, ActionResult::Failed).await;
    assert_eq!(why, "ended with Plimsoll: began");
}

/// Scenario: the ledger holds a checkpoint from before the start; another is acknowledged later.
/// Guarantees: after a compaction its session is reminded of the last one.
#[tokio::test]
async fn checkpoints_are_remembered() {
    let mut scene = Scene::new(":", |_| ());
    let session = SessionId::new("s-1");
    let checkpoint = |note: &str| Checkpoint {
        session: session.clone(),
        at: now(scene.began),
        note: Some(note.into()),
        path: None,
        tokens: None,
        revision: None,
    };
    let (first, second) = (checkpoint("first"), checkpoint("second"));
    scene.desk.checkpoints.lock().unwrap().push(first);
    scene.run();
    scene.ran(&scene.grant()).await;
    assert!(scene.inbox.note_after_compaction(&session).unwrap().ends_with("first"));
    scene.desk.alerts.acknowledge(second);
    scene.ran(&scene.grant()).await;
    assert!(scene.inbox.note_after_compaction(&session).unwrap().ends_with("second"));
}

/// Scenario: fifty alerts one after the other, each with a command.
/// Guarantees: from the grant to the command's start less than 250 ms pass, for all but the slowest.
#[tokio::test]
async fn commands_start_in_time() {
    let mut scene = Scene::new(":", |_| ());
    scene.run();
    let mut took = Vec::new();
    for _ in 0..50 {
        let granted = Instant::now();
        let alert = scene.grant();
        scene.ran(&alert).await;
        took.push(granted.elapsed());
    }
    took.sort_unstable();
    assert!(took[48] < Duration::from_millis(250), "{took:?}");
}
