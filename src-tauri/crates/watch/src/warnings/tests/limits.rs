//! The limits of five hours and of seven days.

use plimsoll_domain::{
    RateLimit, StatusReport,
    WarningKind::{FiveHourLimit, SevenDayLimit},
    Warnings,
};
use plimsoll_ledger::{Activity, ActivityKind};

use super::{NONE, fleet_with, restarted, warned};
use crate::script::{at, handed};

const CHOICE: Warnings = Warnings { limits: true, ..NONE };

/// A status line by what is used of the limits, in permille, which begin anew at 9,000 and 90,000 seconds.
fn used(second: u64, five_hour: u64, seven_day: u64) -> Activity {
    told(second, (five_hour, 9_000), (seven_day, 90_000))
}

fn told(second: u64, five_hour: (u64, u64), seven_day: (u64, u64)) -> Activity {
    let limit = |(used_permille, resets)| Some(RateLimit { used_permille, resets: at(resets) });
    let (five_hour, seven_day) = (limit(five_hour), limit(seven_day));
    let report = StatusReport { five_hour, seven_day, ..StatusReport::default() };
    handed(second, ActivityKind::Status(report))
}

/// Scenario: both limits are used more and more, with status lines in between that tell the same, until they begin anew.
/// Guarantees: each is warned of once at 90 % and once at 100 %, and again after it began anew.
#[test]
fn a_limit_is_told_of_when_near_and_when_used_up() {
    let mut fleet = fleet_with(CHOICE);
    for (activity, owed) in [
        (used(10, 899, 0), vec![]),
        (used(20, 900, 0), vec![(FiveHourLimit, 9_000, 900)]),
        (used(30, 950, 899), vec![]),
        (used(40, 950, 905), vec![(SevenDayLimit, 90_000, 905)]),
        (used(50, 1_000, 905), vec![(FiveHourLimit, 9_000, 1_000)]),
        (used(60, 990, 910), vec![]),
        (used(4_000, 1_010, 1_000), vec![(SevenDayLimit, 90_000, 1_000)]),
        (told(9_100, (10, 27_000), (1_000, 90_000)), vec![]),
        (told(9_200, (940, 27_000), (1_000, 90_000)), vec![(FiveHourLimit, 27_000, 940)]),
    ] {
        let now = super::seconds(activity.at);
        assert_eq!(warned(&mut fleet, now, vec![activity]), owed, "at {now}");
    }
}

/// Scenario: a limit that is near is told two minutes ago, longer ago, after it began anew, or to someone who does not
/// want to know; a fleet begins with it.
/// Guarantees: only what was told within two minutes and still holds is owed, also at the start.
#[test]
fn only_what_is_told_lately_is_owed() {
    let owed = vec![(FiveHourLimit, 9_000, 950)];
    for (choice, told_at, now, expected) in [
        (CHOICE, 100, 220, owed.clone()),
        (CHOICE, 100, 221, vec![]),
        (CHOICE, 8_990, 9_000, vec![]),
        (NONE, 100, 101, vec![]),
    ] {
        let mut fleet = fleet_with(choice);
        assert_eq!(warned(&mut fleet, now, vec![used(told_at, 950, 0)]), expected, "{now}");
        assert_eq!(restarted(choice, now, vec![used(told_at, 950, 0)]), expected, "{now}");
    }
}
