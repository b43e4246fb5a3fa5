//! When a warning is owed, when not, once, and after a restart.

mod cache;
mod cost;
mod limits;
mod silence;
mod storm;

use std::sync::Arc;

use plimsoll_domain::{Calendar, Timestamp, Warning, WarningKind, Warnings};
use plimsoll_ledger::{Activity, Commit, History};

use crate::{
    Fleet,
    script::{at, commit},
};

/// No warning of any kind.
const NONE: Warnings =
    Warnings { limits: false, daily_cost: None, silent: false, errors: false, cache: false };

/// What is owed: its kind, the second its period is named by, and its amount.
type Owed = (WarningKind, u64, u64);

/// A fleet that begins at zero seconds.
fn fleet_with(choice: Warnings) -> Fleet {
    Fleet::new(Arc::default(), choice, Calendar::utc(), at(0))
}

/// What the task does at a moment: the fleet takes a commit in, makes a snapshot, and is asked.
fn warned_by(fleet: &mut Fleet, now: u64, commit: &Commit) -> Vec<Warning> {
    fleet.apply(commit, at(now));
    fleet.snapshot(at(now), 1);
    fleet.warnings(at(now))
}

fn warned(fleet: &mut Fleet, now: u64, activities: Vec<Activity>) -> Vec<Owed> {
    warned_by(fleet, now, &commit(activities)).iter().map(short).collect()
}

/// The same by time alone.
fn later(fleet: &mut Fleet, now: u64) -> Vec<Owed> {
    warned(fleet, now, Vec::new())
}

/// What a fleet owes that begins at a moment with all that happened.
fn restarted(choice: Warnings, now: u64, activities: Vec<Activity>) -> Vec<Owed> {
    let mut fleet = Fleet::new(Arc::default(), choice, Calendar::utc(), at(now));
    fleet.begin(History { activities, ..History::default() }, at(now));
    fleet.snapshot(at(now), 1);
    fleet.warnings(at(now)).iter().map(short).collect()
}

fn short(warning: &Warning) -> Owed {
    (warning.kind, seconds(warning.period), warning.amount)
}

fn seconds(time: Timestamp) -> u64 {
    time.since(at(0)).as_secs()
}
