//! What is no longer so is taken down.

use std::time::Duration;

use plimsoll_bus::Presence;
use plimsoll_domain::{AgentId, Line, LineReason, Model, Revision, Timestamp, Window, WindowKind};
use plimsoll_watch::{Gauge, SessionView, State, Subagent};
use tokio::time::{Instant, sleep};

use super::scene::{Answer, Scene, alert};
use crate::{
    cycle::FRESH,
    notifications::{attend::PATIENCE, screen::PAUSE},
};

/// A revision that comes after every alert.
const LATEST: Revision = Revision(i64::MAX);

/// Longer than it takes to look.
const A_LOOK: Duration = Duration::from_secs(1);

fn gauge(cycle: Timestamp) -> Gauge {
    Gauge {
        occupancy: 20_000,
        estimated: true,
        added: 0,
        window: Window { tokens: 200_000, kind: WindowKind::Table },
        line: Line { tokens: 167_000, reason: LineReason::Formula },
        level: None,
        marks: [100_200, 133_600, 153_640],
        forecast: None,
        cycle,
        requests: 0,
        as_of: cycle,
    }
}

/// A session whose main thread is in the cycle that began then.
pub(super) fn main_thread(scene: &Scene, session: &str, cycle: Timestamp) -> SessionView {
    SessionView { gauge: Some(gauge(cycle)), ..scene.view(session) }
}

fn subagent(agent: &str, cycle: Timestamp) -> Subagent {
    Subagent {
        agent: AgentId::new(agent),
        name: None,
        model: Model::parse("claude-sonnet-4-6").0,
        state: State::Working,
        gauge: gauge(cycle),
        last_arrival: cycle,
    }
}

/// Publishes that session `one` begins a cycle now.
fn begin(scene: &Scene) {
    scene.publish(LATEST, vec![main_thread(scene, "one", scene.now())]);
}

/// Scenario: a session's third alert is shown; snapshots tell of its cycle, then of the next one, again and
/// again; then it reaches a level anew.
/// Guarantees: it is withdrawn half a second after the cycle was over, once; the next replaces nothing.
#[tokio::test(start_paused = true)]
async fn a_notice_lasts_as_long_as_its_cycle() {
    let mut scene = Scene::start();
    let cycle = scene.now();
    for count in 1..=3 {
        scene.grant("one");
        scene.shown(count).await;
        sleep(A_LOOK).await;
        scene.publish(LATEST, vec![main_thread(&scene, "one", cycle)]);
        sleep(A_LOOK).await;
    }
    assert_eq!(scene.desktop.withdrawn(), [0; 0]);
    let over = Instant::now();
    begin(&scene);
    scene.withdrawn(1).await;
    assert_eq!(over.elapsed(), PAUSE);
    for _ in 0..3 {
        begin(&scene);
        sleep(A_LOOK).await;
    }
    scene.grant("one");
    assert_eq!(scene.shown(4).await[3].1, None);
    sleep(A_LOOK).await;
    begin(&scene);
    assert_eq!(scene.withdrawn(2).await, [1, 4]);
}

/// Scenario: a snapshot tells of a later cycle, and an alert of that cycle follows in a moment.
/// Guarantees: it takes the place of the former one's notice, which is not withdrawn.
#[tokio::test(start_paused = true)]
async fn an_alert_of_the_next_cycle_takes_the_place() {
    let mut scene = Scene::start();
    scene.grant("one");
    scene.shown(1).await;
    sleep(A_LOOK).await;
    begin(&scene);
    sleep(PAUSE / 2).await;
    scene.grant("one");
    assert_eq!(scene.shown(2).await[1].1, Some(1));
    sleep(A_LOOK).await;
    assert_eq!(scene.desktop.withdrawn(), [0; 0]);
}

/// Scenario: the gauge shown is in another cycle, which began before the alert or at its moment: that of
/// another of the session's processes; or the snapshot was made before the alert; or another session began a
/// cycle.
/// Guarantees: nothing is withdrawn.
#[tokio::test(start_paused = true)]
async fn another_cycle_alone_withdraws_nothing() {
    let mut scene = Scene::start();
    sleep(A_LOOK).await;
    let now = scene.now();
    scene.grant("one");
    scene.shown(1).await;
    sleep(A_LOOK).await;
    for cycle in [now.before(Duration::from_millis(1)), now] {
        scene.publish(LATEST, vec![main_thread(&scene, "one", cycle)]);
        sleep(A_LOOK).await;
    }
    scene.publish(Revision::default(), vec![main_thread(&scene, "one", scene.now())]);
    sleep(A_LOOK).await;
    let sessions = [("one", now), ("two", scene.now())];
    let views = sessions.map(|(session, cycle)| main_thread(&scene, session, cycle));
    scene.publish(LATEST, views.to_vec());
    sleep(A_LOOK).await;
    assert_eq!(scene.desktop.withdrawn(), [0; 0]);
}

/// Scenario: the last notice of a session is a subagent's; the main thread and another subagent begin a
/// cycle, then it does.
/// Guarantees: only its own cycle matters.
#[tokio::test(start_paused = true)]
async fn a_subagent_has_cycles_of_its_own() {
    let mut scene = Scene::start();
    let began = scene.now();
    let mut granted = alert("one", began);
    granted.thread.agent = Some(AgentId::new("mine"));
    scene.books.enter(vec![granted]);
    scene.shown(1).await;
    for (mine, withdrawn) in [(began, 0), (began.after(A_LOOK), 1)] {
        sleep(A_LOOK).await;
        let others = scene.now();
        scene.publish(
            LATEST,
            vec![SessionView {
                subagents: vec![subagent("other", others), subagent("mine", mine)],
                ..main_thread(&scene, "one", others)
            }],
        );
        sleep(A_LOOK).await;
        assert_eq!(scene.desktop.withdrawn().len(), withdrawn);
    }
}

