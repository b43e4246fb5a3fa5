//! Which checkpoint answers an alert.

use plimsoll_domain::{
    AgentId, Compaction, CompactionTrigger::Auto, CompactionTrigger::Manual, Level, Statement,
    Witness,
};

use super::{alerts, at_work, claim};
use crate::desk::{Desk, alert, checkpoint, compaction, fact, millis};

/// A session with an alert that was reached at 10.4 s.
async fn alerted() -> Desk {
    let desk = Desk::open().await;
    at_work(&desk, "s").await;
    assert!(claim(&desk, alert("s", 10_000, Level::Checkpoint), false).await.is_some());
    desk
}

/// When the oldest alert was acknowledged, in milliseconds.
async fn acknowledged(desk: &Desk) -> Option<i64> {
    alerts(desk).await.last().unwrap().acknowledged.map(plimsoll_domain::Timestamp::millis)
}

async fn acknowledge(desk: &Desk, session: &str, at: i64) {
    desk.ledger.acknowledge(checkpoint(session, at)).await.unwrap();
}

/// Scenario: checkpoints before the alert, of another session, at the alert's moment or after it, and twice.
/// Guarantees: the first of the session that is not before the alert answers it.
#[tokio::test]
async fn the_first_checkpoint_after_it_counts() {
    let desk = alerted().await;
    acknowledge(&desk, "s", 10_399).await;
    acknowledge(&desk, "t", 10_500).await;
    assert_eq!(acknowledged(&desk).await, None);
    acknowledge(&desk, "s", 12_000).await;
    acknowledge(&desk, "s", 11_000).await;
    assert_eq!(acknowledged(&desk).await, Some(11_000));
    acknowledge(&desk, "s", 10_400).await;
    assert_eq!(acknowledged(&desk).await, Some(10_400));
}

/// Scenario: a compaction before the checkpoint, by the client or by the user; one after it; one that failed; one that
/// ended before the alert, of which a hook tells after it.
/// Guarantees: only a compaction that succeeded in between ends the wait, and one that ended before is none of these,
/// however late it is told of.
#[tokio::test]
async fn a_compaction_ends_the_wait() {
    for (trigger, at, expected) in [
        (Auto, 20_000, None),
        (Manual, 20_000, None),
        (Auto, 20_001, Some(20_000)),
        (Manual, 10_400, Some(20_000)),
    ] {
        let desk = alerted().await;
        acknowledge(&desk, "s", 20_000).await;
        let told = (trigger, Some(1_511), Some(200));
        desk.record(vec![compaction("s", at, Witness::Event, told)]).await;
        assert_eq!(acknowledged(&desk).await, expected, "{trigger:?} at {at}");
    }
    let desk = alerted().await;
    acknowledge(&desk, "s", 20_000).await;
    let failed = Compaction { trigger: Auto, success: false, before: None, after: None };
    let failed = fact("s", 15_000, Statement::Compaction(failed));
    let before = compaction("s", 9_000, Witness::Event, (Auto, Some(1_511), None));
    let late = compaction("s", 12_000, Witness::Hook, (Auto, None, None));
    desk.record(vec![failed, before, late]).await;
    assert_eq!(acknowledged(&desk).await, Some(20_000));
}

/// Scenario: a later alert of the same cycle; then one of a later cycle, and one of a later cycle of a subagent.
/// Guarantees: only the next cycle of the same thread ends the wait, from its beginning on; its own alert waits anew.
#[tokio::test]
async fn the_next_cycle_ends_the_wait() {
    let desk = alerted().await;
    acknowledge(&desk, "s", 20_000).await;
    assert!(claim(&desk, alert("s", 10_000, Level::Urgent), false).await.is_some());
    let mut agents = alert("s", 15_000, Level::Urgent);
    agents.thread.agent = Some(AgentId::new("a-1"));
    assert!(claim(&desk, agents, false).await.is_some());
    assert!(claim(&desk, alert("s", 20_001, Level::Notice), false).await.is_some());
    assert_eq!(acknowledged(&desk).await, Some(20_000));
    assert!(claim(&desk, alert("s", 19_999, Level::Notice), false).await.is_some());
    assert_eq!(acknowledged(&desk).await, None);
    acknowledge(&desk, "s", 30_000).await;
    assert_eq!(alerts(&desk).await[1].acknowledged, Some(millis(30_000)));
}
