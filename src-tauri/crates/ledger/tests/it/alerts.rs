//! Alerts: claims, what became of them, and what is owed.

mod acknowledged;
mod unfinished;

use std::sync::Arc;

use plimsoll_domain::{
    ActionKind, ActionResult, AgentId, Alert, Level, Outcome, ProcessId, ProjectPlace, Revision,
    SessionId, Statement, Witness,
};
use plimsoll_ledger::{
    AlertFilter, AlertRecord, Change, Claim, Delivery, DeliveryState, LedgerFile, Pruned,
};

use crate::desk::{Desk, alert, checkpoint, event, fact, millis};

async fn claim(desk: &Desk, alert: Alert, webhook: bool) -> Option<Alert> {
    match desk.ledger.claim(alert, webhook).await.unwrap() {
        Claim::Granted(alert) => Some(alert),
        Claim::Taken => None,
    }
}

async fn alerts(desk: &Desk) -> Vec<AlertRecord> {
    desk.ledger.alerts(AlertFilter { limit: 100, ..AlertFilter::default() }).await.unwrap()
}

async fn owed(desk: &Desk) -> Vec<Delivery> {
    desk.ledger.deliveries().await.unwrap()
}

fn outcome(alert: i64, action: ActionKind, result: ActionResult, detail: &str) -> Outcome {
    let detail = Some(detail.into());
    Outcome { alert: Revision(alert), action, at: millis(9_000), result, detail }
}

/// A session that works in `/work/a`.
async fn at_work(desk: &Desk, session: &str) {
    let place = ProjectPlace { path: "/work/a".into(), branch: None };
    let mut place = fact(session, 900, Statement::Project(place));
    place.envelope.witness = Witness::Transcript;
    desk.record(vec![place, event(session, &format!("req_{session}"), 1_000, 1)]).await;
}

/// Scenario: alerts of a main thread and of a subagent with everything that is known of them, and one of which nothing
/// is forecast; then a crash.
/// Guarantees: changes and records tell every field as it was claimed.
#[tokio::test]
async fn an_alert_is_read_as_it_was_claimed() {
    let desk = Desk::open().await;
    at_work(&desk, "s").await;
    let main = alert("s", 1_000, Level::Notice);
    let mut agents = Alert { compacts: false, ..alert("s", 2_000, Level::Urgent) };
    agents.thread.process = Some(ProcessId(3));
    agents.thread.agent = Some(AgentId::new("a-1"));
    let vague = alert("s", 3_000, Level::Checkpoint);
    let vague = Alert { model: None, turns: None, minutes: None, ..vague };
    let mut granted = Vec::new();
    for alert in [main, agents, vague] {
        granted.push(claim(&desk, alert, false).await.unwrap());
    }
    let desk = desk.crash().await;
    let changes: Vec<_> = granted.iter().cloned().map(Change::Alert).collect();
    assert_eq!(desk.ledger.changes(Revision(1), 10).await.unwrap(), changes);
    let records = granted.into_iter().rev().map(|alert| AlertRecord {
        alert,
        project: Some("/work/a".into()),
        outcomes: Vec::new(),
        acknowledged: None,
    });
    assert_eq!(alerts(&desk).await, records.collect::<Vec<_>>());
}

/// Scenario: an alert is claimed with a webhook, another without; the first again, with one and without; then a crash,
/// and both once more.
/// Guarantees: each is granted once; the outbox holds the first, due at once, and nothing for a claim that was not
/// granted; the crash loses neither and doubles neither.
#[tokio::test]
async fn a_claim_and_what_it_owes_are_one() {
    let desk = Desk::open().await;
    at_work(&desk, "s").await;
    let (loud, silent) = (alert("s", 1_000, Level::Urgent), alert("s", 1_000, Level::Notice));
    let first = claim(&desk, loud.clone(), true).await.unwrap();
    assert!(claim(&desk, silent.clone(), false).await.is_some());
    assert_eq!(claim(&desk, loud.clone(), false).await, None);
    let expected = [Delivery {
        next_at: first.at,
        alert: first,
        project: Some(Arc::from("/work/a")),
        attempts: 0,
    }];
    assert_eq!(owed(&desk).await, expected);
    let desk = desk.crash().await;
    for alert in [loud, silent] {
        assert_eq!(claim(&desk, alert, true).await, None);
    }
    assert_eq!(owed(&desk).await, expected);
}

