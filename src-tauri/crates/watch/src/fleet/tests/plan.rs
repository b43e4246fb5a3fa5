//! The limits of the user's plan.

use plimsoll_domain::{RateLimit, StatusReport};
use plimsoll_ledger::{Activity, ActivityKind};

use crate::{
    PlanLimits, ToldLimit,
    script::{Scripted, at, feed, fleet, handed},
};

fn limit(used_permille: u64, resets: u64) -> RateLimit {
    RateLimit { used_permille, resets: at(resets) }
}

fn told(second: u64, five_hour: Option<RateLimit>, seven_day: Option<RateLimit>) -> Activity {
    let report = StatusReport { five_hour, seven_day, ..StatusReport::default() };
    handed(second, ActivityKind::Status(report))
}

/// Scenario: two sessions tell of the limits, one late, one of a single limit; then the first limit begins anew.
/// Guarantees: each is the last that was told, with its time, until it begins anew, which the fleet knows ahead.
#[test]
fn limits_are_the_last_ones_told() {
    let mut fleet = fleet();
    assert_eq!(fleet.snapshot(at(0), 1).limits, PlanLimits::default());
    let all = vec![
        told(20, Some(limit(420, 300)), Some(limit(100, 9_000))),
        told(30, Some(limit(430, 300)), None).of("two"),
        told(10, Some(limit(410, 300)), Some(limit(90, 9_000))).of("two"),
        told(40, None, None),
    ];
    for activity in all {
        feed(&mut fleet, 40, vec![activity]);
    }
    let shown = |limit, told| Some(ToldLimit { limit, told: at(told) });
    let seven_day = shown(limit(100, 9_000), 20);
    let five_hour = shown(limit(430, 300), 30);
    assert_eq!(fleet.snapshot(at(299), 1).limits, PlanLimits { five_hour, seven_day });
    assert_eq!(fleet.next_change(), at(300));
    assert_eq!(fleet.snapshot(at(300), 1).limits, PlanLimits { five_hour: None, seven_day });
}
