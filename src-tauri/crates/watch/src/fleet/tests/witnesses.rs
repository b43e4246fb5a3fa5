//! Transcripts beside telemetry: the same requests, known sooner, later, better or not at all.

use plimsoll_domain::{Level, QuerySource};
use plimsoll_ledger::{Activity, ActivityKind, Commit, SessionSummary};
use proptest::{collection::vec, prelude::*, sample::select};

use crate::{
    Fleet, SessionView, Source, State,
    script::{
        SONNET, Scripted, at, command, commit, compaction, feed, fleet, fleet_of, main_request,
        metered, only, request, spoken, subagent_request, summary,
    },
};

fn occupancy(fleet: &mut Fleet, now: u64) -> (u64, u32) {
    let gauge = only(fleet, now).gauge.clone().unwrap();
    (gauge.occupancy, gauge.requests)
}

/// The view without what it says of who told it.
fn unsourced(view: &SessionView) -> SessionView {
    SessionView { source: Source::EXACT, ..view.clone() }
}

/// Scenario: a main thread and a subagent of which transcripts alone tell.
/// Guarantees: both have the gauges that events would give them, to the last field.
#[test]
fn a_transcript_moves_gauges_as_an_event_does() {
    let told =
        vec![main_request(1, 50_000), main_request(3, 61_000), subagent_request(4, "a", 9_000)];
    let read = told.iter().cloned().map(Scripted::read).collect();
    let (events, files) = (only(&mut fleet_of(told), 5), only(&mut fleet_of(read), 5));
    assert_eq!(events.gauge.clone().unwrap().occupancy, 61_000);
    assert_eq!(
        (&events.gauge, events.state, &events.subagents),
        (&files.gauge, files.state, &files.subagents)
    );
    assert_eq!(files.subagents[0].name.as_deref(), Some("type of a"));
}

/// Scenario: telemetry tells of two requests of a process, transcripts of the second and two more.
/// Guarantees: it stays one main thread, each request counts once, and the telemetry of the last one, which
/// comes late, changes nothing.
#[test]
fn what_names_no_process_is_of_the_one_that_is_known() {
    let requests = [50_000, 52_000, 54_000, 56_000];
    let [one, two, three, four]: [Activity; 4] =
        std::array::from_fn(|n| main_request(n as u64, requests[n]));
    let mut fleet = fleet_of(vec![one, two.clone()]);
    feed(&mut fleet, 4, vec![two.read(), three.read(), four.clone().read()]);
    assert_eq!(occupancy(&mut fleet, 4), (56_000, 4));
    let before = only(&mut fleet, 5).gauge.clone();
    feed(&mut fleet, 5, vec![four]);
    assert_eq!(only(&mut fleet, 5).gauge, before);
    // Everything of the process rests: there is no second main thread that would still be shown as working.
    assert_eq!(only(&mut fleet, 5_000).state, State::Idle);
}

/// Scenario: a subagent begins under telemetry, goes on in its transcript, and another the other way round.
/// Guarantees: each is listed once, with its last request and arrival.
#[test]
fn a_subagent_is_listed_once() {
    let mut fleet = fleet_of(vec![
        subagent_request(1, "a", 10_000),
        subagent_request(2, "a", 11_000).read(),
        subagent_request(3, "b", 20_000).read(),
        subagent_request(4, "b", 21_000),
    ]);
    let view = only(&mut fleet, 5);
    let listed = view
        .subagents
        .iter()
        .map(|one| (one.agent.as_str(), one.gauge.occupancy, one.last_arrival));
    assert_eq!(listed.collect::<Vec<_>>(), [("b", 21_000, at(4)), ("a", 11_000, at(2))]);
}

/// Scenario: a long session is read from its transcript; then telemetry is switched on, and tells of the last
/// requests again and of new ones.
/// Guarantees: the thread goes on as one; no request counts twice.
#[test]
fn telemetry_joins_a_transcript() {
    let told =
        |seconds: std::ops::Range<u64>| seconds.map(|second| main_request(second, 50_000 + second));
    let mut fleet = fleet_of(told(0..100).map(Scripted::read).collect());
    assert_eq!(occupancy(&mut fleet, 100), (50_099, 100));
    for late in told(20..110) {
        feed(&mut fleet, 110, vec![late]);
    }
    assert_eq!(occupancy(&mut fleet, 110), (50_109, 110));
    assert_eq!(only(&mut fleet, 110).gauge.clone().unwrap().cycle, at(0));
}

/// Scenario: two processes of one session work at once; a transcript is read before the event of its request comes.
/// Guarantees: the request is taken for the process whose context it continues, and the other does not move.
#[test]
fn of_two_processes_the_one_that_fits_goes_on() {
    let both = vec![main_request(1, 90_000).by(1), main_request(2, 20_000).by(2)];
    for (read, shown) in [(91_000, (91_000, at(3))), (21_000, (90_000, at(1)))] {
        let mut fleet = fleet_of(both.clone());
        feed(&mut fleet, 3, vec![main_request(3, read).read()]);
        let gauge = only(&mut fleet, 3).gauge.clone().unwrap();
        assert_eq!((gauge.occupancy, gauge.as_of), shown);
        assert_eq!(gauge.cycle, at(1), "of the first process");
    }
}