/// Scenario: an alert owes a message before its session's project is known; then the project is told, another alert owes
/// one, the session goes on elsewhere, and the ledger is opened again.
/// Guarantees: each message has the project of the moment at which it was owed, however late it is read.
#[tokio::test]
async fn what_is_owed_says_the_same_every_time() {
    let desk = Desk::open().await;
    desk.record(vec![event("s", "req_1", 500, 1)]).await;
    assert!(claim(&desk, alert("s", 1_000, Level::Urgent), true).await.is_some());
    at_work(&desk, "s").await;
    assert!(claim(&desk, alert("s", 2_000, Level::Urgent), true).await.is_some());
    let place = ProjectPlace { path: "/work/b".into(), branch: None };
    let mut place = fact("s", 3_000, Statement::Project(place));
    place.envelope.witness = Witness::Transcript;
    desk.record(vec![place]).await;
    assert_eq!(desk.session("s").await.project.as_deref(), Some("/work/b"));
    let before = owed(&desk).await;
    let projects: Vec<_> = before.iter().map(|one| one.project.as_deref()).collect();
    assert_eq!(projects, [None, Some("/work/a")]);
    assert_eq!(owed(&desk.reopen().await).await, before);
}

/// Scenario: three alerts owe a message; one attempt fails, one arrives, and the attempt that failed is told of again
/// after the message arrived; the ledger is opened again in between.
/// Guarantees: what is owed is told in order with its attempts until it ended, and never again after that.
#[tokio::test]
async fn what_is_owed_survives() {
    let desk = Desk::open().await;
    at_work(&desk, "s").await;
    for cycle in [3_000, 1_000, 2_000] {
        assert!(claim(&desk, alert("s", cycle, Level::Urgent), true).await.is_some());
    }
    let again = |attempts| DeliveryState::Again { attempts, next_at: millis(60_000) };
    desk.ledger.note_delivery(Revision(2), again(1)).await.unwrap();
    desk.ledger.note_delivery(Revision(3), DeliveryState::Ended).await.unwrap();
    desk.ledger.note_delivery(Revision(99), DeliveryState::Ended).await.unwrap();
    let desk = desk.reopen().await;
    let rest: Vec<_> = owed(&desk)
        .await
        .into_iter()
        .map(|one| (one.alert.revision.unwrap().0, one.attempts, one.next_at.millis()))
        .collect();
    assert_eq!(rest, [(2, 1, 60_000), (4, 0, 2_400)]);
    desk.ledger.note_delivery(Revision(3), again(2)).await.unwrap();
    assert_eq!(owed(&desk).await.len(), 2);
}

/// Scenario: a command begins, begins again after a crash, and ends; another action of the same alert begins.
/// Guarantees: each action begins once, whatever result the call names; the outcome that is told is the last one noted.
#[tokio::test]
async fn an_action_begins_once() {
    use ActionKind::{Command, Notification};
    let desk = Desk::open().await;
    at_work(&desk, "s").await;
    assert!(claim(&desk, alert("s", 1_000, Level::Urgent), false).await.is_some());
    let command = outcome(2, Command, ActionResult::Done, "make save");
    assert!(desk.ledger.begin_outcome(command.clone()).await.unwrap());
    let desk = desk.crash().await;
    assert!(!desk.ledger.begin_outcome(command.clone()).await.unwrap());
    let begun = Outcome { result: ActionResult::Begun, ..command };
    assert_eq!(alerts(&desk).await[0].outcomes, [begun]);

    let failed = outcome(2, Command, ActionResult::Failed, "exit code 1");
    desk.ledger.note_outcome(failed.clone()).await.unwrap();
    let shown = outcome(2, Notification, ActionResult::Done, "");
    desk.ledger.note_outcome(shown.clone()).await.unwrap();
    assert!(!desk.ledger.begin_outcome(shown.clone()).await.unwrap());
    assert_eq!(alerts(&desk).await[0].outcomes, [shown, failed]);
}

