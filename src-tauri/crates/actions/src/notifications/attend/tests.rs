//! The loop on a script of commits and a recorded desktop, in paused time.

mod exactly_once;
mod quiet;
mod scene;
mod warnings;
mod withdrawal;

use std::time::Duration;

use plimsoll_bus::Presence;
use plimsoll_domain::{ActionResult, Revision};
use tokio::time::{Instant, sleep};

use super::*;
use crate::cycle::FRESH;
use scene::{Answer, Scene, alert};

/// Scenario: three levels of one session and one of another.
/// Guarantees: each is shown at once; a session's notice replaces its last one.
#[tokio::test(start_paused = true)]
async fn a_notice_replaces_its_predecessor() {
    let mut scene = Scene::start();
    for session in ["one", "two", "one", "one"] {
        scene.grant(session);
    }
    let shown = scene.shown(4).await;
    let wished = [("one", None, 1), ("two", None, 2), ("one", Some(1), 1), ("one", Some(1), 1)];
    assert_eq!(shown, wished.map(|(session, replaced, id)| (session.to_owned(), replaced, id)));
    assert_eq!(scene.began.elapsed(), Duration::ZERO);
    assert_eq!(scene.hint(), None);
}

/// Scenario: an alert comes before the bus has said which services are there, another of its session afterwards.
/// Guarantees: the first is shown when the bus has spoken; the other replaces it.
#[tokio::test(start_paused = true)]
async fn the_bus_is_heard_before_anything_is_shown() {
    let mut scene = Scene::new().run_before_the_bus_speaks();
    scene.grant("one");
    scene.settle().await;
    scene.service.send_replace(Presence::Present);
    scene.shown(1).await;
    scene.settle().await;
    scene.grant("one");
    assert_eq!(scene.shown(2).await[1], ("one".to_owned(), Some(1), 1));
}

/// Scenario: alerts that happened two minutes ago, and a moment more.
/// Guarantees: only the first is shown.
#[tokio::test(start_paused = true)]
async fn what_is_past_is_not_shown() {
    let mut scene = Scene::start();
    sleep(Duration::from_secs(1_000)).await;
    let now = scene.now();
    scene.grant_at("past", now.before(FRESH + Duration::from_nanos(1)));
    scene.grant_at("fresh", now.before(FRESH));
    assert_eq!(scene.shown_sessions(1).await, ["fresh"]);
}

/// Scenario: without a service alerts come, two of one session, one of them long before it appears.
/// Guarantees: a hint while it is absent; then the newest of each session that is still fresh, once.
#[tokio::test(start_paused = true)]
async fn a_service_that_comes_late_shows_what_is_fresh() {
    for absence in [Presence::NoBus, Presence::Absent] {
        let mut scene = Scene::start();
        scene.service.send_replace(absence);
        scene.grant("old");
        sleep(Duration::from_secs(100)).await;
        assert!(scene.hint().is_some());
        scene.grant("two");
        scene.grant("one");
        scene.grant("two");
        sleep(Duration::from_secs(50)).await;
        assert_eq!(scene.shown_sessions(0).await, [""; 0]);
        scene.service.send_replace(Presence::Startable);
        assert_eq!(scene.shown_sessions(2).await, ["one", "two"]);
        assert_eq!(scene.hint(), None);
        scene.service.send_replace(Presence::Present);
        scene.grant("three");
        assert_eq!(scene.shown_sessions(3).await, ["one", "two", "three"]);
    }
}

/// Scenario: the service refuses an alert, then shows one.
/// Guarantees: what was refused is never tried again; a hint from then until the next is shown.
#[tokio::test(start_paused = true)]
async fn a_refusal_is_told_until_something_is_shown() {
    let mut scene = Scene::start();
    scene.desktop.answer(Answer::RefusesAfter(Duration::ZERO));
    scene.grant("one");
    scene.settle().await;
    assert!(scene.hint().unwrap().contains("failed"));
    scene.desktop.answer(Answer::ShowsAfter(Duration::ZERO));
    scene.grant("two");
    assert_eq!(scene.shown_sessions(1).await, ["two"]);
    scene.settle().await;
    assert_eq!(scene.hint(), None);
    scene.service.send_replace(Presence::Present);
    assert_eq!(scene.shown_sessions(1).await, ["two"]);
}

