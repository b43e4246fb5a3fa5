//! From a claim in a real ledger to a notification service on a bus of the test's own.
#![cfg(target_os = "linux")]
#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod child;
mod desk;

use desk::{Desk, Manners, Notified, Told};

/// What the child says while there is no service.
const ABSENT: &str = "raised Alerts do not pop up: no notification service is running";

/// Scenario: alerts are granted before the service comes, while it is there, and after it was replaced by
/// another; more of them than connections are kept open.
/// Guarantees: each is shown once, with name, icon and urgency as the specification has them and no markup; a
/// session's notice replaces its last one of the same service; the first is heard of late, with a hint
/// meanwhile; the connections of the last four stay open.
#[tokio::test]
async fn alerts_reach_the_desktop() {
    let mut desk = Desk::new().await;
    let mut child = desk.start_child();
    child.says(ABSENT).await;
    child.claim("one", "-", 1);
    desk.come(Manners::Anyone).await;
    child.says("cleared").await;
    child.claim("one", "agent", 2);
    desk.shown(2).await;
    child.claim("two<", "-", 3);

    let calls = desk.shown(3).await;
    let body = "110k of 167k tokens: 57k left before it compacts.";
    let named = format!("Subagent R&amp;D &lt;b&gt; at {body}");
    for (call, (replaces, summary, body, urgency)) in calls.iter().zip([
        (0, "harbour: notice", body, 0_u8),
        (1, "harbour: checkpoint", &named, 1),
        (0, "two<: urgent", body, 2),
    ]) {
        let wished = Notified {
            app: "Plimsoll".to_owned(),
            replaces,
            icon: "plimsoll".to_owned(),
            summary: summary.to_owned(),
            body: body.to_owned(),
            urgency: Some(urgency),
            desktop_entry: Some("plimsoll".to_owned()),
            sender: call.sender.clone(),
        };
        assert_eq!(*call, wished);
    }

    desk.leave().await;
    child.says(ABSENT).await;
    desk.come(Manners::Anyone).await;
    child.says("cleared").await;
    child.claim("one", "-", 3);
    let replaced = desk.shown(4).await[3].clone();
    assert_eq!((replaced.replaces, replaced.summary.as_str()), (0, "harbour: urgent"));
    for session in ["three", "four", "five"] {
        child.claim(session, "-", 1);
    }
    let calls = desk.shown(7).await;
    for (at, call) in calls.iter().enumerate() {
        desk.waits_for_connection(&call.sender, at >= 3).await;
    }
}

/// A desk with a service, and the child that found it.
async fn meet(manners: Manners) -> (Desk, Told) {
    let mut desk = Desk::new().await;
    let mut child = desk.start_child();
    child.says(ABSENT).await;
    desk.come(manners).await;
    child.says("cleared").await;
    (desk, child)
}

/// Scenario: two alerts of one session, an alert of another; each begins a cycle; the first reaches a level
/// anew; then so many others are shown that its connection is not kept, and it begins a cycle again.
/// Guarantees: each notification is closed once, by its number, also the one whose connection is gone; what
/// was closed is not replaced.
#[tokio::test]
async fn what_is_over_is_withdrawn() {
    let (desk, child) = meet(Manners::Anyone).await;
    child.claim("one", "-", 2);
    desk.shown(1).await;
    child.claim("one", "-", 3);
    desk.shown(2).await;
    child.claim("two", "-", 3);
    let replaces: Vec<_> = desk.shown(3).await.iter().map(|call| call.replaces).collect();
    assert_eq!(replaces, [0, 1, 0]);
    child.begin("two");
    assert_eq!(desk.closed(1).await, [2]);
    child.begin("one");
    assert_eq!(desk.closed(2).await, [2, 1]);

    child.claim("one", "-", 1);
    let first = desk.shown(4).await[3].clone();
    assert_eq!(first.replaces, 0);
    for session in ["three", "four", "five", "six"] {
        child.claim(session, "-", 1);
    }
    desk.shown(8).await;
    desk.waits_for_connection(&first.sender, false).await;
    child.begin("one");
    assert_eq!(desk.closed(3).await, [2, 1, 3]);
}

/// Scenario: two alerts of a session, which then begins a cycle, where only the connection that brought a
/// notification may replace or close it.
/// Guarantees: the second is shown after the first was closed, and is closed when its cycle is over.
#[tokio::test]
async fn who_brought_a_notification_takes_it_down() {
    let (desk, child) = meet(Manners::Owner).await;
    child.claim("one", "-", 2);
    desk.shown(1).await;
    child.claim("one", "-", 3);
    let calls = desk.shown(2).await;
    assert_eq!((calls[1].replaces, calls[1].summary.as_str()), (0, "harbour: urgent"));
    assert_eq!(desk.closed(1).await, [1]);
    child.begin("one");
    assert_eq!(desk.closed(2).await, [1, 2]);
}