/// Scenario: details of up to 4 KiB and beyond, whose characters have several bytes.
/// Guarantees: what is longer is cut before the character that does not fit.
#[tokio::test]
async fn a_long_detail_is_cut() {
    let desk = Desk::open().await;
    at_work(&desk, "s").await;
    assert!(claim(&desk, alert("s", 1_000, Level::Urgent), false).await.is_some());
    for (given, kept) in [(1_365, 1_365), (1_366, 1_365)] {
        let detail = "\u{20ac}".repeat(given);
        let told = outcome(2, ActionKind::Command, ActionResult::Done, &detail);
        desk.ledger.note_outcome(told).await.unwrap();
        let detail = alerts(&desk).await[0].outcomes[0].detail.clone();
        assert_eq!(detail.as_deref(), Some(&*"\u{20ac}".repeat(kept)));
    }
}

/// Scenario: alerts of two sessions.
/// Guarantees: pages go from the newest to the oldest without a hole, of all sessions and of one.
#[tokio::test]
async fn alerts_come_in_pages() {
    let desk = Desk::open().await;
    at_work(&desk, "s").await;
    at_work(&desk, "t").await;
    for (session, cycle) in [("s", 1_000), ("t", 1_000), ("s", 2_000), ("s", 3_000)] {
        assert!(claim(&desk, alert(session, cycle, Level::Notice), false).await.is_some());
    }
    let page = async |session: Option<&str>, before: Option<i64>| -> Vec<i64> {
        let session = session.map(SessionId::new);
        let filter = AlertFilter { session, before: before.map(Revision), limit: 2 };
        let page = desk.ledger.alerts(filter).await.unwrap();
        page.into_iter().map(|one| one.alert.revision.unwrap().0).collect()
    };
    assert_eq!(page(None, None).await, [6, 5]);
    assert_eq!(page(None, Some(5)).await, [4, 3]);
    assert_eq!(page(Some("s"), None).await, [6, 5]);
    assert_eq!(page(Some("s"), Some(5)).await, [3]);
    assert_eq!(page(Some("nobody"), None).await, [0; 0]);
}

/// Scenario: everything is pruned while one old alert still owes its message; then that ends, and it is pruned again.
/// Guarantees: as announced, alerts and checkpoints go, and what became of them; the alert that owes something goes
/// when it does not any more; the last number stays.
#[tokio::test]
async fn alerts_are_pruned_when_they_owe_nothing() {
    let desk = Desk::open().await;
    at_work(&desk, "s").await;
    for (cycle, webhook) in [(1_000, true), (2_000, false), (3_000, true)] {
        assert!(claim(&desk, alert("s", cycle, Level::Urgent), webhook).await.is_some());
    }
    desk.ledger.note_delivery(Revision(4), DeliveryState::Ended).await.unwrap();
    for (alert, detail) in [(2, "kept"), (3, "gone")] {
        let told = outcome(alert, ActionKind::Command, ActionResult::Done, detail);
        desk.ledger.note_outcome(told).await.unwrap();
    }
    desk.ledger.acknowledge(checkpoint("s", 4_000)).await.unwrap();
    let last = desk.ledger.acknowledge(checkpoint("s", 5_000)).await.unwrap();
    let prune = async |expected: u64| {
        let cut = millis(1_000_000);
        let announced = LedgerFile::open(&desk.path()).await.unwrap().prunable(cut).await.unwrap();
        assert_eq!(desk.ledger.prune(cut).await.unwrap(), announced);
        assert_eq!(
            announced,
            Pruned { alerts: expected, requests: announced.requests, ..announced }
        );
    };
    prune(3).await;
    assert_eq!(owed(&desk).await.len(), 1);
    let kept = alerts(&desk).await;
    assert_eq!((kept.len(), kept[0].outcomes[0].detail.as_deref()), (1, Some("kept")));
    assert_eq!(desk.ledger.checkpoints(None, 10).await.unwrap(), [last]);
    desk.ledger.note_delivery(Revision(2), DeliveryState::Ended).await.unwrap();
    prune(1).await;
    assert!(alerts(&desk).await.is_empty());
    let desk = desk.reopen().await;
    assert_eq!(desk.ledger.revision(), Revision(6));
}