/// Scenario: the service leaves while it is told an alert, and comes back.
/// Guarantees: the alert, which may have been on the screen, is not shown again.
#[tokio::test(start_paused = true)]
async fn a_service_that_leaves_while_it_is_told_is_not_told_again() {
    let mut scene = Scene::start();
    scene.desktop.answer(Answer::RefusesAfter(Duration::from_secs(1)));
    scene.grant("one");
    scene.settle().await;
    scene.service.send_replace(Presence::Absent);
    sleep(Duration::from_secs(2)).await;
    scene.desktop.answer(Answer::ShowsAfter(Duration::ZERO));
    scene.service.send_replace(Presence::Present);
    assert_eq!(scene.shown_sessions(0).await, [""; 0]);
}

/// Scenario: the service hangs when told an alert; another comes meanwhile.
/// Guarantees: five seconds later the other is tried; the first never again, and the hint says so.
#[tokio::test(start_paused = true)]
async fn a_service_that_hangs_is_waited_for_five_seconds() {
    let mut scene = Scene::start();
    scene.desktop.answer(Answer::Hangs);
    scene.grant("one");
    sleep(Duration::from_secs(1)).await;
    scene.desktop.answer(Answer::ShowsAfter(Duration::ZERO));
    scene.grant("two");
    scene.shown(1).await;
    assert_eq!(scene.began.elapsed(), PATIENCE);
    assert_eq!(scene.shown_sessions(1).await, ["two"]);
    assert_eq!(scene.hint(), None);

    scene.desktop.answer(Answer::Hangs);
    scene.grant("three");
    sleep(PATIENCE * 2).await;
    assert!(scene.hint().unwrap().contains("does not answer"));
    scene.service.send_replace(Presence::Present);
    assert_eq!(scene.shown_sessions(1).await, ["two"]);
    assert_eq!(scene.hint(), None);
}

/// Scenario: the bus says that it can start a service, and cannot; later the service appears.
/// Guarantees: a hint; the alert is shown when the service is there, and is not tried a third time.
#[tokio::test(start_paused = true)]
async fn a_service_that_does_not_start_is_waited_for() {
    let mut scene = Scene::start();
    scene.service.send_replace(Presence::Startable);
    scene.desktop.answer(Answer::RefusesAfter(Duration::ZERO));
    scene.grant("one");
    scene.settle().await;
    assert!(scene.hint().unwrap().contains("does not start"));
    scene.desktop.answer(Answer::ShowsAfter(Duration::ZERO));
    scene.service.send_replace(Presence::Present);
    assert_eq!(scene.shown_sessions(1).await, ["one"]);
    assert_eq!(scene.hint(), None);

    scene.service.send_replace(Presence::Startable);
    scene.desktop.answer(Answer::RefusesAfter(Duration::ZERO));
    scene.grant("two");
    for _ in 0..3 {
        scene.settle().await;
        scene.service.send_replace(Presence::Startable);
    }
    scene.settle().await;
    assert_eq!(scene.desktop.refused(), 3, "one, two, and two once more");

    scene.grant("three");
    scene.settle().await;
    scene.desktop.answer(Answer::ShowsAfter(Duration::ZERO));
    scene.grant("three");
    scene.shown(2).await;
    scene.service.send_replace(Presence::Present);
    assert_eq!(scene.shown_sessions(2).await, ["one", "three"], "the newer stands for the older");
}

/// Scenario: a service that our call starts; then another takes its place.
/// Guarantees: the numbers of the one that was started stay good; those of the former one are forgotten.
#[tokio::test(start_paused = true)]
async fn numbers_are_those_of_the_service_that_gave_them() {
    let mut scene = Scene::start();
    scene.service.send_replace(Presence::Startable);
    scene.settle().await;
    scene.grant("one");
    scene.shown(1).await;
    scene.service.send_replace(Presence::Present);
    scene.settle().await;
    scene.grant("one");
    assert_eq!(scene.shown(2).await[1].1, Some(1));
    scene.service.send_replace(Presence::Present);
    scene.settle().await;
    scene.grant("one");
    assert_eq!(scene.shown(3).await[2].1, None);
}

