//! What time alone does, what is kept, and how it is ordered.

use std::{sync::Arc, time::Duration};

use plimsoll_domain::{
    Calendar, End, Life, NanoUsd, Quarter, Revision, Start, Timestamp, Tokens, Warnings,
    calendar::parse_rfc3339,
};
use plimsoll_ledger::{Commit, History, Usage};

use crate::{
    Fleet, State,
    script::{
        SONNET, Scripted, at, command, commit, compaction, feed, fleet, fleet_of, life,
        main_request, metered, only, subagent_request, summary, tool,
    },
};

/// Scenario: a session falls silent.
/// Guarantees: it is working for two minutes after the last arrival, then idle, and gone after 24 hours;
/// the fleet knows each moment ahead and keeps the same `Arc` in between.
#[test]
fn a_silent_session_turns_idle_and_leaves() {
    let mut fleet = fleet_of(vec![main_request(1, 50_000), tool(10)]);
    let first = only(&mut fleet, 10);
    assert_eq!((first.state, fleet.next_change()), (State::Working, at(130)));
    assert!(Arc::ptr_eq(&first, &only(&mut fleet, 129)));
    let idle = only(&mut fleet, 130);
    assert_eq!(idle.state, State::Idle);
    let midnight = parse_rfc3339("2026-11-24T00:00:00Z").unwrap();
    assert_eq!(fleet.next_change(), midnight);
    assert!(Arc::ptr_eq(&idle, &only(&mut fleet, 10 + 86_399)));
    assert_eq!(fleet.next_change(), at(10 + 86_400));
    assert!(fleet.snapshot(at(10 + 86_400), 1).sessions.is_empty());
}

/// Scenario: an event arrives long after it happened.
/// Guarantees: liveness goes by arrival.
#[test]
fn liveness_goes_by_arrival() {
    let view = only(&mut fleet_of(vec![main_request(1, 50_000).arriving(900)]), 900);
    assert_eq!((view.state, view.last_arrival, view.last_at), (State::Working, at(900), at(1)));
}

/// Scenario: a client rests, but sends its metrics again: unchanged, and then with the sum of a while ago.
/// Guarantees: it is idle, of whatever age; a session of which only metrics tell works when they do.
#[test]
fn metrics_do_not_make_a_resting_session_work() {
    let mut fleet = fleet_of(vec![main_request(1, 50_000), metered(1, SONNET).of("two")]);
    let states = |fleet: &mut Fleet, now| {
        let sessions = fleet.snapshot(at(now), 1).sessions;
        sessions.iter().map(|view| (view.state, view.last_arrival)).collect::<Vec<_>>()
    };
    assert_eq!(states(&mut fleet, 120), [(State::Working, at(1)), (State::Working, at(1))]);
    let sessions = vec![summary("one", 200), summary("two", 200)];
    let unchanged = Commit { sessions, ..Commit::default() };
    fleet.apply(&unchanged, at(200));
    assert_eq!(states(&mut fleet, 200), [(State::Idle, at(200)), (State::Idle, at(200))]);
    feed(&mut fleet, 201, vec![metered(201, SONNET), metered(201, SONNET).of("two")]);
    assert_eq!(states(&mut fleet, 201), [(State::Idle, at(201)), (State::Working, at(201))]);
}

/// Scenario: the client leaves a session, with or without `/clear`, just after a compaction; what it still sends of
/// it arrives; later the session is resumed.
/// Guarantees: it is idle at once, with its subagents, whatever arrives of before; it works again when something
/// happens in it.
#[test]
fn a_session_that_was_left_is_idle_at_once() {
    for end in [End::Exit, End::Clear, End::Resume] {
        let mut fleet = fleet_of(vec![
            main_request(1, 50_000),
            subagent_request(2, "a", 9_000),
            compaction(3, 50_000, 2_000),
        ]);
        assert_eq!(only(&mut fleet, 3).state, State::JustCompacted);
        feed(&mut fleet, 10, vec![life(10, Life::Ended(end))]);
        feed(&mut fleet, 12, vec![tool(9).arriving(12), metered(11, SONNET).arriving(12)]);
        let view = only(&mut fleet, 12);
        assert_eq!((view.state, view.subagents[0].state), (State::Idle, State::Idle));
        feed(&mut fleet, 20, vec![life(20, Life::Started(Start::Resume))]);
        assert_eq!(only(&mut fleet, 20).state, State::JustCompacted);
        feed(&mut fleet, 30, vec![main_request(30, 3_000)]);
        assert_eq!(only(&mut fleet, 30).state, State::Working);
    }
}

