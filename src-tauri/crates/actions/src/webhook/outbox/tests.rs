//! The loop on a scripted ledger and a scripted network, in paused time.

use std::sync::atomic::Ordering;

use plimsoll_domain::{
    Action, ActionResult, Actions, Key, Override, Policy, SessionId, policy::ActionChange,
};
use tokio::task::JoinHandle;
use tokio_util::task::TaskTracker;

use super::*;
use crate::{
    message::tests::alert,
    outcome::tests::Noted,
    webhook::{
        Answer, PostError,
        script::{Mailbox, Network, Posted},
    },
};

const SECOND: Duration = Duration::from_secs(1);
const HOUR: Duration = Duration::from_secs(60 * 60);

struct Scene {
    began: Instant,
    mail: Mailbox,
    noted: Noted,
    network: Network,
    policy: watch::Sender<Arc<Policy>>,
    bell: Arc<Notify>,
    task: Option<JoinHandle<Infallible>>,
}

fn policy(url: Option<&str>) -> Arc<Policy> {
    let webhook =
        url.map(|url| Arc::new(Webhook { url: url.to_owned(), secret: Some(Key::new("secret")) }));
    let action = Action { webhook, ..Action::default() };
    let actions = Actions { checkpoint: action, ..Actions::default() };
    Arc::new(Policy { actions, ..Policy::default() })
}

impl Scene {
    fn new() -> Self {
        Self {
            began: Instant::now(),
            mail: Mailbox::default(),
            noted: Noted::default(),
            network: Network::new(),
            policy: watch::Sender::new(policy(Some("http://a/"))),
            bell: Arc::default(),
            task: None,
        }
    }

    /// Begins a run, after breaking off the one before.
    fn run(&mut self) {
        if let Some(former) = self.task.take() {
            former.abort();
        }
        let began = self.began;
        let now: Clock = Arc::new(move || at(began.elapsed()));
        let scribe = Scribe::new(self.noted.clone(), Arc::clone(&now), TaskTracker::new());
        let bell = Arc::clone(&self.bell);
        let around = Surroundings { policy: self.policy.subscribe(), bell, now };
        let network = self.network.clone();
        let outbox = Outbox::new(self.mail.clone(), scribe, network, around);
        self.task = Some(tokio::spawn(async move { outbox.run().await }));
    }

    fn answers(&self, answers: impl IntoIterator<Item = Result<Answer, PostError>>) {
        self.network.0.answers.lock().unwrap().extend(answers);
    }

    /// Puts the message of an alert that happens now into the outbox, and rings.
    fn put(&self, revision: i64, session: &str) {
        let mut alert = alert();
        (alert.revision, alert.at) = (Some(Revision(revision)), at(self.began.elapsed()));
        alert.thread.session = SessionId::new(session);
        let (project, next_at) = (Some("/home/me/engine".into()), alert.at);
        let delivery = Delivery { alert, project, attempts: 0, next_at };
        self.mail.0.lock().unwrap().rows.insert(Revision(revision), delivery);
        self.bell.notify_one();
    }

    /// What was posted, once it is so much and nothing more happens for a second.
    async fn posted(&self, count: usize) -> Vec<Posted> {
        let mut posted = self.network.0.posted.subscribe();
        let _ = posted.wait_for(|posted| posted.len() >= count).await.unwrap();
        sleep(SECOND + SECOND / 2).await;
        let posted = posted.borrow().clone();
        assert_eq!(posted.len(), count, "{posted:?}");
        posted
    }

    /// The end of a message.
    async fn ended(&self, revision: i64) -> (ActionResult, String) {
        let is_end = |outcome: &plimsoll_domain::Outcome| {
            outcome.alert == Revision(revision) && outcome.result != ActionResult::Begun
        };
        let outcome = self.noted.until(is_end).await;
        assert_eq!(outcome.action, ActionKind::Webhook);
        (outcome.result, outcome.detail.as_deref().unwrap_or_default().to_owned())
    }

