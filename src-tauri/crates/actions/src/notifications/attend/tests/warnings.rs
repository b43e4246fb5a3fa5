//! Warnings on the screen.

use std::{sync::Arc, time::Duration};

use plimsoll_bus::Presence;
use plimsoll_domain::{
    Revision, Scope, SessionId, Silence, Warning,
    WarningKind::{self, CacheBreak, DailyCost, Errors, FiveHourLimit, Silent},
};
use plimsoll_watch::{Lack, SessionView, Snapshot, Source, SourceKind, Today};
use tokio::time::sleep;

use super::scene::{Answer, Scene};
use crate::cycle::{FRESH, is_past};

const HOUR: Duration = Duration::from_secs(3_600);

/// A warning that happens now. A limit begins anew an hour later.
fn warning(scene: &Scene, kind: WarningKind, session: Option<&str>) -> Warning {
    let now = scene.now();
    Warning {
        kind,
        session: session.map(SessionId::new),
        period: if kind == FiveHourLimit { now.after(HOUR) } else { now },
        amount: 930,
        at: now,
        revision: None,
    }
}

fn warn(scene: &Scene, kind: WarningKind, session: Option<&str>) {
    scene.books.warn(warning(scene, kind, session));
}

fn mute(scene: &Scene, scope: Scope) {
    scene.silences.send_replace(Arc::new([Silence { scope, until: None }]));
}

fn unmute(scene: &Scene) {
    scene.silences.send_replace(Arc::new([]));
}

/// Scenario: warnings of several kinds and sessions, beside a level of one of them; the same kind again; one that is of
/// long ago.
/// Guarantees: each is shown at once, in a place of its own; a later one takes the place of its kind's and session's
/// last; what is past is not shown.
#[tokio::test(start_paused = true)]
async fn each_kind_has_its_place() {
    let mut scene = Scene::start();
    scene.grant("one");
    warn(&scene, FiveHourLimit, None);
    warn(&scene, CacheBreak, Some("one"));
    warn(&scene, CacheBreak, Some("two"));
    warn(&scene, FiveHourLimit, None);
    let shown = scene.shown(5).await;
    let limit = "Five-hour limit";
    let wished = [
        ("one", None, 1),
        (limit, None, 2),
        ("one", None, 3),
        ("two", None, 4),
        (limit, Some(2), 2),
    ];
    assert_eq!(shown, wished.map(|(name, replaced, id)| (name.to_owned(), replaced, id)));
    assert_eq!(scene.outcomes().len(), 1, "only the level's");
    let old = warning(&scene, Errors, None);
    sleep(FRESH + Duration::from_secs(1)).await;
    scene.books.warn(old);
    scene.settle().await;
    scene.shown(5).await;
}

/// Scenario: everything is muted, then a session, then the day has quiet hours; warnings come, and it ends.
/// Guarantees: what the wish is about is held back, also what is of all sessions where it is about all; afterwards the
/// newest of its kind is shown if it is still so.
#[tokio::test(start_paused = true)]
async fn quiet_holds_warnings_back() {
    let mut scene = Scene::start();
    mute(&scene, Scope::All);
    warn(&scene, FiveHourLimit, None);
    warn(&scene, FiveHourLimit, None);
    warn(&scene, Errors, None);
    sleep(HOUR / 2).await;
    scene.shown(0).await;
    unmute(&scene);
    assert_eq!(scene.shown_sessions(1).await, ["Five-hour limit"], "the refusals are past");

    mute(&scene, Scope::Session(SessionId::new("one")));
    warn(&scene, CacheBreak, Some("one"));
    warn(&scene, Errors, None);
    assert_eq!(scene.shown_sessions(2).await[1], "The API refuses requests");
    unmute(&scene);
    assert_eq!(scene.shown_sessions(3).await[2], "one");

    let hours = plimsoll_domain::QuietHours { from_minute: 0, to_minute: 1_439 };
    scene.hours.send_replace(Some(hours));
    warn(&scene, FiveHourLimit, None);
    scene.settle().await;
    scene.shown(3).await;
    scene.hours.send_replace(None);
    scene.shown(4).await;
}

/// Scenario: no service is there when warnings come, and one of them is old when it appears; one refuses.
/// Guarantees: what is fresh is shown then, once; what was refused is not tried again.
#[tokio::test(start_paused = true)]
async fn a_warning_waits_for_the_service() {
    let mut scene = Scene::start();
    scene.service.send_replace(Presence::Absent);
    warn(&scene, Errors, None);
    sleep(FRESH).await;
    warn(&scene, CacheBreak, Some("one"));
    sleep(Duration::from_secs(1)).await;
    scene.service.send_replace(Presence::Present);
    assert_eq!(scene.shown_sessions(1).await, ["one"]);
    scene.desktop.answer(Answer::RefusesAfter(Duration::ZERO));
    warn(&scene, Errors, None);
    scene.settle().await;
    assert_eq!(scene.desktop.refused(), 1);
    scene.desktop.answer(Answer::ShowsAfter(Duration::ZERO));
    scene.service.send_replace(Presence::Startable);
    scene.settle().await;
    scene.shown(1).await;
}

/// Scenario: warnings of each kind, looked at when they are so, and when they are not any more.
/// Guarantees: a limit holds until it begins anew, a cost until midnight, silence while the session works without
/// telemetry, the rest for two minutes.
#[tokio::test(start_paused = true)]
async fn a_warning_is_past_in_its_time() {
    let scene = Scene::new();
    let now = scene.now();
    let view = |lack| SessionView {
        source: Source { kind: SourceKind::Exact, lack },
        ..scene.view("one")
    };
    let shows = |lack, from| Snapshot {
        revision: Revision(1),
        sessions: vec![Arc::new(view(lack))],
        today: Today { from, ..Today::default() },
        ..Snapshot::default()
    };
    let silent = Some(Lack::SilentSince(now));
    for (kind, snapshot, after, past) in [
        (FiveHourLimit, shows(None, now), HOUR - FRESH, false),
        (FiveHourLimit, shows(None, now), HOUR, true),
        (DailyCost, shows(None, now), HOUR, false),
        (DailyCost, shows(None, now.after(HOUR)), HOUR, true),
        (Silent, shows(silent, now), HOUR, false),
        (Silent, shows(None, now), Duration::ZERO, true),
        (CacheBreak, shows(None, now), FRESH, false),
        (CacheBreak, shows(None, now), FRESH + Duration::from_secs(1), true),
        (Errors, shows(None, now), FRESH + Duration::from_secs(1), true),
    ] {
        let warning = warning(&scene, kind, Some("one"));
        assert_eq!(is_past(&warning, &snapshot, now.after(after)), past, "{kind:?} {after:?}");
    }
}
