use plimsoll_domain::{
    NanoUsd, SessionId,
    health::{Backfill, ListenerState, Severity},
};
use plimsoll_watch::{Gauge, SessionView, State};

use super::*;
use crate::{
    Shape,
    script::{deaf, face, gauge, idle, minutes, noon, problem, session, snapshot, well},
};

/// The labels of a menu; what can be chosen in brackets, a separator as a dash.
fn labels(face: &Face) -> Vec<String> {
    let shown = |entry: &Entry| match entry {
        Entry::Item { label, action: Some(_) } => format!("[{label}]"),
        Entry::Item { label, action: None } => label.clone(),
        Entry::Separator => "-".to_owned(),
    };
    face.menu.iter().map(shown).collect()
}

/// Scenario: a session near its line, one that is far from it, one that has no gauge yet and one of earlier.
/// Guarantees: icon, title, tooltip and menu say so, fullest first; the session of earlier is in none of them.
#[test]
fn a_face_says_what_matters() {
    let sessions = vec![
        idle("docs-site", 160_000, 61),
        session("api-server", 151_203),
        idle("logbook", 41_000, 5),
        session("new", None),
    ];
    let face = face(&snapshot(sessions), &well());
    assert_eq!(face.icon, Icon { shape: Shape::Checkpoint, fill: 11 });
    assert_eq!(face.title, "api-server: 151k of 167k, checkpoint");
    assert_eq!(
        face.tooltip,
        "2 of 3 sessions working\n\
         Today 4.2M tokens, $18.40\n\
         Receiving on 4318 and 4317; last signal 14:02"
    );
    assert_eq!(
        labels(&face),
        [
            "[api-server  151k of 167k, checkpoint]",
            "[logbook  41k of 167k, calm]",
            "[new  no gauge yet]",
            "-",
            "Today 4.2M tokens, $18.40",
            "-",
            "[Open popover]",
            "[Open dashboard]",
            "-",
            "[Quit]"
        ]
    );
}

/// Scenario: every entry of a menu that can be chosen.
/// Guarantees: a session opens its own page, the rest what its label says.
#[test]
fn entries_do_what_they_say() {
    let face = face(&snapshot(vec![session("api-server", 151_203)]), &well());
    let actions: Vec<_> = face
        .menu
        .into_iter()
        .filter_map(|entry| match entry {
            Entry::Item { action, .. } => action,
            Entry::Separator => None,
        })
        .collect();
    let dashboard = |session| Action::Show(Show::Dashboard { session });
    assert_eq!(
        actions,
        [
            dashboard(Some(SessionId::new("id of api-server"))),
            Action::Show(Show::Popover { at: None, toggle: false }),
            dashboard(None),
            Action::Quit
        ]
    );
}

/// Scenario: eight sessions, and ten.
/// Guarantees: eight are listed; what is left out is counted and opens the dashboard.
#[test]
fn long_menus_are_cut() {
    let listed = |count: u64| {
        let sessions = (0..count).map(|at| session(&format!("s{at}"), 50_000 - at)).collect();
        let entries = labels(&face(&snapshot(sessions), &well()));
        entries.into_iter().take_while(|label| label != "-").collect::<Vec<_>>()
    };
    assert_eq!(listed(8).len(), 8);
    assert_eq!(listed(10).len(), 9);
    assert_eq!(listed(10)[8], "[and 2 more]");
}

/// Scenario: nothing read yet, nothing arrived ever, nothing for a day, nothing for an hour, nothing of a main
/// thread.
/// Guarantees: each is said in words in title and menu; what is unknown is not shown as a zero.
#[test]
fn absence_is_said_in_words() {
    let shown = |snapshot: &Snapshot| {
        let face = face(snapshot, &well());
        (face.icon, face.title.clone(), labels(&face)[0].clone())
    };
    let icon = |shape| Icon { shape, fill: 0 };
    let starting = "Plimsoll is starting".to_owned();
    let unread = Snapshot::default();
    assert_eq!(shown(&unread), (icon(Shape::NoTelemetry), starting.clone(), starting));
    assert!(!labels(&face(&unread, &well())).join(" ").contains("Today"));

    let nothing = "Nothing has arrived yet".to_owned();
    let silent = Snapshot { last_arrival: None, ..snapshot(Vec::new()) };
    assert_eq!(shown(&silent), (icon(Shape::NoTelemetry), nothing.clone(), nothing));
    assert_eq!(
        face(&silent, &well()).tooltip,
        "Today 4.2M tokens, $18.40\nReceiving on 4318 and 4317"
    );

    let none = "No session in the last 24 hours".to_owned();
    assert_eq!(shown(&snapshot(Vec::new())), (icon(Shape::NoTelemetry), none.clone(), none));
    let earlier = "No session in the last hour".to_owned();
    let left = snapshot(vec![idle("web", 150_000, 61)]);
    assert_eq!(shown(&left), (icon(Shape::Idle), earlier.clone(), earlier));
    assert_eq!(
        shown(&snapshot(vec![session("web", None)])),
        (
            icon(Shape::NoTelemetry),
            "No session has a gauge yet".to_owned(),
            "[web  no gauge yet]".to_owned()
        )
    );
}

