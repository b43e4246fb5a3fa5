//! Contexts that are known by the sizes of texts only.

use plimsoll_domain::{AgentId, ContentKind, ContentSize, Life, Model, Start, WindowKind};
use plimsoll_ledger::ActivityKind;

use crate::{
    Fleet, Source, SourceKind,
    script::{
        SONNET, Scripted, at, compaction, feed, fleet, fleet_of, handed, life, main_request,
        metered, only, size, spoken, status,
    },
    sizes::Sizes,
};

/// What a context begins with, in tokens.
fn base() -> u64 {
    Sizes::new(at(0)).occupancy()
}

fn occupancy(fleet: &mut Fleet, now: u64) -> Option<u64> {
    only(fleet, now).gauge.as_ref().map(|gauge| gauge.occupancy)
}

/// Scenario: hooks tell of texts of a main thread and of a subagent, then of a compaction with its summary, then of
/// `/clear`.
/// Guarantees: the main thread's context is what it begins with and two tokens for seven bytes since it was last empty; it
/// is an estimate of a model that is not known, from no request.
#[test]
fn texts_are_estimated() {
    let subagents =
        ContentSize { agent: Some(AgentId::new("a")), kind: ContentKind::Answer, bytes: 9_000 };
    let mut fleet =
        fleet_of(vec![size(1, 700), handed(2, ActivityKind::Size(subagents)), size(3, 70_000)]);
    let view = only(&mut fleet, 4);
    let gauge = view.gauge.clone().unwrap();
    assert_eq!((gauge.occupancy, gauge.estimated, gauge.requests), (base() + 20_200, true, 0));
    assert_eq!((gauge.cycle, gauge.as_of, gauge.window.kind), (at(1), at(3), WindowKind::Guessed));
    assert_eq!((&view.model, view.source.kind), (&None, SourceKind::Sizes));
    assert_eq!(view.subagents, []);
    feed(&mut fleet, 5, vec![compaction(5, None, None).hooked(), size(5, 700)]);
    assert_eq!(occupancy(&mut fleet, 5), Some(base() + 200));
    assert_eq!(only(&mut fleet, 5).compactions, 1);
    feed(&mut fleet, 6, vec![life(6, Life::Started(Start::Clear))]);
    assert_eq!(occupancy(&mut fleet, 6), None);
}

/// Scenario: the texts of a context reach a level, and its line.
/// Guarantees: an estimate never speaks.
#[test]
fn estimates_never_speak() {
    let mut fleet = fleet();
    assert_eq!(spoken(&mut fleet, (1..9).map(|second| size(second, 175_000)).collect()), []);
    assert_eq!(occupancy(&mut fleet, 9), Some(base() + 400_000));
}

/// Scenario: telemetry comes after the texts, and tells of no main request yet.
/// Guarantees: no estimate is shown: better is to come.
#[test]
fn telemetry_takes_the_estimate_down() {
    let mut fleet = fleet_of(vec![size(1, 400)]);
    feed(&mut fleet, 2, vec![metered(2, SONNET)]);
    let view = only(&mut fleet, 3);
    assert_eq!((view.gauge.clone(), view.source), (None, Source::EXACT));
}

/// Scenario: after texts a status line, a transcript or telemetry tells tokens.
/// Guarantees: these are shown, and no estimate any more.
#[test]
fn who_tells_tokens_is_believed() {
    let request = main_request(5, 30_000);
    for told in [status(5, 30_000), request.clone().read(), request] {
        let mut fleet = fleet_of(vec![size(1, 400), told]);
        feed(&mut fleet, 6, vec![size(6, 400_000)]);
        let view = only(&mut fleet, 7);
        assert_eq!(
            (view.gauge.clone().unwrap().occupancy, view.gauge.clone().unwrap().estimated),
            (30_000, false)
        );
        assert_ne!(view.source.kind, SourceKind::Sizes);
        assert_eq!(view.model, Some(Model::parse("claude-sonnet-4-6").0));
    }
}
