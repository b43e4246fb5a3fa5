//! Storms of refusals by the API.

use plimsoll_domain::{WarningKind::Errors, Warnings};
use plimsoll_ledger::{Activity, ActivityKind};

use super::{NONE, fleet_with, restarted, warned};
use crate::script::{Scripted, activity};

const CHOICE: Warnings = Warnings { errors: true, ..NONE };

fn refusal(second: u64, status: impl Into<Option<u64>>) -> Activity {
    activity(second, ActivityKind::ApiError { status: status.into() })
}

fn refusals(seconds: impl IntoIterator<Item = u64>) -> Vec<Activity> {
    seconds.into_iter().map(|second| refusal(second, 529)).collect()
}

/// Feeds what happens as it happens; gives what is owed, each with the second at which it is.
fn owed(activities: Vec<Activity>) -> Vec<(u64, u64, u64)> {
    let mut fleet = fleet_with(CHOICE);
    let mut all = Vec::new();
    for activity in activities {
        let now = super::seconds(activity.arrived);
        let warned = warned(&mut fleet, now, vec![activity]);
        all.extend(warned.into_iter().map(|(kind, first, refusals)| {
            assert_eq!(kind, Errors);
            (now, first, refusals)
        }));
    }
    all
}

/// Scenario: refusals of several sessions and of both kinds, as many and as close as it takes, and just not; others
/// errors; one that is told twice.
/// Guarantees: the fifth within five minutes tells, once; only refusals count, each once.
#[test]
fn the_fifth_refusal_tells() {
    let mixed = vec![
        refusal(10, 429),
        refusal(10, 429).of("two"),
        refusal(100, 529).of("three"),
        refusal(200, 529),
        refusal(310, 429),
        refusal(320, 429),
    ];
    assert_eq!(owed(mixed), [(310, 10, 5)]);
    assert_eq!(owed(refusals([10, 100, 200, 300, 311])), []);
    assert_eq!(owed(refusals([10, 20, 20, 30, 40, 40])), []);
    let others = [Some(500), Some(401), None, Some(400), Some(529), Some(529)];
    assert_eq!(owed((10..).zip(others).map(|(n, status)| refusal(n, status)).collect()), []);
    assert_eq!(warned(&mut fleet_with(NONE), 20, refusals(10..20)), []);
}

/// Scenario: a storm that lasts for an hour, and one that comes again after half an hour.
/// Guarantees: one warning in half an hour.
#[test]
fn a_storm_is_told_of_every_half_hour() {
    let lasting = owed(refusals((0..3_600).step_by(60)));
    assert_eq!(lasting, [(240, 0, 5), (2_040, 1_740, 6)]);
    assert_eq!(owed(refusals((0..5).chain(1_799..1_804))), [(4, 0, 5)]);
    assert_eq!(owed(refusals((0..5).chain(1_800..1_805))), [(4, 0, 5), (1_804, 1_800, 5)]);
}

/// Scenario: refusals that arrive in another order than they happened, and late.
/// Guarantees: they are counted by when they happened; what was more than two minutes ago tells nothing.
#[test]
fn refusals_count_by_their_own_time() {
    let disordered = [50, 10, 40, 20, 30].map(|second| refusal(second, 529).arriving(60));
    assert_eq!(owed(disordered.to_vec()), [(60, 10, 5)]);
    for (now, expected) in [(170, vec![(Errors, 10, 5)]), (171, vec![])] {
        let late = || refusals([10, 20, 30, 40, 50]);
        assert_eq!(warned(&mut fleet_with(CHOICE), now, late()), expected);
        assert_eq!(restarted(CHOICE, now, late()), expected);
    }
}

/// Scenario: a storm was told of; the resident is started again, and the storm goes on.
/// Guarantees: the half hour goes on too.
#[test]
fn the_half_hour_outlives_a_restart() {
    let all = refusals((0..1_000).step_by(60));
    assert_eq!(restarted(CHOICE, 960, all), []);
}