/// Scenario: a conversation begins anew, as its hook tells, and goes on after a compaction, as another does.
/// Guarantees: the first is what the command `/clear` is; the second changes nothing.
#[test]
fn a_beginning_after_clear_begins_a_cycle() {
    let gauge = |event| only(&mut fleet_of(vec![main_request(1, 50_000), event]), 3).gauge.clone();
    let begun = |how| gauge(life(2, Life::Started(how)));
    assert_eq!(begun(Start::Clear), gauge(command(2, "clear")));
    assert_ne!(begun(Start::Clear), gauge(main_request(1, 50_000)));
    assert_eq!(begun(Start::Compact), gauge(main_request(1, 50_000)));
}

/// Scenario: ten subagents work; then all fall silent but one.
/// Guarantees: the eight fullest are listed, each until ten minutes after its last arrival.
#[test]
fn the_fullest_eight_subagents_are_listed_for_ten_minutes() {
    let many = (0..10).map(|n| subagent_request(n, &format!("a{n}"), 10_000 + n * 1_000));
    let mut fleet = fleet_of(many.collect());
    let listed = |fleet: &mut Fleet, now| {
        let view = only(fleet, now);
        view.subagents.iter().map(|subagent| subagent.agent.to_string()).collect::<Vec<_>>()
    };
    assert_eq!(listed(&mut fleet, 9), ["a9", "a8", "a7", "a6", "a5", "a4", "a3", "a2"]);
    assert_eq!(only(&mut fleet, 125).subagents[7].state, State::Idle);
    feed(&mut fleet, 550, vec![subagent_request(550, "a3", 13_500)]);
    assert_eq!(listed(&mut fleet, 607), ["a9", "a8", "a3"]);
    assert_eq!(fleet.next_change(), at(608));
    assert_eq!(listed(&mut fleet, 608), ["a9", "a3"]);
    assert_eq!(listed(&mut fleet, 1_150), Vec::<String>::new());
}

/// Scenario: a session with hundreds of subagents.
/// Guarantees: memory is bounded, and the main thread stays.
#[test]
fn threads_of_a_session_are_bounded() {
    let mut fleet = fleet();
    for n in 0..300 {
        let batch =
            vec![subagent_request(n, &format!("a{n}"), 10_000), main_request(n, 50_000 + n)];
        feed(&mut fleet, n, batch);
    }
    let view = only(&mut fleet, 300);
    assert_eq!(
        (view.gauge.clone().unwrap().occupancy, view.gauge.clone().unwrap().requests),
        (50_299, 300)
    );
    assert_eq!(view.subagents.len(), 8);
}

/// Scenario: sessions at different distances from their lines, and two without a gauge.
/// Guarantees: nearest to the line first, whatever the window; those without a gauge last, by arrival.
#[test]
fn sessions_are_ordered_by_how_near_the_line_they_are() {
    let mut fleet = fleet_of(vec![
        metered(1, "claude-sonnet-4-6").of("old metrics"),
        metered(2, "claude-sonnet-4-6").of("new metrics"),
        main_request(1, 50_000).of("calm"),
        main_request(1, 160_000).of("near"),
        main_request(1, 300_000).of("large window"),
    ]);
    let sessions = fleet.snapshot(at(3), 1).sessions;
    let names: Vec<&str> = sessions.iter().map(|view| view.session.as_str()).collect();
    assert_eq!(names, ["near", "large window", "calm", "new metrics", "old metrics"]);
}

/// Scenario: more than 500 sessions within a day.
/// Guarantees: the 500 that were active last are kept.
#[test]
fn five_hundred_sessions_are_kept() {
    let many = (0..510).map(|n| main_request(n, 50_000).of(&format!("s{n:03}"))).collect();
    let sessions = fleet_of(many).snapshot(at(510), 1).sessions;
    assert_eq!(sessions.len(), 500);
    assert_eq!(sessions.iter().map(|view| view.session.as_str()).min(), Some("s010"));
}

