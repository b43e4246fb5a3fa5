//! To which thread a compaction belongs, and what it leaves.

use plimsoll_domain::{AgentId, Compaction, CompactionTrigger, Witness};
use plimsoll_ledger::{Activity, ActivityKind};

use crate::{
    SessionView, State,
    script::{
        Scripted, activity, at, compaction, feed, fleet_of, main_request, manual_compaction, only,
        subagent_request,
    },
};

/// Scenario: the numbers of a real session: it grows to 167,221 tokens, compacts, and goes on.
/// Guarantees: the client's estimate is shown as such until the next request; a new cycle begins.
#[test]
fn a_compaction_is_an_estimate_until_the_next_request() {
    let mut fleet = fleet_of(vec![main_request(1, 166_220), main_request(2, 167_221)]);
    feed(&mut fleet, 3, vec![compaction(3, 167_245, 2_720)]);
    let view = only(&mut fleet, 1_000);
    let gauge = view.gauge.clone().unwrap();
    assert_eq!(view.state, State::JustCompacted);
    assert_eq!((gauge.occupancy, gauge.estimated, gauge.requests), (2_720, true, 0));
    assert_eq!((gauge.cycle, gauge.as_of, view.compactions), (at(3), at(3), 1));
    feed(&mut fleet, 1_001, vec![main_request(1_001, 22_308)]);
    let view = only(&mut fleet, 1_001);
    let gauge = view.gauge.clone().unwrap();
    assert_eq!(view.state, State::Working);
    assert_eq!((gauge.occupancy, gauge.estimated, gauge.requests), (22_308, false, 1));
    assert_eq!((gauge.cycle, view.compactions), (at(1_001), 1));
}

/// The thread that is just compacted, `main` or a subagent's id.
fn compacted(view: &SessionView) -> Option<&str> {
    let main = (view.state == State::JustCompacted).then_some("main");
    let mut subagents = view.subagents.iter();
    let subagent = subagents.find(|subagent| subagent.state == State::JustCompacted);
    main.or(subagent.map(|subagent| subagent.agent.as_str()))
}

/// Scenario: compactions of several sizes in a session with a main thread and two subagents.
/// Guarantees: each belongs to the thread whose occupancy it fits best by ratio; without a size, or asked
/// for by the user, to the main thread; an unsuccessful one to none.
#[test]
fn a_compaction_belongs_to_the_thread_it_fits() {
    let threads = || {
        vec![
            main_request(1, 100_000),
            subagent_request(2, "a", 160_000),
            subagent_request(3, "b", 10_000),
        ]
    };
    let failed = Compaction {
        trigger: CompactionTrigger::Auto,
        success: false,
        before: Some(100_000),
        after: None,
    };
    for (event, expected) in [
        (compaction(4, 167_000, 2_000), Some("a")),
        (compaction(4, 105_000, 2_000), Some("main")),
        (compaction(4, 20_000, 2_000), Some("b")),
        (compaction(4, None, 2_000), Some("main")),
        (manual_compaction(4, 160_000, 2_000), Some("main")),
        (activity(4, ActivityKind::Compaction(failed, Witness::Event)), None),
    ] {
        let mut all = threads();
        all.push(event.clone());
        assert_eq!(compacted(&only(&mut fleet_of(all), 5)), expected, "{event:?}");
    }
}

/// Scenario: a subagent ended long ago at nearly the size at which the main thread now compacts.
/// Guarantees: the compaction is the main thread's.
#[test]
fn a_subagent_of_long_ago_is_not_compacted() {
    let all = vec![
        subagent_request(1, "a", 60_400),
        main_request(700, 60_000),
        compaction(701, 60_500, 3_000),
    ];
    let view = only(&mut fleet_of(all), 702);
    assert_eq!((compacted(&view), view.compactions), (Some("main"), 1));
}

/// Scenario: two processes of one session hold nearly the same context; one of them compacts.
/// Guarantees: it is the one that told of it.
#[test]
fn a_compaction_stays_in_its_process() {
    let all = vec![
        main_request(1, 160_000),
        main_request(2, 159_000).by(2),
        compaction(3, 160_000, 2_000).by(2),
    ];
    let gauge = only(&mut fleet_of(all), 4).gauge.clone().unwrap();
    assert_eq!((gauge.occupancy, gauge.estimated), (160_000, false), "the other is now the nearer");
    let unknown = vec![main_request(1, 160_000), compaction(3, 160_000, 2_000).by(None)];
    assert_eq!(only(&mut fleet_of(unknown), 4).gauge.clone().unwrap().occupancy, 2_000);
}

/// Scenario: the compaction arrives after a request that was made after it.
/// Guarantees: the request's count stays; only the cycle changes.
#[test]
fn a_late_compaction_changes_the_cycle_only() {
    let mut fleet = fleet_of(vec![main_request(1, 167_221), main_request(5, 22_308)]);
    assert_eq!(only(&mut fleet, 5).gauge.clone().unwrap().occupancy, 167_221, "one small request");
    feed(&mut fleet, 6, vec![main_request(6, 30_000)]);
    feed(&mut fleet, 7, vec![compaction(3, 167_245, 2_720).arriving(7)]);
    let view = only(&mut fleet, 7);
    let gauge = view.gauge.clone().unwrap();
    assert_eq!((gauge.occupancy, gauge.estimated, gauge.requests), (30_000, false, 2));
    assert_eq!((gauge.cycle, view.state, view.compactions), (at(5), State::Working, 1));
}

