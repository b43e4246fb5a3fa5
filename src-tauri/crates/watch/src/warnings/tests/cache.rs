//! Prompt caches that break.

use plimsoll_domain::{Tokens, WarningKind::CacheBreak, Warnings};
use plimsoll_ledger::{Activity, ActivityKind};

use super::{NONE, Owed, fleet_with, restarted, warned};
use crate::script::{
    OPUS, Scripted, command, compaction, main_request, main_request_to, status, stray_request,
    subagent_request,
};

const CHOICE: Warnings = Warnings { cache: true, ..NONE };

/// The same request, which read nothing of its prompt from the cache and wrote all of it.
fn written(mut activity: Activity) -> Activity {
    let ActivityKind::Request { tokens, .. } = &mut activity.kind else {
        panic!("no request: {activity:?}")
    };
    *tokens = Tokens { cache_read: 0, cache_creation: tokens.cache_read, ..*tokens };
    activity
}

fn owed(activities: Vec<Activity>) -> Vec<Owed> {
    let mut fleet = fleet_with(CHOICE);
    let fed = activities.into_iter().flat_map(|activity| {
        let now = super::seconds(activity.arrived);
        warned(&mut fleet, now, vec![activity])
    });
    fed.collect()
}

/// Scenario: a main thread's request reads nothing of what the one before it left, by its event or its transcript, with
/// a status line or a subagent's request in between; told twice.
/// Guarantees: it is warned of once, with what was sent anew.
#[test]
fn a_lost_cache_is_told_of_once() {
    let lost = || written(main_request(20, 81_000));
    for all in [
        vec![main_request(10, 80_000), lost()],
        vec![main_request(10, 80_000).read(), lost().read(), lost()],
        vec![
            main_request(10, 80_000),
            status(12, 80_000),
            subagent_request(15, "a", 5_000),
            lost(),
        ],
        vec![main_request(10, 80_000), lost(), lost().arriving(25), main_request(30, 82_000)],
        vec![lost(), main_request(10, 80_000).arriving(21)],
    ] {
        assert_eq!(owed(all.clone()), [(CacheBreak, 20, 80_900)], "{all:?}");
    }
}

/// Scenario: requests that read nothing because the context is another one: the first, after a compaction, a clear, a
/// switch of models, a context that shrank, in another process or session; a subagent's; after five minutes.
/// Guarantees: none of them is warned of.
#[test]
fn what_must_be_written_is_no_loss() {
    let first = || main_request(10, 80_000);
    let lost = |second| written(main_request(second, 81_000));
    for all in [
        vec![lost(10)],
        vec![first(), compaction(15, 80_100, 3_000), lost(20)],
        vec![first(), command(15, "clear"), lost(20)],
        vec![first(), written(main_request_to(20, OPUS, 81_000))],
        vec![first(), written(main_request(20, 50_000)), written(main_request(25, 51_000))],
        vec![first(), lost(20).by(2)],
        vec![first(), lost(20).of("two")],
        vec![subagent_request(10, "a", 80_000), written(subagent_request(20, "a", 81_000))],
        vec![stray_request(10, 80_000), written(stray_request(20, 81_000))],
        vec![first(), lost(311)],
    ] {
        assert_eq!(owed(all.clone()), [], "{all:?}");
    }
}

/// Scenario: a loss that is told late, by a fleet that goes on and by one that begins; one that nobody wants to know.
/// Guarantees: what happened more than two minutes ago is not warned of.
#[test]
fn a_loss_of_long_ago_is_not_told_of() {
    let all = || vec![main_request(10, 80_000), written(main_request(20, 81_000))];
    for (choice, now, expected) in
        [(CHOICE, 140, vec![(CacheBreak, 20, 80_900)]), (CHOICE, 141, vec![]), (NONE, 21, vec![])]
    {
        assert_eq!(warned(&mut fleet_with(choice), now, all()), expected);
        assert_eq!(restarted(choice, now, all()), expected);
    }
}