/// Scenario: an answer is read while it is being written, and again when it is finished; then its event comes.
/// Guarantees: it is one request, with the best count so far.
#[test]
fn an_answer_that_grows_is_one_request() {
    let first = main_request(1, 50_000);
    let grown = |occupancy| main_request(1, occupancy).again(&first);
    let mut fleet = fleet();
    for (told, known) in [
        (grown(50_000).read(), 50_000),
        (grown(50_700).read(), 50_700),
        (grown(50_600).read(), 50_700),
        (grown(50_400), 50_400),
        (grown(50_900).read(), 50_400),
    ] {
        feed(&mut fleet, 2, vec![told]);
        assert_eq!(occupancy(&mut fleet, 2), (known, 1));
    }
}

/// Scenario: a transcript tells of a request as of a subagent's, and its event says that it was none.
/// Guarantees: the subagent is gone.
#[test]
fn an_event_knows_better_what_moves_no_gauge() {
    let told = subagent_request(1, "a", 10_000);
    let mut fleet = fleet_of(vec![told.clone().read()]);
    assert_eq!(only(&mut fleet, 2).subagents.len(), 1);
    let better = request(1, QuerySource::Auxiliary, None, SONNET, 10_000).again(&told);
    feed(&mut fleet, 2, vec![better]);
    assert_eq!(only(&mut fleet, 2).subagents, []);
}

/// Scenario: history is read from transcripts: of ten minutes ago and of the day before.
/// Guarantees: nobody is taken to work; the age counts from when it happened; nothing arrived over the wire, and no
/// level speaks.
#[test]
fn what_is_read_later_is_not_alive() {
    let mut fleet = fleet();
    let now = 90_000;
    let old = main_request(1, 160_000).of("old").arriving(now).read();
    let recent = main_request(now - 600, 160_000).arriving(now).read();
    let books = SessionSummary {
        last_at: at(now - 600),
        last_arrival: at(now),
        last_telemetry: None,
        ..summary("one", now)
    };
    let read = Commit { sessions: vec![books], ..commit(vec![old, recent]) };
    assert_eq!(fleet.apply(&read, at(now)), []);
    let snapshot = fleet.snapshot(at(now), 1);
    let [view] = snapshot.sessions.as_slice() else { panic!("{:?}", snapshot.sessions) };
    assert_eq!((view.state, view.last_arrival), (State::Idle, at(now - 600)));
    assert_eq!(snapshot.last_arrival, None);
}

/// Scenario: the request that reaches a level is told by transcript and event, in both orders, while no process is
/// known, and while another process was known that it was taken for at first.
/// Guarantees: the level speaks once; the next level speaks too.
#[test]
fn a_level_that_two_witnesses_tell_of_speaks_once() {
    let reached = main_request(5, 110_000);
    let other = main_request(1, 100_000).by(2);
    for told in [
        vec![reached.clone().read(), reached.clone()],
        vec![reached.clone(), reached.clone().read()],
        vec![main_request(1, 60_000).read(), reached.clone().read(), reached.clone()],
        vec![main_request(1, 60_000), reached.clone().read(), reached.clone()],
        vec![other, reached.clone().read(), reached],
    ] {
        let mut fleet = fleet();
        assert_eq!(spoken(&mut fleet, told.clone()), [(Level::Notice, 110_000)], "{told:?}");
        let next = vec![main_request(6, 140_000).read(), main_request(6, 140_000)];
        assert_eq!(spoken(&mut fleet, next), [(Level::Checkpoint, 140_000)]);
    }
}

/// What telemetry tells in a session of two processes.
fn any_event() -> impl Strategy<Value = Activity> {
    let occupancy = select(vec![2_000, 9_000, 50_000, 52_000, 101_000, 160_000, 205_000]);
    (0..200_u64, 0..9_u8, occupancy, 0..100_u64, 1..3_i64).prop_map(
        |(second, kind, tokens, late, process)| {
            let event = match kind {
                0..=3 => main_request(second, tokens),
                4 => subagent_request(second, "a", tokens),
                5 => subagent_request(second, "b", tokens),
                6 => compaction(second, tokens, 2_500),
                7 => command(second, "clear"),
                _ => metered(second, SONNET),
            };
            event.by(process).arriving(second + late)
        },
    )
}

/// The tellings of an event by the other witnesses.
fn others(event: &Activity) -> Vec<Activity> {
    match event.kind {
        ActivityKind::Request { .. } => vec![event.clone().read()],
        ActivityKind::Compaction(..) => {
            vec![event.clone().read(), event.clone().hooked()]
        }
        _ => Vec::new(),
    }
}

proptest! {
    /// Scenario: events, and tellings of some of them by transcripts and hooks, in any order and interleaving.
    /// Guarantees: what events alone show, to the last field.
    #[test]
    fn witnesses_in_any_order_show_what_events_show(
        (events, told) in vec((any_event(), any::<bool>()), 1..18).prop_flat_map(|told| {
            let events: Vec<_> = told.iter().map(|(event, _)| event.clone()).collect();
            let others = told.iter().filter(|(_, also)| *also).flat_map(|(event, _)| others(event));
            let all: Vec<_> = events.iter().cloned().chain(others).collect();
            (Just(events), Just(all).prop_shuffle())
        }),
        size in 1..9_usize,
    ) {
        let mut expected = fleet();
        feed(&mut expected, 400, events);
        let mut shown = fleet();
        for batch in told.chunks(size) {
            feed(&mut shown, 400, batch.to_vec());
        }
        let (expected, shown) = (only(&mut expected, 400), only(&mut shown, 400));
        prop_assert_eq!(unsourced(&shown), unsourced(&expected));
    }
}
