//! Acknowledged checkpoints.

use plimsoll_domain::{
    Checkpoint, Level, Revision, SessionId, Timestamp, checkpoint::LONGEST_NOTE,
};
use plimsoll_ledger::Change;

use crate::desk::{Desk, alert, checkpoint, event, millis};

/// Scenario: a request, an alert, a checkpoint, another request; a subscriber reads the commits, another one the file.
/// Guarantees: the checkpoint has the next number, is told with its commit, and stands among the changes in order, also
/// in pages of one; after a crash no number is given twice.
#[tokio::test]
async fn a_checkpoint_is_a_change() {
    let desk = Desk::open().await;
    let mut commits = desk.ledger.commits();
    desk.record(vec![event("s", "req_1", 1_000, 1)]).await;
    desk.ledger.claim(alert("s", 1_000, Level::Checkpoint), false).await.unwrap();
    let told = Checkpoint {
        note: Some("see NOTES.md".into()),
        path: Some("/work/NOTES.md".into()),
        tokens: Some(134_000),
        ..checkpoint("s", 2_000)
    };
    let written = desk.ledger.acknowledge(told.clone()).await.unwrap();
    assert_eq!(written, Checkpoint { revision: Some(Revision(3)), ..told });
    assert_eq!(desk.ledger.revision(), Revision(3));
    desk.record(vec![event("s", "req_2", 3_000, 1)]).await;
    let mut changes = Vec::new();
    for _ in 0..4 {
        changes.extend(commits.recv().await.unwrap().changes.clone());
    }
    assert_eq!(changes[2], Change::Checkpoint(written));
    assert_eq!(desk.ledger.changes(Revision(0), 10).await.unwrap(), changes);
    for (after, change) in (0..).zip(&changes) {
        let page = desk.ledger.changes(Revision(after), 1).await.unwrap();
        assert_eq!(page.as_slice(), std::slice::from_ref(change));
    }

    let last = desk.ledger.acknowledge(checkpoint("s", 4_000)).await.unwrap();
    let desk = desk.crash().await;
    assert_eq!((last.revision, desk.ledger.revision()), (Some(Revision(5)), Revision(5)));
    assert_eq!(desk.ledger.changes(Revision(4), 10).await.unwrap(), [Change::Checkpoint(last)]);
}

/// Scenario: a checkpoint of a session that nobody told of; then that session's first request comes.
/// Guarantees: it is kept, also over a crash, and belongs to the same session as the request.
#[tokio::test]
async fn a_session_may_begin_with_a_checkpoint() {
    let desk = Desk::open().await;
    desk.ledger.acknowledge(checkpoint("new", 2_000)).await.unwrap();
    let desk = desk.crash().await;
    assert_eq!(desk.ledger.changes(Revision(0), 10).await.unwrap().len(), 1);
    assert!(desk.ledger.sessions(None, 10).await.unwrap().is_empty());
    desk.record(vec![event("other", "req_1", 1_000, 1), event("new", "req_2", 3_000, 1)]).await;
    let session = SessionId::new("new");
    let kept = desk.ledger.checkpoints(Some(&session), 10).await.unwrap();
    assert_eq!(kept.len(), 1);
    let books = desk.session("new").await;
    assert_eq!((books.first_at, books.usage.requests), (millis(2_000), 1));
}

/// Scenario: a note as long as may be, and one that is longer by one character.
/// Guarantees: the former is kept whole; the latter is cut between two characters, and told as it is kept.
#[tokio::test]
async fn a_long_note_is_cut() {
    let desk = Desk::open().await;
    for extra in [0, 1] {
        let note = Some("\u{fc}".repeat(LONGEST_NOTE + extra).into());
        let written =
            desk.ledger.acknowledge(Checkpoint { note, ..checkpoint("s", 1_000) }).await.unwrap();
        assert_eq!(written.note.as_deref(), Some(&*"\u{fc}".repeat(LONGEST_NOTE)));
        assert_eq!(desk.ledger.checkpoints(None, 1).await.unwrap(), [written]);
    }
}

/// Scenario: checkpoints of two sessions, not in order of time.
/// Guarantees: of one session all are told, the last written first; of all sessions the last of each; no more than asked
/// for.
#[tokio::test]
async fn the_newest_comes_first() {
    let desk = Desk::open().await;
    for (session, at) in [("s", 3_000), ("t", 2_000), ("s", 1_000)] {
        desk.ledger.acknowledge(checkpoint(session, at)).await.unwrap();
    }
    assert_eq!(times(&desk, None, 10).await, [1_000, 2_000]);
    assert_eq!(times(&desk, None, 1).await, [1_000]);
    assert_eq!(times(&desk, Some("s"), 10).await, [1_000, 3_000]);
    assert_eq!(times(&desk, Some("s"), 1).await, [1_000]);
    assert_eq!(times(&desk, Some("nobody"), 10).await, [0; 0]);
}

/// Scenario: a session acknowledges once, another one then more often than sessions are asked for; a restart.
/// Guarantees: the former's checkpoint is still among the last ones.
#[tokio::test]
async fn a_busy_session_hides_no_other() {
    let desk = Desk::open().await;
    desk.ledger.acknowledge(checkpoint("quiet", 1_000)).await.unwrap();
    for at in 2_000..2_070 {
        desk.ledger.acknowledge(checkpoint("busy", at)).await.unwrap();
    }
    let desk = desk.reopen().await;
    assert_eq!(times(&desk, None, 64).await, [2_069, 1_000]);
}

async fn times(desk: &Desk, session: Option<&str>, limit: u32) -> Vec<i64> {
    let session = session.map(SessionId::new);
    let all = desk.ledger.checkpoints(session.as_ref(), limit).await.unwrap();
    all.into_iter().map(|one| Timestamp::millis(one.at)).collect()
}
