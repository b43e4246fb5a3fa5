//! What is held back while the user wishes for quiet.

use std::{sync::Arc, time::Duration};

use plimsoll_bus::Presence;
use plimsoll_domain::{
    ActionResult, Alert, Level, Policy, QuietHours, Revision, Scope, SessionId, Silence, Timestamp,
};
use plimsoll_ledger::Unfinished;
use plimsoll_watch::SessionView;
use tokio::time::{Instant, sleep};

use super::scene::Scene;
use crate::showing::Button;

const MINUTE: Duration = Duration::from_secs(60);

fn until(scope: Scope, until: Option<Timestamp>) -> Arc<[Silence]> {
    Arc::new([Silence { scope, until }])
}

fn session(name: &str) -> Scope {
    Scope::Session(SessionId::new(name))
}

/// The last of what was noted of an alert.
fn became(scene: &Scene, alert: i64) -> (ActionResult, String) {
    let outcomes = scene.outcomes();
    let last = outcomes.into_iter().rev().find(|(of, ..)| *of == alert).unwrap();
    (last.1, last.2)
}

fn is_quiet(why: &str) -> (ActionResult, String) {
    (ActionResult::Quiet, why.to_owned())
}

/// Publishes that sessions work in projects.
fn work(scene: &Scene, projects: &[(&str, &str)]) {
    let view = |(name, path): &(&str, &str)| SessionView {
        project: Some((*path).into()),
        ..scene.view(name)
    };
    scene.publish(Revision(i64::MAX), projects.iter().map(view).collect());
}

/// Scenario: a session is snoozed for five minutes; two of its levels come, and one of another session.
/// Guarantees: the other is shown at once; of the snoozed one it is noted that it is held back and why; at the snooze's
/// end its newest is shown, once, however long ago it happened.
#[tokio::test(start_paused = true)]
async fn a_snooze_holds_back_until_it_ends() {
    let mut scene = Scene::start();
    let ends = Instant::now() + 5 * MINUTE;
    scene.silences.send_replace(until(session("one"), Some(scene.now().after(5 * MINUTE))));
    keep(&scene);
    for name in ["one", "one", "two"] {
        scene.grant(name);
    }
    assert_eq!(scene.shown_sessions(1).await, ["two"]);
    assert_eq!(became(&scene, 2), is_quiet("snoozed until 22:18"));
    assert_eq!(scene.shown_sessions(2).await, ["two", "one"]);
    let late = Instant::now() - ends;
    assert!(late < Duration::from_secs(1), "{late:?}");
    assert_eq!(became(&scene, 2), (ActionResult::Done, "shown".to_owned()));
    assert_eq!(became(&scene, 1), is_quiet("snoozed until 22:18"));
    sleep(10 * MINUTE).await;
    scene.shown(2).await;
}

/// Sessions that are live and whose gauge nobody knows count as gone after two minutes: has them have one.
fn keep(scene: &Scene) {
    let views =
        ["one", "two"].map(|name| super::withdrawal::main_thread(scene, name, Timestamp::EPOCH));
    scene.publish(Revision(i64::MAX), views.to_vec());
}

/// Scenario: everything, a project, a session are muted in turn, and the mute is taken back.
/// Guarantees: a mute holds back what it is about and nothing else; when it is taken back, what waits is shown at once.
#[tokio::test(start_paused = true)]
async fn a_mute_is_about_what_it_names() {
    let project = Scope::Project("/home/me/harbour".into());
    for (scope, shown) in [
        (Scope::All, &[][..]),
        (project, &["api"][..]),
        (session("one"), &["harbour 2", "api"][..]),
    ] {
        let mut scene = Scene::start();
        work(
            &scene,
            &[("one", "/home/me/harbour"), ("2", "/home/me/harbour"), ("3", "/home/me/api")],
        );
        scene.silences.send_replace(until(scope, None));
        for name in ["one", "2", "3"] {
            scene.grant(name);
        }
        assert_eq!(scene.shown_sessions(shown.len()).await, shown);
        assert_eq!(became(&scene, 1), is_quiet("muted"));
        scene.silences.send_replace(Arc::new([]));
        assert_eq!(scene.shown_sessions(3).await.len(), 3);
        assert_eq!(scene.began.elapsed(), Duration::from_millis(2));
    }
}

