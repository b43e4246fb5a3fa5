//! Telemetry that falls silent.

use plimsoll_domain::{End, Life, WarningKind::Silent, Warnings};
use plimsoll_ledger::{Activity, Commit, SessionSummary};

use super::{NONE, fleet_with, later, restarted, warned, warned_by};
use crate::script::{SONNET, Scripted, at, commit, life, main_request, metered, size, summary};

const CHOICE: Warnings = Warnings { silent: true, ..NONE };

/// A request of which only the transcript tells.
fn read(second: u64) -> Activity {
    main_request(second, 50_000 + second).read()
}

/// Scenario: telemetry stops while a transcript goes on to tell of requests; it comes again, and stops again.
/// Guarantees: each silence is warned of once, by time alone, a minute after the first thing that was missed; the fleet
/// knows the moment ahead.
#[test]
fn a_silence_is_told_of_once() {
    let mut fleet = fleet_with(CHOICE);
    assert_eq!(warned(&mut fleet, 90, vec![main_request(90, 50_000)]), []);
    assert_eq!(warned(&mut fleet, 100, vec![read(100)]), []);
    assert_eq!(later(&mut fleet, 159), []);
    assert_eq!(fleet.next_change(), at(160));
    assert_eq!(later(&mut fleet, 160), [(Silent, 90, 0)]);
    for second in [170, 200, 290] {
        assert_eq!(warned(&mut fleet, second, vec![read(second)]), []);
    }
    assert_eq!(warned(&mut fleet, 300, vec![main_request(300, 60_000)]), []);
    assert_eq!(warned(&mut fleet, 310, vec![read(310)]), []);
    assert_eq!(later(&mut fleet, 370), [(Silent, 300, 0)]);
}

/// Scenario: events stop and metrics go on; a session of metrics only falls silent.
/// Guarantees: the former is one silence; the latter is waited for twice as long.
#[test]
fn metrics_do_not_hide_lost_events() {
    let metrics = |second| SessionSummary { has_metrics: true, ..summary("one", second) };
    let with = |activity, books| Commit { sessions: vec![books], ..commit(vec![activity]) };
    let mut fleet = fleet_with(CHOICE);
    warned(&mut fleet, 90, vec![main_request(90, 50_000)]);
    warned(&mut fleet, 100, vec![read(100)]);
    assert_eq!(warned_by(&mut fleet, 110, &with(metered(110, SONNET), metrics(110))), []);
    assert_eq!(later(&mut fleet, 160), [(Silent, 90, 0)]);
    assert_eq!(warned_by(&mut fleet, 170, &with(metered(170, SONNET), metrics(170))), []);
    assert_eq!(warned(&mut fleet, 180, vec![read(180)]), []);

    let only = |second| SessionSummary { has_events: false, ..metrics(second) };
    let mut fleet = fleet_with(CHOICE);
    warned_by(&mut fleet, 90, &with(metered(90, SONNET), only(90)));
    warned(&mut fleet, 100, vec![read(100)]);
    assert_eq!(warned(&mut fleet, 219, vec![read(219)]), []);
    assert_eq!(later(&mut fleet, 220), [(Silent, 90, 0)]);
}

/// Scenario: sessions whose telemetry is missing without reason to warn: it never came; the client rests, or has left;
/// what others tell is read long after; nobody wants to know.
/// Guarantees: none of them is warned of.
#[test]
fn what_says_nothing_of_telemetry_is_no_silence() {
    for (choice, all) in [
        (CHOICE, vec![read(100), size(110, 500)]),
        (CHOICE, vec![main_request(90, 50_000)]),
        (CHOICE, vec![main_request(90, 50_000), read(100), life(101, Life::Ended(End::Exit))]),
        (CHOICE, vec![main_request(90, 50_000), read(100).arriving(161)]),
        (NONE, vec![main_request(90, 50_000), read(100)]),
    ] {
        let mut fleet = fleet_with(choice);
        for activity in all {
            let now = super::seconds(activity.arrived);
            assert_eq!(warned(&mut fleet, now, vec![activity]), []);
        }
        for now in (160..400).step_by(10) {
            assert_eq!(later(&mut fleet, now), [], "at {now}");
        }
    }
}

/// Scenario: Plimsoll did not run while a client worked; what its transcript tells of then is read right after the
/// start; later the client goes on, with telemetry or without.
/// Guarantees: only what happened while Plimsoll listened counts, and is waited for as long as ever.
#[test]
fn what_nobody_listened_to_is_no_silence() {
    let before = || vec![main_request(10, 50_000)];
    let start = || {
        let mut fleet = fleet_with(CHOICE);
        warned(&mut fleet, 10, before());
        warned(&mut fleet, 12, vec![read(11).arriving(12)]);
        fleet
    };
    let mut fleet = start();
    assert_eq!(later(&mut fleet, 72), []);
    assert_eq!(warned(&mut fleet, 100, vec![main_request(100, 60_000)]), []);
    assert_eq!(later(&mut fleet, 200), []);
    let mut fleet = start();
    assert_eq!(warned(&mut fleet, 100, vec![read(100)]), []);
    assert_eq!(fleet.next_change(), at(120));
    assert_eq!(later(&mut fleet, 120), [(Silent, 10, 0)]);
}

/// Scenario: a silence was told of; the resident is started again, and the silence goes on.
/// Guarantees: at the start nothing is owed; what is owed then has the name that it had before.
#[test]
fn a_silence_keeps_its_name() {
    let all = || vec![main_request(90, 50_000), read(100), read(130), read(170)];
    assert_eq!(restarted(CHOICE, 180, all()), []);
    let mut fleet = fleet_with(CHOICE);
    assert_eq!(warned(&mut fleet, 170, all()), [(Silent, 90, 0)]);
}
