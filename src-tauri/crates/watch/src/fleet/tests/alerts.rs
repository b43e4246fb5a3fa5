//! When a level speaks.

use plimsoll_domain::{AgentId, Level, ProcessId};

use crate::Fleet;
use crate::script::{
    OPUS, SONNET, Scripted, at, command, compaction, feed, fleet, main_request, main_request_to,
    manual_compaction, metered, only, spoken, subagent_request,
};

/// The occupancies of a real session's requests on the way to its compaction.
const GROWTH: [u64; 15] = [
    20_207, 45_208, 70_209, 95_210, 120_211, 140_212, 150_213, 155_214, 158_215, 160_216, 162_217,
    164_218, 165_219, 166_220, 167_221,
];

/// Scenario: a real session grows to its line, request by request, compacts, and grows again.
/// Guarantees: each level speaks once on the way, and again after the compaction.
#[test]
fn each_level_speaks_once_a_cycle() {
    let mut fleet = fleet();
    // By 25,000 tokens a turn less than three turns are left at 120,211.
    let once = [(Level::Checkpoint, 120_211), (Level::Urgent, 155_214)];
    let grow =
        |from: u64| (from..).zip(GROWTH).map(|(second, tokens)| main_request(second, tokens));
    assert_eq!(spoken(&mut fleet, grow(1).collect()), once);
    assert_eq!(spoken(&mut fleet, vec![compaction(30, 167_245, 140_000)]), [], "an estimate");
    assert_eq!(spoken(&mut fleet, grow(31).collect()), once);
}

/// Scenario: the same growth in one batch.
/// Guarantees: only the highest level speaks, with the request that first reached it.
#[test]
fn only_the_highest_newly_crossed_level_speaks() {
    let mut fleet = fleet();
    let batch = (1..).zip(GROWTH).map(|(second, tokens)| main_request(second, tokens)).collect();
    let alerts = feed(&mut fleet, 20, batch);
    let [alert] = alerts.as_slice() else { panic!("one alert, not {alerts:?}") };
    assert_eq!((alert.level, alert.occupancy, alert.line), (Level::Urgent, 155_214, 167_000));
    assert_eq!((alert.cycle, alert.at, alert.revision), (at(1), at(8), None));
    assert_eq!(alert.thread.process, Some(ProcessId(1)));
    assert_eq!(alert.thread.agent, None);
}

/// Scenario: a context hovers around a level, or comes again as it was.
/// Guarantees: the level does not speak a second time in the cycle.
#[test]
fn a_level_does_not_repeat_itself() {
    let mut fleet = fleet();
    let hover = vec![
        main_request(1, 101_000),
        main_request(2, 99_000),
        main_request(3, 101_000),
        main_request(3, 101_000),
        main_request(1, 101_000).arriving(4),
    ];
    assert_eq!(spoken(&mut fleet, hover), [(Level::Notice, 101_000)]);
}

/// Scenario: a level was crossed two minutes ago, and a moment longer ago; a higher one follows.
/// Guarantees: what is too old raises no alert but marks the level as passed; the higher one speaks.
#[test]
fn what_happened_long_ago_raises_no_alert() {
    let mut fleet = fleet();
    assert_eq!(feed(&mut fleet, 121, vec![main_request(1, 110_000)]).len(), 1);
    let mut fleet = self::fleet();
    assert_eq!(feed(&mut fleet, 122, vec![main_request(1, 110_000)]), []);
    assert_eq!(feed(&mut fleet, 123, vec![main_request(123, 111_000)]), []);
    assert_eq!(feed(&mut fleet, 124, vec![main_request(124, 140_000)])[0].level, Level::Checkpoint);
}

/// Scenario: a clear, a model switch, and a context that shrank for good, each followed by growth.
/// Guarantees: each re-arms the levels.
#[test]
fn clear_switch_and_shrinking_re_arm() {
    for between in [
        vec![command(2, "clear"), main_request(3, 110_000)],
        vec![main_request_to(3, OPUS, 110_000)],
        vec![main_request(3, 20_000), main_request(4, 20_500), main_request(5, 110_000)],
    ] {
        let mut fleet = fleet();
        let mut all = vec![main_request(1, 110_000)];
        all.extend(between.clone());
        let twice = [(Level::Notice, 110_000), (Level::Notice, 110_000)];
        assert_eq!(spoken(&mut fleet, all), twice, "{between:?}");
    }
}

