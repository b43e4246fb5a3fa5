//! Texts that wait for agents, over restarts and cycles.

use plimsoll_domain::{Line, LineReason, Window, WindowKind};

use super::*;

const MINUTE: Duration = Duration::from_secs(60);

/// A main thread whose cycle began then, fuller than any alert here says.
fn gauge(cycle: Timestamp) -> Gauge {
    Gauge {
        occupancy: 160_000,
        estimated: false,
        added: 0,
        window: Window { tokens: 200_000, kind: WindowKind::Table },
        line: Line { tokens: 190_000, reason: LineReason::Formula },
        level: None,
        marks: [114_000, 152_000, 174_800],
        forecast: None,
        cycle,
        requests: 1,
        as_of: cycle,
    }
}

/// An alert of a session, so long ago, whose text waited when the program ended.
fn left(scene: &Scene, revision: i64, session: &str, ago: Duration) -> Unfinished {
    let (at, revision) = (now(scene.began).before(ago), Some(Revision(revision)));
    let mut alert = Alert { at, revision, ..alert() };
    alert.thread.session = SessionId::new(session);
    Unfinished { alert, project: Some("/home/ada/engine".into()), replaced: false, over: false }
}

/// Scenario: the program ended while texts waited: of two levels of one session, hours old; of a session whose cycle is over,
/// of one that was compacted as the first snapshot shows, and of a day ago. It starts, and its task is started once more.
/// Guarantees: the newest waits again, in the user's words of now, and is told once; of the others it is noted why they
/// were never told.
#[tokio::test]
async fn a_restart_has_texts_wait_again() {
    let mut scene = Scene::new(":", |action| {
        action.in_session = true;
        action.instruction = Some("Save {project}.".into());
    });
    let hours = 600 * MINUTE;
    let replaced = Unfinished { replaced: true, ..left(&scene, 11, "s-2", hours) };
    let over = Unfinished { over: true, ..left(&scene, 13, "s-3", hours) };
    let compacted = left(&scene, 14, "s-1", hours);
    let newest = left(&scene, 12, "s-2", hours);
    let old = left(&scene, 15, "s-5", 1_441 * MINUTE);
    scene.shows(Revision(15), None, Some(gauge(now(scene.began).before(MINUTE))));
    let all = [&replaced, &newest, &over, &compacted, &old].map(Clone::clone);
    scene.desk.untold.lock().unwrap().extend(all);
    scene.run();
    for (lost, why) in [
        (&replaced, "a later level took its place before it was told"),
        (&over, "its cycle was over before the session's next hook"),
        (&compacted, "its cycle was over before the session's next hook"),
        (&old, "the session had no hook for a day"),
    ] {
        let became = scene.became(&lost.alert, ActionKind::InSession, ActionResult::Failed).await;
        assert_eq!(became, why);
    }
    let session = newest.alert.thread.session;
    let told = scene.inbox.take(&session).unwrap();
    assert_eq!(told.alert, Revision(12));
    assert!(told.text.ends_with("Save engine."), "{}", told.text);
    scene.run();
    scene.became(&scene.grant(), ActionKind::InSession, ActionResult::Begun).await;
    assert_eq!(scene.inbox.take(&session), None);
}

/// Scenario: a text waited when the program ended, and agents are not to be told any more when it starts.
/// Guarantees: it is not told, which is noted.
#[tokio::test]
async fn a_text_that_is_not_wished_any_more_is_not_told() {
    let mut scene = Scene::new(":", |_| ());
    let one = left(&scene, 11, "s-1", MINUTE);
    scene.desk.untold.lock().unwrap().push(one.clone());
    scene.run();
    let became = scene.became(&one.alert, ActionKind::InSession, ActionResult::Failed).await;
    assert_eq!(became, "it is no longer set that agents are told");
    assert_eq!(scene.told(), None);
}

/// Scenario: a text waits; snapshots show its thread in the same cycle, and then in one that began since with another line,
/// though its context is as full as before.
/// Guarantees: it waits until then, and is told no more.
#[tokio::test]
async fn a_text_goes_with_its_cycle() {
    let mut scene = Scene::new(":", in_session);
    scene.run();
    let alert = scene.grant();
    scene.became(&alert, ActionKind::InSession, ActionResult::Begun).await;
    scene.shows(Revision(i64::MAX), None, Some(gauge(alert.at)));
    sleep(Duration::from_millis(10)).await;
    let is_lost = |outcome: &Outcome| outcome.result == ActionResult::Failed;
    assert!(!scene.desk.noted.all.borrow().iter().any(is_lost));
    scene.shows(Revision(i64::MAX), None, Some(gauge(alert.at.after(MINUTE))));
    let became = scene.became(&alert, ActionKind::InSession, ActionResult::Failed).await;
    assert_eq!(became, "its cycle was over before the session's next hook");
    assert_eq!(scene.told(), None);
}