/// Scenario: a session, and a subagent, are missing from snapshots for two minutes and longer; also from such
/// as were made before their alerts.
/// Guarantees: once two minutes have passed they count as gone, unless the snapshot is older than the alert.
#[tokio::test(start_paused = true)]
async fn what_has_left_is_taken_down() {
    for agent in [None, Some(AgentId::new("mine"))] {
        let mut scene = Scene::start();
        let sessions = agent.iter().map(|_| main_thread(&scene, "one", scene.now()));
        let sessions: Vec<_> = sessions.collect();
        let mut granted = alert("one", scene.now());
        granted.thread.agent = agent;
        scene.books.enter(vec![granted]);
        scene.shown(1).await;
        scene.publish(LATEST, sessions.clone());
        sleep(FRESH - A_LOOK).await;
        scene.publish(LATEST, sessions.clone());
        sleep(A_LOOK * 2).await;
        scene.publish(Revision::default(), sessions.clone());
        sleep(A_LOOK).await;
        assert_eq!(scene.desktop.withdrawn(), [0; 0]);
        scene.publish(LATEST, sessions);
        assert_eq!(scene.withdrawn(1).await, [1]);
    }
}

/// Scenario: without a service an alert waits whose cycle ends before the service comes.
/// Guarantees: it is never shown.
#[tokio::test(start_paused = true)]
async fn what_waits_is_not_shown_once_it_is_over() {
    let mut scene = Scene::start();
    scene.service.send_replace(Presence::Absent);
    scene.grant("one");
    scene.grant("two");
    sleep(A_LOOK).await;
    begin(&scene);
    scene.service.send_replace(Presence::Present);
    assert_eq!(scene.shown_sessions(1).await, ["two"]);
}

/// Scenario: the service refuses to withdraw; later it hangs when it is to withdraw three, while an alert
/// comes.
/// Guarantees: none is tried again, no hint is raised; all three delay the alert by five seconds at most.
#[tokio::test(start_paused = true)]
async fn a_withdrawal_that_fails_is_no_matter() {
    let mut scene = Scene::start();
    scene.grant("one");
    scene.shown(1).await;
    sleep(A_LOOK).await;
    scene.desktop.answer(Answer::RefusesAfter(Duration::ZERO));
    for _ in 0..2 {
        begin(&scene);
        sleep(A_LOOK).await;
    }
    assert_eq!((scene.desktop.withdrawn(), scene.hint()), (vec![1], None));

    scene.desktop.answer(Answer::ShowsAfter(Duration::ZERO));
    let sessions = ["one", "two", "three"];
    for session in sessions {
        scene.grant(session);
    }
    scene.shown(4).await;
    sleep(A_LOOK).await;
    scene.desktop.answer(Answer::Hangs);
    let views = sessions.map(|session| main_thread(&scene, session, scene.now()));
    scene.publish(LATEST, views.to_vec());
    let began = Instant::now();
    scene.withdrawn(2).await;
    scene.desktop.answer(Answer::ShowsAfter(Duration::ZERO));
    scene.grant("four");
    scene.shown(5).await;
    assert_eq!(began.elapsed(), PAUSE + PATIENCE);
    sleep(PATIENCE).await;
    assert_eq!((scene.desktop.withdrawn(), scene.hint()), (vec![1, 2], None));
}

/// Scenario: another service takes the place of the one that shows a notice, and the notice's cycle ends.
/// Guarantees: the other is not asked to withdraw a number that it did not give.
#[tokio::test(start_paused = true)]
async fn another_service_withdraws_nothing() {
    let mut scene = Scene::start();
    scene.grant("one");
    scene.shown(1).await;
    sleep(A_LOOK).await;
    scene.service.send_replace(Presence::Present);
    begin(&scene);
    sleep(A_LOOK).await;
    assert_eq!(scene.desktop.withdrawn(), [0; 0]);
}

/// Scenario: fifty snapshots a second for ten seconds, while nothing was ever shown, while something is, and
/// after it was withdrawn.
/// Guarantees: nobody looks while nothing is shown; else twice a second.
#[tokio::test(start_paused = true)]
async fn looks_are_rare() {
    let mut scene = Scene::start();
    scene.settle().await;
    assert_eq!(looks_under_load(&scene).await, 0);
    scene.grant("one");
    scene.shown(1).await;
    sleep(A_LOOK).await;
    let looks = looks_under_load(&scene).await;
    assert!((19..=21).contains(&looks), "{looks}");
    begin(&scene);
    scene.withdrawn(1).await;
    scene.settle().await;
    assert_eq!(looks_under_load(&scene).await, 0);
}

async fn looks_under_load(scene: &Scene) -> usize {
    let before = scene.looks();
    for _ in 0..500 {
        scene.publish(LATEST, vec![main_thread(scene, "one", Timestamp::EPOCH)]);
        sleep(Duration::from_millis(20)).await;
    }
    scene.looks() - before
}