/// Scenario: an alert comes before the snapshot that knows its session's project; another for which none
/// comes.
/// Guarantees: the first is shown with the name, as soon as that is known; the other a second later.
#[tokio::test(start_paused = true)]
async fn the_snapshot_that_knows_the_alert_is_waited_for() {
    let mut scene = Scene::start();
    scene.knows(Revision::default(), "");
    scene.grant("one");
    sleep(Duration::from_millis(20)).await;
    scene.knows(Revision(1), "/home/me/harbour");
    scene.shown(1).await;
    assert_eq!(scene.began.elapsed(), Duration::from_millis(20));
    assert_eq!(scene.shown_sessions(1).await, ["harbour"]);
    let began = Instant::now();
    scene.grant("one");
    scene.shown(2).await;
    assert_eq!(began.elapsed(), SNAPSHOT_DELAY);
}

/// Scenario: a hint is up from a run before.
/// Guarantees: a run begins without it.
#[tokio::test(start_paused = true)]
async fn a_hint_of_a_former_run_is_taken_down() {
    let scene = Scene::new();
    scene.hints.raise(Hint::NoNotifications, "from before".to_owned());
    let scene = scene.run();
    scene.settle().await;
    assert_eq!(scene.hint(), None);
}

/// Scenario: a run is broken off while it shows the second of three alerts that came together.
/// Guarantees: the next run shows the third; the second may have been shown and is not shown again.
#[tokio::test(start_paused = true)]
async fn a_run_that_is_broken_off_shows_nothing_twice() {
    let mut scene = Scene::start();
    scene.desktop.answer(Answer::ShowsAfter(Duration::from_secs(1)));
    let now = scene.now();
    scene.books.enter(["one", "two", "three"].map(|session| alert(session, now)).to_vec());
    scene.shown(1).await;
    scene.settle().await;
    let mut scene = scene.run();
    assert_eq!(scene.shown_sessions(2).await, ["one", "three"]);
}

/// Scenario: the ledger cannot be read when that is needed, and later its writer is gone.
/// Guarantees: the run ends and says why; the next run shows what the first could not read.
#[tokio::test(start_paused = true)]
async fn a_run_ends_without_a_ledger_and_the_next_goes_on() {
    let scene = Scene::new();
    scene.grant("one");
    scene.books.fail_once();
    let mut scene = scene.run();
    assert!(matches!(scene.ended().await, ActionsError::Read(_)));
    let mut scene = scene.run();
    assert_eq!(scene.shown_sessions(1).await, ["one"]);
    scene.books.close();
    assert!(matches!(scene.ended().await, ActionsError::Closed));
}

/// Scenario: alerts are shown, refused, come while no service is there, and are not wished for by the policy.
/// Guarantees: of each it is noted what became of it; of those that nobody wishes for nothing.
#[tokio::test(start_paused = true)]
async fn what_became_of_each_is_noted() {
    let mut scene = Scene::start();
    scene.grant("one");
    scene.shown(1).await;
    scene.desktop.answer(Answer::RefusesAfter(Duration::ZERO));
    scene.grant("two");
    scene.settle().await;
    scene.desktop.answer(Answer::ShowsAfter(Duration::ZERO));
    scene.service.send_replace(Presence::Absent);
    scene.settle().await;
    scene.grant("three");
    scene.settle().await;
    scene.service.send_replace(Presence::Present);
    scene.shown(2).await;
    scene.policy.send_modify(|policy| Arc::make_mut(policy).actions.notice.notify = false);
    scene.grant("four");
    assert_eq!(scene.shown_sessions(2).await, ["one", "three"]);
    let outcomes = scene.outcomes();
    let outcomes: Vec<_> =
        outcomes.iter().map(|(alert, result, why)| (*alert, *result, why.as_str())).collect();
    assert_eq!(
        outcomes,
        [
            (1, ActionResult::Done, "shown"),
            (2, ActionResult::Failed, "scripted"),
            (3, ActionResult::Failed, "no notification service is there"),
            (3, ActionResult::Done, "shown"),
        ]
    );
}
