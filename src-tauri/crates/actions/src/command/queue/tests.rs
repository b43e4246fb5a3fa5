//! Commands that wait for a file, so that a test says when they end.

use std::path::Path;

use plimsoll_domain::{ActionResult, Timestamp};
use tempfile::TempDir;
use tokio::time::Instant;

use super::*;
use crate::{message::tests::alert, outcome::tests::Noted};

/// How long anything may take.
const DEADLINE: Duration = Duration::from_secs(20);

struct Scene {
    home: TempDir,
    noted: Noted,
    commands: Commands<Noted>,
}

impl Scene {
    fn new() -> Self {
        let (home, noted) = (tempfile::tempdir().unwrap(), Noted::default());
        let tasks = TaskTracker::new();
        let now = Arc::new(|| Timestamp::from_millis(7));
        let scribe = Scribe::new(noted.clone(), now, tasks.clone());
        let commands = Commands::new(scribe, home.path().to_owned(), tasks);
        Self { home, noted, commands }
    }

    fn order(&self, revision: i64, script: &str) {
        let mut alert = alert();
        alert.revision = Some(Revision(revision));
        let arguments = vec!["-c".to_owned(), script.to_owned()];
        let line = CommandLine { program: "/bin/sh".to_owned(), arguments, limit: DEADLINE };
        self.commands.order(Order { alert, project: None, line: Arc::new(line) });
    }

    /// One that ends when a pipe is written to.
    fn order_waiting(&self, revision: i64, pipe: &Path) {
        self.order(revision, &format!("read line <{}", pipe.display()));
    }

    fn pipe(&self) -> PathBuf {
        let path = self.home.path().join("pipe");
        let mode = rustix::fs::Mode::RUSR | rustix::fs::Mode::WUSR;
        rustix::fs::mkfifoat(rustix::fs::CWD, &path, mode).unwrap();
        path
    }

    async fn became(&self, revision: i64, result: ActionResult) -> String {
        let found = self
            .noted
            .until(|outcome| (outcome.alert, outcome.result) == (Revision(revision), result));
        let outcome = timeout(DEADLINE, found).await.expect("an outcome");
        outcome.detail.as_deref().unwrap_or_default().to_owned()
    }

    /// The alerts whose commands began, in that order.
    fn began(&self) -> Vec<i64> {
        let all = self.noted.all.borrow();
        let began = all.iter().filter(|outcome| outcome.result == ActionResult::Begun);
        began.map(|outcome| outcome.alert.0).collect()
    }
}

/// Scenario: an alert's command is ordered twice.
/// Guarantees: the ledger knows that it began before it starts; it runs once.
#[tokio::test]
async fn a_command_runs_once_for_an_alert() {
    let scene = Scene::new();
    scene.order(1, "echo one >>ran");
    assert_eq!(scene.became(1, ActionResult::Done).await, "exit 0");
    scene.order(1, "echo two >>ran");
    scene.order(2, "echo three >>ran");
    scene.became(2, ActionResult::Done).await;
    scene.commands.drain().await;
    let ran = std::fs::read_to_string(scene.home.path().join("ran")).unwrap();
    assert_eq!(ran, "one\nthree\n");
    let said = scene.noted.said().into_iter().map(|(_, result, _)| result).collect::<Vec<_>>();
    let once = [ActionResult::Begun, ActionResult::Done];
    assert_eq!(said, [once, once].concat());
}

/// Scenario: three commands hang, and many others are ordered; then a fourth hangs and one is let go.
/// Guarantees: a few hanging ones delay nobody; beyond four at a time the others wait, and go on in order.
#[tokio::test]
async fn a_few_hanging_commands_delay_nobody() {
    let scene = Scene::new();
    let pipe = scene.pipe();
    for revision in 1..=3 {
        scene.order_waiting(revision, &pipe);
    }
    for revision in 4..=9 {
        scene.order(revision, ":");
    }
    for revision in 4..=9 {
        scene.became(revision, ActionResult::Done).await;
    }
    assert_eq!(scene.began()[3..], [4, 5, 6, 7, 8, 9]);
    scene.order_waiting(10, &pipe);
    scene.became(10, ActionResult::Begun).await;
    scene.order(11, ":");
    scene.order(12, ":");
    assert_eq!(scene.commands.0.turns().waiting.len(), 2);
    let written = tokio::task::spawn_blocking(move || std::fs::write(pipe, "go\n"));
    written.await.unwrap().unwrap();
    scene.became(11, ActionResult::Done).await;
    scene.became(12, ActionResult::Done).await;
    let began = scene.began();
    assert_eq!(began[began.len() - 2..], [11, 12]);
}

/// Scenario: more commands are ordered than may wait, while all that may run hang; then Plimsoll ends.
/// Guarantees: those beyond are refused at once and said so; at the end those that wait never begin, those that run are
/// ended within moments, and all of it is written.
#[tokio::test]
async fn the_queue_is_bounded_and_ends() {
    let scene = Scene::new();
    let pipe = scene.pipe();
    let last = i64::try_from(RUNNING + WAITING).unwrap() + 1;
    for revision in 1..=last {
        scene.order_waiting(revision, &pipe);
    }
    assert_eq!(
        scene.became(last, ActionResult::Failed).await,
        "too many commands wait for their turn"
    );
    for revision in 1..=4 {
        scene.became(revision, ActionResult::Begun).await;
    }
    let began = Instant::now();
    scene.commands.drain().await;
    assert!(began.elapsed() < GRACE * 4, "{:?}", began.elapsed());
    for revision in 1..=4 {
        let detail = scene.became(revision, ActionResult::Failed).await;
        assert_eq!(detail, "ended with Plimsoll");
    }
    for revision in [5, last - 1] {
        let detail = scene.became(revision, ActionResult::Failed).await;
        assert_eq!(detail, "Plimsoll ended before its turn");
    }
    scene.order(last + 1, ":");
    scene.became(last + 1, ActionResult::Failed).await;
    assert_eq!(scene.began().len(), RUNNING);
}

/// Scenario: Plimsoll ends while a command runs that needs half a second more.
/// Guarantees: it is let finish.
#[tokio::test]
async fn a_command_may_finish() {
    let scene = Scene::new();
    scene.order(1, "sleep 0.3; echo saved");
    scene.became(1, ActionResult::Begun).await;
    scene.commands.drain().await;
    assert_eq!(scene.became(1, ActionResult::Done).await, "exit 0: saved");
}