/// Scenario: a subagent reaches a level.
/// Guarantees: it speaks for itself.
#[test]
fn subagents_have_levels_of_their_own() {
    let mut fleet = fleet();
    let alerts =
        feed(&mut fleet, 2, vec![main_request(1, 1_000), subagent_request(2, "a", 140_000)]);
    assert_eq!(alerts.len(), 1);
    assert_eq!(alerts[0].thread.agent, Some(AgentId::new("a")));
}

/// Scenario: an unnamed one-million-token window: the context passes the levels of the smaller window, then
/// more than that window is observed, and it grows on.
/// Guarantees: the levels on the way to the new line speak in a cycle of their own.
#[test]
fn a_refuted_window_re_arms_the_levels() {
    let mut fleet = fleet();
    let all = vec![
        main_request_to(1, OPUS, 160_000),
        main_request_to(2, OPUS, 201_000),
        main_request_to(3, OPUS, 600_000),
    ];
    assert_eq!(spoken(&mut fleet, all), [(Level::Urgent, 160_000), (Level::Notice, 600_000)]);
}

/// Scenario: metrics name the larger window in the batch of the request that would have reached a level, or
/// before it.
/// Guarantees: no level of the smaller window speaks.
#[test]
fn a_named_window_is_heard_first() {
    let named = || metered(5, "claude-sonnet-4-6[1m]");
    let mut fleet = fleet();
    assert_eq!(feed(&mut fleet, 6, vec![main_request(4, 160_000), named()]), []);
    assert_eq!(feed(&mut fleet, 7, vec![main_request(7, 161_000)]), []);
    let mut fleet = self::fleet();
    assert_eq!(feed(&mut fleet, 6, vec![named(), main_request(6, 160_000)]), []);
    assert_eq!(feed(&mut fleet, 7, vec![metered(7, SONNET), main_request(7, 610_000)]).len(), 1);
}

/// Scenario: the first request of a cycle arrives after the one that reached a level.
/// Guarantees: the cycle begins earlier, and the level that spoke does not speak again.
#[test]
fn a_late_first_request_does_not_repeat_a_level() {
    let mut fleet = fleet();
    let late = vec![main_request(9, 110_000), main_request(5, 105_000).arriving(10)];
    assert_eq!(spoken(&mut fleet, late), [(Level::Notice, 110_000)]);
}

/// Scenario: a compaction arrives after the requests around it, of which the later reached a level again.
/// Guarantees: the level speaks for the new cycle too.
#[test]
fn a_late_compaction_lets_the_new_cycle_speak() {
    let mut fleet = fleet();
    let late = vec![
        main_request(1, 110_000),
        main_request(5, 111_000),
        manual_compaction(3, 110_500, 100_000).arriving(6),
    ];
    assert_eq!(spoken(&mut fleet, late), [(Level::Notice, 110_000), (Level::Notice, 111_000)]);
}

/// Scenario: a session is resumed turn by turn, each time in a new process, as it grows past all levels; Plimsoll is
/// restarted moments after a level spoke; then two processes go on with the session at once.
/// Guarantees: a level speaks once however many processes make the cycle, also after the restart; the growth is known
/// across them; of two at once each has its own way.
#[test]
fn a_resumed_session_goes_on_in_its_cycle() {
    let growth = [100_500, 112_000, 120_000, 128_000, 136_000, 144_000, 155_000, 156_000];
    let turn = |(at, tokens): (u64, u64)| main_request(at, tokens).by(i64::try_from(at).unwrap());
    let turns: Vec<_> = (1..).zip(growth).map(turn).collect();
    let mut fleet = fleet();
    let once = [(Level::Notice, 100_500), (Level::Checkpoint, 136_000), (Level::Urgent, 155_000)];
    assert_eq!(spoken(&mut fleet, turns.clone()), once);
    let gauge = only(&mut fleet, 9).gauge.clone().unwrap();
    assert_eq!((gauge.requests, gauge.cycle), (8, at(1)));
    assert!(gauge.forecast.is_some());

    let keys = |fleet: &mut Fleet| {
        let alerts = feed(fleet, 8, turns.clone());
        alerts.into_iter().map(|alert| (alert.thread, alert.cycle, alert.level)).collect::<Vec<_>>()
    };
    let before = keys(&mut self::fleet());
    assert_eq!(before.len(), 1);
    assert_eq!(before[0].0.process, Some(ProcessId(7)), "claimed as it was then");
    let both = vec![main_request(20, 158_000).by(8), main_request(21, 160_000).by(9)];
    assert_eq!(spoken(&mut fleet, both), []);
}
