//! The discipline of alerts, as a table: what happens, and exactly what speaks. Alerts are claimed as in the ledger:
//! once per thread, cycle and level.

use std::{collections::HashSet, sync::Arc};

use plimsoll_domain::{Calendar, Level, Life, Start, Warnings};
use plimsoll_ledger::{Activity, History};

use crate::{
    Fleet,
    script::{
        OPUS, Scripted, at, command, commit, compaction, life, main_request, main_request_to,
        manual_compaction, metered, status, subagent_request,
    },
};

/// What happens next.
enum Step {
    /// Activities arrive together, as soon as the last of them.
    Tell(Vec<Activity>),
    /// Plimsoll is restarted at this second.
    Restart(u64),
}

/// What speaks: the session, the level, and the occupancy.
type Spoken = (&'static str, Level, u64);

fn tell(activities: impl IntoIterator<Item = Activity>) -> Vec<Step> {
    activities.into_iter().map(|one| Step::Tell(vec![one])).collect()
}

/// Main requests, one every second from a moment on.
fn grow(from: u64, occupancies: &[u64]) -> Vec<Activity> {
    (from..).zip(occupancies).map(|(second, tokens)| main_request(second, *tokens)).collect()
}

/// What is granted of what is owed.
fn granted(steps: Vec<Step>) -> Vec<(String, Level, u64)> {
    let new = |second| Fleet::new(Arc::default(), Warnings::default(), Calendar::utc(), at(second));
    let (mut fleet, mut past) = (new(0), Vec::new());
    let (mut claims, mut spoken) = (HashSet::new(), Vec::new());
    for step in steps {
        let owed = match step {
            Step::Tell(activities) => {
                let now = activities.iter().map(|one| one.arrived).max().unwrap();
                past.extend(activities.iter().cloned());
                fleet.apply(&commit(activities), now)
            }
            Step::Restart(second) => {
                fleet = new(second);
                let activities = past.clone();
                fleet.begin(History { activities, ..History::default() }, at(second))
            }
        };
        for alert in owed {
            if claims.insert((alert.thread.clone(), alert.cycle, alert.level)) {
                let session = alert.thread.session.to_string();
                spoken.push((session, alert.level, alert.occupancy));
            }
        }
    }
    spoken
}

#[track_caller]
fn check(name: &str, steps: Vec<Step>, expected: &[Spoken]) {
    let owned = |(session, level, tokens): &Spoken| ((*session).to_owned(), *level, *tokens);
    let expected: Vec<_> = expected.iter().map(owned).collect();
    assert_eq!(granted(steps), expected, "{name}");
}

use Level::{Checkpoint, Notice, Urgent};

/// Scenario: a slow climb; a jump over two levels; flapping around a level, by a little and by much; a climb at 25,000
/// tokens a turn.
/// Guarantees: each level once, the highest of a jump alone, a fast climb earlier by turns.
#[test]
fn on_the_way_up() {
    let climb = [90_000, 99_000, 101_000, 120_000, 133_000, 134_000, 150_000, 154_000, 160_000];
    let spoken = [("one", Notice, 101_000), ("one", Checkpoint, 134_000), ("one", Urgent, 154_000)];
    check("slow climb", tell(grow(1, &climb)), &spoken);
    check("jump", tell(grow(1, &[50_000, 140_000, 141_000])), &[("one", Checkpoint, 140_000)]);
    let flap = [101_000, 99_500, 101_000, 98_000, 102_000];
    check("flapping", tell(grow(1, &flap)), &[("one", Notice, 101_000)]);
    let fast = [20_000, 45_000, 70_000, 95_000, 96_000, 97_000];
    check("three turns left", tell(grow(1, &fast)), &[("one", Checkpoint, 96_000)]);
}

/// Scenario: an automatic and a manual compaction, `/clear` by command and by hook, a rewind that one and that two
/// requests tell of, a switch of models, a window that turns out larger.
/// Guarantees: each re-arms the levels, but for a single request that is smaller.
#[test]
fn what_re_arms() {
    let twice = [("one", Notice, 101_000), ("one", Notice, 102_000)];
    let around = |between: Vec<Activity>| {
        let mut all = grow(1, &[101_000]);
        all.extend(between);
        all.extend(grow(20, &[102_000]));
        tell(all)
    };
    check("manual compaction", around(vec![manual_compaction(5, 101_500, 3_000)]), &twice);
    // By what was seen the line is at the compaction.
    let learned = [("one", Notice, 101_000), ("one", Urgent, 102_000)];
    check("automatic compaction", around(vec![compaction(5, 101_500, 3_000)]), &learned);
    check("clear", around(vec![command(5, "clear")]), &twice);
    check("clear by hook", around(vec![life(5, Life::Started(Start::Clear))]), &twice);
    check("one small request", around(grow(5, &[40_000])), &twice[..1]);
    check("rewind", around(grow(5, &[40_000, 41_000])), &twice);
    check("a little rewind", around(grow(5, &[90_000, 90_500])), &twice[..1]);
    let switch = vec![main_request_to(5, OPUS, 20_000)];
    check("model switch and back", around(switch), &twice);
    let million = vec![metered(5, "claude-sonnet-4-6[1m]")];
    let mut grown = grow(1, &[101_000]);
    grown.extend(million);
    grown.extend(grow(20, &[102_000, 601_000]));
    let spoken = [("one", Notice, 101_000), ("one", Notice, 601_000)];
    check("a larger window", tell(grown), &spoken);
}

/// Scenario: a restart in mid-cycle before and after a level was reached, one that slept through a level by ten
/// minutes, old data replayed into the present, the same told again by every witness.
/// Guarantees: nothing speaks twice, nothing old speaks, and what follows does.
#[test]
fn restarts_and_repetitions() {
    let mut steps = tell(grow(1, &[101_000]));
    steps.push(Step::Restart(3));
    steps.extend(tell(grow(4, &[102_000, 134_000])));
    steps.push(Step::Restart(8));
    steps.extend(tell(grow(9, &[135_000])));
    check("restart", steps, &[("one", Notice, 101_000), ("one", Checkpoint, 134_000)]);

    let mut slept = vec![Step::Tell(grow(1, &[50_000])), Step::Restart(2)];
    let late = grow(10, &[134_000]).into_iter().map(|one| one.arriving(700));
    slept.extend(tell(late));
    slept.extend(tell(grow(701, &[155_000])));
    check("slept through a level", slept, &[("one", Urgent, 155_000)]);

    let old = grow(1, &[101_000, 134_000, 154_000]).into_iter().map(|one| one.arriving(10_000));
    check("old data", tell(old), &[]);

    let told = main_request(1, 101_000);
    let read = main_request(1, 101_000).read().again(&told);
    let all = [told.clone(), told, read, status(2, 101_000), status(3, 101_000)];
    check("told again", tell(all), &[("one", Notice, 101_000)]);
}

/// Scenario: twenty sessions reach a level in one batch, and grow on; a subagent of one reaches a level of its own.
/// Guarantees: each speaks once; no session speaks for another, no subagent for its main thread.
#[test]
fn many_at_once() {
    let names: Vec<String> = (0..20).map(|number| format!("s{number:02}")).collect();
    let all = |second, tokens| -> Vec<Activity> {
        names.iter().map(|name| main_request(second, tokens).of(name)).collect()
    };
    let spoken = granted(vec![
        Step::Tell(all(1, 101_000)),
        Step::Tell(all(2, 102_000)),
        Step::Tell(vec![subagent_request(3, "a", 140_000).of("s07")]),
    ]);
    let noticed = spoken.iter().filter(|(_, level, _)| *level == Notice);
    let mut sessions: Vec<&str> = noticed.map(|(name, ..)| name.as_str()).collect();
    sessions.sort_unstable();
    assert_eq!(sessions, names);
    assert_eq!(spoken.len(), 21);
    assert_eq!(spoken[20], ("s07".to_owned(), Checkpoint, 140_000));
}
