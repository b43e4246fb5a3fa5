//! What requests, windows and models do to gauges.

use plimsoll_domain::{Level, Model, QuerySource, WindowKind};
use plimsoll_ledger::Activity;

use crate::script::{
    OPUS, SONNET, Scripted, at, command, feed, fleet, fleet_of, main_request, main_request_to,
    metered, only, request, stray_request, subagent_request,
};

/// Occupancy, start of the cycle in seconds, and requests in the cycle of the main thread.
fn main_gauge(activities: Vec<Activity>) -> (u64, u64, u32) {
    let gauge = only(&mut fleet_of(activities), 300).gauge.clone().unwrap();
    (gauge.occupancy, gauge.cycle.since(at(0)).as_secs(), gauge.requests)
}

/// Scenario: main requests among those of a subagent, a title, and a subagent that is not named.
/// Guarantees: only main requests describe the main thread; the named subagent has a gauge of its own.
#[test]
fn only_main_requests_describe_the_main_thread() {
    let view = only(
        &mut fleet_of(vec![
            main_request(1, 50_000),
            subagent_request(2, "a", 12_000),
            request(3, QuerySource::Auxiliary, None, SONNET, 99_000),
            stray_request(4, 70_000),
        ]),
        5,
    );
    assert_eq!(view.gauge.clone().unwrap().occupancy, 50_000);
    assert_eq!(view.subagents.len(), 1);
    assert_eq!(view.subagents[0].gauge.occupancy, 12_000);
    assert_eq!(view.subagents[0].name.as_deref(), Some("type of a"));
}

/// Scenario: a session whose requests all say "subagent" without naming one; then a main request comes.
/// Guarantees: they are its main thread until then; afterwards they describe nothing and leave no trace.
#[test]
fn strays_are_the_main_thread_of_a_session_without_one() {
    let strays = vec![stray_request(1, 90_000), stray_request(2, 95_000)];
    assert_eq!(main_gauge(strays.clone()), (95_000, 1, 2));
    let mut all = strays;
    all.extend([main_request(3, 20_000), stray_request(4, 99_000)]);
    assert_eq!(main_gauge(all), (20_000, 3, 1));
}

/// Scenario: an older request arrives after a newer one, and one without any tokens comes last.
/// Guarantees: the last by event time that tells tokens describes the thread.
#[test]
fn the_last_request_by_event_time_counts() {
    let late =
        vec![main_request(9, 60_000), main_request(5, 58_000).arriving(10), main_request(11, 0)];
    assert_eq!(main_gauge(late), (60_000, 5, 2));
}

/// Scenario: contexts that get smaller without a compaction, by little and by much.
/// Guarantees: down to 80 percent counts at once; below that, when a second request agrees, and then a
/// cycle began with the first of the two.
#[test]
fn a_context_that_shrinks_counts_after_two_requests_agree() {
    let grown = main_request(1, 100_000);
    for (next, expected) in [
        (vec![80_000], (80_000, 1, 2)),
        (vec![79_999], (100_000, 1, 2)),
        (vec![79_999, 30_000], (30_000, 2, 2)),
        (vec![79_999, 79_000], (79_000, 2, 2)),
        (vec![30_000, 101_000], (101_000, 1, 3)),
        (vec![30_000, 101_000, 31_000], (101_000, 1, 4)),
    ] {
        let requests = (2..).zip(&next).map(|(second, tokens)| main_request(second, *tokens));
        let all = [grown.clone()].into_iter().chain(requests).collect();
        assert_eq!(main_gauge(all), expected, "{next:?}");
    }
}

/// Scenario: the model changes at a much smaller and at a larger context.
/// Guarantees: a new cycle begins with the switch, the size counts at once, the line is the new model's.
#[test]
fn a_model_switch_begins_a_cycle() {
    for occupancy in [20_000, 130_000] {
        let switched =
            vec![main_request(1, 100_000), main_request_to(2, "claude-opus-4-8", occupancy)];
        let view = only(&mut fleet_of(switched.clone()), 3);
        assert_eq!(view.model, Some(Model::parse("claude-opus-4-8").0));
        assert_eq!(view.gauge.clone().unwrap().line.tokens, 967_000);
        assert_eq!(main_gauge(switched), (occupancy, 2, 1));
    }
}

/// Scenario: `clear` within the same session, then a small request.
/// Guarantees: what the context holds is estimated until the request, which counts at once in a new cycle.
#[test]
fn a_clear_begins_a_cycle() {
    let mut fleet = fleet_of(vec![main_request(1, 150_000), command(2, "clear")]);
    let cleared = only(&mut fleet, 3).gauge.clone().unwrap();
    assert_eq!((cleared.occupancy, cleared.estimated, cleared.requests), (0, true, 0));
    feed(&mut fleet, 4, vec![main_request(4, 15_000)]);
    let gauge = only(&mut fleet, 4).gauge.clone().unwrap();
    assert_eq!((gauge.occupancy, gauge.estimated, gauge.requests), (15_000, false, 1));
    assert_eq!(gauge.cycle, at(4));
}

