//! Notifications over a private session bus, in both shapes of the application.

use std::{collections::BTreeSet, time::Duration};

use plimsoll_replay::Order;
use plimsoll_testkit::{Notified, TestResident};

use crate::{
    desk::{
        CALM, CHECKPOINT, Desk, NOTICE, Shape, URGENT, in_both_shapes, name_project, turn,
        until_hint,
    },
    house::{PATIENCE, replay, until},
    stream::moved,
};

in_both_shapes! {
    each_level_is_told_once_a_cycle,
    a_capture_is_told_as_it_was,
    a_server_that_comes_late_is_used,
    a_server_that_hangs_stops_nothing,
}

/// Waits for so many notifications, which must not be more.
async fn until_told(desk: &Desk, count: usize) -> Vec<Notified> {
    let calls = until(&format!("told {count} times"), async || {
        let calls = desk.notifications.calls();
        (calls.len() >= count).then_some(calls)
    })
    .await;
    assert_eq!(calls.len(), count, "{calls:#?}");
    calls
}

async fn grow(house: &TestResident, session: &str, occupancies: &[u64]) {
    for (number, occupancy) in (0..).zip(occupancies) {
        turn(house, session, number, *occupancy).await;
    }
}

/// Scenario: a session grows past all three levels, one by one, then another jumps past two at once, moments later;
/// everything is sent again, before and after a restart; then a third session reaches a level.
/// Guarantees: one notification for each level newly reached, with project, tokens of the line and what is
/// left, more urgent from level to level; each replaces the one before of the same session, and what comes together is
/// said together; nothing that was told is told again.
async fn each_level_is_told_once_a_cycle(shape: Shape) {
    let desk = Desk::complete(shape).await;
    let start = desk.start();
    name_project(&start, "s-1", "api");
    let mut house = start.run().await.unwrap();
    let growth = [CALM, NOTICE, CHECKPOINT, URGENT];
    turn(&house, "s-1", 0, CALM).await;
    for (number, occupancy) in (1..).zip([NOTICE, CHECKPOINT, URGENT]) {
        turn(&house, "s-1", number, occupancy).await;
        until_told(&desk, usize::try_from(number).unwrap()).await;
    }
    let calls = until_told(&desk, 3).await;
    for (call, (used, left)) in
        calls.iter().zip([("101k", "66k"), ("134k", "33k"), ("154k", "13k")])
    {
        let text = format!("{}\n{}", call.summary, call.body);
        for part in ["api", used, "167k", left] {
            assert!(text.contains(part), "{part} is not in: {text}");
        }
        assert!(call.app.to_lowercase().starts_with("plimsoll"), "{call:?}");
        assert_eq!(call.id, calls[0].id, "{calls:#?}");
    }
    assert_eq!(
        calls.iter().map(|it| it.replaces).collect::<Vec<_>>(),
        [0, calls[0].id, calls[0].id]
    );
    let urgencies: Vec<_> = calls.iter().map(|call| call.urgency.unwrap()).collect();
    assert!(urgencies.is_sorted() && urgencies[0] < 2 && urgencies[2] == 2, "{urgencies:?}");

    grow(&house, "s-2", &[CALM, CHECKPOINT]).await;
    let calls = until_told(&desk, 4).await;
    let together = &calls[3];
    let is_alone = together.replaces == 0 && together.body.contains("33k");
    let is_both = together.id == calls[0].id
        && together.summary == "2 sessions near their line"
        && together.urgency == Some(2)
        && together.body.contains("api: urgent, 154k of 167k")
        && together.body.contains("checkpoint, 134k of 167k");
    // Two seconds part what comes together from what does not.
    assert!(is_alone || is_both, "{together:?}");

    grow(&house, "s-1", &growth).await;
    house.terminate(PATIENCE).await.unwrap();
    house.start_again().await.unwrap();
    grow(&house, "s-1", &growth).await;
    grow(&house, "s-3", &[CALM, URGENT]).await;
    assert_eq!(until_told(&desk, 5).await[4].replaces, 0);
}

/// Scenario: a recorded session that grows past the levels and compacts is replayed as if it happened now,
/// twice.
/// Guarantees: as many notifications as the stream tells of levels, the first time only.
async fn a_capture_is_told_as_it_was(shape: Shape) {
    let desk = Desk::complete(shape).await;
    let house = desk.run().await;
    let traffic = moved("tools-autocompact", Duration::from_secs(30), 11).spread().unwrap();
    let mut stream = house.api().unwrap().events("/api/v1/events", None).await.unwrap();
    let mut levels = Vec::new();
    for _ in 0..2 {
        replay(&house, &traffic, Order::Recorded).await;
        while levels.last().is_none_or(|level| level != "urgent") {
            let reached = stream.until(PATIENCE, |event| event.event == "session.level").await;
            let alert = reached.unwrap().unwrap().json().unwrap();
            levels.push(alert["level"].as_str().unwrap().to_owned());
        }
    }
    let calls = until_told(&desk, levels.len()).await;
    assert_eq!(calls.iter().map(|call| call.id).collect::<BTreeSet<_>>().len(), 1, "{calls:#?}");
    grow(&house, "another", &[CALM, NOTICE]).await;
    until_told(&desk, levels.len() + 1).await;
}

/// Scenario: a level is reached while there is no notification server; one comes, leaves, and comes back.
/// Guarantees: a hint says so while it is away, and goes; nothing else suffers; what is reached while it is
/// there is told, once.
async fn a_server_that_comes_late_is_used(shape: Shape) {
    let mut desk = Desk::bare(shape).await;
    let house = desk.run().await;
    until_hint(&house, "no-notifications", true).await;
    grow(&house, "s-1", &[CALM, NOTICE]).await;
    desk.notifications.come().await.unwrap();
    until_hint(&house, "no-notifications", false).await;
    grow(&house, "s-2", &[CALM, CHECKPOINT]).await;
    let told = |calls: &[Notified], filled: &str| {
        calls.iter().filter(|call| call.body.contains(filled)).count()
    };
    until("told", async || (told(&desk.notifications.calls(), "134k of") == 1).then_some(())).await;
    desk.notifications.leave().await.unwrap();
    until_hint(&house, "no-notifications", true).await;
    desk.notifications.come().await.unwrap();
    until_hint(&house, "no-notifications", false).await;
    grow(&house, "s-3", &[CALM, URGENT]).await;
    until("told", async || (told(&desk.notifications.calls(), "154k of") == 1).then_some(())).await;
    let calls = desk.notifications.calls();
    assert!(calls.len() <= 3, "{calls:#?}");
}

/// Scenario: the notification server takes every call and answers none.
/// Guarantees: turns are answered and shown as ever, and the application ends in order.
async fn a_server_that_hangs_stops_nothing(shape: Shape) {
    let desk = Desk::complete(shape).await;
    let mut house = desk.run().await;
    desk.notifications.hang(true);
    grow(&house, "s-1", &[CALM, NOTICE]).await;
    until_told(&desk, 1).await;
    grow(&house, "s-2", &[CALM, URGENT]).await;
    until("shown", async || {
        let snapshot = house.api().unwrap().json("/api/v1/snapshot").await.unwrap();
        let sessions = snapshot["sessions"].as_array().unwrap();
        sessions.iter().any(|session| session["sessionId"] == "s-2").then_some(())
    })
    .await;
    let status = house.terminate(PATIENCE).await.unwrap();
    assert!(status.success(), "{status}: {}", house.said());
}