    fn is_empty(&self) -> bool {
        self.mail.0.lock().unwrap().rows.is_empty()
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
    Timestamp::from_millis(1_795_435_200_000).after(elapsed)
}

fn status(status: u16) -> Result<Answer, PostError> {
    Ok(Answer { status, retry_after: None })
}

fn refused() -> Result<Answer, PostError> {
    Err(PostError::Connection("connection refused".to_owned()))
}

fn ids(posted: &[Posted]) -> Vec<&str> {
    posted.iter().map(|posted| posted.id.as_str()).collect()
}

/// Scenario: an outbox that is empty for a day; then a message.
/// Guarantees: nothing wakes, not even a timer; the message goes at once, is ended in the ledger, and its answer is
/// noted; what is only needed for sending is given back.
#[tokio::test(start_paused = true)]
async fn an_empty_outbox_sleeps() {
    let mut scene = Scene::new();
    scene.run();
    sleep(24 * HOUR).await;
    assert_eq!(scene.mail.0.lock().unwrap().reads, 1);
    let rests = scene.network.0.rests.load(Ordering::SeqCst);
    scene.put(1, "one");
    let posted = scene.posted(1).await;
    assert_eq!((posted[0].second, &*posted[0].id), (24 * 60 * 60, "plimsoll-one-1"));
    assert_eq!(scene.ended(1).await, (ActionResult::Done, "200".to_owned()));
    assert!(scene.is_empty());
    assert!(scene.network.0.rests.load(Ordering::SeqCst) > rests);
}

/// Scenario: a server fails in all ways that may pass, then takes the message.
/// Guarantees: it is sent again and again, the same to the byte, in pauses that double; meanwhile it is said what is
/// wrong.
#[tokio::test(start_paused = true)]
async fn what_may_pass_is_tried_again() {
    let mut scene = Scene::new();
    scene.answers([status(503), refused(), Err(PostError::Silent), status(429), status(204)]);
    scene.run();
    scene.put(1, "one");
    assert_eq!(scene.ended(1).await, (ActionResult::Done, "204".to_owned()));
    let posted = scene.posted(5).await;
    for (at, pair) in posted.windows(2).enumerate() {
        assert_eq!((&pair[0].id, &pair[0].body), (&pair[1].id, &pair[1].body));
        let (pause, full) =
            (pair[1].second - pair[0].second - 1, 2_u64.pow(u32::try_from(at).unwrap()));
        assert!((full / 2..=full + 1).contains(&pause), "{at}: {pause}");
    }
    let said: Vec<String> = scene.noted.said().into_iter().map(|(_, _, detail)| detail).collect();
    assert_eq!(
        said,
        [
            "tried once: 503",
            "tried 2 times: connection refused",
            "tried 3 times: no answer within 10 s",
            "tried 4 times: 429",
            "204"
        ]
    );
}

/// Scenario: a server says when it wishes to be asked again.
/// Guarantees: not before that.
#[tokio::test(start_paused = true)]
async fn a_servers_wish_is_heeded() {
    let mut scene = Scene::new();
    scene.answers([Ok(Answer { status: 503, retry_after: Some(600 * SECOND) })]);
    scene.run();
    scene.put(1, "one");
    scene.ended(1).await;
    let posted = scene.posted(2).await;
    assert_eq!(posted[1].second - posted[0].second, 601);
}

/// Scenario: a server that refuses for good.
/// Guarantees: one attempt; the status is what is noted.
#[tokio::test(start_paused = true)]
async fn a_refusal_is_final() {
    let mut scene = Scene::new();
    scene.answers([status(410)]);
    scene.run();
    scene.put(1, "one");
    assert_eq!(scene.ended(1).await, (ActionResult::Failed, "410".to_owned()));
    scene.posted(1).await;
    assert!(scene.is_empty());
}

/// Scenario: nobody listens for more than a day.
/// Guarantees: at most five minutes between attempts; after a day it is given up, and said why.
#[tokio::test(start_paused = true)]
async fn after_a_day_it_is_given_up() {
    let mut scene = Scene::new();
    scene.answers(std::iter::repeat_with(refused).take(2_000));
    scene.run();
    scene.put(1, "one");
    let wished = "gave up after 24 h: connection refused";
    assert_eq!(scene.ended(1).await, (ActionResult::Failed, wished.to_owned()));
    assert!(scene.is_empty());
    let posted = scene.network.0.posted.borrow().clone();
    let last = posted.last().unwrap().second;
    assert!((24 * 3_600 - 302..24 * 3_600).contains(&last), "{last}");
    assert!(posted.len() >= 24 * 12, "{}", posted.len());
}

/// Scenario: a message that nobody could send for a day, because Plimsoll did not run.
/// Guarantees: it is given up without an attempt.
#[tokio::test(start_paused = true)]
async fn what_is_a_day_old_is_not_sent() {
    let mut scene = Scene::new();
    scene.put(1, "one");
    sleep(24 * HOUR).await;
    scene.run();
    let wished = "gave up after 24 h: it was never reached";
    assert_eq!(scene.ended(1).await, (ActionResult::Failed, wished.to_owned()));
    assert!(scene.network.0.posted.borrow().is_empty());
}

/// Scenario: two messages of one session, the first of which fails at first; one of another session.
/// Guarantees: the second waits for the first, the other session does not.
#[tokio::test(start_paused = true)]
async fn a_session_is_told_in_order() {
    let mut scene = Scene::new();
    scene.answers([Ok(Answer { status: 503, retry_after: Some(60 * SECOND) })]);
    scene.put(1, "one");
    scene.run();
    scene.put(2, "one");
    scene.put(3, "two");
    scene.ended(2).await;
    let posted = scene.posted(4).await;
    assert_eq!(
        ids(&posted),
        ["plimsoll-one-1", "plimsoll-two-3", "plimsoll-one-1", "plimsoll-one-2"]
    );
    assert_eq!(posted[1].second, 0);
}

/// Scenario: messages of ten sessions at once.
/// Guarantees: four at a time.
#[tokio::test(start_paused = true)]
async fn four_go_at_a_time() {
    let mut scene = Scene::new();
    for revision in 1..=10 {
        scene.put(revision, &revision.to_string());
    }
    scene.run();
    scene.ended(10).await;
    let posted = scene.posted(10).await;
    let seconds: Vec<u64> = posted.iter().map(|posted| posted.second).collect();
    assert_eq!(seconds, [0, 0, 0, 0, 1, 1, 1, 1, 2, 2]);
    assert_eq!(scene.network.0.most.load(Ordering::SeqCst), ON_THEIR_WAY);
}

/// Scenario: a run is broken off between two attempts, and another one during one.
/// Guarantees: the next run goes on where the ledger says: after the pause, with the same message; what was on its way
/// is sent again.
#[tokio::test(start_paused = true)]
async fn a_restart_loses_nothing() {
    let mut scene = Scene::new();
    scene.answers([Ok(Answer { status: 503, retry_after: Some(100 * SECOND) })]);
    scene.run();
    scene.put(1, "one");
    scene.posted(1).await;
    scene.run();
    sleep(99 * SECOND).await;
    scene.network.0.posted.subscribe().wait_for(|posted| posted.len() == 2).await.unwrap();
    scene.run();
    assert_eq!(scene.ended(1).await, (ActionResult::Done, "200".to_owned()));
    let posted = scene.posted(3).await;
    assert_eq!((posted[0].second, posted[1].second), (0, 101));
    assert!(posted.iter().all(|one| one.body == posted[0].body));
}

/// Scenario: the ledger does not write down that a message ended, and new messages come.
/// Guarantees: it is not sent again.
#[tokio::test(start_paused = true)]
async fn what_ended_is_not_sent_again_by_this_run() {
    let mut scene = Scene::new();
    scene.run();
    scene.mail.0.lock().unwrap().refuses = true;
    scene.put(1, "one");
    scene.ended(1).await;
    scene.put(2, "one");
    scene.ended(2).await;
    assert_eq!(ids(&scene.posted(2).await), ["plimsoll-one-1", "plimsoll-one-2"]);
}

/// Scenario: the ledger cannot be read at the start, and again when a message comes while another is on its way.
/// Guarantees: it is read again by itself, in pauses that grow; what is on its way arrives meanwhile.
#[tokio::test(start_paused = true)]
async fn an_outbox_that_cannot_be_read_is_read_again() {
    let mut scene = Scene::new();
    scene.mail.0.lock().unwrap().unreadable = 3;
    scene.put(1, "one");
    scene.bell.notified().await;
    scene.run();
    scene.network.0.posted.subscribe().wait_for(|posted| posted.len() == 1).await.unwrap();
    let waited = scene.began.elapsed();
    assert!(SECOND * 7 / 2 <= waited && waited <= 8 * SECOND, "{waited:?}");
    scene.mail.0.lock().unwrap().unreadable = 2;
    scene.put(2, "two");
    scene.ended(1).await;
    assert!(scene.began.elapsed() <= waited + SECOND);
    scene.ended(2).await;
    assert_eq!(scene.mail.0.lock().unwrap().reads, 4 + 3);
}

/// Scenario: between attempts the user moves the webhook, then sets none for this project any more.
/// Guarantees: each attempt goes where the policy says then; without a webhook it is over.
#[tokio::test(start_paused = true)]
async fn the_policy_of_the_moment_holds() {
    let mut scene = Scene::new();
    scene.answers([status(500), status(500)]);
    scene.run();
    scene.put(1, "one");
    scene.posted(1).await;
    scene.policy.send_replace(policy(Some("http://b/")));
    let mut posted = scene.network.0.posted.subscribe();
    let urls: Vec<String> = posted
        .wait_for(|all| all.len() == 2)
        .await
        .unwrap()
        .iter()
        .map(|one| one.url.clone())
        .collect();
    assert_eq!(urls, ["http://a/", "http://b/"]);
    let none = ActionChange { webhook: Some(None), ..ActionChange::default() };
    let here = Override {
        project: Some(std::path::Path::new("/home/me/engine").into()),
        actions: [ActionChange::default(), none, ActionChange::default()],
        ..Override::default()
    };
    let elsewhere = (*policy(Some("http://b/"))).clone();
    scene.policy.send_replace(Arc::new(Policy { overrides: vec![here], ..elsewhere }));
    let wished = "no webhook is set any more".to_owned();
    assert_eq!(scene.ended(1).await, (ActionResult::Failed, wished));
    scene.posted(2).await;
}
