//! What the client's status line tells.

use plimsoll_domain::{Level, WindowKind};

use crate::{
    Fleet, Source, State,
    script::{
        OPUS, SONNET, Scripted, at, compaction, feed, fleet, fleet_of, main_request,
        main_request_to, only, spoken, status, status_of, subagent_request,
    },
};

fn gauge(fleet: &mut Fleet, now: u64) -> (u64, bool, u32) {
    let gauge = only(fleet, now).gauge.clone().unwrap();
    (gauge.occupancy, gauge.estimated, gauge.requests)
}

fn window(fleet: &mut Fleet) -> (u64, WindowKind) {
    let window = only(fleet, 60).gauge.clone().unwrap().window;
    (window.tokens, window.kind)
}

/// Scenario: status lines state the window of one model: of the table's size and of another.
/// Guarantees: it is the main thread's, of that model only, and no subagent's; it is told as named by the client.
#[test]
fn a_status_line_states_the_window() {
    let named = |tokens| (tokens, WindowKind::Named);
    assert_eq!(
        window(&mut fleet_of(vec![main_request(1, 50_000), status(2, 50_000)])),
        named(200_000)
    );
    let larger = status_of(2, SONNET, 1_000_000, 50_000);
    let mut fleet =
        fleet_of(vec![main_request(1, 50_000), subagent_request(1, "a", 9_000), larger.clone()]);
    assert_eq!(window(&mut fleet), named(1_000_000));
    assert_eq!(only(&mut fleet, 3).subagents[0].gauge.window.kind, WindowKind::Table);
    feed(&mut fleet, 4, vec![main_request_to(4, OPUS, 50_000)]);
    assert_eq!(window(&mut fleet), (200_000, WindowKind::Table));
}

/// Scenario: a window that is stated once between others, one that is stated twice, and a switch of models; each status
/// line is told of twice.
/// Guarantees: what is said once against what was said before is not believed; a new model's window is at once.
#[test]
fn a_window_that_jumps_once_is_not_believed() {
    let mut fleet = fleet_of(vec![main_request(1, 50_000)]);
    let mut said = |second, model, tokens| {
        let line = status_of(second, model, tokens, 50_000);
        feed(&mut fleet, second, vec![line.clone(), line]);
        window(&mut fleet).0
    };
    assert_eq!(said(2, SONNET, 1_000_000), 1_000_000);
    assert_eq!(said(3, SONNET, 200_000), 1_000_000, "once");
    assert_eq!(said(4, SONNET, 1_000_000), 1_000_000);
    assert_eq!(said(5, SONNET, 200_000), 1_000_000, "once again, but not twice in a row");
    assert_eq!(said(6, SONNET, 300_000), 1_000_000, "another one");
    assert_eq!(said(7, SONNET, 200_000), 1_000_000);
    assert_eq!(said(8, SONNET, 200_000), 200_000);
    assert_eq!(said(9, OPUS, 1_000_000), 1_000_000, "of another model");
}

/// Scenario: more is observed than the window that the status line states.
/// Guarantees: it is refuted.
#[test]
fn a_stated_window_can_be_refuted() {
    let mut fleet = fleet_of(vec![status(1, 50_000), main_request(2, 210_000)]);
    assert_eq!(window(&mut fleet), (1_000_000, WindowKind::Observed));
}

/// Scenario: a session of which telemetry tells shows the same context in its status line, again and again.
/// Guarantees: nothing moves, nothing counts twice, and ticks alone do not make it work.
#[test]
fn the_same_context_is_a_confirmation() {
    let mut fleet = fleet_of(vec![main_request(1, 50_000)]);
    let before = only(&mut fleet, 1).gauge.clone();
    feed(&mut fleet, 2, vec![status(2, 50_000)]);
    let confirmed = only(&mut fleet, 2).gauge.clone().unwrap();
    assert_eq!((confirmed.as_of, confirmed.requests), (before.unwrap().as_of, 1));
    for second in [60, 110, 125, 200] {
        feed(&mut fleet, second, vec![status(second, 50_000)]);
    }
    let resting = only(&mut fleet, 200);
    assert_eq!((resting.gauge.clone().unwrap().as_of, resting.state), (at(1), State::Idle));
    assert_eq!(resting.last_arrival, at(200));
}

