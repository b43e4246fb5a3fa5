//! Actions that were left where a restart found them.

use plimsoll_domain::{ActionKind, ActionResult, CompactionTrigger, Level, Revision, Witness};
use plimsoll_ledger::Unfinished;

use super::{at_work, claim, outcome};
use crate::desk::{Desk, alert, compaction};

const TOLD: ActionKind = ActionKind::InSession;
const BEGUN: ActionResult = ActionResult::Begun;

async fn left(desk: &Desk) -> Vec<(Revision, bool, bool)> {
    let left = desk.ledger.unfinished(TOLD, BEGUN).await.unwrap();
    let said = |one: &Unfinished| (one.alert.revision.unwrap(), one.replaced, one.over);
    left.iter().map(said).collect()
}

/// Claims an alert, and notes that its session is to be told.
async fn begin(desk: &Desk, session: &str, cycle: i64, level: Level) -> Revision {
    let granted = claim(desk, alert(session, cycle, level), false).await.unwrap();
    let revision = granted.revision.unwrap();
    desk.ledger.note_outcome(outcome(revision.0, TOLD, BEGUN, "it waits")).await.unwrap();
    revision
}

/// Scenario: texts of two sessions wait, one was told, one is of a level before another; commands began too; then a crash.
/// Guarantees: those that wait are told of as they were claimed, in order, with their projects; which is not the newest
/// is known.
#[tokio::test]
async fn what_was_left_is_found() {
    let desk = Desk::open().await;
    for session in ["a", "b", "c"] {
        at_work(&desk, session).await;
    }
    let first = begin(&desk, "a", 1_000, Level::Notice).await;
    let second = begin(&desk, "a", 1_000, Level::Urgent).await;
    let other = begin(&desk, "b", 2_000, Level::Notice).await;
    let told = begin(&desk, "c", 3_000, Level::Notice).await;
    let done = outcome(told.0, TOLD, ActionResult::Done, "the client took it");
    desk.ledger.note_outcome(done).await.unwrap();
    let command = outcome(told.0, ActionKind::Command, BEGUN, "");
    desk.ledger.note_outcome(command).await.unwrap();
    let desk = desk.crash().await;
    let wished = [(first, true, false), (second, false, false), (other, false, false)];
    assert_eq!(left(&desk).await, wished);
    let all = desk.ledger.unfinished(TOLD, BEGUN).await.unwrap();
    let mut claimed = alert("b", 2_000, Level::Notice);
    claimed.revision = Some(other);
    assert_eq!((&all[2].alert, all[2].project.as_deref()), (&claimed, Some("/work/a")));
}

/// Scenario: while texts wait, one session tells of a compaction, which may be a subagent's, and the thread of another reaches
/// a level in its next cycle.
/// Guarantees: of the second alone it is known that its cycle is over.
#[tokio::test]
async fn a_cycle_that_is_over_is_known() {
    let desk = Desk::open().await;
    for session in ["a", "c"] {
        at_work(&desk, session).await;
    }
    let compacted = compaction("a", 1_500, Witness::Hook, (CompactionTrigger::Auto, None, None));
    let first = begin(&desk, "a", 1_000, Level::Notice).await;
    desk.record(vec![compacted]).await;
    let second = begin(&desk, "c", 1_000, Level::Urgent).await;
    assert!(claim(&desk, alert("c", 2_000, Level::Notice), false).await.is_some());
    let wished = [(first, false, false), (second, false, true)];
    assert_eq!(left(&desk).await, wished);
}
