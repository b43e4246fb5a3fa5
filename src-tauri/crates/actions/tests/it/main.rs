//! From a claim in a real ledger to a notification service on a bus of the test's own, to commands and web servers.
#![cfg(target_os = "linux")]
#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod child;
mod desk;
mod dispatch;
mod tls;

use desk::{Desk, Manners, Notified, Told};

/// What the child says while there is no service.
const ABSENT: &str = "raised Alerts do not pop up: no notification service is running";

/// The buttons of every notification, with their names.
const BUTTONS: [&str; 6] = ["default", "Open", "open", "Open", "snooze", "Snooze 30 min"];

/// Scenario: alerts are granted before the service comes, while it is there, and after it was replaced by
/// another; some of them close together.
/// Guarantees: each is shown once, with name, icon, urgency and buttons as the specification has them and no markup; a
/// session's notice replaces its last one of the same service; those of several sessions that come together are
/// shown as one; the first is heard of late, with a hint meanwhile; one connection brings all of them, and stays open.
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
    let both = "two&lt;: urgent, 110k of 167k\nharbour: checkpoint, 110k of 167k";
    for (call, (replaces, summary, body, urgency)) in calls.iter().zip([
        (0, "harbour: notice", body, 0_u8),
        (1, "harbour: checkpoint", &named, 1),
        (1, "2 sessions near their line", both, 2),
    ]) {
        let wished = Notified {
            app: "Plimsoll".to_owned(),
            replaces,
            icon: "plimsoll".to_owned(),
            summary: summary.to_owned(),
            body: body.to_owned(),
            urgency: Some(urgency),
            desktop_entry: Some("plimsoll".to_owned()),
            actions: BUTTONS.map(str::to_owned).to_vec(),
            sender: call.sender.clone(),
        };
        assert_eq!(*call, wished);
    }

    desk.leave().await;
    child.says(ABSENT).await;
    desk.come(Manners::Plain).await;
    child.says("cleared").await;
    child.claim("one", "-", 3);
    let again = desk.shown(4).await[3].clone();
    assert_eq!((again.replaces, again.summary.as_str()), (0, "harbour: urgent"));
    assert_eq!(again.actions, [""; 0], "this one shows no buttons");
    let calls = desk.shown(4).await;
    assert!(calls.iter().all(|call| call.sender == again.sender), "{calls:?}");
    desk.waits_for_connection(&again.sender, true).await;
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

/// Scenario: two alerts of one session, and an alert of another that is shown with them; each session begins a cycle; the
/// first reaches a level anew and begins a cycle again.
/// Guarantees: what was shown is closed once, by its number, when all of it is over; what was closed is not replaced.
#[tokio::test]
async fn what_is_over_is_withdrawn() {
    let (desk, child) = meet(Manners::Anyone).await;
    child.claim("one", "-", 2);
    desk.shown(1).await;
    child.claim("one", "-", 3);
    desk.shown(2).await;
    child.claim("two", "-", 3);
    let replaces: Vec<_> = desk.shown(3).await.iter().map(|call| call.replaces).collect();
    assert_eq!(replaces, [0, 1, 1]);
    child.begin("two");
    child.begin("one");
    assert_eq!(desk.closed(1).await, [1]);

    child.claim("one", "-", 1);
    assert_eq!(desk.shown(4).await[3].replaces, 0);
    child.begin("one");
    assert_eq!(desk.closed(2).await, [1, 2]);
}

/// Scenario: two alerts of a session where only the connection that brought a notification may replace or close it, and is
/// told of its buttons; then buttons are pressed.
/// Guarantees: the second replaces the first; a press on it opens the session; snoozing is told and takes it down.
#[tokio::test]
async fn who_brought_a_notification_is_told_of_its_buttons() {
    let (desk, mut child) = meet(Manners::Owner).await;
    child.claim("one", "-", 2);
    desk.shown(1).await;
    child.claim("one", "-", 3);
    let last = desk.shown(2).await[1].clone();
    assert_eq!((last.replaces, last.summary.as_str()), (1, "harbour: urgent"));
    desk.press(1, "default", Some(&last.sender)).await;
    child.says("open one").await;
    desk.press(1, "snooze", Some(&last.sender)).await;
    child.says("snooze one").await;
    assert_eq!(desk.closed(1).await, [1]);
}

/// Scenario: a service tells everybody of buttons: of another program's notification, of one that is not known, and of
/// ours, which shows two sessions.
/// Guarantees: only ours counts, for both sessions.
#[tokio::test]
async fn buttons_that_everybody_is_told_of_count_where_they_are_ours() {
    let (desk, mut child) = meet(Manners::Anyone).await;
    child.claim("one", "-", 2);
    desk.shown(1).await;
    child.claim("two", "-", 3);
    desk.shown(2).await;
    desk.press(7, "snooze", None).await;
    desk.press(1, "else", None).await;
    desk.press(1, "open", None).await;
    desk.press(1, "snooze", None).await;
    let told = [child.next().await, child.next().await, child.next().await];
    assert_eq!(told, ["open all", "snooze two", "snooze one"]);
    assert_eq!(desk.closed(1).await, [1]);
}
