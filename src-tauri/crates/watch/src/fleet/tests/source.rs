//! Where a session's numbers come from, and what is said of its telemetry.

use plimsoll_ledger::{Activity, ActivityKind, Commit, SessionSummary};

use crate::{
    Fleet, Lack, Source, SourceKind,
    script::{
        SONNET, Scripted, at, commit, compaction, feed, fleet, fleet_of, main_request, metered,
        only, size, status, summary, tool,
    },
};

fn source(fleet: &mut Fleet, now: u64) -> Source {
    only(fleet, now).source
}

fn silent_since(kind: SourceKind, second: u64) -> Source {
    Source { kind, lack: Some(Lack::SilentSince(at(second))) }
}

/// Feeds what happened at a moment, with the session's books as they are then.
fn feed_with(fleet: &mut Fleet, now: u64, activities: Vec<Activity>, books: SessionSummary) {
    fleet.apply(&Commit { sessions: vec![books], ..commit(activities) }, at(now));
}

/// Scenario: telemetry tells of a session, which then rests for hours.
/// Guarantees: nothing is said: an idle client sends nothing.
#[test]
fn a_resting_client_is_not_silent() {
    let mut fleet = fleet_of(vec![main_request(1, 50_000), tool(2), metered(3, SONNET)]);
    for now in [3, 63, 10_000] {
        assert_eq!(source(&mut fleet, now), Source::EXACT);
    }
}

/// Scenario: transcripts tell of each request a moment before its event comes, for some minutes.
/// Guarantees: nothing is said.
#[test]
fn a_transcript_that_is_first_is_no_silence() {
    let mut fleet = fleet();
    for second in (10..400).step_by(10) {
        let request = main_request(second, 50_000 + second);
        feed(&mut fleet, second, vec![request.clone().read()]);
        assert_eq!(source(&mut fleet, second + 5), Source::EXACT);
        feed(&mut fleet, second + 5, vec![request.arriving(second + 5)]);
        assert_eq!(source(&mut fleet, second + 5), Source::EXACT);
    }
}

/// Scenario: telemetry stops, and work goes on, as a transcript, a status line or a hook tells; then it comes again.
/// Guarantees: a minute later it is said to be silent since it last arrived, the fleet knows the moment ahead, and the
/// mark goes by itself.
#[test]
fn telemetry_that_stops_is_said_so_within_a_minute() {
    for (told, kind) in [
        (main_request(30, 60_000).read(), SourceKind::Transcripts),
        (status(30, 60_000), SourceKind::StatusLine),
        (compaction(30, None, None).hooked(), SourceKind::Exact),
    ] {
        let mut fleet = fleet_of(vec![main_request(1, 50_000), tool(10), metered(11, SONNET)]);
        feed(&mut fleet, 30, vec![told]);
        assert_eq!(source(&mut fleet, 89), Source::EXACT);
        assert_eq!(fleet.next_change(), at(90));
        assert_eq!(source(&mut fleet, 90), silent_since(kind, 11));
        feed(&mut fleet, 100, vec![main_request(99, 70_000).arriving(100)]);
        assert_eq!(source(&mut fleet, 100), Source::EXACT);
        assert_eq!(source(&mut fleet, 300), Source::EXACT);
    }
}

/// Scenario: a client goes on sending metrics and no events any more, while its transcript tells of requests; then events
/// come again.
/// Guarantees: a minute later its events are said to be silent since one last arrived, in spite of the metrics.
#[test]
fn events_that_stop_are_said_so_though_metrics_go_on() {
    let mut fleet = fleet_of(vec![main_request(1, 50_000)]);
    feed(&mut fleet, 30, vec![main_request(30, 60_000).read()]);
    for second in [40, 80] {
        let books =
            SessionSummary { has_metrics: true, has_transcript: true, ..summary("one", second) };
        feed_with(&mut fleet, second, vec![metered(second, SONNET)], books);
    }
    assert_eq!(source(&mut fleet, 89), Source::EXACT);
    let lack = Some(Lack::EventsSilentSince(at(1)));
    assert_eq!(source(&mut fleet, 90), Source { kind: SourceKind::Transcripts, lack });
    feed(&mut fleet, 100, vec![main_request(99, 70_000).arriving(100)]);
    assert_eq!(source(&mut fleet, 300), Source::EXACT);
}

/// Scenario: what a session tells besides: a prompt, a tool, an answer that is being written or was aborted, the same
/// status line again.
/// Guarantees: none of it is taken for silence.
#[test]
fn what_telemetry_need_not_tell_is_no_silence() {
    let mut fleet = fleet_of(vec![main_request(1, 50_000), status(2, 50_000)]);
    let mut aborted = main_request(30, 60_000).read();
    if let ActivityKind::Request { tokens, .. } = &mut aborted.kind {
        (tokens.cache_read, tokens.output) = (59_999, 1);
    }
    feed(&mut fleet, 31, vec![tool(29).by(None), aborted, status(31, 50_000)]);
    assert_eq!(source(&mut fleet, 3_600), Source::EXACT);
}