/// Scenario: an alert comes in the quiet hours, which end in the next minute but one; the hours are then moved.
/// Guarantees: it is shown with the minute in which they end; what comes outside of them is shown at once.
#[tokio::test(start_paused = true)]
async fn quiet_hours_end_with_their_minute() {
    let mut scene = Scene::start();
    // The scene begins at 22:13:20 UTC.
    let hours = QuietHours { from_minute: 22 * 60, to_minute: 22 * 60 + 15 };
    scene.hours.send_replace(Some(hours));
    scene.grant("one");
    sleep(Duration::from_secs(99)).await;
    assert_eq!(became(&scene, 1), is_quiet("quiet hours"));
    assert_eq!(scene.shown_sessions(0).await, [""; 0]);
    assert_eq!(scene.shown_sessions(1).await, ["one"]);
    let elapsed = scene.began.elapsed();
    assert!((100_000..100_010).contains(&elapsed.as_millis()), "{elapsed:?}");
    scene.grant("two");
    scene.shown(2).await;
    scene.hours.send_replace(Some(QuietHours { to_minute: 7 * 60, ..hours }));
    scene.grant("three");
    scene.settle().await;
    scene.hours.send_replace(None);
    assert_eq!(scene.shown_sessions(3).await, ["one", "two", "three"]);
}

/// Scenario: while a session is muted its cycle ends; while another is, no service is there at its end.
/// Guarantees: what is no longer so is never shown; what is waits for the service.
#[tokio::test(start_paused = true)]
async fn what_is_over_is_not_shown_afterwards() {
    let mut scene = Scene::start();
    scene.silences.send_replace(until(Scope::All, None));
    scene.grant("one");
    scene.grant("two");
    sleep(Duration::from_secs(1)).await;
    let view = super::withdrawal::main_thread(&scene, "one", scene.now());
    scene.publish(Revision(i64::MAX), vec![view]);
    scene.service.send_replace(Presence::Absent);
    scene.settle().await;
    scene.silences.send_replace(Arc::new([]));
    scene.settle().await;
    scene.service.send_replace(Presence::Present);
    assert_eq!(scene.shown_sessions(1).await, ["two"]);
}

/// Scenario: Plimsoll ended hours ago while alerts were held back, and starts: one is muted still, one is not any more, the
/// cycle of one is over, one is not its session's newest, one is of a level that is shown no more, and one is a day old.
/// Guarantees: what is not muted is shown within a minute, the other when it is not muted any more, each once; that it
/// is shown is written before; the rest never is.
#[tokio::test(start_paused = true)]
async fn what_was_held_back_outlasts_a_restart() {
    let mut scene = Scene::new();
    let names = ["one", "two", "over", "newer", "urgent", "old"];
    let left = |at: usize| {
        let minutes = if names[at] == "old" { 1_441 } else { 300 };
        let mut alert = super::scene::alert(names[at], scene.now().before(minutes * MINUTE));
        alert.revision = Some(Revision(i64::try_from(at).unwrap() + 1));
        if names[at] == "urgent" {
            alert.level = Level::Urgent;
        }
        let (replaced, over) = (names[at] == "newer", names[at] == "over");
        Unfinished { alert, project: None, replaced, over }
    };
    scene.left = (0..names.len()).map(left).collect();
    let mut policy = Policy::default();
    policy.actions.urgent.notify = false;
    scene.policy.send_replace(Arc::new(policy));
    let views = names.map(|name| super::withdrawal::main_thread(&scene, name, Timestamp::EPOCH));
    scene.publish(Revision(i64::MAX), views.to_vec());
    scene.silences.send_replace(until(session("one"), None));
    let mut scene = scene.run();
    assert_eq!(scene.shown_sessions(1).await, ["two"]);
    assert!(scene.began.elapsed() <= MINUTE, "{:?}", scene.began.elapsed());
    let results: Vec<_> =
        scene.outcomes().into_iter().map(|(of, result, _)| (of, result)).collect();
    assert_eq!(results, [(2, ActionResult::Begun), (2, ActionResult::Done)]);
    sleep(10 * MINUTE).await;
    scene.silences.send_replace(Arc::new([]));
    sleep(10 * MINUTE).await;
    assert_eq!(scene.shown_sessions(2).await, ["two", "one"]);
}