/// Scenario: sessions at each level, at work and idle, the fullest with an estimate or without a gauge.
/// Guarantees: the shape is that of the fullest; idle only where no session works and none is near its line.
#[test]
fn the_shape_is_that_of_the_fullest() {
    let shape = |sessions| face(&snapshot(sessions), &well()).icon.shape;
    for (occupancy, expected) in [
        (1, Shape::Calm),
        (100_199, Shape::Calm),
        (100_200, Shape::Notice),
        (133_600, Shape::Checkpoint),
        (153_640, Shape::Urgent),
        (190_000, Shape::Urgent),
    ] {
        assert_eq!(shape(vec![session("a", occupancy), session("b", 1)]), expected);
        let resting = if expected == Shape::Calm { Shape::Idle } else { expected };
        assert_eq!(shape(vec![idle("a", occupancy, 59), idle("b", 1, 3)]), resting);
    }
    assert_eq!(shape(vec![idle("a", 50_000, 5), session("b", None)]), Shape::Calm);
    let compacted = SessionView { state: State::JustCompacted, ..session("a", 30_000) };
    assert_eq!(shape(vec![compacted]), Shape::Calm);
}

/// Scenario: one session that works, is idle, was just compacted to an estimate.
/// Guarantees: what it does is said of it, and an estimate as one.
#[test]
fn one_session_is_said_to_be_what_it_is() {
    let shown = |view| {
        let face = face(&snapshot(vec![view]), &well());
        (face.title, face.tooltip.lines().next().unwrap_or_default().to_owned())
    };
    let line = |title: &str, work: &str| (title.to_owned(), work.to_owned());
    assert_eq!(shown(session("a", 900)), line("a: 900 of 167k, calm", "1 session, working"));
    assert_eq!(shown(idle("a", 900, 3)), line("a: 900 of 167k, calm", "1 session, idle"));
    let compacted = SessionView {
        state: State::JustCompacted,
        gauge: Some(Gauge { estimated: true, ..gauge(30_000) }),
        ..session("a", None)
    };
    assert_eq!(shown(compacted), line("a: about 30k of 167k, calm", "1 session, just compacted"));
}

/// Scenario: receivers that lost their ports, one and both, to other programs and otherwise.
/// Guarantees: the error's shape and sentence, also in the menu; what still receives is said.
#[test]
fn deaf_receivers_are_an_error() {
    let calm = snapshot(vec![session("logbook", 41_000)]);
    let shown = |status| {
        let face = face(&calm, &status);
        assert_eq!(face.icon, Icon { shape: Shape::Error, fill: 0 });
        assert_eq!(labels(&face)[..2], [format!("[{}]", face.title), "-".to_owned()]);
        (face.title.clone(), face.tooltip.lines().last().unwrap_or_default().to_owned())
    };
    let line = |title: &str, last: &str| (title.to_owned(), last.to_owned());
    assert_eq!(
        shown(deaf(1, ListenerState::PortTaken)),
        line(
            "Port 4318 is taken by another program",
            "Receiving on 4317, not on 4318; last signal 14:02"
        )
    );
    assert_eq!(
        shown(deaf(2, ListenerState::PortTaken)).0,
        "Ports 4318 and 4317 are taken by another program"
    );
    assert_eq!(
        shown(deaf(2, ListenerState::Failed)),
        line(
            "Plimsoll cannot receive on ports 4318 and 4317",
            "Not receiving on 4318 and 4317; last signal 14:02"
        )
    );
    let page_only = Status {
        listeners: deaf(3, ListenerState::Failed).listeners.split_off(2),
        ..Status::default()
    };
    assert_eq!(face(&calm, &page_only).icon.shape, Shape::Calm);
}