/// Scenario: a status line shows a context that no request was told of yet; then the request is told; then a line
/// that was made before the request comes late.
/// Guarantees: the context counts at once and the request once; the late line takes nothing back.
#[test]
fn a_newer_context_moves_the_gauge() {
    let mut fleet = fleet_of(vec![main_request(1, 50_000), status(2, 50_000)]);
    feed(&mut fleet, 5, vec![status(5, 60_000)]);
    assert_eq!(gauge(&mut fleet, 5), (60_000, false, 1));
    assert_eq!(only(&mut fleet, 5).gauge.clone().unwrap().as_of, at(5));
    feed(&mut fleet, 6, vec![main_request(4, 60_000).arriving(6)]);
    assert_eq!(gauge(&mut fleet, 6), (60_000, false, 2));
    feed(&mut fleet, 7, vec![main_request(7, 70_000), status(8, 60_000).arriving(8)]);
    assert_eq!(gauge(&mut fleet, 8), (70_000, false, 3));
}

/// Scenario: status lines around a compaction: with the old context, with none, with the new one.
/// Guarantees: no context is not zero; the estimate stays until the new context is shown.
#[test]
fn no_context_is_not_zero() {
    let mut fleet =
        fleet_of(vec![main_request(1, 167_221), status(2, 167_221), compaction(3, 167_245, 2_720)]);
    feed(&mut fleet, 4, vec![status(4, None)]);
    assert_eq!(gauge(&mut fleet, 4), (2_720, true, 0));
    feed(&mut fleet, 5, vec![status(5, 22_308)]);
    assert_eq!(gauge(&mut fleet, 5), (22_308, false, 0));
    assert_eq!(only(&mut fleet, 5).state, State::Working);
}

/// Scenario: after a compaction the status line shows zeros until the next request (claude-code 2.1.330): in a session
/// of telemetry, in one of status lines alone, and in one of which nothing else was told.
/// Guarantees: zeros are no size: an estimate stays, a context that was read is not shown any more, and none is made
/// up; nor is telemetry missing for them.
#[test]
fn zeros_are_no_context() {
    let mut told = fleet_of(vec![main_request(1, 167_221), compaction(3, 167_245, 2_720)]);
    feed(&mut told, 4, vec![status(4, 0)]);
    assert_eq!(gauge(&mut told, 4), (2_720, true, 0));
    let view = only(&mut told, 100);
    assert_eq!((view.state, view.source), (State::JustCompacted, Source::EXACT));

    let mut shown = fleet_of(vec![status(1, 160_000), status(2, 0)]);
    assert_eq!(gauge(&mut shown, 2), (0, true, 0), "emptied");
    feed(&mut shown, 3, vec![status(3, 22_308)]);
    assert_eq!(gauge(&mut shown, 3), (22_308, false, 0));
    assert_eq!(only(&mut fleet_of(vec![status(1, 0)]), 1).gauge, None);
}

/// Scenario: a session of which only status lines tell grows past a level and on, is compacted, and grows again.
/// Guarantees: it has a gauge, and each level speaks once a cycle.
#[test]
fn a_session_of_status_lines_alone_has_levels() {
    let mut fleet = fleet();
    let grow = |from: u64| {
        vec![status(from, 90_000), status(from + 1, 110_000), status(from + 2, 120_000)]
    };
    assert_eq!(spoken(&mut fleet, grow(1)), [(Level::Notice, 110_000)]);
    assert_eq!(spoken(&mut fleet, vec![compaction(5, None, None).hooked()]), []);
    assert_eq!(spoken(&mut fleet, grow(6)), [(Level::Notice, 110_000)]);
    let view = only(&mut fleet, 8);
    assert_eq!((view.gauge.clone().unwrap().requests, view.compactions), (0, 1));
    assert_eq!(view.model.as_ref().map(|model| model.as_str()), Some(SONNET));
}

/// Scenario: the level's context is shown by the status line before the request is told, which then names its process.
/// Guarantees: the level speaks once.
#[test]
fn a_level_that_a_status_line_shows_speaks_once() {
    let mut fleet = fleet();
    let told =
        vec![main_request(1, 90_000), status(3, 110_000), main_request(2, 110_000).arriving(4)];
    assert_eq!(spoken(&mut fleet, told), [(Level::Notice, 110_000)]);
    let mut fleet = self::fleet();
    let told =
        vec![status(3, 110_000), main_request(2, 110_000).arriving(4), main_request(5, 111_000)];
    assert_eq!(spoken(&mut fleet, told), [(Level::Notice, 110_000)]);
}

/// Scenario: a context that shrank is told by one request, and the status line shows the same.
/// Guarantees: the two agree, and it counts.
#[test]
fn a_status_line_agrees_with_a_request() {
    let mut fleet =
        fleet_of(vec![main_request(1, 100_000), status(1, 100_000), main_request(2, 30_000)]);
    assert_eq!(gauge(&mut fleet, 2).0, 100_000);
    feed(&mut fleet, 3, vec![status(3, 30_000)]);
    assert_eq!(gauge(&mut fleet, 3), (30_000, false, 1));
}