/// Scenario: a level that comes while an earlier one of its session is held back; nobody wishes to be shown the later.
/// Guarantees: the earlier waits on.
#[tokio::test(start_paused = true)]
async fn what_nobody_wishes_for_takes_nobodys_place() {
    let mut scene = Scene::start();
    scene.silences.send_replace(until(Scope::All, None));
    scene.grant("one");
    scene.settle().await;
    scene.policy.send_modify(|policy| Arc::make_mut(policy).actions.notice.notify = false);
    scene.grant("one");
    scene.settle().await;
    scene.silences.send_replace(Arc::new([]));
    scene.shown(1).await;
    assert_eq!(became(&scene, 1).0, ActionResult::Done);
}

/// Scenario: Plimsoll starts with two alerts held back, of a project that is muted and of one that is not, and a minute begins
/// before the watch knows the sessions; then it knows them.
/// Guarantees: until then nothing is shown, as nobody knows whose project is muted; then the one that is not.
#[tokio::test(start_paused = true)]
async fn sessions_are_known_before_anything_is_shown_again() {
    let mut scene = Scene::new();
    let left = |(revision, name)| {
        let alert = super::scene::alert(name, scene.now().before(MINUTE));
        let alert = Alert { revision: Some(Revision(revision)), ..alert };
        Unfinished { alert, project: None, replaced: false, over: false }
    };
    scene.left = [(1, "one"), (2, "two")].map(left).into();
    scene.publish(Revision::default(), Vec::new());
    scene.silences.send_replace(until(Scope::Project("/muted".into()), None));
    let mut scene = scene.run();
    sleep(5 * MINUTE).await;
    scene.shown(0).await;
    let views = [("one", "/muted"), ("two", "/loud")].map(|(name, path)| SessionView {
        project: Some(path.into()),
        ..super::withdrawal::main_thread(&scene, name, Timestamp::EPOCH)
    });
    scene.publish(Revision(2), views.to_vec());
    assert_eq!(scene.shown_sessions(1).await, ["loud"]);
    assert_eq!(became(&scene, 2).0, ActionResult::Done);
}

/// Scenario: the buttons of notices about one session and about two, and of one that is not on the screen any more.
/// Guarantees: "open" shows the session, or all; "snooze" is told for each with its end, takes the notice down, and shows
/// it again half an hour later, unless the wish was taken back before.
#[tokio::test(start_paused = true)]
async fn buttons_do_what_they_say() {
    let mut scene = Scene::start();
    keep(&scene);
    scene.grant("one");
    scene.grant("two");
    scene.shown(2).await;
    scene.press(Button::Open, &["one"]);
    scene.press(Button::Open, &["one", "two"]);
    scene.press(Button::Snooze, &["one", "three"]);
    scene.settle().await;
    let told = ["open one", "open all", "snooze one until 22:43", "snooze three until 22:43"];
    assert_eq!(scene.pressed(), told);
    assert_eq!(scene.desktop.withdrawn(), [1]);
    assert_eq!(became(&scene, 1), is_quiet("snoozed until 22:43"));
    scene.silences.send_replace(until(session("one"), Some(scene.now().after(30 * MINUTE))));
    let began = Instant::now();
    sleep(29 * MINUTE).await;
    scene.shown(2).await;
    assert_eq!(scene.shown(3).await[2].1, None, "in nobody's place");
    let waited = began.elapsed();
    assert!((30 * MINUTE..30 * MINUTE + Duration::from_secs(1)).contains(&waited), "{waited:?}");

    scene.press(Button::Snooze, &["two"]);
    scene.settle().await;
    scene.silences.send_replace(until(session("two"), Some(scene.now().after(30 * MINUTE))));
    sleep(MINUTE).await;
    let began = Instant::now();
    scene.silences.send_replace(Arc::new([]));
    scene.shown(4).await;
    assert!(began.elapsed() < Duration::from_secs(1));
}

/// Scenario: hours pass, with nothing held back and with something that is muted.
/// Guarantees: nobody looks at the clock in the first case; once a minute in the other.
#[tokio::test(start_paused = true)]
async fn looks_are_rare() {
    let scene = Scene::start();
    scene.settle().await;
    let before = scene.looks();
    sleep(60 * MINUTE).await;
    assert_eq!(scene.looks(), before);
    keep(&scene);
    scene.silences.send_replace(until(Scope::All, None));
    scene.grant("one");
    scene.settle().await;
    let before = scene.looks();
    sleep(60 * MINUTE).await;
    let looks = scene.looks() - before;
    assert!((60..=122).contains(&looks), "{looks}");
}