/// Scenario: history is being read, then it was read.
/// Guarantees: the tooltip says how far it is, and nothing afterwards; the icon does not change.
#[test]
fn the_tooltip_tells_of_history_being_read() {
    let reading = Backfill {
        files: 2_000,
        files_read: 500,
        bytes: 1_000_000,
        bytes_read: 250_000,
        requests: 34_567,
        began: noon(),
        ended: None,
    };
    let calm = snapshot(vec![session("logbook", 41_000)]);
    let shown = |backfill| face(&calm, &Status { backfill: Some(backfill), ..well() });
    assert!(shown(reading).tooltip.contains("Reading history: 25 %, 34,567 requests"));
    let read = shown(Backfill { ended: Some(noon()), ..reading });
    assert!(!read.tooltip.contains("history"));
    assert_eq!(shown(reading).icon, read.icon);
}

/// Scenario: a fault and a hint beside sessions at each level.
/// Guarantees: as in the page's headline, only a checkpoint or worse goes before the fault; a hint changes no
/// icon; the tooltip has the fault's sentences first and the hint last.
#[test]
fn a_fault_yields_to_what_is_nearly_too_late() {
    let fault = problem(Severity::Fault, "The ledger is locked. 3 requests are kept.");
    let hint = problem(Severity::Hint, "Nothing shows notifications.");
    let faulty = Status { problems: vec![fault, hint.clone()], ..well() };
    let hinted = Status { problems: vec![hint], ..well() };
    for (occupancy, expected) in [
        (41_000, Shape::Error),
        (110_000, Shape::Error),
        (140_000, Shape::Checkpoint),
        (160_000, Shape::Urgent),
    ] {
        let snapshot = snapshot(vec![session("api-server", occupancy)]);
        assert_eq!(face(&snapshot, &faulty).icon.shape, expected);
        assert_ne!(face(&snapshot, &hinted).icon.shape, Shape::Error);
    }
    let calm = face(&snapshot(vec![session("logbook", 41_000)]), &faulty);
    assert_eq!(calm.title, "The ledger is locked");
    assert_eq!(
        calm.tooltip,
        "The ledger is locked. 3 requests are kept.\n\
         logbook: 41k of 167k, calm\n\
         1 session, working\n\
         Today 4.2M tokens, $18.40\n\
         Receiving on 4318 and 4317; last signal 14:02\n\
         Nothing shows notifications."
    );
    let near = face(&snapshot(vec![session("api-server", 160_000)]), &faulty);
    assert_eq!(near.title, "api-server: 160k of 167k, urgent");
    assert_eq!(labels(&near)[0], "[The ledger is locked]");
}

/// Scenario: requests without a price, all of them and some.
/// Guarantees: an unknown price is never a zero.
#[test]
fn todays_cost_is_honest() {
    let today = |cost, unpriced| {
        let mut snapshot = snapshot(Vec::new());
        snapshot.today.usage.cost = NanoUsd(cost);
        snapshot.today.usage.unpriced = unpriced;
        labels(&face(&snapshot, &well()))[2].clone()
    };
    assert_eq!(today(0, 12), "Today 4.2M tokens, no price");
    assert_eq!(today(2_400_000_000, 3), "Today 4.2M tokens, $2.40 + 3 without price");
}

/// Scenario: the face a day after the last signal, and a project's name that would break lines.
/// Guarantees: the time says of which day it is; names stay in their line and are cut where they are long.
#[test]
fn texts_stay_true_and_plain() {
    let quiet = snapshot(Vec::new());
    let later = Face::of(&quiet, &well(), &Calendar::utc(), noon().after(minutes(24 * 60)));
    assert!(later.tooltip.ends_with("last signal 23 Nov, 14:02"), "{}", later.tooltip);
    let hostile = format!("a\nb\0{}", "c".repeat(60));
    let face = face(&snapshot(vec![session(&hostile, 900)]), &well());
    assert_eq!(face.title, format!("a?b?{}..: 900 of 167k, calm", "c".repeat(34)));
}