/// Scenario: books of a session with activity and of one without come, and change.
/// Guarantees: the view carries them; a session without activity is never shown; the ones untouched stay
/// the same `Arc`, and so do those whose books say the same again.
#[test]
fn books_are_shown_for_active_sessions_only() {
    let mut fleet = fleet_of(vec![main_request(1, 50_000), main_request(1, 9_000).of("two")]);
    let books = Commit {
        revision: Revision(7),
        sessions: vec![summary("one", 5), summary("phantom", 5)],
        ..Commit::default()
    };
    fleet.apply(&books, at(5));
    let before = fleet.snapshot(at(5), 1);
    assert_eq!((before.revision, before.last_arrival), (Revision(7), Some(at(5))));
    let view = &before.sessions[0];
    assert_eq!((before.sessions.len(), view.project.as_deref()), (2, Some("/home/me/harbour")));
    assert_eq!((view.usage.requests, view.has_events, view.last_arrival), (3, true, at(5)));
    fleet.apply(&books, at(6));
    let same = fleet.snapshot(at(6), 2);
    assert!(same.sessions.iter().zip(&before.sessions).all(|(one, other)| Arc::ptr_eq(one, other)));
    feed(&mut fleet, 7, vec![main_request(7, 51_000)]);
    let after = fleet.snapshot(at(7), 3);
    assert!(!Arc::ptr_eq(&after.sessions[0], &before.sessions[0]));
    assert!(Arc::ptr_eq(&after.sessions[1], &before.sessions[1]));
}

fn used(requests: u64) -> Usage {
    let tokens = Tokens { input: requests * 10, ..Tokens::ZERO };
    Usage { requests, tokens, cost: NanoUsd(5), ..Usage::default() }
}

/// Scenario: quarters before and after a local midnight that lies on a quarter, not on an hour; one quarter
/// is told of twice; then the day ends.
/// Guarantees: today is the sum of the local day's quarters as last told, and begins anew at midnight.
#[test]
fn today_is_the_local_day() {
    let noon = parse_rfc3339("2026-11-23T06:00:00Z").unwrap();
    let calendar = Calendar::named("Asia/Kathmandu").unwrap();
    let midnight = parse_rfc3339("2026-11-22T18:15:00Z").unwrap();
    let next = parse_rfc3339("2026-11-23T18:15:00Z").unwrap();
    let mut fleet = Fleet::new(Arc::default(), Warnings::default(), calendar, noon);
    let quarter = |time: Timestamp| Quarter::of(time);
    let before = midnight.before(Duration::from_secs(1));
    let quarters =
        vec![(quarter(before), used(100)), (quarter(midnight), used(1)), (quarter(noon), used(2))];
    fleet.begin(History { quarters, ..History::default() }, noon);
    let more = vec![(quarter(noon), used(4)), (quarter(next), used(8))];
    fleet.apply(&Commit { quarters: more, ..Commit::default() }, noon);
    let today = fleet.snapshot(noon, 1).today;
    assert_eq!((today.from, &*today.zone, today.usage.requests), (midnight, "Asia/Kathmandu", 5));
    assert_eq!(fleet.next_change(), next);
    let tomorrow = fleet.snapshot(next, 2).today;
    assert_eq!((tomorrow.from, tomorrow.usage), (next, used(8)));
}

/// Scenario: a local day of 25 hours is nearly over.
/// Guarantees: the history asked for reaches back to its midnight.
#[test]
fn the_horizon_covers_the_longest_day() {
    let berlin = Calendar::named("Europe/Berlin").unwrap();
    let late = parse_rfc3339("2026-10-25T22:59:00Z").unwrap();
    let midnight = parse_rfc3339("2026-10-24T22:00:00Z").unwrap();
    assert_eq!(Fleet::horizon(&berlin, late), midnight);
    assert_eq!(Fleet::horizon(&berlin, at(0)), at(0).before(Duration::from_secs(86_400)));
}

/// Scenario: facts that name no session.
/// Guarantees: they count for today and for the last arrival, and show no session.
#[test]
fn use_without_a_session_is_an_arrival() {
    let mut fleet = fleet();
    assert_eq!(fleet.snapshot(at(0), 1).last_arrival, None);
    fleet.apply(&commit(Vec::new()), at(1));
    assert_eq!(fleet.snapshot(at(1), 1).last_arrival, None, "the claim of an alert, for one");
    let quarters = vec![(Quarter::of(at(2)), used(1))];
    fleet.apply(&Commit { quarters, ..Commit::default() }, at(2));
    let snapshot = fleet.snapshot(at(2), 2);
    assert_eq!((snapshot.last_arrival, snapshot.sessions.len()), (Some(at(2)), 0));
    assert_eq!(snapshot.today.usage.requests, 1);
}
