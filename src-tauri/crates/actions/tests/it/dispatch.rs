//! From a claim in a real ledger to a command and a web server.

use std::{path::Path, sync::Arc, time::Duration};

use plimsoll_actions::{Dispatch, DispatchPorts, Inbox, Message};
use plimsoll_domain::{
    Action, ActionKind, ActionResult, Actions, Alert, CommandLine, Level, Outcome, Policy,
    Revision, Webhook,
};
use plimsoll_ledger::{AlertFilter, Claim, Ledger, LedgerOptions};
use plimsoll_watch::Snapshot;
use tempfile::TempDir;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpListener,
    sync::{mpsc, watch},
    task::JoinHandle,
    time::timeout,
};
use tokio_util::sync::CancellationToken;

use crate::child::{alert, now};

/// How long anything may take.
const DEADLINE: Duration = Duration::from_secs(20);

/// A web server that gives these answers in turn, and tells of every body.
async fn serve(answers: &[&'static str]) -> (String, mpsc::UnboundedReceiver<Vec<u8>>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/hook", listener.local_addr().unwrap());
    let (bodies, received) = mpsc::unbounded_channel();
    let answers = answers.to_vec();
    tokio::spawn(async move {
        for answer in answers {
            let (mut stream, _) = listener.accept().await.unwrap();
            let mut request = Vec::new();
            while !request.ends_with(b"}") {
                assert_ne!(stream.read_buf(&mut request).await.unwrap(), 0);
            }
            let body = request.windows(4).position(|end| end == b"\r\n\r\n").unwrap() + 4;
            stream.write_all(format!("HTTP/1.1 {answer}\r\n\r\n").as_bytes()).await.unwrap();
            bodies.send(request[body..].to_vec()).unwrap();
        }
    });
    (url, received)
}

struct House {
    home: TempDir,
    ledger: Ledger,
    policy: watch::Sender<Arc<Policy>>,
    snapshots: watch::Sender<Arc<Snapshot>>,
}

impl House {
    /// Every level runs a script and posts to a web address.
    async fn new(script: &str, url: String) -> Self {
        let home = tempfile::tempdir().unwrap();
        let ledger = open(home.path()).await;
        let arguments = vec!["-c".to_owned(), script.to_owned()];
        let line = CommandLine { program: "/bin/sh".to_owned(), arguments, limit: DEADLINE };
        let action = Action {
            command: Some(Arc::new(line)),
            webhook: Some(Arc::new(Webhook { url, secret: None })),
            ..Action::default()
        };
        let actions =
            Actions { notice: action.clone(), checkpoint: action.clone(), urgent: action };
        let policy = watch::Sender::new(Arc::new(Policy { actions, ..Policy::default() }));
        let everything = Snapshot { revision: Revision(i64::MAX), ..Snapshot::default() };
        let snapshots = watch::Sender::new(Arc::new(everything));
        Self { home, ledger, policy, snapshots }
    }

    /// As a program does that starts now.
    fn start(&self) -> (CancellationToken, JoinHandle<()>) {
        let dispatch = Dispatch::new(DispatchPorts {
            ledger: self.ledger.clone(),
            since: self.ledger.revision(),
            snapshots: self.snapshots.subscribe(),
            policy: self.policy.subscribe(),
            inbox: Inbox::new(),
            home: self.home.path().to_owned(),
            now: Arc::new(now),
        });
        let stop = CancellationToken::new();
        let running = dispatch.run(stop.clone());
        (stop, tokio::spawn(async move { running.await.unwrap() }))
    }

    async fn claim(&self, level: Level) -> Alert {
        let claim = self.ledger.claim(alert("s-1", "-", level.code()), true).await.unwrap();
        let Claim::Granted(alert) = claim else { panic!("{claim:?}") };
        alert
    }

    /// The outcome of an action, once it is that.
    async fn became(&self, alert: &Alert, action: ActionKind, result: ActionResult) -> String {
        let is_it = |outcome: &Outcome| {
            (Some(outcome.alert), outcome.action, outcome.result)
                == (alert.revision, action, result)
        };
        let wait = async {
            loop {
                let records = self
                    .ledger
                    .alerts(AlertFilter { limit: 10, ..AlertFilter::default() })
                    .await
                    .unwrap();
                let mut outcomes = records.into_iter().flat_map(|record| record.outcomes);
                if let Some(outcome) = outcomes.find(is_it) {
                    return outcome.detail.as_deref().unwrap_or_default().to_owned();
                }
                tokio::task::yield_now().await;
            }
        };
        timeout(DEADLINE, wait).await.unwrap_or_else(|_| panic!("{action:?} {result:?}"))
    }

    /// Waits until nothing is left in the outbox.
    async fn is_delivered(&self) {
        let wait = async {
            while !self.ledger.deliveries().await.unwrap().is_empty() {
                tokio::task::yield_now().await;
            }
        };
        timeout(DEADLINE, wait).await.expect("delivered");
    }
}

async fn open(folder: &Path) -> Ledger {
    let path = folder.join("ledger.db");
    let busy = Duration::from_secs(5);
    let options = LedgerOptions { path, queue: 64, busy, prices: Arc::default() };
    let (ledger, mut writer) = Ledger::open(options).await.unwrap();
    tokio::spawn(async move { writer.run(CancellationToken::new()).await });
    ledger
}

/// Scenario: an alert is claimed whose level runs a command and posts to a webhook.
/// Guarantees: both get the same message, and the ledger knows what became of each; nothing is left in the outbox.
#[tokio::test]
async fn a_claim_runs_the_command_and_posts() {
    let (url, mut received) = serve(&["204 No Content"]).await;
    let house = House::new("cat", url).await;
    let (stop, running) = house.start();
    let alert = house.claim(Level::Checkpoint).await;
    let message = Message::of(&alert, None, false).json();
    let printed = house.became(&alert, ActionKind::Command, ActionResult::Done).await;
    assert_eq!(printed, format!("exit 0: {}", String::from_utf8_lossy(&message)));
    assert_eq!(received.recv().await.unwrap(), message);
    let status = house.became(&alert, ActionKind::Webhook, ActionResult::Done).await;
    assert_eq!(status, "204");
    house.is_delivered().await;
    stop.cancel();
    running.await.unwrap();
}

/// Scenario: Plimsoll ends while a command runs and after a server refused a message for now, and starts again; then
/// another level of the session comes.
/// Guarantees: the message is sent again, the same to the byte, and before the later one; the command is not run again.
#[tokio::test]
async fn a_restart_sends_again_and_runs_nothing_again() {
    let (url, mut received) = serve(&["503 Busy", "200 OK", "200 OK"]).await;
    let house = House::new("echo ran >>ran; [ $PLIMSOLL_LEVEL = urgent ] || sleep 600", url).await;
    let (stop, running) = house.start();
    let alert = house.claim(Level::Notice).await;
    let first = received.recv().await.unwrap();
    house.became(&alert, ActionKind::Webhook, ActionResult::Begun).await;
    house.became(&alert, ActionKind::Command, ActionResult::Begun).await;
    stop.cancel();
    running.await.unwrap();
    let why = house.became(&alert, ActionKind::Command, ActionResult::Failed).await;
    assert_eq!(why, "ended with Plimsoll");
    assert_eq!(house.ledger.deliveries().await.unwrap()[0].attempts, 1);

    let (stop, running) = house.start();
    let later = house.claim(Level::Urgent).await;
    assert_eq!(received.recv().await.unwrap(), first);
    assert_eq!(received.recv().await.unwrap(), Message::of(&later, None, false).json());
    house.became(&later, ActionKind::Webhook, ActionResult::Done).await;
    house.became(&later, ActionKind::Command, ActionResult::Done).await;
    stop.cancel();
    running.await.unwrap();
    let ran = std::fs::read_to_string(house.home.path().join("ran")).unwrap();
    assert_eq!(ran, "ran\nran\n");
}