/// Scenario: the books say that telemetry arrived after requests that only their transcript tells of, and before others;
/// one is told later than it arrived.
/// Guarantees: it is not silent for those before; only what arrived after it counts.
#[test]
fn the_books_know_when_telemetry_arrived() {
    let mut fleet = fleet_of(vec![main_request(1, 50_000)]);
    feed(&mut fleet, 30, vec![main_request(30, 60_000).read()]);
    feed_with(&mut fleet, 40, vec![], summary("one", 35));
    feed(&mut fleet, 41, vec![main_request(34, 60_500).read()]);
    assert_eq!(source(&mut fleet, 3_600), Source::EXACT);
    feed(&mut fleet, 4_000, vec![main_request(4_000, 61_000).read()]);
    assert_eq!(source(&mut fleet, 4_060), silent_since(SourceKind::Transcripts, 35));
    feed(&mut fleet, 4_070, vec![main_request(4_070, 62_000).read()]);
    let books = SessionSummary { has_transcript: true, ..summary("one", 4_050) };
    feed_with(&mut fleet, 4_080, vec![], books);
    assert_eq!(source(&mut fleet, 4_129), Source::EXACT);
    assert_eq!(source(&mut fleet, 4_130), silent_since(SourceKind::Transcripts, 4_050));
}

/// Scenario: of a session only metrics come, once a minute.
/// Guarantees: two minutes are waited for them.
#[test]
fn metrics_alone_are_waited_for_longer() {
    let mut fleet = fleet_of(vec![metered(1, SONNET)]);
    let books = SessionSummary {
        has_events: false,
        has_metrics: true,
        has_transcript: true,
        ..summary("one", 1)
    };
    feed_with(&mut fleet, 10, vec![main_request(10, 60_000).read()], books);
    assert_eq!(source(&mut fleet, 129), Source::EXACT);
    assert_eq!(source(&mut fleet, 130), silent_since(SourceKind::Transcripts, 1));
}

/// Scenario: of a session only metrics come, and its transcript is read after one of them; Plimsoll begins anew with what
/// the books then say, and metrics go on.
/// Guarantees: it is not said to lack events, which it never sent.
#[test]
fn metrics_alone_are_enough_after_a_restart() {
    let books = |second| SessionSummary {
        has_events: false,
        has_metrics: true,
        has_transcript: true,
        ..summary("one", second)
    };
    let mut fleet = fleet();
    feed_with(&mut fleet, 40, vec![metered(30, SONNET), main_request(30, 60_000).read()], books(1));
    for second in [60, 120, 180] {
        feed_with(&mut fleet, second, vec![metered(second, SONNET)], books(second));
        assert_eq!(source(&mut fleet, second + 59).lack, None, "{second}");
    }
}

/// Scenario: a compaction's event comes, and its hook a moment later; then the user rests.
/// Guarantees: the hook is no sign of silence.
#[test]
fn a_hook_right_after_its_event_is_no_silence() {
    let told = vec![main_request(1, 50_000), compaction(10, 50_000, 9_000)];
    let mut fleet = fleet_of(told);
    feed(&mut fleet, 12, vec![compaction(12, None, None).hooked()]);
    assert_eq!(source(&mut fleet, 3_600), Source::EXACT);
}

/// Scenario: Plimsoll did not run while requests were made; it reads of them later, and nothing else happens.
/// Guarantees: that is no silence of telemetry.
#[test]
fn what_is_read_later_is_no_silence() {
    let mut fleet = fleet_of(vec![main_request(1, 50_000)]);
    feed(&mut fleet, 900, vec![main_request(30, 60_000).arriving(900).read()]);
    assert_eq!(source(&mut fleet, 3_600), Source::EXACT);
}

/// Scenario: telemetry never comes: of a transcript, status lines, texts, and a transcript of long ago.
/// Guarantees: after a minute it is said, and of what is older at once, with who tells the numbers instead.
#[test]
fn telemetry_that_never_came_is_said_so() {
    let missing = |kind| Source { kind, lack: Some(Lack::NoTelemetry) };
    for (told, first, kind) in [
        (main_request(1, 50_000).read(), SourceKind::Exact, SourceKind::Transcripts),
        (status(1, 50_000), SourceKind::Exact, SourceKind::StatusLine),
        (size(1, 50_000), SourceKind::Sizes, SourceKind::Sizes),
    ] {
        let mut fleet = fleet_of(vec![told]);
        assert_eq!(source(&mut fleet, 60), Source { kind: first, lack: None });
        assert_eq!(fleet.next_change(), at(61));
        assert_eq!(source(&mut fleet, 61), missing(kind));
        feed(&mut fleet, 62, vec![main_request(62, 51_000)]);
        assert_eq!(source(&mut fleet, 62), Source::EXACT);
    }
    let mut fleet = fleet();
    feed(&mut fleet, 900, vec![main_request(30, 60_000).arriving(900).read()]);
    assert_eq!(source(&mut fleet, 900), missing(SourceKind::Transcripts));
}