/// Scenario: what a real session told: 160,121 tokens, a small request, a subagent, and `/compact` of a
/// context that fits the small request.
/// Guarantees: it is the main thread that was compacted.
#[test]
fn a_compaction_shows_that_a_held_request_was_right() {
    let small = |second: u64, before: u64| -> Vec<Activity> {
        vec![
            main_request(1, 160_121),
            subagent_request(2, "a", 3_252),
            main_request(3, 2_072),
            compaction(second, before, 1_500),
        ]
    };
    assert_eq!(compacted(&only(&mut fleet_of(small(4, 2_100)), 5)), Some("main"));
}

/// Scenario: a compaction in a session of which no request is known, then a subagent's.
/// Guarantees: it is counted, and the subagents listed are only those that made requests.
#[test]
fn a_compaction_without_threads_is_counted() {
    let view = only(&mut fleet_of(vec![compaction(1, 100_000, None)]), 2);
    assert_eq!((view.gauge.clone(), view.compactions), (None, 1));
    let all = vec![subagent_request(1, "a", 100_000), compaction(2, 101_000, None)];
    let view = only(&mut fleet_of(all), 3);
    assert_eq!(view.compactions, 0);
    assert_eq!(view.subagents[0].agent, AgentId::new("a"));
    assert_eq!((view.subagents[0].gauge.occupancy, view.subagents[0].gauge.estimated), (0, true));
}

/// Tellings of one compaction by an event, the transcript before it, and a hook after it, which knows no numbers.
fn tellings() -> [Activity; 3] {
    [
        compaction(14, 100_100, 2_500),
        compaction(13, 100_300, 2_700).read(),
        compaction(15, None, None).hooked(),
    ]
}

/// Scenario: three witnesses tell of one compaction, in every order of arrival, and two of them, and each alone.
/// Guarantees: it is one compaction, with the numbers and the time of the event, else of the transcript.
#[test]
fn witnesses_of_a_compaction_tell_of_one() {
    let [event, file, hook] = tellings();
    let orders: [(&[&Activity], u64, u64); 11] = [
        (&[&event, &file, &hook], 2_500, 14),
        (&[&event, &hook, &file], 2_500, 14),
        (&[&file, &event, &hook], 2_500, 14),
        (&[&file, &hook, &event], 2_500, 14),
        (&[&hook, &event, &file], 2_500, 14),
        (&[&hook, &file, &event], 2_500, 14),
        (&[&file, &hook], 2_700, 13),
        (&[&hook, &file], 2_700, 13),
        (&[&event], 2_500, 14),
        (&[&file], 2_700, 13),
        (&[&hook], 0, 15),
    ];
    for (told, after, second) in orders {
        let mut fleet = fleet_of(vec![main_request(1, 100_000)]);
        for telling in told {
            feed(&mut fleet, 20, vec![(*telling).clone(), (*telling).clone()]);
        }
        let view = only(&mut fleet, 20);
        let gauge = view.gauge.clone().unwrap();
        assert_eq!((view.compactions, view.state), (1, State::JustCompacted), "{told:?}");
        assert_eq!((gauge.occupancy, gauge.as_of), (after, at(second)), "{told:?}");
    }
}

/// Scenario: the hook tells of a subagent's compaction first, without its size; then the event comes.
/// Guarantees: it is the subagent that was compacted.
#[test]
fn the_event_says_whose_compaction_it_was() {
    let mut fleet = fleet_of(vec![main_request(1, 100_000), subagent_request(2, "a", 160_000)]);
    feed(&mut fleet, 4, vec![compaction(4, None, None).hooked()]);
    assert_eq!(compacted(&only(&mut fleet, 4)), Some("main"), "as far as is known");
    feed(&mut fleet, 5, vec![compaction(3, 161_000, 2_000).arriving(5)]);
    let view = only(&mut fleet, 5);
    assert_eq!((compacted(&view), view.compactions), (Some("a"), 0));
    assert_eq!(view.gauge.clone().unwrap().occupancy, 100_000);
}

/// Scenario: compactions that are told more than ten seconds apart, twice by one witness, or with another trigger.
/// Guarantees: they are two.
#[test]
fn two_compactions_stay_two() {
    let first = compaction(10, 100_000, 2_000);
    for (second, count) in [
        (compaction(20, 100_000, 2_000).read(), 1),
        (compaction(21, 100_000, 2_000).read(), 2),
        (compaction(12, 100_000, 2_000), 2),
        (manual_compaction(12, 100_000, 2_000).read(), 2),
    ] {
        let view = only(&mut fleet_of(vec![main_request(1, 100_000), first.clone(), second]), 30);
        assert_eq!(view.compactions, count);
    }
}
