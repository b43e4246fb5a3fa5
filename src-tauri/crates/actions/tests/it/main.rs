//! From a claim in a real ledger to a notification service on a bus of the test's own.
#![cfg(target_os = "linux")]
#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod child;
mod desk;

use desk::{Desk, Notified};

/// Scenario: alerts are granted before the service comes, while it is there, and after it was replaced by
/// another; more of them than connections are kept open.
/// Guarantees: each is shown once, with name, icon and urgency as the specification has them and no markup; a
/// session's notice replaces its last one of the same service; the first is heard of late, with a hint
/// meanwhile; the connections of the last four stay open.
#[tokio::test]
async fn alerts_reach_the_desktop() {
    let mut desk = Desk::new().await;
    let mut child = desk.start_child();
    child.says("raised Alerts do not pop up: no notification service is running").await;
    child.claim("one", "-", 1);
    desk.come().await;
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

    desk.come().await;
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
