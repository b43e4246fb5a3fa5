use std::time::Duration;

use plimsoll_domain::AgentId;

use super::*;
use crate::message::tests::alert;

/// An alert of a session with a number, so many seconds after the beginning.
fn granted(session: &str, revision: i64, second: u64) -> Alert {
    let mut alert = alert();
    alert.thread.session = SessionId::new(session);
    alert.revision = Some(Revision(revision));
    alert.at = at(second);
    alert
}

fn at(second: u64) -> Timestamp {
    Timestamp::from_millis(1_795_435_200_000).after(Duration::from_secs(second))
}

fn put(inbox: &Inbox, alert: &Alert) -> Option<Revision> {
    inbox.put(alert, format!("text {}", alert.revision.unwrap().0))
}

fn taken(inbox: &Inbox, session: &str) -> Option<i64> {
    inbox.take(&SessionId::new(session)).map(|told| told.alert.0)
}

/// Scenario: levels of two sessions, a newer one before the older was taken, an older one after it, and one of a
/// subagent.
/// Guarantees: each session is told its newest, once; what it replaced is named; subagents say nothing to it.
#[test]
fn a_session_is_told_its_newest_once() {
    let inbox = Inbox::new();
    assert_eq!(put(&inbox, &granted("one", 1, 1)), None);
    assert_eq!(put(&inbox, &granted("two", 2, 2)), None);
    assert_eq!(put(&inbox, &granted("one", 4, 4)), Some(Revision(1)));
    assert_eq!(put(&inbox, &granted("one", 3, 3)), None);
    let mut subagents = granted("three", 5, 5);
    subagents.thread.agent = Some(AgentId::new("a"));
    assert_eq!(put(&inbox, &subagents), None);
    let told = inbox.clone().take(&SessionId::new("one"));
    assert_eq!(told, Some(InSession { alert: Revision(4), text: "text 4".to_owned() }));
    assert_eq!(taken(&inbox, "one"), None);
    assert_eq!((taken(&inbox, "two"), taken(&inbox, "three")), (Some(2), None));
}

/// Scenario: cycles begin before and after what waits; some of what waits is dropped by its alert.
/// Guarantees: what was said of a former cycle, and what is dropped, is told no more; the rest is.
#[test]
fn what_is_over_is_told_no_more() {
    let inbox = Inbox::new();
    let one = SessionId::new("one");
    put(&inbox, &granted("one", 1, 10));
    assert_eq!(inbox.drop_cycle(&one, at(10)), None);
    assert_eq!(inbox.drop_cycle(&SessionId::new("two"), at(11)), None);
    assert_eq!(inbox.drop_cycle(&one, at(11)), Some(Revision(1)));
    assert_eq!(taken(&inbox, "one"), None);
    put(&inbox, &granted("one", 2, 20));
    put(&inbox, &granted("two", 3, 21));
    assert_eq!(inbox.drop_if(|alert| alert.at < at(21)), [Revision(2)]);
    assert_eq!((taken(&inbox, "one"), taken(&inbox, "two")), (None, Some(3)));
}

/// Scenario: a text of more than 10,000 characters of several bytes.
/// Guarantees: it is cut between characters, at 10,000.
#[test]
fn long_texts_are_cut() {
    let inbox = Inbox::new();
    let _ = inbox.put(&granted("one", 1, 1), "\u{e9}".repeat(LONGEST + 1));
    let told = inbox.take(&SessionId::new("one")).unwrap();
    assert_eq!(told.text.chars().count(), LONGEST);
}

/// Scenario: checkpoints of a session in any order, and of another one without note and path.
/// Guarantees: the newest is what it is reminded of, as often as it is asked for.
#[test]
fn the_last_checkpoint_is_remembered() {
    let inbox = Inbox::new();
    let session = SessionId::new("one");
    let checkpoint = |note: &str, second| Checkpoint {
        session: session.clone(),
        at: at(second),
        note: Some(note.into()),
        path: None,
        tokens: None,
        revision: None,
    };
    assert_eq!(inbox.note_after_compaction(&session), None);
    inbox.remember(&checkpoint("first", 1));
    inbox.remember(&checkpoint("third", 3));
    inbox.remember(&checkpoint("second", 2));
    for _ in 0..2 {
        let note = inbox.note_after_compaction(&session).unwrap();
        assert!(note.ends_with("Its note: third"), "{note}");
    }
    let bare = Checkpoint { session: SessionId::new("two"), note: None, ..checkpoint("", 4) };
    inbox.remember(&bare);
    assert_eq!(inbox.note_after_compaction(&SessionId::new("two")), None);
}
