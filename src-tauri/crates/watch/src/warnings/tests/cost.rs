//! The cost of a day.

use std::sync::Arc;

use plimsoll_domain::{
    Calendar, NanoUsd, Quarter, WarningKind::DailyCost, Warnings, calendar::parse_rfc3339,
};
use plimsoll_ledger::{Activity, Commit, History, Usage};

use super::{NONE, Owed, fleet_with, short, warned_by};
use crate::{
    Fleet,
    script::{at, main_request},
};

const CHOICE: Warnings = Warnings { daily_cost: Some(NanoUsd(20_000_000_000)), ..NONE };

/// A commit after which the quarter that holds a second has cost so many cents.
fn spent(second: u64, cents: i64, activities: Vec<Activity>) -> Commit {
    let cost = NanoUsd(cents * 10_000_000);
    let usage = Usage { cost, requests: 1, ..Usage::default() };
    Commit { activities, quarters: vec![(Quarter::of(at(second)), usage)], ..Commit::default() }
}

fn request(second: u64) -> Vec<Activity> {
    vec![main_request(second, 50_000)]
}

fn owed(fleet: &mut Fleet, now: u64, commit: &Commit) -> Vec<(u64, u64)> {
    let all = warned_by(fleet, now, commit);
    let kinds: Vec<Owed> = all.iter().map(short).collect();
    assert!(kinds.iter().all(|(kind, ..)| *kind == DailyCost));
    all.iter().map(|warning| (warning.amount / 10_000_000, super::seconds(warning.at))).collect()
}

/// Scenario: a day's cost reaches the sum and grows on; the next day does the same.
/// Guarantees: it is warned of once a local day, from the sum on, with what it had cost then.
#[test]
fn a_day_is_told_of_once() {
    let mut fleet = fleet_with(CHOICE);
    let day = 24 * 3_600;
    for (second, cents, expected) in [
        (10, 1_999, vec![]),
        (20, 2_000, vec![(2_000, 20)]),
        (30, 2_600, vec![]),
        (day, 1_500, vec![]),
        (day + 10, 2_040, vec![(2_040, day + 10)]),
        (day + 20, 9_000, vec![]),
    ] {
        let commit = spent(second, cents, request(second));
        assert_eq!(owed(&mut fleet, second, &commit), expected, "at {second}");
    }
    let mut fleet = fleet_with(NONE);
    assert_eq!(owed(&mut fleet, 20, &spent(20, 2_600, request(20))), []);
}

/// Scenario: the sum is passed by use that was longer ago than two minutes, as history is read; by use that names no
/// session, of this quarter and of an earlier one; then something is used.
/// Guarantees: what was used long ago is silent, and the first use after it tells.
#[test]
fn only_use_of_now_is_told_of() {
    for (passing, expected) in [
        (spent(1_000, 2_500, request(1_000)), vec![]),
        (spent(1_000, 2_500, vec![]), vec![]),
        (spent(2_000, 2_500, vec![]), vec![(2_500, 2_000)]),
        (spent(2_000, 2_500, request(1_880)), vec![(2_500, 1_880)]),
    ] {
        let mut fleet = fleet_with(CHOICE);
        assert_eq!(owed(&mut fleet, 2_000, &passing), expected);
        let next = Commit { activities: request(2_010), ..Commit::default() };
        let next_owed = if expected.is_empty() { vec![(2_500, 2_010)] } else { vec![] };
        assert_eq!(owed(&mut fleet, 2_010, &next), next_owed);
    }
}

/// Scenario: a fleet begins on a day that has cost too much, with its last use just now or a while ago.
/// Guarantees: it asks for a claim only in the first case, for the local day.
#[test]
fn a_start_is_no_news() {
    let calendar = Calendar::named("Asia/Tokyo").unwrap();
    for (now, expected) in [(60, 1), (121, 0)] {
        let Commit { activities, quarters, .. } = spent(0, 2_100, request(0));
        let mut fleet = Fleet::new(Arc::default(), CHOICE, calendar.clone(), at(now));
        fleet.begin(History { activities, quarters, ..History::default() }, at(now));
        let all = fleet.warnings(at(now));
        assert_eq!(all.len(), expected);
        let midnight = parse_rfc3339("2026-11-22T15:00:00Z").unwrap();
        assert!(all.iter().all(|warning| warning.period == midnight));
    }
}