/// Scenario: the same client goes on under a new session id after `/clear`.
/// Guarantees: both sessions are there, each with its own gauge.
#[test]
fn a_clear_that_changes_the_session_leaves_the_old_one() {
    let mut fleet = fleet_of(vec![main_request(1, 150_000), main_request(2, 12_000).of("two")]);
    let sessions = fleet.snapshot(at(3), 1).sessions;
    let gauges: Vec<_> =
        sessions.iter().map(|view| view.gauge.clone().unwrap().occupancy).collect();
    assert_eq!(gauges, [150_000, 12_000]);
}

/// Scenario: metrics name the one-million-token window of a model, in this session or in another one.
/// Guarantees: window, line and level follow in this session and model only.
#[test]
fn metrics_name_the_window() {
    let named = |hint: Activity| {
        let gauge =
            only(&mut fleet_of(vec![main_request(1, 160_000), hint]), 5).gauge.clone().unwrap();
        (gauge.window.tokens, gauge.window.kind, gauge.line.tokens, gauge.level)
    };
    let table = (200_000, WindowKind::Table, 167_000, Some(Level::Urgent));
    assert_eq!(named(metered(2, SONNET)), table);
    assert_eq!(named(metered(2, "claude-opus-4-6[1m]")), table);
    assert_eq!(
        named(metered(2, "claude-sonnet-4-6[1m]")),
        (1_000_000, WindowKind::Named, 1_000_000, None)
    );
}

/// Scenario: more than the table's window is seen, in order, late, and before a switch to another model.
/// Guarantees: it refutes the window of that thread and model, however late, and of no other.
#[test]
fn evidence_refutes_the_window_of_its_thread_and_model() {
    let window = |activities| only(&mut fleet_of(activities), 60).gauge.clone().unwrap().window;
    let seen = window(vec![main_request(1, 210_000)]);
    assert_eq!((seen.tokens, seen.kind), (1_000_000, WindowKind::Observed));
    let late = window(vec![main_request(2, 190_000), main_request(1, 210_000).arriving(3)]);
    assert_eq!(late.tokens, 1_000_000);
    let switched = window(vec![main_request(1, 210_000), main_request_to(2, OPUS, 150_000)]);
    assert_eq!(switched.tokens, 200_000);
    let beside = window(vec![main_request(1, 100_000), subagent_request(2, "a", 210_000)]);
    assert_eq!(beside.tokens, 200_000);
}

/// Scenario: a request that is older than all events still kept one by one arrives.
/// Guarantees: it tells of the window and changes nothing else.
#[test]
fn what_is_older_than_the_horizon_is_evidence_only() {
    let long = (100..200).map(|second| main_request(second, 100_000 + second)).collect();
    let mut fleet = fleet_of(long);
    let before = only(&mut fleet, 201).gauge.clone().unwrap();
    assert_eq!((before.requests, before.window.tokens), (100, 200_000));
    feed(&mut fleet, 201, vec![main_request(50, 210_000).arriving(201)]);
    let after = only(&mut fleet, 201).gauge.clone().unwrap();
    assert_eq!((after.occupancy, after.cycle, after.requests), (100_199, at(100), 100));
    assert_eq!(after.window.kind, WindowKind::Observed);
}

/// Scenario: a session is resumed in a second process, then both work at once, then both rest.
/// Guarantees: the process that was active last is shown; of two at work, the one nearer to its line.
#[test]
fn the_main_thread_of_the_last_active_process_is_shown() {
    let mut fleet = fleet_of(vec![main_request(1, 120_000), main_request(500, 60_000).by(2)]);
    let shown = |fleet: &mut crate::Fleet, now| only(fleet, now).gauge.clone().unwrap().occupancy;
    assert_eq!(shown(&mut fleet, 500), 60_000);
    feed(&mut fleet, 510, vec![main_request(510, 121_000).by(1)]);
    feed(&mut fleet, 520, vec![main_request(520, 61_000).by(2)]);
    assert_eq!(shown(&mut fleet, 520), 121_000);
    assert_eq!(shown(&mut fleet, 510 + 120), 61_000, "the first rests first");
    assert_eq!(shown(&mut fleet, 5_000), 61_000);
}

/// Scenario: metrics only.
/// Guarantees: the session is shown without a gauge, with the model that metrics named last by their time.
#[test]
fn metrics_alone_give_a_session_without_gauge() {
    let mut fleet = fleet();
    feed(&mut fleet, 9, vec![metered(8, SONNET), metered(4, OPUS).arriving(9)]);
    let view = only(&mut fleet, 9);
    assert_eq!(view.gauge, None);
    assert_eq!(view.model, Some(Model::parse(SONNET).0));
}
